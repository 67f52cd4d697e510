//! Draws a report again from its JSON: `report.html` and `chart.svg` beside it.
//!
//! Run with: `cargo run -p hob-judge --example draw -- target/versus/report.json`

use hob_judge::{chart, page};
use std::error::Error;
use std::path::PathBuf;

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args()
        .nth(1)
        .unwrap_or("target/versus/report.json".into());
    let path = PathBuf::from(path);
    let report = serde_json::from_str(&std::fs::read_to_string(&path)?)?;
    std::fs::write(path.with_file_name("report.html"), page::page(&report))?;
    std::fs::write(path.with_file_name("chart.svg"), chart::chart(&report))?;
    println!("{}", path.with_file_name("report.html").display());
    Ok(())
}
