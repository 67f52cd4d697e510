//! What runs, and what has ended, in numbers: for whoever says how things stand.
//!
//! It is told of every beginning and every end, and looks only at those that run. So a list of
//! a hundred thousand files costs no more drawing than a list of a hundred.

use std::cell::{Cell, Ref, RefCell};
use std::rc::Rc;
use std::time::{Duration, Instant};

use super::pace::Pace;
use crate::transfer::Transfer;

#[derive(Debug, Default)]
pub struct Board {
    /// How many there are to be.
    pub files: usize,
    /// In the order in which they began.
    running: RefCell<Vec<Rc<Transfer>>>,
    ended: Cell<usize>,
    succeeded: Cell<usize>,
    /// Over the network, of those that ended.
    received: Cell<u64>,
    /// The sizes of those that arrived, to guess at the ones to come.
    sizes: Cell<u64>,
    /// Of all together.
    pace: RefCell<Pace>,
}

impl Board {
    pub fn new(files: usize) -> Board {
        Board {
            files,
            ..Board::default()
        }
    }

    pub fn began(&self, transfer: &Rc<Transfer>) {
        self.running.borrow_mut().push(transfer.clone());
    }

    pub fn ended(&self, transfer: &Transfer) {
        let mut running = self.running.borrow_mut();
        running.retain(|other| !std::ptr::eq(&**other, transfer));
        self.ended.set(self.ended.get() + 1);
        self.received.set(self.received.get() + transfer.received());
        if transfer.succeeded() {
            self.succeeded.set(self.succeeded.get() + 1);
            self.sizes.set(self.sizes.get() + transfer.size());
        }
    }

    /// To be called now and then, for the speed.
    pub fn mark(&self, now: Instant) {
        self.pace.borrow_mut().mark(now, self.received());
    }

    pub fn running(&self) -> Ref<'_, Vec<Rc<Transfer>>> {
        self.running.borrow()
    }

    pub fn has_ended(&self) -> usize {
        self.ended.get()
    }

    pub fn is_waiting(&self) -> usize {
        self.files
            .saturating_sub(self.ended.get() + self.running().len())
    }

    /// Over the network, of all.
    pub fn received(&self) -> u64 {
        let running: u64 = self.running().iter().map(|t| t.received()).sum();
        self.received.get() + running
    }

    /// How much of all is done, from 0 to 1: each file counts alike.
    pub fn fraction(&self) -> f64 {
        let running: f64 = self.running().iter().map(|t| t.fraction()).sum();
        let all = self.files.max(1) as f64;
        (self.ended.get() as f64 + running) / all
    }

    pub fn bytes_per_second(&self) -> Option<f64> {
        self.pace.borrow().bytes_per_second()
    }

    /// How long the rest will take, if files to come are as large as those that are known.
    /// `None` where too little is known.
    pub fn time_left(&self) -> Option<Duration> {
        let running = self.running();
        let known = || running.iter().filter_map(|t| Some((t.total()?, t.size())));
        let rest: u64 = known()
            .map(|(total, size)| total.saturating_sub(size))
            .sum();
        let (count, sum) = known().fold(
            (self.succeeded.get() as u64, self.sizes.get()),
            |(count, sum), (total, _)| (count + 1, sum.saturating_add(total)),
        );
        let unknown = (self.is_waiting() + running.len() - known().count()) as u64;
        let guessed = sum.checked_div(count)?.saturating_mul(unknown);
        let rest = rest.saturating_add(guessed);
        (rest > 0)
            .then(|| self.pace.borrow().time_for(rest))
            .flatten()
    }
}

/// Which one is chosen next, down or up; from none, the first or the last.
pub fn next(
    all: &[Rc<Transfer>],
    chosen: Option<&Rc<Transfer>>,
    down: bool,
) -> Option<Rc<Transfer>> {
    let at = chosen.and_then(|chosen| all.iter().position(|other| Rc::ptr_eq(other, chosen)));
    let last = all.len().checked_sub(1)?;
    let next = match (at, down) {
        (None, true) => 0,
        (None, false) => last,
        (Some(at), true) => (at + 1).min(last),
        (Some(at), false) => at.saturating_sub(1),
    };
    Some(all[next].clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn transfers(count: usize) -> Vec<Rc<Transfer>> {
        let new = |n: usize| Rc::new(Transfer::new(&n.to_string()));
        (0..count).map(new).collect()
    }

    #[test]
    fn what_ended_counts_and_is_looked_at_no_more() {
        let (board, all, now) = (Board::new(4), transfers(3), Instant::now());
        for transfer in &all {
            transfer.begin(now);
            board.began(transfer);
        }
        all[0].head(Some(100), 0, now);
        all[0].add(100);
        all[0].end(Ok(()), now);
        board.ended(&all[0]);
        all[1].head(Some(100), 0, now);
        all[1].add(50);
        assert_eq!((board.has_ended(), board.is_waiting()), (1, 1));
        assert_eq!((board.running().len(), board.received()), (2, 150));
        assert_eq!(board.fraction(), 1.5 / 4.0);
    }

    /// 50 bytes of a running one, 100 of one whose head is not there, 100 of one that waits.
    /// Broken by: leaving those out that wait, or whose size is not known yet.
    #[test]
    fn files_to_come_are_taken_to_be_as_large_as_the_others() {
        let (board, all, now) = (Board::new(3), transfers(2), Instant::now());
        assert_eq!(board.time_left(), None, "nothing is known");
        for transfer in &all {
            transfer.begin(now);
            board.began(transfer);
        }
        board.mark(now);
        all[0].head(Some(100), 0, now);
        all[0].add(50);
        board.mark(now + Duration::from_secs(1));
        assert_eq!(board.time_left(), Some(Duration::from_secs(5)));
    }
}
