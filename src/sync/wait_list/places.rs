//! The places of a line: a `Vec` of them, with links for neighbours in the line, and for the places
//! that are free. Nothing in here wakes, or runs anybody's code.
//!
//! Not taken: the `slab` crate, as for sockets. It takes a waiter whole, put together on the stack
//! from parts that were just written, and to read those back in larger pieces a processor has to
//! wait (5 ns). Here each part is written where it stays.

use std::cell::Cell;

use crate::executor::Parked;

/// An empty list with room for more waiters than this gives its memory back (trap 43).
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

/// All places of one line.
pub(super) struct List<T> {
    /// Every waiter, in the line or called, and the places that are free.
    places: Vec<Waiter<T>>,
    /// The free place that was freed last; the others follow by `after`.
    free: WaitKey,
    /// Places that are not free.
    taken: usize,
    /// The ends of the line.
    front: WaitKey,
    back: WaitKey,
}

pub(super) struct Waiter<T> {
    /// What it waits for, or what it was called with.
    pub(super) data: T,
    /// I2 of the line. Set by `push`, changed by `renew`, taken by `call`.
    pub(super) parked: Parked,
    /// Neighbours in the line; [`WaitKey::NONE`] at its ends, and for whoever is in it no longer.
    before: WaitKey,
    after: WaitKey,
}

/// A place in the list. Whoever pushed owns it, and spends it when `WaitList::poll` is ready or
/// in `WaitList::leave`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::sync) struct WaitKey(u32);

impl<T: Copy> List<T> {
    pub(super) const fn new() -> List<T> {
        List {
            places: Vec::new(),
            free: WaitKey::NONE,
            taken: 0,
            front: WaitKey::NONE,
            back: WaitKey::NONE,
        }
    }

    /// The first in line, if there is one.
    pub(super) fn front(&self) -> WaitKey {
        self.front
    }

    /// The last in line, if there is one.
    pub(super) fn back(&self) -> WaitKey {
        self.back
    }

    /// A place at the end of the line.
    #[inline]
    pub(super) fn append(&mut self, data: T, parked: Parked) -> WaitKey {
        let before = self.back;
        let key = self.insert(data, parked, before);
        *self.link_after(before) = key;
        self.back = key;
        key
    }

    /// Takes a free place, or makes one.
    #[inline]
    fn insert(&mut self, data: T, parked: Parked, before: WaitKey) -> WaitKey {
        PLACES.set(PLACES.get() + 1);
        self.taken += 1;
        let key = self.free;
        let Some(waiter) = self.places.get_mut(key.index()) else {
            return self.grow(data, parked, before);
        };
        self.free = waiter.after;
        waiter.data = data;
        waiter.parked.put(parked);
        waiter.before = before;
        waiter.after = WaitKey::NONE;
        key
    }

    #[cold]
    fn grow(&mut self, data: T, parked: Parked, before: WaitKey) -> WaitKey {
        let index = u32::try_from(self.places.len()).ok();
        let index = index.filter(|&index| index != WaitKey::NONE.0);
        self.places.push(Waiter {
            data,
            parked,
            before,
            after: WaitKey::NONE,
        });
        WaitKey(index.expect("memory ends before four billion waiters do"))
    }

    /// Frees a place that is not in the line (any more).
    #[inline]
    pub(super) fn remove(&mut self, key: WaitKey) -> T {
        let free = self.free;
        let waiter = self.waiter(key);
        debug_assert!(waiter.parked.is_nobody());
        debug_assert_eq!(
            (waiter.before, waiter.after),
            (WaitKey::NONE, WaitKey::NONE)
        );
        waiter.after = free;
        let data = waiter.data;
        self.free = key;
        self.taken -= 1;
        PLACES.set(PLACES.get() - 1);
        if self.taken == 0 && self.places.capacity() > KEPT {
            self.give_back();
        }
        data
    }

    /// The rare half of [`remove`](List::remove), kept out of the way of the other.
    #[cold]
    fn give_back(&mut self) {
        self.places = Vec::new();
        self.free = WaitKey::NONE;
    }

    #[cfg(test)]
    pub(super) fn room(&self) -> usize {
        self.places.capacity()
    }

    #[inline]
    pub(super) fn waiter(&mut self, key: WaitKey) -> &mut Waiter<T> {
        &mut self.places[key.index()]
    }

    /// The link that points at whoever follows `key`; for `NONE`, the line's own front.
    #[inline]
    fn link_after(&mut self, key: WaitKey) -> &mut WaitKey {
        match key {
            WaitKey::NONE => &mut self.front,
            key => &mut self.places[key.index()].after,
        }
    }

    /// The same in the other direction.
    #[inline]
    fn link_before(&mut self, key: WaitKey) -> &mut WaitKey {
        match key {
            WaitKey::NONE => &mut self.back,
            key => &mut self.places[key.index()].before,
        }
    }

    /// Takes `key` out of the line: its neighbours shake hands.
    #[inline]
    pub(super) fn unlink(&mut self, key: WaitKey) {
        let waiter = self.waiter(key);
        let (before, after) = (waiter.before, waiter.after);
        waiter.before = WaitKey::NONE;
        waiter.after = WaitKey::NONE;
        debug_assert_eq!(*self.link_after(before), key);
        debug_assert_eq!(*self.link_before(after), key);
        *self.link_after(before) = after;
        *self.link_before(after) = before;
    }
}

impl WaitKey {
    /// No place: the end of the line, or of the list of free places. There is never a place with
    /// this index.
    const NONE: WaitKey = WaitKey(u32::MAX);

    fn index(self) -> usize {
        self.0 as usize
    }
}
