//! A lane's two lines of jobs: first come, first served, and whoever gives up leaves in constant
//! time. Also what is said of a job there: its class and its place.
//!
//! There are two lines because two kinds of callers meet here. What was *started*
//! (`spawn_blocking`, files) is accepted without limit. What is merely *awaited*
//! (`blocking::run`) is bounded: workers take from the two lines in turn, so that ten
//! thousand awaited jobs delay a file write by one of them and not by all.
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
    bounded: bool,
    number: u64,
}

impl Place {
    /// For wait records.
    pub(crate) fn number(self) -> u64 {
        self.number
    }
}

/// See the module's documentation.
pub(super) struct Lines<J> {
    /// `Free` and `Mandatory` jobs.
    free: Line<J>,
    /// `Bounded` jobs.
    bounded: Line<J>,
    /// Whose turn it is when both have somebody.
    bounded_next: bool,
}

impl<J> Lines<J> {
    pub(super) fn new() -> Lines<J> {
        Lines {
            free: Line::new(),
            bounded: Line::new(),
            bounded_next: false,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.free.is_empty() && self.bounded.is_empty()
    }

    pub(super) fn push(&mut self, job: J, class: Class) -> Place {
        let bounded = class == Class::Bounded;
        let mandatory = class == Class::Mandatory;
        let number = self.line(bounded).push(Entry { job, mandatory });
        Place { bounded, number }
    }

    /// The next job: from the two lines in turn.
    pub(super) fn pop(&mut self) -> Option<J> {
        let entry = match self.bounded_next {
            true => self.bounded.pop().or_else(|| self.free.pop()),
            false => self.free.pop().or_else(|| self.bounded.pop()),
        };
        self.bounded_next = !self.bounded_next;
        entry.map(|entry| entry.job)
    }

    pub(super) fn withdraw(&mut self, place: Place) -> Option<J> {
        let entry = self.line(place.bounded).withdraw(place.number);
        entry.map(|entry| entry.job)
    }

    pub(super) fn take_unless_mandatory(&mut self) -> Vec<J> {
        let mut unwanted = self.free.take_unless_mandatory();
        unwanted.append(&mut self.bounded.take_unless_mandatory());
        unwanted
    }

    /// Slots that they hold memory for.
    #[cfg(test)]
    pub(super) fn capacity(&self) -> usize {
        self.free.entries.capacity() + self.bounded.entries.capacity()
    }

    fn line(&mut self, bounded: bool) -> &mut Line<J> {
        match bounded {
            true => &mut self.bounded,
            false => &mut self.free,
        }
    }
}

struct Entry<J> {
    job: J,
    /// It carries a promise: it runs even after the queue was closed.
    mandatory: bool,
}

/// Jobs in the order in which they came. Each has a number, counted up from 0, and stands at
/// `number - first`: that makes withdrawing one constant time. What it leaves is a hole (a few
/// bytes), which goes when the front has come that far.
struct Line<J> {
    /// The front is never a hole.
    entries: VecDeque<Option<Entry<J>>>,
    /// The number of the front.
    first: u64,
}

/// A line with more capacity gives it back once three quarters of it are unused.
const KEPT_CAPACITY: usize = 256;

impl<J> Line<J> {
    fn new() -> Line<J> {
        Line {
            entries: VecDeque::new(),
            first: 0,
        }
    }

    fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    fn push(&mut self, entry: Entry<J>) -> u64 {
        self.entries.push_back(Some(entry));
        self.first + (self.entries.len() as u64 - 1)
    }

    fn pop(&mut self) -> Option<Entry<J>> {
        let entry = self.entries.pop_front()?;
        self.first += 1;
        self.drop_holes();
        debug_assert!(entry.is_some(), "the front is never a hole");
        entry
    }

    fn withdraw(&mut self, number: u64) -> Option<Entry<J>> {
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

    fn take_unless_mandatory(&mut self) -> Vec<J> {
        let mut unwanted = Vec::new();
        for slot in &mut self.entries {
            if let Some(entry) = slot.take_if(|entry| !entry.mandatory) {
                unwanted.push(entry.job);
            }
        }
        self.drop_holes();
        unwanted
    }
}
