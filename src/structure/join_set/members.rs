//! The two lists of a set, and how a task gets from the one to the other.
//!
//! ```text
//!   spawn ──► members ── a task ends: its result ──► done ──► join_next
//! ```
//!
//! To find out who has ended nobody is asked: each task, as it ends, moves itself from the one
//! list to the other. So 10,000 results cost 10,000 steps, in whatever order the tasks end,
//! and however often `join_next` is polled (trap 51). And as the set is the only place that
//! results go to, a task needs no place for one, and no slot when it has ended.
//!
//! I1: a task is in `members` from its birth until its result arrives; what was detached
//! arrives nowhere.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::VecDeque;
use std::rc::{Rc, Weak};

use slab::Slab;

use crate::caught;
use crate::executor::WakerCell;
use crate::executor::{Destination, Executor, TaskKey};
use crate::join_error::JoinError;
use crate::trace::TaskId;

/// An empty list with room for more than this gives its memory back.
const KEPT: usize = 1024;

/// What the set and its tasks share.
pub(super) struct Shared<T> {
    /// Set by the first spawn. Weak, because a task of it may hold the set.
    pub(super) home: OnceCell<Weak<Executor>>,
    /// I1.
    pub(super) members: RefCell<Slab<TaskKey>>,
    pub(super) done: RefCell<VecDeque<(TaskId, Result<T, JoinError>)>>,
    /// Who awaits the next result.
    pub(super) waiter: WakerCell,
    /// The set has let go of these tasks: nobody wants their results.
    pub(super) detached: Cell<bool>,
}

/// One task's way to the set.
pub(super) struct Member<T> {
    pub(super) shared: Rc<Shared<T>>,
    pub(super) place: usize,
    pub(super) id: TaskId,
}

impl<T> Destination<T> for Member<T> {
    fn id(&self) -> TaskId {
        self.id
    }

    fn arrive(&self, result: Result<T, JoinError>) {
        let shared = &self.shared;
        let mut members = shared.members.borrow_mut();
        members.remove(self.place);
        if members.is_empty() && members.capacity() > KEPT {
            *members = Slab::new();
        }
        drop(members);
        if shared.detached.get() {
            return caught::drop(result);
        }
        shared.done.borrow_mut().push_back((self.id, result));
        if let Err(payload) = caught::catch(|| shared.waiter.wake()) {
            caught::drop_payload(payload);
        }
    }
}

impl<T> Shared<T> {
    pub(super) fn new() -> Rc<Shared<T>> {
        Rc::new(Shared {
            home: OnceCell::new(),
            members: RefCell::default(),
            done: RefCell::default(),
            waiter: WakerCell::new(),
            detached: Cell::new(false),
        })
    }

    pub(super) fn abort_all(&self) {
        let Some(executor) = self.home.get().and_then(Weak::upgrade) else {
            return; // nothing was spawned, or all of it is gone
        };
        // Nothing of the user's runs here: to abort only marks and queues.
        for (_, &key) in &*self.members.borrow() {
            executor.abort(key);
        }
    }

    pub(super) fn take(&self) -> Option<(TaskId, Result<T, JoinError>)> {
        let mut done = self.done.borrow_mut();
        let next = done.pop_front();
        if done.is_empty() && done.capacity() > KEPT {
            *done = VecDeque::new();
        }
        next
    }
}
