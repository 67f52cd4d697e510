//! What the user sees while the downloads run: bars on a terminal, lines elsewhere.
//!
//! The downloads do not draw. They write into their [`Transfer`]; [`Show::refresh`] is
//! called ten times a second and looks at all of them, so a fast download costs no more
//! drawing than a slow one. Only the end of a download is told at once.
//!
//! Standard output gets the lines for files that arrived and the report; standard error
//! gets the bars and what failed. Both are written with plain blocking calls on the loop's
//! thread: a terminal takes a line in microseconds. Price: a program that reads our output
//! through a pipe, and stops reading, stops the downloads too. Output that nobody takes any
//! more (`fetch | head`) is no reason to stop, and is dropped in silence.

mod bars;
pub mod fields;
pub mod lines;
mod pace;
pub mod text;

use std::cell::Cell;
use std::io::{IsTerminal, Write};
use std::rc::Rc;
use std::time::Duration;

use crate::args::Options;
use crate::transfer::{Failed, Transfer};
use bars::Bars;
use lines::Lines;

/// Which ends of downloads get a line of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tell {
    Every,
    /// Only the bad ones: the good ones are told in the report.
    Failed,
}

/// How the downloads are shown.
pub enum Show {
    Bars(Bars),
    Lines(Lines),
    /// Only what failed.
    Quiet,
    /// Nothing at all: the exit status says it.
    Silent,
}

impl Show {
    /// Chooses what fits the options and the terminal.
    pub fn new(options: &Options, all: &[Rc<Transfer>], tell: Tell) -> Show {
        // Lines about heads would tear the bars.
        let able = std::io::stderr().is_terminal() && !console::is_dumb() && !options.verbose;
        let quiet = options.quiet || options.silent;
        match (quiet, options.progress && able) {
            (true, _) if options.silent && !options.show_errors => Show::Silent,
            (true, _) => Show::Quiet,
            (_, true) => Show::Bars(Bars::new(all.to_vec(), tell)),
            (_, false) => Show::Lines(Lines::new(all.to_vec(), tell)),
        }
    }

    /// How long until [`Show::refresh`] is worth calling again.
    pub fn period(&self) -> Duration {
        match self {
            Show::Bars(_) => Duration::from_millis(100),
            Show::Lines(_) | Show::Quiet | Show::Silent => Duration::from_secs(10),
        }
    }

    /// Shows how things stand.
    pub fn refresh(&self) {
        match self {
            Show::Bars(bars) => bars.refresh(),
            Show::Lines(lines) => lines.refresh(),
            Show::Quiet | Show::Silent => {}
        }
    }

    /// Says how `transfer` ended.
    pub fn ended(&self, transfer: &Transfer) {
        match (self, transfer.failure()) {
            (Show::Silent, _) => {}
            (Show::Bars(bars), _) => bars.ended(transfer),
            (_, Some(failure)) => to_stderr(&failed_line(transfer, failure)),
            (Show::Lines(lines), None) => lines.ended(transfer),
            (Show::Quiet, None) => {}
        }
    }

    /// Nothing more will happen, so other things can be printed. `over`: because all is done,
    /// and not because it was stopped.
    pub fn close(&self, over: bool) {
        match self {
            Show::Bars(bars) if over => bars.close(),
            Show::Bars(bars) => bars.leave(),
            Show::Lines(_) | Show::Quiet | Show::Silent => {}
        }
    }
}

/// One line: what arrived, how much, how long it took.
fn arrived_line(transfer: &Transfer) -> String {
    let (label, size) = (name_of(transfer), text::bytes(transfer.size()));
    if transfer.was_there() {
        return format!("there {label}  {size}, already; not fetched (--force would)");
    }
    if transfer.was_not_modified() {
        return format!("there {label}  not modified, says the server; not fetched");
    }
    let (ok, took) = (console::style("ok").green(), transfer.took());
    let mut line = match transfer.sent.bytes.get() {
        0 => format!("{ok} {label}  {size}, {}", text::seconds(took)),
        sent => {
            let (sent, took) = (text::bytes(sent), text::seconds(took));
            return format!("{ok} {label}  {sent} sent, {size} came back, {took}");
        }
    };
    if let Some(speed) = text::speed(transfer.received(), took) {
        line += &format!(", {speed}");
    }
    line
}

/// What the user called it, and the server, if that is something else.
fn name_of(transfer: &Transfer) -> String {
    match transfer.saved_as() {
        Some(name) => format!("{}, as {name}", transfer.label),
        None => transfer.label.clone(),
    }
}

/// One line: what failed, and why.
fn failed_line(transfer: &Transfer, failure: &Failed) -> String {
    let failed = console::style("failed").red().for_stderr();
    let kept = transfer.kept().map_or(String::new(), |kept| {
        format!(
            "; {} are kept, the same command goes on from there",
            text::bytes(kept)
        )
    });
    format!("{failed} {}: {}{kept}", transfer.label, failure.why)
}

thread_local! {
    /// Files or words for programs go there, so lines for people do not.
    static STDOUT_IS_TAKEN: Cell<bool> = const { Cell::new(false) };
}

/// From now on what was for standard output goes to standard error (`-o -`, `--events -`).
pub fn leave_stdout_alone() {
    STDOUT_IS_TAKEN.set(true);
}

/// For people: to standard error where standard output is for others.
pub fn to_stdout(line: &str) {
    if STDOUT_IS_TAKEN.get() {
        return to_stderr(line);
    }
    let _ = writeln!(std::io::stdout(), "{line}");
}

pub fn to_stderr(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// How wide the terminal is that the report goes to; a customary width for anything else.
pub fn width() -> usize {
    let terminal = console::Term::stdout();
    terminal
        .size_checked()
        .map_or(80, |(_rows, columns)| columns.into())
}
