//! **hob**: a single-threaded async runtime on `mio`, to run, to read and to measure.
//!
//! ```
//! use std::time::Duration;
//!
//! let sum = hob::block_on(async {
//!     let slow = hob::spawn(async {
//!         hob::time::sleep(Duration::from_millis(10)).await;
//!         40
//!     });
//!     slow.await.unwrap() + 2
//! });
//! assert_eq!(sum, 42);
//! ```
//!
//! One thread runs everything: tasks need no `Send`, share things through `Rc`, and are
//! interrupted only where they `.await`. What would block that thread (files, name lookups,
//! computations) goes to worker threads and comes back as a future.
//!
//! # Where to begin
//!
//! - Programs: [`block_on`], [`spawn`], [`time`], [`net`], [`fs`], [`process`], [`signal`], [`http`].
//! - Several things at once: [`future`] within a task; [`scope`](scope()), [`gather`](gather()),
//!   [`as_completed`](as_completed()), [`TaskGroup`] and [`JoinSet`] with tasks; [`sync`] between
//!   them; [`blocking`] on other threads.
//! - Nearly every future does nothing before it is awaited or spawned. The compiler warns of one
//!   that was forgotten; here it is told to refuse it:
//!
//!   ```compile_fail
//!   #![deny(unused_must_use)]
//!   # hob::block_on(async {
//!   hob::time::sleep(std::time::Duration::from_secs(1)); // .await
//!   # });
//!   ```
//!
//! - Cancelling: dropping a future stops it at its `.await`. Each future of this crate says
//!   under *Cancel safety* what that loses.
//! - Looking inside: [`tasks`], [`metrics`], [`Builder::observer`], [`testing`].
//!
//! # Reading the source
//!
//! The list below is a table of contents. From top to bottom, nothing is used before it was
//! explained; `tests/layers.rs` sees to it. Whoever is in a hurry reads
//! `runtime/mod.rs` first: one turn of the loop, in five steps.
//!
//! "Trap 14" in a comment is line 14 of `tests/TRAPS.md`: a bug that another runtime really
//! had, and the reason for the line of code beside it.

#![forbid(unsafe_code)]

// Floor 0: knows only std.
mod current;
mod clock;
pub mod coop;
mod caught;
mod trace;
mod join_error;
mod prims;

// Floor 1: the organs. None imports another.
mod executor;
mod timers;
mod reactor;
pub mod blocking;

// Floor 2: the loop.
mod runtime;

// Floor 3: what programs await.
mod task;
mod task_local;
pub mod io;
pub mod future;
pub mod time;
pub mod sync;
#[cfg(feature = "signal")]
pub mod signal;
mod structure;
pub mod net;
pub mod fs;
#[cfg(feature = "process")]
pub mod process;
pub mod testing;

// Floor 4.
#[cfg(feature = "http")]
pub mod http;

pub use blocking::spawn_blocking;
pub use executor::{AbortHandle, JoinHandle, TaskInfo};
pub use join_error::JoinError;
pub use runtime::{
    Builder, Handle, Interrupted, Metrics, RemoteJoinHandle, Runtime, block_on, metrics, tasks,
};
pub use structure::{
    AbortOnDrop, AsCompleted, Failure, Gather, GroupJoin, JoinNext, JoinNextWithId, JoinSet,
    NextCompleted, Scope, ScopeError, ScopeFuture, SetJoinAll, SetShutdown, Shield, TaskGroup,
    as_completed, gather, scope, scope_with_deadline, shield, try_scope,
};
pub use sync::CancellationToken;
pub use task::{YieldNow, spawn, spawn_named, task_id, yield_now};
pub use task_local::{AccessError, LocalKey, TaskLocalFuture};
pub use trace::{Counters, Event, Observer, TaskId, Wait, WaitKind};
