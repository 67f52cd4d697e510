//! Awaiting a cancellation: [`Cancelled`], the same without a borrow, and a future beside it.

use std::fmt;
use std::future::Future;
use std::ops::Deref;
use std::panic::Location;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use super::tree::Node;
use crate::coop;
use crate::executor::Parked;
use crate::sync::address_of;
use crate::sync::wait_list::WaitKey;
use crate::trace::{self, WaitKind};

/// A place in the line of a token, which `N` holds or borrows.
struct Waiting<N: Deref<Target = Node>> {
    node: N,
    /// Set by the first poll that has to wait, spent when it was called or by the drop.
    place: Option<WaitKey>,
    at: &'static Location<'static>,
}

impl<N: Deref<Target = Node>> Waiting<N> {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        ready!(coop::poll_budget(cx));
        if self.look(cx).is_pending() {
            trace::waits(WaitKind::Cancellation, address_of(&*self.node), self.at);
            return Poll::Pending;
        }
        coop::spend();
        Poll::Ready(())
    }

    fn look(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if let Some(key) = self.place {
            ready!(self.node.line.poll(key, cx));
            self.place = None;
        }
        if self.node.reason().is_some() {
            return Poll::Ready(());
        }
        let parked = Parked::new(cx);
        // Look again: the clone (if it was one) may have run a stranger's code.
        if self.node.reason().is_some() {
            return Poll::Ready(());
        }
        self.place = Some(self.node.line.push((), parked));
        Poll::Pending
    }
}

impl<N: Deref<Target = Node>> Drop for Waiting<N> {
    fn drop(&mut self) {
        if let Some(key) = self.place.take() {
            drop(self.node.line.leave(key));
        }
    }
}

/// Future of [`CancellationToken::cancelled`](super::CancellationToken::cancelled).
#[must_use = "futures do nothing unless awaited"]
pub struct Cancelled<'a>(Waiting<&'a Node>);

impl<'a> Cancelled<'a> {
    pub(super) fn new(node: &'a Node, at: &'static Location<'static>) -> Cancelled<'a> {
        Cancelled(Waiting {
            node,
            place: None,
            at,
        })
    }
}

impl Future for Cancelled<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.0.poll(cx)
    }
}

impl fmt::Debug for Cancelled<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cancelled").finish_non_exhaustive()
    }
}

/// Future of [`CancellationToken::cancelled_owned`](super::CancellationToken::cancelled_owned).
#[must_use = "futures do nothing unless awaited"]
pub struct CancelledOwned(Waiting<Rc<Node>>);

impl CancelledOwned {
    pub(super) fn new(node: Rc<Node>, at: &'static Location<'static>) -> CancelledOwned {
        CancelledOwned(Waiting {
            node,
            place: None,
            at,
        })
    }
}

impl Future for CancelledOwned {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.0.poll(cx)
    }
}

impl fmt::Debug for CancelledOwned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CancelledOwned").finish_non_exhaustive()
    }
}

pin_project! {
    /// Future of
    /// [`CancellationToken::run_until_cancelled`](super::CancellationToken::run_until_cancelled).
    #[derive(Debug)]
    #[must_use = "futures do nothing unless awaited"]
    pub struct RunUntilCancelled<'a, F> {
        cancelled: Cancelled<'a>,
        // Before the first poll a token that is cancelled keeps the future from starting;
        // after it, the future is asked first.
        started: bool,
        #[pin]
        future: F,
    }
}

impl<'a, F> RunUntilCancelled<'a, F> {
    pub(super) fn new(cancelled: Cancelled<'a>, future: F) -> RunUntilCancelled<'a, F> {
        RunUntilCancelled {
            cancelled,
            started: false,
            future,
        }
    }
}

impl<F: Future> Future for RunUntilCancelled<'_, F> {
    type Output = Option<F::Output>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        if !std::mem::replace(this.started, true) && this.cancelled.0.node.reason().is_some() {
            return Poll::Ready(None);
        }
        if let Poll::Ready(output) = this.future.poll(cx) {
            return Poll::Ready(Some(output));
        }
        // What the future waits for says more than that it may be cancelled: its record
        // stands. And no budget, or a future that eats it all could not be cancelled (trap 30).
        let wait = trace::take_wait();
        let cancelled = Pin::new(this.cancelled);
        if coop::poll_unconstrained(cancelled, cx).is_ready() {
            return Poll::Ready(None);
        }
        if let Some(wait) = wait {
            trace::waits(wait.kind, wait.resource, wait.at);
        }
        Poll::Pending
    }
}
