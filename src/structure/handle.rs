//! [`Scope`]: what the body and the children of a scope hold, to spawn and to clean up.
//! Cancelling is in `cancel`.

use std::borrow::Cow;
use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::rc::Rc;

use super::children::{Children, Cleanup, ToHandle, ToScope};
use crate::caught;
use crate::executor::JoinHandle;

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
    ///
    /// ```
    /// # hob::block_on(async {
    /// let sum = hob::try_scope(async |s| {
    ///     let one = s.try_spawn_named("one", async { "1".parse::<u32>() });
    ///     Ok(one.await.unwrap() + 1)
    /// });
    /// assert_eq!(sum.await.unwrap(), 2);
    /// # });
    /// ```
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

    pub(super) fn try_start<F, T>(
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

    /// Nobody outside will spawn any more: see [`Children::held_open`].
    pub(super) fn let_go(&self) {
        if self.children.held_open.replace(false) {
            self.children.poke();
        }
    }

    /// How many children live, the body among them.
    ///
    /// ```
    /// # hob::block_on(async {
    /// hob::scope(async |s| {
    ///     s.spawn(async {});
    ///     assert_eq!(s.len(), 2);
    /// }).await.unwrap();
    /// # });
    /// ```
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
    /// The future, if it can outlive the scope. Otherwise drops it.
    pub(super) fn into_static(
        self,
    ) -> Option<std::pin::Pin<Box<dyn Future<Output = ()> + 'static>>> {
        match self {
            Cleanup::Static(future) => Some(future),
            Cleanup::Borrowing(future) => {
                caught::drop(future); // its panic must not cost the others their turn
                None
            }
        }
    }
}
