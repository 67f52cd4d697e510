//! Aborting a task from anywhere: a letter to its loop.

use std::sync::Arc;

use super::waker::Remote;
use super::{Executor, Mail, TaskKey};
use crate::trace::TaskId;

/// Aborts a task from anywhere: it is `Send`, `Sync` and cheap to clone.
///
/// ```
/// # hob::block_on(async {
/// let task = hob::spawn(std::future::pending::<()>());
/// let abort = task.abort_handle();
/// std::thread::spawn(move || abort.abort());
/// assert!(task.await.unwrap_err().is_cancelled());
/// # });
/// ```
#[derive(Clone)]
pub struct AbortHandle {
    /// `None` where the runtime was gone already when the handle was made.
    remote: Option<Arc<Remote>>,
    key: TaskKey,
    id: TaskId,
}

impl AbortHandle {
    pub(crate) fn new(home: Option<&Executor>, key: TaskKey, id: TaskId) -> AbortHandle {
        AbortHandle {
            remote: home.map(|home| home.remote().clone()),
            key,
            id,
        }
    }

    /// Asks the loop to drop the task's future. Does nothing if the task has ended.
    pub fn abort(&self) {
        if let Some(remote) = &self.remote {
            // A loop that is gone has dropped all its tasks.
            let _ = remote.post(Mail::Abort(self.key));
        }
    }

    /// The task's id.
    pub fn id(&self) -> TaskId {
        self.id
    }
}

impl std::fmt::Debug for AbortHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "AbortHandle({})", self.id)
    }
}
