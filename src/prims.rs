//! The locks and atomics with which hob crosses threads, by way of one door; and the one place
//! where a thread waits without sleeping.
//!
//! Their users: the executor's inbox and its flags, the worker pool's queue, and what of
//! `sync::remote` waits. The model checker (`tests/loom`) compiles those very files against
//! loom's own versions of the same names, and then tries every interleaving. That is why they
//! import from here and not from `std`: nothing in them has to know that it is being modelled.

pub(crate) use std::sync::atomic::{AtomicBool, Ordering};
pub(crate) use std::sync::{Condvar, Mutex, MutexGuard};

use std::hint;
use std::num::NonZeroUsize;
use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, Instant};

/// Waits without sleeping until `seen`, for `time` at most. With one processor, whoever is to be
/// seen could not run meanwhile: then it looks once.
pub(crate) fn look_out(time: Duration, seen: impl Fn() -> bool) -> bool {
    /// To ask the system takes longer than `time`.
    static PROCESSORS: OnceLock<usize> = OnceLock::new();
    let ask = || thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let is_futile = *PROCESSORS.get_or_init(ask) == 1;
    let begin = Instant::now();
    loop {
        if seen() {
            return true;
        }
        if is_futile || begin.elapsed() > time {
            return false;
        }
        hint::spin_loop();
    }
}
