//! What is said at the end: how long each took, how long all took, and a picture of it.
//!
//! ```text
//!   apple.bin   256.0 KiB  ╶╶╶╶╶╶╶━━━━━━━━━            0.84 s
//!   pear.bin      1.0 MiB  ╶╶╶━━━━━━━━━━━━━━━━━━       1.31 s
//! ```
//!
//! Pure text from [`Transfer`]s: the width is handed in, nothing is printed here, so that
//! the tests can look at every line.

use std::time::{Duration, Instant};
use std::{cmp, rc::Rc};

use console::{Alignment, measure_text_width, pad_str, truncate_str};

use crate::show::text;
use crate::transfer::Transfer;

/// Names wider than this are cut in the picture.
const WIDEST_NAME: usize = 24;

/// Lines wider than this are hard to follow.
const WIDEST: usize = 120;

/// The sums over some downloads.
#[derive(Debug, PartialEq)]
pub struct Sums {
    pub arrived: usize,
    pub failed: usize,
    /// Were there before, and were not fetched.
    pub there: usize,
    pub bytes: u64,
    /// What those that arrived would have taken one after another: the sum of what each took.
    pub sum: Duration,
    /// What they took together, from the first start to the last end.
    pub together: Duration,
    /// How many ran at the same moment, at most.
    pub most_at_once: usize,
}

impl Sums {
    pub fn of(all: &[Rc<Transfer>]) -> Sums {
        let arrived = || all.iter().filter(|t| t.succeeded() && !is_old(t));
        let (first, last) = bounds(all).unzip();
        Sums {
            arrived: arrived().count(),
            failed: all.iter().filter(|t| t.failure().is_some()).count(),
            there: all.iter().filter(|t| t.succeeded() && is_old(t)).count(),
            bytes: arrived().map(|t| t.size()).sum(),
            sum: arrived().map(|t| t.took()).sum(),
            together: last.zip(first).map_or(Duration::ZERO, |(l, f)| l - f),
            most_at_once: most_at_once(all),
        }
    }
}

/// Nothing had to be fetched.
fn is_old(transfer: &Transfer) -> bool {
    transfer.was_there() || transfer.was_not_modified()
}

/// How many times as fast the second is; `None` if it is too short to say.
fn times(slower: Duration, faster: Duration) -> Option<f64> {
    let shortest = Duration::from_millis(1);
    (faster >= shortest).then(|| slower.as_secs_f64() / faster.as_secs_f64())
}

/// The end of it, in words and numbers. `place` says where the files are.
pub fn story(at_once: &[Rc<Transfer>], in_turn: &[Rc<Transfer>], place: &str) -> Vec<String> {
    let sums = Sums::of(at_once);
    let failed = match sums.failed {
        0 => String::new(),
        failed => format!("; {failed} failed"),
    };
    let there = match sums.there {
        0 => String::new(),
        there => format!("; {there} more there already"),
    };
    let (arrived, bytes) = (text::files(sums.arrived), text::bytes(sums.bytes));
    let mut lines = vec![format!("{arrived}, {bytes}{place}{there}{failed}")];
    if sums.arrived < 2 {
        return lines;
    }
    lines.push(row("what each took, added up", sums.sum));
    let (mut slower, mut whole) = (sums.sum, sums.failed + sums.there == 0);
    if !in_turn.is_empty() {
        let in_turn = Sums::of(in_turn);
        (slower, whole) = (in_turn.together, whole && in_turn.failed == 0);
        lines.push(row("one after another, measured", slower));
    }
    // With failures among them, nobody knows what the rest would have taken.
    let gain = match times(slower, sums.together).filter(|_| whole) {
        Some(times) => format!("   {times:.1} times as fast, {} at once", sums.most_at_once),
        None => String::new(),
    };
    lines.push(row("all of them together", sums.together) + &gain);
    lines
}

fn row(what: &str, time: Duration) -> String {
    format!("  {what:<28} {:>8}", text::seconds(time))
}

/// The first start and the last end.
fn bounds(all: &[Rc<Transfer>]) -> Option<(Instant, Instant)> {
    let spans = all.iter().filter_map(|t| t.span());
    spans.reduce(|(first, last), (begun, ended)| (first.min(begun), last.max(ended)))
}

/// Walks through all starts and ends in order, and counts.
fn most_at_once(all: &[Rc<Transfer>]) -> usize {
    let spans = all.iter().filter_map(|t| t.span());
    let mut steps: Vec<(Instant, isize)> = spans
        .flat_map(|(begun, ended)| [(begun, 1), (ended, -1)])
        .collect();
    // At the same instant, an end comes before a start: those two did not overlap.
    steps.sort();
    let running = steps.iter().scan(0, |running, (_, step)| {
        *running += step;
        Some(*running)
    });
    running.max().unwrap_or(0) as usize
}

/// One line for each download that ran, drawn over time, no wider than `width`.
pub fn timeline(all: &[Rc<Transfer>], width: usize) -> Vec<String> {
    let Some((first, last)) = bounds(all) else {
        return Vec::new();
    };
    let mut ran: Vec<_> = all.iter().filter(|t| t.span().is_some()).collect();
    ran.sort_by_key(|t| t.span());
    let names = ran.iter().map(|t| measure_text_width(&t.label));
    let name_width = names.max().unwrap_or(0).min(WIDEST_NAME);
    // "  NAME  999.9 MiB  PICTURE  99.99 s"
    let around = 2 + name_width + 1 + 10 + 2 + 1 + 8;
    let columns = cmp::min(width, WIDEST).saturating_sub(around).max(10);
    let scale = Scale {
        first,
        whole: last - first,
        columns,
    };
    ran.iter().map(|t| line(t, name_width, &scale)).collect()
}

fn line(transfer: &Transfer, name_width: usize, scale: &Scale) -> String {
    let mark = if transfer.succeeded() { ' ' } else { '!' };
    let cut = truncate_str(&transfer.label, name_width, "…");
    let name = pad_str(&cut, name_width, Alignment::Left, None);
    let size = text::bytes(transfer.size());
    let picture = scale.picture(transfer);
    let took = text::seconds(transfer.took());
    format!("{mark} {name} {size:>10}  {picture} {took:>8}")
}

/// Turns moments into columns.
struct Scale {
    first: Instant,
    whole: Duration,
    columns: usize,
}

impl Scale {
    /// Blank before it ran, `╶` while it waited for the answer, `━` while bytes came.
    fn picture(&self, transfer: &Transfer) -> String {
        let Some((begun, ended)) = transfer.span() else {
            return " ".repeat(self.columns);
        };
        let start = self.column(begun).min(self.columns - 1);
        // What ran is seen, however short it was.
        let end = self.column(ended).max(start + 1);
        let head = transfer.head_at().map_or(end, |at| self.column(at));
        let head = head.clamp(start, end);
        let blank = " ".repeat(start);
        let rest = " ".repeat(self.columns - end);
        let (waited, received) = ("╶".repeat(head - start), "━".repeat(end - head));
        format!(
            "{blank}{}{}{rest}",
            console::style(waited).dim(),
            console::style(received).cyan()
        )
    }

    /// Rounded to the nearest of the `columns + 1` lines between columns.
    fn column(&self, moment: Instant) -> usize {
        if self.whole.is_zero() {
            return 0;
        }
        let part = (moment - self.first).as_secs_f64() / self.whole.as_secs_f64();
        (part * self.columns as f64).round() as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Downloads with start, head and end in milliseconds.
    fn ran(times: &[(u64, u64, u64)]) -> Vec<Rc<Transfer>> {
        let zero = Instant::now();
        let after = |ms| zero + Duration::from_millis(ms);
        let one = |(index, &(begun, head, ended)): (usize, &(u64, u64, u64))| {
            let transfer = Transfer::new(&format!("file-{index}"));
            transfer.begin(after(begun));
            transfer.head(Some(1024), 0, after(head));
            transfer.add(1024);
            transfer.end(Ok(()), after(ended));
            Rc::new(transfer)
        };
        times.iter().enumerate().map(one).collect()
    }

    fn failure(why: &str) -> crate::transfer::Reason {
        let (why, code) = (why.to_owned(), 1);
        crate::transfer::Reason { why, code }
    }

    #[test]
    fn the_sum_the_span_and_the_most_at_once_are_told_apart() {
        let all = ran(&[(0, 50, 100), (0, 50, 100), (100, 150, 300), (50, 60, 70)]);
        let sums = Sums::of(&all);
        assert_eq!(sums.sum, Duration::from_millis(100 + 100 + 200 + 20));
        assert_eq!(sums.together, Duration::from_millis(300));
        assert_eq!(sums.most_at_once, 3, "the third began when two had ended");
        assert_eq!((sums.arrived, sums.failed, sums.bytes), (4, 0, 4096));
        assert_eq!(times(sums.sum, sums.together), Some(1.4));
    }

    #[test]
    fn the_gain_is_claimed_only_where_all_arrived() {
        let all = ran(&[(0, 50, 1000), (0, 50, 1000)]);
        let lines = story(&all, &[], " in all").join("\n");
        assert!(lines.starts_with("2 files, 2.0 KiB in all\n"), "{lines}");
        assert!(
            lines.contains("2.00 s") && lines.contains("2.0 times as fast"),
            "{lines}"
        );
        let measured = story(&all, &ran(&[(0, 1, 900), (900, 950, 2500)]), "").join("\n");
        assert!(
            measured.contains("2.50 s") && measured.contains("2.5 times"),
            "{measured}"
        );

        let failed = Transfer::new("late");
        failed.begin(all[0].span().unwrap().0);
        failed.end(Err(failure("timeout")), all[0].span().unwrap().1);
        let lines = story(&[&all[..], &[Rc::new(failed)]].concat(), &[], "").join("\n");
        assert!(
            lines.contains("; 1 failed") && !lines.contains("times"),
            "{lines}"
        );
        assert_eq!(story(&all[..1], &[], "").len(), 1);
    }

    #[test]
    fn nothing_ran_is_no_division_by_zero() {
        let sums = Sums::of(&[Rc::new(Transfer::new("queued for ever"))]);
        assert_eq!((sums.sum, sums.most_at_once), (Duration::ZERO, 0));
        assert_eq!(times(sums.sum, sums.together), None);
        assert!(timeline(&[Rc::new(Transfer::new("x"))], 80).is_empty());
        assert_eq!(timeline(&ran(&[(0, 0, 0)]), 80).len(), 1);
    }

    #[test]
    fn the_picture_is_to_scale_and_within_the_width() {
        let all = ran(&[(0, 500, 1000), (250, 500, 750), (999, 999, 1000)]);
        let scale_width = 38;
        for width in [80, 40, 10, 300] {
            let lines = timeline(&all, width);
            let widest = lines.iter().map(|l| measure_text_width(l)).max().unwrap();
            assert!(
                widest <= cmp::max(width, 40).min(WIDEST),
                "{width}: {lines:#?}"
            );
        }
        let lines = timeline(&all, 2 + 6 + 1 + 10 + 2 + 1 + 8 + scale_width);
        let columns = |line: &str, c: char| line.chars().filter(|&d| d == c).count();
        assert_eq!((columns(&lines[0], '╶'), columns(&lines[0], '━')), (19, 19));
        assert!(columns(&lines[1], '╶').abs_diff(10) <= 1, "{}", lines[1]);
        let shown = columns(&lines[2], '╶') + columns(&lines[2], '━');
        assert_eq!(shown, 1, "short, but seen: {}", lines[2]);
    }

    #[test]
    fn names_of_any_width_line_up() {
        let all = ran(&[(0, 5, 10), (0, 5, 10)]);
        let wide = Transfer::new("文件文件文件文件文件文件文件文件文件文件.iso");
        wide.begin(all[0].span().unwrap().0);
        wide.end(Err(failure("reset")), all[0].span().unwrap().1);
        let lines = timeline(&[all[0].clone(), Rc::new(wide)], 80);
        let widths: Vec<_> = lines.iter().map(|l| measure_text_width(l)).collect();
        assert_eq!(widths[0], widths[1], "{lines:#?}");
        assert!(lines.iter().any(|l| l.starts_with('!')));
    }
}
