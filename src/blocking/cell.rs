//! One job: the closure on its way to a worker, and its result on the way back.
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

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};
use std::thread;

use super::leftover::Leftover;
use crate::caught;
use crate::join_error::JoinError;

/// What the line and the workers see of a job.
pub(super) trait Work: Send + Sync {
    /// Runs it. `ended` is raised by one before anybody can see the result. Whoever calls this has
    /// to wake who awaits it.
    fn run(&self, ended: &AtomicU64) -> Leftover;
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
    fn run(&self, ended: &AtomicU64) -> Leftover {
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
            return Leftover::NOTHING;
        }
        state.stage = Stage::Done(result);
        let waker = state.waker.take();
        Leftover { more: false, waker }
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
