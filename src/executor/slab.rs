//! The task slab: slots that are used again and again, and the wakers of the tasks in them.
//!
//! Why not the `slab` crate, as for sockets and timers: a free slot here keeps something of
//! value (the waker, an `Arc` that would cost an allocation and two atomic counts to make
//! anew), and gives it up only after a burst.
//!
//! Law: a poll needs a waker, but many a poll leaves no clone of it anywhere: that of a task
//! which ends at once, say, or yields. Consequence: a task has no waker of its own until it is
//! polled. It is polled with the slab's, which becomes its own if the poll leaves a clone.
//!
//! ```text
//!              lend: it has none
//!    spare ─────────────────────► out, with the future ──── settle: a clone is left ────► slot
//!      ▲                                  │
//!      └───── settle: none is left ───────┘
//! ```
//!
//! I1: `free` lists exactly the slots whose body is `Free`.
//! I2: a key finds its slot only while the generations agree; a stale key finds `None`.
//! I3: every waker of a live task was made from its slot's `shared`; during a poll for which the
//! spare was lent, from the spare's.
//! I4: where the spare has a `waker` it has a `shared`; that stays while the waker is lent.

use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Waker;

use super::task::{Body, Extra, Slot, TaskKey, Work, put};
use super::waker::{Remote, SlotWaker};
use crate::trace::TaskId;

/// So many free slots are kept whatever happens; below this nothing is given back.
const KEPT: usize = 1024;

pub(super) struct TaskSlab {
    slots: Vec<Slot>,
    /// Used from the end: the slot freed last is the warmest.
    free: Vec<u32>,
    /// Slots whose task has ended, and whose handle has not fetched the result.
    ended: usize,
    /// Tasks that ended since `shrink` last looked.
    removed: usize,
    spare: Spare,
}

/// The waker that is lent to those that have none.
struct Spare {
    shared: Option<Arc<SlotWaker>>,
    /// Made from `shared`. Out while it is lent.
    waker: Option<Waker>,
}

impl Spare {
    #[cold]
    fn renew(&mut self, remote: &Arc<Remote>) -> Waker {
        let shared = SlotWaker::new(remote.clone(), TaskKey::NOBODY);
        let waker = Waker::from(shared.clone());
        self.shared = Some(shared);
        waker
    }

    /// A poll is over: the waker goes to where it came from, unless it is the task's from now on.
    #[inline]
    fn settle(&mut self, slot: &mut Slot, waker: Waker) {
        if slot.shared.is_none() {
            let shared = self.shared.as_ref().expect("it was lent (I4)");
            if shared.is_unheld() {
                put(&mut self.waker, waker);
                return;
            }
            slot.shared = self.shared.take();
        }
        put(&mut slot.waker, waker);
    }
}

impl TaskSlab {
    pub(super) const fn new() -> TaskSlab {
        TaskSlab {
            slots: Vec::new(),
            free: Vec::new(),
            ended: 0,
            removed: 0,
            spare: Spare {
                shared: None,
                waker: None,
            },
        }
    }

    /// How many tasks have not ended.
    pub(super) fn live(&self) -> usize {
        self.slots.len() - self.free.len() - self.ended
    }

    /// Takes a slot for a new task.
    #[inline]
    pub(super) fn insert(
        &mut self,
        id: TaskId,
        spawned_at: &'static Location<'static>,
    ) -> (TaskKey, &mut Slot) {
        let generation = id.0 as u32;
        let Some(index) = self.free.pop() else {
            let index = u32::try_from(self.slots.len()).expect("fewer than 2^32 tasks at once");
            if self.slots.len() == self.slots.capacity() {
                self.grow();
            }
            self.slots.push(Slot::new(id, spawned_at));
            let slot = self.slots.last_mut().expect("pushed just now");
            return (TaskKey { index, generation }, slot);
        };
        let key = TaskKey { index, generation };
        let slot = &mut self.slots[index as usize];
        slot.queued = false;
        match &slot.shared {
            Some(shared) if slot.waker.is_some() && shared.is_unheld() => shared.bind(key),
            // There is none, or somebody still holds it: then leave it to them.
            _ => (slot.shared, slot.waker) = (None, None),
        }
        slot.id = id;
        slot.aborted = false;
        slot.joined = false;
        slot.set_aside = false;
        slot.spawned_at = spawned_at;
        slot.set_wait(None);
        slot.body = Body::Task; // I1
        (key, slot)
    }

    /// Fourfold, once it is large: half as much is copied as by doubling, and what no task has touched yet is
    /// address space, not memory.
    #[cold]
    fn grow(&mut self) {
        let more = match self.slots.len() {
            0 => 16,
            len if len < KEPT => len,
            len => 3 * len,
        };
        self.slots.reserve_exact(more);
    }

    /// A waker for a poll of a task that has none: the slab's own.
    #[inline]
    pub(super) fn lend(&mut self, remote: &Arc<Remote>, key: TaskKey) -> Waker {
        let waker = match self.spare.waker.take() {
            Some(waker) => waker,
            None => self.spare.renew(remote),
        };
        let shared = self.spare.shared.as_ref().expect("there is a waker (I4)");
        shared.bind(key);
        waker
    }

    /// After a poll that did not end the task: its future and its waker are put back.
    #[inline]
    pub(super) fn put_back(
        &mut self,
        key: TaskKey,
        work: Pin<Box<dyn Work>>,
        waker: Waker,
    ) -> &mut Slot {
        let slot = &mut self.slots[key.index as usize];
        debug_assert!(slot.generation() == key.generation, "a polled task stays");
        put(&mut slot.work, work);
        self.spare.settle(slot, waker);
        slot
    }

    /// After a poll that ended it.
    #[inline]
    pub(super) fn put_waker(&mut self, key: TaskKey, waker: Waker) {
        let slot = &mut self.slots[key.index as usize];
        self.spare.settle(slot, waker);
    }

    /// What is behind the waker of a task, if it has one, or was lent one.
    pub(super) fn shared(&mut self, key: TaskKey) -> Option<&Arc<SlotWaker>> {
        let lent = self.spare.shared.as_ref();
        let slot = self.slots.get(key.index as usize)?;
        let own = slot.shared.as_ref();
        own.or(lent).filter(|shared| shared.key() == key)
    }

    /// A waker of its own for a task that was born just now.
    pub(super) fn own_waker(&mut self, remote: &Arc<Remote>, key: TaskKey) -> Waker {
        let slot = &mut self.slots[key.index as usize];
        slot.waker.take().unwrap_or_else(|| {
            let shared = SlotWaker::new(remote.clone(), key);
            slot.shared = Some(shared.clone());
            Waker::from(shared)
        })
    }

    #[inline]
    pub(super) fn get(&mut self, key: TaskKey) -> Option<&mut Slot> {
        let slot = self.slots.get_mut(key.index as usize)?;
        // I2
        (slot.generation() == key.generation && !matches!(slot.body, Body::Free)).then_some(slot)
    }

    /// Frees a slot, and gives back what it held, to be dropped once no borrow is held.
    pub(super) fn remove(&mut self, key: TaskKey) -> Option<(Body, Option<Box<Extra>>)> {
        let slot = self.get(key)?;
        debug_assert!(
            slot.joiner.is_none(),
            "whoever waits was woken, or has left"
        );
        debug_assert!(slot.work.is_none(), "its future was dropped before");
        let extra = slot.extra.take();
        let body = std::mem::replace(&mut slot.body, Body::Free);
        self.free.push(key.index);
        self.removed += 1;
        Some((body, extra))
    }

    /// The task has ended; its result stays here until the handle fetches it.
    #[inline]
    pub(super) fn end(&mut self, key: TaskKey, work: Pin<Box<dyn Work>>) {
        self.ended += 1;
        let slot = &mut self.slots[key.index as usize];
        slot.body = Body::Ended;
        put(&mut slot.work, work);
    }

    /// Frees the slot of a task that has ended, and gives back its result.
    #[inline]
    pub(super) fn take_ended(&mut self, key: TaskKey) -> Option<Pin<Box<dyn Work>>> {
        let slot = self.get(key)?;
        if !matches!(slot.body, Body::Ended) {
            return None;
        }
        slot.body = Body::Free;
        let work = slot.work.take();
        self.ended -= 1;
        self.free.push(key.index);
        self.removed += 1;
        work
    }

    /// Wakers of these slots that somebody holds, and how many `SlotWaker`s are behind them or
    /// ready for use. The slab's own two counts of each are none of them.
    pub(super) fn wakers(&self) -> (usize, usize) {
        let in_slots = self.slots.iter().map(|slot| (&slot.shared, &slot.waker));
        let (mut held, mut made) = (0, 0);
        for (shared, waker) in in_slots.chain([(&self.spare.shared, &self.spare.waker)]) {
            if let Some(shared) = shared {
                held += Arc::strong_count(shared) - 1 - usize::from(waker.is_some());
                made += 1;
            }
        }
        (held, made)
    }

    /// How many slots there are, free ones included.
    pub(super) fn slots(&self) -> u32 {
        self.slots.len() as u32
    }

    pub(super) fn key_at(&self, index: u32) -> Option<TaskKey> {
        let generation = self.slots.get(index as usize)?.generation();
        Some(TaskKey { index, generation })
    }

    /// All live tasks.
    pub(super) fn iter(&self) -> impl Iterator<Item = (TaskKey, &Slot)> {
        let live = |slot: &&Slot| !matches!(slot.body, Body::Free | Body::Ended);
        self.slots.iter().enumerate().filter_map(move |(i, slot)| {
            let key = TaskKey {
                index: i as u32,
                generation: slot.generation(),
            };
            live(&slot).then_some((key, slot))
        })
    }

    /// After a burst: if at least three quarters of the slots are free, lets go of the free
    /// ones at the end, where that halves the slab at least (trap 59). To find that out walks
    /// over slots, so each step of the walk is charged to a task that ended since the last one.
    pub(super) fn shrink(&mut self) {
        let slots = self.slots.len();
        if slots <= KEPT || (self.live() + self.ended) * 4 > slots || self.removed * 2 < slots {
            return;
        }
        let is_used = |slot: &Slot| !matches!(slot.body, Body::Free);
        let last_used = self.slots.iter().rposition(is_used);
        let keep = last_used.map_or(0, |i| i + 1).max(KEPT);
        self.removed = self.removed.saturating_sub(slots - keep);
        if keep * 2 <= slots {
            self.slots.truncate(keep);
            self.slots.shrink_to(keep);
            self.free.retain(|&index| (index as usize) < keep);
            self.free.shrink_to(keep);
        }
    }
}
