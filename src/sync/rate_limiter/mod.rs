//! `RateLimiter`: so many in a span of time. A token bucket.
//!
//! Two waits in a row. First one's turn at the bucket: a gate with one permit, so that there is
//! a line, first come, first served. Then, for whoever has the turn, enough tokens in the
//! bucket, that is, a moment in time. So only one timer runs, however many wait, and whoever
//! gives up hands on its turn and has taken nothing.
//!
//! ```text
//!   New ──▶ in line ──gate──▶ at the bucket ──sleep, set_rate──▶ look again ──▶ taken
//!              │                  │
//!              └──── dropped ─────┴──▶ the next in line
//! ```
//!
//! Not taken: to give each who comes the moment at which it will be served, and let all sleep.
//! That needs no line, but who gives up or changes the rate would have to move all the others.

use std::cell::Cell;
use std::fmt;
use std::time::{Duration, Instant};

use super::gate::Gate;
use crate::clock;
use crate::executor::WakerCell;

mod bucket;
mod wait;

use bucket::Bucket;
pub use wait::AcquireRate;

/// A limit on how often something is done: so many tokens in each span of time.
///
/// Tokens come one by one, evenly, and are saved up while nobody takes them, up to the *burst*
/// (1, unless [`burst`](RateLimiter::burst) says more). It begins with a full burst.
///
/// ```
/// use std::time::Duration;
/// # hob::Builder::new().virtual_time().block_on(async {
/// let limiter = hob::sync::RateLimiter::new(4, Duration::from_secs(1));
/// let start = hob::time::now();
/// for _ in 0..9 {
///     limiter.acquire().await; // one at once, then one every 250 ms
/// }
/// assert_eq!(hob::time::now() - start, Duration::from_secs(2));
/// # });
/// ```
pub struct RateLimiter {
    /// Its only permit is the turn at the bucket.
    gate: Gate,
    bucket: Cell<Bucket>,
    /// What whoever has the turn waits for, else 0.
    wanted: Cell<u32>,
    /// Whoever has the turn and sleeps, to be called when the rate changes.
    sleeper: WakerCell,
}

impl RateLimiter {
    /// So many tokens in each span of time. Spans beyond thirty years are cut to that.
    ///
    /// # Panics
    /// If `tokens` is 0 or `per` is zero.
    ///
    /// ```
    /// use std::time::Duration;
    /// let limiter = hob::sync::RateLimiter::new(100, Duration::from_secs(60));
    /// assert!(limiter.try_acquire().is_ok());
    /// assert!(limiter.try_acquire().is_err(), "the next one comes in 600 ms");
    /// ```
    #[track_caller]
    pub fn new(tokens: u32, per: Duration) -> RateLimiter {
        RateLimiter {
            gate: Gate::new(1),
            bucket: Cell::new(Bucket::new(tokens, per, 1, clock::now())),
            wanted: Cell::new(0),
            sleeper: WakerCell::new(),
        }
    }

    /// The same with room for so many tokens, and full: so many may pass at once after a
    /// pause.
    ///
    /// # Panics
    /// If `burst` is 0.
    ///
    /// ```
    /// use std::time::Duration;
    /// let limiter = hob::sync::RateLimiter::new(1, Duration::from_secs(1)).burst(3);
    /// assert_eq!(limiter.available(), 3);
    /// ```
    #[track_caller]
    pub fn burst(self, burst: u32) -> RateLimiter {
        check_burst(burst);
        let mut bucket = self.bucket.get();
        bucket.burst = burst;
        bucket.fill_up();
        self.bucket.set(bucket);
        self
    }

    /// Waits for a token, in line.
    ///
    /// *Cancel safety*: dropping the future gives up the place in the line, and takes nothing
    /// from the bucket.
    ///
    /// # Panics
    /// When it has to wait where no hob runtime runs.
    ///
    /// ```
    /// use std::time::Duration;
    /// # hob::Builder::new().virtual_time().block_on(async {
    /// let limiter = hob::sync::RateLimiter::new(1, Duration::from_millis(20));
    /// let start = hob::time::now();
    /// limiter.acquire().await;
    /// limiter.acquire().await;
    /// assert_eq!(hob::time::now() - start, Duration::from_millis(20));
    /// # });
    /// ```
    #[track_caller]
    pub fn acquire(&self) -> AcquireRate<'_> {
        self.acquire_many(1)
    }

    /// Waits for so many tokens at once. More than the burst is allowed: whoever has its turn
    /// may wait for as many as it wants, and those behind it wait for that.
    ///
    /// *Cancel safety* and panics as for [`acquire`](RateLimiter::acquire).
    ///
    /// ```
    /// use std::time::Duration;
    /// # hob::Builder::new().virtual_time().block_on(async {
    /// let bytes = hob::sync::RateLimiter::new(1_000, Duration::from_secs(1)).burst(500);
    /// let start = hob::time::now();
    /// bytes.acquire_many(500).await;
    /// bytes.acquire_many(2_000).await;
    /// assert_eq!(hob::time::now() - start, Duration::from_secs(2));
    /// # });
    /// ```
    #[track_caller]
    pub fn acquire_many(&self, tokens: u32) -> AcquireRate<'_> {
        AcquireRate::new(self, tokens)
    }

    /// Takes a token if there is one and nobody waits.
    ///
    /// # Errors
    /// [`RateLimited`] otherwise.
    ///
    /// ```
    /// use std::time::Duration;
    /// let limiter = hob::sync::RateLimiter::new(1, Duration::from_secs(3600));
    /// assert!(limiter.try_acquire().is_ok());
    /// assert!(limiter.try_acquire().is_err());
    /// ```
    pub fn try_acquire(&self) -> Result<(), RateLimited> {
        self.try_acquire_many(1)
    }

    /// [`try_acquire`](RateLimiter::try_acquire) for several at once.
    ///
    /// ```
    /// use std::time::Duration;
    /// let limiter = hob::sync::RateLimiter::new(1, Duration::from_secs(3600)).burst(5);
    /// assert!(limiter.try_acquire_many(6).is_err());
    /// assert!(limiter.try_acquire_many(5).is_ok());
    /// ```
    pub fn try_acquire_many(&self, tokens: u32) -> Result<(), RateLimited> {
        if self.gate.free() == 0 {
            return Err(RateLimited(())); // somebody has the turn
        }
        self.take(tokens).map_err(|_when| RateLimited(()))
    }

    /// Whole tokens in the bucket now. While somebody waits, they are spoken for.
    pub fn available(&self) -> u32 {
        self.filled().available()
    }

    /// Another rate, from now on. What has come so far stays; those who wait, wait by the new
    /// rate.
    ///
    /// # Panics
    /// If `tokens` is 0 or `per` is zero.
    ///
    /// ```
    /// use std::time::Duration;
    /// # hob::Builder::new().virtual_time().block_on(async {
    /// let limiter = hob::sync::RateLimiter::new(1, Duration::from_secs(3600));
    /// limiter.acquire().await;
    /// let start = hob::time::now();
    /// limiter.set_rate(1, Duration::from_secs(5));
    /// limiter.acquire().await;
    /// assert_eq!(hob::time::now() - start, Duration::from_secs(5));
    /// # });
    /// ```
    #[track_caller]
    pub fn set_rate(&self, tokens: u32, per: Duration) {
        let mut bucket = self.filled();
        bucket.set_rate(tokens, per);
        self.bucket.set(bucket);
        self.sleeper.wake();
    }

    /// Another burst, from now on. What has been saved up beyond it is lost.
    ///
    /// # Panics
    /// If `burst` is 0.
    ///
    /// ```
    /// use std::time::Duration;
    /// let limiter = hob::sync::RateLimiter::new(10, Duration::from_secs(1)).burst(5);
    /// limiter.set_burst(2);
    /// assert_eq!(limiter.available(), 2);
    /// ```
    #[track_caller]
    pub fn set_burst(&self, burst: u32) {
        check_burst(burst);
        let mut bucket = self.filled();
        bucket.burst = burst;
        // Who waits for more than the burst keeps what has come for it.
        bucket.fill(bucket.filled_at(), self.wanted.get());
        self.bucket.set(bucket);
    }

    /// The bucket with what time has brought until now.
    fn filled(&self) -> Bucket {
        let mut bucket = self.bucket.get();
        bucket.fill(clock::now(), self.wanted.get());
        bucket
    }

    /// Takes tokens, for who has the turn, or while nobody has it. Otherwise says when there
    /// will be enough.
    fn take(&self, tokens: u32) -> Result<(), Instant> {
        let mut bucket = self.filled();
        let taken = bucket.take(tokens);
        self.bucket.set(bucket);
        taken.map_err(|wait| clock::later(bucket.filled_at(), wait))
    }
}

#[track_caller]
fn check_burst(burst: u32) {
    assert!(burst > 0, "a RateLimiter must hold at least 1 token");
}

impl fmt::Debug for RateLimiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RateLimiter")
            .field("available", &self.available())
            .field("waiting", &self.gate.waiting())
            .finish_non_exhaustive()
    }
}

/// There was no token, or somebody else waits for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimited(());

impl fmt::Display for RateLimited {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the rate is used up for now")
    }
}

impl std::error::Error for RateLimited {}
