//! Wakers: one `Arc` for each slot of the task slab, kept with the slot.
//!
//! Law: a `Waker` is `Send + Sync` by its type; it may be cloned, called and dropped on any
//! thread, long after its task or even its runtime is gone. Consequence: it holds no pointer
//! to a task, only a key that may have gone stale, and the loop looks before it believes.
//!
//! Whether the task is queued already is told by two flags: see [`queued`](super::queued).

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
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
    /// Changed only by [`SlotWaker::bind`], while nobody else holds this `Arc`; as is
    /// `generation`.
    index: AtomicU32,
    generation: AtomicU32,
    pub(super) queued: Queued,
}

impl SlotWaker {
    pub(super) fn new(remote: Arc<Remote>, key: TaskKey) -> Arc<SlotWaker> {
        Arc::new(SlotWaker {
            remote,
            index: AtomicU32::new(key.index),
            generation: AtomicU32::new(key.generation),
            queued: Queued::new(),
        })
    }

    /// Is no waker left anywhere but that which the slab has? It holds two counts: the `Arc` and
    /// the `Waker` made from it.
    #[inline]
    pub(super) fn is_unheld(self: &Arc<SlotWaker>) -> bool {
        if Arc::strong_count(self) != 2 {
            return false;
        }
        // The count was read relaxed. The fence makes what the last holder did before it let
        // go (its swap of a flag, say) happen before what we do now.
        std::sync::atomic::fence(Ordering::Acquire);
        true
    }

    /// From now on it is that of another task. Only while it is [unheld](SlotWaker::is_unheld).
    #[inline]
    pub(super) fn bind(&self, key: TaskKey) {
        self.index.store(key.index, Ordering::Relaxed);
        self.generation.store(key.generation, Ordering::Relaxed);
        self.queued.reset();
    }

    pub(super) fn key(&self) -> TaskKey {
        TaskKey {
            index: self.index.load(Ordering::Relaxed),
            generation: self.generation.load(Ordering::Relaxed),
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
            Woke::Already | Woke::Nobody => {}
            Woke::NotHere => self.wake_from_elsewhere(),
        }
    }
}
