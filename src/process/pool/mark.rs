//! How a process knows that it is a worker: a variable in its environment, and a socket as
//! its stdin, which belong to each other.
//!
//! Law: an environment is inherited, by children of children too, and safe Rust cannot take a
//! variable out of its own. Consequence: the variable alone proves nothing: a program that a
//! job starts has it as well. So it names the socket, by the number that the kernel has given
//! to it; only the worker has that very socket as its stdin. Whether the parent still lives
//! does not matter: an orphan knows, too, that it is a worker and nothing else.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::sync::atomic::{AtomicBool, Ordering};

const VARIABLE: &str = "HOB_PROCESS_WORKER";

/// What a worker is told at its birth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    /// The kernel's number of the socket that is the worker's stdin.
    pub(super) socket: u64,
    pub(super) max_frame_bytes: usize,
    pub(super) memory_limit: Option<u64>,
}

impl Mark {
    /// The variable's name and value.
    pub(super) fn variable(&self) -> (&'static str, String) {
        let memory = self.memory_limit.unwrap_or(0);
        let value = format!("{} {} {memory}", self.socket, self.max_frame_bytes);
        (VARIABLE, value)
    }

    fn parse(value: &str) -> Option<Mark> {
        let mut parts = value.split(' ');
        let mark = Mark {
            socket: parts.next()?.parse().ok()?,
            max_frame_bytes: parts.next()?.parse().ok()?,
            memory_limit: Some(parts.next()?.parse().ok()?).filter(|&bytes| bytes > 0),
        };
        parts.next().is_none().then_some(mark)
    }

    /// The mark of this process, if it was started as a worker and its stdin is still as it
    /// was then.
    pub(super) fn of_this_process() -> Option<Mark> {
        let mark = Mark::parse(&std::env::var(VARIABLE).ok()?)?;
        let stdin = socket_number(io::stdin().as_fd()).ok()??;
        (stdin == mark.socket).then_some(mark)
    }
}

/// The kernel's number of a socket; `None` for what is no socket.
pub(super) fn socket_number(fd: BorrowedFd<'_>) -> io::Result<Option<u64>> {
    let metadata = File::from(fd.try_clone_to_owned()?).metadata()?;
    let is_socket = metadata.file_type().is_socket();
    Ok(is_socket.then_some(metadata.ino()))
}

/// Set when this process begins to serve: from then on its stdin is another.
static SERVING: AtomicBool = AtomicBool::new(false);

pub(super) fn begin_to_serve() {
    SERVING.store(true, Ordering::Relaxed);
}

/// Also true in a worker whose program forgot `worker_main`.
pub(super) fn is_worker() -> bool {
    SERVING.load(Ordering::Relaxed) || Mark::of_this_process().is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_read_as_it_was_written() {
        for memory_limit in [None, Some(5)] {
            let mark = Mark {
                socket: 77,
                max_frame_bytes: 9,
                memory_limit,
            };
            assert_eq!(Mark::parse(&mark.variable().1), Some(mark));
        }
        for strange in ["", "1", "1 2", "1 2 3 4", "1 -2 3", "yes"] {
            assert_eq!(Mark::parse(strange), None);
        }
    }
}
