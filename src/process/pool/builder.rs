//! Every choice that a pool of processes leaves open, with its default: [`PoolBuilder`].

use std::num::NonZeroUsize;
use std::time::Duration;

use super::{Pool, mark};

/// Sets up a [`Pool`].
///
/// ```
/// use std::time::Duration;
///
/// let pool = hob::process::Pool::builder()
///     .workers(2)
///     .max_frame_bytes(1024 * 1024)
///     .memory_limit(256 * 1024 * 1024)
///     .idle_timeout(Duration::from_secs(60))
///     .build();
/// assert_eq!(pool.workers(), 2);
/// ```
#[derive(Clone, Debug)]
#[must_use = "a PoolBuilder does nothing until `build`"]
pub struct PoolBuilder {
    config: Config,
}

#[derive(Clone, Debug)]
pub(super) struct Config {
    pub(super) workers: usize,
    pub(super) max_frame_bytes: usize,
    pub(super) memory_limit: Option<u64>,
    pub(super) start_timeout: Duration,
    pub(super) idle_timeout: Option<Duration>,
}

impl PoolBuilder {
    pub(super) fn new() -> PoolBuilder {
        let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        PoolBuilder {
            config: Config {
                workers: cores,
                max_frame_bytes: 16 * 1024 * 1024,
                memory_limit: None,
                start_timeout: Duration::from_secs(10),
                idle_timeout: None,
            },
        }
    }

    /// How many workers there may be at once. Default: as many as there are cores.
    ///
    /// # Panics
    /// If it is 0.
    #[track_caller]
    pub fn workers(mut self, workers: usize) -> PoolBuilder {
        assert!(workers > 0, "a pool needs at least 1 worker");
        self.config.workers = workers;
        self
    }

    /// How long an encoded request or answer may be. Default: 16 MiB. What is longer is an
    /// error that names this limit.
    ///
    /// # Panics
    /// If it is 0, or more than 2 GiB.
    #[track_caller]
    pub fn max_frame_bytes(mut self, bytes: usize) -> PoolBuilder {
        assert!(
            (1..=1 << 31).contains(&bytes),
            "max_frame_bytes must be from 1 byte to 2 GiB"
        );
        self.config.max_frame_bytes = bytes;
        self
    }

    /// How much memory a worker may have beyond what it begins with. Default: no limit.
    ///
    /// It is the system's `RLIMIT_DATA`. Linux counts everything that can be written to; other
    /// systems may not enforce it. An allocation beyond it fails, and then Rust ends the
    /// process, which arrives as [`PoolError::OutOfMemory`](super::PoolError::OutOfMemory).
    ///
    /// # Panics
    /// If it is 0.
    #[track_caller]
    pub fn memory_limit(mut self, bytes: u64) -> PoolBuilder {
        assert!(
            bytes > 0,
            "a worker needs memory: memory_limit must not be 0"
        );
        self.config.memory_limit = Some(bytes);
        self
    }

    /// How long a new worker may take until it says that it serves. Default: 10 s.
    pub fn start_timeout(mut self, limit: Duration) -> PoolBuilder {
        self.config.start_timeout = limit;
        self
    }

    /// How long a worker without a job is kept. Default: until the pool is dropped.
    pub fn idle_timeout(mut self, limit: Duration) -> PoolBuilder {
        self.config.idle_timeout = Some(limit);
        self
    }

    /// The pool. It starts no process yet.
    ///
    /// # Panics
    /// In a worker: see [`Pool::new`].
    #[track_caller]
    pub fn build(self) -> Pool {
        assert!(
            !mark::is_worker(),
            "this process is a worker of a hob::process::Pool, and must not have a pool of its \
             own. If this comes from `main`: call hob::process::worker_main(&registry) first"
        );
        Pool::with_config(self.config)
    }
}
