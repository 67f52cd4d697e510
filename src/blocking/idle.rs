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

use std::sync::Arc;

use crate::prims::Condvar;

/// A worker's own: nobody else waits at it.
pub(super) type Bell = Arc<Condvar>;

/// Those that nobody has called.
pub(super) struct Idle {
    stack: Vec<Resting>,
}

struct Resting {
    bell: Bell,
    /// It waits at its bell. Otherwise it is on its way there, looks at the stack once more under
    /// the lock, and needs no ringing.
    asleep: bool,
}

impl Idle {
    pub(super) const fn new() -> Idle {
        Idle { stack: Vec::new() }
    }

    pub(super) fn len(&self) -> usize {
        self.stack.len()
    }

    /// From now on it can be called.
    pub(super) fn lie_down(&mut self, bell: &Bell) {
        debug_assert!(self.find(bell).is_none(), "a worker lies down once");
        self.stack.push(Resting {
            bell: bell.clone(),
            asleep: false,
        });
    }

    /// Notes that it will now wait at its bell. False: it was called, and must not.
    pub(super) fn falls_asleep(&mut self, bell: &Bell) -> bool {
        let place = self.find(bell);
        if let Some(place) = place {
            self.stack[place].asleep = true;
        }
        place.is_some()
    }

    /// It can no longer be called. False: it was already.
    pub(super) fn get_up(&mut self, bell: &Bell) -> bool {
        let place = self.find(bell);
        if let Some(place) = place {
            self.stack.remove(place);
        }
        place.is_some()
    }

    /// Calls somebody, if there is anybody. The bell, if any, has to be rung after letting go of
    /// the lock: who wakes under it only waits a second time.
    pub(super) fn call(&mut self) -> Option<Option<Bell>> {
        let resting = self.stack.pop()?;
        Some(resting.asleep.then_some(resting.bell))
    }

    /// Whoever looks for itself is at the top, or near it.
    fn find(&self, bell: &Bell) -> Option<usize> {
        self.stack
            .iter()
            .rposition(|resting| Arc::ptr_eq(&resting.bell, bell))
    }
}
