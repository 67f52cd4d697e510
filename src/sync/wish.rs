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
    #[inline]
    pub(super) fn poll(&mut self, gate: &Gate, cx: &mut Context<'_>) -> Poll<bool> {
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
}
