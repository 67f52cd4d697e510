//! Work that comes in pieces of unknown number, for as long as there is some.
//!
//! Between two pieces it goes to the end of the pool's line, so that something endless (a program
//! that prints and prints) cannot keep the only worker from a file's write.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::cell::Work;
use super::lazy::try_current;
use super::leftover::Leftover;
use super::line::Class;
use super::pool::Lane;
use crate::caught;

struct Turns<F>(F);

/// Runs `turn` on a worker until it says `false`. It is mandatory: it is run to its end also when
/// the runtime ends, and right here if there is none. Right here, too, if there are no threads:
/// this is for what the whole process shares, and the loop that it would be left to may stand
/// still while others wait for it.
pub(crate) fn run_in_turns<F>(turn: F)
where
    F: Fn() -> bool + Send + Sync + 'static,
{
    match try_current() {
        Some(pool) if pool.has_threads() => {
            pool.submit(Lane::General, Class::Mandatory, Arc::new(Turns(turn)));
        }
        _ => while turn() {},
    }
}

impl<F> Work for Turns<F>
where
    F: Fn() -> bool + Send + Sync,
{
    fn run(&self, ended: &AtomicU64) -> Leftover {
        let more = caught::catch(&self.0).unwrap_or_else(|payload| {
            caught::drop_payload(payload);
            false
        });
        if !more {
            ended.fetch_add(1, Ordering::Relaxed);
        }
        Leftover { more, waker: None }
    }

    /// The pool cancels nothing that is mandatory.
    fn cancel(&self, _ended: &AtomicU64) {
        debug_assert!(false, "handed in as mandatory");
    }
}
