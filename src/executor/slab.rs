//! The task slab: slots that are used again and again, and the wakers that go round among them.
//!
//! A waker is an `Arc`, so to make one costs an allocation. A task is given one for its first
//! poll, not for its birth, and when it ends and nobody else holds a clone, the next task gets
//! it: a hundred thousand tasks that are done with their first poll share one waker by turns.
//!
//! Why not the `slab` crate, as for sockets and timers: slots here have generations, and stay
//! where they are while the slab grows.
//!
//! I1: `free` lists exactly the slots whose body is `Free`.
//! I2: a key finds its slot only while the generations agree; a stale key finds `None`.

use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::Waker;

use super::child::Due;
use super::inherited::Heritage;
use super::task::{Body, Meta, Slot, TaskKey, Work};
use super::waker::{Remote, SlotWaker};
use crate::trace::TaskId;

/// So many free slots are kept whatever happens; below this nothing is given back.
const KEPT: usize = 1024;

/// Slots in a chunk: a power of two, so that a place is found with a shift and a mask, and `KEPT`
/// a multiple of it.
const CHUNK: usize = 64;

type Chunk = Box<[Slot; CHUNK]>;

type Spare = Vec<(Arc<SlotWaker>, Waker)>;

pub(super) struct TaskSlab {
    /// In chunks: so a slot never moves, and to grow by one costs no copy of a hundred thousand.
    chunks: Vec<Chunk>,
    /// So many slots have been given out at some time; those behind them are as new.
    used: usize,
    /// Used from the end: the slot freed last is the warmest.
    free: Vec<u32>,
    /// Those of tasks that have ended. Nobody else holds a count of them.
    spare: Spare,
    /// Slots whose task has ended, and whose handle has not fetched the result.
    ended: usize,
    /// Tasks that ended since `shrink` last looked.
    removed: usize,
}

impl TaskSlab {
    pub(super) const fn new() -> TaskSlab {
        TaskSlab {
            chunks: Vec::new(),
            used: 0,
            free: Vec::new(),
            spare: Vec::new(),
            ended: 0,
            removed: 0,
        }
    }

    /// How many tasks have not ended.
    pub(super) fn live(&self) -> usize {
        self.used - self.free.len() - self.ended
    }

    /// Takes a slot for a new task. The task's id serves as generation: ids only grow, and
    /// the same low half comes back to the same slot only 4,294,967,296 tasks later.
    #[inline]
    pub(super) fn insert(&mut self, id: TaskId, meta: Meta, body: Body) -> (TaskKey, &mut Slot) {
        let generation = generation(id);
        let index = self.free.pop().unwrap_or_else(|| self.grow());
        let key = TaskKey { index, generation };
        let slot = &mut self.chunks[index as usize / CHUNK][index as usize % CHUNK];
        slot.id = id;
        slot.aborted = false;
        slot.joined = false;
        slot.set_aside = false;
        slot.body = body; // I1
        slot.meta = meta;
        (key, slot)
    }

    fn grow(&mut self) -> u32 {
        let index = u32::try_from(self.used).expect("fewer than 2^32 tasks at once");
        self.used += 1;
        if self.used > self.chunks.len() * CHUNK {
            let slots: Vec<Slot> = (0..CHUNK).map(|_| Slot::new()).collect();
            let chunk = slots.try_into();
            self.chunks
                .push(chunk.unwrap_or_else(|_| unreachable!("so many were made")));
        }
        index
    }

    /// Takes a task's future and waker out of their slot, if there is nothing to do but to poll
    /// it.
    #[inline]
    pub(super) fn take_out_to_poll(
        &mut self,
        key: TaskKey,
        remote: &Arc<Remote>,
    ) -> Option<(Pin<Box<dyn Work>>, Waker)> {
        let slot = find(&mut self.chunks, key)?;
        if slot.aborted || slot.set_aside || slot.body != Body::Task {
            return None;
        }
        let work = slot.work.take().expect("in its slot while nobody polls");
        let waker = match slot.waker.take() {
            Some(waker) => {
                slot.unqueue();
                waker
            }
            None => give(slot, key, &mut self.spare, remote),
        };
        Some((work, waker))
    }

    /// Gives the task in the slot of `key` what wakers lead to, and a waker.
    pub(super) fn give_waker(&mut self, key: TaskKey, remote: &Arc<Remote>) -> Waker {
        let slot = find(&mut self.chunks, key).expect("who gets a waker is there");
        give(slot, key, &mut self.spare, remote)
    }

    #[inline]
    pub(super) fn get(&mut self, key: TaskKey) -> Option<&mut Slot> {
        find(&mut self.chunks, key)
    }

    /// Frees a slot, and gives back what it held, to be dropped once no borrow is held.
    pub(super) fn remove(&mut self, key: TaskKey) -> Option<(Option<Rc<Due>>, Heritage)> {
        let slot = find(&mut self.chunks, key)?;
        debug_assert!(
            slot.joiner.is_none(),
            "whoever waits was woken, or has left"
        );
        debug_assert!(slot.work.is_none(), "its future was dropped before");
        slot.body = Body::Free;
        slot.meta.name = None;
        slot.meta.wait = None;
        let waker = slot.waker.take();
        take(slot, waker, &mut self.spare);
        let held = (slot.due.take(), slot.meta.heritage.take());
        self.free.push(key.index);
        self.removed += 1;
        Some(held)
    }

    /// The task has ended. Its waker, which may be out with the one who polled it, is the next
    /// one's; its result stays here, if a handle will fetch it.
    #[inline]
    pub(super) fn end(
        &mut self,
        key: TaskKey,
        work: Pin<Box<dyn Work>>,
        waker: Option<Waker>,
    ) -> (TaskId, Ended) {
        let slot = find(&mut self.chunks, key).expect("a task that ends has its slot");
        let waker = waker.or_else(|| slot.waker.take());
        take(slot, waker, &mut self.spare);
        if !slot.joined {
            return (slot.id, Ended::Unwanted(work));
        }
        self.ended += 1;
        slot.body = Body::Ended;
        slot.put(work);
        let (joiner, heritage) = (slot.joiner.take(), slot.meta.heritage.take());
        (slot.id, Ended::Kept { joiner, heritage })
    }

    /// Frees the slot of a task that has ended, and gives back its result.
    #[inline]
    pub(super) fn take_ended(&mut self, key: TaskKey) -> Option<Pin<Box<dyn Work>>> {
        let slot = self.get(key)?;
        if slot.body != Body::Ended {
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

    /// Wakers of tasks that somebody holds. The slab's own two counts of each are none of them.
    pub(super) fn wakers(&self) -> usize {
        let held = |slot: &Slot| {
            let shared = slot.shared.as_ref()?;
            let own = 1 + usize::from(slot.waker.is_some());
            Some(Arc::strong_count(shared) - own)
        };
        self.all().filter_map(held).sum()
    }

    /// How many [`SlotWaker`]s are in here.
    pub(super) fn slot_wakers(&self) -> usize {
        let slots = self.all();
        slots.filter(|slot| slot.shared.is_some()).count() + self.spare.len()
    }

    fn all(&self) -> impl DoubleEndedIterator<Item = &Slot> {
        self.chunks.iter().flat_map(|chunk| chunk.iter())
    }

    /// How many slots there are, free ones included.
    pub(super) fn slots(&self) -> u32 {
        self.used as u32
    }

    pub(super) fn key_at(&self, index: u32) -> Option<TaskKey> {
        let chunk = self.chunks.get(index as usize / CHUNK)?;
        let generation = generation(chunk[index as usize % CHUNK].id);
        Some(TaskKey { index, generation })
    }

    /// All live tasks.
    pub(super) fn iter(&self) -> impl Iterator<Item = (TaskKey, &Slot)> {
        let slots = self.all().enumerate();
        slots.filter_map(move |(i, slot)| {
            let key = TaskKey {
                index: i as u32,
                generation: generation(slot.id),
            };
            (!matches!(slot.body, Body::Free | Body::Ended)).then_some((key, slot))
        })
    }

    /// After a burst: if at least three quarters of the slots are free, lets go of the free
    /// ones at the end, where that halves the slab at least (trap 59). To find that out walks
    /// over slots, so each step of the walk is charged to a task that ended since the last one.
    pub(super) fn shrink(&mut self) {
        let slots = self.used;
        if slots <= KEPT || (self.live() + self.ended) * 4 > slots || self.removed * 2 < slots {
            return;
        }
        let unused = self.all().rev().take_while(|slot| slot.body == Body::Free);
        let last_used = self.chunks.len() * CHUNK - unused.count();
        let keep = last_used.max(KEPT);
        self.removed = self.removed.saturating_sub(slots - keep);
        if keep * 2 <= slots {
            self.used = keep;
            self.chunks.truncate(keep.div_ceil(CHUNK));
            self.chunks.shrink_to_fit();
            self.free.retain(|&index| (index as usize) < keep);
            self.free.shrink_to(keep);
        }
    }
}

/// What is to be done when a task has ended.
pub(super) enum Ended {
    /// It stays in its slot for the handle, which `joiner` awaits.
    Kept {
        joiner: Option<Waker>,
        heritage: Heritage,
    },
    /// Nobody will ever ask: its result is to be dropped, and then its slot to be freed.
    Unwanted(Pin<Box<dyn Work>>),
}

/// A waker for the first poll: a spare one, if there is any.
#[inline]
fn give(slot: &mut Slot, key: TaskKey, spare: &mut Spare, remote: &Arc<Remote>) -> Waker {
    let (shared, waker) = spare.pop().unwrap_or_else(|| {
        let shared = SlotWaker::new(remote.clone());
        let waker = Waker::from(shared.clone());
        (shared, waker)
    });
    shared.serve(key);
    debug_assert!(slot.shared.is_none(), "once");
    slot.shared = Some(shared);
    waker
}

/// The task is over: its waker is the next one's, unless somebody holds a clone.
#[inline]
fn take(slot: &mut Slot, waker: Option<Waker>, spare: &mut Spare) {
    if let (Some(shared), Some(waker)) = (slot.shared.take(), waker)
        && spare.len() < KEPT
        && shared.is_nobody_elses()
    {
        spare.push((shared, waker));
    }
}

/// Apart from the slab, so that the rest of it is free for others meanwhile.
#[inline]
fn find(chunks: &mut [Chunk], key: TaskKey) -> Option<&mut Slot> {
    let index = key.index as usize;
    let slot = &mut chunks.get_mut(index / CHUNK)?[index % CHUNK];
    // I2
    (generation(slot.id) == key.generation && slot.body != Body::Free).then_some(slot)
}

/// What tells a task's keys from those of other tasks in the same slot.
#[inline]
fn generation(id: TaskId) -> u32 {
    id.0 as u32
}
