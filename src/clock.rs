//! Where every "now" comes from: the real clock, or a virtual one that only moves when told.
//!
//! Nothing else in hob calls `Instant::now()` (but for `prims::look_out`, which watches for
//! microseconds of real time). That one door is what lets a test of an
//! hour's timeout end in a millisecond: under [`Builder::virtual_time`](crate::Builder) the
//! loop moves this clock to the next deadline instead of sleeping.
//!
//! The virtual clock is `NOW`, a thread-local instant. While it is empty, time is real.
//!
//! Law: reading the clock takes half as long as all else that arming a timer and taking it back
//! take, and nearly every timer is a timeout, far off. Consequence: what a turn of the loop has
//! read is kept for the rest of it, and [`has_passed`] looks again only where a deadline is near.
//!
//! ```text
//!                 a turn begins: forget()              now()
//!     Nowhere ────────────────────────────► NotSince ─────────► At
//!                                              ▲                │
//!                                              └─── forget() ───┘
//! ```
//!
//! Price: if a turn takes longer than [`SOON`], a deadline that passed meanwhile is seen in the
//! next. And a loop that never leaves its poll, and asks again and again whether a deadline has
//! passed, has no next turn: so one reading is good for [`GOOD_FOR`] answers.

use std::cell::Cell;
use std::time::{Duration, Instant};

thread_local! {
    /// The virtual now of this thread. Set by [`Clock::enter`], moved by
    /// [`Clock::advance_to`], emptied when the guard goes.
    static NOW: Cell<Option<Instant>> = const { Cell::new(None) };
    /// Set by [`now`], emptied by [`forget`].
    static SEEN: Cell<Seen> = const { Cell::new(Seen::Nowhere) };
}

/// What this turn of the loop knows of the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seen {
    /// No loop runs here, so nobody would forget it.
    Nowhere,
    /// The clock was not read in this turn.
    NotSince,
    /// It was, and this is what it said; and how many more answers that is good for.
    At(Instant, u8),
}

/// So long a turn may take without a deadline being seen late.
const SOON: Duration = Duration::from_secs(1);

/// How many answers one reading of the clock is good for.
const GOOD_FOR: u8 = 64;

/// Farther than any program waits, near enough that no arithmetic on it overflows.
const FAR: Duration = Duration::from_secs(60 * 60 * 24 * 365 * 30);

/// The present moment, real or virtual.
#[inline]
pub(crate) fn now() -> Instant {
    let now = NOW.get().unwrap_or_else(Instant::now);
    if SEEN.get() != Seen::Nowhere {
        SEEN.set(Seen::At(now, GOOD_FOR));
    }
    now
}

/// Has `deadline` passed? One that comes more than [`SOON`] after what this turn has seen is taken
/// to lie ahead.
#[inline]
pub(crate) fn has_passed(deadline: Instant) -> bool {
    match SEEN.get() {
        Seen::At(seen, left) if left > 0 && deadline > seen + SOON => {
            SEEN.set(Seen::At(seen, left - 1));
            false
        }
        _ => now() >= deadline,
    }
}

/// A turn of the loop begins: what was seen before is old.
#[inline]
pub(crate) fn forget() {
    SEEN.set(Seen::NotSince);
}

/// The moment `wait` from now. Any `Duration` will do: what does not fit into an `Instant`
/// becomes thirty years from now, which no timer lives to see (trap 32).
pub(crate) fn after(wait: Duration) -> Instant {
    later(now(), wait)
}

/// [`after`], counted from `start`.
pub(crate) fn later(start: Instant, wait: Duration) -> Instant {
    start
        .checked_add(wait.min(FAR))
        .expect("thirty years fit into an Instant")
}

/// The clock of one runtime.
#[derive(Debug)]
pub(crate) struct Clock {
    /// `None`: real time. `Some`: the virtual now, kept here between two runs of the loop.
    virtual_now: Option<Cell<Instant>>,
}

impl Clock {
    pub(crate) fn real() -> Clock {
        Clock { virtual_now: None }
    }

    /// Starts at the real now, so that instants made before and after compare sensibly.
    pub(crate) fn virtual_time() -> Clock {
        Clock {
            virtual_now: Some(Cell::new(Instant::now())),
        }
    }

    /// A moment that has passed when the loop begins: timers count from it.
    pub(crate) fn start(&self) -> Instant {
        self.virtual_now
            .as_ref()
            .map_or_else(Instant::now, Cell::get)
    }

    pub(crate) fn is_virtual(&self) -> bool {
        self.virtual_now.is_some()
    }

    /// Makes this the clock that [`now`] reads, until the guard is dropped.
    pub(crate) fn enter(&self) -> ClockGuard {
        let mine = self.virtual_now.as_ref().map(Cell::get);
        ClockGuard {
            former: NOW.replace(mine),
            seen: SEEN.replace(Seen::Nowhere),
        }
    }

    /// Moves a virtual clock forward to `deadline`; never backward, and never a real one.
    pub(crate) fn advance_to(&self, deadline: Instant) {
        if let Some(now) = &self.virtual_now {
            now.set(now.get().max(deadline));
            NOW.set(Some(now.get()));
            forget();
        }
    }
}

/// Guard of [`Clock::enter`]: puts back the clock that ruled before.
pub(crate) struct ClockGuard {
    former: Option<Instant>,
    seen: Seen,
}

impl Drop for ClockGuard {
    fn drop(&mut self) {
        NOW.set(self.former);
        SEEN.set(self.seen);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_virtual_clock_moves_only_when_told_and_only_forward() {
        let clock = Clock::virtual_time();
        let _guard = clock.enter();
        let start = now();
        assert_eq!(now(), start);
        clock.advance_to(start + Duration::from_secs(3600));
        assert_eq!(now(), start + Duration::from_secs(3600));
        clock.advance_to(start);
        assert_eq!(now(), start + Duration::from_secs(3600));
    }

    /// Broken by: an empty `forget`, `deadline > seen` in `has_passed`, or a guard that leaves what
    /// was seen.
    #[test]
    fn a_turn_reads_the_clock_once_for_all_that_lies_far_ahead() {
        let clock = Clock::virtual_time();
        let start = clock.start();
        let minutes = |n: u64| start + Duration::from_secs(60 * n);
        let guard = clock.enter();
        forget();
        assert!(!has_passed(minutes(2)));
        // A task computes for an hour.
        NOW.set(Some(minutes(60)));
        assert!(!has_passed(minutes(2)), "nobody has looked since");
        assert!(has_passed(start + SOON), "this one is near: looks");
        assert!(has_passed(minutes(2)), "and then it is known");
        forget();
        NOW.set(Some(minutes(120)));
        assert!(has_passed(minutes(90)), "in the next turn");
        drop(guard);
        assert_eq!(SEEN.get(), Seen::Nowhere);
    }

    /// Broken by: a reading that is good for ever.
    #[test]
    fn who_asks_again_and_again_within_one_turn_sees_the_deadline_pass() {
        let clock = Clock::virtual_time();
        let _guard = clock.enter();
        let deadline = now() + Duration::from_secs(60);
        forget();
        assert!(!has_passed(deadline));
        NOW.set(Some(deadline));
        assert_eq!((0..1000).position(|_| has_passed(deadline)), Some(64));
    }

    /// Broken by: keeping what is seen also where no loop runs.
    #[test]
    fn where_no_turn_ends_every_deadline_is_looked_at() {
        let clock = Clock::virtual_time();
        let _guard = clock.enter();
        let deadline = now() + Duration::from_secs(60);
        assert!(!has_passed(deadline));
        NOW.set(Some(deadline));
        assert!(has_passed(deadline));
    }

    /// Trap 32. Broken by: taking `min(FAR)` out of `later`.
    #[test]
    fn every_duration_makes_a_deadline() {
        for wait in [Duration::ZERO, Duration::from_nanos(1), FAR, Duration::MAX] {
            assert!(after(wait) >= now() || wait < Duration::from_secs(1));
        }
    }
}
