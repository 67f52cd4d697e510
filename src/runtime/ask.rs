//! What can be asked of a runtime: numbers, and what its tasks wait for.

use std::rc::Rc;

use super::{CURRENT, Inner};
use crate::current;
use crate::executor::TaskInfo;
use crate::trace::{self, Counters};

/// Numbers about a runtime at one moment.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metrics {
    /// How often each thing has happened since the runtime began.
    pub counters: Counters,
    /// Tasks that have not ended, the main future included.
    pub live_tasks: usize,
    /// Sockets and other sources that have not been closed.
    pub live_sources: usize,
    /// Timers that have neither fired nor been dropped.
    pub live_timers: usize,
    /// Jobs that were handed to workers and are not over.
    pub live_jobs: usize,
}

/// Numbers about the runtime that is running here.
///
/// # Panics
/// Outside of a runtime: use [`Runtime::metrics`](crate::Runtime::metrics) there.
///
/// ```
/// # hob::block_on(async {
/// assert_eq!(hob::metrics().live_tasks, 1);
/// # });
/// ```
#[track_caller]
pub fn metrics() -> Metrics {
    let inner = current_inner("metrics");
    inner.pool.tell_ended();
    inner.metrics(trace::counted())
}

/// All tasks of the runtime that is running here, with what each of them waits for.
///
/// # Panics
/// Outside of a runtime.
///
/// ```
/// # hob::block_on(async {
/// let _task = hob::spawn_named("sleeper", hob::time::sleep(std::time::Duration::MAX));
/// hob::yield_now().await;
/// let tasks = hob::tasks();
/// let sleeper = tasks.iter().find(|t| t.name.as_deref() == Some("sleeper")).unwrap();
/// assert_eq!(sleeper.wait.unwrap().kind, hob::WaitKind::Timer);
/// # });
/// ```
#[track_caller]
pub fn tasks() -> Vec<TaskInfo> {
    current_inner("tasks").executor.infos()
}

/// How many wakers somebody holds: see `Executor::live_wakers`.
#[track_caller]
pub(crate) fn live_wakers() -> usize {
    current_inner("testing::ledger").executor.live_wakers()
}

#[track_caller]
pub(super) fn current_inner(asked: &str) -> Rc<Inner> {
    match current::get(&CURRENT) {
        Some(inner) => inner,
        None => panic!(
            "hob::{asked} was called outside of a running loop: call it inside of hob::block_on"
        ),
    }
}

pub(super) fn is_running(inner: &Rc<Inner>) -> bool {
    current::with(&CURRENT, |running| Rc::ptr_eq(running, inner)).unwrap_or(false)
}

impl Inner {
    pub(super) fn metrics(&self, counters: Counters) -> Metrics {
        Metrics {
            counters,
            live_tasks: self.executor.live(),
            live_sources: self.reactor.live(),
            live_timers: self.timers.live(),
            live_jobs: self.pool.live(),
        }
    }
}
