//! A thread that waits as if it were a task: its waker is a bell, and it sleeps until it rings.
//!
//! So a thread that blocks stands in the same line as the tasks, and is served in its turn by
//! the same code; nothing else in `remote` knows that threads can wait.
//!
//! Law: a bell may ring between the poll that was pending and the sleep. Consequence: the
//! ringing is written down under the lock that the sleeper holds when it looks.

use std::sync::{Arc, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use crate::prims::{Condvar, Mutex};

struct Bell {
    /// Set by a ring, taken by the sleeper.
    rung: Mutex<bool>,
    ring: Condvar,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        *self.rung.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.ring.notify_one();
    }
}

impl Bell {
    fn sleep(&self) {
        let mut rung = self.rung.lock().unwrap_or_else(PoisonError::into_inner);
        while !std::mem::take(&mut *rung) {
            rung = self.ring.wait(rung).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// Polls until it is ready, and lets this thread sleep in between.
pub(super) fn block<R>(mut poll: impl FnMut(&Context<'_>) -> Poll<R>) -> R {
    let bell = Arc::new(Bell {
        rung: Mutex::new(false),
        ring: Condvar::new(),
    });
    let waker = Waker::from(bell.clone());
    let cx = Context::from_waker(&waker);
    loop {
        if let Poll::Ready(answer) = poll(&cx) {
            return answer;
        }
        bell.sleep();
    }
}
