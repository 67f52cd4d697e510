//! One connection between two processes of a machine: [`UnixStream`].
//! This file is long because it has all of a stream's methods. Each is one line and its promise.
//!
//! Its methods are those of [`TcpStream`](super::TcpStream), both around `stream_ops`. What is
//! different is the way into a connection. Law: on a Unix socket, `connect(2)` connects at once
//! or fails at once; no connection comes about behind our back. If the listener's backlog is
//! full it fails with `EAGAIN`, and no event tells of room: see `pause`.
//!
//! Not here: `peer_cred`, who is at the other end. Neither std, mio nor socket2 asks the kernel
//! for it in safe code; who needs it can ask rustix, with the `AsFd` below.

use std::fmt;
use std::future::Future;
use std::io::{self, IoSlice, IoSliceMut};
use std::net::Shutdown;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::os::unix::net::{self, SocketAddr};
use std::panic::Location;
use std::path::Path;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::connection::{Connection, Whole};
use super::pause::Pauses;
use super::ready::{self, Interest, Ready};
use super::split::{self, OwnedReadHalf, OwnedWriteHalf, ReadHalf, WriteHalf};
use super::stream_ops::{self, async_read, async_write};
use super::unix_listener;
use crate::reactor::{Direction, Source};

/// A Unix stream: a connection to another process of this machine, or within this one.
///
/// It is used like a [`TcpStream`](super::TcpStream); addresses are paths, and on Linux also
/// *abstract* names, which are no files ([`UnixStream::connect_addr`]).
///
/// ```
/// # hob::block_on(async {
/// use hob::net::UnixStream;
///
/// let (here, there) = UnixStream::pair()?;
/// here.write_all(b"ping").await?;
/// let mut buf = [0; 16];
/// let n = there.read(&mut buf).await?;
/// assert_eq!(&buf[..n], b"ping");
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
pub struct UnixStream {
    source: Source<mio::net::UnixStream>,
}

impl UnixStream {
    /// Connects to the socket at `path`.
    ///
    /// It waits only while the listener has more connections waiting than it wants to hold,
    /// and then looks again in pauses of at most 64 ms.
    ///
    /// *Cancel safety*: nothing stays behind.
    ///
    /// # Errors
    /// `NotFound`; `ConnectionRefused` if nobody listens there any more (the file stays behind
    /// when a listener ends); `PermissionDenied`; outside of a runtime.
    ///
    /// ```
    /// # hob::block_on(async {
    /// # let path = std::env::temp_dir().join(format!("hob-doc-connect-{}", std::process::id()));
    /// let listener = hob::net::UnixListener::bind(&path)?;
    /// let stream = hob::net::UnixStream::connect(&path).await?;
    /// assert_eq!(stream.peer_addr()?.as_pathname(), Some(path.as_path()));
    /// std::fs::remove_file(&path)?;
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    #[track_caller]
    pub fn connect<P: AsRef<Path>>(
        path: P,
    ) -> impl Future<Output = io::Result<UnixStream>> + use<P> {
        connect_to(SocketAddr::from_pathname(path), Location::caller())
    }

    /// [`UnixStream::connect`] to an address of std's: on Linux it may be an abstract one
    /// (`SocketAddrExt::from_abstract_name`).
    ///
    /// *Cancel safety*: nothing stays behind.
    ///
    /// # Errors
    /// As for `connect`.
    #[track_caller]
    pub fn connect_addr(addr: &SocketAddr) -> impl Future<Output = io::Result<UnixStream>> + use<> {
        connect_to(Ok(addr.clone()), Location::caller())
    }

    /// Two streams that are connected to each other and have no address.
    ///
    /// # Errors
    /// The process or the system may be out of descriptors; outside of a runtime.
    #[track_caller]
    pub fn pair() -> io::Result<(UnixStream, UnixStream)> {
        let at = Location::caller();
        let (here, there) = mio::net::UnixStream::pair()?;
        Ok((
            UnixStream::from_mio(here, at)?,
            UnixStream::from_mio(there, at)?,
        ))
    }

    /// Takes over a connection of std's, and sets it non-blocking.
    ///
    /// # Errors
    /// Outside of a runtime, and what the kernel says.
    #[track_caller]
    pub fn from_std(stream: net::UnixStream) -> io::Result<UnixStream> {
        // A blocking one would stop the whole loop at its first read (trap 17).
        stream.set_nonblocking(true)?;
        let stream = mio::net::UnixStream::from_std(stream);
        let source = Source::take_over(stream, Location::caller())?;
        Ok(UnixStream { source })
    }

    /// Gives the connection back to std, still non-blocking. It is `Send`, and the way to take
    /// a connection to another runtime.
    ///
    /// # Errors
    /// What the kernel says.
    pub fn into_std(self) -> io::Result<net::UnixStream> {
        self.source.into_inner().map(net::UnixStream::from)
    }

    pub(super) fn from_mio(
        stream: mio::net::UnixStream,
        at: &'static Location<'static>,
    ) -> io::Result<UnixStream> {
        let source = Source::new_for(stream, at)?;
        Ok(UnixStream { source })
    }

    /// Reads into `buf` what is there, and waits while there is nothing. 0 says that the peer
    /// will send no more (or that `buf` is empty).
    ///
    /// *Cancel safety*: bytes are taken only in the poll that gives them to you.
    #[track_caller]
    pub fn read<'a>(
        &'a self,
        buf: &'a mut [u8],
    ) -> impl Future<Output = io::Result<usize>> + Unpin {
        stream_ops::read(&self.source, buf)
    }

    /// Like [`UnixStream::read`] into several buffers, one after the other (`readv(2)`).
    ///
    /// *Cancel safety*: as for `read`.
    #[track_caller]
    pub fn read_vectored<'a>(
        &'a self,
        bufs: &'a mut [IoSliceMut<'_>],
    ) -> impl Future<Output = io::Result<usize>> + Unpin {
        stream_ops::read_vectored(&self.source, bufs)
    }

    /// Fills the whole of `buf`.
    ///
    /// *Cancel safety*: what was read until then is in `buf`, but how much that is, is lost.
    ///
    /// # Errors
    /// `UnexpectedEof` if the peer ends first, and those of `read`.
    #[track_caller]
    pub fn read_exact<'a>(
        &'a self,
        buf: &'a mut [u8],
    ) -> impl Future<Output = io::Result<()>> + Unpin {
        stream_ops::read_exact(&self.source, buf)
    }

    /// Appends everything that comes to `buf`, until the peer ends. Answers how much it was.
    /// There is no limit: use it where you trust the peer.
    ///
    /// *Cancel safety*: what was read until then is in `buf`, and nothing else.
    #[track_caller]
    pub fn read_to_end<'a>(
        &'a self,
        buf: &'a mut Vec<u8>,
    ) -> impl Future<Output = io::Result<usize>> + Unpin {
        stream_ops::read_to_end(&self.source, buf)
    }

    /// Writes some of `buf`, as much as the kernel takes, and waits while it takes none.
    /// That it took it does not say that the peer has it.
    ///
    /// *Cancel safety*: bytes go only in the poll that answers how many.
    #[track_caller]
    pub fn write<'a>(&'a self, buf: &'a [u8]) -> impl Future<Output = io::Result<usize>> + Unpin {
        stream_ops::write(&self.source, buf)
    }

    /// Like [`UnixStream::write`] from several buffers, one after the other (`writev(2)`).
    ///
    /// *Cancel safety*: as for `write`.
    #[track_caller]
    pub fn write_vectored<'a>(
        &'a self,
        bufs: &'a [IoSlice<'_>],
    ) -> impl Future<Output = io::Result<usize>> + Unpin {
        stream_ops::write_vectored(&self.source, bufs)
    }

    /// Writes the whole of `buf`.
    ///
    /// *Cancel safety*: some of it may have gone, and how much is not known: do not write to
    /// this connection any more.
    ///
    /// # Errors
    /// `BrokenPipe` or `ConnectionReset` if the peer has gone.
    #[track_caller]
    pub fn write_all<'a>(&'a self, buf: &'a [u8]) -> impl Future<Output = io::Result<()>> + Unpin {
        stream_ops::write_all(&self.source, buf)
    }

    /// Does nothing: what was written is with the kernel already. It is here so that code for
    /// any writer reads the same.
    pub async fn flush(&self) -> io::Result<()> {
        Ok(())
    }

    /// Ends one direction or both, for the peer too. It does not wait, and what was written
    /// before still arrives.
    ///
    /// # Errors
    /// What `shutdown(2)` says, but not that the peer has gone already.
    ///
    /// ```
    /// # hob::block_on(async {
    /// # let (here, there) = hob::net::UnixStream::pair()?;
    /// here.shutdown(std::net::Shutdown::Write)?;
    /// assert_eq!(there.read(&mut [0; 16]).await?, 0);
    /// there.write_all(b"still open the other way").await?;
    /// assert_eq!(here.read(&mut [0; 64]).await?, 24);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        stream_ops::shutdown(&self.source, how)
    }

    /// Is something to be read at this moment, a byte, an end or an error? Takes nothing.
    #[cfg(feature = "http")]
    pub(crate) fn has_news(&self) -> bool {
        let seen = self.source.probe(|io| {
            let mut byte = [std::mem::MaybeUninit::uninit()];
            socket2::SockRef::from(io).peek(&mut byte)
        });
        !seen.is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock)
    }

    /// Reads what is there at this moment, or says `WouldBlock`: the kernel is asked.
    #[cfg(feature = "http")]
    pub(crate) fn read_now(&self, into: &mut [u8]) -> io::Result<usize> {
        stream_ops::read_now(&self.source, into)
    }

    /// Waits until there may be something to read: bytes, the end, or an error. It can be
    /// wrong, so go on with [`UnixStream::try_read`] in a loop.
    ///
    /// *Cancel safety*: nothing is lost.
    #[track_caller]
    pub fn readable(&self) -> impl Future<Output = io::Result<()>> + Unpin {
        self.source.readiness(Direction::Read)
    }

    /// Waits until the kernel may take bytes again, or the connection is broken. It can be
    /// wrong, so go on with [`UnixStream::try_write`] in a loop.
    ///
    /// *Cancel safety*: nothing is lost.
    #[track_caller]
    pub fn writable(&self) -> impl Future<Output = io::Result<()>> + Unpin {
        self.source.readiness(Direction::Write)
    }

    /// Waits until at least one of the directions in `interest` may be worth a try, and
    /// answers which. It can be wrong.
    ///
    /// *Cancel safety*: nothing is lost.
    #[track_caller]
    pub fn ready(&self, interest: Interest) -> impl Future<Output = io::Result<Ready>> + Unpin {
        ready::ready(&self.source, interest)
    }

    /// Does an operation of your own on the socket, without waiting (passing a descriptor, for
    /// instance): see [`TcpStream::try_io`](super::TcpStream::try_io), whose rules are the same.
    ///
    /// # Errors
    /// `WouldBlock`; then [`UnixStream::ready`] is worth waiting for. And those of `op`.
    pub fn try_io<R>(
        &self,
        interest: Interest,
        mut op: impl FnMut() -> io::Result<R>,
    ) -> io::Result<R> {
        ready::try_io(&self.source, interest, |io| io.try_io(&mut op))
    }

    /// Reads what is there, without waiting.
    ///
    /// # Errors
    /// `WouldBlock` if there is nothing; then [`UnixStream::readable`] is worth waiting for.
    pub fn try_read(&self, buf: &mut [u8]) -> io::Result<usize> {
        stream_ops::try_read(&self.source, buf)
    }

    /// [`UnixStream::try_read`] into several buffers.
    ///
    /// # Errors
    /// As for `try_read`.
    pub fn try_read_vectored(&self, bufs: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        stream_ops::try_read_vectored(&self.source, bufs)
    }

    /// Writes what the kernel takes, without waiting.
    ///
    /// # Errors
    /// `WouldBlock` if it takes nothing; then [`UnixStream::writable`] is worth waiting for.
    pub fn try_write(&self, buf: &[u8]) -> io::Result<usize> {
        stream_ops::try_write(&self.source, buf)
    }

    /// [`UnixStream::try_write`] from several buffers.
    ///
    /// # Errors
    /// As for `try_write`.
    pub fn try_write_vectored(&self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        stream_ops::try_write_vectored(&self.source, bufs)
    }

    /// The address of this end; that of a client is unnamed, as a rule.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.source.get_ref().local_addr()
    }

    /// The address of the other end; that of a client is unnamed, as a rule.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.source.get_ref().peer_addr()
    }

    /// Takes the error that the kernel has put down for this socket, if any (`SO_ERROR`).
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.source.get_ref().take_error()
    }

    /// Borrows the two directions apart, so that two futures of one task can each have one.
    pub fn split(&mut self) -> (ReadHalf<'_, UnixStream>, WriteHalf<'_, UnixStream>) {
        split::split(self)
    }

    /// Takes the two directions apart, so that two tasks can each own one. Dropping the
    /// writing half tells the peer that no more will come.
    ///
    /// ```
    /// # hob::block_on(async {
    /// # let (here, there) = hob::net::UnixStream::pair()?;
    /// let (reading, writing) = here.into_split();
    /// writing.write_all(b"bye").await?;
    /// drop(writing);
    /// let mut got = Vec::new();
    /// there.read_to_end(&mut got).await?;
    /// assert_eq!(got, b"bye");
    /// # drop(reading);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn into_split(self) -> (OwnedReadHalf<UnixStream>, OwnedWriteHalf<UnixStream>) {
        split::into_split(self)
    }
}

async fn connect_to(
    addr: io::Result<SocketAddr>,
    at: &'static Location<'static>,
) -> io::Result<UnixStream> {
    let addr = addr?;
    let mut pauses = Pauses::new(at);
    loop {
        match mio::net::UnixStream::connect_addr(&addr) {
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => pauses.pause().await,
            connected => return UnixStream::from_mio(connected?, at),
        }
    }
}

async_read!([] UnixStream);
async_read!([] & UnixStream);
async_write!([] UnixStream);
async_write!([] & UnixStream);

impl Whole for UnixStream {
    type Io = mio::net::UnixStream;
    type Listener = mio::net::UnixListener;

    fn source(&self) -> &Source<mio::net::UnixStream> {
        &self.source
    }

    fn accept_from(
        listener: &mio::net::UnixListener,
        at: &'static Location<'static>,
    ) -> io::Result<UnixStream> {
        unix_listener::accept_one(listener, at).map(|(stream, _)| stream)
    }
}

impl Connection for UnixStream {
    type Addr = SocketAddr;

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.local_addr()
    }

    fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.peer_addr()
    }
}

impl AsFd for UnixStream {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.source.lend().as_fd()
    }
}

impl AsRawFd for UnixStream {
    fn as_raw_fd(&self) -> RawFd {
        self.source.lend().as_raw_fd()
    }
}

impl fmt::Debug for UnixStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.source.fmt(f)
    }
}
