//! So many permits, and a line of those who want some: what semaphore, lock and channel share.
//!
//! A semaphore is a gate with a public door; a lock is a gate with one permit; the room left
//! in a bounded channel is a gate that the receiver opens. Each of them adds its own types
//! and words, and none adds waiting: that is here, once.
//!
//! Law: if whoever comes by may take a permit that somebody else is waiting for, the one who
//! waits may wait for ever. Consequence: permits are *handed* to the first in line, who owns
//! them from the moment it is called, before it is even polled; and nobody overtakes. Price:
//! a permit rests for as long as its new owner is on the way, and a task that holds one and
//! is never polled again holds up all the others.
//!
//! Invariants:
//! - I1: while anybody waits, permits go to the first in line only, and it is called as soon
//!   as it can have all that it wants. (So a big wish at the front holds up small ones behind
//!   it. The other choice is that it starves.)
//! - I2: whoever was granted permits and leaves before it was polled gives them back, and the
//!   next in line gets them (trap 41).
//! - I3: closed is for ever. Nothing that counts permits can open it again (trap 42).

use std::cell::Cell;
use std::marker::PhantomData;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use super::wait_list::{WaitKey, WaitList, wake_each};
use crate::executor::Parked;

/// Permits and the line for them.
pub(super) struct Gate {
    /// Permits that nobody holds. Not zero while somebody waits only if the first in line
    /// wants more than that (I1).
    free: Cell<usize>,
    /// Set by `close`, never unset (I3).
    closed: Cell<bool>,
    line: WaitList<Claim>,
    /// What is built on a gate stays on its thread.
    _not_send: PhantomData<Rc<()>>,
}

/// What a waiter wants, and whether it got it.
#[derive(Clone, Copy)]
struct Claim {
    wanted: usize,
    /// True: called because the permits are now its own. False when called: the gate closed.
    granted: bool,
}

/// Why a gate gave no permits.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// Not now.
    Busy,
    /// Never again.
    Closed,
}

impl Gate {
    pub(super) const fn new(permits: usize) -> Gate {
        Gate {
            free: Cell::new(permits),
            closed: Cell::new(false),
            line: WaitList::new(),
            _not_send: PhantomData,
        }
    }

    pub(super) fn free(&self) -> usize {
        self.free.get()
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed.get()
    }

    /// Takes permits that are free, overtaking nobody (I1). To want none is never refused,
    /// except by a closed gate.
    #[inline]
    pub(super) fn try_acquire(&self, wanted: usize) -> Result<(), Refused> {
        if self.closed.get() {
            return Err(Refused::Closed);
        }
        let free = self.free.get();
        if wanted > free || (wanted > 0 && !self.line.is_empty()) {
            return Err(Refused::Busy);
        }
        self.free.set(free - wanted);
        Ok(())
    }

    /// Takes permits, or a place in the line for them, which is kept in `place`. False when
    /// ready means that the gate is closed.
    ///
    /// `place` starts as `None` and is `None` again when this is ready. Who gives up before
    /// that owes a [`cancel`](Gate::cancel).
    #[inline]
    pub(super) fn poll_acquire(
        &self,
        wanted: usize,
        place: &mut Option<WaitKey>,
        cx: &Context<'_>,
    ) -> Poll<bool> {
        if let Some(key) = *place {
            let claim = ready!(self.line.poll(key, cx));
            *place = None;
            return Poll::Ready(claim.granted);
        }
        match self.try_acquire(wanted) {
            Ok(()) => Poll::Ready(true),
            Err(Refused::Closed) => Poll::Ready(false),
            Err(Refused::Busy) => self.join(wanted, place, cx),
        }
    }

    /// The first poll that found no permits.
    #[cold]
    fn join(&self, wanted: usize, place: &mut Option<WaitKey>, cx: &Context<'_>) -> Poll<bool> {
        let parked = Parked::new(cx);
        // Look again: a clone may have run a stranger's code, which let go of permits.
        match self.try_acquire(wanted) {
            Ok(()) => Poll::Ready(true),
            Err(Refused::Closed) => Poll::Ready(false),
            Err(Refused::Busy) => {
                let granted = false;
                *place = Some(self.line.push(Claim { wanted, granted }, parked));
                Poll::Pending
            }
        }
    }

    /// Gives up a place, if there is one, and passes on what it was granted (I2).
    #[inline]
    pub(super) fn cancel(&self, place: &mut Option<WaitKey>) {
        // Most are ready by then, and have none: that is all there is to do for them.
        if place.is_some() {
            let granted = self.give_up(place);
            if granted > 0 {
                self.release(granted);
            }
        }
    }

    /// [`cancel`](Gate::cancel) for who decides itself what becomes of permits that were
    /// granted already: says how many, and the caller owes their release.
    pub(super) fn give_up(&self, place: &mut Option<WaitKey>) -> usize {
        let Some(key) = place.take() else {
            return 0;
        };
        let left = self.line.leave(key);
        if left.data.granted {
            return left.data.wanted;
        }
        // It may have been first in line, and whoever is now may want less.
        self.pass_on();
        0
    }

    /// How many wait.
    pub(super) fn waiting(&self) -> usize {
        self.line.len()
    }

    /// Gives permits back, or new ones in.
    #[inline]
    pub(super) fn release(&self, permits: usize) {
        self.free.set(self.free.get().saturating_add(permits));
        if !self.line.is_empty() {
            self.pass_on();
        }
    }

    /// Takes up to so many permits out of circulation, and says how many it found.
    pub(super) fn forget(&self, permits: usize) -> usize {
        let forgotten = self.free.get().min(permits);
        self.free.set(self.free.get() - forgotten);
        forgotten
    }

    /// Refuses whoever waits and whoever comes. What was granted stays granted.
    pub(super) fn close(&self) {
        self.closed.set(true);
        wake_each(|| self.line.call_front(|_refused| true));
    }

    /// Calls from the front of the line for as long as there are permits enough (I1). One
    /// permit calls one waiter, however many there are (trap 51).
    fn pass_on(&self) {
        wake_each(|| {
            self.line.call_front(|claim| {
                claim.granted = claim.wanted <= self.free.get();
                if claim.granted {
                    self.free.set(self.free.get() - claim.wanted);
                }
                claim.granted
            })
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sync::wait_list::tests::Count;
    use std::sync::Arc;
    use std::task::{Wake, Waker};

    fn poll(gate: &Gate, wanted: usize, place: &mut Option<WaitKey>) -> Poll<bool> {
        gate.poll_acquire(wanted, place, &Context::from_waker(Waker::noop()))
    }

    #[test]
    fn nobody_overtakes() {
        let gate = Gate::new(2);
        let mut big = None;
        assert!(poll(&gate, 3, &mut big).is_pending());
        assert_eq!(gate.try_acquire(1), Err(Refused::Busy), "I1");
        assert_eq!(gate.try_acquire(0), Ok(()));
        gate.release(1);
        assert_eq!(poll(&gate, 3, &mut big), Poll::Ready(true));
        assert_eq!(gate.free(), 0);
    }

    /// Trap 41. Broken by: `if left.data.granted` made false in `give_up`.
    #[test]
    fn what_a_cancelled_waiter_was_granted_goes_to_the_next() {
        let gate = Gate::new(0);
        let (mut first, mut second) = (None, None);
        assert!(poll(&gate, 1, &mut first).is_pending());
        assert!(poll(&gate, 1, &mut second).is_pending());
        gate.release(1);
        gate.cancel(&mut first);
        assert_eq!(poll(&gate, 1, &mut second), Poll::Ready(true));
    }

    /// Trap 41. Broken by: taking the `pass_on` out of `give_up`.
    #[test]
    fn a_big_wish_that_is_given_up_lets_the_small_ones_pass() {
        let gate = Gate::new(2);
        let (mut big, mut small, mut other) = (None, None, None);
        assert!(poll(&gate, 5, &mut big).is_pending());
        assert!(poll(&gate, 1, &mut small).is_pending());
        assert!(poll(&gate, 1, &mut other).is_pending());
        gate.cancel(&mut big);
        assert_eq!(poll(&gate, 1, &mut small), Poll::Ready(true));
        assert_eq!(poll(&gate, 1, &mut other), Poll::Ready(true));
    }

    /// Trap 51. Broken by: calling the front without asking for `claim.granted`.
    #[test]
    fn one_permit_wakes_one_of_ten_thousand() {
        let gate = Gate::new(0);
        let (count, waker) = Count::new();
        let mut places = vec![None; 10_000];
        for place in &mut places {
            let cx = Context::from_waker(&waker);
            assert!(gate.poll_acquire(1, place, &cx).is_pending());
        }
        for released in 1..=100 {
            gate.release(1);
            assert_eq!(count.get(), released);
        }
        assert_eq!(poll(&gate, 1, &mut places[99]), Poll::Ready(true), "FIFO");
        assert!(poll(&gate, 1, &mut places[100]).is_pending());
    }

    /// Trap 10. Broken by: `waiter.parked = fresh` in `WaitList::renew`, which drops the old
    /// waker while the list is borrowed.
    #[test]
    fn a_waker_whose_drop_releases_a_permit_does_no_harm() {
        thread_local!(static GATE: Rc<Gate> = Rc::new(Gate::new(0)));
        struct Hostile;
        impl Wake for Hostile {
            fn wake(self: Arc<Self>) {}
        }
        impl Drop for Hostile {
            fn drop(&mut self) {
                GATE.with(|gate| gate.release(1));
            }
        }
        let gate = GATE.with(Rc::clone);
        let mut place = None;
        let hostile = Waker::from(Arc::new(Hostile));
        let cx = Context::from_waker(&hostile);
        assert!(gate.poll_acquire(1, &mut place, &cx).is_pending());
        drop(hostile);
        let (count, waker) = Count::new();
        let cx = Context::from_waker(&waker);
        assert!(gate.poll_acquire(1, &mut place, &cx).is_pending());
        assert_eq!(count.get(), 1, "granted by the drop, and told so");
        assert_eq!(poll(&gate, 1, &mut place), Poll::Ready(true));
    }
}
