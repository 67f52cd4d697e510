//! tokio's current-thread runtime, under the names that the programs use. Its tasks are spawned
//! with `tokio::spawn`; [`with_tokio_local`](crate::with_tokio_local) is the other way.

/// What the programs need of a runtime.
mod rt {
    pub(super) use futures_util::future::join_all;
    pub(super) use std::sync::Arc as Shared;
    use std::time::Duration;
    pub(super) use tokio::fs::{self, File};
    pub(super) use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
    pub(super) use tokio::net::{TcpListener, TcpStream, UdpSocket, UnixStream};
    pub(super) use tokio::select;
    pub(super) use tokio::sync::{Mutex, Notify, Semaphore, mpsc, oneshot};
    pub(super) use tokio::task::{JoinSet, spawn, spawn_blocking, yield_now};
    pub(super) use tokio::time::{Instant, sleep_until};

    pub(super) fn in_a_task<T: Send + 'static>(
        work: impl Future<Output = T> + Send + 'static,
    ) -> T {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        let runtime = builder.enable_all().build().expect("a runtime");
        runtime.block_on(async { spawn(work).await.expect("it ends") })
    }

    pub(super) fn tcp(stream: std::net::TcpStream) -> TcpStream {
        TcpStream::from_std(stream).expect("a stream")
    }

    /// A read that will find nothing, without a buffer of its own on the heap.
    pub(super) async fn read_some(stream: &mut TcpStream) -> std::io::Result<usize> {
        stream.read(&mut [0; 64]).await
    }

    pub(super) fn listener(listener: std::net::TcpListener) -> TcpListener {
        TcpListener::from_std(listener).expect("a listener")
    }

    pub(super) fn udp(socket: std::net::UdpSocket) -> UdpSocket {
        UdpSocket::from_std(socket).expect("a socket")
    }

    pub(super) fn unix(stream: std::os::unix::net::UnixStream) -> UnixStream {
        UnixStream::from_std(stream).expect("a stream")
    }

    /// `jobs` times `f`, on as many blocking threads as there are processors: tokio would start
    /// one for each job, up to 512, which nobody wants for CPU work.
    pub(crate) fn map(jobs: usize, f: fn(usize) -> u64) -> Duration {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        let runtime = builder
            .enable_all()
            .max_blocking_threads(crate::cores())
            .build()
            .expect("a runtime");
        runtime.block_on(async move {
            let start = Instant::now();
            let handles: Vec<_> = (0..jobs).map(|n| spawn_blocking(move || f(n))).collect();
            for handle in handles {
                handle.await.expect("it ends");
            }
            start.elapsed()
        })
    }
}

pub(crate) use rt::map;

#[path = "tasks.rs"]
pub mod tasks;

#[path = "channels.rs"]
pub mod channels;

#[path = "choices.rs"]
pub mod choices;

#[path = "streams.rs"]
pub mod streams;

#[path = "workers.rs"]
pub mod workers;

#[path = "files.rs"]
pub mod files;

#[path = "lateness.rs"]
pub mod lateness;

#[path = "heap.rs"]
pub mod heap;
