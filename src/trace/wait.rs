//! The wait record: what the last leaf that returned `Pending` in a task waits for. Plain data.

use std::panic::Location;

/// What a leaf future waits for.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaitKind {
    /// A socket to become readable (or, for a listener, a connection to arrive).
    Readable,
    /// A socket to become writable (or connected).
    Writable,
    /// A deadline.
    Timer,
    /// A job on a worker thread.
    Job,
    /// Another task to end.
    Join,
    /// A message, or room for one.
    Channel,
    /// A permit of a semaphore, or a lock.
    Permit,
    /// Its turn again, after it yielded.
    Yield,
    /// A signal, such as Ctrl-C.
    Signal,
    /// Another process to end.
    Process,
    /// Somebody to cancel a token.
    Cancellation,
}

/// The wait record of a task: what the last leaf that returned `Pending` in it waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait {
    /// The kind of thing.
    pub kind: WaitKind,
    /// Which one of its kind: a token, a task id, an address; 0 where there is nothing to tell.
    pub resource: u64,
    /// The place in the source that waits.
    pub at: &'static Location<'static>,
}
