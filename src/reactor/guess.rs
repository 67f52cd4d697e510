//! Guesses: reads that are not tried because they would be in vain, as those before them were.
//!
//! Law: a read that gave all that was asked for does not tell whether more is there. So before a
//! task sleeps it reads once more, and one who asks and waits for the answer, in turns with its
//! peer, does so in vain each time. Consequence: where that try was in vain [`EARNED`] times
//! running, always behind "event, read, write", we *guess* that the side is drained, and park. An
//! event proves it right.
//!
//! Whoever parks on a guess must not sleep on one. So the loop does not sleep while there is any:
//! it first looks whether the kernel has events. If there are, the loop goes on and the answer may
//! be among them, or be on its way. If there are none, all guesses are off: whoever waits is woken
//! and tries. They are off, too, when they have stood for [`PATIENCE`] visits. A side whose
//! guess was off does not guess again for a long time ([`LOST`]).
//!
//! Price: one visit to the kernel and one poll more, in every 64th exchange, for a connection
//! whose peer takes its time. Gain: a system call in seven between two ends on one loop (two in
//! eight where a short read proves nothing, as on Unix streams and with datagrams), that is two
//! to ten hundredths of the time.
//!
//! ```text
//!           bytes read          written             parked, luck >= 0
//!   Ready ─────────────▶ Tasted ────────▶ Answered ────────────────────▶ Guessed
//!     ▲                    ▲                 │ tried                        │
//!     │                    └──── bytes ──────┴──── refused ───▶ Drained     │
//!     └──── an event, from anywhere; or the guess is off ◀──────────────────┘
//! ```
//!
//! What `try_*` methods answer is never guessed.
//!
//! Another choice would be to put off the try itself until the loop would sleep. That takes the
//! same look and the same list, and every connection between busy peers would be tried then.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;

use mio::Token;

/// So many tries in vain, and we begin to guess.
pub(super) const EARNED: i8 = 4;

/// So many are needed when a guess was wrong.
pub(super) const LOST: i8 = 64;

/// So many visits to the kernel, each with events, does a guess stand.
const PATIENCE: u32 = 64;

/// One guess: names a side, and which of its events was the last before. After a later one it is
/// no longer open.
#[derive(Clone, Copy, Debug)]
pub(super) struct Guess {
    pub(super) token: Token,
    pub(super) epoch: u32,
}

/// The guesses on which somebody is parked, in their order, each with the visit at which it was
/// made. Those that an event has proved right meanwhile stay in here for a while.
#[derive(Default)]
pub(super) struct Guesses {
    made: RefCell<VecDeque<(u32, Guess)>>,
    /// Counts visits, and wraps.
    visit: Cell<u32>,
}

impl Guesses {
    pub(super) fn push(&self, guess: Guess) {
        self.made.borrow_mut().push_back((self.visit.get(), guess));
    }

    /// Is any still open? Forgets those that are not. (`is_open` calls nobody's code.)
    pub(super) fn are_open(&self, is_open: impl Fn(Guess) -> bool) -> bool {
        let mut made = self.made.borrow_mut();
        if made.is_empty() {
            return false;
        }
        made.retain(|&(_, guess)| is_open(guess));
        !made.is_empty()
    }

    /// A visit that brought `events` is over. To be called until it gives none: the guesses that
    /// are off.
    pub(super) fn next_off(&self, events: usize) -> Option<Guess> {
        let mut made = self.made.borrow_mut();
        let &(visit, guess) = made.front()?;
        if events > 0 && self.visit.get().wrapping_sub(visit) < PATIENCE {
            return None;
        }
        made.pop_front();
        Some(guess)
    }

    pub(super) fn visited(&self) {
        self.visit.set(self.visit.get().wrapping_add(1));
    }
}
