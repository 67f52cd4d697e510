//! One job: the closure on its way to a worker, its result on the way back, and the handle.
//!
//! A job is one allocation, shared by the line it stands in and by whoever awaits it:
//!
//! ```text
//!            a worker takes it          it returns or panics        the awaiter takes it
//!  Waiting ────────(1)────────▶ Running ────────(2)────────▶ Done ────────(3)────────▶ Empty
//!     │                            │                           │                         ▲
//!     │ withdrawn, or the          └─(2) nobody wants it ──────┼─────────────────────────┤
//!     │ runtime ended              (4) the handle is dropped ──┘                         │
//!     └────(5)────▶ Cancelled ───────────────────────(3)─────────────────────────────────┘
//! ```
//!
//! (1, 2) `Cell::run`, (3) `Cell::take`, (4) `Cell::forget`, (5) `Cell::cancel`.
//!
//! The lock around it guards these steps and nothing else: the closure, every drop of
//! something that is the user's, and every wake happen outside of it (trap 10), and by way of
//! `caught`, because a worker must outlive whatever it runs (trap 60).

use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};
use std::thread;

use super::queue::Place;
use super::{Lane, Pool};
use crate::caught;
use crate::coop;
use crate::join_error::JoinError;
use crate::trace::{self, WaitKind};

/// What the line and the workers see of a job.
pub(super) trait Work: Send + Sync {
    /// Runs it. `ended` is raised by one before anybody can see the result. True: it has more to
    /// do and wants another turn (only a strand says so).
    fn run(&self, ended: &AtomicU64) -> bool;
    /// It will never run: drops the closure, tells the awaiter. Raises `ended`, too.
    fn cancel(&self, ended: &AtomicU64);
}

/// What the awaiter sees of a job.
pub(super) trait Outcome<T>: Work {
    /// The result if it is there; otherwise `waker` is woken once it is.
    fn take(&self, waker: &Waker) -> Poll<Result<T, JoinError>>;
    /// Is it over, in whatever way?
    fn is_finished(&self) -> bool;
    /// Nobody will ask for the result.
    fn forget(&self);
}

/// The one allocation.
pub(super) struct Cell<F, T> {
    state: Mutex<State<F, T>>,
}

struct State<F, T> {
    stage: Stage<F, T>,
    /// Who awaits it. Set by `take`, taken by whoever ends the job.
    waker: Option<Waker>,
    /// Cleared by `forget`: the worker then drops the result itself.
    wanted: bool,
}

enum Stage<F, T> {
    Waiting(F),
    Running,
    Done(thread::Result<T>),
    Cancelled,
    Empty,
}

impl<F, T> Cell<F, T> {
    pub(super) fn new(f: F) -> Arc<Cell<F, T>> {
        Arc::new(Cell {
            state: Mutex::new(State {
                stage: Stage::Waiting(f),
                waker: None,
                wanted: true,
            }),
        })
    }

    /// Nothing of the user's runs under this lock, so it is never poisoned.
    fn lock(&self) -> MutexGuard<'_, State<F, T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<F, T> Work for Cell<F, T>
where
    F: FnOnce() -> T + Send,
    T: Send,
{
    fn run(&self, ended: &AtomicU64) -> bool {
        // 1.
        let mut state = self.lock();
        let stage = std::mem::replace(&mut state.stage, Stage::Running);
        drop(state);
        let Stage::Waiting(f) = stage else {
            unreachable!("a job stands in one line once, and leaves it before it is cancelled");
        };
        let result = caught::catch(f);
        // 2. Counted first: whoever has seen the result finds it counted.
        ended.fetch_add(1, Ordering::Relaxed);
        let mut state = self.lock();
        if !state.wanted {
            state.stage = Stage::Empty;
            drop(state);
            caught::drop(result);
            return false;
        }
        state.stage = Stage::Done(result);
        let waker = state.waker.take();
        drop(state);
        waker.into_iter().for_each(caught::wake);
        false
    }

    fn cancel(&self, ended: &AtomicU64) {
        // 5.
        ended.fetch_add(1, Ordering::Relaxed);
        let mut state = self.lock();
        let stage = std::mem::replace(&mut state.stage, Stage::Cancelled);
        let waker = state.waker.take();
        drop(state);
        caught::drop(stage);
        waker.into_iter().for_each(caught::wake);
    }
}

impl<F, T> Outcome<T> for Cell<F, T>
where
    F: FnOnce() -> T + Send,
    T: Send,
{
    fn take(&self, waker: &Waker) -> Poll<Result<T, JoinError>> {
        // Cloned only if it is a new one, and outside of the lock; hence the second look.
        let mut clone = None;
        loop {
            let mut state = self.lock();
            if let Stage::Waiting(_) | Stage::Running = state.stage {
                if state.waker.as_ref().is_some_and(|w| w.will_wake(waker)) {
                    return Poll::Pending;
                }
                if clone.is_some() {
                    let former = std::mem::replace(&mut state.waker, clone);
                    drop(state);
                    drop(former);
                    return Poll::Pending;
                }
                drop(state);
                clone = Some(waker.clone());
                continue;
            }
            // 3.
            let stage = std::mem::replace(&mut state.stage, Stage::Empty);
            drop(state);
            return Poll::Ready(match stage {
                Stage::Done(result) => result.map_err(|payload| JoinError::panic(None, payload)),
                Stage::Cancelled => Err(JoinError::cancelled(None)),
                _ => panic!("a job was polled after it had given its result"),
            });
        }
    }

    fn is_finished(&self) -> bool {
        !matches!(self.lock().stage, Stage::Waiting(_) | Stage::Running)
    }

    fn forget(&self) {
        // 4.
        let mut state = self.lock();
        state.wanted = false;
        let waker = state.waker.take();
        let left = match state.stage {
            Stage::Done(_) => std::mem::replace(&mut state.stage, Stage::Empty),
            _ => Stage::Empty,
        };
        drop(state);
        drop(waker);
        caught::drop(left);
    }
}

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
