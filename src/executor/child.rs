//! Children of a scope: slots whose futures live elsewhere.
//!
//! A scope keeps the futures of its children itself, so that they may borrow; their slots are
//! here, so that they are tasks: each with its id, waker, wait record and budget.
//!
//! ```text
//!   wake() ──► ready queue ──► run_ready: notes the child in `due`, polls who polls the scope
//!                                                      │
//!   poll_child ◄── the scope takes it from `due` ◄─────┘
//! ```
//!
//! *Who polls the scope* is nearly always a task whose own waker the scope was polled with, its
//! *owner*. Then that task is polled at once, in the child's place in line; where it stands in
//! line itself, it stays. But a combinator may stand between them that gives the scope a waker of
//! its own and polls it only when that is called; and the scope may be moved into another task.
//! So at each of its polls the scope says by whom it is polled ([`adopt`](Executor::adopt)), and
//! in the other case that waker is called.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::panic::Location;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Waker};

use super::Executor;
use super::birth::next_id;
use super::task::{Body, TaskKey};
use super::waker_cell::WakerCell;
use crate::trace::{self, Event, TaskId};
use crate::{caught, coop};

/// Where the loop notes which children of one scope are due. Shared with that scope.
#[derive(Default)]
pub(crate) struct Due {
    /// Filled by the loop, in the order of the wakes; emptied by the scope, as far as the budget
    /// of its poll goes.
    children: RefCell<VecDeque<(TaskKey, u32)>>,
    /// The task that polls the scope, if it does so with its own waker.
    owner: Cell<Option<TaskKey>>,
    /// Otherwise, the waker that the scope was polled with.
    waker: WakerCell,
}

impl Due {
    /// The next child to poll, and its place in the scope.
    pub(crate) fn pop(&self) -> Option<(TaskKey, u32)> {
        self.children.borrow_mut().pop_front()
    }

    /// Is nobody due?
    pub(crate) fn is_empty(&self) -> bool {
        self.children.borrow().is_empty()
    }

    /// Forgets who is due, and who polls the scope: it has ended.
    pub(crate) fn clear(&self) {
        self.children.take();
        self.owner.set(None);
        self.waker.clear();
    }

    /// A stranger's waker may panic, and the loop is no place for that.
    fn wake_stranger(&self) {
        if let Err(payload) = caught::catch(|| self.waker.wake()) {
            caught::drop_payload(payload);
        }
    }
}

impl Executor {
    /// Gives a child of a scope a slot of its own, and queues it. `place` is where the scope
    /// keeps its future. The waker is the slot's, given out until
    /// [`remove_child`](Executor::remove_child). That it was spawned is for the scope to emit,
    /// when the child is in its place: an observer may spawn siblings.
    pub(crate) fn insert_child(
        &self,
        due: &Rc<Due>,
        place: u32,
        name: Option<Cow<'static, str>>,
        at: &'static Location<'static>,
    ) -> (TaskKey, TaskId, Waker) {
        let id = next_id();
        let due = due.clone();
        let key = self.insert(id, name, at, Body::Child { place, due });
        let mut core = self.core.borrow_mut();
        let waker = core.tasks.own_waker(&self.remote, key);
        core.tasks.get(key).expect("inserted above").queue();
        core.ready.push_back(key);
        (key, id, waker)
    }

    /// If that is the key of a child: its place in its scope, and where to note that it is due.
    pub(super) fn as_child(&self, key: TaskKey) -> Option<(u32, Rc<Due>)> {
        match &self.core.borrow_mut().tasks.get(key)?.body {
            Body::Child { place, due } => Some((*place, due.clone())),
            _ => None,
        }
    }

    /// A child is due: its scope hears of it. Returns the owner, whose turn it is now; `None` if
    /// the scope has none, so that whoever polls it was woken.
    pub(super) fn note_due(&self, key: TaskKey, place: u32, due: &Due) -> Option<TaskKey> {
        due.children.borrow_mut().push_back((key, place));
        let owner = due.owner.get();
        if owner.is_none() {
            due.wake_stranger();
        }
        owner
    }

    /// Sees to it that the scope is polled soon.
    pub(crate) fn poll_scope(&self, due: &Due) {
        match due.owner.get() {
            Some(owner) => drop(self.queue_key(owner)),
            None => due.wake_stranger(),
        }
    }

    /// The scope is being polled: from now on, it is with this context.
    pub(crate) fn adopt(&self, due: &Due, cx: &Context<'_>) {
        let running = self.running.get();
        let owner = self.is_waker_of(running, cx.waker()).then_some(running);
        due.owner.set(owner);
        match owner {
            Some(_) => due.waker.clear(),
            None => due.waker.park(cx),
        }
    }

    fn is_waker_of(&self, key: TaskKey, waker: &Waker) -> bool {
        let mut core = self.core.borrow_mut();
        let shared = core.tasks.shared(key);
        shared.is_some_and(|shared| waker.data() == Arc::as_ptr(shared).cast())
    }

    /// Polls a child in its own name: with its own waker, budget and wait record.
    pub(crate) fn poll_child<R>(
        &self,
        key: TaskKey,
        waker: &Waker,
        poll: impl FnOnce(&mut Context<'_>) -> R,
    ) -> R {
        // What the owner's other futures said in this poll is none of the child's.
        trace::take_wait();
        let polling = self.start_poll(key);
        let answer = poll(&mut Context::from_waker(waker));
        let spent = polling.is_spent();
        drop(polling);
        if spent {
            // It took long: then so did the owner, and the kernel gets its turn.
            coop::spend_all();
        }
        self.note_wait(key);
        answer
    }

    /// Drops a child's future in its own name.
    pub(crate) fn act_as(&self, key: TaskKey, act: impl FnOnce()) {
        let polling = self.start_poll(key);
        act();
        drop(polling);
        trace::take_wait();
    }

    /// Was the child asked to end, by a handle?
    pub(crate) fn is_aborted(&self, key: TaskKey) -> bool {
        let mut core = self.core.borrow_mut();
        core.tasks.get(key).is_some_and(|slot| slot.aborted)
    }

    /// Frees the slot of a child, whose future its scope has dropped.
    pub(crate) fn remove_child(&self, key: TaskKey, id: TaskId, waker: Waker) {
        let mut core = self.core.borrow_mut();
        if let Some(slot) = core.tasks.get(key) {
            slot.waker = Some(waker);
        }
        drop(core);
        self.free(key);
        trace::emit(Event::Ended(id));
    }

    /// Does the runtime end, so that nothing may begin any more?
    pub(crate) fn is_closed(&self) -> bool {
        self.closed.get()
    }
}
