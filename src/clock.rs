//! Where every "now" comes from: the real clock, or a virtual one that only moves when told.
//!
//! Nothing else in hob calls `Instant::now()`. That one door is what lets a test of an
//! hour's timeout end in a millisecond: under [`Builder::virtual_time`](crate::Builder) the
//! loop moves this clock to the next deadline instead of sleeping.
//!
//! The virtual clock is `NOW`, a thread-local instant. While it is empty, time is real.

use std::cell::Cell;
use std::time::{Duration, Instant};

thread_local! {
    /// The virtual now of this thread. Set by [`Clock::enter`], moved by
    /// [`Clock::advance_to`], emptied when the guard goes.
    static NOW: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// Farther than any program waits, near enough that no arithmetic on it overflows.
const FAR: Duration = Duration::from_secs(60 * 60 * 24 * 365 * 30);

/// The present moment, real or virtual.
#[inline]
pub(crate) fn now() -> Instant {
    let virtual_now = NOW.try_with(Cell::get).ok().flatten();
    virtual_now.unwrap_or_else(Instant::now)
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
        }
    }

    /// Moves a virtual clock forward to `deadline`; never backward, and never a real one.
    pub(crate) fn advance_to(&self, deadline: Instant) {
        if let Some(now) = &self.virtual_now {
            now.set(now.get().max(deadline));
            NOW.set(Some(now.get()));
        }
    }
}

/// Guard of [`Clock::enter`]: puts back the clock that ruled before.
pub(crate) struct ClockGuard {
    former: Option<Instant>,
}

impl Drop for ClockGuard {
    fn drop(&mut self) {
        NOW.set(self.former);
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

    /// Trap 32. Broken by: taking `min(FAR)` out of `later`.
    #[test]
    fn every_duration_makes_a_deadline() {
        for wait in [Duration::ZERO, Duration::from_nanos(1), FAR, Duration::MAX] {
            assert!(after(wait) >= now() || wait < Duration::from_secs(1));
        }
    }
}
