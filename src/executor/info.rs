//! What can be asked: about live tasks, and for the side of the loop that threads see.

use std::panic::Location;
use std::sync::Arc;

use super::task::{Slot, TaskKey};
use super::waker::Remote;
use super::{Executor, parked};
use crate::trace::{TaskId, Wait};

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

    /// What could still reach the loop's tasks: wakers that somebody holds, also those of tasks
    /// that have ended, abort handles, and names, of all loops of this thread. It goes through all slots: for tests.
    pub(crate) fn live_wakers(&self) -> usize {
        let core = self.core.borrow();
        // Every waker's `Arc` holds one count of `remote`, so those that are in no slot any more
        // (a former task's, left to whoever held it) show there, as do abort handles.
        let (held, made) = core.tasks.wakers();
        let elsewhere = Arc::strong_count(&self.remote) - 1 - made;
        held + elsewhere + parked::named()
    }

    /// The id of the task that is being polled.
    pub(crate) fn running_id(&self) -> Option<TaskId> {
        let key = self.running.get();
        let mut core = self.core.borrow_mut();
        core.tasks.get(key).map(|slot| slot.id)
    }

    /// All live tasks, the main future included.
    pub(crate) fn infos(&self) -> Vec<TaskInfo> {
        let running = self.running.get();
        let core = self.core.borrow();
        let info = |(key, slot): (TaskKey, &Slot)| TaskInfo {
            id: slot.id,
            name: slot.name().map(String::from),
            spawned_at: slot.spawned_at,
            wait: slot.wait(),
            running: running == key,
        };
        core.tasks.iter().map(info).collect()
    }

    /// Who is polling, in words, for messages of panics.
    pub(crate) fn describe_running(&self) -> String {
        let mut core = self.core.borrow_mut();
        let slot = core.tasks.get(self.running.get());
        match slot.map(|slot| (slot.id, slot.name())) {
            Some((id, Some(name))) => format!("task {id} (\"{name}\")"),
            Some((id, None)) => format!("task {id}"),
            None => String::from("no task"),
        }
    }
}
