//! The reactor's half of a source: its slot in the table, and in it the two sides, reading
//! and writing, each with what is known about it and who waits for it.
//!
//! This is data; it does no I/O and calls no waker. Wakers go out of here only by being
//! pushed into a queue that the caller empties (I3 of the [reactor](super)).
//!
//! What is known about a side:
//!
//! ```text
//!              refused, or short and trusted                refused, or short and trusted
//!   Unknown ──────────────────────────────────▶ Drained ◀────────────────────────────────┐
//!      │                                           │                                      │
//!      │ event                               event │                                      │
//!      └─────────────────▶ Ready ◀─────────────────┘                                      │
//!                            └────────────────────────────────────────────────────────────┘
//! ```
//!
//! - `Unknown`: registered, no event yet. An operation is tried; `readable()` waits, since
//!   the registration itself makes an event if there is anything to tell.
//! - `Ready`: worth a try.
//! - `Drained`: the kernel refused, or gave less than was asked for. The next operation parks
//!   without a system call. Only an event leads out of here, and it wakes everybody (I1).
//!
//! Is "drained" in a race with the kernel? No: an edge that happens after the refusal stays
//! with the kernel until the next visit, and then leads to `Ready`. An old edge that comes
//! late does no more than cost one refused try (trap 4).

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::task::Waker;

use mio::{Interest, Token};
use slab::Slab;

use super::Signs;
use crate::trace::WaitKind;

/// Which half of a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    Read,
    Write,
}

impl Direction {
    pub(super) fn wait_kind(self) -> WaitKind {
        match self {
            Direction::Read => WaitKind::Readable,
            Direction::Write => WaitKind::Writable,
        }
    }
}

/// One registered source, as the reactor sees it.
pub(super) struct Slot {
    token: Token,
    /// What it was registered for, to ask for it again where that is needed.
    interest: Interest,
    read: Side,
    write: Side,
}

impl Slot {
    pub(super) fn new(token: Token, interest: Interest) -> Slot {
        Slot {
            token,
            interest,
            read: Side::new(),
            write: Side::new(),
        }
    }

    pub(super) fn token(&self) -> Token {
        self.token
    }

    pub(super) fn interest(&self) -> Interest {
        self.interest
    }

    pub(super) fn side(&self, direction: Direction) -> &Side {
        match direction {
            Direction::Read => &self.read,
            Direction::Write => &self.write,
        }
    }

    /// An event: takes the wakers of whoever it concerns. An error concerns both sides; a
    /// peer that merely stopped sending does not concern the writer (trap 18).
    pub(super) fn note(&self, signs: Signs, wakes: &mut VecDeque<Waker>) {
        if signs.readable || signs.read_hint || signs.error {
            self.read.ready(signs.read_hint || signs.error, wakes);
        }
        if signs.writable || signs.write_hint || signs.error {
            self.write.ready(signs.write_hint || signs.error, wakes);
        }
    }

    /// The runtime's end. With both sides drained for good, every operation comes to the
    /// place where it would park, and is refused there.
    pub(super) fn close(&self, wakers: &mut VecDeque<Waker>) {
        for side in [&self.read, &self.write] {
            side.known.set(Known::Drained);
            side.waiters.borrow_mut().take_all(wakers);
        }
    }
}

/// What is known about a side: see the drawing at the top.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Known {
    Unknown,
    Ready,
    Drained,
}

/// One direction of a source.
pub(super) struct Side {
    known: Cell<Known>,
    /// Has any event since the registration hinted at an end, an error or an urgent byte?
    /// Then that may have come in one edge with the data, and no other edge will follow: a
    /// short read proves nothing from here on (trap 54).
    hinted: Cell<bool>,
    waiters: RefCell<Waiters>,
}

impl Side {
    fn new() -> Side {
        Side {
            known: Cell::new(Known::Unknown),
            hinted: Cell::new(false),
            waiters: RefCell::default(),
        }
    }

    pub(super) fn is_drained(&self) -> bool {
        self.known.get() == Known::Drained
    }

    /// Has an event said so, and nothing denied it since?
    pub(super) fn is_ready(&self) -> bool {
        self.known.get() == Known::Ready
    }

    pub(super) fn set_drained(&self) {
        self.known.set(Known::Drained);
    }

    pub(super) fn is_hinted(&self) -> bool {
        self.hinted.get()
    }

    fn ready(&self, hinted: bool, wakes: &mut VecDeque<Waker>) {
        self.known.set(Known::Ready);
        self.hinted.set(self.hinted.get() || hinted);
        self.waiters.borrow_mut().take_all(wakes);
    }

    /// Parks the task of a `poll_*` method in the one slot there is for them.
    pub(super) fn park_polled(&self, waker: &Waker) {
        debug_assert!(
            !self.is_ready(),
            "I1: nobody sleeps on a side that can be tried"
        );
        let same = matches!(&self.waiters.borrow().polled, Some(old) if old.will_wake(waker));
        if same {
            return;
        }
        // Cloned before the borrow, dropped after it (trap 10).
        let new = Some(waker.clone());
        let old = std::mem::replace(&mut self.waiters.borrow_mut().polled, new);
        drop(old);
    }

    /// Parks a waiter of the list, or gives it its new waker (trap 13).
    pub(super) fn park(&self, key: &mut Option<WaiterKey>, waker: &Waker) {
        debug_assert!(
            !self.is_ready(),
            "I1: nobody sleeps on a side that can be tried"
        );
        let same = key.is_some_and(|key| self.waiters.borrow().will_wake(key, waker));
        if same {
            return;
        }
        let new = waker.clone();
        let old = self.waiters.borrow_mut().put(key, new);
        drop(old);
    }

    /// Takes a waiter off the list, if no event has done so already.
    pub(super) fn unpark(&self, key: WaiterKey) {
        let old = self.waiters.borrow_mut().remove(key);
        drop(old);
    }
}

/// Names a waiter of the list, until the next event.
#[derive(Clone, Copy, Debug)]
pub(super) struct WaiterKey {
    index: usize,
    /// The list's `epoch` when this waiter came in. Any other says: an event has emptied the
    /// list since, and `index` may be somebody else's.
    epoch: u64,
}

/// Who waits for one side. Two kinds, because there are two kinds of callers.
#[derive(Default)]
struct Waiters {
    /// For `AsyncRead` and its like, whose contract is "the last one who polled is woken".
    polled: Option<Waker>,
    /// For futures made by `&self` methods, of which any number may wait at once: four tasks
    /// that accept on one listener, a `readable()` beside a `read()` (trap 55).
    list: Slab<Waker>,
    /// Raised by each event that empties the list. That is what makes waking all of them, and
    /// cancelling one of them, cheap: nobody else has to be told.
    epoch: u64,
}

impl Waiters {
    fn get(&self, key: WaiterKey) -> Option<&Waker> {
        let waker = self.list.get(key.index);
        waker.filter(|_| key.epoch == self.epoch)
    }

    fn will_wake(&self, key: WaiterKey, waker: &Waker) -> bool {
        self.get(key).is_some_and(|old| old.will_wake(waker))
    }

    /// Puts `waker` where `key` says, or into a new place. Gives back what it displaces.
    fn put(&mut self, key: &mut Option<WaiterKey>, waker: Waker) -> Option<Waker> {
        if let Some(valid) = key.filter(|&key| self.get(key).is_some()) {
            return Some(std::mem::replace(&mut self.list[valid.index], waker));
        }
        let (index, epoch) = (self.list.insert(waker), self.epoch);
        *key = Some(WaiterKey { index, epoch });
        None
    }

    fn remove(&mut self, key: WaiterKey) -> Option<Waker> {
        self.get(key)?;
        Some(self.list.remove(key.index))
    }

    /// Moves every waker out. Taken, not cloned: one event, one wake.
    fn take_all(&mut self, wakes: &mut VecDeque<Waker>) {
        wakes.extend(self.polled.take());
        if !self.list.is_empty() {
            wakes.extend(self.list.drain());
            self.epoch += 1;
        }
    }
}
