//! The handle of a started job.
//!
//! It stays on the loop's thread. It shares the job's [`Cell`](super::cell::Cell) with whoever
//! runs it, and knows the job's place in line, so that it can be taken back.

use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use super::cell::Outcome;
use super::line::Place;
use super::pool::{Lane, Pool};
use crate::coop;
use crate::join_error::JoinError;
use crate::trace::{self, WaitKind};

/// A job that was started: see [`spawn_blocking`](super::spawn_blocking). Await it for its result.
///
/// Waits for the job to end on its worker. Dropping it detaches the job: it goes on, and
/// nobody hears of its result.
///
/// *Cancel safety*: a dropped `Job` stops nothing; to stop a job that has not started, call
/// [`Job::abort`].
///
/// # Errors
/// A [`JoinError`] if the closure panicked, if it was aborted before it started, or if the
/// runtime ended before it started.
#[must_use = "dropping a Job detaches it: its result and its panic are lost"]
pub struct Job<T> {
    outcome: Arc<dyn Outcome<T>>,
    pool: Rc<Pool>,
    lane: Lane,
    /// `None` if it stands in no line of the pool's: in a strand's, or the pool is closed.
    place: Option<Place>,
    /// Where the program asked for it.
    at: &'static Location<'static>,
}

impl<T> Job<T> {
    pub(super) fn new(
        outcome: Arc<dyn Outcome<T>>,
        pool: Rc<Pool>,
        lane: Lane,
        place: Option<Place>,
        at: &'static Location<'static>,
    ) -> Job<T> {
        Job {
            outcome,
            pool,
            lane,
            place,
            at,
        }
    }

    #[cfg(test)]
    pub(super) fn outcome(&self) -> Arc<dyn Outcome<T>> {
        self.outcome.clone()
    }

    /// Takes the job back if no worker has started it: its closure is dropped, here and now, and
    /// awaiting it gives a [`JoinError`] that [is a cancellation](JoinError::is_cancelled). A job
    /// that runs cannot be stopped: then nothing happens.
    ///
    /// ```
    /// # hob::block_on(async {
    /// let job = hob::spawn_blocking(|| 7);
    /// job.abort();
    /// match job.await {
    ///     Ok(seven) => assert_eq!(seven, 7), // a worker was faster
    ///     Err(error) => assert!(error.is_cancelled()),
    /// }
    /// # });
    /// ```
    pub fn abort(&self) {
        if let Some(place) = self.place {
            self.pool.withdraw(self.lane, place);
        }
    }

    /// Has it returned, panicked or been cancelled?
    ///
    /// ```
    /// # hob::block_on(async {
    /// let job = hob::spawn_blocking(|| 7);
    /// while !job.is_finished() {
    ///     hob::yield_now().await;
    /// }
    /// assert_eq!(job.await.unwrap(), 7);
    /// # });
    /// ```
    pub fn is_finished(&self) -> bool {
        self.outcome.is_finished()
    }
}

impl<T> Future for Job<T> {
    type Output = Result<T, JoinError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        ready!(coop::poll_budget(cx));
        let Poll::Ready(result) = self.outcome.take(cx.waker()) else {
            trace::waits(WaitKind::Job, self.place.map_or(0, Place::number), self.at);
            return Poll::Pending;
        };
        coop::spend();
        self.pool.tell_ended();
        Poll::Ready(result)
    }
}

impl<T> Drop for Job<T> {
    fn drop(&mut self) {
        self.outcome.forget();
    }
}

impl<T> std::fmt::Debug for Job<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Job")
            .field("finished", &self.is_finished())
            .field("at", &self.at)
            .finish()
    }
}
