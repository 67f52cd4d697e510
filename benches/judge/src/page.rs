//! The report as one HTML file: nothing is loaded, no script runs, light or dark as the reader's
//! system is, and readable on a phone. It is drawn from the JSON alone.
//!
//! Bars are SVGs whose lengths are percentages: so they follow the window, and their text keeps
//! its size.

use crate::chart::chart;
use crate::table::number;
use serde_json::{Map, Value};
use std::fmt::Write as _;

const STYLE: &str = "
:root{color-scheme:light dark;--bg:#fff;--fg:#24292f;--dim:#6e7781;--line:#d0d7de;--hob:#2da44e;--other:#afb8c1;--bad:#cf222e}
@media(prefers-color-scheme:dark){:root{--bg:#0d1117;--fg:#e6edf3;--dim:#8d96a0;--line:#30363d;--hob:#3fb950;--other:#57606a;--bad:#f85149}}
body{margin:0 auto;max-width:60rem;padding:1rem;background:var(--bg);color:var(--fg);font:16px/1.5 system-ui,sans-serif}
h1{margin:0 0 .5rem}h2{font-size:1.1rem;margin:2rem 0 .3rem;border-top:1px solid var(--line);padding-top:1rem}
code,.id{font-family:ui-monospace,monospace;font-size:.85em}.id,.dim{color:var(--dim)}
.good{color:var(--hob)}.bad{color:var(--bad)}
.bar{display:grid;grid-template-columns:6.5rem 1fr 6.5rem 8.5rem;gap:.6rem;align-items:center;font-size:.9rem;line-height:1.7}
.bar svg{width:100%;height:1.1rem;display:block}.bar .number{text-align:right;font-variant-numeric:tabular-nums}
.hob{fill:var(--hob)}.other{fill:var(--other)}.mark{stroke:var(--fg);stroke-width:2}.spread{stroke:var(--dim);stroke-width:1.5}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.2rem 1rem;font-size:.9rem}dt{color:var(--dim)}dd{margin:0;overflow-wrap:anywhere}
.all{overflow-x:auto}.all svg{min-width:30rem;max-width:100%}
p{margin:.3rem 0}ul{margin:.3rem 0;padding-left:1.2rem;font-size:.9rem}
@media(max-width:38rem){.bar{grid-template-columns:5.2rem 1fr 5.2rem;gap:.4rem}.bar .ratio{grid-column:2/4;margin-top:-.4rem}body{padding:.7rem}}
";

/// The whole page.
pub fn page(report: &Value) -> String {
    let rows: Vec<&Value> = report["rows"].as_array().into_iter().flatten().collect();
    let judged = rows.iter().flat_map(|row| row["meets"].as_object());
    let judged: Vec<&Value> = judged.flat_map(Map::values).collect();
    let met = judged
        .iter()
        .filter(|met| met.as_bool() == Some(true))
        .count();
    let mut html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\
         <title>hob beside other runtimes</title><style>{STYLE}</style></head><body>\
         <h1>hob beside other runtimes</h1>\
         <p>{met} of {} marks met. A ratio is hob's median divided by the other's: lower is better. A line across \
         hob's bar shows where a mark is; a thin one at the end of a bar shows how far the middle half of the rounds \
         spreads.</p>",
        judged.len()
    );
    html += &about(&report["about"]);
    let _ = write!(html, "<div class=\"all\">{}</div>", chart(report));
    for row in rows {
        html += &section(row);
    }
    html + "</body></html>\n"
}

/// The machine, the versions, the command: objects within become one line.
fn about(about: &Value) -> String {
    let mut html = "<dl>".to_string();
    for (key, value) in about.as_object().into_iter().flatten() {
        let text = match value {
            Value::Object(parts) => {
                let parts = parts
                    .iter()
                    .map(|(key, value)| format!("{key} {}", plain(value)));
                parts.collect::<Vec<_>>().join(", ")
            }
            other => plain(other),
        };
        let _ = write!(
            html,
            "<dt>{}</dt><dd>{}</dd>",
            escape(&key.replace('_', " ")),
            escape(&text)
        );
    }
    html + "</dl>"
}

/// One row: a bar for each contender, hob's first.
fn section(row: &Value) -> String {
    let text = |key: &str| escape(row[key].as_str().unwrap_or_default());
    let verdict = match (row["meets"].as_object(), row["met"].as_bool()) {
        (Some(meets), _) if meets.is_empty() => "",
        (_, Some(true)) => "<span class=\"good\">✓ at its marks</span>",
        _ => "<span class=\"bad\">✗ not yet</span>",
    };
    let mut html = format!(
        "<h2>{} {verdict} <span class=\"id\">{}</span></h2>",
        text("title"),
        text("row")
    );
    let hob = row["hob"].as_f64().unwrap_or(0.0);
    let others: Vec<(&str, f64)> = row["others"]
        .as_object()
        .into_iter()
        .flatten()
        .filter_map(|(name, value)| Some((name.as_str(), value.as_f64()?)))
        .collect();
    let longest = others.iter().map(|(_, value)| *value).fold(hob, f64::max);
    let targets: Vec<f64> = others
        .iter()
        .filter_map(|(name, value)| Some(row["mark"][name].as_f64()? * value))
        .collect();
    html += &bar(row, "hob", hob, longest, &targets);
    for (name, value) in others {
        html += &bar(row, name, value, longest, &[]);
    }
    let notes = row["notes"].as_array().into_iter().flatten();
    let notes: Vec<String> = notes
        .map(|note| format!("<li>{}</li>", escape(&plain(note))))
        .collect();
    if !notes.is_empty() {
        let _ = write!(html, "<ul class=\"dim\">{}</ul>", notes.concat());
    }
    html
}

fn bar(row: &Value, name: &str, value: f64, longest: f64, targets: &[f64]) -> String {
    let share = |value: f64| {
        if longest > 0.0 {
            value / longest * 97.0
        } else {
            0.0
        }
    };
    let class = if name == "hob" { "hob" } else { "other" };
    let mut svg = format!(
        "<rect class=\"{class}\" width=\"{:.2}%\" height=\"100%\" rx=\"2\"/>",
        share(value).max(0.3)
    );
    let spread = row["spread"][name].as_f64().unwrap_or(0.0) * value;
    if spread > 0.0 {
        let (from, to) = (share(value - spread), share(value + spread).min(100.0));
        let _ = write!(
            svg,
            "<line class=\"spread\" x1=\"{from:.2}%\" x2=\"{to:.2}%\" y1=\"50%\" y2=\"50%\"/>"
        );
    }
    for target in targets {
        let x = share(*target).min(100.0);
        let _ = write!(
            svg,
            "<line class=\"mark\" x1=\"{x:.2}%\" x2=\"{x:.2}%\" y1=\"0\" y2=\"100%\"/>"
        );
    }
    format!(
        "<div class=\"bar\"><span>{}</span><svg role=\"img\" aria-label=\"{0} {1}\">{svg}</svg>\
         <span class=\"number\">{1}</span><span class=\"ratio dim\">{2}</span></div>",
        escape(name),
        number(value, row["unit"].as_str().unwrap_or_default()),
        ratio(row, name),
    )
}

/// What stands behind a bar: hob's ratio to it, and the mark if there is one.
fn ratio(row: &Value, name: &str) -> String {
    let Some(ratio) = row["ratio"][name].as_f64() else {
        return String::new();
    };
    let mut text = format!("{ratio:.2}");
    if let (Some(mark), Some(met)) = (row["mark"][name].as_f64(), row["meets"][name].as_bool()) {
        let (class, sign) = if met { ("good", '✓') } else { ("bad", '✗') };
        let _ = write!(text, " <span class=\"{class}\">{sign} ≤ {mark}</span>");
    }
    text
}

fn plain(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_string)
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[test]
fn the_page_has_every_row_and_every_contender() {
    let report = crate::json::report(
        &[crate::outcome::example()],
        &serde_json::json!({"command": "a <b>"}),
    );
    let page = page(&report);
    assert!(page.contains("1 of 2 marks met"));
    for word in [
        "spawn 100,000 tasks",
        ">hob<",
        ">tokio<",
        ">smol<",
        "400.0 ns",
        "0.25",
    ] {
        assert!(page.contains(word), "{word}");
    }
}

#[test]
fn the_page_loads_nothing_and_runs_nothing() {
    let report = crate::json::report(&[crate::outcome::example()], &Value::Null);
    let page = page(&report).replace("http://www.w3.org/2000/svg", "");
    for word in [
        "http:", "https:", "src=", "href=", "<script", "url(", "@import",
    ] {
        assert!(!page.contains(word), "{word}");
    }
}

#[test]
fn words_are_not_taken_for_markup() {
    let report = crate::json::report(
        &[crate::outcome::example()],
        &serde_json::json!({"command": "a <b>"}),
    );
    let page = page(&report);
    assert!(page.contains("a &lt;b&gt;"));
    assert!(page.contains("has no &lt;such&gt; thing"));
}
