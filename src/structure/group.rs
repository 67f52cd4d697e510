//! [`TaskGroup`]: a scope with a task of its own, for children that own what they use.
//!
//! A scope's children are polled only while the scope is awaited. Where the tasks shall run
//! whatever their owner does meanwhile, somebody else has to await it. So a group is just
//! that: a task that runs a scope, which is held open until the group is joined. All the
//! rules of scopes hold, because it is one.

use std::borrow::Cow;
use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::panic::{Location, resume_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use super::abort_on_drop::AbortOnDrop;
use super::error::ScopeError;
use super::handle::Scope;
use super::run::ScopeFuture;
use crate::executor::{self, JoinHandle};
use crate::join_error::JoinError;
use crate::sync::{CancelReason, CancellationToken, CancelledOwned};

/// Tasks that belong together: an error or a panic of one cancels the others.
///
/// It follows the rules of [`scope`](crate::scope()): grace, cleanups, errors and all. Other
/// than there, the tasks run whether or not the group is awaited, so they own what they use.
/// Dropping the group drops them in the loop's next batch.
///
/// ```
/// # hob::block_on(async {
/// let mut group = hob::TaskGroup::new();
/// group.try_spawn(async { "7".parse::<u32>() });
/// group.try_spawn(async { "seven".parse::<u32>() });
/// let error = group.join().await.unwrap_err();
/// assert_eq!(error.to_string(), "a task of the scope failed: invalid digit found in string");
/// # });
/// ```
pub struct TaskGroup<E: 'static = Infallible> {
    scope: Scope<'static, E>,
    /// `None` once its result was given out.
    task: Option<AbortOnDrop<Result<(), ScopeError<E>>>>,
}

impl<E: 'static> TaskGroup<E> {
    /// A group without tasks.
    ///
    /// # Panics
    /// Outside of a running loop.
    #[track_caller]
    pub fn new() -> TaskGroup<E> {
        let at = Location::caller();
        let Some(executor) = executor::current() else {
            panic!(
                "TaskGroup::new was called outside of a running loop: call it inside of hob::block_on"
            );
        };
        let future = ScopeFuture::new(async |_scope| Ok(()), at);
        future.children.bind(&executor);
        future.children.held_open.set(true);
        let scope = Scope::new(future.children.clone());
        let task = executor.spawn(future, Some("task group".into()), at);
        TaskGroup {
            scope,
            task: Some(task.abort_on_drop()),
        }
    }

    /// Starts a task in the group: see [`Scope::spawn`].
    ///
    /// ```
    /// # hob::block_on(async {
    /// let mut group: hob::TaskGroup = hob::TaskGroup::new();
    /// let sum = group.spawn(async { 40 + 2 });
    /// group.join().await.unwrap();
    /// assert_eq!(sum.await.unwrap(), 42);
    /// # });
    /// ```
    #[track_caller]
    pub fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
    {
        self.scope.spawn(future)
    }

    /// Starts a task with a name: see [`Scope::spawn_named`].
    ///
    /// ```
    /// # hob::block_on(async {
    /// let mut group: hob::TaskGroup = hob::TaskGroup::new();
    /// group.spawn_named("cook", async {});
    /// assert!(hob::tasks().iter().any(|task| task.name.as_deref() == Some("cook")));
    /// group.join().await.unwrap();
    /// # });
    /// ```
    #[track_caller]
    pub fn spawn_named<F>(
        &self,
        name: impl Into<Cow<'static, str>>,
        future: F,
    ) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
    {
        self.scope.spawn_named(name, future)
    }

    /// Starts a task whose error cancels the others: see [`Scope::try_spawn`].
    ///
    /// ```
    /// # hob::block_on(async {
    /// let mut group = hob::TaskGroup::new();
    /// let endless = group.spawn(std::future::pending::<()>());
    /// group.try_spawn(async { Err::<(), _>("no flour") });
    /// assert_eq!(group.join().await.unwrap_err().first_error(), Some(&"no flour"));
    /// assert!(endless.await.unwrap_err().is_cancelled());
    /// # });
    /// ```
    #[track_caller]
    pub fn try_spawn<F, T>(&self, future: F) -> JoinHandle<T>
    where
        F: Future<Output = Result<T, E>> + 'static,
        T: 'static,
    {
        self.scope.try_spawn(future)
    }

    /// What the tasks themselves may hold, to spawn siblings, to defer cleanups, and for all
    /// else that a [`Scope`] can do.
    ///
    /// ```
    /// # hob::block_on(async {
    /// let mut group: hob::TaskGroup = hob::TaskGroup::new();
    /// let own = group.scope();
    /// let nested = group.spawn(async move { own.spawn(async { 7 }).await.unwrap() });
    /// group.join().await.unwrap();
    /// assert_eq!(nested.await.unwrap(), 7);
    /// # });
    /// ```
    pub fn scope(&self) -> Scope<'static, E> {
        self.scope.clone()
    }

    /// The token of the group: see [`Scope::token`].
    ///
    /// ```
    /// # hob::block_on(async {
    /// let mut group: hob::TaskGroup = hob::TaskGroup::new();
    /// let token = group.token();
    /// let polite = group.spawn(async move { token.cancelled().await });
    /// hob::yield_now().await; // it listens now
    /// group.cancel("closing time");
    /// group.join().await.unwrap();
    /// assert!(polite.await.is_ok());
    /// # });
    /// ```
    pub fn token(&self) -> CancellationToken {
        self.scope.token()
    }

    /// Waits until the group is cancelled: see [`Scope::cancelled`].
    ///
    /// *Cancel safety*: nothing is lost.
    ///
    /// ```
    /// # hob::block_on(async {
    /// let mut group: hob::TaskGroup = hob::TaskGroup::new();
    /// let heard = group.spawn(group.cancelled());
    /// hob::yield_now().await; // it waits now
    /// group.cancel("closing time");
    /// group.join().await.unwrap();
    /// assert!(heard.await.is_ok());
    /// # });
    /// ```
    #[track_caller]
    pub fn cancelled(&self) -> CancelledOwned {
        self.scope.cancelled()
    }

    /// Cancels all tasks: see [`Scope::cancel`].
    ///
    /// ```
    /// # hob::block_on(async {
    /// let mut group: hob::TaskGroup = hob::TaskGroup::new();
    /// let endless = group.spawn(std::future::pending::<()>());
    /// group.cancel("closing time");
    /// group.join().await.unwrap();
    /// assert!(endless.await.unwrap_err().is_cancelled());
    /// # });
    /// ```
    pub fn cancel(&self, why: impl Into<Cow<'static, str>>) {
        self.scope.cancel(why);
    }

    /// Cancels all tasks after some time: see [`Scope::cancel_after`].
    ///
    /// ```
    /// # hob::Builder::new().virtual_time().block_on(async {
    /// # use std::time::Duration;
    /// let mut group: hob::TaskGroup = hob::TaskGroup::new();
    /// let endless = group.spawn(std::future::pending::<()>());
    /// group.cancel_after(Duration::from_secs(2));
    /// assert!(group.join().await.unwrap_err().is_cancelled()); // it cut something off
    /// assert!(endless.await.unwrap_err().is_cancelled());
    /// # });
    /// ```
    pub fn cancel_after(&self, wait: Duration) {
        self.scope.cancel_after(wait);
    }

    /// Waits until all tasks have ended, and the cleanups. Those that run may still spawn
    /// others. That the group was cancelled is no error in itself, but a deadline that cut
    /// something off is one. Then the group is over: what is spawned later never starts, and
    /// joining once more is `Ok` at once.
    ///
    /// *Cancel safety*: nothing is lost; join again.
    ///
    /// # Errors
    /// Those of [`try_scope`](crate::try_scope).
    ///
    /// ```
    /// # hob::block_on(async {
    /// let mut group = hob::TaskGroup::<std::convert::Infallible>::new();
    /// let answer = group.spawn(async { 42 });
    /// group.join().await.unwrap();
    /// assert_eq!(answer.await.unwrap(), 42);
    /// # });
    /// ```
    pub fn join(&mut self) -> GroupJoin<'_, E> {
        GroupJoin { group: self }
    }
}

impl<E: 'static> Default for TaskGroup<E> {
    #[track_caller]
    fn default() -> TaskGroup<E> {
        TaskGroup::new()
    }
}

impl<E: 'static> fmt::Debug for TaskGroup<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskGroup")
            .field("tasks", &self.scope.len())
            .finish_non_exhaustive()
    }
}

/// Future of [`TaskGroup::join`].
#[derive(Debug)]
#[must_use = "futures do nothing unless awaited"]
pub struct GroupJoin<'a, E: 'static> {
    group: &'a mut TaskGroup<E>,
}

impl<E: 'static> Future for GroupJoin<'_, E> {
    type Output = Result<(), ScopeError<E>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let group = &mut *self.group;
        group.scope.let_go();
        let Some(task) = &mut group.task else {
            return Poll::Ready(Ok(()));
        };
        let result = ready!(Pin::new(task).poll(cx));
        group.task = None;
        match result.map_err(JoinError::try_into_panic) {
            // Cancelled before the group's task was polled once: nothing failed, and no deadline
            // cut anything off.
            Ok(Err(error)) if error.is_cancelled() && error.reason() != &CancelReason::Deadline => {
                Poll::Ready(Ok(()))
            }
            Ok(outcome) => Poll::Ready(outcome),
            Err(Ok(payload)) => resume_unwind(payload),
            // Aborted: only the end of the runtime does that.
            Err(Err(_)) => Poll::Ready(Err(ScopeError::new(Vec::new(), CancelReason::Dropped))),
        }
    }
}
