//! Counts as a committed file, and whether a new count has risen above it.
//!
//! Times depend on the machine and the hour; counts do not. So a file of them can be kept, and a
//! change that makes hob do more for the same work is seen at once. What falls is no failure, but
//! it is said, so that the file can follow.

use serde_json::{Map, Value, json};

/// What was counted for each operation of one program, by whom.
#[derive(Clone, Debug, PartialEq)]
pub struct Counted {
    /// The program, named as the row is that times it.
    pub row: String,
    /// `allocations`, `syscalls`, `instructions`, or `bytes` of heap.
    pub count: String,
    /// Each contender's.
    pub values: Vec<(String, f64)>,
}

impl Counted {
    /// This contender's.
    pub fn value(&self, who: &str) -> Option<f64> {
        let found = self.values.iter().find(|(name, _)| name == who);
        found.map(|(_, value)| *value)
    }
}

/// How much more than what the file says is no news. Allocations and system calls are whole
/// numbers but for what grows by doubling or is done now and then, which many operations share.
/// Instructions change a little with the hash seeds and with where things happen to lie.
pub fn allowed(count: &str, committed: f64) -> f64 {
    match count {
        "instructions" => committed * 1.03 + 2.0,
        "bytes" => committed + 1.0,
        _ => committed + 0.02,
    }
}

/// The same in words, for the file.
pub const TOLERANCE: &str = "a count has risen if it is above the one here by more than: instructions 3 % and 2; \
                             bytes 1; system calls and allocations 0.02";

/// What of hob's has risen, or is not in the file at all.
pub fn risen(committed: &[Counted], measured: &[Counted]) -> Vec<String> {
    differences(committed, measured, |count, old, new| {
        new > allowed(count, old)
    })
}

/// What of hob's has fallen by as much as would count as risen.
pub fn fallen(committed: &[Counted], measured: &[Counted]) -> Vec<String> {
    differences(committed, measured, |count, old, new| {
        allowed(count, new) < old
    })
}

fn differences(
    committed: &[Counted],
    measured: &[Counted],
    differs: impl Fn(&str, f64, f64) -> bool,
) -> Vec<String> {
    let mut found = Vec::new();
    for new in measured {
        let Some(value) = new.value("hob") else {
            continue;
        };
        let same = |old: &&Counted| old.row == new.row && old.count == new.count;
        let old = committed.iter().find(same).and_then(|old| old.value("hob"));
        // What the file does not have is allowed nothing, so it shows as risen.
        let old_or_none = old.unwrap_or(f64::NEG_INFINITY);
        if differs(&new.count, old_or_none, value) {
            let was = old.map_or("not counted before".into(), |old| format!("was {old}"));
            found.push(format!("{}: {} {}, {was}", new.row, value, new.count));
        }
    }
    found
}

/// The text of the file.
pub fn to_json(counted: &[Counted], about: &Value) -> Value {
    let row = |counted: &Counted| {
        let values = counted.values.iter();
        let values = values.map(|(who, value)| (who.clone(), json!(value)));
        json!({
            "row": counted.row,
            "count": counted.count,
            "each": values.collect::<Map<_, _>>(),
        })
    };
    let rows: Vec<Value> = counted.iter().map(row).collect();
    json!({"about": about, "tolerance": TOLERANCE, "rows": rows})
}

/// Reads the file. What it does not understand it passes over: then that count is new.
pub fn from_json(file: &Value) -> Vec<Counted> {
    let row = |row: &Value| {
        let each = row["each"].as_object()?.iter();
        Some(Counted {
            row: row["row"].as_str()?.into(),
            count: row["count"].as_str()?.into(),
            values: each
                .filter_map(|(who, value)| Some((who.clone(), value.as_f64()?)))
                .collect(),
        })
    };
    let rows = file["rows"].as_array().into_iter().flatten();
    rows.filter_map(row).collect()
}

/// Two decimals: beyond them is what the number of operations happened to be.
pub fn rounded(value: f64) -> f64 {
    // Adding zero turns -0.0 into what people expect to read.
    (value * 100.0).round() / 100.0 + 0.0
}

#[cfg(test)]
fn counted(count: &str, hob: f64) -> Counted {
    Counted {
        row: "spawn_join".into(),
        count: count.into(),
        values: vec![("hob".into(), hob), ("tokio".into(), 99.0)],
    }
}

#[test]
fn more_than_the_file_allows_has_risen() {
    let file = [counted("allocations", 2.0), counted("instructions", 100.0)];
    let same = [counted("allocations", 2.01), counted("instructions", 104.0)];
    assert!(risen(&file, &same).is_empty());
    let more = [counted("allocations", 2.1), counted("instructions", 106.0)];
    assert_eq!(
        risen(&file, &more),
        [
            "spawn_join: 2.1 allocations, was 2",
            "spawn_join: 106 instructions, was 100",
        ]
    );
}

#[test]
fn what_was_never_counted_has_risen() {
    let new = [counted("syscalls", 0.0)];
    assert_eq!(
        risen(&[], &new),
        ["spawn_join: 0 syscalls, not counted before"]
    );
    assert!(fallen(&[], &new).is_empty());
}

#[test]
fn less_is_told_and_no_failure() {
    let file = [counted("allocations", 2.0)];
    let less = [counted("allocations", 1.0)];
    assert!(risen(&file, &less).is_empty());
    assert_eq!(fallen(&file, &less).len(), 1);
}

#[test]
fn the_file_is_read_as_it_was_written() {
    let rows = [counted("allocations", 2.0), counted("bytes", 144.0)];
    let file = to_json(&rows, &json!({"rustc": "1.0"}));
    assert_eq!(from_json(&file), rows);
}

#[test]
fn counts_are_rounded_and_never_minus_nothing() {
    assert_eq!(rounded(2.0049), 2.0);
    assert!(rounded(-0.0001).is_sign_positive());
}
