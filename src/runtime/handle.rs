//! How another thread starts work in a loop, and gets its result.
//!
//! Law: tasks are not `Send`, so no future can be handed to another thread. Consequence: what
//! is sent is a function that *makes* the future, there. Its result has to be `Send`.

use std::fmt;
use std::future::Future;
use std::panic::{Location, resume_unwind};
use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use super::ask::current_inner;
use super::{CURRENT, Inner};
use crate::current;
use crate::executor::{self, Executor, Remote};
use crate::join_error::JoinError;
use crate::trace::{self, WaitKind};

/// Starts work in a runtime from any thread.
///
/// It does not keep the runtime alive; when that is gone, what is handed in is dropped.
///
/// ```
/// let runtime = hob::Runtime::new()?;
/// let handle = runtime.handle();
/// let thread = std::thread::spawn(move || handle.block_on(|| async { 6 * 7 }));
/// runtime.block_on(async move {
///     let answer = hob::spawn_blocking(move || thread.join().unwrap());
///     assert_eq!(answer.await.unwrap(), 42);
/// });
/// # std::io::Result::Ok(())
/// ```
#[derive(Clone)]
pub struct Handle {
    shared: Arc<Shared>,
}

/// What the handles of one runtime have in common. The runtime looks whether it is alive:
/// with virtual time, a live handle keeps the clock from jumping.
pub(super) struct Shared {
    remote: Arc<Remote>,
}

impl Drop for Shared {
    /// The last handle is gone, and the loop may be asleep only because there was one.
    fn drop(&mut self) {
        self.remote.ring();
    }
}

impl Inner {
    pub(super) fn handle(&self) -> Handle {
        let live = self.handles.borrow().upgrade();
        let shared = live.unwrap_or_else(|| {
            let remote = self.executor.remote().clone();
            let shared = Arc::new(Shared { remote });
            self.handles.replace(Arc::downgrade(&shared));
            shared
        });
        Handle { shared }
    }
}

impl Handle {
    /// The handle of the runtime that is running here.
    ///
    /// # Panics
    /// Outside of a runtime.
    #[track_caller]
    pub fn current() -> Handle {
        current_inner("Handle::current").handle()
    }

    /// The handle of the runtime that is running here, if there is one.
    pub fn try_current() -> Option<Handle> {
        current::get(&CURRENT).map(|inner| inner.handle())
    }

    /// Calls `make` in the loop and spawns the future that it returns.
    ///
    /// The work may also be *waited for by blocking*: [`RemoteJoinHandle::join`].
    #[track_caller]
    pub fn spawn<M, F>(&self, make: M) -> RemoteJoinHandle<F::Output>
    where
        M: FnOnce() -> F + Send + 'static,
        F: Future + 'static,
        F::Output: Send + 'static,
    {
        let at = Location::caller();
        let meeting = Meeting::new();
        let sender = Sender(meeting.clone());
        let start = Box::new(move || {
            let executor = executor::current().expect("mail is read inside of the loop");
            // Two tasks: one may panic, in `make` or later, and the other tells of it.
            let task = executor.spawn(async move { make().await }, None, at);
            let report = async move { sender.send(task.await) };
            drop(executor.spawn(report, None, at));
        });
        // If the loop is gone, `start` is dropped, and its sender says so.
        Executor::post(&self.shared.remote, start);
        RemoteJoinHandle { meeting, at }
    }

    /// Calls `make` in the loop, and blocks this thread until the future that it returns has
    /// ended.
    ///
    /// # Panics
    /// If the future panicked (with the same payload), if the runtime is gone or ends first,
    /// and if called inside of a running loop, which it would stop.
    #[track_caller]
    pub fn block_on<M, F>(&self, make: M) -> F::Output
    where
        M: FnOnce() -> F + Send + 'static,
        F: Future + 'static,
        F::Output: Send + 'static,
    {
        super::life::refuse_nesting(); // before anything is handed in
        match self.spawn(make).join() {
            Ok(output) => output,
            Err(error) => match error.try_into_panic() {
                Ok(payload) => resume_unwind(payload),
                Err(_cancelled) => panic!("the runtime ended before the future did"),
            },
        }
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle").finish_non_exhaustive()
    }
}

/// The result of work that was handed to a runtime by [`Handle::spawn`].
///
/// It can be awaited, in any runtime, or waited for by blocking. Dropping it detaches.
///
/// *Cancel safety*: awaiting `&mut handle` may be given up and begun again.
#[must_use = "dropping it detaches the work; say so with `drop` if that is meant"]
pub struct RemoteJoinHandle<T> {
    meeting: Arc<Meeting<T>>,
    /// Where the work was handed in.
    at: &'static Location<'static>,
}

/// Where the result crosses from one thread to the other.
struct Meeting<T> {
    state: Mutex<State<T>>,
    arrived: Condvar,
}

struct State<T> {
    result: Option<Result<T, JoinError>>,
    /// A result was put in; it may have been taken since.
    sent: bool,
    waiter: Option<Waker>,
}

impl<T> Meeting<T> {
    fn new() -> Arc<Meeting<T>> {
        Arc::new(Meeting {
            state: Mutex::new(State {
                result: None,
                sent: false,
                waiter: None,
            }),
            arrived: Condvar::new(),
        })
    }

    /// Takes the result out, once.
    fn take(state: &mut State<T>) -> Option<Result<T, JoinError>> {
        let result = state.result.take();
        if result.is_none() && state.sent {
            panic!("a RemoteJoinHandle was asked again after it gave its result");
        }
        result
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The loop's end: sends the result once, or on its drop says that there will be none.
struct Sender<T>(Arc<Meeting<T>>);

impl<T> Sender<T> {
    fn send(&self, result: Result<T, JoinError>) {
        let mut state = self.0.lock();
        if std::mem::replace(&mut state.sent, true) {
            return;
        }
        state.result = Some(result);
        let waiter = state.waiter.take();
        drop(state);
        self.0.arrived.notify_all();
        if let Some(waiter) = waiter {
            crate::caught::wake(waiter);
        }
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        self.send(Err(JoinError::cancelled(None)));
    }
}

impl<T> RemoteJoinHandle<T> {
    /// Blocks this thread until the work has ended.
    ///
    /// # Panics
    /// Inside of a running loop, which it would stop: await it there; and if it was awaited
    /// before, and gave its result then.
    #[track_caller]
    pub fn join(self) -> Result<T, JoinError> {
        super::life::refuse_nesting();
        let mut state = self.meeting.lock();
        loop {
            if let Some(result) = Meeting::take(&mut state) {
                return result;
            }
            let waited = self.meeting.arrived.wait(state);
            state = waited.unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Has the work ended?
    pub fn is_finished(&self) -> bool {
        self.meeting.lock().sent
    }
}

impl<T> Future for RemoteJoinHandle<T> {
    type Output = Result<T, JoinError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let waker = cx.waker().clone();
        let mut state = self.meeting.lock();
        if let Some(result) = Meeting::take(&mut state) {
            return Poll::Ready(result);
        }
        let former = state.waiter.replace(waker);
        drop(state);
        drop(former);
        trace::waits(WaitKind::Join, 0, self.at);
        Poll::Pending
    }
}

impl<T> fmt::Debug for RemoteJoinHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RemoteJoinHandle")
            .field("finished", &self.is_finished())
            .finish()
    }
}

impl<T> Drop for RemoteJoinHandle<T> {
    fn drop(&mut self) {
        let waiter = self.meeting.lock().waiter.take();
        drop(waiter);
    }
}
