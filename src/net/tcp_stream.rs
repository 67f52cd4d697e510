//! One TCP connection: [`TcpStream`].
//!
//! The byte-moving methods are those of `stream_ops`; what is TCP's own is the way
//! into a connection. Law: a non-blocking `connect` ends at once, and the connection comes
//! about, or not, behind our back; then the socket becomes writable *in either case*.
//! Consequence: after each such sign we ask the socket itself, for its peer first: it has one
//! if and only if it is connected. If it has none, its error says why, or that it is too soon
//! (trap 20).
//!
//! This file is long because a stream has many methods, and each says what it promises; there
//! is little code in it.

use std::fmt;
use std::future::Future;
use std::io::{self, IoSlice, IoSliceMut};
use std::net::{self, Shutdown, SocketAddr};
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use socket2::SockRef;

use super::addr::ToSocketAddrs;
use super::connection::{Connection, Whole};
use super::dns;
use super::ready::{self, Interest, Ready};
use super::split::{self, OwnedReadHalf, OwnedWriteHalf, ReadHalf, WriteHalf};
use super::stream_ops::{self, async_read, async_write};
use super::tcp_listener;
use crate::reactor::{Direction, Source};

/// A TCP connection.
///
/// Dropping it closes the connection; what was written is still sent. Its methods take `&self`, so one task may read while
/// another writes; or [split](TcpStream::into_split) it into two halves.
///
/// ```
/// # hob::block_on(async {
/// use hob::net::{TcpListener, TcpStream};
///
/// let listener = TcpListener::bind("127.0.0.1:0").await?;
/// let here = TcpStream::connect(listener.local_addr()?).await?;
/// let (there, _) = listener.accept().await?;
///
/// here.write_all(b"ping").await?;
/// let mut buf = [0; 16];
/// let n = there.read(&mut buf).await?;
/// assert_eq!(&buf[..n], b"ping");
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
pub struct TcpStream {
    pub(super) source: Source<mio::net::TcpStream>,
}

impl TcpStream {
    /// Connects to `addr`. A name that stands for several addresses is tried in their order,
    /// one after the other. (The HTTP client does not wait that long: it races them.)
    ///
    /// It waits for the name to be resolved, then for the peer to answer. How long that takes
    /// at most is up to the system, minutes often: wrap it in [`timeout`](crate::time::timeout).
    ///
    /// *Cancel safety*: dropping the future closes the socket; nothing stays behind.
    ///
    /// # Errors
    /// The last address's error, `ConnectionRefused` for instance; what the resolver says;
    /// the process may be out of descriptors.
    ///
    /// ```
    /// # hob::block_on(async {
    /// let listener = hob::net::TcpListener::bind("127.0.0.1:0").await?;
    /// let addr = listener.local_addr()?;
    /// let stream = hob::net::TcpStream::connect(addr).await?;
    /// assert_eq!(stream.peer_addr()?, addr);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    #[track_caller]
    pub fn connect<A: ToSocketAddrs>(
        addr: A,
    ) -> impl Future<Output = io::Result<TcpStream>> + use<A> {
        let at = Location::caller();
        let addrs = dns::resolve(addr.target());
        async move {
            let mut last = Err(io::ErrorKind::InvalidInput.into());
            for addr in addrs.await? {
                last = connect_to(addr, at).await;
                if last.is_ok() {
                    break;
                }
            }
            last
        }
    }

    /// Takes over a connection of std's, and sets it non-blocking. If it was to linger when
    /// it is closed, it no longer is: see [`TcpStream::set_zero_linger`].
    ///
    /// # Errors
    /// Outside of a runtime, and what the kernel says.
    ///
    /// ```
    /// # hob::block_on(async {
    /// let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    /// let std = std::net::TcpStream::connect(listener.local_addr()?)?;
    /// let stream = hob::net::TcpStream::from_std(std)?;
    /// assert_eq!(stream.peer_addr()?, listener.local_addr()?);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    #[track_caller]
    pub fn from_std(stream: net::TcpStream) -> io::Result<TcpStream> {
        // A blocking one would stop the whole loop at its first read (trap 17), and one that
        // lingers at its end (trap 53).
        stream.set_nonblocking(true)?;
        let socket = SockRef::from(&stream);
        if socket.linger()?.is_some_and(|time| !time.is_zero()) {
            socket.set_linger(None)?;
        }
        let stream = mio::net::TcpStream::from_std(stream);
        let source = Source::take_over(stream, Location::caller())?;
        Ok(TcpStream { source })
    }

    /// Gives the connection back to std, still non-blocking. It is `Send`, and the way to
    /// take a connection to another runtime.
    ///
    /// # Errors
    /// What the kernel says.
    ///
    /// ```
    /// # hob::block_on(async {
    /// let listener = hob::net::TcpListener::bind("127.0.0.1:0").await?;
    /// let stream = hob::net::TcpStream::connect(listener.local_addr()?).await?;
    /// let std: std::net::TcpStream = stream.into_std()?;
    /// std.set_nonblocking(false)?;
    /// assert_eq!(std.peer_addr()?, listener.local_addr()?);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn into_std(self) -> io::Result<net::TcpStream> {
        self.source.into_inner().map(net::TcpStream::from)
    }

    pub(super) fn from_mio(
        stream: mio::net::TcpStream,
        at: &'static Location<'static>,
    ) -> io::Result<TcpStream> {
        let source = Source::new_for(stream, at)?;
        Ok(TcpStream { source })
    }

    /// Reads into `buf` what is there, and waits while there is nothing. 0 says that the peer
    /// will send no more (or that `buf` is empty).
    ///
    /// *Cancel safety*: bytes are taken only in the poll that gives them to you.
    ///
    /// ```
    /// # hob::block_on(async {
    /// # use hob::net::{TcpListener, TcpStream};
    /// # let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// # let here = TcpStream::connect(listener.local_addr()?).await?;
    /// # let (there, _) = listener.accept().await?;
    /// there.write_all(b"last words").await?;
    /// drop(there);
    /// let mut buf = [0; 16];
    /// assert_eq!(here.read(&mut buf).await?, 10);
    /// assert_eq!(here.read(&mut buf).await?, 0);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    #[track_caller]
    pub fn read<'a>(
        &'a self,
        buf: &'a mut [u8],
    ) -> impl Future<Output = io::Result<usize>> + Unpin {
        stream_ops::read(&self.source, buf)
    }

    /// Like [`TcpStream::read`] into several buffers, one after the other (`readv(2)`).
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
    ///
    /// ```
    /// # hob::block_on(async {
    /// # use hob::net::{TcpListener, TcpStream};
    /// # let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// # let here = TcpStream::connect(listener.local_addr()?).await?;
    /// # let (there, _) = listener.accept().await?;
    /// there.write_all(b"12345").await?;
    /// let mut buf = [0; 4];
    /// here.read_exact(&mut buf).await?;
    /// assert_eq!(&buf, b"1234");
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
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
    ///
    /// ```
    /// # hob::block_on(async {
    /// # use hob::net::{TcpListener, TcpStream};
    /// # let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// # let here = TcpStream::connect(listener.local_addr()?).await?;
    /// # let (there, _) = listener.accept().await?;
    /// there.write_all(b"all of it").await?;
    /// there.shutdown(std::net::Shutdown::Write)?;
    /// let mut buf = Vec::new();
    /// assert_eq!(here.read_to_end(&mut buf).await?, 9);
    /// assert_eq!(buf, b"all of it");
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    #[track_caller]
    pub fn read_to_end<'a>(
        &'a self,
        buf: &'a mut Vec<u8>,
    ) -> impl Future<Output = io::Result<usize>> + Unpin {
        stream_ops::read_to_end(&self.source, buf)
    }

    /// Reads without taking: the next read gives the same bytes again. Waits while there are
    /// none; 0 says that the peer will send no more.
    ///
    /// *Cancel safety*: nothing is taken.
    ///
    /// ```
    /// # hob::block_on(async {
    /// # use hob::net::{TcpListener, TcpStream};
    /// # let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// # let here = TcpStream::connect(listener.local_addr()?).await?;
    /// # let (there, _) = listener.accept().await?;
    /// there.write_all(b"hi").await?;
    /// let mut buf = [0; 16];
    /// assert_eq!(here.peek(&mut buf).await?, 2);
    /// assert_eq!(here.read(&mut buf).await?, 2);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    #[track_caller]
    pub fn peek<'a>(
        &'a self,
        buf: &'a mut [u8],
    ) -> impl Future<Output = io::Result<usize>> + Unpin {
        self.source.peek(move |io| io.peek(buf))
    }

    /// Writes some of `buf`, as much as the kernel takes, and waits while it takes none.
    /// That it took it does not say that the peer has it.
    ///
    /// *Cancel safety*: bytes go only in the poll that answers how many.
    #[track_caller]
    pub fn write<'a>(&'a self, buf: &'a [u8]) -> impl Future<Output = io::Result<usize>> + Unpin {
        stream_ops::write(&self.source, buf)
    }

    /// Like [`TcpStream::write`] from several buffers, one after the other (`writev(2)`).
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
    /// # use hob::net::{TcpListener, TcpStream};
    /// # let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// # let here = TcpStream::connect(listener.local_addr()?).await?;
    /// # let (there, _) = listener.accept().await?;
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

    /// Waits until there may be something to read: bytes, the end, or an error. It can be
    /// wrong, so go on with [`TcpStream::try_read`] in a loop.
    ///
    /// *Cancel safety*: nothing is lost.
    ///
    /// ```
    /// # hob::block_on(async {
    /// # use hob::net::{TcpListener, TcpStream};
    /// # let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// # let here = TcpStream::connect(listener.local_addr()?).await?;
    /// # let (there, _) = listener.accept().await?;
    /// there.write_all(b"x").await?;
    /// let n = loop {
    ///     here.readable().await?;
    ///     match here.try_read(&mut [0; 16]) {
    ///         Err(e) if e.kind() == std::io::ErrorKind::WouldBlock => continue,
    ///         done => break done?,
    ///     }
    /// };
    /// assert_eq!(n, 1);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    #[track_caller]
    pub fn readable(&self) -> impl Future<Output = io::Result<()>> + Unpin {
        self.source.readiness(Direction::Read)
    }

    /// Waits until the kernel may take bytes again, or the connection is broken. It can be
    /// wrong, so go on with [`TcpStream::try_write`] in a loop.
    ///
    /// *Cancel safety*: nothing is lost.
    #[track_caller]
    pub fn writable(&self) -> impl Future<Output = io::Result<()>> + Unpin {
        self.source.readiness(Direction::Write)
    }

    /// Waits until at least one of the directions in `interest` may be worth a try, and
    /// answers which. It can be wrong: see [`TcpStream::readable`].
    ///
    /// *Cancel safety*: nothing is lost.
    ///
    /// ```
    /// # hob::block_on(async {
    /// # use hob::net::{Interest, TcpListener, TcpStream};
    /// # let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// # let stream = TcpStream::connect(listener.local_addr()?).await?;
    /// let ready = stream.ready(Interest::READABLE | Interest::WRITABLE).await?;
    /// assert!(ready.is_writable() && !ready.is_readable());
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    #[track_caller]
    pub fn ready(&self, interest: Interest) -> impl Future<Output = io::Result<Ready>> + Unpin {
        ready::ready(&self.source, interest)
    }

    /// Does an operation of your own on the socket, without waiting: a system call that hob
    /// does not know, on the descriptor of this stream.
    ///
    /// `op` must answer `WouldBlock` if, and only if, the kernel refused because the
    /// directions in `interest` are not ready. It is called again if it was interrupted by a
    /// signal, and not at all while the directions are known not to be ready.
    ///
    /// # Errors
    /// `WouldBlock`; then [`TcpStream::ready`] is worth waiting for. And those of `op`.
    pub fn try_io<R>(
        &self,
        interest: Interest,
        mut op: impl FnMut() -> io::Result<R>,
    ) -> io::Result<R> {
        // Through mio, which on some systems must ask for the next sign (trap 57).
        ready::try_io(&self.source, interest, |io| io.try_io(&mut op))
    }

    /// Reads what is there, without waiting.
    ///
    /// # Errors
    /// `WouldBlock` if there is nothing; then [`TcpStream::readable`] is worth waiting for.
    pub fn try_read(&self, buf: &mut [u8]) -> io::Result<usize> {
        stream_ops::try_read(&self.source, buf)
    }

    /// [`TcpStream::try_read`] into several buffers.
    ///
    /// # Errors
    /// As for `try_read`.
    pub fn try_read_vectored(&self, bufs: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        stream_ops::try_read_vectored(&self.source, bufs)
    }

    /// Writes what the kernel takes, without waiting.
    ///
    /// # Errors
    /// `WouldBlock` if it takes nothing; then [`TcpStream::writable`] is worth waiting for.
    pub fn try_write(&self, buf: &[u8]) -> io::Result<usize> {
        stream_ops::try_write(&self.source, buf)
    }

    /// [`TcpStream::try_write`] from several buffers.
    ///
    /// # Errors
    /// As for `try_write`.
    pub fn try_write_vectored(&self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        stream_ops::try_write_vectored(&self.source, bufs)
    }

    /// Is something to be read at this moment, a byte, an end or an error? The kernel is asked,
    /// and nothing is taken.
    #[cfg(feature = "http")]
    pub(crate) fn has_news(&self) -> bool {
        let seen = self.source.probe(|io| io.peek(&mut [0]));
        !seen.is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock)
    }

    /// Waits until `op` gets something, which takes bytes by other means than `read`. It must say
    /// `WouldBlock` only where the kernel has no bytes for it.
    #[cfg(all(feature = "http", target_os = "linux"))]
    pub(crate) fn poll_read_by<R>(
        &self,
        cx: &mut Context<'_>,
        op: impl FnMut(&mio::net::TcpStream) -> io::Result<R>,
    ) -> Poll<io::Result<R>> {
        self.source.poll_io(cx, Direction::Read, op)
    }

    /// Reads what is there at this moment, or says `WouldBlock`. The kernel is asked, because
    /// the loop may not have heard the news yet.
    #[cfg_attr(
        not(feature = "http"),
        expect(dead_code, reason = "asked by the HTTP pool")
    )]
    pub(crate) fn read_now(&self, into: &mut [u8]) -> io::Result<usize> {
        stream_ops::read_now(&self.source, into)
    }

    /// The address of this end.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.source.get_ref().local_addr()
    }

    /// The address of the other end.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.source.get_ref().peer_addr()
    }

    /// Whether small writes go out at once ([`TcpStream::set_nodelay`]).
    pub fn nodelay(&self) -> io::Result<bool> {
        self.source.get_ref().nodelay()
    }

    /// `TCP_NODELAY`: sends small writes at once instead of gathering them for up to 40 ms or
    /// so (Nagle's algorithm). Off at first, as everywhere; protocols that ask and answer
    /// want it on.
    ///
    /// ```
    /// # hob::block_on(async {
    /// # let listener = hob::net::TcpListener::bind("127.0.0.1:0").await?;
    /// # let stream = hob::net::TcpStream::connect(listener.local_addr()?).await?;
    /// stream.set_nodelay(true)?;
    /// assert!(stream.nodelay()?);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn set_nodelay(&self, nodelay: bool) -> io::Result<()> {
        self.source.get_ref().set_nodelay(nodelay)
    }

    /// How many routers a packet may pass (`IP_TTL`).
    pub fn ttl(&self) -> io::Result<u32> {
        self.source.get_ref().ttl()
    }

    /// Sets how many routers a packet may pass (`IP_TTL`).
    pub fn set_ttl(&self, ttl: u32) -> io::Result<()> {
        self.source.get_ref().set_ttl(ttl)
    }

    /// Takes the error that the kernel has put down for this socket, if any (`SO_ERROR`).
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.source.get_ref().take_error()
    }

    /// Makes closing abrupt: what was not sent is thrown away and the peer sees a reset.
    ///
    /// That is the only kind of linger on offer. A positive one lets `close` block, which here
    /// would be the drop of the stream, and with it the whole loop.
    pub fn set_zero_linger(&self) -> io::Result<()> {
        SockRef::from(self.source.get_ref()).set_linger(Some(Duration::ZERO))
    }

    /// Borrows the two directions apart, so that two futures of one task can each have one.
    pub fn split(&mut self) -> (ReadHalf<'_>, WriteHalf<'_>) {
        split::split(self)
    }

    /// Takes the two directions apart, so that two tasks can each own one. Dropping the
    /// writing half tells the peer that no more will come.
    ///
    /// ```
    /// # hob::block_on(async {
    /// # use hob::net::{TcpListener, TcpStream};
    /// # let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// # let here = TcpStream::connect(listener.local_addr()?).await?;
    /// # let (there, _) = listener.accept().await?;
    /// let (reading, writing) = here.into_split();
    /// let writer = hob::spawn(async move { writing.write_all(b"bye").await });
    /// let mut got = Vec::new();
    /// there.read_to_end(&mut got).await?;
    /// assert_eq!(got, b"bye");
    /// # writer.await.unwrap()?;
    /// # drop(reading);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn into_split(self) -> (OwnedReadHalf, OwnedWriteHalf) {
        split::into_split(self)
    }
}

async fn connect_to(addr: SocketAddr, at: &'static Location<'static>) -> io::Result<TcpStream> {
    finish_connecting(mio::net::TcpStream::connect(addr)?, at).await
}

/// Waits for a connection that was begun. `TcpSocket` begins its own.
pub(super) async fn finish_connecting(
    begun: mio::net::TcpStream,
    at: &'static Location<'static>,
) -> io::Result<TcpStream> {
    let stream = TcpStream::from_mio(begun, at)?;
    let mut waiter = stream.source.waiter(Direction::Write, at);
    std::future::poll_fn(|cx| waiter.poll_io(cx, connected)).await?;
    drop(waiter);
    Ok(stream)
}

/// Connected, failed, or `WouldBlock`. It goes through mio's `try_io`, so that where the next
/// sign must be asked for, it is (trap 57).
fn connected(io: &mio::net::TcpStream) -> io::Result<()> {
    io.try_io(|| {
        let Err(no_peer) = io.peer_addr() else {
            return Ok(());
        };
        // Asked second, so that an error which comes in between is not taken for "too soon".
        match io.take_error()? {
            Some(error) => Err(error),
            None if no_peer.kind() == io::ErrorKind::NotConnected => {
                Err(io::ErrorKind::WouldBlock.into())
            }
            None => Err(no_peer),
        }
    })
}

async_read!([] TcpStream);
async_read!([] & TcpStream);
async_write!([] TcpStream);
async_write!([] & TcpStream);

impl Whole for TcpStream {
    type Io = mio::net::TcpStream;
    type Listener = mio::net::TcpListener;

    fn source(&self) -> &Source<mio::net::TcpStream> {
        &self.source
    }

    fn accept_from(
        listener: &mio::net::TcpListener,
        at: &'static Location<'static>,
    ) -> io::Result<TcpStream> {
        tcp_listener::accept_one(listener, at).map(|(stream, _)| stream)
    }
}

impl Connection for TcpStream {
    type Addr = SocketAddr;

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.local_addr()
    }

    fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.peer_addr()
    }
}

#[cfg(unix)]
impl std::os::fd::AsFd for TcpStream {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        self.source.lend().as_fd()
    }
}

#[cfg(unix)]
impl std::os::fd::AsRawFd for TcpStream {
    fn as_raw_fd(&self) -> std::os::fd::RawFd {
        self.source.lend().as_raw_fd()
    }
}

#[cfg(windows)]
impl std::os::windows::io::AsSocket for TcpStream {
    fn as_socket(&self) -> std::os::windows::io::BorrowedSocket<'_> {
        self.source.lend().as_socket()
    }
}

impl fmt::Debug for TcpStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.source.fmt(f)
    }
}
