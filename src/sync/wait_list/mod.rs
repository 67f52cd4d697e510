//! A line of waiting tasks: first come, first called, and whoever gives up leaves at once.
//!
//! Semaphores, locks, channels and notifications are all the same thing at heart: a few
//! numbers, and a line of tasks that wait for those numbers to change. The numbers live with
//! each of them; the line lives here.
//!
//! ```text
//!          push                call_front           poll, leave
//!  (none) ──────▶ waiting ────────────────▶ called ────────────▶ (none)
//!                    │                                              ▲
//!                    └──────────────── leave ───────────────────────┘
//! ```
//!
//! A waiter is a place in a `Vec`; its neighbours in the line are links between places, and so are
//! those of the places that are free. The
//! future that waits owns its place by a [`WaitKey`] and gives it back when it is ready, in
//! [`poll`](WaitList::poll), or when it is dropped, in [`leave`](WaitList::leave). Being
//! called only takes it out of the line: what it was called *for* (permits, a notification)
//! stays with the place in `T`, so that a future which is dropped between call and poll can
//! pass it on (trap 41). Nothing here walks the line: every step is O(1), whatever its length
//! (trap 51).
//!
//! Law: the clone, the wake and the drop of a waker may run a stranger's code, which may come
//! back to this very line. Consequence: none of the three happens while the list is borrowed;
//! this file keeps that rule for everybody who uses it. Price: the world may have changed
//! when such a step returns, so callers look again before they park.
//!
//! Invariants:
//! - I1: a place is freed only by its owner, in `poll` or `leave`, so a key is good until it is
//!   spent. That is why keys need no generation.
//! - I2: somebody is parked in a place exactly while it is in the line.
//! - I3: `waiting` is the length of the line.
//!
//! Not taken: nodes inside of the futures, linked by pointers, as tokio has them. They need no
//! places, but pinning and `unsafe`.

use std::cell::{Cell, RefCell};
use std::task::{Context, Poll, Waker};

use crate::executor::Parked;

mod places;

use places::List;
pub(super) use places::WaitKey;
pub(crate) use places::live_waiters;

/// A line of tasks that wait, each with a `T` that says for what: plain data, which a free place
/// may keep.
pub(super) struct WaitList<T> {
    /// I3. Outside of the cell, so that "nobody waits" costs one load. Not as wide as the mark of a
    /// borrow beside it, which goes up when this does: a compiler would add to both at once, and
    /// for that a processor waits until what was written to each of them has arrived.
    waiting: Cell<u32>,
    list: RefCell<List<T>>,
}

/// What [`WaitList::leave`] gives back.
pub(super) struct Left<T> {
    pub(super) data: T,
    /// Who it was, if it had not been called. Only to be dropped, and that last: the drop may
    /// run a stranger's code, and by then the leaver's own affairs should be in order.
    _parked: Parked,
}

impl<T: Copy> WaitList<T> {
    pub(super) const fn new() -> WaitList<T> {
        WaitList {
            waiting: Cell::new(0),
            list: RefCell::new(List::new()),
        }
    }

    /// True if nobody waits to be called.
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.get() == 0
    }

    /// How many wait to be called.
    pub(super) fn len(&self) -> usize {
        self.waiting.get() as usize
    }

    /// Joins the end of the line. The caller made `parked`, and *then* looked once more
    /// whether it has to wait at all.
    #[inline]
    pub(super) fn push(&self, data: T, parked: Parked) -> WaitKey {
        debug_assert!(!parked.is_nobody(), "I2");
        self.waiting.set(self.waiting.get() + 1);
        self.list.borrow_mut().append(data, parked)
    }

    /// Calls the first in line, if `accept` says so, which may also leave something in its
    /// data. The caller wakes the one that comes back (see [`wake_each`]).
    #[inline]
    pub(super) fn call_front(&self, accept: impl FnOnce(&mut T) -> bool) -> Option<Parked> {
        if self.is_empty() {
            return None;
        }
        let mut list = self.list.borrow_mut();
        let key = list.front();
        self.call(&mut list, key, accept)
    }

    /// [`call_front`](WaitList::call_front) for the last in line.
    pub(super) fn call_back(&self, accept: impl FnOnce(&mut T) -> bool) -> Option<Parked> {
        if self.is_empty() {
            return None;
        }
        let mut list = self.list.borrow_mut();
        let key = list.back();
        self.call(&mut list, key, accept)
    }

    #[inline]
    fn call(
        &self,
        list: &mut List<T>,
        key: WaitKey,
        accept: impl FnOnce(&mut T) -> bool,
    ) -> Option<Parked> {
        let waiter = list.waiter(key);
        if !accept(&mut waiter.data) {
            return None;
        }
        let parked = waiter.parked.take();
        debug_assert!(!parked.is_nobody(), "I2: who is in the line is parked");
        list.unlink(key);
        self.waiting.set(self.waiting.get() - 1);
        Some(parked)
    }

    /// Ready once `key` was called; its place is given back with that. Until then, the call
    /// will wake the task of `cx`, even if it was another task that pushed (trap 13).
    #[inline]
    pub(super) fn poll(&self, key: WaitKey, cx: &Context<'_>) -> Poll<T> {
        let mut list = self.list.borrow_mut();
        let parked = &list.waiter(key).parked;
        if parked.is_nobody() {
            return Poll::Ready(list.remove(key));
        }
        if parked.will_wake(cx) {
            return Poll::Pending;
        }
        drop(list);
        self.renew(key, cx)
    }

    /// The slow half of [`poll`](WaitList::poll): the waker is another one.
    #[cold]
    fn renew(&self, key: WaitKey, cx: &Context<'_>) -> Poll<T> {
        // Made and dropped outside of the borrow, so the call may come in between.
        let mut fresh = Parked::new(cx);
        let mut list = self.list.borrow_mut();
        let waiter = list.waiter(key);
        if waiter.parked.is_nobody() {
            return Poll::Ready(list.remove(key));
        }
        std::mem::swap(&mut waiter.parked, &mut fresh);
        drop(list);
        Poll::Pending
    }

    /// [`poll`](WaitList::poll) for a list that stands behind a lock, under which a waker may be
    /// neither cloned nor dropped: the caller brings a clone, if it has one, and takes away the
    /// one that was displaced.
    pub(super) fn poll_swap(&self, key: WaitKey, fresh: &mut Option<Waker>) -> Poll<T> {
        let mut list = self.list.borrow_mut();
        let waiter = list.waiter(key);
        if waiter.parked.is_nobody() {
            return Poll::Ready(list.remove(key));
        }
        if fresh.is_some() {
            waiter.parked.swap_waker(fresh);
        }
        Poll::Pending
    }

    /// Was `key` called, and not polled since?
    pub(super) fn is_called(&self, key: WaitKey) -> bool {
        self.list.borrow_mut().waiter(key).parked.is_nobody()
    }

    /// Gives up the place, called or not. A waker that is left over is dropped with the
    /// answer, not before.
    pub(super) fn leave(&self, key: WaitKey) -> Left<T> {
        let mut list = self.list.borrow_mut();
        let parked = list.waiter(key).parked.take();
        // I2: it was parked, so it is in the line.
        if !parked.is_nobody() {
            list.unlink(key);
            self.waiting.set(self.waiting.get() - 1);
        }
        Left {
            data: list.remove(key),
            _parked: parked,
        }
    }
}

/// Wakes one after the other until `next` has none left. A waker that panics does not cost
/// the others theirs (trap 60).
pub(super) fn wake_each(mut next: impl FnMut() -> Option<Parked>) {
    while let Some(parked) = next() {
        parked.wake_caught();
    }
}

#[cfg(test)]
pub(super) mod tests;
