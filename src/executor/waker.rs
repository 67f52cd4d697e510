//! Wakers: one `Arc` for each task that has been polled, kept for the next when it ends.
//!
//! Law: a `Waker` is `Send + Sync` by its type; it may be cloned, called and dropped on any
//! thread, long after its task or even its runtime is gone. Consequence: it holds no pointer
//! to a task, only a key that may have gone stale, and the loop looks before it believes.
//!
//! Whether the task is queued already is told by two flags: see [`queued`](super::queued).

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Wake, Waker};

use super::inbox::{Inbox, Posted};
use super::queued::Queued;
use super::wake::{Woke, wake_here};
use super::{Mail, TaskKey};

/// The side of the loop that other threads see. Its address is the loop's identity: as long
/// as a waker holds this `Arc`, no other loop can have the same address.
pub(crate) struct Remote {
    pub(super) inbox: Inbox<Mail>,
    /// Interrupts the kernel wait. Given by whoever builds the loop; the executor does not
    /// know whose it is.
    interrupt: Waker,
}

impl Remote {
    pub(super) fn new(interrupt: Waker) -> Remote {
        Remote {
            inbox: Inbox::new(),
            interrupt,
        }
    }

    /// Ends the loop's sleep, so that it looks around once more.
    pub(crate) fn ring(&self) {
        self.interrupt.wake_by_ref();
    }

    /// Sends mail to the loop and sees to it that it is read. Gives it back if the loop is gone.
    pub(super) fn post(&self, mail: Mail) -> Result<(), Mail> {
        match self.inbox.post(mail) {
            Posted::Delivered => Ok(()),
            Posted::Ring => {
                self.ring();
                Ok(())
            }
            Posted::Returned(mail) => Err(mail),
        }
    }
}

/// What is behind the `Waker` of the task in one slot.
pub(super) struct SlotWaker {
    pub(super) remote: Arc<Remote>,
    /// Whose it is: index and generation. Changed only by [`SlotWaker::serve`], while nobody else
    /// holds this `Arc`.
    key: AtomicU64,
    pub(super) queued: Queued,
}

impl SlotWaker {
    /// Nobody's yet: see [`serve`](SlotWaker::serve).
    pub(super) fn new(remote: Arc<Remote>) -> Arc<SlotWaker> {
        Arc::new(SlotWaker {
            remote,
            key: AtomicU64::new(0),
            queued: Queued::new(),
        })
    }

    /// Is no waker of the former task left anywhere? The slab itself holds two counts: the `Arc`
    /// and the `Waker` made from it.
    pub(super) fn is_nobody_elses(self: &Arc<SlotWaker>) -> bool {
        if Arc::strong_count(self) != 2 {
            return false;
        }
        // The count was read relaxed. The fence makes what the last holder did before it let
        // go (its swap of a flag, say) happen before the stores of `serve`.
        std::sync::atomic::fence(Ordering::Acquire);
        true
    }

    /// From now on it is `key`'s. Nobody else may hold it.
    pub(super) fn serve(&self, key: TaskKey) {
        let key = u64::from(key.index) << 32 | u64::from(key.generation);
        self.key.store(key, Ordering::Relaxed);
        self.queued.reset();
    }

    #[inline]
    pub(super) fn key(&self) -> TaskKey {
        let key = self.key.load(Ordering::Relaxed);
        TaskKey {
            index: (key >> 32) as u32,
            generation: key as u32,
        }
    }

    #[cold]
    fn wake_from_elsewhere(&self) {
        if self.queued.queue_there() {
            // A loop that is gone returns the key: nobody is left to wake.
            let _ = self.remote.post(Mail::Wake(self.key()));
        }
    }
}

impl Wake for SlotWaker {
    fn wake(self: Arc<SlotWaker>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<SlotWaker>) {
        match wake_here(self) {
            Woke::Queued => crate::trace::emit(crate::trace::Event::Woken),
            Woke::Already => {}
            Woke::NotHere => self.wake_from_elsewhere(),
        }
    }
}
