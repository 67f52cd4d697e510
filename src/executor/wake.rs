//! Waking: from a waker or a name or a letter to a key in the ready queue.
//!
//! No wake polls or drops a task (traps 8 and 9): it is a flag, and a push. Work that another
//! thread handed in is started by `take_mail`, with nothing borrowed.

use std::collections::VecDeque;
use std::sync::Arc;

use super::task::{Slot, TaskKey};
use super::waker::SlotWaker;
use super::{CURRENT, Executor, Mail};
use crate::trace::{self, Event};
use crate::{caught, coop, current};

/// A queue may keep room for so many keys when it is empty.
const KEPT: usize = 4096;

/// What came of an attempt to wake a task as the loop itself.
pub(super) enum Woke {
    Queued,
    Already,
    /// It has ended, or is none of this loop's.
    Nobody,
    /// This thread is not, or not now, inside of the task's loop.
    NotHere,
}

/// Puts the task of `waker` into the ready queue, if this thread is inside of its loop.
#[inline]
pub(super) fn wake_here(waker: &SlotWaker) -> Woke {
    let woke = current::with(&CURRENT, |executor| {
        match Arc::ptr_eq(&executor.remote, &waker.remote) {
            true => executor.queue(waker.key()),
            false => Woke::NotHere,
        }
    });
    woke.unwrap_or(Woke::NotHere)
}

impl Executor {
    #[inline]
    pub(super) fn queue(&self, key: TaskKey) -> Woke {
        let yields = coop::is_yielding() && self.running.get() == key;
        let mut core = self.core.borrow_mut();
        let core = &mut *core;
        let Some(slot) = core.tasks.get(key) else {
            return Woke::Nobody;
        };
        // I2
        if !slot.queue() {
            // Queued already. If it yields now, it was woken in this very poll, or is polled for a
            // child: unless its key stands last among those who yielded, it is taken to be in
            // `ready`, and goes on from there.
            slot.set_aside |= yields && core.yielded.back() != Some(&key);
            return Woke::Already;
        }
        if yields {
            core.yielded.push_back(key);
        } else {
            core.ready.push_back(key);
        }
        Woke::Queued
    }

    /// Wakes a task that waits by name, if this loop has it; false if not. The loop is not the one
    /// that runs: it hears of it as if from another thread.
    pub(super) fn post_named(&self, key: TaskKey) -> bool {
        let is_ours = self.core.borrow_mut().tasks.get(key).is_some();
        if is_ours {
            // It is at its end if it returns the key.
            let _ = self.remote.post(Mail::Wake(key));
        }
        is_ours
    }

    /// Queues a task by its key. False if there was no need to.
    pub(super) fn queue_key(&self, key: TaskKey) -> bool {
        let mut core = self.core.borrow_mut();
        let core = &mut *core;
        // I2
        let queued = core.tasks.get(key).is_some_and(Slot::queue);
        if queued {
            core.ready.push_back(key);
        }
        queued
    }

    /// Reads the inbox, if anything may be there: step 1 of a turn.
    #[inline]
    pub(crate) fn take_mail(&self) {
        if self.remote.inbox.may_have_mail() {
            self.read_mail();
        }
    }

    #[inline(never)] // most turns find none
    fn read_mail(&self) {
        let mut mail = self.mail.take();
        self.remote.inbox.take(&mut mail);
        for letter in mail.drain(..) {
            match letter {
                Mail::Wake(key) => self.wake_from_inbox(key),
                Mail::Abort(key) => self.abort(key),
                Mail::Run(start) => {
                    if let Err(payload) = caught::catch(start) {
                        caught::drop_payload(payload);
                    }
                }
            }
        }
        if mail.capacity() > KEPT {
            mail = Vec::new();
        }
        self.mail.set(mail);
    }

    fn wake_from_inbox(&self, key: TaskKey) {
        let mut core = self.core.borrow_mut();
        let Some(slot) = core.tasks.get(key) else {
            return; // a wake after the end
        };
        // Cleared before the poll that it asks for: a wake from now on posts anew.
        if let Some(shared) = &slot.shared {
            shared.queued.unqueue_there();
        }
        let queued = slot.queue();
        if queued {
            core.ready.push_back(key);
        }
        drop(core);
        if queued {
            trace::emit(Event::WokenFromElsewhere);
        }
    }

    /// After the kernel was visited: whoever yielded is ready again, behind everybody else.
    pub(crate) fn release_yielded(&self) {
        let mut core = self.core.borrow_mut();
        let core = &mut *core;
        if !core.yielded.is_empty() {
            core.ready.append(&mut core.yielded);
        }
        core.tasks.shrink();
        // The queues, too, give back what only a burst needed (trap 59).
        let needed = core.ready.len() * 8;
        if core.ready.capacity() > KEPT.max(needed) {
            core.ready.shrink_to(KEPT.max(needed) / 2);
        }
        if core.yielded.capacity() > KEPT.max(needed) {
            core.yielded = VecDeque::new();
        }
    }

    /// Is nobody ready, so that the loop may sleep?
    pub(crate) fn is_idle(&self) -> bool {
        let core = self.core.borrow();
        core.ready.is_empty() && core.yielded.is_empty()
    }

    /// Has anything come from other threads that was not read yet?
    pub(crate) fn has_mail(&self) -> bool {
        self.remote.inbox.has_mail()
    }

    /// Right before a sleep. False if mail has come: then the loop must not sleep.
    pub(crate) fn prepare_sleep(&self) -> bool {
        self.remote.inbox.prepare_sleep()
    }

    /// Right after a sleep.
    pub(crate) fn woke_up(&self) {
        self.remote.inbox.woke_up();
    }
}
