//! How a future of a `&self` method waits for a source: [`Waiter`], and [`IoFuture`] and
//! [`Readiness`] built on it.
//!
//! A `Waiter` is a seat on one side of a source. The future that owns it asks
//! [`Waiter::poll_io`] and is `Pending` when that is; being dropped in the middle takes it
//! off the list and loses nothing, because no byte moves in a poll that is `Pending`.

use std::future::Future;
use std::io;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use super::backend::Io;
use super::side::{Direction, WaiterKey};
use super::source::{Attempt, Source};
use crate::{coop, trace};

/// A seat on one side of a source, for one future.
pub(crate) struct Waiter<'a, S: Io> {
    source: &'a Source<S>,
    direction: Direction,
    /// Where the operation was called: goes into the wait record.
    at: &'static Location<'static>,
    /// Set when it parks. Left as it is by the event that wakes it: the list's epoch says
    /// then that it is no longer valid.
    key: Option<WaiterKey>,
}

impl<'a, S: Io> Waiter<'a, S> {
    pub(super) fn new(
        source: &'a Source<S>,
        direction: Direction,
        at: &'static Location<'static>,
    ) -> Waiter<'a, S> {
        Waiter {
            source,
            direction,
            at,
            key: None,
        }
    }

    /// Like [`Source::poll_io`], waiting in this seat.
    pub(crate) fn poll_io<R>(
        &mut self,
        cx: &mut Context<'_>,
        op: impl FnMut(&S) -> io::Result<R>,
    ) -> Poll<io::Result<R>> {
        ready!(coop::poll_budget(cx));
        match self.source.attempt(self.direction, op) {
            Attempt::Over(result) => Poll::Ready(result),
            Attempt::Refused => self.poll_park(cx),
        }
    }

    /// Like [`Source::poll_bytes`], waiting in this seat.
    pub(crate) fn poll_bytes(
        &mut self,
        cx: &mut Context<'_>,
        wanted: usize,
        op: impl FnMut(&S) -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        let result = ready!(self.poll_io(cx, op));
        self.source.judge_length(self.direction, wanted, &result);
        Poll::Ready(result)
    }

    /// Like [`Source::poll_ready`], waiting in this seat.
    pub(crate) fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(coop::poll_budget(cx));
        if self.source.side(self.direction).is_ready() {
            coop::spend();
            return Poll::Ready(Ok(()));
        }
        self.poll_park(cx)
    }

    fn poll_park<R>(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<R>> {
        self.source.check_home()?;
        let side = self.source.side(self.direction);
        side.park(&mut self.key, cx.waker());
        trace::waits(self.direction.wait_kind(), self.source.resource(), self.at);
        Poll::Pending
    }
}

impl<S: Io> Drop for Waiter<'_, S> {
    fn drop(&mut self) {
        if let Some(key) = self.key {
            self.source.side(self.direction).unpark(key);
        }
    }
}

impl<S: Io> Source<S> {
    /// A future that does `op` on `direction`; any number may wait at once. It is made from
    /// [`Waiter::poll_io`] alone, for operations that need no type of their own.
    #[track_caller]
    pub(crate) fn io<R, F>(&self, direction: Direction, op: F) -> IoFuture<'_, S, F>
    where
        F: FnMut(&S) -> io::Result<R>,
    {
        let waiter = self.waiter(direction, Location::caller());
        IoFuture { waiter, op }
    }

    /// A future that ends when `direction` may be worth a try.
    #[track_caller]
    pub(crate) fn readiness(&self, direction: Direction) -> Readiness<'_, S> {
        let waiter = self.waiter(direction, Location::caller());
        Readiness { waiter }
    }
}

/// Future of [`Source::io`].
#[must_use = "futures do nothing unless awaited"]
pub(crate) struct IoFuture<'a, S: Io, F> {
    waiter: Waiter<'a, S>,
    op: F,
}

// `op` is only ever called in place: nothing here is pinned.
impl<S: Io, F> Unpin for IoFuture<'_, S, F> {}

impl<S: Io, R, F: FnMut(&S) -> io::Result<R>> Future for IoFuture<'_, S, F> {
    type Output = io::Result<R>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        this.waiter.poll_io(cx, &mut this.op)
    }
}

/// Future of [`Source::readiness`].
#[must_use = "futures do nothing unless awaited"]
pub(crate) struct Readiness<'a, S: Io> {
    waiter: Waiter<'a, S>,
}

impl<S: Io> Future for Readiness<'_, S> {
    type Output = io::Result<()>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.get_mut().waiter.poll_ready(cx)
    }
}
