//! Waiting for time to pass: [`sleep()`], [`timeout()`], [`interval()`].
//!
//! A deadline is a [`std::time::Instant`] and a span is a [`std::time::Duration`]; any of
//! them will do, up to [`Duration::MAX`](std::time::Duration::MAX), which stands for "as good
//! as never" (thirty years). Nothing here ends early, not by a nanosecond. How late it is
//! depends on what else the thread does: a task that computes for 20 ms makes every timer up
//! to 20 ms late. The kernel adds up to 1 ms of its own.
//!
//! The futures are *keys*: they hold a few numbers, and the timer itself lives in the runtime
//! that polled them first. So they are `Send` and `Sync`, may be moved and dropped anywhere,
//! and must be polled where they were polled first (elsewhere that panics, and says so).
//!
//! Under [`Builder::virtual_time`](crate::Builder::virtual_time) the clock jumps to the next
//! deadline whenever nothing else can happen. Ask [`now`] instead of `Instant::now()` in code
//! that is to be tested like that.
//!
//! ```
//! use std::time::Duration;
//! # hob::Builder::new().virtual_time().block_on(async {
//! let start = hob::time::now();
//! hob::time::sleep(Duration::from_secs(3600)).await;
//! assert_eq!(hob::time::now() - start, Duration::from_secs(3600));
//! # });
//! ```

// How the files relate: `timeout` and `interval` are each a `Sleep` with something beside it,
// and only `sleep` touches the timers.
mod sleep;
mod timeout;
mod interval;

use std::time::Instant;

pub use interval::{Interval, MissedTickBehavior, Tick, interval, interval_at};
pub use sleep::{Sleep, sleep, sleep_until};
pub use timeout::{Elapsed, Timeout, timeout, timeout_at};

/// The present moment: the runtime's virtual one under
/// [`Builder::virtual_time`](crate::Builder::virtual_time), otherwise `Instant::now()`.
///
/// Works outside of a runtime too; there, time is always real.
///
/// ```
/// # hob::block_on(async {
/// let before = std::time::Instant::now();
/// assert!(hob::time::now() >= before);
/// # });
/// ```
pub fn now() -> Instant {
    crate::clock::now()
}
