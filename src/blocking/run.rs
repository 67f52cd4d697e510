//! `blocking::run`: a job that is awaited rather than started.
//!
//! A `Run` is a [`Job`] with two differences. It is lazy: like any future it does nothing before
//! its first poll, and only then takes its place in line. And it is owned by its awaiter: when
//! the future is dropped, the job is withdrawn unless a worker has begun it.
//!
//! That is what bounds it. A program may *start* jobs without limit, but the jobs that it
//! *awaits* are each held by a live future, stand in a line of their own, and leave it only when
//! a worker takes them: so never more are under way than there are workers. First come,
//! first served; whoever gives up leaves the line in constant time, and the next one moves up.

use std::future::Future;
use std::panic::{self, Location};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use super::cell::{Cell, Outcome};
use super::job::Job;
use super::lazy::current;
use super::line::Class;
use super::pool::Lane;

/// Runs `f` on a worker thread and gives what it returns.
///
/// For what blocks or computes for long: anything above some 100 µs on the loop's thread is
/// felt by every other task. It starts at the first poll, behind whoever came before, and at
/// most as many run at once as there are workers.
///
/// Waits for a worker to be free and for `f` to return.
///
/// *Cancel safety*: dropped before a worker took it, `f` never runs. Afterwards it runs to its end
/// and its result is dropped.
///
/// # Panics
/// If `f` panics, the panic goes on in the task that awaits. Also when first polled outside of
/// a runtime.
///
/// ```
/// # hob::block_on(async {
/// let sum = hob::blocking::run(|| (1..=1_000_u64).sum::<u64>()).await;
/// assert_eq!(sum, 500_500);
/// # });
/// ```
#[track_caller]
pub fn run<F, T>(f: F) -> Run<T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    Run::on(Location::caller(), Lane::General, Class::Bounded, f)
}

/// The future of [`run`].
#[must_use = "a Run does nothing unless it is awaited"]
pub struct Run<T> {
    stage: Stage<T>,
}

enum Stage<T> {
    /// Not polled yet. The closure sits in its cell already, which spares moving it later and
    /// keeps its type out of ours.
    Lazy(Arc<dyn Outcome<T>>, Lane, Class, &'static Location<'static>),
    /// In line, running, or done.
    Started(Job<T>),
    /// It has given its result.
    Over,
}

impl<T: Send + 'static> Run<T> {
    /// A `Run` of any lane and class. `at` is where the program asked for it.
    pub(crate) fn on<F>(at: &'static Location<'static>, lane: Lane, class: Class, f: F) -> Run<T>
    where
        F: FnOnce() -> T + Send + 'static,
    {
        Run {
            stage: Stage::Lazy(Cell::new(f), lane, class, at),
        }
    }
}

impl<T> Future for Run<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        if let Stage::Lazy(outcome, lane, class, at) = &self.stage {
            let pool = current("a job of hob::blocking::run() or hob::fs");
            let place = pool.submit(*lane, *class, outcome.clone());
            let job = Job::new(outcome.clone(), pool, *lane, place, at);
            self.stage = Stage::Started(job);
        }
        let Stage::Started(job) = &mut self.stage else {
            panic!("a Run was polled after it had given its result");
        };
        let result = ready!(Pin::new(job).poll(cx));
        self.stage = Stage::Over;
        Poll::Ready(result.unwrap_or_else(|error| match error.try_into_panic() {
            Ok(payload) => panic::resume_unwind(payload),
            Err(_cancelled) => panic!("the runtime ended before a job of it was started"),
        }))
    }
}

impl<T> Drop for Run<T> {
    fn drop(&mut self) {
        if let Stage::Started(job) = &self.stage {
            job.abort();
        }
    }
}

impl<T> std::fmt::Debug for Run<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let stage = match &self.stage {
            Stage::Lazy(..) => "not polled yet",
            Stage::Started(_) => "started",
            Stage::Over => "over",
        };
        f.debug_tuple("Run").field(&stage).finish()
    }
}
