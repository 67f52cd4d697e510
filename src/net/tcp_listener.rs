//! The end that waits for connections: [`TcpListener`].
//! What it does with errors is told in `incoming`.

use std::fmt;
use std::future::Future;
use std::io;
use std::net::{self, SocketAddr};
use std::panic::Location;
use std::task::{Context, Poll};

use super::addr::{self, ToSocketAddrs};
use super::dns;
use super::incoming::{self, Incoming};
use super::tcp_socket::TcpSocket;
use super::tcp_stream::TcpStream;
use crate::reactor::{Direction, Source};

/// How many connections the kernel holds for us until they are accepted, as far as the
/// system allows it (`net.core.somaxconn` on Linux).
const BACKLOG: u32 = 1024;

/// A TCP socket that listens for connections.
///
/// ```
/// # hob::block_on(async {
/// use hob::net::{TcpListener, TcpStream};
///
/// let listener = TcpListener::bind("127.0.0.1:0").await?;
/// let client = TcpStream::connect(listener.local_addr()?).await?;
/// let (stream, peer) = listener.accept().await?;
/// assert_eq!(peer, client.local_addr()?);
/// # drop(stream);
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
pub struct TcpListener {
    source: Source<mio::net::TcpListener>,
}

impl TcpListener {
    /// Binds to `addr` and listens. Port 0 lets the system choose one: see
    /// [`TcpListener::local_addr`]. A name that stands for several addresses is tried in
    /// their order.
    ///
    /// On Unix the address can be reused at once after a server has ended (`SO_REUSEADDR`).
    /// For other options make a [`TcpSocket`].
    ///
    /// It waits only for a name to be resolved.
    ///
    /// *Cancel safety*: nothing stays behind.
    ///
    /// # Errors
    /// `AddrInUse`, `PermissionDenied` and the like; outside of a runtime.
    #[track_caller]
    pub fn bind<A: ToSocketAddrs>(
        addr: A,
    ) -> impl Future<Output = io::Result<TcpListener>> + use<A> {
        let at = Location::caller();
        let addrs = dns::resolve(addr.target());
        async move {
            let addrs = addrs.await?;
            addr::first_that_works(&addrs, |addr| {
                let socket = TcpSocket::for_addr(addr)?;
                #[cfg(unix)]
                socket.set_reuseaddr(true)?;
                socket.bind(addr)?;
                socket.listen_at(BACKLOG, at)
            })
        }
    }

    /// Takes over a listener of std's, and sets it non-blocking.
    ///
    /// # Errors
    /// Outside of a runtime, and what the kernel says.
    #[track_caller]
    pub fn from_std(listener: net::TcpListener) -> io::Result<TcpListener> {
        // A blocking one would stop the whole loop at its first accept (trap 17).
        listener.set_nonblocking(true)?;
        let listener = mio::net::TcpListener::from_std(listener);
        let source = Source::take_over(listener, Location::caller())?;
        Ok(TcpListener { source })
    }

    /// For one that was made here, and is non-blocking.
    pub(super) fn from_mio(
        listener: mio::net::TcpListener,
        at: &'static Location<'static>,
    ) -> io::Result<TcpListener> {
        let source = Source::new_for(listener, at)?;
        Ok(TcpListener { source })
    }

    /// Gives the listener back to std, still non-blocking.
    ///
    /// # Errors
    /// What the kernel says.
    pub fn into_std(self) -> io::Result<net::TcpListener> {
        self.source.into_inner().map(net::TcpListener::from)
    }

    /// Waits for the next connection and answers with it and its peer's address. Any number
    /// of tasks may wait on one listener; each connection goes to one of them.
    ///
    /// *Cancel safety*: a connection is taken only in the poll that gives it to you.
    ///
    /// # Errors
    /// When the process or the system has no descriptors left, above all. The connection then
    /// stays with the kernel, and the next `accept` tries again at once, so rest for a moment
    /// (100 ms) before it, or the loop will spin. [`TcpListener::incoming`] does.
    #[track_caller]
    pub fn accept(&self) -> impl Future<Output = io::Result<(TcpStream, SocketAddr)>> + Unpin {
        let at = Location::caller();
        self.source
            .io(Direction::Read, move |io| accept_one(io, at))
    }

    /// [`TcpListener::accept`] for hand-written futures. Only the task that polled last is
    /// woken.
    ///
    /// # Errors
    /// As for `accept`.
    #[track_caller]
    pub fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<(TcpStream, SocketAddr)>> {
        let at = Location::caller();
        self.source
            .poll_io(cx, Direction::Read, |io| accept_one(io, at))
    }

    /// The connections as a stream that does not end.
    ///
    /// After an error it rests for 100 ms before it tries again, so that a server that is out
    /// of descriptors neither spins nor stalls: just go on with the loop.
    ///
    /// ```
    /// # hob::block_on(async {
    /// # use hob::net::{TcpListener, TcpStream};
    /// use futures_lite::StreamExt;
    ///
    /// let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// let client = TcpStream::connect(listener.local_addr()?).await?;
    /// let stream = listener.incoming().next().await.unwrap()?;
    /// assert_eq!(stream.peer_addr()?, client.local_addr()?);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    #[track_caller]
    pub fn incoming(&self) -> Incoming<'_> {
        Incoming::new(&self.source)
    }

    /// The address that it listens on.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.source.get_ref().local_addr()
    }

    /// How many routers a packet may pass (`IP_TTL`).
    pub fn ttl(&self) -> io::Result<u32> {
        self.source.get_ref().ttl()
    }

    /// Sets how many routers a packet may pass (`IP_TTL`), for the connections too.
    pub fn set_ttl(&self, ttl: u32) -> io::Result<()> {
        self.source.get_ref().set_ttl(ttl)
    }

    /// Takes the error that the kernel has put down for this socket, if any (`SO_ERROR`).
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.source.get_ref().take_error()
    }
}

/// The next connection that is still alive.
pub(super) fn accept_one(
    listener: &mio::net::TcpListener,
    at: &'static Location<'static>,
) -> io::Result<(TcpStream, SocketAddr)> {
    let (stream, peer) = incoming::skip_aborted(|| listener.accept())?;
    Ok((TcpStream::from_mio(stream, at)?, peer))
}

#[cfg(unix)]
impl std::os::fd::AsFd for TcpListener {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        self.source.lend().as_fd()
    }
}

#[cfg(unix)]
impl std::os::fd::AsRawFd for TcpListener {
    fn as_raw_fd(&self) -> std::os::fd::RawFd {
        self.source.lend().as_raw_fd()
    }
}

#[cfg(windows)]
impl std::os::windows::io::AsSocket for TcpListener {
    fn as_socket(&self) -> std::os::windows::io::BorrowedSocket<'_> {
        self.source.lend().as_socket()
    }
}

impl fmt::Debug for TcpListener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.source.fmt(f)
    }
}
