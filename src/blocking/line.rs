//! A line of jobs: first come, first served, and whoever gives up leaves in constant time. Also
//! what is said of a job there: its class and its place.
//!
//! Plain data under the queue's lock. Called by `queue` only; like it, compiled a second time
//! for the model checker.

use std::collections::VecDeque;

/// Which line a job stands in, and what becomes of it when the runtime ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    /// Started at once and accepted without limit. Dropped if the runtime ends first.
    Free,
    /// Awaited: stands in the line of its own. Dropped if the runtime ends first.
    Bounded,
    /// Like `Free`, but it carries data that somebody was told is accepted (a file's late
    /// write): it runs even after `close`.
    Mandatory,
}

/// A job's place in line. Never reused, so a stale one withdraws nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(super) bounded: bool,
    pub(super) number: u64,
}

impl Place {
    /// For wait records.
    pub(crate) fn number(self) -> u64 {
        self.number
    }
}

pub(super) struct Entry<J> {
    pub(super) job: J,
    /// It carries a promise: it runs even after the queue was closed.
    pub(super) mandatory: bool,
}

/// Jobs in the order in which they came. Each has a number, counted up from 0, and stands at
/// `number - first`: that makes withdrawing one constant time. What it leaves is a hole (a few
/// bytes), which goes when the front has come that far.
pub(super) struct Line<J> {
    /// The front is never a hole.
    entries: VecDeque<Option<Entry<J>>>,
    /// The number of the front.
    first: u64,
}

/// A line with more capacity gives it back once three quarters of it are unused.
const KEPT_CAPACITY: usize = 256;

impl<J> Line<J> {
    pub(super) fn new() -> Line<J> {
        Line {
            entries: VecDeque::new(),
            first: 0,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub(super) fn push(&mut self, entry: Entry<J>) -> u64 {
        self.entries.push_back(Some(entry));
        self.first + (self.entries.len() as u64 - 1)
    }

    pub(super) fn pop(&mut self) -> Option<Entry<J>> {
        let entry = self.entries.pop_front()?;
        self.first += 1;
        self.drop_holes();
        debug_assert!(entry.is_some(), "the front is never a hole");
        entry
    }

    pub(super) fn withdraw(&mut self, number: u64) -> Option<Entry<J>> {
        let index = usize::try_from(number.checked_sub(self.first)?).ok()?;
        let entry = self.entries.get_mut(index)?.take();
        self.drop_holes();
        entry
    }

    /// Puts the front where somebody stands, and gives back what a burst has left.
    fn drop_holes(&mut self) {
        while let Some(None) = self.entries.front() {
            self.entries.pop_front();
            self.first += 1;
        }
        let capacity = self.entries.capacity();
        if capacity > KEPT_CAPACITY && self.entries.len() < capacity / 4 {
            self.entries
                .shrink_to(KEPT_CAPACITY.max(self.entries.len() * 2));
        }
    }

    pub(super) fn take_unless_mandatory(&mut self) -> Vec<J> {
        let mut unwanted = Vec::new();
        for slot in &mut self.entries {
            if let Some(entry) = slot.take_if(|entry| !entry.mandatory) {
                unwanted.push(entry.job);
            }
        }
        self.drop_holes();
        unwanted
    }

    /// Slots that it holds memory for.
    #[cfg(test)]
    pub(super) fn capacity(&self) -> usize {
        self.entries.capacity()
    }
}
