//! What tasks of one thread use to work together: permits, locks, channels, notifications.
//!
//! | you want | take |
//! |---|---|
//! | at most so many at once | [`Semaphore`] |
//! | one at a time, across an `.await` | [`Mutex`] |
//! | many readers or one writer, across an `.await` | [`RwLock`] |
//! | so many at once, each for a borrower who can be named | [`CapacityLimiter`] |
//! | so many in a second | [`RateLimiter`] |
//! | everybody to wait for everybody | [`Barrier`] |
//! | a value that is made once, by a future | [`OnceCell`] |
//! | a stream of values from many tasks to one | [`mpsc`] |
//! | one value, once | [`oneshot`] |
//! | one value that changes, seen by many | [`watch`] |
//! | every message to every receiver | [`broadcast`] |
//! | work for many workers, and to wait until it is done | [`Queue`] |
//! | "something has changed, look again" | [`Notify`] |
//! | "stop", to many at once | [`CancellationToken`] |
//! | a channel or a notification between threads | [`remote`] |
//!
//! But for [`remote`], nothing here is `Send` and nothing uses an atomic: the tasks of a hob
//! runtime all run on one thread, so a counter is a counter. (Between two `.await`s no other
//! task runs at all; a plain `Cell` or `RefCell` is often all that is needed.)
//!
//! ```compile_fail
//! let semaphore = hob::sync::Semaphore::new(1);
//! std::thread::spawn(move || semaphore.try_acquire().is_ok());
//! ```
//!
//! All of them are fair: who waits first is served first, and what is served is *handed over*,
//! so that nobody who comes later can snatch it. And all of them are cancel-safe in the same
//! way: a future that is dropped leaves the line, and passes on what it was handed.
//!
//! Inside, in reading order: `wait_list` is the line; `gate` adds permits to it, and `wish` is
//! a future's place there; `crowd` calls everybody at once; `backlog` is the messages, without
//! anybody who waits. Semaphore and locks, the cell that is made once, the limiters, the bounded
//! channel and the queue are each a gate with other words on it; in `notify` and `barrier` is a
//! line whose waiters want nothing but to be called; `cancellation` is a tree of such lines.
//! Of the other channels, `watch` and `broadcast` call a crowd, and `oneshot` has one who waits
//! at each end. Last comes `remote`: lines that threads share, so behind a lock of theirs.

mod wait_list;
mod gate;
mod wish;
mod crowd;
mod backlog;
mod semaphore;
mod mutex;
mod rwlock;
mod notify;
mod barrier;
mod once_cell;
mod capacity_limiter;
mod rate_limiter;
mod cancellation;
pub mod mpsc;
pub mod oneshot;
pub mod watch;
pub mod broadcast;
pub mod queue;
pub mod remote;

pub use barrier::{Barrier, BarrierWait, BarrierWaitResult};
#[cfg_attr(
    not(feature = "signal"),
    expect(unused_imports, reason = "used by `signal`")
)]
pub(crate) use cancellation::Entered as EnteredToken;
pub(crate) use cancellation::enter as enter_token;
pub use cancellation::{
    CancelReason, CancellationToken, Cancelled, CancelledOwned, DropGuard, RunUntilCancelled,
};
pub use capacity_limiter::{
    AcquireToken, AcquireTokenOwned, AlreadyBorrows, Borrower, CapacityLimiter,
    CapacityLimiterStatistics, CapacityToken, OwnedCapacityToken, TryBorrowError,
};
pub use mutex::{Lock, LockOwned, Mutex, MutexGuard, OwnedMutexGuard, TryLockError};
pub use notify::{Notified, Notify, OwnedNotified};
pub use once_cell::{GetOrInit, GetOrTryInit, OnceCell, SetError};
pub use queue::Queue;
pub use rate_limiter::{AcquireRate, RateLimited, RateLimiter};
pub use rwlock::{
    OwnedRwLockReadGuard, OwnedRwLockWriteGuard, RwLock, RwLockRead, RwLockReadGuard,
    RwLockReadOwned, RwLockWrite, RwLockWriteGuard, RwLockWriteOwned,
};
pub use semaphore::{
    Acquire, AcquireError, AcquireOwned, OwnedSemaphorePermit, Semaphore, SemaphorePermit,
    TryAcquireError,
};
pub(crate) use wait_list::live_waiters;

/// Names a thing in the wait record of whoever waits for it. Nothing that is waited for can
/// move meanwhile, so its address will do.
fn address_of<T: ?Sized>(thing: &T) -> u64 {
    std::ptr::from_ref(thing).addr() as u64
}
