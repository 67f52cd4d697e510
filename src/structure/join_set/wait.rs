//! The futures that wait for the tasks of a set.

use std::future::Future;
use std::panic::{Location, resume_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use super::JoinSet;
use crate::caught;
use crate::join_error::JoinError;
use crate::trace::TaskId;

/// Future of [`JoinSet::join_next_with_id`].
#[derive(Debug)]
#[must_use = "futures do nothing unless awaited"]
pub struct JoinNextWithId<'a, T: 'static> {
    set: &'a mut JoinSet<T>,
    at: &'static Location<'static>,
}

impl<'a, T> JoinNextWithId<'a, T> {
    pub(super) fn new(set: &'a mut JoinSet<T>, at: &'static Location<'static>) -> Self {
        JoinNextWithId { set, at }
    }
}

impl<T> Future for JoinNextWithId<'_, T> {
    type Output = Option<(TaskId, Result<T, JoinError>)>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let at = self.at;
        self.set.poll_next(cx, at)
    }
}

/// Who waits no longer is not to be woken.
impl<T> Drop for JoinNextWithId<'_, T> {
    fn drop(&mut self) {
        self.set.shared.waiter.clear();
    }
}

/// Future of [`JoinSet::join_next`].
#[derive(Debug)]
#[must_use = "futures do nothing unless awaited"]
pub struct JoinNext<'a, T: 'static> {
    next: JoinNextWithId<'a, T>,
}

impl<'a, T> JoinNext<'a, T> {
    pub(super) fn new(next: JoinNextWithId<'a, T>) -> Self {
        JoinNext { next }
    }
}

impl<T> Future for JoinNext<'_, T> {
    type Output = Option<Result<T, JoinError>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let next = ready!(Pin::new(&mut self.next).poll(cx));
        Poll::Ready(next.map(|(_id, result)| result))
    }
}

/// Future of [`JoinSet::shutdown`].
#[derive(Debug)]
#[must_use = "futures do nothing unless awaited"]
pub struct SetShutdown<'a, T: 'static> {
    next: JoinNext<'a, T>,
    aborted: bool,
}

impl<'a, T> SetShutdown<'a, T> {
    pub(super) fn new(next: JoinNext<'a, T>) -> Self {
        let aborted = false;
        SetShutdown { next, aborted }
    }
}

impl<T> Future for SetShutdown<'_, T> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if !std::mem::replace(&mut self.aborted, true) {
            self.next.next.set.abort_all();
        }
        while let Some(result) = ready!(Pin::new(&mut self.next).poll(cx)) {
            caught::drop(result);
        }
        Poll::Ready(())
    }
}

/// Future of [`JoinSet::join_all`].
#[derive(Debug)]
#[must_use = "futures do nothing unless awaited"]
pub struct SetJoinAll<T: 'static> {
    set: JoinSet<T>,
    results: Vec<T>,
    at: &'static Location<'static>,
}

impl<T> SetJoinAll<T> {
    pub(super) fn new(set: JoinSet<T>, at: &'static Location<'static>) -> SetJoinAll<T> {
        let results = Vec::with_capacity(set.len());
        SetJoinAll { set, results, at }
    }
}

/// The results are values in a list; nothing is pinned.
impl<T> Unpin for SetJoinAll<T> {}

impl<T> Future for SetJoinAll<T> {
    type Output = Vec<T>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Vec<T>> {
        let this = self.get_mut();
        while let Some((_id, result)) = ready!(this.set.poll_next(cx, this.at)) {
            match result.map_err(JoinError::try_into_panic) {
                Ok(output) => this.results.push(output),
                Err(Ok(payload)) => resume_unwind(payload),
                Err(Err(cancelled)) => panic!("JoinSet::join_all: {cancelled}"),
            }
        }
        Poll::Ready(std::mem::take(&mut this.results))
    }
}
