//! Datagrams over IP: [`UdpSocket`], and how it moves them. Its options are in `udp_options`.
//! This file is long because there is a method for each way to move a datagram, and each has
//! its own promise to make.
//!
//! Law: a datagram arrives whole, twice, late, or not at all. One receive takes exactly one,
//! and what of it does not fit into the buffer is gone: on most systems without a word, on
//! Windows with an error. Consequence: nothing here is measured by its length. A short receive
//! does not mean that the queue is empty, and 0 bytes are an empty datagram, not an end.
//!
//! Law: the network may answer "nobody listens there" (an ICMP message) long after a send has
//! succeeded. The kernel keeps that answer with the socket and gives it, once, as the error of
//! whichever operation comes next. Consequence: an error of `recv` or `send` may be about an
//! earlier `send`. It says nothing of the socket, which goes on as before (trap 22).

use std::fmt;
use std::future::{Future, poll_fn};
use std::io;
use std::net::{self, SocketAddr};
use std::panic::Location;
use std::task::{Context, Poll};

use super::addr::{self, ToSocketAddrs};
use super::dns;
use super::ready::{self, Interest, Ready};
use crate::reactor::{Direction, Source};

/// A UDP socket.
///
/// All methods take `&self`: one task may send while another receives, and if several receive
/// at once, each datagram goes to one of them.
///
/// ```
/// # hob::block_on(async {
/// use hob::net::UdpSocket;
///
/// let here = UdpSocket::bind("127.0.0.1:0").await?;
/// let there = UdpSocket::bind("127.0.0.1:0").await?;
///
/// here.send_to(b"ping", there.local_addr()?).await?;
/// let mut buf = [0; 1500];
/// let (n, from) = there.recv_from(&mut buf).await?;
/// assert_eq!((&buf[..n], from), (&b"ping"[..], here.local_addr()?));
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
pub struct UdpSocket {
    pub(super) source: Source<mio::net::UdpSocket>,
}

impl UdpSocket {
    /// Binds to `addr`. Port 0 lets the system choose one: see [`UdpSocket::local_addr`]. A
    /// name that stands for several addresses is tried in their order.
    ///
    /// For options that must be set before, such as `SO_REUSEADDR`, make the socket elsewhere
    /// (socket2 has them all) and take it over with [`UdpSocket::from_std`].
    ///
    /// It waits only for a name to be resolved.
    ///
    /// *Cancel safety*: nothing stays behind.
    ///
    /// # Errors
    /// `AddrInUse`, `PermissionDenied` and the like; outside of a runtime.
    #[track_caller]
    pub fn bind<A: ToSocketAddrs>(addr: A) -> impl Future<Output = io::Result<UdpSocket>> + use<A> {
        let at = Location::caller();
        let target = addr.target();
        async move {
            let addrs = dns::resolve(target).await?;
            addr::first_that_works(&addrs, |addr| {
                let source = Source::new_for(mio::net::UdpSocket::bind(addr)?, at)?;
                Ok(UdpSocket { source })
            })
        }
    }

    /// Takes over a socket of std's, and sets it non-blocking.
    ///
    /// # Errors
    /// Outside of a runtime, and what the kernel says.
    #[track_caller]
    pub fn from_std(socket: net::UdpSocket) -> io::Result<UdpSocket> {
        // A blocking one would stop the whole loop at its first receive (trap 17).
        socket.set_nonblocking(true)?;
        let socket = mio::net::UdpSocket::from_std(socket);
        let source = Source::take_over(socket, Location::caller())?;
        Ok(UdpSocket { source })
    }

    /// Gives the socket back to std, still non-blocking. It is `Send`, and the way to take a
    /// socket to another runtime.
    ///
    /// # Errors
    /// What the kernel says.
    ///
    /// ```
    /// # hob::block_on(async {
    /// let socket = hob::net::UdpSocket::bind("127.0.0.1:0").await?;
    /// let addr = socket.local_addr()?;
    /// let std: std::net::UdpSocket = socket.into_std()?;
    /// assert_eq!(std.local_addr()?, addr);
    /// let socket = hob::net::UdpSocket::from_std(std)?;
    /// assert_eq!(socket.local_addr()?, addr);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn into_std(self) -> io::Result<net::UdpSocket> {
        self.source.into_inner().map(net::UdpSocket::from)
    }

    /// Chooses the one peer that [`UdpSocket::send`] sends to and that all receiving methods
    /// hear; others are no longer heard. Nothing is sent by that. It may be called again, for
    /// another peer. Of the addresses that a name stands for, the first that works is taken.
    ///
    /// It waits only for a name to be resolved.
    ///
    /// *Cancel safety*: the peer is chosen in the last poll, or not at all.
    ///
    /// # Errors
    /// What the resolver says; no way there (`NetworkUnreachable`).
    pub fn connect<'a, A: ToSocketAddrs>(
        &'a self,
        addr: A,
    ) -> impl Future<Output = io::Result<()>> + use<'a, A> {
        let target = addr.target();
        async move {
            let addrs = dns::resolve(target).await?;
            addr::first_that_works(&addrs, |addr| self.source.get_ref().connect(addr))
        }
    }

    /// Sends one datagram to the peer chosen by [`UdpSocket::connect`], and waits while the
    /// kernel has no room for it. Answers its length. That the kernel took it does not say
    /// that it will arrive.
    ///
    /// *Cancel safety*: it is sent in the last poll, or not at all.
    ///
    /// # Errors
    /// It is too long; no peer was chosen; `ConnectionRefused` if nobody listened for an
    /// *earlier* one (this one is not sent then).
    ///
    /// ```
    /// # hob::block_on(async {
    /// # use hob::net::UdpSocket;
    /// # let (a, b) = (UdpSocket::bind("127.0.0.1:0").await?, UdpSocket::bind("127.0.0.1:0").await?);
    /// a.connect(b.local_addr()?).await?;
    /// b.connect(a.local_addr()?).await?;
    /// a.send(b"hello").await?;
    /// let mut buf = [0; 1500];
    /// let n = b.recv(&mut buf).await?;
    /// assert_eq!(&buf[..n], b"hello");
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    #[track_caller]
    pub fn send<'a>(&'a self, buf: &'a [u8]) -> impl Future<Output = io::Result<usize>> + Unpin {
        self.source.io(Direction::Write, |io| io.send(buf))
    }

    /// Sends one datagram to `addr`, and waits while the kernel has no room for it. Answers its
    /// length. Of the addresses that a name stands for, the first is taken.
    ///
    /// *Cancel safety*: it is sent in the last poll, or not at all.
    ///
    /// # Errors
    /// It is too long; there is no way there; what the resolver says. On macOS and the BSDs a
    /// socket with a chosen peer cannot send to another.
    #[track_caller]
    pub fn send_to<'a, A: ToSocketAddrs>(
        &'a self,
        buf: &'a [u8],
        addr: A,
    ) -> impl Future<Output = io::Result<usize>> + use<'a, A> {
        let at = Location::caller();
        let target = addr.target();
        async move {
            let addr = dns::resolve_one(target).await?;
            let mut waiter = self.source.waiter(Direction::Write, at);
            poll_fn(|cx| waiter.poll_io(cx, |io| io.send_to(buf, addr))).await
        }
    }

    /// Receives one datagram into `buf`, and waits until there is one. Answers its length; 0
    /// is an empty datagram, not an end.
    ///
    /// What does not fit into `buf` is lost. 65,535 bytes hold any datagram, 1,500 most that
    /// travel.
    ///
    /// *Cancel safety*: a datagram is taken only in the poll that gives it to you.
    ///
    /// # Errors
    /// `ConnectionRefused` if nobody listened for an earlier `send`: just go on. On Windows a
    /// datagram that does not fit is an error too, though its beginning is in `buf`.
    #[track_caller]
    pub fn recv<'a>(
        &'a self,
        buf: &'a mut [u8],
    ) -> impl Future<Output = io::Result<usize>> + Unpin {
        self.source.io(Direction::Read, |io| io.recv(buf))
    }

    /// [`UdpSocket::recv`] that also tells who sent it.
    ///
    /// *Cancel safety*: a datagram is taken only in the poll that gives it to you.
    ///
    /// # Errors
    /// As for `recv`.
    #[track_caller]
    pub fn recv_from<'a>(
        &'a self,
        buf: &'a mut [u8],
    ) -> impl Future<Output = io::Result<(usize, SocketAddr)>> + Unpin {
        self.source.io(Direction::Read, |io| io.recv_from(buf))
    }

    /// [`UdpSocket::recv`] that leaves the datagram where it is: the next one receives it again.
    ///
    /// *Cancel safety*: nothing is taken.
    ///
    /// # Errors
    /// As for `recv`.
    ///
    /// ```
    /// # hob::block_on(async {
    /// # use hob::net::UdpSocket;
    /// # let (a, b) = (UdpSocket::bind("127.0.0.1:0").await?, UdpSocket::bind("127.0.0.1:0").await?);
    /// a.send_to(b"hello", b.local_addr()?).await?;
    /// let mut buf = [0; 1500];
    /// assert_eq!(b.peek(&mut buf).await?, 5);
    /// assert_eq!(b.recv(&mut buf).await?, 5);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    #[track_caller]
    pub fn peek<'a>(
        &'a self,
        buf: &'a mut [u8],
    ) -> impl Future<Output = io::Result<usize>> + Unpin {
        self.source.peek(|io| io.peek(buf))
    }

    /// [`UdpSocket::peek`] that also tells who sent it.
    ///
    /// *Cancel safety*: nothing is taken.
    ///
    /// # Errors
    /// As for `recv`.
    #[track_caller]
    pub fn peek_from<'a>(
        &'a self,
        buf: &'a mut [u8],
    ) -> impl Future<Output = io::Result<(usize, SocketAddr)>> + Unpin {
        self.source.peek(|io| io.peek_from(buf))
    }

    /// [`UdpSocket::send`] without waiting.
    ///
    /// # Errors
    /// `WouldBlock` if the kernel has no room; then [`UdpSocket::writable`] is worth waiting
    /// for. And those of `send`.
    pub fn try_send(&self, buf: &[u8]) -> io::Result<usize> {
        self.source.try_io(Direction::Write, |io| io.send(buf))
    }

    /// [`UdpSocket::send_to`] without waiting, so to an address and not to a name.
    ///
    /// # Errors
    /// As for `try_send`.
    pub fn try_send_to(&self, buf: &[u8], addr: SocketAddr) -> io::Result<usize> {
        let send = |io: &mio::net::UdpSocket| io.send_to(buf, addr);
        self.source.try_io(Direction::Write, send)
    }

    /// [`UdpSocket::recv`] without waiting.
    ///
    /// # Errors
    /// `WouldBlock` if there is none; then [`UdpSocket::readable`] is worth waiting for. And
    /// those of `recv`.
    ///
    /// ```
    /// # hob::block_on(async {
    /// # use hob::net::UdpSocket;
    /// # let (a, b) = (UdpSocket::bind("127.0.0.1:0").await?, UdpSocket::bind("127.0.0.1:0").await?);
    /// a.try_send_to(b"hello", b.local_addr()?)?;
    /// let n = loop {
    ///     b.readable().await?;
    ///     match b.try_recv(&mut [0; 1500]) {
    ///         Err(e) if e.kind() == std::io::ErrorKind::WouldBlock => continue,
    ///         done => break done?,
    ///     }
    /// };
    /// assert_eq!(n, 5);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn try_recv(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.source.try_io(Direction::Read, |io| io.recv(buf))
    }

    /// [`UdpSocket::recv_from`] without waiting.
    ///
    /// # Errors
    /// As for `try_recv`.
    pub fn try_recv_from(&self, buf: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.source.try_io(Direction::Read, |io| io.recv_from(buf))
    }

    /// [`UdpSocket::send_to`] for hand-written futures. Only the task that polled last is woken.
    ///
    /// # Errors
    /// As for `send_to`.
    pub fn poll_send_to(
        &self,
        cx: &mut Context<'_>,
        buf: &[u8],
        addr: SocketAddr,
    ) -> Poll<io::Result<usize>> {
        let send = |io: &mio::net::UdpSocket| io.send_to(buf, addr);
        self.source.poll_io(cx, Direction::Write, send)
    }

    /// [`UdpSocket::recv_from`] for hand-written futures. Only the task that polled last is
    /// woken.
    ///
    /// # Errors
    /// As for `recv`.
    pub fn poll_recv_from(
        &self,
        cx: &mut Context<'_>,
        buf: &mut [u8],
    ) -> Poll<io::Result<(usize, SocketAddr)>> {
        let recv = |io: &mio::net::UdpSocket| io.recv_from(buf);
        self.source.poll_io(cx, Direction::Read, recv)
    }

    /// Waits until there may be a datagram or an error to receive. It can be wrong, so go on
    /// with [`UdpSocket::try_recv`] in a loop.
    ///
    /// *Cancel safety*: nothing is lost.
    #[track_caller]
    pub fn readable(&self) -> impl Future<Output = io::Result<()>> + Unpin {
        self.source.readiness(Direction::Read)
    }

    /// Waits until the kernel may have room for a datagram. It can be wrong, so go on with
    /// [`UdpSocket::try_send`] in a loop.
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

    /// Does an operation of your own on the socket, without waiting: see
    /// [`TcpStream::try_io`](super::TcpStream::try_io), whose rules are the same.
    ///
    /// # Errors
    /// `WouldBlock`; then [`UdpSocket::ready`] is worth waiting for. And those of `op`.
    pub fn try_io<R>(
        &self,
        interest: Interest,
        mut op: impl FnMut() -> io::Result<R>,
    ) -> io::Result<R> {
        ready::try_io(&self.source, interest, |io| io.try_io(&mut op))
    }
}

impl fmt::Debug for UdpSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.source.fmt(f)
    }
}
