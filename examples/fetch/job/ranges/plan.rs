//! Which range brings which bytes of a file. No waiting, no I/O.
//!
//! ```text
//!   there      ████████████░░░░░░░░██████░░░░░░░░░░░░░░░░░
//!   ranges                 [0 ────▶       [1 ───▶ )[2 ────▶
//!                        at┘      end             └ half of what was 1's
//! ```
//!
//! * P1: no byte is fetched by two ranges at once.
//! * P2: what is missing is some range's, or free for the next one.
//! * P3: a range is given what nobody fetches; and else the second half of the longest rest, so
//!   that the bytes come nearly in their order, and the first range goes on undisturbed.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::job::stretches::Stretches;

/// Ranges are numbered as they are begun.
pub type Number = u64;

#[derive(Debug)]
pub struct Plan {
    total: u64,
    there: Stretches,
    runs: BTreeMap<Number, Run>,
    begun: Number,
    /// No half of a rest is shorter.
    least: u64,
    /// Halves meet where a block begins, if the file has blocks: else 1.
    grain: u64,
}

/// What one range has to bring.
#[derive(Debug, Clone, PartialEq)]
struct Run {
    start: u64,
    /// Its next byte.
    at: u64,
    /// Comes nearer when half of its rest is given away.
    end: u64,
    /// So far goes its response, whatever was given away of it.
    reach: u64,
}

impl Plan {
    /// For a file of `total` bytes of which these are there.
    pub fn new(total: u64, there: Stretches, least: u64, grain: u64) -> Plan {
        Plan {
            total,
            there,
            runs: BTreeMap::new(),
            begun: 0,
            least: least.max(1),
            grain: grain.max(1),
        }
    }

    /// What a further range could bring.
    pub fn next(&self) -> Option<Range<u64>> {
        let mut free = self.there.gaps(self.total);
        for run in self.runs.values() {
            free.remove(run.at..run.end);
        }
        if let Some(gap) = free.iter().next() {
            return Some(gap);
        }
        let longest = self.runs.values().max_by_key(|run| run.end - run.at)?;
        let middle = longest.at + (longest.end - longest.at).div_ceil(2);
        let middle = middle.next_multiple_of(self.grain);
        let fits = middle.checked_sub(longest.at)? >= self.least
            && longest.end.checked_sub(middle)? >= self.least;
        fits.then_some(middle..longest.end)
    }

    /// A range begins to bring what [`next`](Plan::next) said, or what is nobody's. Its response
    /// goes as far as `reach`, at least to its end.
    pub fn begin(&mut self, stretch: Range<u64>, reach: u64) -> Number {
        for run in self.runs.values_mut() {
            // P1.
            if (run.at..run.end).contains(&stretch.start) {
                run.end = stretch.start;
            }
        }
        let Range { start, end } = stretch;
        let at = start;
        self.begun += 1;
        let run = Run {
            start,
            at,
            end,
            reach,
        };
        self.runs.insert(self.begun, run);
        self.begun
    }

    /// A range brought so many bytes: where they begin, and how many of them count. What goes
    /// beyond its end is another one's.
    pub fn came(&mut self, number: Number, count: usize) -> (u64, usize) {
        let Some(run) = self.runs.get_mut(&number) else {
            return (0, 0);
        };
        let at = run.at;
        let taken = (run.end - at).min(count as u64);
        run.at += taken;
        self.there.add(at..run.at);
        (at, taken as usize)
    }

    /// Its response goes only so far: what is behind is free.
    pub fn limit(&mut self, number: Number, reach: u64) {
        if let Some(run) = self.runs.get_mut(&number) {
            (run.reach, run.end) = (reach, run.end.min(reach));
        }
    }

    /// Does it go on into what another range was given, and has brought nothing of yet? Then it
    /// keeps that: its own response has those bytes. The other one is gone, and named here.
    pub fn take_back(&mut self, number: Number) -> Option<Number> {
        let run = self.runs.get(&number)?;
        let is_idle = |other: &Run| other.start == run.end && other.at == other.start;
        let (other, idle) = self.runs.iter().find(|(_, other)| is_idle(other))?;
        let (other, end) = (*other, idle.end);
        if run.reach < end {
            return None;
        }
        self.runs.remove(&other);
        self.runs.get_mut(&number)?.end = end;
        Some(other)
    }

    /// The range ends. What it did not bring is free, or again of the one that it was taken
    /// from.
    pub fn leave(&mut self, number: Number) {
        let Some(run) = self.runs.remove(&number) else {
            return;
        };
        let mut others = self.runs.values_mut();
        let before = others.find(|other| other.end == run.at && other.at < other.end);
        if let Some(before) = before {
            before.end = run.end.min(before.reach.max(before.end));
        }
    }

    /// Has it brought all that it had to?
    pub fn is_over(&self, number: Number) -> bool {
        self.runs.get(&number).is_none_or(|run| run.at == run.end)
    }

    /// Has it brought anything at all?
    pub fn is_idle(&self, number: Number) -> bool {
        self.runs
            .get(&number)
            .is_some_and(|run| run.at == run.start)
    }

    /// These bytes are wrong, and have to come again.
    pub fn forget(&mut self, wrong: Range<u64>) {
        self.there.remove(wrong);
    }

    pub fn total(&self) -> u64 {
        self.total
    }

    /// How many bytes are missing.
    pub fn rest(&self) -> u64 {
        self.total - self.there.sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(there: &str) -> Plan {
        Plan::new(1000, Stretches::parse(there).unwrap(), 100, 1)
    }

    /// Broken by: taking half of a rest while something is free.
    #[test]
    fn what_nobody_fetches_comes_first_and_then_half_of_the_longest_rest() {
        let mut plan = plan("0-99 400-499");
        assert_eq!(plan.next(), Some(100..400));
        let first = plan.begin(100..400, 1000);
        assert_eq!(plan.next(), Some(500..1000));
        let second = plan.begin(500..1000, 1000);
        assert_eq!(plan.next(), Some(750..1000));
        let third = plan.begin(750..1000, 1000);
        assert_eq!(
            (plan.came(second, 300), plan.is_over(second)),
            ((500, 250), true)
        );
        plan.leave(second);
        assert_eq!(
            plan.next(),
            Some(250..400),
            "the longest rest is the first one's now"
        );
        assert_eq!(
            (plan.came(first, 50), plan.came(third, 10)),
            ((100, 50), (750, 10))
        );
        assert_eq!(plan.rest(), 1000 - 200 - 250 - 50 - 10);
    }

    #[test]
    fn halves_are_not_too_short_and_meet_where_blocks_do() {
        let mut short = plan("0-800");
        short.begin(801..1000, 1000);
        assert_eq!(short.next(), None);
        let mut blocks = Plan::new(1000, Stretches::default(), 1, 300);
        blocks.begin(0..1000, 1000);
        assert_eq!(blocks.next(), Some(600..1000));
        blocks.begin(600..1000, 1000);
        assert_eq!(blocks.next(), Some(300..600));
    }

    /// A server without ranges must not cost what the first range would have brought anyway.
    /// Broken by: leaving `leave` to make all of it free.
    #[test]
    fn what_a_range_did_not_bring_is_again_of_the_one_it_was_taken_from() {
        let mut plan = plan("");
        let first = plan.begin(0..1000, 1000);
        let second = plan.begin(500..1000, 1000);
        plan.came(first, 100);
        plan.leave(second);
        plan.came(first, 900);
        assert_eq!(plan.rest(), 0);

        let mut short = self::plan("");
        let first = short.begin(0..600, 600);
        let second = short.begin(600..1000, 1000);
        short.leave(second);
        assert_eq!(
            short.came(first, 900),
            (0, 600),
            "its response does not go there"
        );
        short.leave(first);
        assert_eq!(short.next(), Some(600..1000));
    }

    #[test]
    fn who_arrives_where_another_one_has_not_begun_goes_on() {
        let mut plan = plan("");
        let first = plan.begin(0..1000, 1000);
        let second = plan.begin(500..1000, 1000);
        plan.came(first, 500);
        assert_eq!(plan.take_back(first), Some(second));
        assert_eq!(plan.came(second, 10), (0, 0));
        assert_eq!(plan.came(first, 800), (500, 500));

        let mut plan = self::plan("");
        let first = plan.begin(0..1000, 1000);
        let second = plan.begin(500..1000, 1000);
        plan.came(first, 500);
        plan.came(second, 1);
        assert_eq!(plan.take_back(first), None);
    }

    #[test]
    fn wrong_bytes_come_again() {
        let mut plan = plan("0-999");
        assert_eq!((plan.next(), plan.rest()), (None, 0));
        plan.forget(200..300);
        assert_eq!((plan.next(), plan.rest()), (Some(200..300), 100));
    }
}
