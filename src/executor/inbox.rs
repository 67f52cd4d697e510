//! The inbox: how other threads reach the loop, and the one lock in its wake path.
//!
//! Law: between "is there mail?" and "sleep" another thread may post. Consequence: either the
//! loop sees the mail before it sleeps, or the poster sees that the loop sleeps and rings.
//! Choice: the mail and the flag `asleep` stand under one mutex, so that one of the two always
//! comes first. Price: an uncontended lock for each sleep, and one for each foreign wake; a
//! wake on the loop's own thread never comes here.
//!
//! ```text
//!            post: mail.push                    post: mail.push, "ring!"
//!            ┌────────┐                         ┌────────────────────────────┐
//!            │        ▼                         │                            ▼
//!            └─── awake ◄── woke_up ──────── asleep                 awake, and interrupted
//!                   │                           ▲
//!                   └── prepare_sleep: no mail ─┘
//! ```
//!
//! I1: `asleep` is true only while the loop is in the kernel, or on its way there with an
//! empty inbox.
//! I2: whoever turns `asleep` from true to false by posting rings, exactly once.
//! I3: after `close` nothing is ever accepted.
//!
//! This file takes its lock from `crate::prims`, so that `tests/loom` can try every
//! interleaving of it.

use std::sync::PoisonError;

use crate::prims::{AtomicBool, Mutex, Ordering};

/// Mail of kind `M` from any thread to one loop.
pub(crate) struct Inbox<M> {
    /// A hint, so that a busy loop need not lock to see that there is nothing. It may be
    /// stale; `prepare_sleep` looks under the lock.
    has_mail: AtomicBool,
    state: Mutex<State<M>>,
}

struct State<M> {
    mail: Vec<M>,
    asleep: bool,
    closed: bool,
}

/// What became of a piece of mail.
pub(crate) enum Posted<M> {
    /// The loop is awake and will find it.
    Delivered,
    /// The loop sleeps: the poster has to interrupt it (I2).
    Ring,
    /// The loop is gone; here is the mail back.
    Returned(M),
}

impl<M> Inbox<M> {
    pub(crate) fn new() -> Inbox<M> {
        Inbox {
            has_mail: AtomicBool::new(false),
            state: Mutex::new(State {
                mail: Vec::new(),
                asleep: false,
                closed: false,
            }),
        }
    }

    /// Called from any thread.
    pub(crate) fn post(&self, mail: M) -> Posted<M> {
        let mut state = self.lock();
        if state.closed {
            return Posted::Returned(mail);
        }
        state.mail.push(mail);
        self.has_mail.store(true, Ordering::Release);
        // I2: the flag is taken down by the one who rings.
        if std::mem::replace(&mut state.asleep, false) {
            Posted::Ring
        } else {
            Posted::Delivered
        }
    }

    /// Is it worth a look? Asked by the loop in each turn.
    #[inline]
    pub(crate) fn may_have_mail(&self) -> bool {
        self.has_mail.load(Ordering::Acquire)
    }

    /// Called by the loop if so: swaps the mail into `into`, which must be empty.
    pub(crate) fn take(&self, into: &mut Vec<M>) {
        debug_assert!(into.is_empty());
        let mut state = self.lock();
        self.has_mail.store(false, Ordering::Release);
        std::mem::swap(&mut state.mail, into);
    }

    /// Is there anything to take?
    pub(crate) fn has_mail(&self) -> bool {
        !self.lock().mail.is_empty()
    }

    /// Called by the loop right before it sleeps. False if there is mail: then it must not.
    pub(crate) fn prepare_sleep(&self) -> bool {
        let mut state = self.lock();
        // I1: set and check in one breath.
        state.asleep = state.mail.is_empty();
        state.asleep
    }

    /// Called by the loop right after it slept.
    pub(crate) fn woke_up(&self) {
        self.lock().asleep = false;
    }

    /// Called by the loop at its end; gives back what was never read.
    pub(crate) fn close(&self) -> Vec<M> {
        let mut state = self.lock();
        state.closed = true;
        state.asleep = false;
        std::mem::take(&mut state.mail)
    }

    /// Nothing of the user's runs under this lock, so it is never poisoned by a panic of ours;
    /// and if it were, the data would still be whole.
    fn lock(&self) -> crate::prims::MutexGuard<'_, State<M>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
