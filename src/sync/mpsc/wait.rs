//! The futures of both kinds of channel: waiting for a place, for messages, for the end.
//!
//! Each remembers where the program called it, and says so while it waits; each leaves the
//! channel as if it had never waited when it is dropped before it is ready.

use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use super::chan::Chan;
use super::error::{SendError, SendTimeoutError};
use crate::coop;
use crate::sync::address_of;
use crate::sync::notify::Notified;
use crate::sync::wait_list::WaitKey;
use crate::time::{Sleep, sleep};
use crate::trace::{self, WaitKind};

/// Waiting for so many places at once, which `send` and `reserve` have in common.
pub(super) struct Wish {
    places: usize,
    /// The place in the line for room, while there is none.
    turn: Option<WaitKey>,
    at: &'static Location<'static>,
}

impl Wish {
    #[track_caller]
    pub(super) fn new(places: usize) -> Wish {
        Wish {
            places,
            turn: None,
            at: Location::caller(),
        }
    }

    /// True when ready: the places are the caller's. False: the channel is closed.
    #[inline]
    pub(super) fn poll<T>(&mut self, chan: &Chan<T>, cx: &mut Context<'_>) -> Poll<bool> {
        // Nearly always there is room, and then this is all.
        if self.turn.is_none()
            && coop::has_budget_remaining()
            && chan.room.try_acquire(self.places).is_ok()
        {
            coop::spend();
            return Poll::Ready(true);
        }
        self.poll_in_line(chan, cx)
    }

    fn poll_in_line<T>(&mut self, chan: &Chan<T>, cx: &mut Context<'_>) -> Poll<bool> {
        ready!(coop::poll_budget(cx));
        let Poll::Ready(granted) = chan.room.poll_acquire(self.places, &mut self.turn, cx) else {
            trace::waits(WaitKind::Channel, address_of(chan), self.at);
            return Poll::Pending;
        };
        coop::spend();
        // A place granted before the channel closed is worth nothing after.
        Poll::Ready(granted && !chan.is_closed())
    }

    /// Owed by whoever gives up before `poll` was ready.
    #[inline]
    pub(super) fn cancel<T>(&mut self, chan: &Chan<T>) {
        chan.room.cancel(&mut self.turn);
    }
}

/// Future of [`Sender::send`](super::Sender::send).
#[must_use = "futures do nothing unless awaited"]
pub struct Send<'a, T> {
    chan: &'a Chan<T>,
    /// Taken when it is sent or given back.
    message: Option<T>,
    wish: Wish,
}

impl<'a, T> Send<'a, T> {
    #[track_caller]
    pub(super) fn new(chan: &'a Chan<T>, message: T) -> Send<'a, T> {
        Send {
            chan,
            message: Some(message),
            wish: Wish::new(1),
        }
    }

    /// Leaves the line and gives the message back.
    fn give_up(&mut self) -> T {
        self.wish.cancel(self.chan);
        self.take()
    }

    fn take(&mut self) -> T {
        self.message
            .take()
            .expect("polled again after it was ready")
    }
}

// The message is only ever moved, never pinned.
impl<T> Unpin for Send<'_, T> {}

impl<T> Future for Send<'_, T> {
    type Output = Result<(), SendError<T>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let chan = self.chan;
        let granted = ready!(self.wish.poll(chan, cx));
        let message = self.take();
        if !granted {
            return Poll::Ready(Err(SendError(message)));
        }
        chan.push(message);
        Poll::Ready(Ok(()))
    }
}

impl<T> Drop for Send<'_, T> {
    fn drop(&mut self) {
        self.wish.cancel(self.chan);
    }
}

/// Future of [`Sender::send_timeout`](super::Sender::send_timeout).
#[must_use = "futures do nothing unless awaited"]
pub struct SendTimeout<'a, T> {
    send: Send<'a, T>,
    sleep: Sleep,
}

impl<'a, T> SendTimeout<'a, T> {
    #[track_caller]
    pub(super) fn new(chan: &'a Chan<T>, message: T, limit: Duration) -> SendTimeout<'a, T> {
        SendTimeout {
            send: Send::new(chan, message),
            sleep: sleep(limit),
        }
    }
}

impl<T> Future for SendTimeout<'_, T> {
    type Output = Result<(), SendTimeoutError<T>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // The place first: if both come in the same turn, the message goes in.
        if let Poll::Ready(sent) = Pin::new(&mut self.send).poll(cx) {
            return Poll::Ready(
                sent.map_err(|SendError(message)| SendTimeoutError::Closed(message)),
            );
        }
        // It is the place that is waited for, whatever the sleep says; and the sleep is looked
        // at although the budget may be gone (trap 30).
        let wait = trace::take_wait();
        if coop::poll_unconstrained(Pin::new(&mut self.sleep), cx).is_ready() {
            return Poll::Ready(Err(SendTimeoutError::Timeout(self.send.give_up())));
        }
        if let Some(wait) = wait {
            trace::waits(wait.kind, wait.resource, wait.at);
        }
        Poll::Pending
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

/// Future of [`Receiver::recv_many`](super::Receiver::recv_many) and
/// [`UnboundedReceiver::recv_many`](super::UnboundedReceiver::recv_many).
#[must_use = "futures do nothing unless awaited"]
pub struct RecvMany<'a, T> {
    chan: &'a Chan<T>,
    buffer: &'a mut Vec<T>,
    limit: usize,
    /// True while our waker is parked in the channel.
    parked: bool,
    at: &'static Location<'static>,
}

impl<'a, T> RecvMany<'a, T> {
    #[track_caller]
    pub(super) fn new(chan: &'a Chan<T>, buffer: &'a mut Vec<T>, limit: usize) -> RecvMany<'a, T> {
        RecvMany {
            chan,
            buffer,
            limit,
            parked: false,
            at: Location::caller(),
        }
    }
}

impl<T> Future for RecvMany<'_, T> {
    type Output = usize;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<usize> {
        let this = &mut *self;
        let answer = this
            .chan
            .poll_recv_many(cx, this.buffer, this.limit, this.at);
        this.parked = answer.is_pending();
        answer
    }
}

impl<T> Drop for RecvMany<'_, T> {
    fn drop(&mut self) {
        if self.parked {
            self.chan.receiver.clear();
        }
    }
}
