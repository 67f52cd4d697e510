//! [`Scope`]: what the body and the children of a scope hold, to spawn, to cancel, to clean up.

use std::borrow::Cow;
use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::rc::Rc;
use std::time::{Duration, Instant};

use super::children::{Children, Cleanup, ToHandle, ToScope};
use crate::clock;
use crate::executor::JoinHandle;
use crate::sync::{CancelReason, CancellationToken, CancelledOwned};

/// One of the handles of a [`scope`](crate::scope()). Clones are the same scope.
///
/// Children may hold it, and spawn siblings with it. When the scope is over, or cancelled, it
/// starts nothing any more, and is otherwise harmless.
pub struct Scope<'env, E = Infallible> {
    pub(super) children: Rc<Children<'env, E>>,
}

impl<'env, E: 'env> Scope<'env, E> {
    pub(super) fn new(children: Rc<Children<'env, E>>) -> Scope<'env, E> {
        Scope { children }
    }

    /// Starts a child. It may borrow what was declared before the scope began.
    ///
    /// The handle gives what it returns; dropping the handle changes nothing. If the child
    /// panics, the others are cancelled and the panic comes out of the scope, and the handle
    /// gives a [`JoinError`](crate::JoinError) that [says so](crate::JoinError::is_failed).
    ///
    /// In a scope that is over or cancelled the child never starts: `future` is dropped here,
    /// and the handle [says so](crate::JoinError::is_never_started).
    ///
    /// ```
    /// # hob::block_on(async {
    /// let text = String::from("borrowed");
    /// let length = hob::scope(async |s| s.spawn(async { text.len() }).await.unwrap());
    /// assert_eq!(length.await.unwrap(), 8);
    /// # });
    /// ```
    #[track_caller]
    pub fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + 'env,
    {
        self.start(future, None, Location::caller())
    }

    /// [`spawn`](Scope::spawn), with a name that [`tasks`](crate::tasks) and messages show.
    ///
    /// ```
    /// # hob::block_on(async {
    /// hob::scope(async |s| {
    ///     s.spawn_named("reader", async {});
    ///     assert!(hob::tasks().iter().any(|task| task.name.as_deref() == Some("reader")));
    /// }).await.unwrap();
    /// # });
    /// ```
    #[track_caller]
    pub fn spawn_named<F>(
        &self,
        name: impl Into<Cow<'static, str>>,
        future: F,
    ) -> JoinHandle<F::Output>
    where
        F: Future + 'env,
    {
        self.start(future, Some(name.into()), Location::caller())
    }

    /// Starts a child that may fail: its error cancels the others, and comes out of the scope.
    /// Otherwise as [`spawn`](Scope::spawn).
    ///
    /// ```
    /// # hob::block_on(async {
    /// let failed = hob::try_scope(async |s| {
    ///     s.try_spawn(async { "x".parse::<u32>() });
    ///     s.spawn(std::future::pending::<()>());
    ///     Ok(())
    /// });
    /// assert!(failed.await.unwrap_err().first_error().is_some());
    /// # });
    /// ```
    #[track_caller]
    pub fn try_spawn<F, T>(&self, future: F) -> JoinHandle<T>
    where
        F: Future<Output = Result<T, E>> + 'env,
        T: 'env,
    {
        self.try_start(future, None, Location::caller())
    }

    /// [`try_spawn`](Scope::try_spawn), with a name.
    #[track_caller]
    pub fn try_spawn_named<F, T>(
        &self,
        name: impl Into<Cow<'static, str>>,
        future: F,
    ) -> JoinHandle<T>
    where
        F: Future<Output = Result<T, E>> + 'env,
        T: 'env,
    {
        self.try_start(future, Some(name.into()), Location::caller())
    }

    pub(super) fn start<F>(
        &self,
        future: F,
        name: Option<Cow<'static, str>>,
        at: &'static Location<'static>,
    ) -> JoinHandle<F::Output>
    where
        F: Future + 'env,
    {
        if self.children.is_closed() {
            return JoinHandle::refused(at);
        }
        let scope = self.children.clone();
        let to = |cell| ToHandle { cell, scope };
        self.children.bear(future, name, at, to)
    }

    fn try_start<F, T>(
        &self,
        future: F,
        name: Option<Cow<'static, str>>,
        at: &'static Location<'static>,
    ) -> JoinHandle<T>
    where
        F: Future<Output = Result<T, E>> + 'env,
        T: 'env,
    {
        if self.children.is_closed() {
            return JoinHandle::refused(at);
        }
        let scope = self.children.clone();
        let to = |cell| ToScope(ToHandle { cell, scope });
        self.children.bear(future, name, at, to)
    }

    /// Has `cleanup` run at the scope's end, when all children have ended or been dropped:
    /// cancelled or not, the one deferred last first, one after the other.
    ///
    /// It may borrow, and so it is dropped unrun if the scope's own future is dropped. What
    /// has to run even then: [`defer_static`](Scope::defer_static).
    ///
    /// ```
    /// # hob::block_on(async {
    /// let log = std::cell::RefCell::new(Vec::new());
    /// hob::scope(async |s| {
    ///     s.defer(async { log.borrow_mut().push("first in, last out") });
    ///     s.defer(async { log.borrow_mut().push("last in, first out") });
    /// }).await.unwrap();
    /// assert_eq!(*log.borrow(), ["last in, first out", "first in, last out"]);
    /// # });
    /// ```
    pub fn defer(&self, cleanup: impl Future<Output = ()> + 'env) {
        self.put_off(Cleanup::Borrowing(Box::pin(cleanup)));
    }

    /// [`defer`](Scope::defer) for a cleanup that borrows nothing. If the scope's own future is
    /// dropped, it goes on as a task.
    ///
    /// ```
    /// # use std::{cell::Cell, rc::Rc, time::Duration};
    /// # hob::Builder::new().virtual_time().block_on(async {
    /// let cleaned = Rc::new(Cell::new(false));
    /// let clean = cleaned.clone();
    /// let endless = hob::scope(async move |s| {
    ///     s.defer_static(async move { clean.set(true) });
    ///     std::future::pending::<()>().await;
    /// });
    /// assert!(hob::time::timeout(Duration::from_secs(1), endless).await.is_err());
    /// hob::yield_now().await;
    /// assert!(cleaned.get());
    /// # });
    /// ```
    pub fn defer_static(&self, cleanup: impl Future<Output = ()> + 'static) {
        self.put_off(Cleanup::Static(Box::pin(cleanup)));
    }

    fn put_off(&self, cleanup: Cleanup<'env>) {
        if !self.children.is_over() {
            self.children.cleanups.borrow_mut().push(cleanup);
        }
    }

    /// Cancels the scope: the token shows it, with this reason; those who hold the token have
    /// the grace limit to end; then the others are dropped. The body too, unless it returns
    /// before it waits for anything.
    ///
    /// ```
    /// # hob::block_on(async {
    /// let answer = hob::scope(async |s| {
    ///     s.spawn(std::future::pending::<()>()); // for as long as the body needs it
    ///     s.cancel("no longer needed");
    ///     42
    /// });
    /// assert_eq!(answer.await.unwrap(), 42);
    /// # });
    /// ```
    pub fn cancel(&self, why: impl Into<Cow<'static, str>>) {
        let reason = CancelReason::Requested(why.into());
        self.children.token().cancel_for(reason);
    }

    /// [`cancel_at`](Scope::cancel_at) the moment that is so far from now.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # hob::Builder::new().virtual_time().block_on(async {
    /// let ended = hob::scope(async |s| {
    ///     s.cancel_after(Duration::from_secs(2));
    ///     std::future::pending::<()>().await;
    /// });
    /// assert!(ended.await.unwrap_err().is_cancelled());
    /// # });
    /// ```
    pub fn cancel_after(&self, wait: Duration) {
        self.cancel_at(clock::after(wait));
    }

    /// Cancels the scope when `deadline` comes. Of several deadlines the earliest counts.
    pub fn cancel_at(&self, deadline: Instant) {
        let earliest = self.children.deadline.get();
        let earliest = earliest.map_or(deadline, |earlier| earlier.min(deadline));
        self.children.deadline.set(Some(earliest));
        self.children.poke();
    }

    /// How long those who hold the token may go on after the scope was cancelled. Default: 1 s.
    /// With zero they are dropped at once. Counts from the cancellation; what comes later
    /// changes nothing.
    pub fn set_grace(&self, grace: Duration) {
        self.children.grace.set(grace);
    }

    /// How long all the cleanups together may take, before the rest is dropped and that is
    /// told as a [`Failure`](crate::Failure). Default: 5 s.
    pub fn set_cleanup_limit(&self, limit: Duration) {
        self.children.cleanup_limit.set(limit);
    }

    /// The token of the scope: cancelled when the scope is. To cancel it cancels the scope.
    ///
    /// Whoever asks for it is expected to act upon it: from then on, a cancellation leaves
    /// everybody the grace limit.
    ///
    /// ```
    /// # hob::block_on(async {
    /// let farewell = hob::scope(async |s| {
    ///     let token = s.token();
    ///     let polite = s.spawn(async move {
    ///         token.cancelled().await;
    ///         "goodbye"
    ///     });
    ///     hob::yield_now().await;
    ///     s.cancel("it is late");
    ///     polite.await.unwrap()
    /// });
    /// assert_eq!(farewell.await.unwrap(), "goodbye");
    /// # });
    /// ```
    pub fn token(&self) -> CancellationToken {
        self.children.token().hand_out()
    }

    /// Waits until the scope is cancelled. As if the [`token`](Scope::token) was asked for.
    ///
    /// *Cancel safety*: nothing is lost.
    #[track_caller]
    pub fn cancelled(&self) -> CancelledOwned {
        self.token().cancelled_owned()
    }

    /// Is it cancelled? As if the [`token`](Scope::token) was asked for.
    pub fn is_cancelled(&self) -> bool {
        self.token().is_cancelled()
    }

    /// Nobody outside will spawn any more: see [`Children::held_open`].
    pub(super) fn let_go(&self) {
        if self.children.held_open.replace(false) {
            self.children.poke();
        }
    }

    /// How many children live, the body among them.
    pub fn len(&self) -> usize {
        self.children.len()
    }

    /// Has everybody ended?
    pub fn is_empty(&self) -> bool {
        self.children.is_empty()
    }
}

impl<E> Clone for Scope<'_, E> {
    fn clone(&self) -> Self {
        Scope {
            children: self.children.clone(),
        }
    }
}

impl<E> fmt::Debug for Scope<'_, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scope")
            .field("children", &self.children.len())
            .finish_non_exhaustive()
    }
}

impl Cleanup<'_> {
    /// The future, if it can outlive the scope.
    pub(super) fn into_static(
        self,
    ) -> Option<std::pin::Pin<Box<dyn Future<Output = ()> + 'static>>> {
        match self {
            Cleanup::Static(future) => Some(future),
            Cleanup::Borrowing(_) => None,
        }
    }
}
