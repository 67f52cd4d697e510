//! How tasks begin (spawned, or as the main future; children of scopes: `child`), where their ids
//! come from, and how they are made to end: one by `abort`, all of them by `close`.

use std::borrow::Cow;
use std::cell::Cell;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Waker;

use super::join::JoinHandle;
use super::task::{Body, Extra, Joinable, Kept, TaskKey, Why, Work, put};
use super::waker::Remote;
use super::{Executor, Mail};
use crate::caught;
use crate::trace::{self, Event, TaskId};

impl Executor {
    /// Starts a task. It is polled for the first time in its turn, not here.
    pub(crate) fn spawn<F>(
        self: &Rc<Executor>,
        future: F,
        name: Option<Cow<'static, str>>,
        at: &'static Location<'static>,
    ) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
    {
        let id = next_id();
        let work = Box::pin(Joinable::new(future, Kept::new(id)));
        trace::emit(Event::Spawned(id));
        let key = match self.closed.get() {
            false => self.begin(work, id, name, at),
            true => self.refuse(work, id, name, at),
        };
        JoinHandle::of_task(self.clone(), key, id, at, |work, result| {
            work.hand_over(result);
        })
    }

    /// A task that a handle waits for, in its slot and in line.
    fn begin(
        &self,
        work: Pin<Box<dyn Work>>,
        id: TaskId,
        name: Option<Cow<'static, str>>,
        at: &'static Location<'static>,
    ) -> TaskKey {
        let extra = Extra::of(name);
        let mut core = self.core.borrow_mut();
        let core = &mut *core;
        let (key, slot) = core.tasks.insert(id, at);
        if extra.is_some() {
            slot.extra = extra;
        }
        put(&mut slot.work, work);
        slot.joined = true;
        slot.queue();
        core.ready.push_back(key);
        key
    }

    /// The same when the runtime ends: the future is dropped, and the handle will say so.
    #[cold]
    fn refuse(
        &self,
        work: Pin<Box<dyn Work>>,
        id: TaskId,
        name: Option<Cow<'static, str>>,
        at: &'static Location<'static>,
    ) -> TaskKey {
        let key = self.insert(id, name, at, Body::Task);
        let mut core = self.core.borrow_mut();
        core.tasks.get(key).expect("inserted just now").joined = true;
        drop(core);
        self.end_task(key, work, Why::Aborted);
        key
    }

    /// [`spawn`](Executor::spawn) for those whose results go elsewhere than to a handle. The
    /// slot is there first, because what `make` makes needs its key.
    pub(crate) fn spawn_with<H>(
        &self,
        name: Option<Cow<'static, str>>,
        at: &'static Location<'static>,
        make: impl FnOnce(TaskKey, TaskId) -> (Pin<Box<dyn Work>>, H),
    ) -> H {
        let id = next_id();
        let key = self.insert(id, name, at, Body::Task);
        let (work, handle) = make(key, id);
        trace::emit(Event::Spawned(id));
        if self.closed.get() {
            self.end_task(key, work, Why::Aborted);
            return handle;
        }
        let mut core = self.core.borrow_mut();
        let slot = core.tasks.get(key).expect("inserted above");
        put(&mut slot.work, work);
        slot.queue();
        core.ready.push_back(key);
        handle
    }

    pub(super) fn insert(
        &self,
        id: TaskId,
        name: Option<Cow<'static, str>>,
        spawned_at: &'static Location<'static>,
        body: Body,
    ) -> TaskKey {
        let extra = Extra::of(name);
        let mut core = self.core.borrow_mut();
        let (key, slot) = core.tasks.insert(id, spawned_at);
        slot.extra = extra;
        slot.body = body;
        key
    }

    /// Gives the main future a slot, and its waker. The guard frees the slot.
    pub(crate) fn enter_root(&self, at: &'static Location<'static>) -> RootSlot<'_> {
        let id = next_id();
        let key = self.insert(id, Some(Cow::Borrowed("main")), at, Body::Root);
        let waker = {
            let mut core = self.core.borrow_mut();
            let waker = core.tasks.own_waker(&self.remote, key);
            let slot = core.tasks.get(key).expect("inserted above");
            put(&mut slot.waker, waker.clone());
            waker
        };
        trace::emit(Event::Spawned(id));
        self.queue_key(key);
        RootSlot {
            executor: self,
            key,
            id,
            waker,
        }
    }

    /// Marks a task, and queues it: the loop drops its future when its turn comes, never
    /// here, so that tasks which abort each other as they drop do not recurse.
    pub(crate) fn abort(&self, key: TaskKey) {
        let mut core = self.core.borrow_mut();
        if let Some(slot) = core.tasks.get(key) {
            slot.aborted = true;
        }
        drop(core);
        self.queue_key(key);
    }

    /// Starts work that another thread handed in; false if the loop is gone (then `start` was
    /// dropped, on this thread).
    pub(crate) fn post(remote: &Remote, start: Box<dyn FnOnce() + Send>) -> bool {
        remote.post(Mail::Run(start)).is_ok()
    }

    /// The end: drops every task, in the order of their slots, also those that destructors
    /// spawn meanwhile. Must run inside of the loop's thread-locals, so that a destructor can
    /// still wake, send and look at the time (trap 38).
    pub(crate) fn close(&self) {
        self.closed.set(true);
        let mut index = 0;
        // Nothing is added behind `index` that holds a future: `closed` sees to that.
        while index < self.core.borrow().tasks.slots() {
            if let Some((key, work)) = self.take_out(index) {
                self.end_task(key, work, Why::Aborted);
            }
            index += 1;
        }
        let unread = self.remote.inbox.close();
        // Work that was handed in and never started: its captures are the user's.
        unread.into_iter().for_each(caught::drop);
    }

    fn take_out(&self, index: u32) -> Option<(TaskKey, Pin<Box<dyn Work>>)> {
        let mut core = self.core.borrow_mut();
        let key = core.tasks.key_at(index)?;
        let slot = core.tasks.get(key)?;
        match slot.body {
            Body::Task => Some((key, slot.work.take()?)),
            _ => None,
        }
    }
}

/// The main future's place among the tasks, while `block_on` runs.
pub(crate) struct RootSlot<'a> {
    executor: &'a Executor,
    key: TaskKey,
    id: TaskId,
    pub(crate) waker: Waker,
}

impl Drop for RootSlot<'_> {
    fn drop(&mut self) {
        self.executor.free(self.key);
        trace::emit(Event::Ended(self.id));
    }
}

/// Ids grow by one within a loop, which draws them a block at a time, so that threads do not
/// meet at the counter for each task.
pub(super) fn next_id() -> TaskId {
    const BLOCK: u64 = 1024;
    static NEXT_BLOCK: AtomicU64 = AtomicU64::new(1);
    thread_local! {
        static NEXT: Cell<u64> = const { Cell::new(0) };
    }
    let mut id = NEXT.get();
    if id.is_multiple_of(BLOCK) {
        id = NEXT_BLOCK.fetch_add(1, Ordering::Relaxed) * BLOCK;
    }
    NEXT.set(id + 1);
    TaskId(id)
}
