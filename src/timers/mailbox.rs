//! How a timer ends when its future is dropped where its runtime cannot be reached: on
//! another thread, or on the right one while the runtime is not running.
//!
//! Futures of time are `Send`, so this can happen at any moment. The key is then put into the
//! mailbox of its owner, who looks into it at the beginning of each turn. A drop rings no bell:
//! the loop may sleep on, until the very deadline that nobody waits for any more, and wake
//! somebody for nothing. A reset rings: the new deadline may be the earlier one.
//!
//! Law: the owner may be gone before the letter comes. Consequence: boxes are found by an id
//! that is never reused, in [`ALL`], and a letter to nobody is thrown away. Price: two locks
//! for each such drop. The owner pays one relaxed load in each turn.
//!
//! Only `timers` uses this file.

use std::mem;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use super::TimerKey;

/// The mailboxes of all `Timers` that are not closed, in the order of their ids. Entries come in
/// [`open`] and go in [`close`], so it is as long as there are runtimes. (A map would find them as
/// fast, and bring 15 kB of code for trees of thousands.)
static ALL: Mutex<Vec<(u64, Arc<Mailbox>)>> = Mutex::new(Vec::new());

pub(super) struct Mailbox {
    /// Set after a key was put in, cleared before the keys are taken out.
    has_mail: AtomicBool,
    keys: Mutex<Vec<TimerKey>>,
    /// Ends the sleep of the owner's loop.
    bell: Waker,
}

impl Mailbox {
    /// May be out of date by a moment; then the mail is found in the next turn.
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        !self.has_mail.load(Ordering::Relaxed)
    }

    pub(super) fn take(&self) -> Vec<TimerKey> {
        let mut keys = lock(&self.keys);
        // Under the lock, as in `send`: so the flag never says less than the truth.
        self.has_mail.store(false, Ordering::Relaxed);
        mem::take(&mut keys)
    }
}

pub(super) fn open(id: u64, bell: Waker) -> Arc<Mailbox> {
    let mailbox = Arc::new(Mailbox {
        has_mail: AtomicBool::new(false),
        keys: Mutex::default(),
        bell,
    });
    let mut all = lock(&ALL);
    // Nearly always the end: ids grow, but two threads may have drawn theirs and meet here.
    let at = all.partition_point(|(other, _)| *other < id);
    all.insert(at, (id, mailbox.clone()));
    mailbox
}

/// From now on letters to `id` are thrown away. Once is enough, more often is harmless.
pub(super) fn close(id: u64) {
    let mut all = lock(&ALL);
    if let Ok(at) = find(&all, id) {
        all.remove(at);
    }
}

fn find(all: &[(u64, Arc<Mailbox>)], id: u64) -> Result<usize, usize> {
    all.binary_search_by_key(&id, |(id, _)| *id)
}

/// Asks the owner of `key` to end that timer, if there still is an owner; now, if `ring`.
pub(super) fn send(key: TimerKey, ring: bool) {
    let mailbox = {
        let all = lock(&ALL);
        find(&all, key.owner).ok().map(|at| all[at].1.clone())
    };
    if let Some(mailbox) = mailbox {
        let mut keys = lock(&mailbox.keys);
        keys.push(key);
        mailbox.has_mail.store(true, Ordering::Relaxed);
        drop(keys);
        if ring {
            mailbox.bell.wake_by_ref();
        }
    }
}

/// No code of the user runs under these locks, so a poisoned one is as good as new.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
