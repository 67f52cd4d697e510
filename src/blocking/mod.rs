//! The worker pool: threads for what would block the loop, and the jobs they run.
//!
//! **Law:** reading a file, resolving a name or sorting a million numbers keeps its thread busy,
//! and the kernel offers no readiness for any of them. **Consequence:** they go to other threads,
//! and what comes back is a wake. **Choice:** threads are started when a job finds none idle
//! and leave when idle for `keep_alive`, so a program without jobs has one thread. **Price:**
//! two thread switches for each job, some 5 to 50 µs: nothing for a file, too much for one
//! small sum.
//!
//! ```text
//!   loop's thread                               worker threads
//!   spawn_blocking(f) ─┐
//!   run(f).await ──────┼─▶ queue (two lines) ─▶ worker: f() ─▶ cell ─▶ wake ─┐
//!   hob::fs ───────────┘                                                     │
//!   Job::poll ◀──────────────────────────────────────────────────────────────┘
//! ```
//!
//! There are three *lanes*, each with a queue and threads of its own, because they fail
//! differently. A dead name server holds a thread for half a minute, a silent terminal for ever;
//! neither may ever stand before a file's write.
//!
//! | lane | threads | when the runtime ends |
//! |---|---|---|
//! | general | up to `worker_threads` | running jobs are waited for, up to a deadline |
//! | DNS | up to 4 | never waited for |
//! | stdin | 1 | never waited for |
//!
//! | file | holds |
//! |---|---|
//! | `line`, `idle`, `queue` | where jobs cross from thread to thread |
//! | `cell`, `leftover` | one job, on its way there and back; what it leaves to be done |
//! | `pool`, `lazy` | the lanes, their threads, their end; the pool before it is needed |
//! | `job`, `run` | the handle of a job that was started; a job that is awaited |
//! | `map` | one function over many things |
//! | `strand`, `turns` | jobs that must keep their order; work of unknown length |
//!
//! The pool knows wakers, and never hears of tasks; the runtime is its only caller besides the
//! futures here and those of files, names and the terminal.
//!
//! With `worker_threads(0)` there are no threads at all, in any lane: the loop runs each job
//! itself, between two turns (what is printed, at once), and everything else waits meanwhile.
//! Right for a test that wants one thread, or a platform that has no other; wrong for anything
//! that must stay responsive.

mod line;
mod idle;
mod leftover;
mod queue;
mod cell;
mod pool;
mod lazy;
mod job;
mod run;
mod map;
mod strand;
mod turns;

use std::panic::Location;

use cell::Cell;
use lazy::current;

pub use job::Job;
pub(crate) use lazy::{LazyPool, enter};
pub(crate) use line::Class;
pub use map::{Map, NextMapped, map};
pub(crate) use pool::Lane;
#[cfg(test)]
pub(crate) use pool::{Pool, PoolConfig};
pub use run::{Run, run};
pub(crate) use strand::Strand;
pub(crate) use turns::run_in_turns;

/// Starts `f` on a worker thread, at once, and gives a handle to its result.
///
/// For work that should go on whether or not somebody waits. It is accepted without limit: if all
/// workers are busy it stands in line. Where each job is awaited anyway, [`run()`] is
/// better, because it waits its turn and can be withdrawn.
///
/// When the runtime ends, jobs that have not started are dropped, and running ones are waited
/// for up to a deadline.
///
/// # Panics
/// Outside of a runtime. A panic of `f` arrives as a [`JoinError`](crate::JoinError).
///
/// ```
/// # hob::block_on(async {
/// let job = hob::spawn_blocking(|| "from another thread");
/// assert_eq!(job.await.unwrap(), "from another thread");
/// # });
/// ```
#[track_caller]
pub fn spawn_blocking<F, T>(f: F) -> Job<T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    start(Location::caller(), Lane::General, Class::Free, f)
}

/// [`spawn_blocking`] for any lane and class. `at` is where the program asked for it.
#[track_caller]
pub(crate) fn start<F, T>(at: &'static Location<'static>, lane: Lane, class: Class, f: F) -> Job<T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    let pool = current("hob::spawn_blocking()");
    let cell = Cell::new(f);
    let place = pool.submit(lane, class, cell.clone());
    Job::new(cell, pool, lane, place, at)
}
