//! Those who are all called at once: "it has changed, each look for yourself".
//!
//! A [`Gate`](super::gate) hands one thing to one waiter. Where one event concerns everybody
//! (a new value in a [`watch`](super::watch), the end of a channel) there is nothing to hand
//! over: whoever is called looks at the state, which belongs to somebody else, and either is
//! done or joins again. [`Notify`](super::Notify) does this too, among other things, and lends
//! its futures; a crowd lends nothing, so that the future may own what it waits on.
//!
//! Law: a wake may run a stranger's code, and that may join the very line that is being
//! called; a loop "until the line is empty" might never end. Consequence: each call has a
//! number, who joins notes the number of the last one, and a call ends at the first who
//! already knows it (everybody behind that one does too).
//!
//! Nothing is passed on when a waiter leaves: everybody else was called as well.

use std::cell::Cell;
use std::task::{Context, Poll};

use super::wait_list::{WaitKey, WaitList, wake_each};
use crate::executor::Parked;

/// A line of which either nobody is called or everybody.
pub(super) struct Crowd {
    /// Each waiter's data is `calls` as it was when it joined.
    line: WaitList<u64>,
    /// How often all were called.
    calls: Cell<u64>,
}

impl Crowd {
    pub(super) const fn new() -> Crowd {
        Crowd {
            line: WaitList::new(),
            calls: Cell::new(0),
        }
    }

    /// Calls everybody who waits now. The caller has changed the state, and borrows nothing.
    #[inline]
    pub(super) fn call_all(&self) {
        if !self.line.is_empty() {
            self.calls.set(self.calls.get().wrapping_add(1));
            wake_each(|| self.line.call_front(|joined| *joined != self.calls.get()));
        }
    }

    /// Ready once `look` is; until then its task waits to be called. `place` starts as `None`
    /// and is `None` again when this is ready; who gives up before owes a
    /// [`leave`](Crowd::leave).
    pub(super) fn poll_until<R>(
        &self,
        place: &mut Option<WaitKey>,
        cx: &Context<'_>,
        mut look: impl FnMut() -> Poll<R>,
    ) -> Poll<R> {
        // Looked at even if nobody called: the state is right when the look says so.
        if let Poll::Ready(seen) = look() {
            self.leave(place);
            return Poll::Ready(seen);
        }
        if let Some(key) = *place {
            if self.line.poll(key, cx).is_pending() {
                return Poll::Pending;
            }
            // Called, but for something else: into the line again.
            *place = None;
        }
        let parked = Parked::new(cx);
        // Look again: the clone (if it was one) may have run a stranger's code.
        let answer = look();
        if answer.is_pending() {
            *place = Some(self.line.push(self.calls.get(), parked));
        }
        answer
    }

    /// Gives up the place, if there is one.
    #[inline]
    pub(super) fn leave(&self, place: &mut Option<WaitKey>) {
        if let Some(key) = place.take() {
            drop(self.line.leave(key));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sync::wait_list::tests::Count;
    use std::cell::RefCell;
    use std::rc::Rc;
    use std::sync::Arc;
    use std::task::{Wake, Waker};

    const NOT_YET: fn() -> Poll<()> = || Poll::Pending;

    /// Trap 51. Broken by: taking `calls.set` out of `call_all`, which then calls nobody, or
    /// leaving the called in the line.
    #[test]
    fn a_call_wakes_each_of_ten_thousand_once() {
        let crowd = Crowd::new();
        let (count, waker) = Count::new();
        let cx = Context::from_waker(&waker);
        let mut places = vec![None; 10_000];
        for place in &mut places {
            assert!(crowd.poll_until(place, &cx, NOT_YET).is_pending());
        }
        crowd.call_all();
        assert_eq!(count.get(), 10_000);
        crowd.call_all();
        assert_eq!(count.get(), 10_000, "nobody joined again");
        for place in &mut places {
            assert!(crowd.poll_until(place, &cx, NOT_YET).is_pending());
            crowd.leave(place);
        }
        crowd.call_all();
        assert_eq!(count.get(), 10_000, "everybody left");
    }

    /// Trap 10. Broken by: `|_| true` for the number in `call_all`, which then never ends.
    #[test]
    fn who_joins_while_all_are_called_is_not_called() {
        thread_local!(static CROWD: Rc<Crowd> = Rc::new(Crowd::new()));
        thread_local!(static JOINED: RefCell<Vec<WaitKey>> = RefCell::default());
        struct Rejoins;
        impl Wake for Rejoins {
            fn wake(self: Arc<Self>) {
                let mut place = None;
                let waker = Waker::from(self);
                let crowd = CROWD.with(Rc::clone);
                let cx = Context::from_waker(&waker);
                assert!(crowd.poll_until(&mut place, &cx, NOT_YET).is_pending());
                JOINED.with_borrow_mut(|joined| joined.extend(place));
            }
        }
        let crowd = CROWD.with(Rc::clone);
        Waker::from(Arc::new(Rejoins)).wake();
        for calls in 1..=3 {
            crowd.call_all();
            assert_eq!(JOINED.with_borrow(Vec::len), calls + 1);
        }
        for key in JOINED.take() {
            crowd.leave(&mut Some(key));
        }
    }
}
