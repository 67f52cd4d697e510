//! The table of sources and the kernel's list of them: how one gets in, and out again.

use std::io;
use std::rc::Rc;

use mio::{Interest, Token};

use super::backend::{self, Io};
use super::side::Slot;
use super::{HALF, KEEP, MAX_SOURCES, Reactor, ended};

/// What the kernel was told of a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// Nobody has had to wait for it so far.
    Nothing,
    /// Registered through mio's own type, which keeps books of that.
    ByMio,
    /// Registered by the number of its descriptor.
    ByDescriptor,
}

impl Reactor {
    /// Gives `io` a slot and tells the kernel about it. Where the kernel refuses, the slot is
    /// given back (trap 16).
    pub(super) fn register<S: Io>(&self, io: &mut S, interest: Interest) -> io::Result<Rc<Slot>> {
        let slot = self.reserve(interest)?;
        let poll = self.poll.borrow();
        let told = poll.registry().register(io, slot.token(), interest);
        let (told, by) = match told {
            // Perhaps it is only listed already: see there.
            Err(e) if backend::LATE_IS_EARLY_ENOUGH && e.raw_os_error().is_some() => (
                backend::register(poll.registry(), io, slot.token(), interest),
                Told::ByDescriptor,
            ),
            told => (told, Told::ByMio),
        };
        match told {
            Ok(()) => {
                slot.set_told(by);
                Ok(slot)
            }
            Err(e) => {
                self.release(&slot);
                Err(e)
            }
        }
    }

    /// Tells the kernel about a source that has its slot already, if it does not know yet.
    ///
    /// Law: a registration is told at once of what is ready by then. Consequence: a socket need
    /// not be listed before somebody sleeps on it; one that is connected, used and closed
    /// without a wait never is. Price: where the kernel has no room in its list, the first wait
    /// says so, not the connection.
    pub(super) fn listen<S: Io>(&self, io: &S, slot: &Slot) -> io::Result<()> {
        if slot.told() == Told::Nothing {
            let poll = self.poll.borrow();
            backend::register(poll.registry(), io, slot.token(), slot.interest())?;
            slot.set_told(Told::ByDescriptor);
        }
        Ok(())
    }

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
        // The shift drops the generation's upper half: it wraps, and that is fine, since no
        // event is as old as four billion registrations.
        let token = Token(generation << HALF | entry.key());
        let slot = Rc::new(Slot::new(token, interest));
        entry.insert(slot.clone());
        Ok(slot)
    }

    /// Takes `io` out of the kernel's list and its slot out of ours. After that no event
    /// reaches it, not even one that lives on in a duplicate of the descriptor (trap 15).
    pub(super) fn deregister<S: Io>(&self, io: &mut S, slot: &Slot) -> io::Result<()> {
        self.release(slot);
        let poll = self.poll.borrow();
        let told = match slot.told() {
            Told::Nothing => Ok(()),
            Told::ByMio => poll.registry().deregister(io),
            Told::ByDescriptor => backend::deregister(poll.registry(), io),
        };
        told.or_else(|e| backend::is_lost(&e).then_some(()).ok_or(e))
    }

    /// The same for an `io` that is about to be closed, without a system call where closing does
    /// it. If its only descriptor has a duplicate after all (a child that was forked and never
    /// calls `exec` has one), then the kernel goes on telling, to a token that is nobody's (I2).
    pub(super) fn deregister_closing<S: Io>(&self, io: &mut S, slot: &Slot) -> io::Result<()> {
        if backend::FORGETS_THE_CLOSED && !slot.is_shared() {
            self.release(slot);
            return Ok(());
        }
        self.deregister(io, slot)
    }

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
        if slot.told() == Told::Nothing {
            return self.listen(io, slot);
        }
        let poll = self.poll.borrow();
        backend::rearm(poll.registry(), io, slot.token(), slot.interest())
    }
}
