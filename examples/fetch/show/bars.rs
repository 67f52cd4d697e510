//! A bar for each running file and one over all, drawn by `indicatif`.
//!
//! A terminal has fewer lines than there may be downloads: 36 of them do not fit into 24.
//! So a *row* is a line of the screen and a download that runs gets one if there is one,
//! keeps it to its end, and then leaves it to the next:
//!
//! ```text
//!   ok apple.iso  1.2 MiB, 0.84 s     lines about the ended scroll by above
//!   ok pear.iso   3.4 MiB, 0.91 s
//!   plum.iso     ━━━━━━━╸─────  ⎫
//!   quince.iso   waiting        ⎬ rows, as many as fit; a file keeps its place
//!   walnut.iso   ━━╸──────────  ⎭
//!   all          ━━━━━━╸──────  2 of 119 files …
//!   Ctrl-C stops; 14 more are running; 100 wait for their turn
//! ```
//!
//! Rows come and go only in [`Bars::refresh`], which asks for the size of the terminal each
//! time, so a changed window is filled or respected a tenth of a second later.

use std::cell::RefCell;
use std::io::IsTerminal;
use std::rc::Rc;
use std::time::Instant;

use console::Term;
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::pace::Pace;
use super::{Tell, arrived_line, failed_line, lines, text, to_stderr, to_stdout};
use crate::transfer::{Phase, Transfer};

/// Lines of the screen that are no rows: "all", "more", and one of what was there before.
const NO_ROWS: usize = 3;

/// Columns for the name of a file, in the templates below.
const NAME: usize = 20;

/// With fewer columns than this beside the name, most numbers are left out: they take 43, and
/// a bar should be seen.
const NUMBERS: usize = 50;

/// A file's share of the bar over all: so fine that a single file moves it.
const STEPS: f64 = 1000.0;

pub struct Bars {
    all: Vec<Rc<Transfer>>,
    tell: Tell,
    /// Does standard output go to a terminal, too?
    same_screen: bool,
    multi: MultiProgress,
    rows: RefCell<Vec<Row>>,
    total: ProgressBar,
    /// What does not fit.
    more: ProgressBar,
    /// Lines about what ended, printed together at the next refresh.
    news: RefCell<Vec<String>>,
}

/// One line of the screen and the download that has it.
struct Row {
    bar: ProgressBar,
    transfer: Rc<Transfer>,
    /// The phase that the bar's style was made for.
    drawn_as: Phase,
    pace: Pace,
}

impl Bars {
    pub fn new(all: Vec<Rc<Transfer>>, tell: Tell) -> Bars {
        // One a second, that is: never by itself. `refresh` says when.
        let multi = MultiProgress::with_draw_target(ProgressDrawTarget::stderr_with_hz(1));
        let total = multi.add(ProgressBar::new((all.len() as f64 * STEPS) as u64));
        total.set_style(style("{prefix:20} {wide_bar:.cyan} {msg}"));
        total.set_prefix("all");
        let more = multi.add(ProgressBar::no_length().with_style(style("{msg:.dim}")));
        Bars {
            all,
            tell,
            same_screen: std::io::stdout().is_terminal(),
            multi,
            rows: RefCell::default(),
            total,
            more,
            news: RefCell::default(),
        }
    }

    pub fn ended(&self, transfer: &Transfer) {
        match transfer.failure() {
            Some(failure) => self.news.borrow_mut().push(failed_line(transfer, failure)),
            None if self.tell == Tell::Failed => {}
            // Above the bars, if that is where standard output goes.
            None if self.same_screen => self.news.borrow_mut().push(arrived_line(transfer)),
            None => to_stdout(&arrived_line(transfer)),
        }
    }

    pub fn refresh(&self) {
        let news = self.news.take();
        if !news.is_empty() {
            let _ = self.multi.println(news.join("\n"));
        }
        let (lines, columns) = Term::stderr().size();
        let places = usize::from(lines).saturating_sub(NO_ROWS);
        self.free_rows(places);
        self.give_rows(places);
        let room = usize::from(columns).saturating_sub(NAME + 1);
        for row in self.rows.borrow_mut().iter_mut() {
            row.refresh(room);
        }
        self.refresh_total(room);
    }

    /// Takes rows from downloads that ended, or that the screen has no room for any more.
    fn free_rows(&self, room: usize) {
        let mut rows = self.rows.borrow_mut();
        let kept = rows
            .iter()
            .filter(|row| row.transfer.phase() != Phase::Ended);
        let kept = kept.take(room).map(|row| Rc::as_ptr(&row.transfer));
        let kept: Vec<_> = kept.collect();
        rows.retain(|row| {
            let keep = kept.contains(&Rc::as_ptr(&row.transfer));
            if !keep {
                self.multi.remove(&row.bar);
            }
            keep
        });
    }

    /// Gives the rows that are free to downloads that run without one.
    fn give_rows(&self, room: usize) {
        let mut rows = self.rows.borrow_mut();
        let mut without = 0;
        for transfer in self.all.iter().filter(|t| t.phase().is_running()) {
            if rows.iter().any(|row| Rc::ptr_eq(&row.transfer, transfer)) {
                continue;
            }
            if rows.len() < room {
                let row = self.new_row(rows.len(), transfer);
                rows.push(row);
            } else {
                without += 1;
            }
        }
        let queued = lines::count(&self.all, |phase| phase == Phase::Queued);
        self.more.set_message(more(without, queued));
    }

    /// A line of the screen for `transfer`, as the one after `place` others.
    fn new_row(&self, place: usize, transfer: &Rc<Transfer>) -> Row {
        let bar = self.multi.insert(place, ProgressBar::no_length());
        bar.set_style(style("{prefix:20!} {msg:.dim}"));
        bar.set_prefix(transfer.label.clone());
        bar.set_message("waiting for an answer");
        Row {
            bar,
            transfer: transfer.clone(),
            drawn_as: Phase::Waiting,
            pace: Pace::default(),
        }
    }

    fn refresh_total(&self, room: usize) {
        let done: f64 = self.all.iter().map(|t| t.fraction()).sum();
        self.total.set_position((done * STEPS) as u64);
        let ended = lines::count(&self.all, |phase| phase == Phase::Ended);
        self.total.set_message(match room {
            0..NUMBERS => format!("{ended} of {}", self.all.len()),
            _ => format!("{:>38}", lines::standing(&self.all)),
        });
        // The only draw: all that was set above appears at once.
        self.total.force_draw();
    }

    /// The downloads are over: takes the bars away.
    pub fn close(&self) {
        self.refresh();
        let _ = self.multi.clear();
        self.multi.set_draw_target(ProgressDrawTarget::hidden());
    }

    /// The downloads were stopped: lets the bars stand, and goes on below them. They cannot be
    /// taken away: the terminal echoes a Ctrl-C as `^C` behind the last of them, and nobody can
    /// tell in which line the cursor is now.
    pub fn leave(&self) {
        self.multi.set_draw_target(ProgressDrawTarget::hidden());
        to_stderr("");
        self.news.take().iter().for_each(|line| to_stderr(line));
    }
}

impl Row {
    /// `room`: how many columns there are beside the name.
    fn refresh(&mut self, room: usize) {
        let transfer = &self.transfer;
        if transfer.phase() != Phase::Receiving {
            return;
        }
        if self.drawn_as != Phase::Receiving {
            self.drawn_as = Phase::Receiving;
            begin_to_receive(&self.bar, transfer.total());
        }
        self.pace.mark(Instant::now(), transfer.received());
        self.bar.set_message(numbers(transfer, &self.pace, room));
        self.bar.set_position(transfer.size());
    }
}

/// The head is there. Without a length in it there is nothing that a bar could fill: then
/// its place stays blank, and the numbers stay in their columns.
fn begin_to_receive(bar: &ProgressBar, total: Option<u64>) {
    let receiving = style("{prefix:20!} {wide_bar:.green} {msg}");
    match total {
        Some(total) => {
            bar.set_length(total);
            bar.set_style(receiving);
        }
        None => bar.set_style(receiving.progress_chars("   ")),
    }
}

/// How much of how much, how fast, how long to go; on a narrow terminal, less of it. Always
/// equally wide, so that nothing beside it moves.
fn numbers(transfer: &Transfer, pace: &Pace, room: usize) -> String {
    let (received, total) = (transfer.size(), transfer.total());
    let size = format!("{:>10}", text::bytes(received));
    if room < NUMBERS {
        return size;
    }
    let of_total = total.map(|total| format!("of {}", text::bytes(total)));
    let speed = pace.bytes_per_second().map(|speed| speed as u64);
    let speed = speed.map(|speed| text::bytes(speed) + "/s");
    let rest = total.map(|total| total.saturating_sub(received));
    let left = rest
        .filter(|&rest| rest > 0)
        .and_then(|rest| pace.time_for(rest));
    format!(
        "{size} {:13} {:>12} {:>5}",
        of_total.unwrap_or_default(),
        speed.unwrap_or_default(),
        left.map(text::countdown).unwrap_or_default(),
    )
}

/// The last line: what is not to be seen.
fn more(without_row: usize, queued: usize) -> String {
    let mut words = "Ctrl-C stops".to_owned();
    if without_row > 0 {
        words += &format!("; {without_row} more are running");
    }
    if queued > 0 {
        words += &format!("; {queued} wait for their turn");
    }
    words
}

/// Colours are left out by `console` where `NO_COLOR` or `TERM` says so.
fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template)
        .expect("the templates are constants, and the tests make each of them")
        .progress_chars("━╸─")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where standard error is no terminal nothing is drawn, but all else goes its way, as on
    /// a terminal of 24 lines.
    #[test]
    fn a_download_that_runs_has_a_row_if_there_is_room() {
        let now = Instant::now();
        let all: Vec<_> = (0..40)
            .map(|n| Rc::new(Transfer::new(&n.to_string())))
            .collect();
        all[..36].iter().for_each(|transfer| transfer.begin(now));
        let bars = Bars::new(all.clone(), Tell::Failed);
        bars.refresh();
        let rows = bars.rows.borrow().len();
        assert!((1..36).contains(&rows), "{rows}");
        let rest = 36 - rows;
        let words = format!("Ctrl-C stops; {rest} more are running; 4 wait for their turn");
        assert_eq!(bars.more.message(), words);

        all[0].head(Some(2048), 0, now);
        all[0].add(1024);
        all[1].head(None, 0, now);
        all[2].end(Ok(()), now);
        bars.refresh();
        let shown: Vec<_> = bars
            .rows
            .borrow()
            .iter()
            .map(|row| row.bar.prefix())
            .collect();
        assert_eq!(shown.len(), rows, "the free one is given away");
        assert_eq!(
            (&*shown[1], shown.last().unwrap()),
            ("1", &rows.to_string())
        );
        assert_eq!(bars.rows.borrow()[0].bar.position(), 1024);
        assert_eq!(bars.total.position(), 1500, "one and a half files");

        all[3..36]
            .iter()
            .for_each(|transfer| transfer.end(Ok(()), now));
        bars.refresh();
        assert_eq!(bars.rows.borrow().len(), 2);
        bars.close();
    }

    #[test]
    fn numbers_stay_in_their_columns() {
        let transfer = Transfer::new("a");
        let (mut pace, start) = (Pace::default(), Instant::now());
        let widths = [0, 1, 100_000, 1_000_000].map(|more: usize| {
            transfer.head((more > 0).then_some(2_000_000), transfer.size(), start);
            transfer.add(more);
            pace.mark(
                start + std::time::Duration::from_micros(more as u64),
                transfer.received(),
            );
            numbers(&transfer, &pace, NUMBERS).chars().count()
        });
        assert_eq!(widths, [43; 4]);
        assert_eq!(numbers(&transfer, &pace, NUMBERS - 1), "   1.0 MiB");
    }
}
