//! Outcomes as lines for a terminal.

use crate::outcome::Outcome;
use std::fmt::Write as _;

/// What stands above the first line.
pub fn head() -> String {
    format!(
        "{:<22}{:>23}     hob / other, lower is better (mark), ✓ met, ✗ not met",
        "", "hob"
    )
}

/// One row: hob's median and spread, then the ratio to each other.
pub fn line(outcome: &Outcome) -> String {
    let hob = outcome.hob();
    let value = number(hob.median, &outcome.unit);
    let spread = match outcome.exact {
        true => "      ".into(),
        false => format!("±{:>3.0} %", hob.spread * 100.0),
    };
    let mut line = format!("{:<22}{value:>16} {spread}  ", outcome.id);
    for (name, _) in outcome.others() {
        let ratio = outcome.ratio(name).expect("it took part");
        let _ = match ratio.is_finite() {
            true => write!(line, "   {name} {ratio:.2}"),
            false => write!(line, "   {name} ∞"),
        };
        let mark = outcome.marks.iter().find(|(who, _)| who == name);
        if let (Some((_, mark)), Some(met)) = (mark, outcome.meets(name)) {
            let _ = write!(line, " ({mark}) {}", if met { '✓' } else { '✗' });
        }
    }
    line
}

/// What stands below the last line: what was missed, and what a reader has to know.
pub fn foot(outcomes: &[Outcome]) -> String {
    let marks = |outcome: &Outcome| {
        let judged = outcome.marks.iter().map(|(name, _)| outcome.meets(name));
        judged.flatten().collect::<Vec<_>>()
    };
    let judged: Vec<bool> = outcomes.iter().flat_map(marks).collect();
    let met = judged.iter().filter(|met| **met).count();
    let mut foot = format!("\n{met} of {} marks met.\n", judged.len());
    for outcome in outcomes {
        for note in &outcome.notes {
            let _ = writeln!(foot, "{}: {note}.", outcome.id);
        }
    }
    foot
}

/// A value for people: large nanoseconds become microseconds or milliseconds.
pub fn number(value: f64, unit: &str) -> String {
    let (value, unit) = match (unit, value) {
        ("ns", ns) if ns >= 1e7 => (ns / 1e6, "ms"),
        ("ns", ns) if ns >= 1e4 => (ns / 1e3, "µs"),
        _ => (value, unit),
    };
    match value {
        small if small.abs() < 10.0 => format!("{small:.2} {unit}"),
        _ => format!("{value:.1} {unit}"),
    }
}

#[test]
fn a_line_has_the_value_and_every_ratio_with_its_mark() {
    assert_eq!(
        line(&crate::outcome::example()),
        "spawn_join                    100.0 ns ±  5 %     tokio 0.25 (0.24) ✓   smol 0.80 (0.7) ✗"
    );
}

#[test]
fn large_numbers_get_a_larger_unit() {
    assert_eq!(number(12_345.0, "ns"), "12.3 µs");
    assert_eq!(number(12_345_678.0, "ns"), "12.3 ms");
    assert_eq!(number(12_345.0, "B"), "12345.0 B");
}
