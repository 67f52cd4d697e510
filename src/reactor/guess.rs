//! Guesses: reads that are not tried, because they would be in vain as those before them were.
//!
//! Here are the machine that learns when to guess ([`Habit`], one in each side) and the queue of
//! the guesses that are open ([`Guesses`], one in the reactor). A side is `Guessed` while its
//! guess is open ([`side`](super::side)); `Source::attempt` opens one, and in `Reactor::wait` it
//! ends.
//!
//! Law: a read that gave all that was asked for does not tell whether more is there. So before a
//! task sleeps it reads once more, and one who asks and waits for the answer, in turns with its
//! peer, does so in vain each time. Consequence: where that try was in vain [`EARNED`] times
//! running, always behind "event, read, write", we *guess* that the side is drained, and park.
//! An event proves it right.
//!
//! Nobody must sleep on a guess that is wrong. So the loop does not sleep while one is open (I4):
//! it looks whether the kernel has events. If it has, the loop goes on, and the answer may be
//! among them, or be on its way. If it has none, all guesses are given up: whoever waits is woken
//! and tries. So are those that have stood for [`PATIENCE`] visits.
//!
//! Price: one visit to the kernel and one poll more, in every 64th exchange, for a connection
//! whose peer takes its time. And bytes that a wrong guess hides wait for up to [`PATIENCE`]
//! turns of a busy loop. Who polls only once, or has no time left, is told "not yet" of them.
//! (What `try_*` methods answer is never guessed.)
//!
//! Gain: a system call in seven between two ends on one loop (two in eight where a short read
//! proves nothing, as on Unix streams and with datagrams), that is two to ten hundredths of the
//! time.
//!
//! Another choice would be to put off the try itself until the loop would sleep. That takes the
//! same look and the same list, and every connection between busy peers would be tried then.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;

use mio::Token;

use super::KEEP;

/// So many tries in vain, and we begin to guess.
pub(super) const EARNED: i8 = 4;

/// So many, after a guess was given up.
pub(super) const LOST: i8 = 64;

/// So many visits to the kernel, each with events, does a guess stand. The peer may be a task of
/// this loop, and some sixty tasks are polled between two visits: with 16, the answers of 900
/// come in time. (Of 512 connections, both ends of which are on one loop, each read is tried in
/// vain with 8, and none with 16. For 64 of them 3 would do.)
const PATIENCE: u32 = 16;

/// What one side has lived through since its last event, and what its tries came to.
///
/// ```text
///             2 read             3 written
///   Event ──────────────▶ Read ──────────────▶ Written    (a try is expected to be in vain)
///     ▲                    ▲                    │ │ │
///     │                    └────── 2 read ──────┘ │ │     luck = −EARNED, or below
///     ├───────────────── 5 given_up ──────────────┘ │     luck = −LOST
///     │ 1 event, from anywhere                      │
///   Elsewhere ◀─────────── 4 refused ───────────────┘     luck + 1, up to 0
/// ```
///
/// Refused from `Event` or `Read` it goes to `Elsewhere`, too, and has learned nothing.
///
/// All of these calls are made in [`side`](super::side).
pub(super) struct Habit {
    step: Cell<Step>,
    /// Below 0: so many tries have to be in vain before we guess.
    luck: Cell<i8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Elsewhere,
    Event,
    Read,
    Written,
}

impl Habit {
    pub(super) fn new() -> Habit {
        Habit {
            step: Cell::new(Step::Elsewhere),
            luck: Cell::new(-EARNED),
        }
    }

    /// (1) An event came, or something is known to be there.
    pub(super) fn event(&self) {
        self.step.set(Step::Event);
    }

    /// (2) A read took something. Behind a write that is what a guess would have missed; nor does it
    /// make up for one that was given up.
    pub(super) fn read(&self) {
        match self.step.get() {
            Step::Event => self.step.set(Step::Read),
            Step::Written => {
                self.luck.set(self.luck.get().min(-EARNED));
                self.step.set(Step::Read);
            }
            Step::Read | Step::Elsewhere => {}
        }
    }

    /// (3) The other side, the one for writing, took something.
    pub(super) fn written(&self) {
        if self.step.get() == Step::Read {
            self.step.set(Step::Written);
        }
    }

    /// (4) A try was refused.
    pub(super) fn refused(&self) {
        if self.step.replace(Step::Elsewhere) == Step::Written {
            self.luck.set((self.luck.get() + 1).min(0));
        }
    }

    /// (5) A guess was given up: perhaps it was wrong.
    pub(super) fn given_up(&self) {
        self.luck.set(-LOST);
        self.step.set(Step::Event);
    }

    pub(super) fn expects_a_refusal(&self) -> bool {
        self.step.get() == Step::Written && self.luck.get() >= 0
    }
}

/// One guess: names a side, and which of its events was the last before. After a later one it is
/// no longer open.
#[derive(Clone, Copy, Debug)]
pub(super) struct Guess {
    pub(super) token: Token,
    pub(super) epoch: u32,
}

/// The guesses in the order in which they were opened, each with the visit before it. One that
/// is no longer open stays until it is the first.
#[derive(Default)]
pub(super) struct Guesses {
    pub(super) queue: RefCell<VecDeque<(u32, Guess)>>,
    /// Counts visits, and wraps.
    visits: Cell<u32>,
}

impl Guesses {
    pub(super) fn push(&self, guess: Guess) {
        self.queue
            .borrow_mut()
            .push_back((self.visits.get(), guess));
    }

    /// Then none is open. (If one is in here, it is open, or was when the last visit ended.)
    pub(super) fn is_empty(&self) -> bool {
        self.queue.borrow().is_empty()
    }

    pub(super) fn visited(&self) {
        self.visits.set(self.visits.get().wrapping_add(1));
    }

    /// A visit that brought `events` is over: takes out a guess that is to be given up for that.
    /// Forgets those before it that are no longer open. (`is_open` runs no code of the user.)
    pub(super) fn next_to_give_up(
        &self,
        events: usize,
        is_open: impl Fn(Guess) -> bool,
    ) -> Option<Guess> {
        let mut queue = self.queue.borrow_mut();
        while let Some(&(visit, guess)) = queue.front() {
            let stood = self.visits.get().wrapping_sub(visit);
            let open = is_open(guess);
            if open && events > 0 && stood < PATIENCE {
                return None;
            }
            queue.pop_front();
            if open {
                return Some(guess);
            }
        }
        if queue.capacity() > KEEP {
            *queue = VecDeque::new();
        }
        None
    }
}
