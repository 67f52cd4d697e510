//! How a future of a `&self` method waits for a source: [`Waiter`], and [`Operation`], the
//! one future that all of `net` is made of.
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
use super::seats::WaiterKey;
use super::side::Direction;
use super::source::{Attempt, Source};
use crate::{coop, trace};

/// A seat on one side of a source, for one future.
pub(crate) struct Waiter<'a, S: Io> {
    source: &'a Source<S>,
    direction: Direction,
    /// Where the operation was called: goes into the wait record.
    at: &'static Location<'static>,
    /// Set when it parks. Left as it is by the event that wakes it: the side's epoch says
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

    /// Ready once an event said that this side is, or a guess about it was given up, and nothing
    /// has denied it since. It may still be refused.
    pub(crate) fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(coop::poll_budget(cx));
        if self.source.side(self.direction).is_ready() {
            coop::spend();
            return Poll::Ready(Ok(()));
        }
        self.poll_park(cx)
    }

    fn poll_park<R>(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<R>> {
        self.source.prepare_park()?;
        let side = self.source.side(self.direction);
        side.park(&mut self.key, cx.waker());
        let resource = self.source.token().0 as u64;
        trace::waits(self.direction.wait_kind(), resource, self.at);
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
    /// A future that repeats `step` until it is ready, waiting in a seat of its own. The
    /// sleep is in [`Waiter::poll_io`] and its kin, which `step` calls; what it has done so
    /// far it keeps itself. Like `poll_fn`, with a place to wait.
    #[track_caller]
    pub(crate) fn operation<'a, R, F>(
        &'a self,
        direction: Direction,
        step: F,
    ) -> Operation<'a, S, F>
    where
        F: FnMut(&mut Waiter<'a, S>, &mut Context<'_>) -> Poll<R>,
    {
        let waiter = self.waiter(direction, Location::caller());
        Operation { waiter, step }
    }

    /// [`Source::operation`] of a single step: a future that does `op` on `direction`.
    #[track_caller]
    pub(crate) fn io<'a, R, F>(
        &'a self,
        direction: Direction,
        mut op: F,
    ) -> impl Future<Output = io::Result<R>> + Unpin
    where
        F: FnMut(&S) -> io::Result<R> + 'a,
    {
        self.operation(direction, move |waiter, cx| waiter.poll_io(cx, &mut op))
    }

    /// [`Source::io`] for an `op` that looks at what is there to read and leaves it where it is.
    #[track_caller]
    pub(crate) fn peek<'a, R, F>(&'a self, mut op: F) -> impl Future<Output = io::Result<R>> + Unpin
    where
        F: FnMut(&S) -> io::Result<R> + 'a,
    {
        self.operation(Direction::Read, move |waiter, cx| {
            let seen = ready!(waiter.poll_io(cx, &mut op));
            self.side(Direction::Read).peeked();
            Poll::Ready(seen)
        })
    }

    /// A future that ends when `direction` may be worth a try.
    #[track_caller]
    pub(crate) fn readiness(
        &self,
        direction: Direction,
    ) -> impl Future<Output = io::Result<()>> + Unpin {
        self.operation(direction, Waiter::poll_ready)
    }
}

/// Future of [`Source::operation`].
#[must_use = "futures do nothing unless awaited"]
pub(crate) struct Operation<'a, S: Io, F> {
    waiter: Waiter<'a, S>,
    step: F,
}

// `step` is only ever called in place: nothing here is pinned.
impl<S: Io, F> Unpin for Operation<'_, S, F> {}

impl<'a, S, R, F> Future for Operation<'a, S, F>
where
    S: Io,
    F: FnMut(&mut Waiter<'a, S>, &mut Context<'_>) -> Poll<R>,
{
    type Output = R;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<R> {
        let this = self.get_mut();
        (this.step)(&mut this.waiter, cx)
    }
}
