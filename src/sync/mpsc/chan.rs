//! What both ends of a channel share: the messages, the room left, and who waits.
//!
//! A sender takes a place from `room`, puts its message into `backlog` and wakes the receiver.
//! The receiver takes a message out and gives the place back to `room`, which hands it to the
//! first sender in line. An unbounded channel is a bounded one with more room than there is
//! memory: the code is the same.
//!
//! ```text
//!            room.poll_acquire                 room.release
//!   senders ──────────────────▶  backlog  ───────────────────▶ receiver
//!            receiver.wake                     (hands the place on)
//! ```
//!
//! The message stays with the future that sends it until there is a place for it. So a `send`
//! that is dropped has sent nothing, and one that is refused gives its message back.
//!
//! Invariants:
//! - I1: places free + messages + places granted but not used yet = capacity, until the
//!   channel closes; then nothing goes in any more, and places do not matter.
//! - I2: the receiver sleeps only with an empty backlog, and everything that ends such a sleep
//!   (a message, the last sender's end, `close`) wakes it.
//! - I3: messages are dropped, and wakers called, while nothing is borrowed.

use std::cell::{Cell, RefCell};
use std::panic::Location;
use std::task::{Context, Poll, ready};

use super::backlog::Backlog;
use crate::coop;
use crate::sync::address_of;
use crate::sync::gate::{Gate, Refused};
use crate::sync::notify::Notify;
use crate::trace::{self, WaitKind};
use crate::waker_cell::WakerCell;

/// One channel. Both ends hold an `Rc` of it.
pub(super) struct Chan<T> {
    /// Pushed to by senders, popped from by the receiver, emptied when the receiver goes.
    backlog: RefCell<Backlog<T>>,
    /// A permit for each free place. Closed by the receiver, and with it the channel.
    pub(super) room: Gate,
    /// Parked while the receiver waits for a message.
    pub(super) receiver: WakerCell,
    /// Called when the channel closes: see `Sender::closed`.
    pub(super) closing: Notify,
    /// Senders alive. At 0 no message can come any more.
    senders: Cell<usize>,
    /// Places in all.
    pub(super) capacity: usize,
    /// Where the channel was made: where a receiver that is polled as a stream waits.
    pub(super) made_at: &'static Location<'static>,
}

impl<T> Chan<T> {
    /// A channel with one sender, which is the caller's to make.
    pub(super) fn new(capacity: usize, made_at: &'static Location<'static>) -> Chan<T> {
        Chan {
            backlog: RefCell::new(Backlog::new()),
            room: Gate::new(capacity),
            receiver: WakerCell::new(),
            closing: Notify::new(),
            senders: Cell::new(1),
            capacity,
            made_at,
        }
    }

    // ---- the senders' side

    /// Sends if there is a place and nobody waits for it. Otherwise the message comes back.
    #[inline]
    pub(super) fn try_send(&self, message: T) -> Result<(), (Refused, T)> {
        match self.room.try_acquire(1) {
            Ok(()) => {
                self.push(message);
                Ok(())
            }
            Err(refused) => Err((refused, message)),
        }
    }

    /// Puts a message into a place that the caller has taken.
    #[inline]
    pub(super) fn push(&self, message: T) {
        self.backlog.borrow_mut().push(message);
        self.receiver.wake();
    }

    pub(super) fn add_sender(&self) {
        self.senders.set(self.senders.get() + 1);
    }

    pub(super) fn remove_sender(&self) {
        self.senders.set(self.senders.get() - 1);
        if self.senders.get() == 0 {
            self.receiver.wake(); // I2
        }
    }

    // ---- the receiver's side

    /// The next message; `None` if the channel is over; pending if it is only empty.
    #[inline]
    pub(super) fn try_recv(&self) -> Poll<Option<T>> {
        // Two lines, so that the borrow is over before a sender is woken (I3).
        let message = self.backlog.borrow_mut().pop();
        match message {
            Some(message) => {
                self.room.release(1);
                Poll::Ready(Some(message))
            }
            None if self.senders.get() == 0 || self.is_closed() => Poll::Ready(None),
            None => Poll::Pending,
        }
    }

    /// [`try_recv`](Chan::try_recv), and parks if the channel is empty.
    #[inline]
    pub(super) fn poll_recv(
        &self,
        cx: &mut Context<'_>,
        at: &'static Location<'static>,
    ) -> Poll<Option<T>> {
        ready!(coop::poll_budget(cx));
        let mut answer = self.try_recv();
        if answer.is_pending() {
            self.receiver.park(cx);
            answer = self.try_recv();
        }
        match answer {
            Poll::Ready(_) => coop::spend(),
            Poll::Pending => trace::waits(WaitKind::Channel, address_of(self), at),
        }
        answer
    }

    /// No message goes in any more. Those that are in can still be received.
    pub(super) fn close(&self) {
        if !self.is_closed() {
            self.room.close();
            self.closing.notify_waiters();
        }
    }

    pub(super) fn is_closed(&self) -> bool {
        self.room.is_closed()
    }

    /// The receiver has gone: nobody will ever take what is in.
    pub(super) fn abandon(&self) {
        self.close();
        self.receiver.clear();
        let messages = self.backlog.take();
        drop(messages); // I3: their drops may do anything, even send
    }

    pub(super) fn len(&self) -> usize {
        self.backlog.borrow().len()
    }
}
