//! Outcomes as JSON: `{"rows": [{"row", "unit", "hob", "others", "ratio", "mark", "met", …}], …}`.
//!
//! `others`, `ratio` and `mark` are objects with the contenders' names as keys; there is no ratio
//! to somebody who needs nothing where hob needs something. What stands behind
//! `met` in a row is for the page and for people: title, spread, intervals, notes.

use crate::outcome::Outcome;
use serde_json::{Map, Value, json};

/// All rows, and behind them what `about` says of the machine and the run.
pub fn report(outcomes: &[Outcome], about: &Value) -> Value {
    json!({
        "rows": outcomes.iter().map(row).collect::<Vec<_>>(),
        "about": about,
    })
}

fn row(outcome: &Outcome) -> Value {
    let names = || outcome.others().map(|(name, _)| name);
    let by_name = |value: &dyn Fn(&str) -> Option<Value>| -> Value {
        let pairs = names().filter_map(|name| Some((name.to_string(), value(name)?)));
        pairs.collect::<Map<_, _>>().into()
    };
    let others: Map<_, _> = outcome
        .others()
        .map(|(name, other)| (name.to_string(), digits(other.median)))
        .collect();
    let mut spread: Map<_, _> = outcome
        .others()
        .map(|(name, other)| (name.to_string(), digits(other.spread)))
        .collect();
    spread.insert("hob".into(), digits(outcome.hob().spread));
    let marks = outcome.marks.iter();
    json!({
        "row": outcome.id,
        "unit": outcome.unit,
        "hob": digits(outcome.hob().median),
        "others": others,
        "ratio": by_name(&|name| outcome.ratio(name).filter(|ratio| ratio.is_finite()).map(digits)),
        "mark": marks.map(|(name, mark)| (name.clone(), digits(*mark))).collect::<Map<_, _>>(),
        "met": outcome.met(),
        "title": outcome.title,
        "exact": outcome.exact,
        "rounds": outcome.samples[0].1.len(),
        "spread": spread,
        "interval": by_name(&|name| outcome.interval(name).map(|(a, b)| json!([digits(a), digits(b)]))),
        "meets": by_name(&|name| outcome.meets(name).map(Value::from)),
        "notes": outcome.notes,
    })
}

/// Four digits that count: more would be noise.
pub fn digits(value: f64) -> Value {
    let rounded: f64 = format!("{value:.3e}")
        .parse()
        .expect("a number that we wrote");
    json!(rounded)
}

#[test]
fn a_row_has_the_form_that_readers_rely_on() {
    let report = report(&[crate::outcome::example()], &json!({"quick": true}));
    let row = &report["rows"][0];
    let first: Vec<_> = row.as_object().unwrap().keys().take(7).collect();
    assert_eq!(
        first,
        ["row", "unit", "hob", "others", "ratio", "mark", "met"]
    );
    assert_eq!(row["row"], "spawn_join");
    assert_eq!(row["unit"], "ns");
    assert_eq!(row["hob"], 100.0);
    assert_eq!(row["others"], json!({"tokio": 400.0, "smol": 125.0}));
    assert_eq!(row["ratio"], json!({"tokio": 0.25, "smol": 0.8}));
    assert_eq!(row["mark"], json!({"tokio": 0.24, "smol": 0.7}));
    assert_eq!(row["met"], false);
    assert_eq!(row["meets"], json!({"tokio": true, "smol": false}));
    assert_eq!(report["about"]["quick"], true);
}

#[test]
fn numbers_keep_four_digits() {
    assert_eq!(digits(385.04567), json!(385.0));
    assert_eq!(digits(0.000123456), json!(0.0001235));
    assert_eq!(digits(0.0), json!(0.0));
}

#[test]
fn there_is_no_ratio_to_nothing() {
    let mut outcome = crate::outcome::example();
    outcome.samples[1].1 = vec![0.0; 3];
    let report = report(&[outcome], &Value::Null);
    assert_eq!(report["rows"][0]["ratio"], json!({"smol": 0.8}));
    assert_eq!(report["rows"][0]["meets"]["tokio"], false);
}
