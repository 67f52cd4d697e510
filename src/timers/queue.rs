//! The order in which timers come: a heap, and beside it a run that is already sorted.
//!
//! A binary heap is right for the daily business: an insert moves past one or two entries,
//! and of 100,000 timers a few are due at a time. But to pop *all* of a big heap is a walk
//! from the root to a leaf for each entry, all over its memory, which is several times slower
//! than to sort the entries and take them from the end of the list. So as soon as one *burst*
//! (it is over when nothing is due any more, and may take several ticks) has taken a [`SHARE`]
//! of the heap singly, everything that is due moves to `run`, sorted.
//!
//! ```text
//!   push ──► heap ──── pop_due, one by one ────────────────────► fired
//!             └─────── pop_due, when a share is gone ──► run ──► fired
//! ```
//!
//! Entries may be dead: whether the timer lives is known by the slots, not here.
//!
//! Invariant I1: nothing in `heap` comes before anything in `run`. It holds when the run is
//! filled, and later pushes, in other ticks too, come after all that was due then (the timers'
//! I4).
//!
//! Only `timers` uses this file.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::slots::{self, Place};

/// The divisor of the share: a sixteenth. Sorting looks at every entry of the heap once, so it
/// must be earned by as many pops as make that a small constant for each.
const SHARE: usize = 16;

/// One deadline. Compared by the deadline, then by the number: first come, first served.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Entry {
    /// In nanoseconds since the timers were made: half as long as an `Instant`, and one comparison
    /// in place of two. Making and dropping 100,000 timers takes a sixth less time for it.
    pub(super) deadline: u64,
    pub(super) place: Place,
}

#[derive(Default)]
pub(super) struct Queue {
    heap: BinaryHeap<Reverse<Entry>>,
    /// Sorted, the earliest at the end. Filled by a burst, and emptied before that is over.
    run: Vec<Entry>,
    /// How many more the burst may pop singly. `None` when one begins, or begins anew after a
    /// sort.
    singly: Option<usize>,
}

impl Queue {
    /// Entries, dead ones included.
    pub(super) fn len(&self) -> usize {
        self.heap.len() + self.run.len()
    }

    pub(super) fn push(&mut self, entry: Entry) {
        debug_assert!(self.run.first().is_none_or(|last| *last < entry), "I1");
        self.heap.push(Reverse(entry));
    }

    /// The earliest entry.
    #[inline]
    pub(super) fn peek(&self) -> Option<Entry> {
        let in_heap = || self.heap.peek().map(|Reverse(entry)| *entry);
        self.run.last().copied().or_else(in_heap) // I1
    }

    pub(super) fn pop(&mut self) -> Option<Entry> {
        let popped = self.run.pop(); // I1
        popped.or_else(|| self.heap.pop().map(|Reverse(entry)| entry))
    }

    /// The earliest entry, if `is_due` says that it is. It must say so of all that come before
    /// one of which it says so.
    pub(super) fn pop_due(&mut self, is_due: impl Fn(Entry) -> bool) -> Option<Entry> {
        if !self.peek().is_some_and(&is_due) {
            self.singly = None;
            return None;
        }
        if self.run.is_empty() {
            let share = 1 + self.heap.len() / SHARE;
            self.singly = self.singly.unwrap_or(share).checked_sub(1);
            if self.singly.is_none() {
                self.sort(is_due);
            }
        }
        self.pop()
    }

    /// In a big burst: the timer that comes a few pops from now.
    pub(super) fn ahead(&self) -> Option<Place> {
        let index = self.run.len().checked_sub(8)?;
        Some(self.run[index].place)
    }

    /// Moves what is due to the run.
    fn sort(&mut self, is_due: impl Fn(Entry) -> bool) {
        let run = &mut self.run;
        self.heap.retain(|&Reverse(entry)| {
            let due = is_due(entry);
            if due {
                run.push(entry);
            }
            !due
        });
        run.sort_unstable_by(|a, b| b.cmp(a));
    }

    /// Throws out what `is_alive` does not know, in one walk.
    pub(super) fn retain(&mut self, is_alive: impl Fn(Place) -> bool) {
        self.run.retain(|entry| is_alive(entry.place));
        self.heap.retain(|Reverse(entry)| is_alive(entry.place));
    }

    /// Gives memory back after a burst (trap 59).
    pub(super) fn shrink(&mut self) {
        if slots::is_too_roomy(self.heap.capacity(), self.heap.len()) {
            self.heap.shrink_to(2 * self.heap.len());
        }
        slots::shrink(&mut self.run);
    }

    /// Is a big burst going on?
    #[cfg(test)]
    pub(super) fn is_sorted(&self) -> bool {
        !self.run.is_empty()
    }

    /// How many entries there is memory for.
    #[cfg(test)]
    pub(super) fn capacity(&self) -> usize {
        self.heap.capacity().max(self.run.capacity())
    }
}
