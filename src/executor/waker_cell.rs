//! Room for one who waits: who is to be woken when something happens, if anybody.
//!
//! For places where at most one task can wait: the receiver of a channel, the reading side of
//! a pipe. Where many may wait, see `sync::wait_list`.
//!
//! Law: the clone, the wake and the drop of a waker may run a stranger's code, which may come
//! back to the very place that holds the waker. Consequence: a `Cell`, never a `RefCell`: each
//! method takes the waker out, and nothing is borrowed while the stranger runs. Price: between
//! two lines here the world may change, so whoever parks does it in this order:
//!
//! ```text
//! look, and return if there is something
//! if waker_cell.park_and_tell(cx) {
//!     look again             // the stranger may have brought it while we parked
//! }
//! Pending
//! ```

use std::cell::Cell;
use std::fmt;
use std::task::{Context, Waker};

use super::Parked;
use crate::coop::{self, Name};

/// Room for one [`Parked`], in its two parts, each in a cell of its own: nearly always the first
/// is all. Set by [`park`](WakerCell::park), taken by [`wake`](WakerCell::wake): one event, one
/// wake. Who waits no longer clears it: a name is counted, and a cell that goes with one in it
/// does not count it down (to ask each cell that would cost a oneshot channel a percent).
#[derive(Default)]
pub(crate) struct WakerCell {
    who: Cell<Option<Name>>,
    waker: Cell<Option<Waker>>,
}

impl WakerCell {
    pub(crate) const fn new() -> WakerCell {
        WakerCell {
            who: Cell::new(None),
            waker: Cell::new(None),
        }
    }

    /// From now on, [`wake`](WakerCell::wake) wakes the task of `cx` and nobody else.
    #[inline]
    pub(crate) fn park(&self, cx: &Context<'_>) {
        self.park_and_tell(cx);
    }

    /// [`park`](WakerCell::park). True if a stranger's code may have run meanwhile, so that the
    /// caller has to look again; it hardly ever does.
    #[inline]
    pub(crate) fn park_and_tell(&self, cx: &Context<'_>) -> bool {
        match coop::polled(cx) {
            Some(name) if self.who.get().is_none() => {
                Parked::by_name(name).put_into(&self.who, &self.waker);
                false
            }
            _ => self.park_again(cx),
        }
    }

    /// Somebody is parked here already, or is to be parked by a waker.
    #[inline(never)]
    fn park_again(&self, cx: &Context<'_>) -> bool {
        let held = self.take();
        let fresh = match held.will_wake(cx) {
            true => held,
            // The task moved to another waker (trap 13), or this is its first time here. The cell
            // is empty meanwhile: the caller looks again.
            false => {
                drop(held);
                Parked::new(cx)
            }
        };
        // If a stranger parked here meanwhile, it is dropped after the cell is whole again.
        drop(self.replace(fresh));
        true
    }

    /// Wakes whoever is parked here, once.
    #[inline]
    pub(crate) fn wake(&self) {
        self.take().wake();
    }

    /// Whoever was parked here waits no longer.
    #[inline]
    pub(crate) fn clear(&self) {
        drop(self.take());
    }

    #[inline]
    fn take(&self) -> Parked {
        Parked::take_from(&self.who, &self.waker)
    }

    fn replace(&self, fresh: Parked) -> Parked {
        let held = self.take();
        fresh.put_into(&self.who, &self.waker);
        held
    }
}

impl fmt::Debug for WakerCell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WakerCell(parked: {})", self.who.get().is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Wake;

    #[derive(Default)]
    struct Count(AtomicUsize);
    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn one_event_wakes_once() {
        let count = Arc::new(Count::default());
        let waker = Waker::from(count.clone());
        let cell = WakerCell::new();
        cell.park(&Context::from_waker(&waker));
        cell.wake();
        cell.wake();
        assert_eq!(count.0.load(Ordering::Relaxed), 1);
        assert_eq!(Arc::strong_count(&count), 2, "the cell keeps nothing");
    }

    /// Trap 13. Broken by: `will_wake` that is always true in `park_again`.
    #[test]
    fn the_waker_parked_last_is_the_one_woken() {
        let counts = [Arc::new(Count::default()), Arc::new(Count::default())];
        let cell = WakerCell::new();
        for count in &counts {
            let waker = Waker::from(count.clone());
            cell.park(&Context::from_waker(&waker));
        }
        cell.wake();
        assert_eq!(counts[0].0.load(Ordering::Relaxed), 0);
        assert_eq!(counts[1].0.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn a_cleared_cell_wakes_nobody() {
        let count = Arc::new(Count::default());
        let waker = Waker::from(count.clone());
        let cell = WakerCell::new();
        cell.park(&Context::from_waker(&waker));
        cell.clear();
        assert_eq!(Arc::strong_count(&count), 2);
        cell.wake();
        assert_eq!(count.0.load(Ordering::Relaxed), 0);
    }
}
