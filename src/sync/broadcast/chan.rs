//! What all ends of a broadcast share: the ring of messages, the counts, and who waits.
//!
//! Invariants:
//! - I1: a message that comes, and the end of the last sender, call every receiver that waits.
//!   Each gets the message by itself, so none is called for nothing (trap 51).
//! - I2: messages are cloned and dropped, and wakers called, while nothing is borrowed.
//! - I3: with no sender left no message comes any more: only a sender makes a sender. With no
//!   receiver left the channel only rests: a sender makes one (trap 42).

use std::cell::{Cell, RefCell};
use std::panic::Location;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use super::error::RecvError;
use super::ring::{Found, Ring};
use crate::coop;
use crate::sync::address_of;
use crate::sync::crowd::Crowd;
use crate::sync::wait_list::WaitKey;
use crate::trace::{self, WaitKind};

/// One channel. All ends hold an `Rc` of it.
pub(super) struct Chan<T> {
    ring: RefCell<Ring<T>>,
    pub(super) senders: Cell<usize>,
    receivers: Cell<usize>,
    /// Receivers that wait for a message (I1).
    arriving: Crowd,
    /// Senders that wait until no receiver is left.
    pub(super) closing: Crowd,
    /// Where the channel was made: where a receiver that is polled as a stream waits.
    pub(super) made_at: &'static Location<'static>,
}

impl<T> Chan<T> {
    /// With one sender, which is the caller's to make.
    #[track_caller]
    pub(super) fn new(capacity: usize) -> Chan<T> {
        Chan {
            ring: RefCell::new(Ring::new(capacity)),
            senders: Cell::new(1),
            receivers: Cell::new(0),
            arriving: Crowd::new(),
            closing: Crowd::new(),
            made_at: Location::caller(),
        }
    }

    /// Sends to so many receivers. With none, the message comes back.
    pub(super) fn send(&self, message: T) -> Result<usize, T> {
        let receivers = self.receivers.get();
        if receivers == 0 {
            return Err(message);
        }
        let gone = self.ring.borrow_mut().push(message, receivers);
        self.arriving.call_all();
        drop(gone); // I2
        Ok(receivers)
    }

    pub(super) fn len(&self) -> usize {
        self.ring.borrow().len()
    }

    pub(super) fn receivers(&self) -> usize {
        self.receivers.get()
    }

    pub(super) fn remove_sender(&self) {
        self.senders.set(self.senders.get() - 1);
        if self.is_over() {
            self.arriving.call_all();
        }
    }

    pub(super) fn is_over(&self) -> bool {
        self.senders.get() == 0
    }

    /// A receiver more. It gets what is sent from now on, and begins at the number given back.
    pub(super) fn add_receiver(&self) -> u64 {
        self.receivers.set(self.receivers.get() + 1);
        self.ring.borrow().end()
    }

    /// The receiver at `next` goes.
    pub(super) fn remove_receiver(&self, next: u64) {
        self.receivers.set(self.receivers.get() - 1);
        self.ring.borrow_mut().forget(next);
        if self.receivers.get() == 0 {
            self.closing.call_all();
        }
        self.sweep();
    }

    /// Drops what nobody wants any more. One by one: each drop may do anything, also come back
    /// to this ring (I2).
    fn sweep(&self) {
        loop {
            // Two lines, so that the borrow ends before the drop.
            let unwanted = self.ring.borrow_mut().sweep();
            if unwanted.is_none() {
                return;
            }
        }
    }

    pub(super) fn left_for(&self, next: u64) -> usize {
        self.ring.borrow().left_for(next)
    }

    /// The message at `next`, still shared with those who want it too.
    pub(super) fn try_recv(&self, next: &mut u64) -> Poll<Result<Rc<T>, RecvError>> {
        let found = self.ring.borrow_mut().take(next);
        match found {
            Found::Message { message, is_last } => {
                if is_last {
                    self.sweep();
                }
                Poll::Ready(Ok(message))
            }
            Found::Lagged(missed) => Poll::Ready(Err(RecvError::Lagged(missed))),
            Found::Nothing if self.is_over() => Poll::Ready(Err(RecvError::Closed)),
            Found::Nothing => Poll::Pending,
        }
    }

    /// [`try_recv`](Chan::try_recv), and waits if there is nothing.
    pub(super) fn poll_recv(
        &self,
        next: &mut u64,
        place: &mut Option<WaitKey>,
        cx: &mut Context<'_>,
        at: &'static Location<'static>,
    ) -> Poll<Result<Rc<T>, RecvError>> {
        ready!(coop::poll_budget(cx));
        let answer = self.arriving.poll_until(place, cx, || self.try_recv(next));
        match answer {
            Poll::Ready(_) => coop::spend(),
            Poll::Pending => trace::waits(WaitKind::Channel, address_of(self), at),
        }
        answer
    }

    /// The receiver that waited in `place` waits no longer.
    pub(super) fn leave(&self, place: &mut Option<WaitKey>) {
        self.arriving.leave(place);
    }
}
