//! hob beside other runtimes, and beside the limit, in one table.
//!
//! Run with: `cargo bench --bench versus`. You see a line for each row as it is done; the whole is
//! in `target/versus/report.json`, drawn in `report.html` beside it, and in short in `chart.svg`.
//!
//! - `-- --quick`: smaller and fewer rounds, in under three minutes.
//! - `-- --only echo`: only the rows that have `echo` in their name.
//! - `-- --list`: the names.
//! - `-- --only echo_1 --alone hob`: one contender, in silence, for `strace -c` and `perf record`.

mod about;
mod apart;
mod clients;
mod counted;
mod downloads;
mod footprint;
mod rows;

use hob_benches::sockets;
use hob_judge::row::Row;
use hob_judge::{chart, json, page, table};
use std::path::PathBuf;

/// Rounds of a row, where one takes no more than moments.
const ROUNDS: usize = 15;
const QUICK_ROUNDS: usize = 3;

/// What was asked for on the command line.
pub(crate) struct Options {
    pub(crate) quick: bool,
    only: Option<String>,
    alone: Option<String>,
    list: bool,
}

impl Options {
    fn parse() -> Result<Options, String> {
        let mut options = Options {
            quick: false,
            only: None,
            alone: None,
            list: false,
        };
        let mut arguments = std::env::args().skip(1);
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().ok_or(format!("{argument} what?"));
            match argument.as_str() {
                // cargo says it to every benchmark.
                "--bench" => {}
                "--quick" => options.quick = true,
                "--list" => options.list = true,
                "--only" => options.only = Some(value()?),
                "--alone" => options.alone = Some(value()?),
                _ => {
                    return Err(format!(
                        "{argument}? There are --quick, --only ROW, --alone CONTENDER, --list"
                    ));
                }
            }
        }
        Ok(options)
    }

    fn rounds(&self) -> usize {
        if self.quick { QUICK_ROUNDS } else { ROUNDS }
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let Some(order) = clients::Order::parse(&arguments) {
        return clients::run(order);
    }
    sockets::many_files();
    if apart::is_child(&arguments) {
        return;
    }
    let options = Options::parse().unwrap_or_else(|complaint| {
        eprintln!("versus: {complaint}");
        std::process::exit(2);
    });
    let mut rows = rows::all(&options);
    if let Some(only) = &options.only {
        rows.retain(|row| row.id.contains(only.as_str()));
    }
    match &options.alone {
        _ if options.list => rows
            .iter()
            .for_each(|row| println!("{:20} {}", row.id, row.title)),
        Some(who) => alone(rows, who, options.rounds()),
        None => measure(rows, &options),
    }
}

/// Runs one contender of each row and says nothing.
fn alone(rows: Vec<Row>, who: &str, rounds: usize) {
    for row in rows {
        let mine = row.contenders.iter().filter(|(name, _)| *name == who);
        for (_, round) in mine {
            for _ in 0..rounds.min(row.at_most) {
                round();
            }
        }
    }
}

fn measure(rows: Vec<Row>, options: &Options) {
    let about = about::about(options.quick, options.rounds());
    println!("{}", about::lines(&about));
    println!("{}", table::head());
    let mut outcomes = Vec::new();
    for row in rows {
        let outcome = row.run(options.rounds());
        println!("{}", table::line(&outcome));
        outcomes.push(outcome);
    }
    println!("{}", table::foot(&outcomes));
    let report = json::report(&outcomes, &about);
    let folder = folder();
    let text = serde_json::to_string_pretty(&report).expect("values that we made");
    std::fs::create_dir_all(&folder).expect("a folder in target");
    std::fs::write(folder.join("report.json"), text).expect("the report is written");
    std::fs::write(folder.join("report.html"), page::page(&report)).expect("so is the page");
    std::fs::write(folder.join("chart.svg"), chart::chart(&report)).expect("and the chart");
    println!("{}", folder.join("report.html").display());
}

/// `target/versus`, whatever `target` is: this program lies in `target/release/deps`.
pub(crate) fn folder() -> PathBuf {
    let program = std::env::current_exe().expect("a program knows its name");
    let target = program.ancestors().nth(3).expect("cargo put it there");
    target.join("versus")
}
