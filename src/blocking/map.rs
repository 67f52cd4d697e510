//! `blocking::map`: one function over many things, on all the workers, results in order.
//!
//! Law: computing takes a processor, and the pool has several; but a program that hands in a
//! million jobs at once has a million jobs, and soon a million results, in memory. Choice: a
//! window. So many jobs are handed in ahead of the result that is wanted next; with each result
//! that is taken the next one is handed in. Price: one slow job in front holds
//! up those behind it once the window is full; that is what "in order" means.
//!
//! The window is four times the number of workers, because a job in front may be slow through no
//! fault of its own: there may be more workers than processors, and then the system lets each
//! stand still for some milliseconds in turn. With four workers on two processors, jobs of a
//! millisecond and a window of twice the number, the others ran dry meanwhile, and 3 % of the
//! time was lost; now it is within 1 % of what threads without any order take.
//!
//! The jobs stand in the line of those that are awaited, so they share the workers with
//! [`run`](super::run()) and do not hold up files.

use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures_core::Stream;

use super::job::Job;
use super::lazy::current;
use super::line::Class;
use super::pool::Lane;
use super::start;
use crate::join_error::JoinError;

/// Applies `f` to each item on the worker threads, and gives the results in the order of the
/// items: as a [`Stream`], or with [`next`](Map::next).
///
/// Nothing happens before the first poll. From then on four times as many jobs as there are
/// workers are handed in ahead of the result that you take next
/// ([`look_ahead`](Map::look_ahead) changes that): if you take none, no more are started. The
/// items are drawn from the iterator on this thread, one for each job.
///
/// A panic of `f` is the error of that item; the others go on. With `worker_threads(0)` the loop
/// runs the jobs itself, one a turn.
///
/// *Cancel safety*: dropping it cancels the jobs that no worker has begun; those that run go on
/// to their end, and their results are dropped.
///
/// # Panics
/// When it is polled, outside of a runtime.
///
/// ```
/// # hob::block_on(async {
/// let mut lengths = hob::blocking::map(["a", "bb", "ccc"], str::len);
/// let mut sum = 0;
/// while let Some(length) = lengths.next().await {
///     sum += length.unwrap();
/// }
/// assert_eq!(sum, 6);
/// # });
/// ```
#[track_caller]
pub fn map<I, F, T>(items: I, f: F) -> Map<I::IntoIter, F, T>
where
    I: IntoIterator,
    I::Item: Send + 'static,
    F: Fn(I::Item) -> T + Send + Sync + 'static,
    T: Send + 'static,
{
    Map {
        items: Some(items.into_iter()),
        f: Arc::new(f),
        jobs: VecDeque::new(),
        look_ahead: None,
        at: Location::caller(),
    }
}

/// The results of [`map`].
#[must_use = "it does nothing unless polled, and dropping it cancels its jobs"]
pub struct Map<I, F, T> {
    /// Those that were not handed in yet. `None` after the last, so that it is not asked again.
    items: Option<I>,
    f: Arc<F>,
    /// Handed in, and the result not taken; in the order of the items.
    jobs: VecDeque<Job<T>>,
    /// How many of these there may be. Decided at the first poll, unless the program did.
    look_ahead: Option<usize>,
    /// Where it was made.
    at: &'static Location<'static>,
}

/// Items and results are values here, never pinned.
impl<I, F, T> Unpin for Map<I, F, T> {}

impl<I, F, T> Map<I, F, T>
where
    I: Iterator,
    I::Item: Send + 'static,
    F: Fn(I::Item) -> T + Send + Sync + 'static,
    T: Send + 'static,
{
    /// At most so many jobs are handed in whose result was not taken. Default: four times the
    /// number of workers, and 2 if there are none.
    ///
    /// # Panics
    /// If it is 0: then no job would ever run.
    ///
    /// ```
    /// # hob::block_on(async {
    /// let mut squares = hob::blocking::map(1..=3, |n| n * n).look_ahead(1);
    /// assert_eq!(squares.next().await.unwrap().unwrap(), 1);
    /// # });
    /// ```
    #[track_caller]
    pub fn look_ahead(mut self, jobs: usize) -> Map<I, F, T> {
        assert!(jobs > 0, "a look-ahead of 0 would never run anything");
        self.look_ahead = Some(jobs);
        self
    }

    /// The next result, or `None` after the last.
    ///
    /// *Cancel safety*: nothing is lost; the jobs go on, and their results wait.
    #[allow(
        clippy::should_implement_trait,
        reason = "it is what every stream calls this"
    )]
    pub fn next(&mut self) -> NextMapped<'_, I, F, T> {
        NextMapped { map: self }
    }

    fn poll_result(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<T, JoinError>>> {
        self.fill();
        let Some(job) = self.jobs.front_mut() else {
            return Poll::Ready(None);
        };
        let result = ready!(Pin::new(job).poll(cx));
        self.jobs.pop_front();
        // Now, and not at the next poll: so the workers have it while the loop's body runs.
        self.fill();
        Poll::Ready(Some(result))
    }

    /// Hands in jobs until the window is full.
    fn fill(&mut self) {
        let window = *self.look_ahead.get_or_insert_with(|| {
            match current("hob::blocking::map()").threads() {
                0 => 2,
                threads => threads.saturating_mul(4),
            }
        });
        while self.jobs.len() < window
            && let Some(item) = self.items.as_mut().and_then(Iterator::next)
        {
            let f = self.f.clone();
            let job = start(self.at, Lane::General, Class::Bounded, move || f(item));
            self.jobs.push_back(job);
        }
        if self.jobs.len() < window {
            drop(self.items.take());
        }
    }
}

impl<I, F, T> Stream for Map<I, F, T>
where
    I: Iterator,
    I::Item: Send + 'static,
    F: Fn(I::Item) -> T + Send + Sync + 'static,
    T: Send + 'static,
{
    type Item = Result<T, JoinError>;

    fn poll_next(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<T, JoinError>>> {
        self.poll_result(cx)
    }
}

impl<I, F, T> Drop for Map<I, F, T> {
    fn drop(&mut self) {
        // From the back: while the front is withdrawn a worker would begin the next.
        for job in self.jobs.iter().rev() {
            job.abort();
        }
    }
}

impl<I, F, T> fmt::Debug for Map<I, F, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Map")
            .field("under_way", &self.jobs.len())
            .field("at", &self.at)
            .finish_non_exhaustive()
    }
}

/// The future of [`Map::next`].
#[derive(Debug)]
#[must_use = "futures do nothing unless awaited"]
pub struct NextMapped<'a, I, F, T> {
    map: &'a mut Map<I, F, T>,
}

impl<I, F, T> Future for NextMapped<'_, I, F, T>
where
    I: Iterator,
    I::Item: Send + 'static,
    F: Fn(I::Item) -> T + Send + Sync + 'static,
    T: Send + 'static,
{
    type Output = Option<Result<T, JoinError>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.map.poll_result(cx)
    }
}
