//! The table of sources and the kernel's list of them: how one gets in, and out again.
//!
//! A source has its *slot* in the table from beginning to end. It is *listed* in the kernel, which
//! tells of its events then, from when somebody first waits for it, or from the beginning where
//! that would be too late; and struck off when it is closed or given back.

use std::io;
use std::rc::Rc;

use mio::{Interest, Token};

use super::backend::{self, Io};
use super::side::Slot;
use super::{HALF, KEEP, MAX_SOURCES, Reactor, ended};

impl Reactor {
    /// Gives `io` a slot and lists it at once. Where the kernel refuses, the slot is given back
    /// (trap 16).
    pub(super) fn reserve_listed<S: Io>(
        &self,
        io: &mut S,
        interest: Interest,
    ) -> io::Result<Rc<Slot>> {
        let slot = self.reserve(interest)?;
        match backend::enlist_now(self.poll.borrow().registry(), io, slot.token(), interest) {
            Ok(()) => {
                slot.set_listed();
                Ok(slot)
            }
            Err(e) => {
                self.release(&slot);
                Err(e)
            }
        }
    }

    /// Lists `io`, which has its slot already, if it is not listed yet.
    ///
    /// Law: listing tells at once what is ready by then. Consequence: a socket need
    /// not be listed before somebody sleeps on it; one that is connected, used and closed
    /// without a wait never is. Price: where the kernel has no room in its list, the first wait
    /// says so, not the connection.
    pub(super) fn enlist<S: Io>(&self, io: &S, slot: &Slot) -> io::Result<()> {
        if !slot.is_listed() {
            let poll = self.poll.borrow();
            backend::enlist(poll.registry(), io, slot.token(), slot.interest())?;
            slot.set_listed();
        }
        Ok(())
    }

    /// Gives a source that is not listed its slot.
    pub(super) fn reserve(&self, interest: Interest) -> io::Result<Rc<Slot>> {
        if self.closed.get() {
            return Err(ended());
        }
        let mut slots = self.slots.borrow_mut();
        let entry = slots.vacant_entry();
        if entry.key() >= MAX_SOURCES {
            return Err(io::Error::other(
                "as many sockets as a token can tell apart",
            ));
        }
        let generation = self.generation.get();
        self.generation.set(generation.wrapping_add(1));
        // The shift drops the generation's upper half: it wraps, after four billion slots. A
        // stale event that met its own number again would cost one refused try.
        let token = Token(generation << HALF | entry.key());
        let slot = Rc::new(Slot::new(token, interest));
        entry.insert(slot.clone());
        Ok(slot)
    }

    /// Strikes `io` off the kernel's list, and takes its slot out of the table. After that no event
    /// reaches it, not even one that lives on in a duplicate of the descriptor (trap 15).
    pub(super) fn strike_off<S: Io>(&self, io: &mut S, slot: &Slot) -> io::Result<()> {
        self.release(slot);
        if !slot.is_listed() {
            return Ok(());
        }
        let struck_off = backend::strike_off(self.poll.borrow().registry(), io);
        struck_off.or_else(|e| backend::is_lost(&e).then_some(()).ok_or(e))
    }

    /// The same for an `io` that is about to be closed, without a system call where closing does
    /// it. If its only descriptor has a duplicate after all (a child that was forked and never
    /// calls `exec` has one), then the kernel goes on telling, to a token that is nobody's (I2).
    pub(super) fn strike_off_closing<S: Io>(&self, io: &mut S, slot: &Slot) -> io::Result<()> {
        if backend::FORGETS_THE_CLOSED && !slot.is_shared() {
            self.release(slot);
            return Ok(());
        }
        self.strike_off(io, slot)
    }

    /// Takes a slot out of the table.
    pub(super) fn release(&self, slot: &Slot) {
        let mut slots = self.slots.borrow_mut();
        let removed = slots.remove(slot.token().0 & MAX_SOURCES);
        debug_assert!(removed.token() == slot.token(), "I2: a slot has one tenant");
        // After a burst (trap 59): its vacant end can be cut off. One who lives on may stand
        // there, so we try again each time when half of the others have gone.
        let is_roomy = slots.capacity() > KEEP.max(slots.len() * 4);
        if !is_roomy {
            self.tried_at.set(usize::MAX);
        } else if slots.len() <= self.tried_at.get() / 2 {
            self.tried_at.set(slots.len());
            slots.shrink_to_fit();
        }
        // The wakers parked in the slot are dropped with the last `Rc`, after this borrow.
        drop(slots);
        drop(removed);
    }

    /// Sees to it that the kernel tells us again, after an operation on `io` was refused.
    pub(super) fn rearm<S: Io>(&self, io: &S, slot: &Slot) -> io::Result<()> {
        if !slot.is_listed() {
            return self.enlist(io, slot);
        }
        let poll = self.poll.borrow();
        backend::rearm(poll.registry(), io, slot.token(), slot.interest())
    }
}
