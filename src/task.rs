//! Starting tasks, and stepping aside: the few functions around the executor that programs call.
//!
//! The work is done in [`executor`](crate::JoinHandle); here is the form in which one asks for it.

use std::borrow::Cow;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::coop;
use crate::executor::{self, JoinHandle};
use crate::trace::{self, TaskId, WaitKind};

/// Starts `future` as a task of its own, which runs beside the one that calls this.
///
/// It needs no `Send`: it never leaves this thread. It is polled for the first time in its
/// turn, not here. The runtime keeps it until it is done, also if the handle is dropped.
///
/// # Panics
/// Outside of a running loop.
///
/// ```
/// use std::{cell::Cell, rc::Rc};
/// # hob::block_on(async {
/// let sum = Rc::new(Cell::new(0));
/// let other = sum.clone();
/// let task = hob::spawn(async move { other.set(other.get() + 2) });
/// assert_eq!(sum.get(), 0);
/// task.await.unwrap();
/// assert_eq!(sum.get(), 2);
/// # });
/// ```
#[track_caller]
pub fn spawn<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + 'static,
{
    spawn_at(future, None, Location::caller())
}

/// [`spawn`], with a name that [`tasks`](crate::tasks) and messages show.
///
/// # Panics
/// Outside of a running loop.
///
/// ```
/// # hob::block_on(async {
/// let task = hob::spawn_named("answer", async { 42 });
/// assert!(hob::tasks().iter().any(|t| t.name.as_deref() == Some("answer")));
/// assert_eq!(task.await.unwrap(), 42);
/// # });
/// ```
#[track_caller]
pub fn spawn_named<F>(name: impl Into<Cow<'static, str>>, future: F) -> JoinHandle<F::Output>
where
    F: Future + 'static,
{
    spawn_at(future, Some(name.into()), Location::caller())
}

/// [`spawn`] in somebody's name: `at` is the place that [`tasks`](crate::tasks) shows.
#[track_caller]
pub(crate) fn spawn_at<F>(
    future: F,
    name: Option<Cow<'static, str>>,
    at: &'static Location<'static>,
) -> JoinHandle<F::Output>
where
    F: Future + 'static,
{
    match executor::current() {
        Some(executor) => executor.spawn(future, name, at),
        None => panic!(
            "hob::spawn was called outside of a running loop: call it inside of hob::block_on, \
             or from another thread through a hob::Handle"
        ),
    }
}

/// The id of the task that calls this, if one does.
///
/// ```
/// # hob::block_on(async {
/// let task = hob::spawn(async { hob::task_id() });
/// let id = task.id();
/// assert_eq!(task.await.unwrap(), Some(id));
/// # });
/// ```
pub fn task_id() -> Option<TaskId> {
    executor::current()?.running_id()
}

/// Lets everybody else run before this task goes on: the other ready tasks, and then the
/// kernel, so that sockets and timers get their turn too.
///
/// *Cancel safety*: nothing is lost.
///
/// ```
/// # hob::block_on(async {
/// let other = hob::spawn(async {});
/// hob::yield_now().await;
/// assert!(other.is_finished());
/// # });
/// ```
#[track_caller]
pub fn yield_now() -> YieldNow {
    YieldNow {
        yielded: false,
        at: Location::caller(),
    }
}

/// The future of [`yield_now`].
#[derive(Debug)]
#[must_use = "futures do nothing unless awaited"]
pub struct YieldNow {
    yielded: bool,
    at: &'static Location<'static>,
}

impl Future for YieldNow {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.yielded {
            return Poll::Ready(());
        }
        self.yielded = true;
        trace::waits(WaitKind::Yield, 0, self.at);
        coop::wake_after_kernel(cx);
        Poll::Pending
    }
}
