//! The tool over a bad network: each run gets some files, says which it did not get, and leaves
//! nothing that is wrong under a final name; run again and again, it gets all of them.
//!
//! A scenario is a seed: a proxy of its own (`examples/chaos_proxy`) before an honest server, and
//! runs of `examples/fetch` through it until all its files are there. Every other scenario has only
//! faults that a length can tell; in the others bits are flipped as well, and the tool is told what
//! the files must hash to. In every third one each file comes in several ranges at once. `HOB_CHAOS_RUNS` says how many scenarios (50),
//! `HOB_CHAOS_FIRST` from which seed on (0), `HOB_CHAOS_SEED` asks for one alone.

#![cfg(unix)]

#[path = "../../fetch_support/mod.rs"]
mod fetch_support;

use std::env;
use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use fetch_support::{Folder, Ran};
use hob::net::TcpListener;
use hob_peers::origin;
use hob_peers::peer::python_with;
use hob_peers::plan::{Dice, Fault};
use hob_peers::proxy::{self, Settings};

/// Files of one scenario.
const FILES: usize = 4;

/// Runs at most until all are there. With three of four connections in trouble that is plenty.
const RUNS: usize = 40;

/// What a length, or the end of the chunks, can tell.
const TOLD: [Fault; 6] = [
    Fault::Delay,
    Fault::Lose,
    Fault::Reset,
    Fault::HalfClose,
    Fault::Drip,
    Fault::Truncate,
];

#[test]
fn whatever_the_network_does_the_files_are_right_in_the_end() {
    let number = |name: &str| env::var(name).ok().and_then(|text| text.parse().ok());
    let (first, count) = match number("HOB_CHAOS_SEED") {
        Some(seed) => (seed, 1),
        None => (
            number("HOB_CHAOS_FIRST").unwrap_or(0),
            number("HOB_CHAOS_RUNS").unwrap_or(50),
        ),
    };
    fetch_support::program();
    let next = AtomicU64::new(first);
    let failures = Mutex::new(Vec::new());
    let records = Folder::new();
    thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= first + count {
                        break;
                    }
                    if let Err(what) = scenario(seed, &records) {
                        failures.lock().unwrap().push(format!(
                            "seed {seed}: {what}\n    HOB_CHAOS_SEED={seed} cargo test -p hob-peers \
                             --test fetch_chaos -- --nocapture"
                        ));
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().unwrap();
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
    // Of every run what it told programs, by somebody else's validator.
    if let Some(python) = python_with("jsonschema") {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut looks = Command::new(python);
        looks
            .arg(here.join("events.py"))
            .arg(here.join("../../docs"));
        let looked = looks.arg(records.path()).output().expect("it was found");
        let found = String::from_utf8_lossy(&looked.stdout);
        assert!(looked.status.success(), "{found}{looked:?}");
        println!("{found}");
    }
}

/// Runs the tool until all files are there, and looks after each run.
fn scenario(seed: u64, records: &Folder) -> Result<(), String> {
    let sums = has_sums(seed);
    hob::block_on(async {
        let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let to = server.local_addr().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let _server = hob::spawn(origin::run(server)).abort_on_drop();
        let settings = Settings {
            seed,
            faults: if sums { Fault::all() } else { TOLD.to_vec() },
            reach: 150_000,
        };
        let proxy = hob::spawn(proxy::run(listener, to, settings, |_, _| {}));
        let _proxy = proxy.abort_on_drop();
        let folder = Folder::new();
        let files = files(seed);
        for run in 1..=RUNS {
            let missing = missing(&files, &folder);
            if missing.is_empty() {
                return Ok(());
            }
            let child = folder
                .fetch(words(&missing, address, seed))
                .args(["--events", "--summary"].iter().flat_map(|flag| {
                    let name = format!("{seed:04}-{run:02}.{}", &flag[2..]);
                    [OsString::from(flag), records.join(&name).into()]
                }))
                .spawn()
                .expect("fetch starts");
            // It has a guard of its own against hanging.
            let ran = hob::spawn_blocking(|| fetch_support::finish(child));
            let ran = ran.await.unwrap();
            let wrong = wrong(&missing, &folder, &ran);
            wrong.map_err(|what| format!("run {run}: {what}: {ran:#?}"))?;
        }
        Err(format!("after {RUNS} runs not all is there"))
    })
}

/// Is it told what the files must hash to?
fn has_sums(seed: u64) -> bool {
    !seed.is_multiple_of(2)
}

struct File {
    name: String,
    path: String,
    bytes: Vec<u8>,
}

fn files(seed: u64) -> Vec<File> {
    let mut dice = Dice::new(!seed);
    let mut file = |n: usize| {
        let framing = ["length", "chunked"][dice.below(2) as usize];
        let most = [1, 1_000, 20_000, 300_000][dice.below(4) as usize];
        let (content, size) = (dice.below(1_000_000), dice.below(most) as usize);
        File {
            name: format!("f{n}"),
            path: format!("/{framing}/{content}/{size}"),
            bytes: origin::file(content, size),
        }
    };
    (0..FILES).map(&mut file).collect()
}

fn missing<'a>(files: &'a [File], folder: &Folder) -> Vec<&'a File> {
    let there = |file: &&File| !folder.join(&file.name).exists();
    files.iter().filter(there).collect()
}

fn words(files: &[&File], address: SocketAddr, seed: u64) -> Vec<String> {
    let (sums, split) = (has_sums(seed), seed.is_multiple_of(3));
    let mut words = ["--retry", "1", "--timeout", "400ms"]
        .map(str::to_owned)
        .to_vec();
    if split {
        let flags = [
            "--split",
            "4",
            "--split-after",
            "0",
            "--min-split-size",
            "1K",
        ];
        words.extend(flags.map(str::to_owned));
    }
    for file in files {
        let url = format!("http://{address}{}", file.path);
        words.extend(["-o".to_owned(), file.name.clone(), url]);
        if sums {
            words.extend(["--sha256".to_owned(), origin::digest(&file.bytes)]);
        }
    }
    words
}

/// What the run should not have done, if there is anything.
fn wrong(asked: &[&File], folder: &Folder, ran: &Ran) -> Result<(), String> {
    let mut lacking = 0;
    for file in asked {
        let (name, start) = (&file.name, format!("failed {}: ", file.name));
        let told = ran.failures().iter().any(|line| line.starts_with(&start));
        match std::fs::read(folder.join(name)) {
            Ok(bytes) if bytes != file.bytes => return Err(format!("{name} is wrong")),
            Ok(_) if told => return Err(format!("{name} is there and called failed")),
            Err(_) if !told => return Err(format!("{name} is not there, and nobody says so")),
            Ok(_) => {}
            Err(_) => lacking += 1,
        }
    }
    match ran.code {
        Some(status) if (status == 0) == (lacking == 0) => Ok(()),
        other => Err(format!(
            "{lacking} files are lacking, and it ended with {other:?}"
        )),
    }
}
