//! The idle workers of one lane, as a stack: whoever lay down last is called first.
//!
//! Plain data under the queue's lock. Called by `queue` only; like it, compiled a second time
//! for the model checker.
//!
//! **Law:** all who wait at one condition variable are one crowd to the system: a call may disturb
//! those that it is not meant for, and it goes to whoever has waited longest, whose stack and
//! caches have gone cold. **Choice:** each worker has a bell of its own, and the stack says
//! whose is rung. **Consequences:** jobs that follow each other run on one thread; and one that was
//! needed for a burst only is left alone until its `keep_alive` is over. **Price:** an allocation
//! for each worker.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use crate::prims::{self, AtomicBool, Condvar, MutexGuard, Ordering};

/// A worker's own: nobody else waits at it.
pub(super) struct Bell {
    ring: Condvar,
    /// Set by [`Idle::call`], cleared by [`Idle::lie_down`], both under the lock; looked at without
    /// it by a worker that keeps watch. Whether it was called is told by the stack.
    called: AtomicBool,
}

impl Bell {
    pub(super) fn new() -> Arc<Bell> {
        Arc::new(Bell {
            ring: Condvar::new(),
            called: AtomicBool::new(false),
        })
    }

    pub(super) fn ring(&self) {
        self.ring.notify_one();
    }

    /// Looks out for a call, without the lock and without sleeping.
    pub(super) fn look_out(&self) -> bool {
        prims::look_out(WATCH, || self.called.load(Ordering::Acquire))
    }

    /// Sleeps until it is rung, or by accident for less. True: for so long in vain.
    pub(super) fn wait<'a, S>(
        &self,
        state: MutexGuard<'a, S>,
        patience: Duration,
    ) -> (MutexGuard<'a, S>, bool) {
        let (state, timeout) = self
            .ring
            .wait_timeout(state, patience)
            .unwrap_or_else(PoisonError::into_inner);
        (state, timeout.timed_out())
    }
}

/// What a worker brings along.
pub(super) struct Worker {
    pub(super) bell: Arc<Bell>,
    pub(super) watch: Watch,
}

impl Worker {
    pub(super) fn new() -> Worker {
        Worker {
            bell: Bell::new(),
            watch: Watch::default(),
        }
    }
}

/// Those that nobody has called.
pub(super) struct Idle {
    stack: Vec<Resting>,
}

struct Resting {
    bell: Arc<Bell>,
    /// It waits at its bell. Otherwise it is on its way there, looks at the stack once more under
    /// the lock, and needs no ringing.
    asleep: bool,
}

/// Who was called.
pub(super) enum Called {
    Nobody,
    /// It will look by itself.
    Awake,
    /// Its bell has to be rung after letting go of the lock: who wakes under it only waits a second
    /// time.
    Asleep(Arc<Bell>),
}

impl Idle {
    pub(super) const fn new() -> Idle {
        Idle { stack: Vec::new() }
    }

    pub(super) fn len(&self) -> usize {
        self.stack.len()
    }

    /// From now on it can be called.
    pub(super) fn lie_down(&mut self, bell: &Arc<Bell>) {
        debug_assert!(self.find(bell).is_none(), "a worker lies down once");
        bell.called.store(false, Ordering::Relaxed);
        self.stack.push(Resting {
            bell: bell.clone(),
            asleep: false,
        });
    }

    /// Notes that it will now wait at its bell. False: it was called, and must not.
    pub(super) fn falls_asleep(&mut self, bell: &Arc<Bell>) -> bool {
        let place = self.find(bell);
        if let Some(place) = place {
            self.stack[place].asleep = true;
        }
        place.is_some()
    }

    /// It can no longer be called. False: it was already.
    pub(super) fn get_up(&mut self, bell: &Arc<Bell>) -> bool {
        let place = self.find(bell);
        if let Some(place) = place {
            self.stack.remove(place);
        }
        place.is_some()
    }

    /// Calls somebody, if there is anybody.
    pub(super) fn call(&mut self) -> Called {
        let Some(Resting { bell, asleep }) = self.stack.pop() else {
            return Called::Nobody;
        };
        bell.called.store(true, Ordering::Release);
        match asleep {
            true => Called::Asleep(bell),
            false => Called::Awake,
        }
    }

    /// Whoever looks for itself is at the top, or near it.
    fn find(&self, bell: &Arc<Bell>) -> Option<usize> {
        self.stack
            .iter()
            .rposition(|resting| Arc::ptr_eq(&resting.bell, bell))
    }
}

/// How long a worker keeps watch: about what it takes the loop to be woken and to ask for the next
/// thing.
const WATCH: Duration = Duration::from_micros(20);

/// However often it was in vain, one rest in so many begins with a watch.
const SELDOM: u32 = 64;

/// Staying awake for a moment after a job.
///
/// **Law:** to put a thread to sleep and wake it again takes longer than most file operations, above
/// all where its processor has nothing else to do and sleeps, too. **Choice:** a worker that
/// has run the only job there was keeps watch for 20 µs, in case another follows.
/// **Price:** those 20 µs of a processor, where none does. So after each watch in vain twice
/// as many rests go without.
///
/// A chain of `spawn_blocking` on two idle processors: 24 µs a round trip and 19 µs of processor
/// time without it, 5 and 9 with it. A large file read in order: 410 µs a MiB without, 321 with it,
/// for the same processor time. (To offer the processor to others meanwhile,
/// `thread::yield_now`, serves no better here, and costs 7 % where many tasks use files at once.)
#[derive(Default)]
pub(super) struct Watch {
    /// So many rests go without.
    without: u32,
    /// As many went without after the last one in vain; halved by each that was not.
    vain: u32,
}

impl Watch {
    /// Calls `look`, or not. It says whether it saw anything.
    pub(super) fn keep(&mut self, look: impl FnOnce() -> bool) {
        if self.without > 0 {
            self.without -= 1;
        } else if look() {
            self.vain /= 2;
        } else {
            self.vain = (self.vain * 2 + 1).min(SELDOM - 1);
            self.without = self.vain;
        }
    }
}
