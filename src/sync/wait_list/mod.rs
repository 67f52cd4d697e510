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
//! A waiter is a place in a slab; its neighbours in the line are links between places. The
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
//! - I2: a place has a waker exactly while it is in the line.
//! - I3: `waiting` is the length of the line.
//!
//! Not taken: nodes inside of the futures, linked by pointers, as tokio has them. They need no
//! slab, but pinning and `unsafe`.

use crate::caught;
use std::cell::{Cell, RefCell};
use std::task::{Context, Poll, Waker};

use slab::Slab;

/// An empty slab with room for more waiters than this gives its memory back (trap 43).
const KEPT: usize = 64;

thread_local! {
    /// Places that were taken on this thread, less those given back here: for
    /// `testing::ledger`. Signed, because a future that waits for something in `remote` may be
    /// polled on one thread and dropped on another.
    static PLACES: Cell<isize> = const { Cell::new(0) };
}

/// How many wait, or were called and have not seen it, in all lines of this thread.
pub(crate) fn live_waiters() -> usize {
    usize::try_from(PLACES.get()).unwrap_or(0)
}

/// A line of tasks that wait, each with a `T` that says for what.
pub(super) struct WaitList<T> {
    /// I3. Outside of the cell, so that "nobody waits" costs one load.
    waiting: Cell<usize>,
    list: RefCell<List<T>>,
}

struct List<T> {
    /// Every waiter, in the line or called.
    places: Slab<Waiter<T>>,
    front: Option<WaitKey>,
    back: Option<WaitKey>,
}

struct Waiter<T> {
    /// What it waits for, or what it was called with.
    data: T,
    /// I2. Set by `push`, changed by `renew`, taken by `call`.
    waker: Option<Waker>,
    /// Neighbours in the line; `None` at its ends, and for whoever is in it no longer.
    before: Option<WaitKey>,
    after: Option<WaitKey>,
}

/// A place in the list. Whoever pushed owns it, and spends it when [`WaitList::poll`] is ready
/// or in [`WaitList::leave`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct WaitKey(u32);

/// What [`WaitList::leave`] gives back.
pub(super) struct Left<T> {
    pub(super) data: T,
    /// The waker, if it had not been called. Only to be dropped, and that last: the drop may
    /// run a stranger's code, and by then the leaver's own affairs should be in order.
    _waker: Option<Waker>,
}

impl<T> WaitList<T> {
    pub(super) const fn new() -> WaitList<T> {
        WaitList {
            waiting: Cell::new(0),
            list: RefCell::new(List {
                places: Slab::new(),
                front: None,
                back: None,
            }),
        }
    }

    /// True if nobody waits to be called.
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.get() == 0
    }

    /// How many wait to be called.
    pub(super) fn len(&self) -> usize {
        self.waiting.get()
    }

    /// Joins the end of the line. The caller cloned the waker, and *then* looked once more
    /// whether it has to wait at all.
    pub(super) fn push(&self, data: T, waker: Waker) -> WaitKey {
        let mut list = self.list.borrow_mut();
        let before = list.back;
        let key = list.insert(Waiter {
            data,
            waker: Some(waker),
            before,
            after: None,
        });
        *list.link_after(before) = Some(key);
        list.back = Some(key);
        self.waiting.set(self.waiting.get() + 1);
        key
    }

    /// Calls the first in line, if `accept` says so, which may also leave something in its
    /// data. The caller wakes the waker that comes back (see [`wake_each`]).
    pub(super) fn call_front(&self, accept: impl FnOnce(&mut T) -> bool) -> Option<Waker> {
        let mut list = self.list.borrow_mut();
        let key = list.front?;
        self.call(&mut list, key, accept)
    }

    /// [`call_front`](WaitList::call_front) for the last in line.
    pub(super) fn call_back(&self, accept: impl FnOnce(&mut T) -> bool) -> Option<Waker> {
        let mut list = self.list.borrow_mut();
        let key = list.back?;
        self.call(&mut list, key, accept)
    }

    fn call(
        &self,
        list: &mut List<T>,
        key: WaitKey,
        accept: impl FnOnce(&mut T) -> bool,
    ) -> Option<Waker> {
        let waiter = list.waiter(key);
        if !accept(&mut waiter.data) {
            return None;
        }
        let waker = waiter.waker.take();
        debug_assert!(waker.is_some(), "I2: who is in the line has a waker");
        list.unlink(key);
        self.waiting.set(self.waiting.get() - 1);
        waker
    }

    /// Ready once `key` was called; its place is given back with that. Until then, the call
    /// will wake the task of `cx`, even if it was another task that pushed (trap 13).
    #[inline]
    pub(super) fn poll(&self, key: WaitKey, cx: &Context<'_>) -> Poll<T> {
        let mut list = self.list.borrow_mut();
        match &list.waiter(key).waker {
            None => return Poll::Ready(list.remove(key).data),
            Some(waker) if waker.will_wake(cx.waker()) => return Poll::Pending,
            Some(_) => {}
        }
        drop(list);
        self.renew(key, cx)
    }

    /// The slow half of [`poll`](WaitList::poll): the waker is another one.
    #[cold]
    fn renew(&self, key: WaitKey, cx: &Context<'_>) -> Poll<T> {
        // Cloned and dropped outside of the borrow, so the call may come in between.
        let mut fresh = Some(cx.waker().clone());
        let mut list = self.list.borrow_mut();
        let waiter = list.waiter(key);
        if waiter.waker.is_none() {
            return Poll::Ready(list.remove(key).data);
        }
        std::mem::swap(&mut waiter.waker, &mut fresh);
        drop(list);
        Poll::Pending
    }

    /// [`poll`](WaitList::poll) for a list that stands behind a lock, under which a waker may be
    /// neither cloned nor dropped: the caller brings a clone, if it has one, and takes away the
    /// one that was displaced.
    pub(super) fn poll_swap(&self, key: WaitKey, fresh: &mut Option<Waker>) -> Poll<T> {
        let mut list = self.list.borrow_mut();
        let waiter = list.waiter(key);
        if waiter.waker.is_none() {
            return Poll::Ready(list.remove(key).data);
        }
        if fresh.is_some() {
            std::mem::swap(&mut waiter.waker, fresh);
        }
        Poll::Pending
    }

    /// Was `key` called, and not polled since?
    pub(super) fn is_called(&self, key: WaitKey) -> bool {
        self.list.borrow_mut().waiter(key).waker.is_none()
    }

    /// Gives up the place, called or not. A waker that is left over is dropped with the
    /// answer, not before.
    pub(super) fn leave(&self, key: WaitKey) -> Left<T> {
        let mut list = self.list.borrow_mut();
        // I2: it has a waker, so it is in the line.
        if list.waiter(key).waker.is_some() {
            list.unlink(key);
            self.waiting.set(self.waiting.get() - 1);
        }
        let Waiter { data, waker, .. } = list.remove(key);
        Left {
            data,
            _waker: waker,
        }
    }
}

impl<T> List<T> {
    fn insert(&mut self, waiter: Waiter<T>) -> WaitKey {
        let index = self.places.insert(waiter);
        PLACES.set(PLACES.get() + 1);
        WaitKey(u32::try_from(index).expect("memory ends before four billion waiters do"))
    }

    /// Frees a place that is not in the line (any more).
    #[inline]
    fn remove(&mut self, key: WaitKey) -> Waiter<T> {
        let waiter = self.places.remove(key.index());
        PLACES.set(PLACES.get() - 1);
        debug_assert_eq!((waiter.before, waiter.after), (None, None));
        if self.places.is_empty() && self.places.capacity() > KEPT {
            self.give_back();
        }
        waiter
    }

    /// The rare half of [`remove`](List::remove), kept out of the way of the other.
    #[cold]
    fn give_back(&mut self) {
        self.places = Slab::new();
    }

    #[inline]
    fn waiter(&mut self, key: WaitKey) -> &mut Waiter<T> {
        &mut self.places[key.index()]
    }

    /// The link that points at whoever follows `key`; for `None`, the line's own front.
    fn link_after(&mut self, key: Option<WaitKey>) -> &mut Option<WaitKey> {
        match key {
            Some(key) => &mut self.places[key.index()].after,
            None => &mut self.front,
        }
    }

    /// The same in the other direction.
    fn link_before(&mut self, key: Option<WaitKey>) -> &mut Option<WaitKey> {
        match key {
            Some(key) => &mut self.places[key.index()].before,
            None => &mut self.back,
        }
    }

    /// Takes `key` out of the line: its neighbours shake hands.
    #[inline]
    fn unlink(&mut self, key: WaitKey) {
        let waiter = self.waiter(key);
        let (before, after) = (waiter.before.take(), waiter.after.take());
        debug_assert_eq!(*self.link_after(before), Some(key));
        debug_assert_eq!(*self.link_before(after), Some(key));
        *self.link_after(before) = after;
        *self.link_before(after) = before;
    }
}

impl WaitKey {
    fn index(self) -> usize {
        self.0 as usize
    }
}

/// Wakes one after the other until `next` has none left. A waker that panics does not cost
/// the others theirs (trap 60).
pub(super) fn wake_each(mut next: impl FnMut() -> Option<Waker>) {
    while let Some(waker) = next() {
        caught::wake(waker);
    }
}

#[cfg(test)]
pub(super) mod tests;
