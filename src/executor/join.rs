//! The two ends of a task's result: the task puts it in, the [`JoinHandle`] takes it out.
//!
//! ```text
//!             finish                    poll
//!  Running ───────────► Done(result) ─────────► Taken
//!   │   ▲
//!   └───┘ poll: leaves its waker in `waiter`
//! ```
//!
//! I1: the task's future is dropped before its state is `Done` (trap 36): whoever has the
//! result knows that every destructor has run.

use std::cell::RefCell;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use super::birth::next_id;
use super::task::Destination;
use super::waker::Remote;
use super::{Executor, Mail, TaskKey};
use crate::join_error::JoinError;
use crate::trace::{self, TaskId, WaitKind};
use crate::waker_cell::WakerCell;
use crate::{caught, coop};

/// Shared by a task and its handle.
pub(crate) struct JoinCell<T> {
    key: TaskKey,
    id: TaskId,
    /// Weak, or a task that holds a handle would keep its own executor alive.
    home: Weak<Executor>,
    state: RefCell<State<T>>,
    /// Who awaits the handle.
    waiter: WakerCell,
}

enum State<T> {
    Running,
    Done(Result<T, JoinError>),
    Taken,
}

impl<T> JoinCell<T> {
    pub(crate) fn new(home: &Rc<Executor>, key: TaskKey, id: TaskId) -> Rc<JoinCell<T>> {
        Rc::new(JoinCell {
            key,
            id,
            home: Rc::downgrade(home),
            state: RefCell::new(State::Running),
            waiter: WakerCell::new(),
        })
    }
}

impl<T> Destination<T> for Rc<JoinCell<T>> {
    fn id(&self) -> TaskId {
        self.id
    }

    /// Puts the result in and wakes the handle. Called once; a second call is ignored (the
    /// first may have panicked while it woke).
    fn arrive(&self, result: Result<T, JoinError>) {
        if Rc::strong_count(self) == 1 {
            // Nobody will ever ask. The result is the user's value and may panic (trap 60).
            caught::drop(result);
            return;
        }
        if !matches!(*self.state.borrow(), State::Running) {
            return caught::drop(result);
        }
        self.state.replace(State::Done(result));
        if let Err(payload) = caught::catch(|| self.waiter.wake()) {
            caught::drop_payload(payload);
        }
    }
}

/// Waits for a task, and can abort it. Dropping it does neither: the task is *detached* and
/// goes on.
///
/// Awaiting it gives what the task returned, or a [`JoinError`] if it panicked or was aborted.
/// When that arrives, the task's future has been dropped already.
///
/// *Cancel safety*: awaiting `&mut handle` may be given up and begun again.
///
/// # Panics
/// If it is polled again after it gave its result.
///
/// ```
/// # hob::block_on(async {
/// let task = hob::spawn(async { 6 * 7 });
/// assert_eq!(task.await.unwrap(), 42);
/// # });
/// ```
#[derive(Debug)]
pub struct JoinHandle<T> {
    cell: Rc<JoinCell<T>>,
    /// Where the task was spawned: shown as the place that waits.
    at: &'static Location<'static>,
}

impl<T> JoinHandle<T> {
    pub(crate) fn new(cell: Rc<JoinCell<T>>, at: &'static Location<'static>) -> JoinHandle<T> {
        JoinHandle { cell, at }
    }

    /// The handle of a task that never was.
    pub(crate) fn refused(at: &'static Location<'static>) -> JoinHandle<T> {
        let id = next_id();
        let cell = JoinCell {
            key: TaskKey::NOBODY,
            id,
            home: Weak::new(),
            state: RefCell::new(State::Done(Err(JoinError::never_started(id)))),
            waiter: WakerCell::new(),
        };
        JoinHandle::new(Rc::new(cell), at)
    }

    /// Asks the loop to drop the task's future in its next batch. Awaiting the handle then
    /// gives a cancelled [`JoinError`], unless the task had ended before.
    ///
    /// ```
    /// # hob::block_on(async {
    /// let task = hob::spawn(std::future::pending::<()>());
    /// task.abort();
    /// assert!(task.await.unwrap_err().is_cancelled());
    /// # });
    /// ```
    pub fn abort(&self) {
        if let Some(home) = self.cell.home.upgrade() {
            home.abort(self.cell.key);
        }
    }

    /// Something that can abort the task from anywhere, other threads included.
    pub fn abort_handle(&self) -> AbortHandle {
        AbortHandle {
            remote: self.cell.home.upgrade().map(|home| home.remote().clone()),
            key: self.cell.key,
            id: self.cell.id,
        }
    }

    /// Has the task ended?
    pub fn is_finished(&self) -> bool {
        !matches!(&*self.cell.state.borrow(), State::Running)
    }

    /// The task's id.
    pub fn id(&self) -> TaskId {
        self.cell.id
    }

    #[cfg(test)]
    pub(super) fn cell_key(&self) -> TaskKey {
        self.cell.key
    }

    /// Takes the result, if it is there.
    pub(crate) fn take_result(&self) -> Option<Result<T, JoinError>> {
        let mut state = self.cell.state.borrow_mut();
        if let State::Running = &*state {
            return None;
        }
        match std::mem::replace(&mut *state, State::Taken) {
            State::Done(result) => Some(result),
            _ => panic!("a JoinHandle was polled again after it gave its result"),
        }
    }
}

impl<T> Future for JoinHandle<T> {
    type Output = Result<T, JoinError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        ready!(coop::poll_budget(cx));
        if let Some(result) = self.take_result() {
            coop::spend();
            return Poll::Ready(result);
        }
        // No second look: only the loop ends tasks, and it is not running while we are polled.
        self.cell.waiter.park(cx);
        trace::waits(WaitKind::Join, self.cell.id.0, self.at);
        Poll::Pending
    }
}

/// Detaches. Who awaited is not woken any more, so its waker must not stay either.
impl<T> Drop for JoinHandle<T> {
    fn drop(&mut self) {
        self.cell.waiter.clear();
    }
}

impl<T> std::fmt::Debug for JoinCell<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}", self.id)
    }
}

/// Aborts a task from anywhere: it is `Send`, `Sync` and cheap to clone.
///
/// ```
/// # hob::block_on(async {
/// let task = hob::spawn(std::future::pending::<()>());
/// let abort = task.abort_handle();
/// std::thread::spawn(move || abort.abort());
/// assert!(task.await.unwrap_err().is_cancelled());
/// # });
/// ```
#[derive(Clone)]
pub struct AbortHandle {
    /// `None` where the runtime was gone already when the handle was made.
    remote: Option<Arc<Remote>>,
    key: TaskKey,
    id: TaskId,
}

impl AbortHandle {
    pub(crate) fn new(executor: &Executor, key: TaskKey, id: TaskId) -> AbortHandle {
        AbortHandle {
            remote: Some(executor.remote().clone()),
            key,
            id,
        }
    }

    /// Asks the loop to drop the task's future. Does nothing if the task has ended.
    pub fn abort(&self) {
        if let Some(remote) = &self.remote {
            // A loop that is gone has dropped all its tasks.
            let _ = remote.post(Mail::Abort(self.key));
        }
    }

    /// The task's id.
    pub fn id(&self) -> TaskId {
        self.id
    }
}

impl std::fmt::Debug for AbortHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "AbortHandle({})", self.id)
    }
}
