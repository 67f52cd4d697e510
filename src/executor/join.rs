//! The two ends of a task's result: the task puts it in, the [`JoinHandle`] takes it out.
//!
//! ```text
//!            the task ends            poll
//!  Running ────────────────► Ended ──────────► gone
//!   │   ▲
//!   └───┘ poll: leaves its waker
//! ```
//!
//! An ordinary task stays in its slot when it has ended, and its result in it. The slab knows
//! no `T`, so the result travels through a `dyn Any` of which both ends know what it is: that
//! costs a comparison. Only for the children of scopes, whose results may borrow, there is a
//! cell of its own, [`JoinCell`].
//!
//! I1: the task's future is dropped before its result can be had (trap 36): whoever has the
//! result knows that every destructor has run.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::rc::{Rc, Weak};
use std::task::{Context, Poll, ready};

use super::abort::AbortHandle;
use super::birth::next_id;
use super::task::{Body, Destination, Work};
use super::waker_cell::WakerCell;
use super::{Executor, TaskKey};
use crate::join_error::JoinError;
use crate::trace::{self, TaskId, WaitKind};
use crate::{caught, coop};

impl Executor {
    /// Leaves the waker of `cx`, to be woken when the task ends.
    fn park_joiner(&self, key: TaskKey, cx: &Context<'_>) {
        const GONE: &str = "a JoinHandle is not polled again after it gave its result";
        let mut core = self.core.borrow_mut();
        let parked = &core.tasks.get(key).expect(GONE).joiner;
        if matches!(parked, Some(waker) if waker.will_wake(cx.waker())) {
            return;
        }
        drop(core);
        // A stranger's clone and drop, with nothing borrowed. They cannot end the task: only
        // the loop ends tasks, and it is not running while a handle is polled.
        let fresh = cx.waker().clone();
        let mut core = self.core.borrow_mut();
        let former = core.tasks.get(key).expect(GONE).joiner.replace(fresh);
        drop(core);
        drop(former);
    }

    /// Nobody will ask for the result any more.
    fn forget(&self, key: TaskKey) {
        let mut core = self.core.borrow_mut();
        let Some(slot) = core.tasks.get(key) else {
            return;
        };
        slot.joined = false;
        let joiner = slot.joiner.take();
        let unwanted = core.tasks.take_ended(key);
        drop(core);
        // Two strangers: a waker, and a result.
        drop(joiner);
        drop(unwanted);
    }

    fn has_ended(&self, key: TaskKey) -> bool {
        let mut core = self.core.borrow_mut();
        let slot = core.tasks.get(key);
        slot.is_none_or(|slot| matches!(slot.body, Body::Ended))
    }
}

/// Shared by a child of a scope and its handle.
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
pub struct JoinHandle<T> {
    source: Source<T>,
    id: TaskId,
    /// Where the task was spawned: shown as the place that waits.
    at: &'static Location<'static>,
}

/// Where a handle asks.
enum Source<T> {
    /// An ordinary task, in its slot.
    Task {
        /// A task that holds a handle makes a circle with this, which the end of the loop
        /// breaks: it drops every future. (Results that hold each other's handles make one
        /// that stays, as two `Rc`s would.)
        home: Rc<Executor>,
        /// [`TaskKey::NOBODY`] once it gave its result.
        key: Cell<TaskKey>,
        hand_over: HandOver<T>,
    },
    /// A child of a scope, or a task that never was.
    Cell(Rc<JoinCell<T>>),
}

/// Moves the result out of the ended task: made where it is known that `T` is `'static`, so
/// that a handle need not be.
type HandOver<T> = fn(&dyn Work, &mut Option<Result<T, JoinError>>);

impl<T> JoinHandle<T> {
    pub(super) fn of_task(
        home: Rc<Executor>,
        key: TaskKey,
        id: TaskId,
        at: &'static Location<'static>,
        hand_over: HandOver<T>,
    ) -> JoinHandle<T> {
        let source = Source::Task {
            home,
            key: Cell::new(key),
            hand_over,
        };
        JoinHandle { source, id, at }
    }

    pub(crate) fn of_child(cell: Rc<JoinCell<T>>, at: &'static Location<'static>) -> JoinHandle<T> {
        let id = cell.id;
        let source = Source::Cell(cell);
        JoinHandle { source, id, at }
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
        JoinHandle::of_child(Rc::new(cell), at)
    }

    /// The executor, unless it is gone with all its tasks, and the task's key.
    fn task(&self) -> (Option<Rc<Executor>>, TaskKey) {
        match &self.source {
            Source::Task { home, key, .. } => (Some(home.clone()), key.get()),
            Source::Cell(cell) => (cell.home.upgrade(), cell.key),
        }
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
        if let (Some(home), key) = self.task() {
            home.abort(key);
        }
    }

    /// Something that can abort the task from anywhere, other threads included.
    ///
    /// ```
    /// # hob::block_on(async {
    /// let task = hob::spawn(std::future::pending::<()>());
    /// let abort = task.abort_handle();
    /// hob::spawn(async move { abort.abort() });
    /// assert!(task.await.unwrap_err().is_cancelled());
    /// # });
    /// ```
    pub fn abort_handle(&self) -> AbortHandle {
        let (home, key) = self.task();
        AbortHandle::new(home.as_deref(), key, self.id)
    }

    /// Has the task ended?
    ///
    /// ```
    /// # hob::block_on(async {
    /// let task = hob::spawn(async {});
    /// assert!(!task.is_finished());
    /// hob::yield_now().await;
    /// assert!(task.is_finished());
    /// # });
    /// ```
    pub fn is_finished(&self) -> bool {
        match &self.source {
            Source::Task { home, key, .. } => home.has_ended(key.get()),
            Source::Cell(cell) => !matches!(&*cell.state.borrow(), State::Running),
        }
    }

    /// The task's id: what [`task_id`](crate::task_id) gives inside of it.
    pub fn id(&self) -> TaskId {
        self.id
    }

    #[cfg(test)]
    pub(super) fn key(&self) -> TaskKey {
        self.task().1
    }

    /// Takes the result, if it is there.
    pub(crate) fn take_result(&self) -> Option<Result<T, JoinError>> {
        match &self.source {
            Source::Task {
                home,
                key,
                hand_over,
            } => {
                let work = home.core.borrow_mut().tasks.take_ended(key.get())?;
                key.set(TaskKey::NOBODY); // nothing is left to forget
                let mut result = None;
                hand_over(&*work, &mut result);
                result
            }
            Source::Cell(cell) => cell.take_result(),
        }
    }

    /// Gives the result if it came meanwhile: a child ends also with its scope, and that a
    /// stranger's waker may drop. All other tasks only the loop ends, which is not running now.
    fn park(&self, cx: &Context<'_>) -> Option<Result<T, JoinError>> {
        match &self.source {
            Source::Task { home, key, .. } => {
                home.park_joiner(key.get(), cx);
                None
            }
            Source::Cell(cell) if cell.waiter.park_and_tell(cx) => cell.take_result(),
            Source::Cell(_) => None,
        }
    }
}

impl<T> JoinCell<T> {
    fn take_result(&self) -> Option<Result<T, JoinError>> {
        let mut state = self.state.borrow_mut();
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
        if let Some(result) = self.park(cx) {
            return Poll::Ready(result);
        }
        trace::waits(WaitKind::Join, self.id.0, self.at);
        Poll::Pending
    }
}

/// Detaches. Who awaited is not woken any more, so its waker must not stay either.
impl<T> Drop for JoinHandle<T> {
    fn drop(&mut self) {
        match &self.source {
            Source::Task { key, .. } if key.get() == TaskKey::NOBODY => {}
            Source::Task { home, key, .. } => home.forget(key.get()),
            Source::Cell(cell) => cell.waiter.clear(),
        }
    }
}

impl<T> std::fmt::Debug for JoinHandle<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "JoinHandle({})", self.id)
    }
}
