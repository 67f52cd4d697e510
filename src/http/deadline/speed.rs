//! Is a body moving too slowly? Counts bytes against waiting time; owns no clock.
//!
//! Law: a server that sends a byte a minute is never idle for long, so no other deadline finds
//! it. Law: a reader that takes its time makes every server look slow. Consequence: the time
//! that counts is not that of the clock, but the time in which we *waited* for the peer. A
//! body of which the next piece is always there already has waited for nothing, and is
//! infinitely fast.
//!
//! The window slides over eight slots of waiting time: at the end of each, what moved in it
//! and the seven before is compared with the limit.
//!
//! ```text
//!     oldest                                  at
//!   ┌──────┬──────┬──────┬──────┬──────┬──────┬──────┬──────┐
//!   │ 9 KB │ 8 KB │ 9 KB │ 2 KB │ 0    │ 0    │ 1 KB ▒      │   ▒ waited in this slot
//!   └──────┴──────┴──────┴──────┴──────┴──────┴──────┴──────┘
//! ```
//!
//! Price: a peer that stops is found up to one slot later than an exact window would, and
//! each wait reads the clock twice. No list of pieces is kept, nothing is allocated.

use std::time::Duration;

/// So many bytes a second, or more, over each span of `over` that was waited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LowSpeed {
    pub(crate) bytes_per_second: u64,
    pub(crate) over: Duration,
}

const SLOTS: usize = 8;

#[derive(Clone, Debug)]
pub(crate) struct Speed {
    limit: LowSpeed,
    /// The bytes that moved in each slot. A ring: what follows `at` is the oldest.
    slots: [u64; SLOTS],
    at: usize,
    /// How much of slot `at` was waited.
    filled: Duration,
    /// Slots that are over, as far as they count: up to `SLOTS - 1`.
    over: usize,
    /// The count of the flow when it was last looked at.
    seen: u64,
}

impl Speed {
    pub(crate) fn new(limit: LowSpeed) -> Speed {
        Speed {
            limit,
            slots: [0; SLOTS],
            at: 0,
            filled: Duration::ZERO,
            over: 0,
            seen: 0,
        }
    }

    pub(crate) fn limit(&self) -> LowSpeed {
        self.limit
    }

    /// `total` bytes have moved in this exchange by now.
    pub(crate) fn moved(&mut self, total: u64) {
        self.slots[self.at] += total.saturating_sub(self.seen);
        self.seen = self.seen.max(total); // A wait for something else knows of no bytes.
    }

    /// How much longer may be waited, if nothing moves any more?
    pub(crate) fn patience(&self) -> Duration {
        let mut ahead = self.clone();
        let mut patience = Duration::ZERO;
        loop {
            patience = patience.saturating_add(ahead.room());
            if ahead.is_too_slow_at_the_end() {
                return patience;
            }
            ahead.next_slot(); // Ends: after a whole ring of these, nothing is left in it.
        }
    }

    /// `time` was waited, and then it went on.
    ///
    /// Whoever waits is woken when patience is over. One who comes much later than that was
    /// not there, and nobody knows when the bytes came: so nothing of it counts.
    pub(crate) fn waited(&mut self, mut time: Duration) {
        if time > self.patience().saturating_add(self.slot()) {
            let seen = self.seen;
            *self = Speed::new(self.limit);
            self.seen = seen;
            return;
        }
        while time >= self.room() {
            time -= self.room();
            if self.is_too_slow_at_the_end() {
                // It stays at the end of the slot: what came now may still save it.
                self.filled = self.slot();
                return;
            }
            self.next_slot();
        }
        self.filled += time;
    }

    fn slot(&self) -> Duration {
        // Not zero: no window is that short, and none of these loops would end.
        (self.limit.over / SLOTS as u32).max(Duration::from_nanos(1))
    }

    fn room(&self) -> Duration {
        self.slot() - self.filled
    }

    fn next_slot(&mut self) {
        self.at = (self.at + 1) % SLOTS;
        self.slots[self.at] = 0;
        self.filled = Duration::ZERO;
        self.over = (self.over + 1).min(SLOTS - 1);
    }

    /// If slot `at` ended as it is now: would the window be whole, and too empty?
    fn is_too_slow_at_the_end(&self) -> bool {
        let window = self.slot().as_nanos() * SLOTS as u128;
        let wanted = u128::from(self.limit.bytes_per_second).saturating_mul(window);
        let moved: u128 = self.slots.iter().copied().map(u128::from).sum();
        self.over == SLOTS - 1 && moved * 1_000_000_000 < wanted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// 10 bytes a second, over 80 s: 800 bytes, in slots of 10 s.
    fn speed() -> Speed {
        Speed::new(LowSpeed {
            bytes_per_second: 10,
            over: 80 * SECOND,
        })
    }

    #[test]
    fn nothing_at_all_is_too_slow_after_the_span() {
        let mut speed = speed();
        assert_eq!(speed.patience(), 80 * SECOND);
        speed.waited(33 * SECOND);
        assert_eq!(speed.patience(), 47 * SECOND);
    }

    /// Broken by: `<` → `<=` in `is_too_slow_at_the_end`; a window that does not slide.
    #[test]
    fn exactly_the_limit_is_fast_enough_for_ever() {
        let mut speed = speed();
        for second in 1..1000 {
            speed.waited(SECOND);
            speed.moved(10 * second);
            assert!(speed.patience() > Duration::ZERO, "{second}");
        }
    }

    /// Broken by: bytes that never leave the window.
    #[test]
    fn a_burst_is_forgotten_one_span_later() {
        let mut speed = speed();
        speed.moved(1_000_000);
        // The slot of the burst counts in the first window, and no more in the second.
        assert_eq!(speed.patience(), 90 * SECOND);
        speed.waited(85 * SECOND);
        speed.moved(1_000_001);
        assert_eq!(speed.patience(), 5 * SECOND);
    }

    /// Broken by: taking the end of a slot for lateness.
    #[test]
    fn a_drip_at_the_very_end_of_each_slot_is_found_all_the_same() {
        let mut speed = speed();
        for second in 1..=80 {
            speed.waited(SECOND);
            speed.moved(second);
        }
        assert_eq!(speed.patience(), Duration::ZERO);
        speed.moved(800); // What it lacked was there all the time.
        assert!(speed.patience() > Duration::ZERO);
    }

    /// Broken by: counting whatever time went by.
    #[test]
    fn who_was_away_for_long_blames_nobody() {
        let mut speed = speed();
        speed.moved(5);
        speed.waited(100 * SECOND);
        assert_eq!(speed.patience(), 80 * SECOND);
        speed.moved(5);
        assert_eq!(speed.patience(), 80 * SECOND, "they were counted before");
        speed.moved(0);
        speed.moved(5);
        assert_eq!(
            speed.slots.iter().sum::<u64>(),
            0,
            "and are not counted again"
        );
    }

    #[test]
    fn no_limit_makes_the_arithmetic_overflow_or_the_loops_endless() {
        for bytes_per_second in [1, u64::MAX] {
            for over in [Duration::ZERO, Duration::from_nanos(9), Duration::MAX] {
                let mut speed = Speed::new(LowSpeed {
                    bytes_per_second,
                    over,
                });
                speed.moved(u64::MAX / 16);
                speed.waited(SECOND);
                speed.patience();
            }
        }
    }
}
