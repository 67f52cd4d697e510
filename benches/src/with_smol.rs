//! smol, under the names that the programs use: `LocalExecutor`, and `async-io` below the
//! sockets and timers. Channels and locks are those of the same family, `async-channel` and
//! `async-lock`.

/// What the programs need of a runtime.
mod rt {
    use async_executor::LocalExecutor;
    use async_executor::Task;
    pub(super) use async_fs::{self as fs, File};
    pub(super) use async_lock::Mutex;
    pub(super) use async_net::{TcpListener, TcpStream, UdpSocket, unix::UnixStream};
    pub(super) use futures_lite::future::yield_now;
    pub(super) use futures_lite::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
    use std::cell::RefCell;
    use std::convert::Infallible;
    use std::pin::Pin;
    use std::rc::Rc;
    pub(super) use std::rc::Rc as Shared;
    use std::task::{Context, Poll};
    pub(super) use std::time::Instant;

    thread_local! {
        /// The executor of this round. smol hands it around; the programs call a function.
        static CURRENT: RefCell<Rc<LocalExecutor<'static>>> = RefCell::default();
    }

    /// A task of smol that says `Ok`, as the handles of the others do.
    pub(super) struct Handle<T>(Task<T>);

    impl<T> Future for Handle<T> {
        type Output = Result<T, Infallible>;

        fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
            Pin::new(&mut self.0).poll(cx).map(Ok)
        }
    }

    pub(super) fn spawn<T: 'static>(future: impl Future<Output = T> + 'static) -> Handle<T> {
        Handle(CURRENT.with_borrow(|executor| executor.spawn(future)))
    }

    pub(super) fn spawn_blocking<T: Send + 'static>(
        f: impl FnOnce() -> T + Send + 'static,
    ) -> Handle<T> {
        Handle(blocking::unblock(f))
    }

    pub(super) fn in_a_task<T: 'static>(work: impl Future<Output = T> + 'static) -> T {
        let executor = CURRENT.replace(Rc::default());
        drop(executor);
        let executor = CURRENT.with_borrow(Rc::clone);
        async_io::block_on(executor.run(async { spawn(work).await.expect("it ends") }))
    }

    pub(super) async fn sleep_until(deadline: Instant) {
        async_io::Timer::at(deadline).await;
    }

    pub(super) fn tcp(stream: std::net::TcpStream) -> TcpStream {
        TcpStream::try_from(stream).expect("a stream")
    }

    pub(super) fn listener(listener: std::net::TcpListener) -> TcpListener {
        TcpListener::try_from(listener).expect("a listener")
    }

    pub(super) fn udp(socket: std::net::UdpSocket) -> UdpSocket {
        UdpSocket::try_from(socket).expect("a socket")
    }

    pub(super) fn unix(stream: std::os::unix::net::UnixStream) -> UnixStream {
        UnixStream::try_from(stream).expect("a stream")
    }

    /// Its semaphore is never closed, so it has nothing to report.
    pub(super) struct Semaphore(async_lock::Semaphore);

    impl Semaphore {
        pub(super) fn new(permits: usize) -> Semaphore {
            Semaphore(async_lock::Semaphore::new(permits))
        }

        pub(super) async fn acquire(&self) -> Result<async_lock::SemaphoreGuard<'_>, Infallible> {
            Ok(self.0.acquire().await)
        }
    }

    pub(super) mod mpsc {
        pub(in super::super) struct Receiver<T>(async_channel::Receiver<T>);

        impl<T> Receiver<T> {
            pub(in super::super) async fn recv(&mut self) -> Option<T> {
                self.0.recv().await.ok()
            }
        }

        pub(in super::super) fn channel<T>(room: usize) -> (async_channel::Sender<T>, Receiver<T>) {
            let (sender, receiver) = async_channel::bounded(room);
            (sender, Receiver(receiver))
        }
    }
}

#[path = "tasks.rs"]
pub mod tasks;

#[path = "channels.rs"]
pub mod channels;

#[path = "streams.rs"]
pub mod streams;

#[path = "workers.rs"]
pub mod workers;

#[path = "files.rs"]
pub mod files;

#[path = "lateness.rs"]
pub mod lateness;
