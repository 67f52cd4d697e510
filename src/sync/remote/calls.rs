//! What is behind a remote `Notify`: who waits, and what is stored for who comes next.
//!
//! The rules are those of the `Notify` of one thread (`sync::notify`), behind a lock; and as
//! with `chan`, wakers are cloned, woken and dropped only after it is let go.
//!
//! Invariants:
//! - I1: nothing is stored while somebody waits.
//! - I2: who was called alone and leaves before it was polled passes the call on (trap 41).

use std::sync::PoisonError;
use std::task::{Context, Poll, Waker};

use crate::executor::Parked;
use crate::prims::{Mutex, MutexGuard};
use crate::sync::wait_list::{WaitKey, WaitList, wake_each};

pub(super) struct Calls {
    state: Mutex<State>,
}

struct State {
    /// A call that found nobody (I1).
    stored: bool,
    /// How often all were called.
    broadcasts: u64,
    line: WaitList<Waiter>,
}

/// One in the line.
#[derive(Clone, Copy)]
struct Waiter {
    /// What `broadcasts` was when it was made.
    made_at: u64,
    /// Called, and not along with everybody else; then from which end.
    alone: Option<End>,
}

/// An end of the line.
#[derive(Clone, Copy)]
pub(super) enum End {
    First,
    Last,
}

/// A place for one who waits, from its making until it was called.
#[derive(Debug)]
pub(super) struct Waiting {
    made_at: u64,
    place: Option<WaitKey>,
    done: bool,
}

impl Calls {
    pub(super) fn new() -> Calls {
        Calls {
            state: Mutex::new(State {
                stored: false,
                broadcasts: 0,
                line: WaitList::new(),
            }),
        }
    }

    /// One who waits from now on, as far as [`call_all`](Calls::call_all) is concerned.
    pub(super) fn wait(&self) -> Waiting {
        Waiting {
            made_at: self.lock().broadcasts,
            place: None,
            done: false,
        }
    }

    /// Calls one, or stores that for the next who comes.
    pub(super) fn call_one(&self, end: End) {
        let mut state = self.lock();
        let call = |waiter: &mut Waiter| {
            waiter.alone = Some(end);
            true
        };
        let called = match end {
            End::First => state.line.call_front(call),
            End::Last => state.line.call_back(call),
        };
        state.stored |= called.is_none(); // I1
        drop(state);
        if let Some(called) = called {
            called.wake_caught();
        }
    }

    /// Calls everybody who was made before this call.
    pub(super) fn call_all(&self) {
        let mut state = self.lock();
        state.broadcasts = state.broadcasts.wrapping_add(1);
        drop(state);
        // One at a time, each woken without the lock. Behind the first who came after this
        // call stand only others who did.
        wake_each(|| {
            let state = self.lock();
            let now = state.broadcasts;
            state.line.call_front(|waiter| waiter.made_at != now)
        });
    }

    /// Ready once it was called. Who gives up before owes a [`cancel`](Calls::cancel).
    pub(super) fn poll(&self, waiting: &mut Waiting, cx: &Context<'_>) -> Poll<()> {
        let answer = self.look(waiting, &mut None);
        if answer.is_ready() {
            return answer;
        }
        let mut waker = Some(cx.waker().clone());
        // What is left in `waker` is dropped behind the lock: the clone, or one displaced.
        self.look(waiting, &mut waker)
    }

    fn look(&self, waiting: &mut Waiting, waker: &mut Option<Waker>) -> Poll<()> {
        if waiting.done {
            return Poll::Ready(());
        }
        let mut state = self.lock();
        if let Some(key) = waiting.place {
            if state.line.poll_swap(key, waker).is_pending() {
                return Poll::Pending;
            }
        } else if waiting.made_at == state.broadcasts && !std::mem::take(&mut state.stored) {
            let waiter = Waiter {
                made_at: waiting.made_at,
                alone: None,
            };
            waiting.place = waker
                .take()
                .map(|waker| state.line.push(waiter, Parked::by_waker(waker)));
            return Poll::Pending;
        }
        waiting.place = None;
        waiting.done = true;
        Poll::Ready(())
    }

    /// Gives up waiting, and passes on a call that nobody has seen (I2).
    pub(super) fn cancel(&self, waiting: &mut Waiting) {
        let Some(key) = waiting.place.take() else {
            return;
        };
        // Bound, so that the waker is dropped last, and behind the lock.
        let left = self.lock().line.leave(key);
        if let Some(end) = left.data.alone {
            self.call_one(end);
        }
    }

    /// How many wait.
    pub(super) fn waiting(&self) -> usize {
        self.lock().line.len()
    }

    /// Nothing of the user's runs under this lock, so no panic leaves it half done.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
