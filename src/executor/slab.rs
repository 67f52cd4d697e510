//! The task slab: slots that are used again and again, each with its waker.
//!
//! Why not the `slab` crate, as for sockets and timers: a free slot here keeps something of
//! value (the waker, an `Arc` that would cost an allocation and two atomic counts to make
//! anew), and gives it up only after a burst.
//!
//! I1: `free` lists exactly the slots whose body is `Free`.
//! I2: a key finds its slot only while the generations agree; a stale key finds `None`.

use std::pin::Pin;
use std::sync::Arc;
use std::task::Waker;

use super::inherited::Heritage;
use super::task::{Body, Meta, Slot, TaskKey, Work};
use super::waker::{Remote, SlotWaker};

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
}

impl TaskSlab {
    pub(super) const fn new() -> TaskSlab {
        TaskSlab {
            slots: Vec::new(),
            free: Vec::new(),
            ended: 0,
            removed: 0,
        }
    }

    /// How many tasks have not ended.
    pub(super) fn live(&self) -> usize {
        self.slots.len() - self.free.len() - self.ended
    }

    /// Takes a slot for a new task. The task's id serves as generation: ids only grow, and
    /// the same low half comes back to the same slot only 4,294,967,296 tasks later.
    pub(super) fn insert(&mut self, remote: &Arc<Remote>, meta: Meta, body: Body) -> TaskKey {
        let generation = meta.id.0 as u32;
        let Some(index) = self.free.pop() else {
            return self.push(remote, generation, meta, body);
        };
        let slot = &mut self.slots[index as usize];
        if !slot.shared.reuse(generation) {
            // Somebody still holds a waker of the former task: leave it to them.
            let key = TaskKey { index, generation };
            slot.shared = SlotWaker::new(remote.clone(), key);
            slot.waker = Some(Waker::from(slot.shared.clone()));
        }
        slot.generation = generation;
        slot.aborted = false;
        slot.joined = false;
        slot.set_aside = false;
        slot.body = body; // I1
        slot.meta = meta;
        TaskKey { index, generation }
    }

    fn push(&mut self, remote: &Arc<Remote>, generation: u32, meta: Meta, body: Body) -> TaskKey {
        let index = u32::try_from(self.slots.len()).expect("fewer than 2^32 tasks at once");
        let key = TaskKey { index, generation };
        let shared = SlotWaker::new(remote.clone(), key);
        self.slots.push(Slot {
            waker: Some(Waker::from(shared.clone())),
            shared,
            generation,
            aborted: false,
            joined: false,
            joiner: None,
            set_aside: false,
            body,
            work: None,
            meta,
        });
        key
    }

    #[inline]
    pub(super) fn get(&mut self, key: TaskKey) -> Option<&mut Slot> {
        let slot = self.slots.get_mut(key.index as usize)?;
        // I2
        (slot.generation == key.generation && !matches!(slot.body, Body::Free)).then_some(slot)
    }

    /// Frees a slot, and gives back what it held, to be dropped once no borrow is held.
    pub(super) fn remove(&mut self, key: TaskKey) -> Option<(Body, Heritage)> {
        let slot = self.get(key)?;
        debug_assert!(
            slot.joiner.is_none(),
            "whoever waits was woken, or has left"
        );
        debug_assert!(slot.work.is_none(), "its future was dropped before");
        slot.meta.name = None;
        slot.meta.wait = None;
        let heritage = slot.meta.heritage.take();
        let body = std::mem::replace(&mut slot.body, Body::Free);
        self.free.push(key.index);
        self.removed += 1;
        Some((body, heritage))
    }

    /// The task has ended; its result stays here until the handle fetches it. Gives back who
    /// is to be told, and what is to be dropped.
    pub(super) fn end(
        &mut self,
        key: TaskKey,
        work: Pin<Box<dyn Work>>,
    ) -> (Option<Waker>, Heritage) {
        self.ended += 1;
        let slot = self.get(key).expect("a task that ends has its slot");
        slot.body = Body::Ended;
        slot.put(work);
        (slot.joiner.take(), slot.meta.heritage.take())
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
        slot.meta.name = None;
        slot.meta.wait = None;
        self.ended -= 1;
        self.free.push(key.index);
        self.removed += 1;
        work
    }

    /// Wakers of these slots that somebody holds. The slot's own two counts are none of them.
    pub(super) fn wakers(&self) -> usize {
        let held = |slot: &Slot| {
            let own = 1 + usize::from(slot.waker.is_some());
            Arc::strong_count(&slot.shared) - own
        };
        self.slots.iter().map(held).sum()
    }

    /// How many slots there are, free ones included.
    pub(super) fn slots(&self) -> u32 {
        self.slots.len() as u32
    }

    pub(super) fn key_at(&self, index: u32) -> Option<TaskKey> {
        let generation = self.slots.get(index as usize)?.generation;
        Some(TaskKey { index, generation })
    }

    /// All live tasks.
    pub(super) fn iter(&self) -> impl Iterator<Item = (TaskKey, &Slot)> {
        let live = |slot: &&Slot| !matches!(slot.body, Body::Free | Body::Ended);
        self.slots.iter().enumerate().filter_map(move |(i, slot)| {
            let key = TaskKey {
                index: i as u32,
                generation: slot.generation,
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
