//! Is a task queued already? Two flags, and their separation is the point.
//!
//! ```text
//!            set by                               cleared by
//! here    a wake on the loop's thread          the loop, popping the key from the ready queue
//! there   a wake on another thread (swap)      the loop, reading the key from the inbox
//! ```
//!
//! `here` is touched by one thread only, so it needs loads and stores and no
//! read-modify-write. One flag for both would need them, or lose wakes: clearing it by a plain
//! store can wipe out a foreign wake that came in between (trap 56).
//!
//! I1: `there` is cleared *before* the poll that it asked for: a wake during the poll posts
//! anew. `tests/loom` tries every interleaving of it.

use crate::prims::{AtomicBool, Ordering};

pub(crate) struct Queued {
    here: AtomicBool,
    there: AtomicBool,
}

impl Queued {
    pub(crate) fn new() -> Queued {
        Queued {
            here: AtomicBool::new(false),
            there: AtomicBool::new(false),
        }
    }

    /// On the loop's thread: true if the caller now has to put the key into the ready queue.
    pub(crate) fn queue_here(&self) -> bool {
        let queued = self.here.load(Ordering::Relaxed);
        self.here.store(true, Ordering::Relaxed);
        !queued
    }

    /// On the loop's thread.
    pub(crate) fn is_queued_here(&self) -> bool {
        self.here.load(Ordering::Relaxed)
    }

    /// On the loop's thread: the key was popped from the ready queue.
    pub(crate) fn unqueue_here(&self) {
        self.here.store(false, Ordering::Relaxed);
    }

    /// On another thread: true if the caller now has to post the key. Releases what that
    /// thread did before, for the poll that will look for it.
    pub(crate) fn queue_there(&self) -> bool {
        !self.there.swap(true, Ordering::AcqRel)
    }

    /// On the loop's thread: the key was read from the inbox. Acquires what the waking threads
    /// did before they woke, also those that found the flag set and did not post.
    pub(crate) fn unqueue_there(&self) {
        self.there.swap(false, Ordering::AcqRel);
    }

    /// For the next task in the slot, while nobody else holds the flags.
    pub(crate) fn reset(&self) {
        self.here.store(false, Ordering::Relaxed);
        self.there.store(false, Ordering::Relaxed);
    }
}
