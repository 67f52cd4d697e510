//! tokio's current-thread runtime with a `LocalSet`, whose tasks need no `Send`, as hob's do not.

/// What the programs need of a runtime.
mod rt {
    pub(super) use std::rc::Rc as Shared;
    pub(super) use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
    pub(super) use tokio::net::{TcpListener, TcpStream, UdpSocket, UnixStream};
    pub(super) use tokio::sync::{Mutex, Semaphore, mpsc};
    pub(super) use tokio::task::{spawn_local as spawn, yield_now};
    pub(super) use tokio::time::{Instant, sleep_until};

    pub(super) fn in_a_task<T: 'static>(work: impl Future<Output = T> + 'static) -> T {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        let runtime = builder.enable_all().build().expect("a runtime");
        let local = tokio::task::LocalSet::new();
        local.block_on(&runtime, async { spawn(work).await.expect("it ends") })
    }

    pub(super) fn tcp(stream: std::net::TcpStream) -> TcpStream {
        TcpStream::from_std(stream).expect("a stream")
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
}

#[path = "tasks.rs"]
pub mod tasks;

#[path = "channels.rs"]
pub mod channels;

#[path = "streams.rs"]
pub mod streams;
