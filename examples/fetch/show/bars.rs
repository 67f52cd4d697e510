//! A bar for each running file and one over all: what stands in the block of [`screen`].
//!
//! A window has fewer lines than there may be downloads. So a *row* is a line of the block, and
//! a download that runs gets one if there is one, keeps it to its end, and then leaves it to
//! the next:
//!
//! ```text
//!   plum.iso         ━━━━━━━╸─────   58% of    3.4 MiB    1.1 MiB/s     2 s  ⎫ rows; a file
//! > quince.iso       waiting for an answer                                   ⎬ keeps its place
//!   walnut.iso       ━━╸──────────   17% of    1.2 MiB  310.0 KiB/s     4 s  ⎭
//!   2 of 119 files   ━━╸──────────              9.8 MiB    3.4 MiB/s    1:20
//!   ? lists the keys; 14 more are running; 100 wait for their turn
//! ```
//!
//! Pure: the size of the block and the time are handed in, and lines come out.
//!
//! [`screen`]: super::screen

use std::rc::Rc;
use std::time::Instant;

use console::{Alignment, StyledObject, measure_text_width, pad_str, style, truncate_str};

use super::board::{Board, next};
use super::pace::Pace;
use super::screen::Size;
use super::text;
use crate::transfer::{Phase, Transfer};

/// Lines of the block that are no rows: the one over all, and the one with the words.
const NO_ROWS: usize = 2;

/// Columns before the name, with the mark of the chosen one.
const MARGIN: usize = 2;

/// Columns for the numbers of a file, all of them, and where there is little room.
const NUMBERS: usize = 39;
const FEW_NUMBERS: usize = 10;

/// A bar that is shorter says nothing.
const SHORTEST: usize = 8;

/// What each key does.
const KEYS: [(&str, &str); 8] = [
    ("p", "pause all, and go on"),
    ("↑ ↓", "choose a file"),
    ("-", "half as fast"),
    ("d", "drop the chosen file, keep its half"),
    ("+", "twice as fast"),
    ("q", "stop (so does Ctrl-C)"),
    ("?", "put this away"),
    ("Esc", "choose none"),
];

/// Wide enough for two of them in a line.
const TWO_KEYS: usize = 68;

/// A bar's look: what is done, where it ends, and what is to come.
#[derive(Debug, Clone, Copy)]
pub struct Strokes(char, char, char);

impl Strokes {
    /// Lines, except where the environment says that the terminal has only ASCII.
    pub fn of_terminal() -> Strokes {
        let named = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(named);
        match locale.map(|locale| locale.to_uppercase()) {
            Some(locale) if !locale.contains("UTF-8") && !locale.contains("UTF8") => {
                Strokes('#', '>', '-')
            }
            _ => Strokes('━', '╸', '─'),
        }
    }
}

#[derive(Debug)]
pub struct Bars {
    rows: Vec<Row>,
    /// The row that keys are about.
    chosen: Option<Rc<Transfer>>,
    /// Are there keys?
    keys: bool,
    /// Is the list of them shown?
    list: bool,
    strokes: Strokes,
}

/// One line of the block and the download that has it.
#[derive(Debug)]
struct Row {
    transfer: Rc<Transfer>,
    pace: Pace,
}

impl Bars {
    pub fn new(keys: bool, strokes: Strokes) -> Bars {
        Bars {
            rows: Vec::new(),
            chosen: None,
            keys,
            list: false,
            strokes,
        }
    }

    /// All lines of the block. `note`: what holds for all of them, such as "paused".
    pub fn block(&mut self, board: &Board, note: &str, room: Size, now: Instant) -> Vec<String> {
        let mut list = match self.list {
            true => keys(room.columns),
            false => Vec::new(),
        };
        if list.len() + NO_ROWS > room.lines {
            list.clear();
        }
        let places = room.lines.saturating_sub(NO_ROWS + list.len());
        self.give_rows(board, places);
        let columns = Columns::of(room.columns);
        let mut lines = Vec::with_capacity(room.lines);
        for row in &mut self.rows {
            row.pace.mark(now, row.transfer.received());
            let is_chosen = self.chosen.as_ref().is_some_and(|chosen| row.is_of(chosen));
            lines.push(row.line(&columns, is_chosen, self.strokes));
        }
        lines.push(over_all(board, &columns, self.strokes));
        lines.extend(list);
        lines.push(dim(self.words(board, note)).to_string());
        lines.truncate(room.lines);
        let cut = |line: &String| truncate_str(line, room.columns, "…").into_owned();
        lines.iter().map(cut).collect()
    }

    /// Rows of downloads that ended go to downloads that run without one, in place.
    fn give_rows(&mut self, board: &Board, places: usize) {
        let running = board.running();
        let rows = &self.rows;
        let has_row = |transfer: &&Rc<Transfer>| rows.iter().any(|row| row.is_of(transfer));
        let without = running.iter().filter(|t| !has_row(t)).take(places);
        let new = |transfer: &Rc<Transfer>| Row {
            transfer: transfer.clone(),
            pace: Pace::default(),
        };
        let mut new = without.map(new).collect::<Vec<_>>().into_iter();
        let rows = std::mem::take(&mut self.rows).into_iter();
        let kept = rows.filter_map(|row| match row.transfer.phase() {
            Phase::Ended => new.next(),
            _ => Some(row),
        });
        let mut rows: Vec<_> = kept.collect();
        rows.extend(new);
        // The chosen one stays, whatever else has to go.
        let chosen = self.chosen.take();
        let at = rows
            .iter()
            .position(|row| chosen.as_ref().is_some_and(|t| row.is_of(t)));
        if let Some(at) = at.filter(|_| places > 0) {
            rows.swap(at, at.min(places - 1));
            self.chosen = chosen;
        }
        rows.truncate(places);
        self.rows = rows;
    }

    /// The next row down, or up.
    pub fn choose(&mut self, down: bool) {
        let shown: Vec<_> = self.rows.iter().map(|row| row.transfer.clone()).collect();
        self.chosen = next(&shown, self.chosen.as_ref(), down);
    }

    pub fn choose_none(&mut self) {
        self.chosen = None;
    }

    pub fn chosen(&self) -> Option<Rc<Transfer>> {
        self.chosen.clone()
    }

    /// Shows the list of keys, or puts it away.
    pub fn list_keys(&mut self) {
        self.list = !self.list;
    }

    /// The last line: what holds for all, and what is not to be seen.
    fn words(&self, board: &Board, note: &str) -> String {
        let mut words = Vec::new();
        if !note.is_empty() {
            words.push(note.to_owned());
        }
        words.push(match self.keys {
            true => "? lists the keys".to_owned(),
            false => "Ctrl-C stops".to_owned(),
        });
        let (more, queued) = (board.running().len() - self.rows.len(), board.is_waiting());
        if more > 0 {
            words.push(format!("{more} more are running"));
        }
        if queued > 0 {
            words.push(format!("{queued} wait for their turn"));
        }
        format!("{:MARGIN$}{}", "", words.join("; "))
    }
}

/// How the columns of the block are shared out.
#[derive(Debug)]
struct Columns {
    name: usize,
    /// 0: there is none.
    bar: usize,
    numbers: usize,
}

impl Columns {
    fn of(width: usize) -> Columns {
        let name = if width < 90 { 20 } else { 28 };
        for numbers in [NUMBERS, FEW_NUMBERS] {
            let taken = MARGIN + name + 1 + 1 + numbers;
            if let Some(bar) = width.checked_sub(taken).filter(|bar| *bar >= SHORTEST) {
                return Columns { name, bar, numbers };
            }
        }
        Columns {
            name: width.saturating_sub(MARGIN + 1 + 1 + FEW_NUMBERS),
            bar: 0,
            numbers: FEW_NUMBERS,
        }
    }

    fn name(&self, name: &str) -> String {
        let name = text::fit(name, self.name);
        pad_str(&name, self.name, Alignment::Left, None).into_owned()
    }

    /// A bar, so far filled; blank where nobody knows how far.
    fn bar(&self, fraction: Option<f64>, strokes: Strokes) -> String {
        let Some(fraction) = fraction.filter(|_| self.bar > 0) else {
            return " ".repeat(self.bar);
        };
        let done = ((self.bar as f64 * fraction) as usize).min(self.bar);
        let Strokes(full, end, empty) = strokes;
        let mut filled = full.to_string().repeat(done);
        if done < self.bar {
            filled.push(end);
        }
        let rest = empty.to_string().repeat(self.bar.saturating_sub(done + 1));
        format!("{}{}", style(filled).green().for_stderr(), dim(rest))
    }
}

impl Row {
    fn is_of(&self, transfer: &Rc<Transfer>) -> bool {
        Rc::ptr_eq(&self.transfer, transfer)
    }

    fn line(&self, columns: &Columns, is_chosen: bool, strokes: Strokes) -> String {
        let transfer = &self.transfer;
        let name = columns.name(&transfer.label);
        let name = match is_chosen {
            true => format!("> {}", style(name).bold().reverse().for_stderr()),
            false => format!("  {name}"),
        };
        if transfer.phase() != Phase::Receiving {
            return format!("{name} {}", dim("waiting for an answer"));
        }
        let (size, total) = (transfer.size(), transfer.total());
        let bar = columns.bar(total.map(|_| transfer.fraction()), strokes);
        let rest = total.map(|total| total.saturating_sub(size));
        let rest = rest.filter(|&rest| rest > 0);
        let left = rest.and_then(|rest| self.pace.time_for(rest));
        let (done, few) = match total {
            Some(total) => {
                // Not 100 before it is all there.
                let percent = (transfer.fraction() * 100.0) as u8;
                let of_total = format!("{percent:>3}% of {:>10}", text::bytes(total));
                (of_total, format!("{percent}%"))
            }
            None => (text::bytes(size), text::bytes(size)),
        };
        let speed = self.pace.bytes_per_second();
        format!(
            "{name} {bar} {}",
            numbers(columns, &done, &few, speed, left)
        )
    }
}

/// How much, how fast, how long to go; on a narrow terminal, less of it. Always equally wide, so
/// that nothing beside it moves.
fn numbers(
    columns: &Columns,
    done: &str,
    few: &str,
    speed: Option<f64>,
    left: Option<std::time::Duration>,
) -> String {
    if columns.numbers < NUMBERS {
        return format!("{few:>FEW_NUMBERS$}");
    }
    let speed = speed.map_or(String::new(), |speed| text::bytes(speed as u64) + "/s");
    let left = left.map(text::countdown).unwrap_or_default();
    format!("{done:>18} {speed:>12} {left:>7}")
}

fn over_all(board: &Board, columns: &Columns, strokes: Strokes) -> String {
    let mut name = format!("{} of {}", board.has_ended(), text::files(board.files));
    if measure_text_width(&name) > columns.name {
        name = format!("{} of {}", board.has_ended(), board.files);
    }
    let bar = columns.bar(Some(board.fraction()), strokes);
    let received = text::bytes(board.received());
    let (speed, left) = (board.bytes_per_second(), board.time_left());
    let numbers = numbers(columns, &received, &received, speed, left);
    format!("  {} {bar} {numbers}", columns.name(&name))
}

/// The list of keys, in one or two columns.
fn keys(width: usize) -> Vec<String> {
    let entry =
        |(key, does): &(&str, &str)| format!("{} {does}", pad_str(key, 4, Alignment::Left, None));
    let in_line = if width < TWO_KEYS { 1 } else { 2 };
    let line = |keys: &[(&str, &str)]| {
        let entries: Vec<_> = keys
            .iter()
            .map(|key| format!("{:<28}", entry(key)))
            .collect();
        format!("{:MARGIN$}{}", "", entries.concat().trim_end())
    };
    KEYS.chunks(in_line).map(line).collect()
}

/// Colours are left out by `console` where `NO_COLOR` or `TERM` says so.
fn dim<T>(words: T) -> StyledObject<T> {
    style(words).dim().for_stderr()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const ROOM: Size = Size {
        lines: 12,
        columns: 72,
    };
    const STROKES: Strokes = Strokes('#', '>', '-');

    /// So many are to be, and the first of them run.
    fn board(files: usize, run: usize) -> (Board, Vec<Rc<Transfer>>) {
        let board = Board::new(files);
        let new = |n: usize| Rc::new(Transfer::new(&format!("file-{n}")));
        let all: Vec<_> = (0..run).map(new).collect();
        for transfer in &all {
            transfer.begin(Instant::now());
            board.began(transfer);
        }
        (board, all)
    }

    fn names(bars: &Bars) -> Vec<&str> {
        bars.rows.iter().map(|row| &*row.transfer.label).collect()
    }

    fn end(board: &Board, transfer: &Transfer) {
        transfer.end(Ok(()), Instant::now());
        board.ended(transfer);
    }

    /// Broken by: not truncating to the places, or taking ended ones out instead of replacing
    /// them (then all below move up).
    #[test]
    fn a_download_that_runs_has_a_row_if_there_is_room_and_keeps_its_place() {
        let (board, all) = board(40, 36);
        let mut bars = Bars::new(false, STROKES);
        let block = bars.block(&board, "", ROOM, Instant::now());
        assert_eq!((block.len(), bars.rows.len()), (12, 10));
        assert_eq!(
            block[11],
            "  Ctrl-C stops; 26 more are running; 4 wait for their turn"
        );
        end(&board, &all[1]);
        bars.block(&board, "", ROOM, Instant::now());
        assert_eq!(names(&bars)[..3], ["file-0", "file-10", "file-2"]);
        all[2..].iter().for_each(|transfer| end(&board, transfer));
        let block = bars.block(&board, "paused", ROOM, Instant::now());
        assert_eq!((names(&bars), block.len()), (vec!["file-0"], 3));
        assert_eq!(block[2], "  paused; Ctrl-C stops; 4 wait for their turn");
    }

    #[test]
    fn numbers_stay_in_their_columns_however_wide_the_window_is() {
        let (board, all) = board(3, 3);
        let mut bars = Bars::new(true, STROKES);
        let start = Instant::now();
        all[0].head(Some(2_000_000), 0, start);
        all[1].head(None, 0, start);
        bars.block(&board, "", ROOM, start);
        all[0].add(500_000);
        all[1].add(123);
        for columns in 1..120 {
            let room = Size { columns, ..ROOM };
            let block = bars.block(&board, "", room, start + Duration::from_secs(1));
            let widths: Vec<_> = block.iter().map(|line| measure_text_width(line)).collect();
            assert!(widths.iter().all(|&width| width <= columns), "{block:#?}");
            if columns > MARGIN + 2 + FEW_NUMBERS {
                assert!(!block[0].ends_with('…'), "{block:#?}");
                assert_eq!(
                    [widths[0], widths[1], widths[3]],
                    [columns; 3],
                    "{block:#?}"
                );
            }
        }
        let block = bars.block(&board, "", ROOM, start + Duration::from_secs(1));
        assert_eq!(
            block[0],
            "  file-0               ##>------  25% of    1.9 MiB  488.3 KiB/s     4 s"
        );
        assert_eq!(
            block[1],
            "  file-1                                      123 B      123 B/s        "
        );
        assert_eq!(block[2], "  file-2               waiting for an answer");
        assert!(block[4].contains("? lists the keys"), "{block:#?}");
    }

    /// Broken by: leaving the chosen one where it is when the window becomes smaller.
    #[test]
    fn the_chosen_one_is_marked_and_stays_to_be_seen() {
        let (board, all) = board(10, 10);
        let mut bars = Bars::new(true, STROKES);
        bars.block(&board, "", ROOM, Instant::now());
        bars.choose(true);
        assert!(Rc::ptr_eq(&bars.chosen().unwrap(), &all[0]));
        bars.choose(false);
        assert!(Rc::ptr_eq(&bars.chosen().unwrap(), &all[0]), "the first");
        bars.choose_none();
        bars.choose(false);
        assert!(Rc::ptr_eq(&bars.chosen().unwrap(), &all[9]));
        let low = Size { lines: 5, ..ROOM };
        let block = bars.block(&board, "", low, Instant::now());
        assert!(block[2].starts_with("> file-9"), "{block:#?}");
        end(&board, &all[9]);
        bars.block(&board, "", low, Instant::now());
        assert!(bars.chosen().is_none(), "nobody is chosen in its place");
    }

    #[test]
    fn the_keys_are_listed_where_there_is_room() {
        let (board, _all) = board(10, 10);
        let mut bars = Bars::new(true, STROKES);
        bars.list_keys();
        let block = bars.block(&board, "", ROOM, Instant::now());
        assert_eq!(block.len(), 12);
        assert_eq!(block[7], "  p    pause all, and go on   ↑ ↓  choose a file");
        for (lines, columns) in [(1, 72), (2, 20), (5, 30), (40, 10)] {
            let block = bars.block(&board, "", Size { lines, columns }, Instant::now());
            assert!(block.len() <= lines, "{block:#?}");
        }
        let one = bars.block(&board, "", Size { lines: 1, ..ROOM }, Instant::now());
        assert!(one[0].starts_with("  0 of 10 files"), "{one:?}");
    }
}
