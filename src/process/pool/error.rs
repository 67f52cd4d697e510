//! What can go wrong with a job: [`PoolError`].

use std::fmt;
use std::io;
use std::process::ExitStatus;

/// Why a job of a [`Pool`](super::Pool) gave no answer. The pool itself goes on.
#[derive(Debug)]
#[non_exhaustive]
pub enum PoolError {
    /// The function panicked. The text is what a panic prints: the place and the message.
    ///
    /// Where a panic aborts the worker (by `panic = "abort"`, or because a destructor panics
    /// meanwhile), it is the texts of all panics of the job.
    Panicked(String),
    /// The worker was ended by this signal: by somebody's `kill`, or by its own fault (11 is a
    /// wild pointer, or a stack that overflowed). The system's own way out of a lack of memory
    /// (Linux: the OOM killer) looks like `kill -9`; a limit avoids it:
    /// [`PoolBuilder::memory_limit`](super::PoolBuilder::memory_limit).
    Killed {
        /// Its number: 9 is SIGKILL.
        signal: i32,
    },
    /// The function wanted more than the
    /// [`memory_limit`](super::PoolBuilder::memory_limit).
    ///
    /// What is known is this: there was a limit, and the worker aborted without a panic. A
    /// function that calls `std::process::abort` under a limit looks the same.
    OutOfMemory {
        /// The limit in bytes.
        limit: u64,
    },
    /// The function ended the process: `std::process::exit`.
    Exited(ExitStatus),
    /// The worker's registry has no job of that name.
    UnknownJob(String),
    /// The encoded request or answer is longer than
    /// [`max_frame_bytes`](super::PoolBuilder::max_frame_bytes). A request was not sent.
    TooLong {
        /// `request` or `answer`.
        what: &'static str,
        /// How long it is.
        bytes: u64,
        /// How long it may be.
        max_frame_bytes: usize,
    },
    /// A request or an answer could not be encoded or decoded: the types on the two sides do
    /// not match, say, or JSON has no way to say it (a map whose keys are structs).
    Encoding(String),
    /// A new process did not say that it is a worker. Most likely `main` does not begin with
    /// [`worker_main`](super::worker_main).
    NotServing(String),
    /// The system refused a process, a descriptor or the like.
    Io(io::Error),
}

impl PoolError {
    /// Is the worker still as good as before?
    pub(super) fn spares_worker(&self) -> bool {
        matches!(
            self,
            PoolError::UnknownJob(_) | PoolError::TooLong { .. } | PoolError::Encoding(_)
        )
    }
}

impl fmt::Display for PoolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PoolError::Panicked(text) => write!(f, "the job panicked in its worker: {text}"),
            PoolError::Killed { signal } => {
                write!(f, "the worker was killed by signal {signal} during the job")
            }
            PoolError::OutOfMemory { limit } => write!(
                f,
                "the worker ran out of memory: its limit is {limit} bytes beyond its beginning"
            ),
            PoolError::Exited(status) => {
                write!(f, "the worker ended by itself during the job ({status})")
            }
            PoolError::UnknownJob(name) => write!(f, "the registry has no job `{name}`"),
            PoolError::TooLong {
                what,
                bytes,
                max_frame_bytes,
            } => write!(
                f,
                "the {what} of {bytes} bytes is longer than the pool's max_frame_bytes, \
                 {max_frame_bytes}"
            ),
            PoolError::Encoding(error) => error.fmt(f),
            PoolError::NotServing(what) => write!(
                f,
                "the new worker process {what}: is hob::process::worker_main(&registry) the \
                 first thing that `main` calls?"
            ),
            PoolError::Io(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for PoolError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            PoolError::Io(error) => Some(error),
            _ => None,
        }
    }
}

impl From<io::Error> for PoolError {
    fn from(error: io::Error) -> PoolError {
        PoolError::Io(error)
    }
}
