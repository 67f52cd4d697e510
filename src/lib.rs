//! hob: a single-threaded async runtime on `mio`, to run, to read and to measure.

#![forbid(unsafe_code)]

// Floor 0: knows only std.
mod current;
mod clock;
pub mod coop;
mod trace;
mod join_error;
mod caught;
mod prims;
mod waker_cell;

// Floor 1: the organs. None imports another.
mod executor;
mod timers;
mod reactor;
pub mod blocking;

// Floor 2: the loop.
mod runtime;

// Floor 3: what programs await.
mod task;
pub mod io;
pub mod sync;
pub mod time;
#[cfg(feature = "signal")]
pub mod signal;
pub mod net;

// Floor 4.
#[cfg(feature = "http")]
pub mod http;

pub use blocking::spawn_blocking;
pub use executor::{AbortHandle, JoinHandle, TaskInfo};
pub use join_error::JoinError;
pub use runtime::{
    Builder, Handle, Interrupted, Metrics, RemoteJoinHandle, Runtime, block_on, metrics, tasks,
};
pub use task::{YieldNow, spawn, spawn_named, task_id, yield_now};
pub use trace::{Counters, Event, Observer, TaskId, Wait, WaitKind};
