//! What a runtime holds for its program at one moment, counted: the ledger.

use std::fmt;

use crate::{runtime, sync};

/// What is alive in a runtime. Two of them compared tell what came and did not go.
///
/// ```
/// # hob::block_on(async {
/// let before = hob::testing::ledger();
/// let task = hob::spawn(std::future::pending::<()>());
/// assert_eq!(hob::testing::ledger().tasks, before.tasks + 1);
/// task.abort();
/// assert!(task.await.is_err());
/// assert_eq!(hob::testing::ledger(), before);
/// # });
/// ```
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ledger {
    /// Tasks that have not ended, the main future included.
    pub tasks: usize,
    /// Sockets and other sources that are registered.
    pub sources: usize,
    /// Timers that have neither fired nor been dropped. A task that waits for one is counted here
    /// alone.
    pub timers: usize,
    /// Jobs that were handed to workers and are not over.
    pub jobs: usize,
    /// Places in the lines of semaphores, locks, channels and notifications on this thread:
    /// those that wait, and those that were called and have not seen it.
    pub waiters: usize,
    /// Wakers of tasks that somebody holds, also of tasks that have ended; abort handles; and tasks
    /// of this thread, whichever runtime's, that wait by name. A waker that was cloned and is never
    /// dropped shows here.
    pub wakers: usize,
}

/// Counts what is alive in the runtime that is running here. It goes through all tasks, so it is
/// for tests; what can be asked at any time is in [`metrics`](crate::metrics).
///
/// # Panics
/// Outside of a runtime.
#[track_caller]
pub fn ledger() -> Ledger {
    let metrics = runtime::metrics();
    Ledger {
        tasks: metrics.live_tasks,
        sources: metrics.live_sources,
        timers: metrics.live_timers,
        jobs: metrics.live_jobs,
        waiters: sync::live_waiters(),
        wakers: runtime::live_wakers(),
    }
}

impl Ledger {
    /// What differs from `before`, in words: `waiters 0 → 1, wakers 1 → 2`.
    pub(super) fn differences(&self, before: &Ledger) -> String {
        let lines = [
            ("tasks", before.tasks, self.tasks),
            ("sources", before.sources, self.sources),
            ("timers", before.timers, self.timers),
            ("jobs", before.jobs, self.jobs),
            ("waiters", before.waiters, self.waiters),
            ("wakers", before.wakers, self.wakers),
        ];
        let differ = lines.iter().filter(|(_, before, now)| before != now);
        let words: Vec<String> = differ
            .map(|(name, before, now)| format!("{name} {before} → {now}"))
            .collect();
        words.join(", ")
    }
}

impl fmt::Display for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} tasks, {} sources, {} timers, {} jobs, {} waiters, {} wakers",
            self.tasks, self.sources, self.timers, self.jobs, self.waiters, self.wakers
        )
    }
}
