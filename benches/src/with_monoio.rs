//! monoio on io_uring, under the names that the programs use.

/// What the programs need of a runtime.
mod rt {
    pub(super) use futures_lite::future::yield_now;
    pub(super) use monoio::fs::File;
    use monoio::io::{AsyncReadRent, AsyncWriteRent, AsyncWriteRentExt};
    pub(super) use monoio::net::{TcpListener, TcpStream, UnixStream, udp::UdpSocket};
    use monoio::task::JoinHandle;
    use std::convert::Infallible;
    use std::pin::Pin;
    use std::task::{Context, Poll};
    pub(super) use std::time::Instant;

    /// A task of monoio that says `Ok`, as the handles of the others do.
    pub(super) struct Handle<T>(JoinHandle<T>);

    impl<T> Future for Handle<T> {
        type Output = Result<T, Infallible>;

        fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
            Pin::new(&mut self.0).poll(cx).map(Ok)
        }
    }

    pub(super) fn spawn<T: 'static>(future: impl Future<Output = T> + 'static) -> Handle<T> {
        Handle(monoio::spawn(future))
    }

    pub(super) fn in_a_task<T: 'static>(work: impl Future<Output = T> + 'static) -> T {
        let builder = monoio::RuntimeBuilder::<monoio::IoUringDriver>::new().enable_timer();
        let mut runtime = builder.with_entries(1024).build().expect("a runtime");
        runtime.block_on(async { spawn(work).await.expect("it ends") })
    }

    pub(super) async fn sleep_until(deadline: Instant) {
        monoio::time::sleep_until(deadline.into()).await;
    }

    pub(super) trait Stream: AsyncReadRent + AsyncWriteRent + 'static {}
    impl<S: AsyncReadRent + AsyncWriteRent + 'static> Stream for S {}

    pub(super) async fn read(stream: &mut impl Stream, buffer: Vec<u8>) -> Vec<u8> {
        let (result, buffer) = stream.read(buffer).await;
        result.expect("read");
        buffer
    }

    pub(super) async fn write_all(stream: &mut impl Stream, buffer: Vec<u8>) -> Vec<u8> {
        let (result, buffer) = stream.write_all(buffer).await;
        result.expect("written");
        buffer
    }

    pub(super) async fn send(socket: &UdpSocket, buffer: Vec<u8>) -> Vec<u8> {
        let (result, buffer) = socket.send(buffer).await;
        result.expect("sent");
        buffer
    }

    pub(super) async fn receive(socket: &UdpSocket, buffer: Vec<u8>) -> Vec<u8> {
        let (result, buffer) = socket.recv(buffer).await;
        result.expect("received");
        buffer
    }

    pub(super) async fn write_at(file: &mut File, buffer: Vec<u8>, at: u64) -> Vec<u8> {
        let (result, buffer) = file.write_all_at(buffer, at).await;
        result.expect("written");
        buffer
    }

    pub(super) async fn read_at(file: &File, buffer: Vec<u8>, at: u64) -> Vec<u8> {
        let (result, buffer) = file.read_at(buffer, at).await;
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
