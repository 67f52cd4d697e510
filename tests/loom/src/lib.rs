//! Every interleaving of the places where hob crosses threads, by way of the model checker loom.
//!
//! The files under test are hob's own: they are compiled here a second time, and their
//! `crate::prims` is then that of this crate, whose locks and atomics are loom's. Loom runs
//! each model again and again, each time with the threads interleaved in another way, until it has
//! seen all of them (up to a number of forced switches); a thread that would sleep for ever
//! fails the model.
//!
//! ```text
//! RUSTFLAGS="--cfg loom" cargo test -p hob-loom --release
//! ```
//!
//! Without `--cfg loom` the crate is empty.

#![cfg(loom)]
#![forbid(unsafe_code)]

mod prims;

#[path = "../../../src/blocking/line.rs"]
mod line;
#[path = "../../../src/blocking/idle.rs"]
mod idle;
#[path = "../../../src/blocking/leftover.rs"]
#[allow(dead_code)] // What only the pool calls is not modelled.
mod leftover;
#[path = "../../../src/blocking/queue.rs"]
#[allow(dead_code)] // What only the pool calls is not modelled.
mod queue;

#[cfg(test)]
mod pool;

#[path = "../../../src/executor/inbox.rs"]
#[allow(dead_code)] // What only the executor calls is not modelled.
mod inbox;

#[path = "../../../src/executor/queued.rs"]
#[allow(dead_code)]
mod queued;

#[cfg(test)]
mod wakes;

#[path = "../../../src/caught.rs"]
#[allow(dead_code)]
mod caught;

mod executor;
mod sync;
