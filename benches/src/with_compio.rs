//! compio on io_uring, under the names that the programs use.

/// What the programs need of a runtime.
mod rt {
    use compio::BufResult;
    pub(super) use compio::fs::File;
    use compio::io::{AsyncRead, AsyncReadAt, AsyncWrite, AsyncWriteAtExt, AsyncWriteExt};
    pub(super) use compio::net::{TcpListener, TcpStream, UdpSocket, UnixStream};
    pub(super) use compio::runtime::{spawn, time::sleep_until};
    pub(super) use futures_lite::future::yield_now;
    pub(super) use std::time::Instant;

    pub(super) fn in_a_task<T: 'static>(work: impl Future<Output = T> + 'static) -> T {
        let runtime = compio::runtime::Runtime::new().expect("a runtime");
        runtime.block_on(async { spawn(work).await.expect("it ends") })
    }

    pub(super) trait Stream: AsyncRead + AsyncWrite + 'static {}
    impl<S: AsyncRead + AsyncWrite + 'static> Stream for S {}

    pub(super) async fn read(stream: &mut impl Stream, buffer: Vec<u8>) -> Vec<u8> {
        let BufResult(result, buffer) = stream.read(buffer).await;
        result.expect("read");
        buffer
    }

    pub(super) async fn write_all(stream: &mut impl Stream, buffer: Vec<u8>) -> Vec<u8> {
        let BufResult(result, buffer) = stream.write_all(buffer).await;
        result.expect("written");
        buffer
    }

    pub(super) async fn send(socket: &UdpSocket, buffer: Vec<u8>) -> Vec<u8> {
        let BufResult(result, buffer) = socket.send(buffer).await;
        result.expect("sent");
        buffer
    }

    pub(super) async fn receive(socket: &UdpSocket, buffer: Vec<u8>) -> Vec<u8> {
        let BufResult(result, buffer) = socket.recv(buffer).await;
        result.expect("received");
        buffer
    }

    pub(super) async fn write_at(file: &mut File, buffer: Vec<u8>, at: u64) -> Vec<u8> {
        let BufResult(result, buffer) = file.write_all_at(buffer, at).await;
        result.expect("written");
        buffer
    }

    pub(super) async fn read_at(file: &File, buffer: Vec<u8>, at: u64) -> Vec<u8> {
        let BufResult(result, buffer) = file.read_at(buffer, at).await;
        result.expect("read");
        buffer
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

#[path = "owned.rs"]
pub mod owned;
pub use owned as files;
pub use owned as streams;
