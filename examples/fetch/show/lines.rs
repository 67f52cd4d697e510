//! Plain lines, for pipes, logs, and terminals that cannot move their cursor.
//!
//! One line for each file that arrived, and every ten seconds (the period of `Show`) one
//! about all of them, so that a log of a long run shows that it lives.

use std::rc::Rc;

use super::{Tell, arrived_line, text, to_stdout};
use crate::transfer::{Phase, Transfer};

pub struct Lines {
    all: Vec<Rc<Transfer>>,
    tell: Tell,
}

impl Lines {
    pub fn new(all: Vec<Rc<Transfer>>, tell: Tell) -> Lines {
        Lines { all, tell }
    }

    pub fn refresh(&self) {
        to_stdout(&standing(&self.all));
    }

    pub fn ended(&self, transfer: &Transfer) {
        if self.tell == Tell::Every {
            to_stdout(&arrived_line(transfer));
        }
    }
}

/// `12 of 36 files, 3.4 MiB, 24 running`.
pub fn standing(all: &[Rc<Transfer>]) -> String {
    let received = all.iter().map(|t| t.received()).sum();
    format!(
        "{} of {}, {}, {} running",
        count(all, |phase| phase == Phase::Ended),
        text::files(all.len()),
        text::bytes(received),
        count(all, Phase::is_running),
    )
}

pub fn count(all: &[Rc<Transfer>], wanted: impl Fn(Phase) -> bool) -> usize {
    all.iter().filter(|t| wanted(t.phase())).count()
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    #[test]
    fn a_line_about_all_counts_what_ended_and_what_runs() {
        let now = Instant::now();
        let all: Vec<_> = ["a", "b", "c"].map(|l| Rc::new(Transfer::new(l))).into();
        all[0].begin(now);
        all[0].head(None, 0, now);
        all[0].add(2048);
        all[0].end(Ok(()), now);
        all[1].begin(now);
        assert_eq!(standing(&all), "1 of 3 files, 2.0 KiB, 1 running");
    }
}
