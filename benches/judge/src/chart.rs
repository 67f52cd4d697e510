//! One picture of a whole report: for each row where hob stands between nothing and tokio, and
//! where it wants to be. An SVG that stands alone, for a README as well as for the page.
//!
//! The scale is logarithmic, since these are ratios: half and twice are equally far from the same.

use serde_json::Value;
use std::fmt::Write as _;

const WIDTH: f64 = 760.0;
const LEFT: f64 = 170.0;
const RIGHT: f64 = 70.0;
const TOP: f64 = 46.0;
const LINE: f64 = 22.0;
/// What the axis spans, and where it has its lines.
const SPAN: (f64, f64) = (0.1, 2.0);
const LINES: [f64; 5] = [0.1, 0.2, 0.5, 1.0, 2.0];

const STYLE: &str = "text{font:13px system-ui,sans-serif;fill:#24292f}.dim{fill:#6e7781}.grid{stroke:#d0d7de}\
.one{stroke:#6e7781}.bar{fill:#2da44e}.lost{fill:#cf5c1e}.mark{stroke:#24292f;stroke-width:2}\
@media(prefers-color-scheme:dark){text{fill:#e6edf3}.dim{fill:#8d96a0}.grid{stroke:#30363d}.one{stroke:#8d96a0}\
.bar{fill:#3fb950}.lost{fill:#f0883e}.mark{stroke:#e6edf3}}";

/// Who stands on the other side: tokio, and where it has no such thing, who is built on it.
const OTHERS: [&str; 2] = ["tokio", "reqwest"];

/// All rows that were run beside one of the others, but for two kinds. Instructions tell a maker
/// where time goes, and a reader has the time itself. And what is exactly the same on both sides,
/// and has no mark, is no news.
pub fn chart(report: &Value) -> String {
    let rows = report["rows"].as_array().into_iter().flatten();
    let rows: Vec<(&str, f64, Option<f64>)> = rows
        .filter(|row| row["unit"] != "instr")
        .filter_map(|row| OTHERS.iter().find_map(|other| beside(row, other)))
        .filter(|(_, ratio, mark)| *ratio != 1.0 || mark.is_some())
        .collect();
    let height = TOP + LINE * rows.len() as f64 + 10.0;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" \
         aria-label=\"hob beside tokio\"><style>{STYLE}</style>\
         <text x=\"8\" y=\"16\">hob / tokio (downloads: hob / reqwest), lower is better; a stroke is where \
         hob wants to be</text>"
    );
    for line in LINES {
        let class = if line == 1.0 { "one" } else { "grid" };
        let x = place(line);
        let _ = write!(
            svg,
            "<line class=\"{class}\" x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{TOP}\" y2=\"{height}\"/>\
             <text class=\"dim\" x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{line}</text>",
            TOP - 8.0
        );
    }
    for (index, (name, ratio, mark)) in rows.iter().enumerate() {
        svg += &bar(name, *ratio, *mark, TOP + LINE * index as f64);
    }
    svg + "</svg>"
}

/// The name of a row, the ratio to one of the others, and the mark beside that.
fn beside<'a>(row: &'a Value, other: &str) -> Option<(&'a str, f64, Option<f64>)> {
    let ratio = row["ratio"][other].as_f64()?;
    Some((row["row"].as_str()?, ratio, row["mark"][other].as_f64()))
}

fn bar(name: &str, ratio: f64, mark: Option<f64>, y: f64) -> String {
    let (end, middle) = (place(ratio), y + LINE / 2.0 + 4.0);
    let class = if ratio <= 1.0 { "bar" } else { "lost" };
    let mut svg = format!(
        "<text x=\"{:.1}\" y=\"{middle:.1}\" text-anchor=\"end\">{name}</text>\
         <rect class=\"{class}\" x=\"{LEFT}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\" rx=\"2\"/>\
         <text class=\"dim\" x=\"{:.1}\" y=\"{middle:.1}\">{ratio:.2}</text>",
        LEFT - 8.0,
        y + 4.0,
        (end - LEFT).max(2.0),
        LINE - 8.0,
        WIDTH - RIGHT + 24.0,
    );
    if let Some(mark) = mark {
        let x = place(mark);
        let _ = write!(
            svg,
            "<line class=\"mark\" x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{:.1}\" y2=\"{:.1}\"/>",
            y + 1.0,
            y + LINE - 1.0
        );
    }
    svg
}

/// Where a ratio lies. What is beyond the axis lies at its end; its number says what it is.
fn place(ratio: f64) -> f64 {
    let (from, to) = (SPAN.0.ln(), SPAN.1.ln());
    let share = (ratio.max(f64::MIN_POSITIVE).ln() - from) / (to - from);
    LEFT + share.clamp(0.0, 1.0) * (WIDTH - LEFT - RIGHT)
}

#[test]
fn each_row_beside_the_other_is_drawn_once() {
    let report = crate::json::report(&[crate::outcome::example()], &Value::Null);
    let svg = chart(&report);
    assert_eq!(svg.matches("spawn_join").count(), 1);
    assert_eq!(svg.matches("class=\"mark\"").count(), 1);
}

/// Broken by: leaving one of the filters out, or `reqwest` out of the others.
#[test]
fn what_has_nobody_beside_it_or_tells_nothing_is_left_out() {
    let row = |name: &str, unit: &str, ratio: Value| serde_json::json!({"row": name, "unit": unit, "ratio": ratio});
    let rows = serde_json::json!({"rows": [
        row("get", "s", serde_json::json!({"reqwest": 0.5, "curl": 0.7})),
        row("alone", "s", serde_json::json!({"compio": 0.5})),
        row("same", "calls", serde_json::json!({"tokio": 1.0})),
        row("work", "instr", serde_json::json!({"tokio": 0.5})),
    ]});
    let svg = chart(&rows);
    assert!(svg.contains(">get<"));
    for left_out in ["alone", "same", "work"] {
        assert!(!svg.contains(left_out), "{left_out} is drawn");
    }
}

#[test]
fn half_and_twice_are_equally_far_from_one() {
    assert!((place(1.0) - place(0.5) - (place(2.0) - place(1.0))).abs() < 1e-9);
    assert_eq!(place(0.0), LEFT);
    assert_eq!(place(100.0), WIDTH - RIGHT);
}
