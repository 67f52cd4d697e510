//! A wish for permits of a gate: the part that the futures of all locks have in common.
//!
//! A future that waits at a [`Gate`] is this and a reference to whoever owns the gate,
//! borrowed or counted. It spends budget, says what it waits for, and leaves the line when it
//! is cancelled; what it makes of the permits is the business of its owner.

use std::panic::Location;
use std::task::{Context, Poll, ready};

use super::address_of;
use super::gate::Gate;
use super::wait_list::WaitKey;
use crate::coop;
use crate::trace::{self, WaitKind};

/// So many permits, wanted by a future that is not ready yet.
#[derive(Debug)]
pub(super) struct Wish {
    pub(super) wanted: usize,
    /// The place in line: `Some` from the first poll that had to wait until it is over.
    place: Option<WaitKey>,
    /// Where the program waits, for the wait record.
    at: &'static Location<'static>,
}

impl Wish {
    #[track_caller]
    pub(super) fn new(wanted: usize) -> Wish {
        Wish {
            wanted,
            place: None,
            at: Location::caller(),
        }
    }

    /// Ready once the permits are the caller's (true), or the gate is closed (false).
    #[inline(always)] // what a free lock costs is this, and a call would be a fifth of it
    pub(super) fn poll(&mut self, gate: &Gate, cx: &mut Context<'_>) -> Poll<bool> {
        if self.place.is_none()
            && coop::has_budget_remaining()
            && gate.try_acquire(self.wanted).is_ok()
        {
            coop::spend();
            return Poll::Ready(true);
        }
        self.poll_in_line(gate, cx)
    }

    /// The rest of [`poll`](Wish::poll): there were no permits at once.
    fn poll_in_line(&mut self, gate: &Gate, cx: &mut Context<'_>) -> Poll<bool> {
        ready!(coop::poll_budget(cx));
        let Poll::Ready(granted) = gate.poll_acquire(self.wanted, &mut self.place, cx) else {
            trace::waits(WaitKind::Permit, address_of(gate), self.at);
            return Poll::Pending;
        };
        coop::spend();
        Poll::Ready(granted)
    }

    /// Owed by whoever gives up before it was ready; harmless after that.
    #[inline]
    pub(super) fn cancel(&mut self, gate: &Gate) {
        gate.cancel(&mut self.place);
    }

    /// [`cancel`](Wish::cancel), but permits that were granted already are the caller's to
    /// give back; says how many.
    pub(super) fn give_up(&mut self, gate: &Gate) -> usize {
        gate.give_up(&mut self.place)
    }
}

/// A turn at what one at a time may use: the wish for the only permit of a gate, and then the
/// permit. Either is given back when this is dropped.
pub(super) struct Turn<'a> {
    gate: &'a Gate,
    wish: Wish,
    is_mine: bool,
}

impl<'a> Turn<'a> {
    #[track_caller]
    pub(super) fn new(gate: &'a Gate) -> Turn<'a> {
        Turn {
            gate,
            wish: Wish::new(1),
            is_mine: false,
        }
    }

    /// Ready once it is our turn (true), or the gate is closed (false).
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<bool> {
        if !self.is_mine {
            self.is_mine = ready!(self.wish.poll(self.gate, cx));
        }
        Poll::Ready(self.is_mine)
    }

    pub(super) fn is_mine(&self) -> bool {
        self.is_mine
    }

    /// Lets the next one have it.
    pub(super) fn end(&mut self) {
        if std::mem::take(&mut self.is_mine) {
            self.gate.release(1);
        } else {
            self.wish.cancel(self.gate);
        }
    }

    /// Where the program waits.
    pub(super) fn at(&self) -> &'static Location<'static> {
        self.wish.at
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.end();
    }
}
