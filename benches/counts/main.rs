//! What hob costs where a clock is too coarse: allocations, system calls and instructions for
//! each operation, bytes of heap for each thing that waits. Counts do not depend on the hour,
//! so they are kept in `counts.json`, and this program fails when one of hob's has risen.
//!
//! - `cargo bench --bench counts`: counts everything and compares; `-- --hob` only what is hob's.
//! - `-- --write`: writes `counts.json` anew.
//! - `-- --only echo`: only programs that have `echo` in their name.
//!
//! Each count is the difference between a run with few operations and one with more, divided
//! by the difference of the operations: what starting and ending costs is in neither. Runs are
//! children of this program: `strace -c` counts the system calls of one, valgrind's callgrind
//! the instructions. Where one of these tools is missing, that count is left out and said to
//! be.

mod programs;
mod tools;

use hob_judge::ceiling::{self, Counted};
use programs::{Program, programs};
use serde_json::{Value, json};
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};
use std::alloc::System;
use std::path::Path;
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/counts.json");

/// Bytes that are allocated now.
pub(crate) fn live() -> usize {
    let stats = ALLOCATOR.stats();
    stats.bytes_allocated - stats.bytes_deallocated
}

/// How often memory was asked for until now.
pub(crate) fn allocations() -> usize {
    let stats = ALLOCATOR.stats();
    stats.allocations + stats.reallocations
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let has = |flag: &str| arguments.iter().any(|argument| argument == flag);
    let after = |flag: &str| {
        let at = arguments.iter().position(|argument| argument == flag)?;
        arguments.get(at + 1).cloned()
    };
    if let [child, row, who, times] = arguments.as_slice()
        && child == "child"
    {
        let times = times.parse().expect("a number, for we wrote it");
        println!("{}", programs::run(row, who, times));
        return ExitCode::SUCCESS;
    }
    let only = after("--only").unwrap_or_default();
    let mut counted = Vec::new();
    for program in programs() {
        if program.row.contains(&only) {
            counted.extend(count(&program, has("--hob")));
        }
    }
    if has("--write") {
        write(&counted);
        return ExitCode::SUCCESS;
    }
    judge(&counted)
}

/// Everything that is to be counted of one program.
fn count(program: &Program, only_hob: bool) -> Vec<Counted> {
    let mut counted = Vec::new();
    for &count in program.counts {
        let contenders = program.contenders.iter();
        let contenders = contenders.filter(|who| !only_hob || **who == "hob");
        let values: Vec<(String, f64)> = contenders
            .filter_map(|who| Some((who.to_string(), tools::each(program, count, who)?)))
            .collect();
        if values.is_empty() {
            println!(
                "{:16} {count:13} not counted: a tool is missing",
                program.row
            );
            continue;
        }
        let texts = values
            .iter()
            .map(|(who, value)| format!("{who} {value:>10.2}"));
        println!(
            "{:16} {count:13} {}",
            program.row,
            texts.collect::<Vec<_>>().join("   ")
        );
        counted.push(Counted {
            row: program.row.into(),
            count: count.into(),
            values,
        });
    }
    counted
}

/// Compares with the file. What has risen is a failure.
fn judge(counted: &[Counted]) -> ExitCode {
    let text = std::fs::read_to_string(FILE).unwrap_or_default();
    let committed = serde_json::from_str::<Value>(&text).unwrap_or_default();
    let committed = ceiling::from_json(&committed);
    for line in ceiling::fallen(&committed, counted) {
        println!("fallen: {line}. `--write` makes that the new ceiling");
    }
    let risen = ceiling::risen(&committed, counted);
    for line in &risen {
        println!("RISEN: {line}");
    }
    match risen.is_empty() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

fn write(counted: &[Counted]) {
    let about = json!({
        "command": "cargo bench --bench counts -- --write",
        "rustc": tools::first_line("rustc", &["--version"]),
        "system": tools::first_line("uname", &["-sm"]),
    });
    let file = ceiling::to_json(counted, &about);
    let text = serde_json::to_string_pretty(&file).expect("values that we made");
    std::fs::write(Path::new(FILE), text + "\n").expect("the file is written");
    println!("written: {FILE}");
}
