//! hob, under the names that the programs use.

/// What the programs need of a runtime.
mod rt {
    pub(super) use futures_lite::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
    pub(super) use hob::fs::{self, File};
    pub(super) use hob::future::join_all;
    pub(super) use hob::net::{TcpListener, TcpStream, UdpSocket, UnixStream};
    pub(super) use hob::sync::{Mutex, Notify, Semaphore, mpsc, oneshot};
    pub(super) use hob::time::sleep_until;
    pub(super) use hob::{JoinSet, select, spawn, spawn_blocking, yield_now};
    pub(super) use std::rc::Rc as Shared;
    use std::time::Duration;
    pub(super) use std::time::Instant;

    pub(super) fn in_a_task<T: 'static>(work: impl Future<Output = T> + 'static) -> T {
        hob::block_on(async { spawn(work).await.expect("it ends") })
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

    /// `jobs` times `f`, on all workers.
    pub(crate) fn map(jobs: usize, f: fn(usize) -> u64) -> Duration {
        in_a_task(async move {
            let start = Instant::now();
            let mut mapped = hob::blocking::map(0..jobs, f);
            while let Some(result) = mapped.next().await {
                result.expect("it ends");
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
