//! Rows that were not measured in this run, but counted in an earlier one and committed: what
//! `counts` wrote into `counts.json`. Counts are the same on every machine of a kind, and CI
//! fails when one of `counts.json` has risen.

use hob_judge::ceiling::{Counted, from_json};
use hob_judge::row::Row;
use serde_json::Value;

const COUNTS: &str = include_str!("../counts.json");

/// A row for each count.
pub(crate) fn rows() -> Vec<Row> {
    from_json(&file()).into_iter().map(row).collect()
}

/// Where the rows come from, for a reader.
pub(crate) fn origin() -> String {
    let rustc = file()["about"]["rustc"].as_str().unwrap_or("?").to_string();
    format!(
        "not of this run: benches/counts.json, made by `cargo bench --bench counts -- --write` with {rustc}"
    )
}

fn file() -> Value {
    serde_json::from_str(COUNTS).expect("counts.json is what counts wrote")
}

fn row(counted: Counted) -> Row {
    let unit = match counted.count.as_str() {
        "syscalls" => "calls",
        other => other,
    };
    let title = match unit {
        "bytes" => format!("bytes of heap: {}", counted.row.replace('_', " ")),
        "calls" => format!("system calls for one operation of {}", counted.row),
        _ => format!("{unit} for one operation of {}", counted.row),
    };
    let id = format!("{}_{}", counted.row, short(unit));
    let mut row = Row::new(id, title).unit(short(unit)).exact();
    for (who, value) in counted.values {
        row = row.with(who, move || value);
    }
    for (other, mark) in marks(&counted.row, unit) {
        row = match *other {
            "bound" => row.with("bound", move || *mark).mark("bound", 1.0),
            _ => row.mark(*other, *mark),
        };
    }
    row
}

/// What stands behind a number.
fn short(unit: &str) -> &str {
    match unit {
        "instructions" => "instr",
        "allocations" => "allocs",
        unit => unit,
    }
}

/// Where hob wants to be. A `bound` is a number of its own, not a ratio.
fn marks(row: &str, unit: &str) -> &'static [(&'static str, f64)] {
    match (row, unit) {
        ("spawn_join", "allocations") => &[("bound", 2.0)],
        ("mpsc_ping_pong" | "mpsc_stream", "allocations") => &[("bound", 0.0)],
        ("echo_1" | "echo_64" | "udp" | "unix", "calls") => &[("limit", 1.0)],
        // Fewer than tokio's, not just as many.
        ("connect", "calls") => &[("limit", 1.0), ("tokio", 0.999)],
        ("parked_task", _) => &[("tokio", 1.0)],
        ("sleeping_task", _) => &[("tokio", 0.8)],
        ("idle_stream", _) => &[("tokio", 0.5)],
        _ => &[],
    }
}
