//! The contenders: the same programs, compiled once for each of them.
//!
//! `tasks`, `channels`, `choices`, `streams`, `workers`, `files` and `lateness` hold the
//! programs. Each is compiled against a module `rt` that gives a contender's own things the
//! same names (`with_hob`, `with_tokio`, …); so nobody's program is written with more care
//! than the other's. `owned` is what `streams` and `files` are where buffers are lent to the
//! kernel. `bare` is the limit: the same work without any runtime. What each row means and
//! does not mean is in README.md beside this.

#![forbid(unsafe_code)]
#![allow(
    clippy::duplicate_mod,
    reason = "compiled once for each contender: see above"
)]

pub mod bare;
pub mod scratch;
pub mod sockets;
#[cfg(target_os = "linux")]
pub mod with_compio;
pub mod with_hob;
#[cfg(target_os = "linux")]
pub mod with_monoio;
pub mod with_smol;
pub mod with_tokio;
pub mod with_tokio_local;

/// [`bare`] under the names that the rows use.
pub mod limit {
    pub use crate::bare as files;
    pub use crate::bare as streams;
    pub use crate::bare as workers;
}

/// How many threads can compute at once.
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// On CPU work: `jobs` times about a millisecond of it, on all processors.
pub mod map {
    use std::time::Duration;

    /// About a millisecond of arithmetic that nothing can skip.
    pub(crate) fn work(seed: usize) -> u64 {
        let mut x = seed as u64 | 1;
        for _ in 0..1_000_000 {
            x = std::hint::black_box(x.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ (x >> 29));
        }
        x
    }

    /// `blocking::map`.
    pub fn hob(jobs: usize) -> Duration {
        crate::with_hob::map(jobs, work)
    }

    /// `spawn_blocking` for each.
    pub fn tokio(jobs: usize) -> Duration {
        crate::with_tokio::map(jobs, work)
    }

    /// Threads and a counter.
    pub fn limit(jobs: usize) -> Duration {
        crate::bare::map(jobs, work)
    }
}
