//! The executor: which tasks there are, which of them are ready, and polling those.
//!
//! It makes wakers and calls futures. It knows nothing of sockets, timers or threads: to be
//! heard while the loop sleeps it holds one waker, given to it, that interrupts the sleep.
//! [`runtime`](crate::runtime) calls `take_mail`, `run_ready` and `release_yielded` once a
//! turn; everything else is called by tasks.
//!
//! ```text
//!             wake() here                   run_ready: pop, poll
//!   parked ──────────────────► ready queue ──────────────────────► polled ──► parked, or ended
//!     │                          ▲      ▲                             │
//!     │ wake() elsewhere         │      │ release_yielded             │ yields
//!     └────────► inbox ──────────┘      └────────── set aside ◄───────┘
//!                    take_mail                      (until the kernel was visited)
//! ```
//!
//! Law: a waker may be called at any time, also by the task that is being polled, also from a
//! destructor, also for a task that has ended. Consequence: `wake` only ever puts a key into
//! a queue; it never polls, drops or calls anything (traps 8 and 9).
//!
//! I1: no code of the user runs while `core` is borrowed: not poll, not drop, not a waker's
//! wake, clone or drop.
//! I2: a task's key is in `ready` or `yielded` at most once for each setting of `queued_here`.
//! I3: a task that is woken while it is polled is polled again.

mod inbox;
mod join;
mod slab;
mod task;
mod waker;

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};

use crate::current::{self, Current, Entered};
use crate::trace::{self, Event, TaskId, Wait};
use crate::{caught, coop};

pub use join::{AbortHandle, JoinHandle};
pub(crate) use task::{Due, TaskKey};
pub(crate) use waker::Remote;

use join::JoinCell;
use slab::TaskSlab;
use task::{Body, Joinable, Meta, Why, Work};
use waker::SlotWaker;

thread_local! {
    static CURRENT: Current<Executor> = const { Current::new() };
}

/// What arrives from other threads.
enum Mail {
    /// A task was woken.
    Wake(TaskKey),
    /// A task is to be aborted.
    Abort(TaskKey),
    /// Work that is to be started here.
    Run(Box<dyn FnOnce() + Send>),
}

/// What came of an attempt to wake a task as the loop itself.
enum Woke {
    Queued,
    Already,
    /// This thread is not, or not now, inside of the task's loop.
    NotHere,
}

/// How a batch of polls ended.
#[derive(PartialEq, Eq, Debug)]
pub(crate) enum Ran {
    /// The main future is ready.
    RootDone,
    /// The batch is spent, or nobody is ready.
    Enough,
}

/// All tasks of one loop.
pub(crate) struct Executor {
    core: RefCell<Core>,
    remote: Arc<Remote>,
    /// The task whose `poll` is on the stack, if any.
    running: Cell<Option<TaskKey>>,
    /// After this, new tasks are dropped unpolled.
    closed: Cell<bool>,
    /// Reused for every reading of the inbox.
    mail: Cell<Vec<Mail>>,
}

struct Core {
    tasks: TaskSlab,
    /// Woken, in this order. May hold stale keys: the slab tells.
    ready: VecDeque<TaskKey>,
    /// Woken by their own yielding: not before the kernel was visited (trap 29).
    yielded: Vec<TaskKey>,
}

/// What `next` found at the head of the ready queue.
enum Next {
    Root(TaskKey),
    Poll(TaskKey, TaskId, Pin<Box<dyn Work>>, Waker),
    Abort(TaskKey, Pin<Box<dyn Work>>),
    Child(TaskKey, TaskKey, Rc<Due>),
}

/// The main future, as `run_ready` sees it: true when it is done.
pub(crate) type Root<'a> = &'a mut dyn FnMut(&mut Context<'_>) -> bool;

// ---------------------------------------------------------------------------------------
// Running

impl Executor {
    /// `interrupt` is called from other threads when the loop sleeps and there is mail.
    pub(crate) fn new(interrupt: Waker) -> Rc<Executor> {
        Rc::new(Executor {
            core: RefCell::new(Core {
                tasks: TaskSlab::new(),
                ready: VecDeque::new(),
                yielded: Vec::new(),
            }),
            remote: Arc::new(Remote::new(interrupt)),
            running: Cell::new(None),
            closed: Cell::new(false),
            mail: Cell::new(Vec::new()),
        })
    }

    /// Polls ready tasks in the order in which they were woken: at most `limit` polls, and no
    /// more once one of them has used up its budget (it took long; the kernel gets its turn).
    pub(crate) fn run_ready(&self, limit: u32, root: (&Waker, Root<'_>)) -> Ran {
        let (root_waker, root) = root;
        for _ in 0..limit {
            let Some(next) = self.next() else {
                return Ran::Enough;
            };
            let spent = match next {
                Next::Root(key) => {
                    let (done, spent) = self.poll_root(key, root_waker, root);
                    if done {
                        return Ran::RootDone;
                    }
                    spent
                }
                Next::Poll(key, id, work, waker) => self.poll_task(key, id, work, waker),
                Next::Abort(key, work) => {
                    self.end_task(key, work, Why::Aborted);
                    false
                }
                Next::Child(key, owner, due) => {
                    due.borrow_mut().push_back(key);
                    self.wake_first(owner);
                    continue;
                }
            };
            if spent {
                return Ran::Enough;
            }
        }
        Ran::Enough
    }

    /// Pops the next task that still exists, and takes it out of the slab.
    fn next(&self) -> Option<Next> {
        let mut core = self.core.borrow_mut();
        let core = &mut *core;
        loop {
            let key = core.ready.pop_front()?;
            let Some(slot) = core.tasks.get(key) else {
                continue; // it ended while its key was in the queue
            };
            slot.shared.unqueue_here();
            match &slot.body {
                Body::Root => return Some(Next::Root(key)),
                Body::Child { owner, due } => return Some(Next::Child(key, *owner, due.clone())),
                Body::Free | Body::Out => {
                    unreachable!("`get` skips the one; `next` is never called while a task is out")
                }
                Body::Owned(_) => {}
            }
            let Body::Owned(work) = std::mem::replace(&mut slot.body, Body::Out) else {
                unreachable!("matched above");
            };
            if slot.aborted {
                return Some(Next::Abort(key, work));
            }
            let waker = slot.waker.take().expect("in its slot while nobody polls");
            return Some(Next::Poll(key, slot.meta.id, work, waker));
        }
    }

    /// Polls one task and puts it back, or ends it. True if it spent its whole budget.
    fn poll_task(
        &self,
        key: TaskKey,
        id: TaskId,
        mut work: Pin<Box<dyn Work>>,
        waker: Waker,
    ) -> bool {
        let mut cx = Context::from_waker(&waker);
        let polling = self.start_poll(key);
        let polled = caught::catch(|| work.as_mut().poll(&mut cx));
        let spent = polling.is_spent();
        drop(polling);
        trace::emit(Event::Polled(id));
        match polled {
            Ok(Poll::Pending) => self.put_back(key, work, waker),
            Ok(Poll::Ready(())) => self.free(key, Some(waker), id),
            Err(payload) => {
                self.return_waker(key, waker);
                self.end_task(key, work, Why::Panicked(payload));
            }
        }
        spent
    }

    /// Polls the main future. A panic of it goes on through the loop and out of `block_on`.
    fn poll_root(&self, key: TaskKey, waker: &Waker, root: Root<'_>) -> (bool, bool) {
        let polling = self.start_poll(key);
        let done = root(&mut Context::from_waker(waker));
        let spent = polling.is_spent();
        drop(polling);
        self.note_wait(key);
        (done, spent)
    }

    fn start_poll(&self, key: TaskKey) -> Polling<'_> {
        Polling {
            executor: self,
            former: self.running.replace(Some(key)),
            budget: coop::start_poll(),
        }
    }

    /// Back into its slot, to be woken.
    fn put_back(&self, key: TaskKey, work: Pin<Box<dyn Work>>, waker: Waker) {
        let wait = trace::take_wait();
        let mut core = self.core.borrow_mut();
        let slot = core.tasks.get(key).expect("a polled task keeps its slot");
        debug_assert!(matches!(slot.body, Body::Out));
        slot.body = Body::Owned(work);
        slot.waker = Some(waker);
        if wait.is_some() {
            slot.meta.wait = wait;
        }
    }

    fn return_waker(&self, key: TaskKey, waker: Waker) {
        if let Some(slot) = self.core.borrow_mut().tasks.get(key) {
            slot.waker = Some(waker);
        }
    }

    /// Drops the future of a task that did not end by itself, and frees its slot.
    fn end_task(&self, key: TaskKey, mut work: Pin<Box<dyn Work>>, why: Why) {
        let id = self.id_of(key);
        // In this task's name: a destructor may ask which task it runs in.
        let polling = self.start_poll(key);
        work.as_mut().give_up(why);
        drop(polling);
        self.free(key, None, id);
        caught::drop(work);
    }

    /// Frees a slot; the waker goes back into it, for the next task.
    fn free(&self, key: TaskKey, waker: Option<Waker>, id: TaskId) {
        let mut core = self.core.borrow_mut();
        if let (Some(slot), Some(waker)) = (core.tasks.get(key), waker) {
            slot.waker = Some(waker);
        }
        let body = core.tasks.remove(key);
        drop(core);
        debug_assert!(
            !matches!(body, Some(Body::Owned(_))),
            "its future was dropped before"
        );
        drop(body);
        trace::take_wait();
        trace::emit(Event::Ended(id));
    }

    fn id_of(&self, key: TaskKey) -> TaskId {
        let mut core = self.core.borrow_mut();
        core.tasks.get(key).expect("alive").meta.id
    }

    fn note_wait(&self, key: TaskKey) {
        let wait = trace::take_wait();
        let mut core = self.core.borrow_mut();
        let Some(slot) = core.tasks.get(key) else {
            return;
        };
        let id = slot.meta.id;
        if wait.is_some() {
            slot.meta.wait = wait;
        }
        drop(core);
        trace::emit(Event::Polled(id));
    }
}

/// While this lives, a task is being polled: it is the running one and has a budget. Both are
/// put back when it goes, also by a panic.
struct Polling<'a> {
    executor: &'a Executor,
    former: Option<TaskKey>,
    budget: coop::PollBudget,
}

impl Polling<'_> {
    fn is_spent(&self) -> bool {
        self.budget.is_spent()
    }
}

impl Drop for Polling<'_> {
    fn drop(&mut self) {
        self.executor.running.set(self.former);
    }
}

// ---------------------------------------------------------------------------------------
// Waking

/// Puts the task of `waker` into the ready queue, if this thread is inside of its loop.
#[inline]
fn wake_here(waker: &SlotWaker) -> Woke {
    current::with(&CURRENT, |executor| match executor {
        Some(executor) if Arc::ptr_eq(&executor.remote, &waker.remote) => executor.queue(waker),
        _ => Woke::NotHere,
    })
}

impl Executor {
    fn queue(&self, waker: &SlotWaker) -> Woke {
        // I2
        if !waker.queue_here() {
            return Woke::Already;
        }
        let key = waker.key();
        let mut core = self.core.borrow_mut();
        if coop::is_yielding() && self.running.get() == Some(key) {
            core.yielded.push(key);
        } else {
            core.ready.push_back(key);
        }
        Woke::Queued
    }

    /// Queues a task by its key, in front of all others if `first`.
    fn queue_key(&self, key: TaskKey, first: bool) -> bool {
        let mut core = self.core.borrow_mut();
        let Some(slot) = core.tasks.get(key) else {
            return false;
        };
        if first {
            // The copy that is queued already, if any, makes for one poll too many: harmless.
            slot.shared.queue_here();
            core.ready.push_front(key);
            return true;
        }
        let queued = slot.shared.queue_here();
        if queued {
            core.ready.push_back(key);
        }
        queued
    }

    /// A child of a scope is due, so its owner is polled next, in the child's place in line.
    fn wake_first(&self, owner: TaskKey) {
        self.queue_key(owner, true);
    }

    /// Reads the inbox: step 1 of a turn.
    pub(crate) fn take_mail(&self) {
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
        if mail.capacity() > 4096 {
            mail = Vec::new(); // a burst's memory goes back
        }
        self.mail.set(mail);
    }

    fn wake_from_inbox(&self, key: TaskKey) {
        let mut core = self.core.borrow_mut();
        let Some(slot) = core.tasks.get(key) else {
            return; // a wake after the end
        };
        // Cleared before the poll that it asks for: a wake from now on posts anew.
        slot.shared.unqueue_there();
        let queued = slot.shared.queue_here();
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
        core.ready.extend(core.yielded.drain(..));
        core.tasks.shrink();
        if core.ready.is_empty() && core.ready.capacity() > 4096 {
            core.ready = VecDeque::new();
            core.yielded = Vec::new();
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

// ---------------------------------------------------------------------------------------
// Birth and end

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
        // The slot first, because the cell needs its key; `Out` until the future is in it.
        let key = self.insert(id, name, at, Body::Out);
        let cell = JoinCell::new(self, key, id);
        let mut work = Box::pin(Joinable::new(future, cell.clone()));
        trace::emit(Event::Spawned(id));
        if self.closed.get() {
            work.as_mut().give_up(Why::Aborted);
            self.free(key, None, id);
            return JoinHandle::new(cell, at);
        }
        let mut core = self.core.borrow_mut();
        let slot = core.tasks.get(key).expect("inserted above");
        slot.body = Body::Owned(work);
        slot.shared.queue_here();
        core.ready.push_back(key);
        drop(core);
        JoinHandle::new(cell, at)
    }

    fn insert(
        &self,
        id: TaskId,
        name: Option<Cow<'static, str>>,
        spawned_at: &'static Location<'static>,
        body: Body,
    ) -> TaskKey {
        let meta = Meta {
            id,
            name,
            spawned_at,
            wait: None,
        };
        self.core
            .borrow_mut()
            .tasks
            .insert(&self.remote, meta, body)
    }

    /// Gives the main future a slot, and its waker. The guard frees the slot.
    pub(crate) fn enter_root(&self, at: &'static Location<'static>) -> RootSlot<'_> {
        let id = next_id();
        let key = self.insert(id, Some(Cow::Borrowed("main")), at, Body::Root);
        let waker = {
            let mut core = self.core.borrow_mut();
            let slot = core.tasks.get(key).expect("inserted above");
            Waker::from(slot.shared.clone())
        };
        trace::emit(Event::Spawned(id));
        self.queue_key(key, false);
        RootSlot {
            executor: self,
            key,
            id,
            waker,
        }
    }

    /// Gives a child of a scope a slot of its own. `due` is where the loop notes that it has to
    /// be polled; the scope looks there whenever `owner` is polled.
    #[cfg_attr(
        not(test),
        expect(dead_code, reason = "the scopes to come are built on it")
    )]
    pub(crate) fn insert_child(
        &self,
        owner: TaskKey,
        due: Rc<Due>,
        name: Option<Cow<'static, str>>,
        at: &'static Location<'static>,
    ) -> (TaskKey, TaskId, Waker) {
        let id = next_id();
        let key = self.insert(id, name, at, Body::Child { owner, due });
        trace::emit(Event::Spawned(id));
        self.queue_key(key, false);
        let mut core = self.core.borrow_mut();
        let slot = core.tasks.get(key).expect("inserted above");
        (key, id, Waker::from(slot.shared.clone()))
    }

    /// Polls a child in its own name: its own waker, budget and wait record.
    #[cfg_attr(
        not(test),
        expect(dead_code, reason = "the scopes to come are built on it")
    )]
    pub(crate) fn poll_child<R>(
        &self,
        key: TaskKey,
        waker: &Waker,
        poll: impl FnOnce(&mut Context<'_>) -> R,
    ) -> R {
        let polling = self.start_poll(key);
        let answer = poll(&mut Context::from_waker(waker));
        drop(polling);
        self.note_wait(key);
        answer
    }

    /// Frees the slot of a child; its scope has dropped the future.
    #[cfg_attr(
        not(test),
        expect(dead_code, reason = "the scopes to come are built on it")
    )]
    pub(crate) fn remove_child(&self, key: TaskKey, id: TaskId) {
        self.free(key, None, id);
    }

    /// Marks a task, and queues it: the loop drops its future when its turn comes, never
    /// here, so that tasks which abort each other as they drop do not recurse.
    pub(crate) fn abort(&self, key: TaskKey) {
        let mut core = self.core.borrow_mut();
        if let Some(slot) = core.tasks.get(key) {
            slot.aborted = true;
        }
        drop(core);
        self.queue_key(key, false);
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
        caught::drop(unread);
    }

    fn take_out(&self, index: u32) -> Option<(TaskKey, Pin<Box<dyn Work>>)> {
        let mut core = self.core.borrow_mut();
        let key = core.tasks.key_at(index)?;
        let slot = core.tasks.get(key)?;
        let body = std::mem::replace(&mut slot.body, Body::Out);
        let Body::Owned(work) = body else {
            slot.body = body;
            return None;
        };
        Some((key, work))
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
        self.executor.free(self.key, None, self.id);
    }
}

/// Ids grow by one within a loop, which draws them a block at a time, so that threads do not
/// meet at the counter for each task.
fn next_id() -> TaskId {
    const BLOCK: u64 = 1024;
    static NEXT_BLOCK: AtomicU64 = AtomicU64::new(1);
    thread_local! {
        static NEXT: Cell<u64> = const { Cell::new(0) };
    }
    let mut id = NEXT.get();
    if id % BLOCK == 0 {
        id = NEXT_BLOCK.fetch_add(1, Ordering::Relaxed) * BLOCK;
    }
    NEXT.set(id + 1);
    TaskId(id)
}

// ---------------------------------------------------------------------------------------
// Asking

/// What is known about a live task: see [`crate::tasks`].
#[non_exhaustive]
#[derive(Debug, Clone)]
pub struct TaskInfo {
    /// Its id.
    pub id: TaskId,
    /// Its name, if it was given one.
    pub name: Option<String>,
    /// The place in the source that spawned it.
    pub spawned_at: &'static Location<'static>,
    /// What it waits for, as its last poll said.
    pub wait: Option<Wait>,
    /// Is it being polled right now?
    pub running: bool,
}

impl Executor {
    pub(crate) fn remote(&self) -> &Arc<Remote> {
        &self.remote
    }

    pub(crate) fn live(&self) -> usize {
        self.core.borrow().tasks.live()
    }

    /// The id of the task that is being polled.
    pub(crate) fn running_id(&self) -> Option<TaskId> {
        let key = self.running.get()?;
        let mut core = self.core.borrow_mut();
        core.tasks.get(key).map(|slot| slot.meta.id)
    }

    /// All live tasks, the main future included.
    pub(crate) fn infos(&self) -> Vec<TaskInfo> {
        let running = self.running.get();
        let core = self.core.borrow();
        let info = |(key, slot): (TaskKey, &task::Slot)| TaskInfo {
            id: slot.meta.id,
            name: slot.meta.name.as_deref().map(String::from),
            spawned_at: slot.meta.spawned_at,
            wait: slot.meta.wait,
            running: running == Some(key),
        };
        core.tasks.iter().map(info).collect()
    }

    /// Who is polling, in words, for messages of panics.
    pub(crate) fn describe_running(&self) -> String {
        match self.infos().into_iter().find(|info| info.running) {
            Some(TaskInfo {
                id,
                name: Some(name),
                ..
            }) => format!("task {id} (\"{name}\")"),
            Some(TaskInfo { id, name: None, .. }) => format!("task {id}"),
            None => String::from("no task"),
        }
    }
}

/// Makes `executor` the one that `spawn` and wakers find on this thread.
pub(crate) fn enter(executor: Rc<Executor>) -> Entered<Executor> {
    current::enter(&CURRENT, executor)
}

/// The executor whose loop this thread is inside of, if any.
pub(crate) fn current() -> Option<Rc<Executor>> {
    current::get(&CURRENT)
}
