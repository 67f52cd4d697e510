//! What the benchmarks say, apart from what they measure: rounds by turns, medians, ratios, marks,
//! the table, the JSON and the page. It knows no runtime, so `cargo test` builds it in a moment.
//!
//! `row` runs the contenders of a row and keeps the samples. `outcome` makes numbers of them, and
//! is the one place that decides whether a mark is met. `json` and `table` write them down; `page`
//! and `chart` draw them, from the JSON alone, so that a report can be drawn again later. `ceiling`
//! compares counts with a committed file.

#![forbid(unsafe_code)]

pub mod ceiling;
pub mod chart;
pub mod json;
pub mod outcome;
pub mod page;
pub mod row;
pub mod table;
