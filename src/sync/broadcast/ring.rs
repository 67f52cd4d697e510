//! The last so many messages, each numbered, and for each how many still want it.
//!
//! ```text
//!   numbers:    …  4   5   6   7   8          (9 comes next)
//!                 gone │               │
//!                      oldest          newest
//!   still want it:     1   1   2   3   3      never falls from left to right (I2)
//! ```
//!
//! A receiver is no more than the number of the message that it wants next. So a receiver that
//! is behind costs nothing, and a message goes as soon as nobody wants it.
//!
//! Invariants:
//! - I1: `oldest` is the number of the message at the front; they are numbered without gaps.
//! - I2: a receiver wants every message from its next one on, and a new receiver only those
//!   that come after it. So whoever wants one message wants all later ones too, and those that
//!   nobody wants are always at the front.
//! - I3: what leaves the ring is handed out, to be dropped when nothing is borrowed.

use std::rc::Rc;

use crate::sync::backlog::Backlog;

/// A message and how many want it.
struct Slot<T> {
    /// In an `Rc`, because to clone a `T` is code of the user, which must not run while the
    /// ring is borrowed.
    message: Rc<T>,
    wanted: usize,
}

/// The messages of one channel.
pub(super) struct Ring<T> {
    slots: Backlog<Slot<T>>,
    /// I1.
    oldest: u64,
    capacity: usize,
}

/// What a receiver finds at its number.
pub(super) enum Found<T> {
    Message {
        message: Rc<T>,
        /// Nobody else wants it.
        is_last: bool,
    },
    /// Nothing yet.
    Nothing,
    /// So many are gone.
    Lagged(u64),
}

impl<T> Ring<T> {
    pub(super) fn new(capacity: usize) -> Ring<T> {
        Ring {
            slots: Backlog::new(),
            oldest: 0,
            capacity,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }

    /// The number of the message that comes next: where a new receiver begins.
    pub(super) fn end(&self) -> u64 {
        self.oldest + self.slots.len() as u64
    }

    /// Messages that a receiver at `next` can still get.
    pub(super) fn left_for(&self, next: u64) -> usize {
        let left = self.end() - next.max(self.oldest);
        usize::try_from(left).expect("no more than the capacity")
    }

    /// Appends a message that so many want. The oldest may have to go for it (I3).
    pub(super) fn push(&mut self, message: T, wanted: usize) -> Option<Rc<T>> {
        let message = Rc::new(message);
        let gone = match self.slots.len() == self.capacity {
            true => self.pop(),
            false => None,
        };
        self.slots.push(Slot { message, wanted });
        gone
    }

    /// One receiver takes the message at `next`, and moves on. If it was the last to want it,
    /// the message is left to [`sweep`](Ring::sweep).
    pub(super) fn take(&mut self, next: &mut u64) -> Found<T> {
        if *next < self.oldest {
            let missed = self.oldest - *next;
            *next = self.oldest;
            return Found::Lagged(missed);
        }
        let Some(slot) = self.slot(*next - self.oldest) else {
            return Found::Nothing;
        };
        slot.wanted -= 1;
        let message = slot.message.clone();
        let is_last = slot.wanted == 0;
        *next += 1;
        Found::Message { message, is_last }
    }

    /// A receiver at `next` goes and wants nothing any more.
    pub(super) fn forget(&mut self, next: u64) {
        let first = next.max(self.oldest) - self.oldest;
        for index in first..self.slots.len() as u64 {
            let slot = self.slot(index).expect("just counted");
            slot.wanted -= 1;
        }
    }

    /// Takes out a message that nobody wants, if there is one (I2, I3).
    pub(super) fn sweep(&mut self) -> Option<Rc<T>> {
        match self.slot(0)?.wanted {
            0 => self.pop(),
            _ => None,
        }
    }

    fn slot(&mut self, index: u64) -> Option<&mut Slot<T>> {
        self.slots.get_mut(usize::try_from(index).ok()?)
    }

    fn pop(&mut self) -> Option<Rc<T>> {
        let slot = self.slots.pop()?;
        self.oldest += 1;
        Some(slot.message)
    }
}
