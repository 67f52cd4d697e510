//! A flag that one thread raises and a task on another thread waits for.
//!
//! Nothing in here is hob's: `std::task::Waker` is all that a loop and the rest of the world
//! need to have in common. The waiting task leaves its waker; whoever raises the flag calls
//! it; that interrupts the other loop's sleep in the kernel.

use std::future::poll_fn;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

#[derive(Default)]
pub struct Stop {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    raised: bool,
    /// The waker of the one task that waits.
    waiter: Option<Waker>,
}

impl Stop {
    pub fn raise(&self) {
        let waiter = {
            let mut state = self.state();
            state.raised = true;
            state.waiter.take()
        };
        // Called with the lock released: a waker may do anything.
        if let Some(waiter) = waiter {
            waiter.wake();
        }
    }

    /// Returns once the flag is raised. For one waiting task at a time.
    pub async fn raised(&self) {
        poll_fn(|cx| {
            let mut state = self.state();
            // Looked at under the same lock under which it is raised, so it cannot be
            // raised between this look and the moment when the waker is in its place.
            if state.raised {
                return Poll::Ready(());
            }
            let former = state.waiter.replace(cx.waker().clone());
            drop(state);
            drop(former);
            Poll::Pending
        })
        .await;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A panic elsewhere leaves a flag and a waker, both still good.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::thread;

    use super::*;

    #[test]
    fn a_task_hears_a_flag_that_another_thread_raises() {
        for _ in 0..100 {
            let stop = Arc::new(Stop::default());
            let theirs = stop.clone();
            let thread = thread::spawn(move || theirs.raise());
            hob::block_on(stop.raised());
            thread.join().unwrap();
            hob::block_on(stop.raised());
        }
    }
}
