//! What a program gets along with hob: the time to build it, the crates, the bytes of the binary. A
//! "hello" that spawns a task and sleeps is built three times: with hob, with tokio, with neither.
//!
//! Built from nothing, that takes a minute or two; so the result is written into
//! `footprint.json`, and `--quick` reads it from there and says so.

use hob_judge::row::Row;
use serde_json::{Value, json};
use std::cell::OnceCell;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::rc::Rc;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/footprint.json");
const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// What hob has without its optional features, tokio has with these.
const PROGRAMS: [(&str, &str, &str); 3] = [
    ("empty", "", "fn main() {}"),
    (
        "hob",
        "hob = { path = \"ROOT\", default-features = false }",
        "fn main() { hob::block_on(async { hob::spawn(async {
            hob::time::sleep(std::time::Duration::from_millis(1)).await;
            println!(\"hello\");
        }).await.unwrap() }) }",
    ),
    (
        "tokio",
        "tokio = { version = \"1.48\", default-features = false, features = \
         [\"rt\", \"net\", \"time\", \"io-util\", \"sync\", \"macros\", \"fs\"] }",
        "#[tokio::main(flavor = \"current_thread\")] async fn main() { tokio::spawn(async {
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
            println!(\"hello\");
        }).await.unwrap() }",
    ),
];

/// Three rows. In a full run they are measured when the first of them is asked.
pub(crate) fn rows(quick: bool) -> Vec<Row> {
    let cell: Rc<OnceCell<Value>> = Rc::default();
    let value = move |who: &str, what: &str| {
        let all = cell.get_or_init(|| if quick { recorded() } else { measure() });
        all[who][what].as_f64().unwrap_or(f64::NAN)
    };
    let row = |id: &str, title: &str, unit: &str, what: &'static str| {
        let (hob, tokio) = (value.clone(), value.clone());
        let row = Row::new(id, title).unit(unit).exact();
        let row = row.with("hob", move || hob("hob", what));
        let row = row.with("tokio", move || tokio("tokio", what));
        match quick {
            true => row.note("from an earlier run, recorded in benches/footprint.json"),
            false => row,
        }
    };
    let plus_four = value.clone();
    vec![
        row(
            "build_time",
            "CPU seconds of a clean release build of \"hello\"",
            "s",
            "build_cpu_s",
        )
        .mark("tokio", 0.7),
        row(
            "crates",
            "crates that \"hello\" is built of",
            "crates",
            "crates",
        )
        .with("tokio_plus_4", move || plus_four("tokio", "crates") + 4.0)
        .mark("tokio_plus_4", 1.0),
        row(
            "binary",
            "bytes of a stripped \"hello\" above those of an empty program",
            "bytes",
            "binary_bytes",
        )
        .mark("tokio", 0.6),
    ]
}

fn recorded() -> Value {
    let text = std::fs::read_to_string(FILE).unwrap_or_default();
    serde_json::from_str(&text).unwrap_or_default()
}

fn measure() -> Value {
    let built: Vec<(&str, [f64; 3])> = PROGRAMS
        .iter()
        .map(|(name, dependency, program)| (*name, build(name, dependency, program)))
        .collect();
    let [_, _, empty] = built[0].1;
    let mut all = json!({"rustc": crate::about::first_line("rustc", &["--version"])});
    for (name, [cpu, crates, bytes]) in &built[1..] {
        all[name] = json!({
            "build_cpu_s": (cpu * 10.0).round() / 10.0,
            "crates": crates,
            "binary_bytes": bytes - empty,
        });
    }
    let text = serde_json::to_string_pretty(&all).expect("values that we made");
    // Whoever runs this from a place that is read-only has the numbers in the report.
    let _ = std::fs::write(FILE, text + "\n");
    all
}

/// CPU seconds, crates, bytes.
fn build(name: &str, dependency: &str, program: &str) -> [f64; 3] {
    let folder = package(name, dependency, program);
    let before = crate::downloads::children();
    let status = cargo(&folder).args(["build", "--release"]).status();
    let cpu = crate::downloads::children() - before;
    assert!(status.expect("cargo starts").success(), "{name} is built");
    let tree = cargo(&folder)
        .args(["tree", "-e", "normal", "--prefix", "none", "--no-dedupe"])
        .stdout(Stdio::piped())
        .output()
        .expect("cargo starts");
    let text = String::from_utf8_lossy(&tree.stdout).into_owned();
    let mut crates: Vec<&str> = text.lines().collect();
    crates.sort_unstable();
    crates.dedup();
    let binary = folder.join("target/release").join(format!("hello-{name}"));
    let bytes = std::fs::metadata(binary).expect("it was built").len();
    // The program itself is no crate that it brings in.
    [cpu.as_secs_f64(), crates.len() as f64 - 1.0, bytes as f64]
}

/// A package of its own, with the versions that the workspace has, and nothing built yet.
fn package(name: &str, dependency: &str, program: &str) -> PathBuf {
    let folder = crate::folder().join("footprint").join(name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(folder.join("src")).expect("a folder in target");
    let root = Path::new(ROOT).canonicalize().expect("the workspace");
    let dependency = dependency.replace("ROOT", &root.display().to_string());
    let manifest = format!(
        "[package]\nname = \"hello-{name}\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\
         [dependencies]\n{dependency}\n[profile.release]\nstrip = true\n[workspace]\n"
    );
    let write = |path: &str, text: &str| std::fs::write(folder.join(path), text).expect("written");
    write("Cargo.toml", &manifest);
    write("src/main.rs", program);
    std::fs::copy(root.join("Cargo.lock"), folder.join("Cargo.lock")).expect("copied");
    folder
}

/// cargo in that folder, in silence, with a target folder there.
fn cargo(folder: &Path) -> Command {
    let mut cargo = Command::new(std::env::var("CARGO").unwrap_or("cargo".into()));
    cargo
        .current_dir(folder)
        .env("CARGO_TARGET_DIR", folder.join("target"));
    cargo
        .args(["--offline", "--quiet"])
        .stderr(Stdio::null())
        .stdout(Stdio::null());
    cargo
}
