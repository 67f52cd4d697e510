//! Where those stand who wait for live timers: a slab that shrinks by itself.
//!
//! The crate `slab` does the same, but gives memory back only when it is told to, by a walk
//! over all slots, and timers come in bursts (trap 59). Here the list of free slots stands
//! beside the slots, not inside of them, so that vacant slots at the end can be cut off.
//!
//! Law: a slot cannot move, because keys point at it. Consequence: only what lies behind the
//! last live slot can go. Price: one timer in a high slot holds the memory of all lower ones
//! until it ends; that is bounded by the biggest burst.
//!
//! Invariants:
//! - I1: the last slot is never vacant.
//! - I2: each vacant slot is in `free` exactly once. `free` may also name slots that were cut
//!   off. Those names are thrown away when they are met, and since `slots` grows only when
//!   `free` is empty, none of them ever comes to mean another slot.
//! - I3: a number is given to a slot once, so a stale [`Place`] never finds another's timer.
//!
//! Only `timers` uses this file. It runs no code of the user: they are moved in and out.

use std::mem;

use super::waiter::Waiter;

/// Room for so many is kept for the next burst, once there was one.
const ROOM: usize = 1024;

/// Which slot, and by which number its tenant goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    /// First, because timers of one deadline fire in the order of their numbers.
    pub(super) number: u64,
    pub(super) index: u32,
}

impl Place {
    /// Where nothing ever lives.
    pub(super) const NOWHERE: Place = Place {
        number: u64::MAX,
        index: u32::MAX,
    };
}

struct Slot {
    /// Set by `insert`, changed by `renumber`.
    number: u64,
    waiter: Waiter,
}

#[derive(Default)]
pub(super) struct Slots {
    slots: Vec<Option<Slot>>,
    /// Used from the end: the slot that was left last is the warmest.
    free: Vec<u32>,
    live: usize,
}

impl Slots {
    pub(super) fn live(&self) -> usize {
        self.live
    }

    pub(super) fn insert(&mut self, number: u64, waiter: Waiter) -> Place {
        self.live += 1;
        let slot = Slot { number, waiter };
        while let Some(index) = self.free.pop() {
            if let Some(vacant) = self.slots.get_mut(index as usize) {
                debug_assert!(vacant.is_none(), "I2");
                *vacant = Some(slot);
                return Place { number, index };
            }
        }
        let index = u32::try_from(self.slots.len()).expect("fewer than 2^32 timers at once");
        self.slots.push(Some(slot));
        Place { number, index }
    }

    /// Does the timer of this number still live there?
    #[inline]
    pub(super) fn holds(&self, place: Place) -> bool {
        self.waiter(place).is_some()
    }

    #[inline]
    pub(super) fn waiter(&self, place: Place) -> Option<&Waiter> {
        let slot = self.slots.get(place.index as usize)?.as_ref()?;
        (slot.number == place.number).then_some(&slot.waiter) // I3
    }

    #[inline]
    fn slot(&mut self, place: Place) -> Option<&mut Slot> {
        let slot = self.slots.get_mut(place.index as usize)?.as_mut()?;
        (slot.number == place.number).then_some(slot) // I3
    }

    /// Gives back who stood there before, or this one if the place is stale.
    pub(super) fn replace(&mut self, place: Place, waiter: Waiter) -> Waiter {
        match self.slot(place) {
            Some(slot) => mem::replace(&mut slot.waiter, waiter),
            None => waiter,
        }
    }

    /// Keeps who waits, and makes `place` stale.
    pub(super) fn renumber(&mut self, place: Place, number: u64) -> Option<Place> {
        self.slot(place)?.number = number;
        Some(Place { number, ..place })
    }

    pub(super) fn remove(&mut self, place: Place) -> Option<Waiter> {
        let slot = self.slots.get_mut(place.index as usize)?;
        let slot = slot.take_if(|slot| slot.number == place.number)?; // I3
        self.live -= 1;
        if place.index as usize + 1 < self.slots.len() {
            self.free.push(place.index); // I2
        } else {
            self.cut();
        }
        Some(slot.waiter)
    }

    /// Cuts off the vacant end (I1). Each slot that goes was pushed once, and the walk over
    /// `free` throws away at least half of it: all cuts together cost no more than all inserts.
    fn cut(&mut self) {
        while self.slots.pop_if(|slot| slot.is_none()).is_some() {}
        let end = self.slots.len();
        if self.free.len() > 2 * end {
            self.free.retain(|index| (*index as usize) < end); // I2
        }
        shrink(&mut self.slots);
        shrink(&mut self.free);
    }

    pub(super) fn into_waiters(self) -> impl Iterator<Item = Waiter> {
        self.slots.into_iter().flatten().map(|slot| slot.waiter)
    }

    /// How many slots there is memory for.
    #[cfg(test)]
    pub(super) fn capacity(&self) -> usize {
        self.slots.capacity().max(self.free.capacity())
    }
}

/// Is a list that has room for `capacity` and holds `len` far too roomy? Four times, so that
/// growing and shrinking by turns stays cheap.
pub(super) fn is_too_roomy(capacity: usize, len: usize) -> bool {
    capacity > 4 * len + ROOM
}

pub(super) fn shrink<T>(list: &mut Vec<T>) {
    if is_too_roomy(list.capacity(), list.len()) {
        list.shrink_to(2 * list.len());
    }
}
