//! Room for one waker: who is to be woken when something happens, if anybody.
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
//! waker_cell.park(cx)
//! look again                 // the stranger may have brought it while we parked
//! Pending
//! ```

use std::cell::Cell;
use std::fmt;
use std::task::{Context, Waker};

/// At most one waker.
#[derive(Default)]
pub(crate) struct WakerCell {
    /// Set by [`park`](WakerCell::park). Taken, not cloned, by [`wake`](WakerCell::wake): one
    /// event, one wake.
    waker: Cell<Option<Waker>>,
}

impl WakerCell {
    pub(crate) const fn new() -> WakerCell {
        WakerCell {
            waker: Cell::new(None),
        }
    }

    /// From now on, [`wake`](WakerCell::wake) wakes the task of `cx` and nobody else.
    pub(crate) fn park(&self, cx: &Context<'_>) {
        let held = self.waker.take();
        let fresh = match held {
            Some(waker) if waker.will_wake(cx.waker()) => waker,
            // The task moved to another waker (trap 13), or this is its first time here.
            _ => cx.waker().clone(),
        };
        // Not `set`: the one that is displaced is dropped after the cell is whole again.
        drop(self.waker.replace(Some(fresh)));
    }

    /// Wakes whoever is parked here, once.
    #[inline]
    pub(crate) fn wake(&self) {
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }

    /// Whoever was parked here waits no longer.
    #[inline]
    pub(crate) fn clear(&self) {
        drop(self.waker.take());
    }
}

impl fmt::Debug for WakerCell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let waker = self.waker.take();
        let is_parked = waker.is_some();
        self.waker.set(waker);
        write!(f, "WakerCell(parked: {is_parked})")
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

    /// Trap 13. Broken by: `Some(waker) => waker` without `will_wake` in `park`.
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
