//! The bucket itself: tokens that time brings. Pure arithmetic, without a clock of its own.
//!
//! Law: a rate such as 3 in 10 s brings one token in 3.333… s, which no number of nanoseconds
//! is. Whoever rounds for each token drifts from the rate. Consequence: the bucket counts in
//! units so small that both are whole numbers:
//!
//! ```text
//!   one token       =  `per` in nanoseconds, as units
//!   one nanosecond  brings `tokens` units              (so `per` brings `tokens` tokens)
//! ```
//!
//! A wait is rounded up to the next nanosecond, and what came too much by that stays in the
//! bucket. Price: 128 bits. A token has less than 2^60 units (thirty years), a count of tokens
//! less than 2^32, the time since the last look less than 2^94 ns: every product fits.

use std::time::{Duration, Instant};

/// Timers are late by about as much as this, and what came meanwhile is kept for those who
/// wait. Otherwise 1,000 in a second, with a burst of 1, would become 500: one for each wait of
/// 1 ms and a timer that is 1 ms late. But whoever stood still for a second must not catch up
/// on that second.
const LATE: Duration = Duration::from_millis(2);

/// Longer than this, a `per` is cut to it; nobody lives to see the difference.
const LONGEST: Duration = Duration::from_secs(60 * 60 * 24 * 365 * 30);

#[derive(Clone, Copy, Debug)]
pub(super) struct Bucket {
    /// Tokens in each `per_ns`.
    tokens: u32,
    per_ns: u128,
    /// Tokens that it holds while nobody waits.
    pub(super) burst: u32,
    /// What is in it, in units.
    level: u128,
    /// When `level` was right.
    at: Instant,
}

impl Bucket {
    /// Full.
    #[track_caller]
    pub(super) fn new(tokens: u32, per: Duration, burst: u32, now: Instant) -> Bucket {
        let per_ns = checked_rate(tokens, per);
        Bucket {
            tokens,
            per_ns,
            burst,
            level: u128::from(burst) * per_ns,
            at: now,
        }
    }

    /// Makes it full.
    pub(super) fn fill_up(&mut self) {
        self.level = u128::from(self.burst) * self.per_ns;
    }

    /// Lets in what time has brought, up to the burst. If somebody has been waiting for
    /// `wanted` all the time since the last fill, the bucket is as large as that, and a little
    /// larger, for [`LATE`].
    pub(super) fn fill(&mut self, now: Instant, wanted: u32) {
        let elapsed = now.saturating_duration_since(self.at);
        let brought = elapsed.as_nanos() * u128::from(self.tokens);
        let late = match wanted {
            0 => 0,
            _ => LATE.as_nanos() * u128::from(self.tokens),
        };
        let most = u128::from(self.burst.max(wanted)) * self.per_ns + late;
        self.level = (self.level + brought).min(most);
        self.at = self.at.max(now);
    }

    /// Takes so many out; otherwise says how long after the last [`fill`](Bucket::fill) there
    /// will be enough.
    pub(super) fn take(&mut self, wanted: u32) -> Result<(), Duration> {
        let wanted = u128::from(wanted) * self.per_ns;
        match self.level.checked_sub(wanted) {
            Some(rest) => {
                self.level = rest;
                Ok(())
            }
            None => {
                let missing = wanted - self.level;
                Err(from_ns(missing.div_ceil(u128::from(self.tokens))))
            }
        }
    }

    /// Whole tokens.
    pub(super) fn available(&self) -> u32 {
        u32::try_from(self.level / self.per_ns).unwrap_or(u32::MAX)
    }

    /// When the last [`fill`](Bucket::fill) was.
    pub(super) fn filled_at(&self) -> Instant {
        self.at
    }

    /// From now on, another rate. What is in stays in.
    #[track_caller]
    pub(super) fn set_rate(&mut self, tokens: u32, per: Duration) {
        let per_ns = checked_rate(tokens, per);
        let (whole, part) = (self.level / self.per_ns, self.level % self.per_ns);
        self.level = whole * per_ns + part * per_ns / self.per_ns;
        self.tokens = tokens;
        self.per_ns = per_ns;
    }
}

#[track_caller]
fn checked_rate(tokens: u32, per: Duration) -> u128 {
    assert!(
        tokens > 0,
        "a RateLimiter of 0 tokens would never let anybody pass: take at least 1"
    );
    assert!(
        !per.is_zero(),
        "a RateLimiter needs a span of time for its tokens, and 0 is none"
    );
    per.min(LONGEST).as_nanos()
}

fn from_ns(ns: u128) -> Duration {
    const SECOND: u128 = 1_000_000_000;
    // Below 2^92 ns, so the seconds fit.
    Duration::new((ns / SECOND) as u64, (ns % SECOND) as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Broken by: `div_ceil` made a division that rounds down (a token too early), or the wait
    /// for one token computed once and added up (drift).
    #[test]
    fn a_rate_that_no_nanosecond_divides_is_kept_to_the_nanosecond() {
        let start = Instant::now();
        let mut bucket = Bucket::new(3, Duration::from_secs(10), 1, start);
        bucket.take(1).expect("full at the beginning");
        let mut now = start;
        for n in 1..=3_000_u64 {
            bucket.fill(now, 1);
            now = bucket.filled_at() + bucket.take(1).expect_err("not yet");
            bucket.fill(now, 1);
            bucket.take(1).expect("now");
            let ideal_ns = (u128::from(n) * 10_000_000_000).div_ceil(3);
            assert_eq!((now - start).as_nanos(), ideal_ns);
        }
    }

    #[test]
    fn the_largest_numbers_fit() {
        let start = Instant::now();
        let mut bucket = Bucket::new(u32::MAX, Duration::MAX, u32::MAX, start);
        bucket.fill(start + LONGEST, u32::MAX);
        assert_eq!(bucket.available(), u32::MAX);
        bucket.take(u32::MAX).expect("it is full");
        assert!(bucket.take(u32::MAX).expect_err("it is empty") <= LONGEST);
        bucket.set_rate(1, Duration::from_nanos(1));
        bucket.set_rate(1, Duration::MAX);
        let wait = bucket.take(u32::MAX).expect_err("it is empty");
        assert_eq!(wait.as_nanos(), LONGEST.as_nanos() * u128::from(u32::MAX));
    }
}
