//! `Barrier`: nobody goes on before all have arrived.
//!
//! ```text
//!   arrived 0 ─wait▶ 1 ─wait▶ … n-1 ─wait▶ open: all are called, and it is 0 again
//!                  ◀─ cancelled ─
//! ```
//!
//! A barrier is used again and again, and those who come for the next time must not be counted
//! for this one. So each opening is numbered, and a waiter remembers for which it came.
//!
//! - I1: `arrived` is the number of waiters in the line that came for the present number.

use std::cell::Cell;
use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::panic::Location;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use super::address_of;
use super::wait_list::{WaitKey, WaitList, wake_each};
use crate::coop;
use crate::executor::Parked;
use crate::trace::{self, WaitKind};

/// A place where so many tasks wait for each other.
///
/// ```
/// # hob::block_on(async {
/// use std::rc::Rc;
///
/// let start = Rc::new(hob::sync::Barrier::new(2));
/// let other = start.clone();
/// let task = hob::spawn(async move { other.wait().await.is_leader() });
/// let mine = start.wait().await.is_leader();
/// assert!(mine != task.await.unwrap(), "one of the two leads");
/// # });
/// ```
pub struct Barrier {
    parties: usize,
    /// How often it has opened.
    openings: Cell<u64>,
    arrived: Cell<usize>,
    /// Each with what `openings` was when it came.
    line: WaitList<u64>,
    /// What wakes tasks of one thread stays on it.
    _not_send: PhantomData<Rc<()>>,
}

impl Barrier {
    /// A barrier that opens for so many at a time. With 1, nobody waits.
    ///
    /// # Panics
    /// If `parties` is 0: nobody's arrival would ever open it.
    #[track_caller]
    pub const fn new(parties: usize) -> Barrier {
        assert!(
            parties > 0,
            "Barrier::new(0) would never open: take the number of those who wait"
        );
        Barrier {
            parties,
            openings: Cell::new(0),
            arrived: Cell::new(0),
            line: WaitList::new(),
            _not_send: PhantomData,
        }
    }

    /// Waits until as many wait here as the barrier was made for. The last to arrive is told
    /// that it leads; the barrier is then ready for the next time.
    ///
    /// *Cancel safety*: whoever gives up before the barrier opened leaves, as if it had never
    /// come, and one more has to arrive. After it opened, giving up holds up nobody.
    ///
    /// ```
    /// # hob::block_on(async {
    /// let barrier = hob::sync::Barrier::new(2);
    /// let (first, second) = futures_lite::future::zip(barrier.wait(), barrier.wait()).await;
    /// assert!(!first.is_leader() && second.is_leader());
    /// # });
    /// ```
    #[track_caller]
    pub fn wait(&self) -> BarrierWait<'_> {
        BarrierWait {
            barrier: self,
            state: State::New,
            at: Location::caller(),
        }
    }

    /// Opens, if everybody but the caller is here.
    fn arrive_last(&self) -> bool {
        if self.arrived.get() + 1 < self.parties {
            return false;
        }
        self.arrived.set(0);
        self.openings.set(self.openings.get().wrapping_add(1));
        // A wake may run a stranger's code, which may come for the next time. Behind whoever
        // does so stand only others who did: there the line ends for us.
        wake_each(|| self.line.call_front(|came| *came != self.openings.get()));
        true
    }
}

impl fmt::Debug for Barrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Barrier")
            .field("parties", &self.parties)
            .field("arrived", &self.arrived.get())
            .finish()
    }
}

/// What [`Barrier::wait`] tells when the barrier has opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BarrierWaitResult(bool);

impl BarrierWaitResult {
    /// True for one of those who waited together: the last to arrive.
    pub fn is_leader(&self) -> bool {
        self.0
    }
}

/// Future of [`Barrier::wait`].
#[derive(Debug)]
#[must_use = "futures do nothing unless awaited"]
pub struct BarrierWait<'a> {
    barrier: &'a Barrier,
    state: State,
    at: &'static Location<'static>,
}

#[derive(Debug)]
enum State {
    /// Not arrived yet.
    New,
    Waiting(WaitKey),
    Through(BarrierWaitResult),
}

impl BarrierWait<'_> {
    /// The first poll. True: we are the last, and have opened.
    fn arrive(&mut self, cx: &Context<'_>) -> bool {
        let barrier = self.barrier;
        if barrier.arrive_last() {
            return true;
        }
        let parked = Parked::new(cx);
        // Look again: the clone (if it was one) may have run a stranger's code, which may have
        // arrived.
        if barrier.arrive_last() {
            return true;
        }
        barrier.arrived.set(barrier.arrived.get() + 1);
        let key = barrier.line.push(barrier.openings.get(), parked);
        self.state = State::Waiting(key);
        false
    }
}

impl Future for BarrierWait<'_> {
    type Output = BarrierWaitResult;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<BarrierWaitResult> {
        ready!(coop::poll_budget(cx));
        let through = match self.state {
            State::New => self.arrive(cx).then_some(BarrierWaitResult(true)),
            State::Waiting(key) => match self.barrier.line.poll(key, cx) {
                Poll::Ready(_) => Some(BarrierWaitResult(false)),
                Poll::Pending => None,
            },
            State::Through(result) => Some(result),
        };
        let Some(result) = through else {
            trace::waits(WaitKind::Permit, address_of(self.barrier), self.at);
            return Poll::Pending;
        };
        self.state = State::Through(result);
        coop::spend();
        Poll::Ready(result)
    }
}

impl Drop for BarrierWait<'_> {
    fn drop(&mut self) {
        let State::Waiting(key) = self.state else {
            return;
        };
        // Bound, so that the waker is dropped last.
        let left = self.barrier.line.leave(key);
        if left.data == self.barrier.openings.get() {
            self.barrier.arrived.set(self.barrier.arrived.get() - 1); // I1
        }
    }
}
