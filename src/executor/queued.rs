//! Is a task queued already? Two flags, and their separation is the point.
//!
//! ```text
//!                              set by                       cleared by
//! here    (in the slot)        a wake on the loop's thread  the loop, popping the key from `ready`
//! there   (in the `SlotWaker`) a wake on another thread     the loop, reading the inbox
//! ```
//!
//! `here` is touched by one thread only, so it is a plain `bool`, and stands where the loop looks
//! anyway. One flag for both would need an atomic read-modify-write for each wake, or lose wakes:
//! clearing it by a plain store can wipe out a foreign wake that came in between (trap 56). In
//! this file is `there`.
//!
//! I1: `there` is cleared *before* the poll that it asked for: a wake during the poll posts
//! anew. `tests/loom` tries every interleaving of it.

use crate::prims::{AtomicBool, Ordering};

pub(crate) struct Queued {
    there: AtomicBool,
}

impl Queued {
    pub(crate) fn new() -> Queued {
        Queued {
            there: AtomicBool::new(false),
        }
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

    /// For the next task, while nobody else holds the flag.
    pub(crate) fn reset(&self) {
        self.there.store(false, Ordering::Relaxed);
    }
}
