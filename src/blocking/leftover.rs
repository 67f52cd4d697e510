//! What a job leaves to be done when a thread has run it. Whoever runs jobs sees to it: the queue's
//! workers, the loop, or who finds the queue closed.
//!
//! Plain data. Like the queue, compiled a second time for the model checker.

use std::task::Waker;

use crate::caught;

/// What is left to be done when a job was run.
#[must_use = "its awaiter waits to be woken"]
pub(crate) struct Leftover {
    /// It wants another turn (only strands and turns say so): then it goes to the end of the line.
    pub(crate) more: bool,
    /// Whoever awaits what has ended, to be woken now.
    pub(crate) waker: Option<Waker>,
}

impl Leftover {
    /// All is done, and nobody waits.
    pub(crate) const NOTHING: Leftover = Leftover {
        more: false,
        waker: None,
    };

    /// Wakes who waits. Is there more to do?
    pub(crate) fn tell(self) -> bool {
        self.waker.into_iter().for_each(caught::wake);
        self.more
    }
}
