//! tokio's current-thread runtime, under the names that `workloads.rs` uses.

/// What the workloads need of a runtime.
mod rt {
    pub(super) use futures_util::future::join_all;
    pub(super) use std::sync::Arc as Shared;
    use std::time::Duration;
    pub(super) use tokio::io::{AsyncReadExt, AsyncWriteExt};
    pub(super) use tokio::net::TcpStream;
    pub(super) use tokio::select;
    pub(super) use tokio::sync::{Mutex, Notify, Semaphore, mpsc, oneshot};
    pub(super) use tokio::task::{JoinSet, spawn, yield_now};
    pub(super) use tokio::time::{Instant, sleep_until};

    pub(super) fn in_a_task(work: impl Future<Output = Duration> + Send + 'static) -> Duration {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        let runtime = builder.enable_all().build().expect("a runtime");
        runtime.block_on(async { spawn(work).await.expect("it ends") })
    }
}

#[path = "workloads.rs"]
pub mod workloads;

#[path = "together.rs"]
pub mod together;
