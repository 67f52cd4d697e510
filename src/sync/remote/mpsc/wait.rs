//! The futures of a remote channel: budget, wait record, and leaving the line when dropped,
//! around what `chan` does.

use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use super::SendError;
use crate::coop;
use crate::sync::address_of;
use crate::sync::remote::chan::Chan;
use crate::sync::wait_list::WaitKey;
use crate::trace::{self, WaitKind};

/// Future of [`Sender::send`](super::Sender::send).
#[must_use = "futures do nothing unless awaited"]
pub struct Send<'a, T> {
    chan: &'a Chan<T>,
    /// Taken when it is sent or given back.
    message: Option<T>,
    /// The place in the line for room, while there is none.
    place: Option<WaitKey>,
    at: &'static Location<'static>,
}

impl<'a, T> Send<'a, T> {
    #[track_caller]
    pub(super) fn new(chan: &'a Chan<T>, message: T) -> Send<'a, T> {
        Send {
            chan,
            message: Some(message),
            place: None,
            at: Location::caller(),
        }
    }
}

// The message is only ever moved, never pinned.
impl<T> Unpin for Send<'_, T> {}

impl<T> Future for Send<'_, T> {
    type Output = Result<(), SendError<T>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        ready!(coop::poll_budget(cx));
        let this = &mut *self;
        let Poll::Ready(sent) = this.chan.poll_send(&mut this.message, &mut this.place, cx) else {
            trace::waits(WaitKind::Channel, address_of(this.chan), this.at);
            return Poll::Pending;
        };
        coop::spend();
        Poll::Ready(match this.message.take() {
            Some(message) if !sent => Err(SendError(message)),
            _ => Ok(()),
        })
    }
}

impl<T> Drop for Send<'_, T> {
    fn drop(&mut self) {
        self.chan.cancel_send(&mut self.place);
    }
}

/// Future of [`Sender::closed`](super::Sender::closed),
/// [`UnboundedSender::closed`](super::UnboundedSender::closed) and
/// [`oneshot::Sender::closed`](crate::sync::remote::oneshot::Sender::closed).
#[must_use = "futures do nothing unless awaited"]
pub struct Closed<'a, T> {
    chan: &'a Chan<T>,
    place: Option<WaitKey>,
    at: &'static Location<'static>,
}

impl<'a, T> Closed<'a, T> {
    #[track_caller]
    pub(in crate::sync::remote) fn new(chan: &'a Chan<T>) -> Closed<'a, T> {
        Closed {
            chan,
            place: None,
            at: Location::caller(),
        }
    }
}

impl<T> Future for Closed<'_, T> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        ready!(coop::poll_budget(cx));
        let chan = self.chan;
        if chan.poll_closed(&mut self.place, cx).is_pending() {
            trace::waits(WaitKind::Channel, address_of(chan), self.at);
            return Poll::Pending;
        }
        coop::spend();
        Poll::Ready(())
    }
}

impl<T> Drop for Closed<'_, T> {
    fn drop(&mut self) {
        self.chan.cancel_closed(&mut self.place);
    }
}

/// Future of [`Receiver::recv`](super::Receiver::recv).
#[must_use = "futures do nothing unless awaited"]
pub struct Recv<'a, T> {
    chan: &'a Chan<T>,
    /// True while our waker is parked in the channel.
    parked: bool,
    at: &'static Location<'static>,
}

impl<'a, T> Recv<'a, T> {
    #[track_caller]
    pub(super) fn new(chan: &'a Chan<T>) -> Recv<'a, T> {
        Recv {
            chan,
            parked: false,
            at: Location::caller(),
        }
    }
}

impl<T> Future for Recv<'_, T> {
    type Output = Option<T>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let answer = poll_recv(self.chan, cx, self.at);
        self.parked = answer.is_pending();
        answer
    }
}

impl<T> Drop for Recv<'_, T> {
    fn drop(&mut self) {
        // Who waits no longer leaves no waker behind: it would keep the task's slot busy.
        if self.parked {
            self.chan.unpark();
        }
    }
}

/// Receives, within the budget, and says what is waited for.
pub(super) fn poll_recv<T>(
    chan: &Chan<T>,
    cx: &mut Context<'_>,
    at: &'static Location<'static>,
) -> Poll<Option<T>> {
    ready!(coop::poll_budget(cx));
    let answer = chan.poll_recv(cx);
    match answer {
        Poll::Ready(_) => coop::spend(),
        Poll::Pending => trace::waits(WaitKind::Channel, address_of(chan), at),
    }
    answer
}
