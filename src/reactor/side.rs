//! The reactor's half of a source: its slot in the table, and in it the two sides, reading
//! and writing, each with what is known about it and who waits for it.
//!
//! This is data; it does no I/O and calls no waker. Wakers go out of here only by being
//! pushed into a queue that the caller empties (I3 of the [reactor](super)).
//!
//! What is known about a side:
//!
//! ```text
//!                1                 2                3
//!   Unknown ──────────▶ Drained ─────────▶ Ready ─────────▶ Guessed
//!      │                 ▲   ▲               │ ▲ ▲             │ │
//!      │                 │   └───────1───────┘ │ └────2, 4─────┘ │
//!      └─────────────────┼──────────2──────────┘                 │
//!                        └───────────────────1───────────────────┘
//!
//!  1 refused; set_drained: a short read or write that can be trusted   2 ready: an event
//!  3 begin_to_guess   4 give_up
//! ```
//!
//! - `Unknown`: no event yet; perhaps not even listed. An operation is tried. `readable()` waits:
//!   parking lists it, and that makes an event if there is anything to tell.
//! - `Ready`: worth a try.
//! - `Drained`: the kernel refused, or gave less than was asked for. The next operation parks
//!   without a system call. Only an event leads out of here, and it wakes everybody (I1).
//! - `Guessed`: drained, presumably, and treated like it; but the loop looks once more before it
//!   sleeps (I4, [`guess`](super::guess)). Only a read side gets there. (A `try_*` that finds
//!   something there leaves it so, since who is parked has still to be woken.)
//!
//! Is "drained" in a race with the kernel? No: an edge that happens after the refusal stays
//! with the kernel until the next visit, and then leads to `Ready`. An old edge that comes
//! late does no more than cost one refused try (trap 4).

use std::cell::Cell;
use std::task::Waker;

use mio::{Interest, Token};

use super::guess::{Guess, Habit};
use super::seats::{Seats, WaiterKey};
use super::{Signs, backend};
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

/// One source, as the reactor sees it.
pub(super) struct Slot {
    token: Token,
    /// What it is listed for, to ask for it again where that is needed.
    interest: Interest,
    /// Is it in the kernel's list? Set once, by what puts it there.
    listed: Cell<bool>,
    /// May another descriptor of the same socket exist? Set when it was not made here, and when
    /// its descriptor is lent; never taken back. Then closing ours does not strike it off.
    shared: Cell<bool>,
    read: Side,
    write: Side,
}

impl Slot {
    pub(super) fn new(token: Token, interest: Interest) -> Slot {
        Slot {
            token,
            interest,
            listed: Cell::new(false),
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

    pub(super) fn is_listed(&self) -> bool {
        self.listed.get()
    }

    pub(super) fn set_listed(&self) {
        self.listed.set(true);
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

    /// An operation in this direction went well. That is told to the habit of the read side
    /// alone: only reads are guessed about, and only where an event is sure to come by itself.
    pub(super) fn succeeded(&self, direction: Direction) {
        if backend::EDGES_COME_BY_THEMSELVES {
            match direction {
                Direction::Read => self.read.habit.read(),
                Direction::Write => self.read.habit.written(),
            }
        }
    }

    /// Names the guess about the read side that is open now.
    pub(super) fn guess(&self) -> Guess {
        Guess {
            token: self.token,
            epoch: self.read.epoch.get(),
        }
    }

    /// Is the guess of this epoch still open?
    pub(super) fn is_guessed(&self, epoch: u32) -> bool {
        self.read.is_guessed() && self.read.epoch.get() == epoch
    }

    /// Gives up the guess that is open: whoever waits shall try.
    pub(super) fn give_up(&self, wakes: &mut Vec<Waker>) {
        self.read.ready(false, wakes);
        self.read.habit.given_up();
    }

    /// An event: takes the wakers of whoever it concerns. An error concerns both sides; a
    /// peer that merely stopped sending does not concern the writer (trap 18).
    pub(super) fn note(&self, signs: Signs, wakes: &mut Vec<Waker>) {
        if signs.readable || signs.read_hint || signs.error {
            self.read.ready(signs.read_hint || signs.error, wakes);
        }
        if signs.writable || signs.write_hint || signs.error {
            self.write.ready(signs.write_hint || signs.error, wakes);
        }
    }

    /// The runtime's end. With both sides drained for good, every operation comes to the
    /// place where it would park, and is refused there.
    pub(super) fn close(&self, wakers: &mut Vec<Waker>) {
        for side in [&self.read, &self.write] {
            side.known.set(Known::Drained);
            side.take_all(wakers);
        }
    }
}

/// What is known about a side: see the drawing at the top.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Known {
    Unknown,
    Drained,
    Ready,
    Guessed,
}

/// One direction of a source. Cells, not a `RefCell`: what waits is taken out, changed and put
/// back, with no code of the user in between, and an idle connection is some bytes smaller.
pub(super) struct Side {
    known: Cell<Known>,
    /// Has any event so far hinted at an end, an error or an urgent byte?
    /// Then that may have come in one edge with the data, and no other edge will follow: a
    /// short read proves nothing from here on (trap 54).
    hinted: Cell<bool>,
    /// Knows when a try is likely to be in vain.
    habit: Habit,
    /// Raised by each event: a [`WaiterKey`] or a [`Guess`] of another epoch is void. That is
    /// what makes waking everybody, and cancelling one of them, cheap: nobody has to be told. It
    /// wraps: no future goes unpolled for four billion events.
    epoch: Cell<u32>,
    seats: Cell<Seats>,
}

impl Side {
    fn new() -> Side {
        Side {
            known: Cell::new(Known::Unknown),
            hinted: Cell::new(false),
            habit: Habit::new(),
            epoch: Cell::new(0),
            seats: Cell::default(),
        }
    }

    pub(super) fn is_drained(&self) -> bool {
        self.known.get() == Known::Drained
    }

    /// Is it worth a try, as far as anybody knows?
    pub(super) fn is_ready(&self) -> bool {
        self.known.get() == Known::Ready
    }

    pub(super) fn is_guessed(&self) -> bool {
        self.known.get() == Known::Guessed
    }

    /// Takes the side for drained, if its next try is likely to be in vain. Answers whether a
    /// guess was opened by that: then it has to go into the queue.
    pub(super) fn begin_to_guess(&self) -> bool {
        let begins = self.is_ready() && !self.is_hinted() && self.habit.expects_a_refusal();
        if begins {
            self.known.set(Known::Guessed);
        }
        begins
    }

    /// An operation looked at what is there and took nothing: it is as if its event came now.
    pub(super) fn peeked(&self) {
        self.habit.event();
    }

    /// What was read may be all there was, and that is as good as a refusal.
    pub(super) fn set_drained(&self) {
        self.known.set(Known::Drained);
    }

    /// The kernel refused: that is certain.
    pub(super) fn refused(&self) {
        self.habit.refused();
        self.set_drained();
    }

    pub(super) fn is_hinted(&self) -> bool {
        self.hinted.get()
    }

    fn ready(&self, hinted: bool, wakes: &mut Vec<Waker>) {
        self.known.set(Known::Ready);
        self.habit.event();
        self.hinted.set(self.hinted.get() || hinted);
        self.take_all(wakes);
    }

    /// Parks the task of a `poll_*` method in the one place there is for them.
    pub(super) fn park_polled(&self, waker: &Waker) {
        debug_assert!(
            !self.is_ready(),
            "I1: nobody sleeps on a side that can be tried"
        );
        let is_same = |old: &Waker| old.will_wake(waker);
        if self.change(|seats| seats.polled().is_some_and(is_same)) {
            return;
        }
        // Cloned before it is taken out, dropped after it is back (trap 10).
        let new = waker.clone();
        let old = self.change(|seats| seats.set_polled(new));
        drop(old);
    }

    /// Parks a waiter in a seat of its own, or gives it its new waker (trap 13).
    pub(super) fn park(&self, key: &mut Option<WaiterKey>, waker: &Waker) {
        debug_assert!(
            !self.is_ready(),
            "I1: nobody sleeps on a side that can be tried"
        );
        let index = key.filter(|key| key.epoch == self.epoch.get());
        let index = index.map(|key| key.index);
        let is_same = |old: &mut Waker| old.will_wake(waker);
        if index.is_some_and(|index| self.change(|seats| seats.seat(index).is_some_and(is_same))) {
            return;
        }
        let new = waker.clone();
        let (index, old) =
            self.change(
                |seats| match index.and_then(|index| Some((index, seats.seat(index)?))) {
                    Some((index, seat)) => (index, Some(std::mem::replace(seat, new))),
                    None => (seats.sit_down(new), None),
                },
            );
        let epoch = self.epoch.get();
        *key = Some(WaiterKey { index, epoch });
        drop(old);
    }

    /// Takes a waiter out of its seat, if no event has done so already.
    pub(super) fn unpark(&self, key: WaiterKey) {
        if key.epoch == self.epoch.get() {
            let old = self.change(|seats| seats.stand_up(key.index));
            drop(old);
        }
    }

    /// Moves every waker out. Taken, not cloned: one event, one wake.
    fn take_all(&self, wakes: &mut Vec<Waker>) {
        self.epoch.set(self.epoch.get().wrapping_add(1));
        match self.seats.take() {
            Seats::Nobody => {}
            Seats::Polled(waker) | Seats::Seated(waker) => wakes.push(waker),
            Seats::Several(mut several) => {
                several.take_all(wakes);
                // Where there were several there will be several again: the memory stays.
                self.seats.set(Seats::Several(several));
            }
        }
    }

    /// Lets `f`, which runs no code of the user, change who sits there.
    fn change<R>(&self, f: impl FnOnce(&mut Seats) -> R) -> R {
        let mut seats = self.seats.take();
        let result = f(&mut seats);
        // `Nobody` stood there meanwhile. There is nothing to drop, which no compiler can know.
        std::mem::forget(self.seats.replace(seats));
        result
    }
}
