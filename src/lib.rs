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

// Floor 1: the organs. None imports another.
mod executor;
mod timers;
mod reactor;
pub mod blocking;

pub use blocking::spawn_blocking;
pub use join_error::JoinError;
