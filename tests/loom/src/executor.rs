//! What the lines of `hob::sync` hold, without its other half: here, everybody waits by a waker.

use std::task::{Context, Waker};

use crate::caught;

#[derive(Default)]
pub(crate) struct Parked(Option<Waker>);

#[allow(dead_code)] // What only the primitives of one thread call is not modelled.
impl Parked {
    pub(crate) fn new(cx: &Context<'_>) -> Parked {
        Parked::by_waker(cx.waker().clone())
    }

    pub(crate) fn by_waker(waker: Waker) -> Parked {
        Parked(Some(waker))
    }

    pub(crate) fn is_nobody(&self) -> bool {
        self.0.is_none()
    }

    pub(crate) fn take(&mut self) -> Parked {
        Parked(self.0.take())
    }

    pub(crate) fn put(&mut self, parked: Parked) {
        *self = parked;
    }

    pub(crate) fn swap_waker(&mut self, fresh: &mut Option<Waker>) {
        std::mem::swap(&mut self.0, fresh);
    }

    pub(crate) fn will_wake(&self, cx: &Context<'_>) -> bool {
        matches!(&self.0, Some(waker) if waker.will_wake(cx.waker()))
    }

    pub(crate) fn wake_caught(self) {
        self.0.into_iter().for_each(caught::wake);
    }
}
