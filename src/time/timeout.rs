//! [`Timeout`]: a future that is given up when its time is over.
//!
//! Its poll has two steps, in this order:
//! 1. the inner future: if both are ready, the result counts;
//! 2. the deadline, without a budget.
//!
//! Law: an inner future that is always ready eats the whole budget of a poll and then yields.
//! Consequence: a deadline that had to spend a unit of the same budget would never be looked
//! at. Choice: step 2 is outside of the budget (trap 30). Price: none, for it does no work.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use pin_project_lite::pin_project;

use super::sleep::{Sleep, sleep_until};
use crate::clock;
use crate::coop;
use crate::trace;

/// Runs `future`, for no longer than `limit`, counted from this call. Gives its output, or
/// [`Elapsed`] if it was not ready in time.
///
/// A future that is ready when its time ends has won, even at a limit of zero: it is always
/// polled once. (One exception: a read right behind a write may say "not yet" though bytes are
/// there, if each such read before was in vain. At a limit of zero, `try_read` knows.) So does one
/// that computes until its time is over and more, and is ready when it is polled next. One that
/// never gives the thread back (a loop without an `.await`) cannot be stopped by this or anything
/// else.
///
/// *Cancel safety*: that of `future`. When the time is over it is not dropped until the
/// `Timeout` is, which after an `.await` is at once.
///
/// # Errors
/// [`Elapsed`], which turns into an [`io::Error`] of kind [`TimedOut`](io::ErrorKind::TimedOut)
/// with `?`.
///
/// # Panics
/// As [`sleep`](super::sleep()) does, at the first poll that has to wait.
///
/// ```
/// use hob::time::{sleep, timeout};
/// use std::time::Duration;
/// # hob::Builder::new().virtual_time().block_on(async {
/// let quick = async { 7 };
/// assert_eq!(timeout(Duration::from_secs(1), quick).await, Ok(7));
///
/// let slow = sleep(Duration::from_secs(5));
/// assert!(timeout(Duration::from_secs(1), slow).await.is_err());
/// # });
/// ```
#[track_caller]
pub fn timeout<F: IntoFuture>(limit: Duration, future: F) -> Timeout<F::IntoFuture> {
    timeout_at(clock::after(limit), future)
}

/// [`timeout`] with a deadline instead of a span: several steps can share one.
///
/// ```
/// use hob::time::{now, sleep, timeout_at};
/// use std::time::Duration;
/// # hob::Builder::new().virtual_time().block_on(async {
/// let deadline = now() + Duration::from_secs(3);
/// let step = || sleep(Duration::from_secs(2));
/// assert!(timeout_at(deadline, step()).await.is_ok());
/// assert!(timeout_at(deadline, step()).await.is_err());
/// assert_eq!(now(), deadline);
/// # });
/// ```
#[track_caller]
pub fn timeout_at<F: IntoFuture>(deadline: Instant, future: F) -> Timeout<F::IntoFuture> {
    Timeout {
        future: future.into_future(),
        sleep: sleep_until(deadline),
    }
}

pin_project! {
    /// Future of [`timeout`] and [`timeout_at`].
    #[derive(Debug)]
    #[must_use = "a Timeout does nothing until it is awaited"]
    pub struct Timeout<F> {
        #[pin]
        future: F,
        sleep: Sleep,
    }
}

impl<F> Timeout<F> {
    /// The future inside.
    pub fn get_ref(&self) -> &F {
        &self.future
    }

    /// The future inside, to be changed.
    pub fn get_mut(&mut self) -> &mut F {
        &mut self.future
    }

    /// The future inside, freed of its deadline. After [`Elapsed`] too: it may go on.
    ///
    /// ```
    /// use hob::time::{sleep, timeout};
    /// use std::time::Duration;
    /// # hob::Builder::new().virtual_time().block_on(async {
    /// let mut impatient = timeout(Duration::from_secs(1), sleep(Duration::from_secs(2)));
    /// assert!((&mut impatient).await.is_err());
    /// let sleep = impatient.into_inner();
    /// assert!(!sleep.is_elapsed());
    /// sleep.await;
    /// # });
    /// ```
    pub fn into_inner(self) -> F {
        self.future
    }
}

impl<F: Future> Future for Timeout<F> {
    type Output = Result<F::Output, Elapsed>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        // 1.
        if let Poll::Ready(output) = this.future.poll(cx) {
            return Poll::Ready(Ok(output));
        }
        // 2. What the inner future waits for says more in `hob::tasks` than that it waits for
        //    so long at most: its record stands.
        let wait = trace::take_wait();
        if coop::poll_unconstrained(Pin::new(this.sleep), cx).is_ready() {
            return Poll::Ready(Err(Elapsed(())));
        }
        if let Some(wait) = wait {
            trace::waits(wait.kind, wait.resource, wait.at);
        }
        Poll::Pending
    }
}

/// The error of [`timeout`]: the time was over first.
///
/// ```
/// use std::io;
/// use std::time::Duration;
/// # hob::Builder::new().virtual_time().block_on(async {
/// let never = std::future::pending::<()>();
/// let elapsed = hob::time::timeout(Duration::from_secs(1), never).await.unwrap_err();
/// assert_eq!(io::Error::from(elapsed).kind(), io::ErrorKind::TimedOut);
/// # });
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Elapsed(());

impl fmt::Display for Elapsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the deadline has passed")
    }
}

impl std::error::Error for Elapsed {}

impl From<Elapsed> for io::Error {
    fn from(elapsed: Elapsed) -> io::Error {
        io::Error::new(io::ErrorKind::TimedOut, elapsed)
    }
}
