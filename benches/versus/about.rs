//! What a reader of the figures has to know: the machine, the versions, the date, the command.

use hob_benches::{cores, sockets};
use serde_json::{Value, json};
use std::process::Command;
use std::time::SystemTime;

const LOCK: &str = include_str!("../../Cargo.lock");

/// Whose versions matter.
const CRATES: [&str; 9] = [
    "hob",
    "tokio",
    "async-executor",
    "async-io",
    "monoio",
    "compio",
    "mio",
    "reqwest",
    "rustls",
];

/// All of it.
pub(crate) fn about(quick: bool, rounds: usize) -> Value {
    let versions: serde_json::Map<String, Value> = CRATES
        .iter()
        .map(|name| (name.to_string(), version(name).into()))
        .collect();
    json!({
        "date": httpdate::fmt_http_date(SystemTime::now()),
        "command": command(),
        "quick": quick,
        "rounds": rounds,
        "machine": {
            "system": system(),
            "processor": processor(),
            "cores": cores(),
        },
        "rustc": first_line("rustc", &["--version"]),
        "versions": versions,
        "congestion_control": sockets::congestion(),
        "counts": crate::counted::origin(),
    })
}

/// The same for a terminal.
pub(crate) fn lines(about: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_string();
    let versions = about["versions"].as_object().expect("we made it");
    let versions = versions
        .iter()
        .map(|(name, v)| format!("{name} {}", text(v)));
    format!(
        "{}: {}\n{}, {} cores, {}\n{}; {}\nTCP congestion control on the sockets: {}. The median of {} rounds by turns, ± half the \
         distance between the quartiles.\n",
        text(&about["date"]),
        text(&about["command"]),
        text(&about["machine"]["processor"]),
        about["machine"]["cores"],
        text(&about["machine"]["system"]),
        text(&about["rustc"]),
        versions.collect::<Vec<_>>().join(", "),
        text(&about["congestion_control"]),
        about["rounds"],
    )
}

/// What someone else has to type.
fn command() -> String {
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|argument| argument != "--bench")
        .collect();
    match arguments.is_empty() {
        true => "cargo bench --bench versus".into(),
        false => format!("cargo bench --bench versus -- {}", arguments.join(" ")),
    }
}

/// The newest version of a crate that Cargo.lock names.
fn version(name: &str) -> String {
    let entry = format!("name = \"{name}\"\nversion = \"");
    let found = LOCK.match_indices(entry.as_str()).map(|(at, _)| {
        let rest = &LOCK[at + entry.len()..];
        &rest[..rest.find('"').unwrap_or(0)]
    });
    found.last().unwrap_or("?").to_string()
}

fn processor() -> String {
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let mut lines = text.lines().filter(|line| line.starts_with("model name"));
    let name = lines.next().and_then(|line| line.split(": ").nth(1));
    name.unwrap_or(std::env::consts::ARCH).to_string()
}

fn system() -> String {
    first_line("uname", &["-sr"])
}

/// What a program says of itself, or a question mark.
pub(crate) fn first_line(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    let line = text
        .ok()
        .and_then(|text| Some(text.lines().next()?.to_string()));
    line.unwrap_or("?".into())
}
