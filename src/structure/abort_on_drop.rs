//! [`AbortOnDrop`]: a handle that takes its task along when it goes.

use std::future::Future;
use std::ops::Deref;
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::executor::JoinHandle;
use crate::join_error::JoinError;

impl<T> JoinHandle<T> {
    /// Aborts the task when the handle is dropped, instead of letting it go on: it then lives
    /// no longer than whoever waits for it.
    ///
    /// ```
    /// # hob::block_on(async {
    /// let guard = std::rc::Rc::new(());
    /// let held = guard.clone();
    /// let task = hob::spawn(async move { std::future::pending::<()>().await; drop(held) });
    /// drop(task.abort_on_drop());
    /// hob::yield_now().await;
    /// assert_eq!(std::rc::Rc::strong_count(&guard), 1);
    /// # });
    /// ```
    pub fn abort_on_drop(self) -> AbortOnDrop<T> {
        AbortOnDrop { handle: Some(self) }
    }
}

/// A [`JoinHandle`] that aborts its task when it is dropped. It can be awaited, and used, like
/// the handle itself.
///
/// *Cancel safety*: awaiting `&mut handle` may be given up and begun again. Dropping it aborts.
#[derive(Debug)]
#[must_use = "dropping it aborts the task"]
pub struct AbortOnDrop<T> {
    /// `None` once it was detached.
    handle: Option<JoinHandle<T>>,
}

const HELD: &str = "only `detach` takes it, by value";

impl<T> AbortOnDrop<T> {
    /// The handle as it was: the task goes on whatever becomes of it.
    pub fn detach(mut self) -> JoinHandle<T> {
        self.handle.take().expect(HELD)
    }
}

impl<T> Deref for AbortOnDrop<T> {
    type Target = JoinHandle<T>;

    fn deref(&self) -> &JoinHandle<T> {
        self.handle.as_ref().expect(HELD)
    }
}

impl<T> Future for AbortOnDrop<T> {
    type Output = Result<T, JoinError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(self.handle.as_mut().expect(HELD)).poll(cx)
    }
}

impl<T> Drop for AbortOnDrop<T> {
    fn drop(&mut self) {
        if let Some(handle) = &self.handle {
            handle.abort();
        }
    }
}
