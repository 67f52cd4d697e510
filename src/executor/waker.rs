//! Wakers: one `Arc` for each slot of the task slab, kept with the slot.
//!
//! Law: a `Waker` is `Send + Sync` by its type; it may be cloned, called and dropped on any
//! thread, long after its task or even its runtime is gone. Consequence: it holds no pointer
//! to a task, only a key that may have gone stale, and the loop looks before it believes.
//!
//! Two flags say "queued already", and their separation is the point:
//!
//! ```text
//!                      set by                               cleared by
//! queued_here    wake on the loop's thread            the loop, popping the key
//! queued_there   wake on another thread (swap)        the loop, draining the inbox
//! ```
//!
//! `queued_here` is touched by one thread only, so it needs loads and stores and no
//! read-modify-write. One flag for both would need them, or lose wakes: clearing it by a plain
//! store can wipe out a foreign wake that came in between (trap 56).
//!
//! I1: a task's key stands in the ready queue at most once while `queued_here` is set, and in
//! the inbox at most once while `queued_there` is set.
//! I2: `queued_there` is cleared *before* the task is polled: a wake during the poll posts anew.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::task::{Wake, Waker};

use super::inbox::{Inbox, Posted};
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

    /// Sends mail to the loop and sees to it that it is read. Gives it back if the loop is gone.
    pub(super) fn post(&self, mail: Mail) -> Result<(), Mail> {
        match self.inbox.post(mail) {
            Posted::Delivered => Ok(()),
            Posted::Ring => {
                self.interrupt.wake_by_ref();
                Ok(())
            }
            Posted::Returned(mail) => Err(mail),
        }
    }
}

/// What is behind the `Waker` of the task in one slot.
pub(super) struct SlotWaker {
    pub(super) remote: Arc<Remote>,
    index: u32,
    /// Changed only by [`SlotWaker::reuse`], while nobody else holds this `Arc`.
    generation: AtomicU32,
    queued_here: AtomicBool,
    queued_there: AtomicBool,
}

impl SlotWaker {
    pub(super) fn new(remote: Arc<Remote>, key: TaskKey) -> Arc<SlotWaker> {
        Arc::new(SlotWaker {
            remote,
            index: key.index,
            generation: AtomicU32::new(key.generation),
            queued_here: AtomicBool::new(false),
            queued_there: AtomicBool::new(false),
        })
    }

    /// Prepares for the next task in the same slot, if no waker of the former one is left
    /// anywhere. The slot itself holds two counts: the `Arc` and the `Waker` made from it.
    pub(super) fn reuse(self: &Arc<SlotWaker>, generation: u32) -> bool {
        if Arc::strong_count(self) != 2 {
            return false;
        }
        // The count was read relaxed. The fence makes what the last holder did before it let
        // go (its swap of `queued_there`, say) happen before our stores.
        std::sync::atomic::fence(Ordering::Acquire);
        self.generation.store(generation, Ordering::Relaxed);
        self.queued_here.store(false, Ordering::Relaxed);
        self.queued_there.store(false, Ordering::Relaxed);
        true
    }

    pub(super) fn key(&self) -> TaskKey {
        TaskKey {
            index: self.index,
            generation: self.generation.load(Ordering::Relaxed),
        }
    }

    /// On the loop's thread: true if the caller now has to put the key into the ready queue.
    pub(super) fn queue_here(&self) -> bool {
        let queued = self.queued_here.load(Ordering::Relaxed);
        self.queued_here.store(true, Ordering::Relaxed);
        !queued
    }

    /// On the loop's thread: the key was popped from the ready queue.
    pub(super) fn unqueue_here(&self) {
        self.queued_here.store(false, Ordering::Relaxed);
    }

    /// On the loop's thread: the key was read from the inbox. Acquires what the waking thread
    /// did before it woke.
    pub(super) fn unqueue_there(&self) {
        self.queued_there.swap(false, Ordering::AcqRel);
    }

    #[cold]
    fn wake_from_elsewhere(&self) {
        if !self.queued_there.swap(true, Ordering::AcqRel) {
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
