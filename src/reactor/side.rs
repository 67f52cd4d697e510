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

use std::cell::Cell;
use std::collections::VecDeque;
use std::task::Waker;

use mio::{Interest, Token};

use super::Signs;
use super::seats::Parked;
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
    told: Cell<Told>,
    /// May another descriptor of the same socket exist? Set when it was not made here, and when
    /// its descriptor is lent; never taken back. Then closing ours does not end the
    /// registration.
    shared: Cell<bool>,
    read: Side,
    write: Side,
}

impl Slot {
    pub(super) fn new(token: Token, interest: Interest) -> Slot {
        Slot {
            token,
            interest,
            told: Cell::new(Told::Nothing),
            shared: Cell::new(false),
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

    pub(super) fn told(&self) -> Told {
        self.told.get()
    }

    pub(super) fn set_told(&self, told: Told) {
        self.told.set(told);
    }

    pub(super) fn is_shared(&self) -> bool {
        self.shared.get()
    }

    pub(super) fn set_shared(&self) {
        self.shared.set(true);
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
            side.take_all(wakers);
        }
    }
}

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

/// What is known about a side: see the drawing at the top.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Known {
    Unknown,
    Ready,
    Drained,
}

/// One direction of a source. Cells, not a `RefCell`: what waits is taken out, changed and put
/// back, with no code of the user in between, and an idle connection is some bytes smaller.
pub(super) struct Side {
    known: Cell<Known>,
    /// Has any event since the registration hinted at an end, an error or an urgent byte?
    /// Then that may have come in one edge with the data, and no other edge will follow: a
    /// short read proves nothing from here on (trap 54).
    hinted: Cell<bool>,
    /// Raised by each event: a [`WaiterKey`] of another epoch is void. That is what makes waking
    /// everybody, and cancelling one of them, cheap: nobody has to be told. It wraps: no future
    /// goes unpolled for four billion events.
    epoch: Cell<u32>,
    parked: Cell<Parked>,
}

impl Side {
    fn new() -> Side {
        Side {
            known: Cell::new(Known::Unknown),
            hinted: Cell::new(false),
            epoch: Cell::new(0),
            parked: Cell::default(),
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
        self.take_all(wakes);
    }

    /// Parks the task of a `poll_*` method in the one place there is for them.
    pub(super) fn park_polled(&self, waker: &Waker) {
        debug_assert!(
            !self.is_ready(),
            "I1: nobody sleeps on a side that can be tried"
        );
        let parked = self.parked.take();
        let same = parked.polled().is_some_and(|old| old.will_wake(waker));
        self.parked.set(parked);
        if same {
            return;
        }
        // Cloned before it is taken out, dropped after it is back (trap 10).
        let new = waker.clone();
        let mut parked = self.parked.take();
        let old = parked.set_polled(new);
        self.parked.set(parked);
        drop(old);
    }

    /// Parks a waiter in a seat of its own, or gives it its new waker (trap 13).
    pub(super) fn park(&self, key: &mut Option<WaiterKey>, waker: &Waker) {
        debug_assert!(
            !self.is_ready(),
            "I1: nobody sleeps on a side that can be tried"
        );
        let valid = key.filter(|key| key.epoch == self.epoch.get());
        let mut parked = self.parked.take();
        let seat = valid.and_then(|key| parked.seat(key.index));
        let same = seat.is_some_and(|old| old.will_wake(waker));
        self.parked.set(parked);
        if same {
            return;
        }
        let new = waker.clone();
        let mut parked = self.parked.take();
        let seat = valid.and_then(|key| parked.seat(key.index));
        let old = match seat {
            Some(seat) => Some(std::mem::replace(seat, new)),
            None => {
                *key = Some(WaiterKey {
                    index: parked.sit_down(new),
                    epoch: self.epoch.get(),
                });
                None
            }
        };
        self.parked.set(parked);
        drop(old);
    }

    /// Takes a waiter out of its seat, if no event has done so already.
    pub(super) fn unpark(&self, key: WaiterKey) {
        if key.epoch == self.epoch.get() {
            let mut parked = self.parked.take();
            let old = parked.stand_up(key.index);
            self.parked.set(parked);
            drop(old);
        }
    }

    /// Moves every waker out. Taken, not cloned: one event, one wake.
    fn take_all(&self, wakes: &mut VecDeque<Waker>) {
        self.epoch.set(self.epoch.get().wrapping_add(1));
        let mut parked = self.parked.take();
        parked.take_all(wakes);
        self.parked.set(parked);
    }
}

/// Names a waiter's seat, until the next event.
#[derive(Clone, Copy, Debug)]
pub(super) struct WaiterKey {
    index: usize,
    /// The side's `epoch` when this waiter came in. Any other says: an event has emptied the
    /// seats since, and `index` may be somebody else's.
    epoch: u32,
}
