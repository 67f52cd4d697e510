//! The locks and atomics with which hob crosses threads, by way of one door.
//!
//! Their users: the executor's inbox and its flags, the worker pool's queue, and what of
//! `sync::remote` waits. The model checker (`tests/loom`) compiles those very files against
//! loom's own versions of the same names, and then tries every interleaving. That is why they
//! import from here and not from `std`: nothing in them has to know that it is being modelled.

pub(crate) use std::sync::atomic::{AtomicBool, Ordering};
pub(crate) use std::sync::{Condvar, Mutex, MutexGuard};
