//! hob, under the names that `workloads.rs` uses.

/// What the workloads need of a runtime.
mod rt {
    pub(super) use futures_lite::{AsyncReadExt, AsyncWriteExt};
    pub(super) use hob::future::join_all;
    pub(super) use hob::net::TcpStream;
    pub(super) use hob::sync::{Mutex, Notify, Semaphore, mpsc, oneshot};
    pub(super) use hob::time::sleep_until;
    pub(super) use hob::{JoinSet, select, spawn, yield_now};
    pub(super) use std::rc::Rc as Shared;
    use std::time::Duration;
    pub(super) use std::time::Instant;

    pub(super) fn in_a_task(work: impl Future<Output = Duration> + 'static) -> Duration {
        hob::block_on(async { spawn(work).await.expect("it ends") })
    }
}

#[path = "workloads.rs"]
pub mod workloads;

#[path = "together.rs"]
pub mod together;
