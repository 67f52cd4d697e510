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
//! A place can also be taken ahead of its message: then a *permit* holds it. To close the
//! channel takes no permit back (whoever holds one was promised that its message goes in), so
//! the channel is over only when it is closed, empty *and* without permits (trap 42).
//!
//! Invariants:
//! - I1: places free + messages + places granted but not used yet + places that permits hold
//!   = capacity, until the channel closes; from then on only permits put messages in, and
//!   places do not matter.
//! - I2: the receiver sleeps only with an empty backlog, and everything that ends such a sleep
//!   (a message, the last sender's end, `close`, the last permit after it) wakes it.
//! - I3: messages are dropped, and wakers called, while nothing is borrowed.

use std::cell::{Cell, RefCell};
use std::panic::Location;
use std::task::{Context, Poll, ready};

use crate::coop;
use crate::executor::WakerCell;
use crate::sync::address_of;
use crate::sync::backlog::Backlog;
use crate::sync::gate::{Gate, Refused};
use crate::sync::notify::Notify;
use crate::trace::{self, WaitKind};

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
    /// Senders alive. At 0 no message can come any more, and never will one: only a sender
    /// makes a sender.
    senders: Cell<usize>,
    /// Places that permits hold: taken, and not yet used or given back.
    reserved: Cell<usize>,
    /// Set when the receiver goes: what a permit still puts in is dropped at once.
    abandoned: Cell<bool>,
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
            reserved: Cell::new(0),
            abandoned: Cell::new(false),
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

    /// So many places, which the caller has taken, belong to permits from now on.
    pub(super) fn reserve(&self, places: usize) {
        self.reserved.set(self.reserved.get() + places);
    }

    /// A permit puts its message in, also into a closed channel.
    pub(super) fn push_reserved(&self, message: T) {
        self.reserved.set(self.reserved.get() - 1);
        match self.abandoned.get() {
            true => drop(message),
            false => self.push(message),
        }
    }

    /// Permits that were not used give their places back.
    pub(super) fn unreserve(&self, places: usize) {
        self.reserved.set(self.reserved.get() - places);
        self.room.release(places);
        if self.is_closed() {
            self.receiver.wake(); // I2
        }
    }

    pub(super) fn senders(&self) -> usize {
        self.senders.get()
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
            None if self.is_over() => Poll::Ready(None),
            None => Poll::Pending,
        }
    }

    /// Moves up to `limit` messages to the end of `buffer` and says how many; 0 if the channel
    /// is over; pending if it is only empty.
    pub(super) fn try_recv_many(&self, buffer: &mut Vec<T>, limit: usize) -> Poll<usize> {
        let here = self.len().min(limit);
        // Before anything is taken out: if there is no memory, nothing is lost.
        buffer.reserve(here);
        let mut backlog = self.backlog.borrow_mut();
        buffer.extend(std::iter::from_fn(|| backlog.pop()).take(here));
        drop(backlog);
        match here {
            0 if limit > 0 && !self.is_over() => return Poll::Pending,
            0 => {}
            taken => self.room.release(taken),
        }
        Poll::Ready(here)
    }

    /// Nothing can come in any more.
    fn is_over(&self) -> bool {
        self.senders.get() == 0 || (self.is_closed() && self.reserved.get() == 0)
    }

    /// [`try_recv_many`](Chan::try_recv_many), and parks if the channel is empty.
    pub(super) fn poll_recv_many(
        &self,
        cx: &mut Context<'_>,
        buffer: &mut Vec<T>,
        limit: usize,
        at: &'static Location<'static>,
    ) -> Poll<usize> {
        self.poll_with(cx, at, || self.try_recv_many(buffer, limit))
    }

    /// [`try_recv`](Chan::try_recv), and parks if the channel is empty.
    #[inline]
    pub(super) fn poll_recv(
        &self,
        cx: &mut Context<'_>,
        at: &'static Location<'static>,
    ) -> Poll<Option<T>> {
        self.poll_with(cx, at, || self.try_recv())
    }

    /// Looks, parks, and looks again if a stranger may have done something meanwhile.
    #[inline]
    fn poll_with<R>(
        &self,
        cx: &mut Context<'_>,
        at: &'static Location<'static>,
        mut look: impl FnMut() -> Poll<R>,
    ) -> Poll<R> {
        ready!(coop::poll_budget(cx));
        let mut answer = look();
        if answer.is_pending() && self.receiver.park_and_tell(cx) {
            answer = look();
        }
        match answer {
            Poll::Ready(_) => coop::spend(),
            Poll::Pending => trace::waits(WaitKind::Channel, address_of(self), at),
        }
        answer
    }

    /// No message goes in any more, except those of permits. What is in can still be received.
    pub(super) fn close(&self) {
        if !self.is_closed() {
            self.room.close();
            self.closing.notify_waiters();
            // Whoever closes has the receiver in hand, but perhaps only for this one call, and
            // another task sleeps in `poll_recv` (I2).
            self.receiver.wake();
        }
    }

    /// Closed by the receiver: what a sender asks.
    pub(super) fn is_closed(&self) -> bool {
        self.room.is_closed()
    }

    /// Closed from either end: what the receiver asks.
    pub(super) fn has_ended(&self) -> bool {
        self.senders.get() == 0 || self.is_closed()
    }

    /// The receiver has gone: nobody will ever take what is in.
    pub(super) fn abandon(&self) {
        self.abandoned.set(true);
        self.receiver.clear();
        self.close();
        let messages = self.backlog.take();
        drop(messages); // I3: their drops may do anything, even send
    }

    pub(super) fn len(&self) -> usize {
        self.backlog.borrow().len()
    }
}
