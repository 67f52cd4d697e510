//! The futures of both kinds of channel: waiting for a place, for a message, for the end.
//!
//! Each remembers where the program called it, and says so while it waits; each leaves the
//! channel as if it had never waited when it is dropped before it is ready.

use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use super::chan::Chan;
use super::error::SendError;
use crate::coop;
use crate::sync::address_of;
use crate::sync::notify::Notified;
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
        let chan = self.chan;
        let Poll::Ready(granted) = chan.room.poll_acquire(1, &mut self.place, cx) else {
            trace::waits(WaitKind::Channel, address_of(chan), self.at);
            return Poll::Pending;
        };
        coop::spend();
        let message = self
            .message
            .take()
            .expect("polled again after it was ready");
        // A place granted before the channel closed is worth nothing after.
        if !granted || chan.is_closed() {
            return Poll::Ready(Err(SendError(message)));
        }
        chan.push(message);
        Poll::Ready(Ok(()))
    }
}

impl<T> Drop for Send<'_, T> {
    fn drop(&mut self) {
        self.chan.room.cancel(&mut self.place);
    }
}

/// Future of [`Sender::closed`](super::Sender::closed) and
/// [`UnboundedSender::closed`](super::UnboundedSender::closed).
#[must_use = "futures do nothing unless awaited"]
pub struct Closed<'a> {
    /// `None`: closed when this was made. (Made before the channel closes, it is sure to be
    /// called, whenever it is polled.)
    closing: Option<Notified<'a>>,
    /// For the wait record.
    chan: u64,
    at: &'static Location<'static>,
}

impl<'a> Closed<'a> {
    #[track_caller]
    pub(super) fn new<T>(chan: &'a Chan<T>) -> Closed<'a> {
        Closed {
            closing: (!chan.is_closed()).then(|| chan.closing.notified()),
            chan: address_of(chan),
            at: Location::caller(),
        }
    }
}

impl Future for Closed<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let Some(closing) = &mut self.closing else {
            return Poll::Ready(());
        };
        let answer = Pin::new(closing).poll(cx);
        if answer.is_pending() {
            // Rather than what `Notified` said: that is ours, and tells a user nothing.
            trace::waits(WaitKind::Channel, self.chan, self.at);
        }
        answer
    }
}

/// Future of [`Receiver::recv`](super::Receiver::recv) and
/// [`UnboundedReceiver::recv`](super::UnboundedReceiver::recv).
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
        let answer = self.chan.poll_recv(cx, self.at);
        self.parked = answer.is_pending();
        answer
    }
}

impl<T> Drop for Recv<'_, T> {
    fn drop(&mut self) {
        // Who waits no longer leaves no waker behind: it would keep the task's slot busy.
        if self.parked {
            self.chan.receiver.clear();
        }
    }
}
