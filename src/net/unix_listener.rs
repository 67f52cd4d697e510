//! The end that waits for Unix connections: [`UnixListener`].
//! What it does with errors is told in `incoming`.

use std::fmt;
use std::future::Future;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::os::unix::net::{self, SocketAddr};
use std::panic::Location;
use std::path::Path;
use std::task::{Context, Poll};

use super::incoming::{self, Incoming};
use super::unix_stream::UnixStream;
use crate::reactor::{Direction, Source};

/// A Unix socket that listens for connections.
///
/// Binding makes a file of the kind "socket", and nothing removes it: not the drop of the
/// listener, not the end of the process. As with std's, a path that exists cannot be bound
/// again (`AddrInUse`); who starts a server removes what an earlier one has left.
///
/// ```
/// # hob::block_on(async {
/// use hob::net::{UnixListener, UnixStream};
///
/// # let path = std::env::temp_dir().join(format!("hob-doc-listener-{}", std::process::id()));
/// let listener = UnixListener::bind(&path)?;
/// let client = UnixStream::connect(&path).await?;
/// let (server, _) = listener.accept().await?;
/// server.write_all(b"welcome").await?;
/// assert_eq!(client.read(&mut [0; 16]).await?, 7);
/// std::fs::remove_file(&path)?;
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
pub struct UnixListener {
    source: Source<mio::net::UnixListener>,
}

impl UnixListener {
    /// Binds to `path`, where there must be nothing yet, and listens. It does not wait.
    ///
    /// # Errors
    /// `AddrInUse` if there is something; `PermissionDenied`; the path is too long (107 bytes
    /// on Linux, 103 elsewhere); outside of a runtime.
    #[track_caller]
    pub fn bind<P: AsRef<Path>>(path: P) -> io::Result<UnixListener> {
        UnixListener::bind_addr(&SocketAddr::from_pathname(path)?)
    }

    /// [`UnixListener::bind`] to an address of std's: on Linux it may be an abstract one
    /// (`SocketAddrExt::from_abstract_name`), which is no file and ends with its socket.
    ///
    /// # Errors
    /// As for `bind`.
    #[track_caller]
    pub fn bind_addr(addr: &SocketAddr) -> io::Result<UnixListener> {
        let source = Source::new(mio::net::UnixListener::bind_addr(addr)?)?;
        Ok(UnixListener { source })
    }

    /// Takes over a listener of std's, and sets it non-blocking.
    ///
    /// # Errors
    /// Outside of a runtime, and what the kernel says.
    #[track_caller]
    pub fn from_std(listener: net::UnixListener) -> io::Result<UnixListener> {
        // A blocking one would stop the whole loop at its first accept (trap 17).
        listener.set_nonblocking(true)?;
        let listener = mio::net::UnixListener::from_std(listener);
        let source = Source::take_over(listener, Location::caller())?;
        Ok(UnixListener { source })
    }

    /// Gives the listener back to std, still non-blocking.
    ///
    /// # Errors
    /// What the kernel says.
    pub fn into_std(self) -> io::Result<net::UnixListener> {
        self.source.into_inner().map(net::UnixListener::from)
    }

    /// Waits for the next connection and answers with it and its peer's address, which is
    /// unnamed, as a rule. Any number of tasks may wait on one listener; each connection goes
    /// to one of them.
    ///
    /// *Cancel safety*: a connection is taken only in the poll that gives it to you.
    ///
    /// # Errors
    /// When the process or the system has no descriptors left, above all. The connection then
    /// stays with the kernel, and the next `accept` tries again at once, so rest for a moment
    /// (100 ms) before it, or the loop will spin. [`UnixListener::incoming`] does.
    #[track_caller]
    pub fn accept(&self) -> impl Future<Output = io::Result<(UnixStream, SocketAddr)>> + Unpin {
        let at = Location::caller();
        self.source
            .io(Direction::Read, move |io| accept_one(io, at))
    }

    /// [`UnixListener::accept`] for hand-written futures. Only the task that polled last is
    /// woken.
    ///
    /// # Errors
    /// As for `accept`.
    #[track_caller]
    pub fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<(UnixStream, SocketAddr)>> {
        let at = Location::caller();
        self.source
            .poll_io(cx, Direction::Read, |io| accept_one(io, at))
    }

    /// The connections as a stream that does not end.
    ///
    /// After an error it rests for 100 ms before it tries again, so that a server that is out
    /// of descriptors neither spins nor stalls: just go on with the loop.
    #[track_caller]
    pub fn incoming(&self) -> Incoming<'_, UnixStream> {
        Incoming::new(&self.source)
    }

    /// The address that it listens on.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.source.get_ref().local_addr()
    }

    /// Takes the error that the kernel has put down for this socket, if any (`SO_ERROR`).
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.source.get_ref().take_error()
    }
}

/// The next connection that is still alive.
pub(super) fn accept_one(
    listener: &mio::net::UnixListener,
    at: &'static Location<'static>,
) -> io::Result<(UnixStream, SocketAddr)> {
    let (stream, peer) = incoming::skip_aborted(|| listener.accept())?;
    Ok((UnixStream::from_mio(stream, at)?, peer))
}

impl AsFd for UnixListener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.source.lend().as_fd()
    }
}

impl AsRawFd for UnixListener {
    fn as_raw_fd(&self) -> RawFd {
        self.source.lend().as_raw_fd()
    }
}

impl fmt::Debug for UnixListener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.source.fmt(f)
    }
}
