//! Datagrams between processes of one machine: [`UnixDatagram`].
//! This file is long because there is a method for each way to move a datagram, and each has
//! its own promise to make.
//!
//! What is said of datagrams in `udp_socket` holds here too, but that these arrive, once and in
//! order. Law: each receiver holds only so many that nobody has received (10 on many a Linux:
//! `net.unix.max_dgram_qlen`), and a sender has to wait for room. Of room with its *connected*
//! peer the kernel makes an event. Of room with anybody else it makes none; worse, a send that
//! is refused gives back the memory that it took, and *that* makes an event, "writable".
//! Consequence: `send` waits as everything else does. But `send_to` through the reactor would be
//! refused, woken by its own refusal, and refused again, as fast as the loop can turn. So it
//! goes past the reactor, and tries again in pauses: see `pause`.

use std::fmt;
use std::future::{Future, poll_fn};
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::os::unix::net::{self, SocketAddr};
use std::panic::Location;
use std::path::Path;
use std::task::{Context, Poll, ready};

use socket2::{SockAddr, SockRef};

use super::pause::Pauses;
use super::ready::{self, Interest, Ready};
use crate::coop;
use crate::reactor::{Direction, Source};

/// A Unix datagram socket.
///
/// All methods take `&self`: one task may send while another receives, and if several receive
/// at once, each datagram goes to one of them. Binding makes a file that nothing removes: see
/// [`UnixListener`](super::UnixListener).
///
/// ```
/// # hob::block_on(async {
/// use hob::net::UnixDatagram;
///
/// # let path = std::env::temp_dir().join(format!("hob-doc-datagram-{}", std::process::id()));
/// let log = UnixDatagram::bind(&path)?;
/// let program = UnixDatagram::unbound()?;
/// program.send_to(b"started", &path).await?;
/// let mut buf = [0; 1024];
/// let (n, from) = log.recv_from(&mut buf).await?;
/// assert_eq!(&buf[..n], b"started");
/// assert!(from.is_unnamed());
/// std::fs::remove_file(&path)?;
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
pub struct UnixDatagram {
    source: Source<mio::net::UnixDatagram>,
}

impl UnixDatagram {
    /// Binds to `path`, where there must be nothing yet. It does not wait.
    ///
    /// # Errors
    /// `AddrInUse` if there is something; `PermissionDenied`; the path is too long; outside of
    /// a runtime.
    #[track_caller]
    pub fn bind<P: AsRef<Path>>(path: P) -> io::Result<UnixDatagram> {
        UnixDatagram::bind_addr(&SocketAddr::from_pathname(path)?)
    }

    /// [`UnixDatagram::bind`] to an address of std's: on Linux it may be an abstract one
    /// (`SocketAddrExt::from_abstract_name`), which is no file and ends with its socket.
    ///
    /// # Errors
    /// As for `bind`.
    #[track_caller]
    pub fn bind_addr(addr: &SocketAddr) -> io::Result<UnixDatagram> {
        let source = Source::new(mio::net::UnixDatagram::bind_addr(addr)?)?;
        Ok(UnixDatagram { source })
    }

    /// A socket without an address: it can send, and receive from a peer that it is connected
    /// to and that is connected to it.
    ///
    /// # Errors
    /// The process or the system may be out of descriptors; outside of a runtime.
    #[track_caller]
    pub fn unbound() -> io::Result<UnixDatagram> {
        let source = Source::new(mio::net::UnixDatagram::unbound()?)?;
        Ok(UnixDatagram { source })
    }

    /// Two sockets that are connected to each other and have no address.
    ///
    /// # Errors
    /// As for `unbound`.
    ///
    /// ```
    /// # hob::block_on(async {
    /// let (here, there) = hob::net::UnixDatagram::pair()?;
    /// here.send(b"one").await?;
    /// here.send(b"three").await?;
    /// let mut buf = [0; 64];
    /// assert_eq!(there.recv(&mut buf).await?, 3);
    /// assert_eq!(there.recv(&mut buf).await?, 5);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    #[track_caller]
    pub fn pair() -> io::Result<(UnixDatagram, UnixDatagram)> {
        let (here, there) = mio::net::UnixDatagram::pair()?;
        let (here, there) = (Source::new(here)?, Source::new(there)?);
        Ok((
            UnixDatagram { source: here },
            UnixDatagram { source: there },
        ))
    }

    /// Takes over a socket of std's, and sets it non-blocking.
    ///
    /// # Errors
    /// Outside of a runtime, and what the kernel says.
    #[track_caller]
    pub fn from_std(socket: net::UnixDatagram) -> io::Result<UnixDatagram> {
        // A blocking one would stop the whole loop at its first receive (trap 17).
        socket.set_nonblocking(true)?;
        let socket = mio::net::UnixDatagram::from_std(socket);
        let source = Source::take_over(socket, Location::caller())?;
        Ok(UnixDatagram { source })
    }

    /// Gives the socket back to std, still non-blocking. It is `Send`, and the way to take a
    /// socket to another runtime.
    ///
    /// # Errors
    /// What the kernel says.
    pub fn into_std(self) -> io::Result<net::UnixDatagram> {
        self.source.into_inner().map(net::UnixDatagram::from)
    }

    /// Chooses the peer at `path`: [`UnixDatagram::send`] sends to it, and on Linux nobody else
    /// is heard. It does not wait. It may be called again, for another peer.
    ///
    /// # Errors
    /// `NotFound`; `ConnectionRefused` if nobody is bound there any more; `PermissionDenied`,
    /// also if that peer has chosen another.
    pub fn connect<P: AsRef<Path>>(&self, path: P) -> io::Result<()> {
        self.source.get_ref().connect(path)
    }

    /// [`UnixDatagram::connect`] to an address of std's, on Linux also an abstract one.
    ///
    /// # Errors
    /// As for `connect`.
    pub fn connect_addr(&self, addr: &SocketAddr) -> io::Result<()> {
        SockRef::from(self.source.get_ref()).connect(&sock_addr(addr)?)
    }

    /// Sends one datagram to the peer chosen by [`UnixDatagram::connect`] or
    /// [`UnixDatagram::pair`], and waits while that peer, or the kernel, has no room for it.
    /// Answers its length.
    ///
    /// *Cancel safety*: it is sent in the last poll, or not at all.
    ///
    /// # Errors
    /// It is too long; no peer was chosen; the peer has gone (`ConnectionRefused`). On macOS
    /// and the BSDs a peer without room is an error too (`ENOBUFS`).
    #[track_caller]
    pub fn send<'a>(&'a self, buf: &'a [u8]) -> impl Future<Output = io::Result<usize>> + Unpin {
        self.source.io(Direction::Write, |io| io.send(buf))
    }

    /// Sends one datagram to the socket at `path`, and waits while that one, or the kernel, has
    /// no room for it. Answers its length.
    ///
    /// That a receiver has room again is announced to nobody but those who are connected to it.
    /// So this looks again in pauses, of at most 64 ms: who sends much to one receiver should
    /// rather connect to it.
    ///
    /// *Cancel safety*: it is sent in the last poll, or not at all.
    ///
    /// # Errors
    /// `NotFound`, and those of `send`.
    #[track_caller]
    pub fn send_to<'a, P: AsRef<Path>>(
        &'a self,
        buf: &'a [u8],
        path: P,
    ) -> impl Future<Output = io::Result<usize>> + use<'a, P> {
        let addr = SocketAddr::from_pathname(path).and_then(|addr| sock_addr(&addr));
        self.send_in_pauses(buf, addr, Location::caller())
    }

    /// [`UnixDatagram::send_to`] an address of std's, on Linux also an abstract one.
    ///
    /// *Cancel safety*: it is sent in the last poll, or not at all.
    ///
    /// # Errors
    /// As for `send_to`.
    #[track_caller]
    pub fn send_to_addr<'a>(
        &'a self,
        buf: &'a [u8],
        addr: &SocketAddr,
    ) -> impl Future<Output = io::Result<usize>> + use<'a> {
        self.send_in_pauses(buf, sock_addr(addr), Location::caller())
    }

    async fn send_in_pauses(
        &self,
        buf: &[u8],
        addr: io::Result<SockAddr>,
        at: &'static Location<'static>,
    ) -> io::Result<usize> {
        let addr = addr?;
        let mut pauses = Pauses::new(at);
        loop {
            let sent = poll_fn(|cx| {
                ready!(coop::poll_budget(cx));
                coop::spend();
                Poll::Ready(self.send_raw(buf, &addr))
            });
            match sent.await {
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => pauses.pause().await,
                sent => return sent,
            }
        }
    }

    /// Past the reactor, and past mio's own I/O: no event is expected from this.
    fn send_raw(&self, buf: &[u8], addr: &SockAddr) -> io::Result<usize> {
        let socket = SockRef::from(self.source.get_ref());
        loop {
            match socket.send_to(buf, addr) {
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                sent => return sent,
            }
        }
    }

    /// Receives one datagram into `buf`, and waits until there is one. Answers its length; 0
    /// is an empty datagram, not an end. What does not fit into `buf` is lost.
    ///
    /// *Cancel safety*: a datagram is taken only in the poll that gives it to you.
    ///
    /// # Errors
    /// `ConnectionReset` where the connected peer has gone, on some systems.
    #[track_caller]
    pub fn recv<'a>(
        &'a self,
        buf: &'a mut [u8],
    ) -> impl Future<Output = io::Result<usize>> + Unpin {
        self.source.io(Direction::Read, |io| io.recv(buf))
    }

    /// [`UnixDatagram::recv`] that also tells who sent it: unnamed, if that socket is not bound.
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

    /// [`UnixDatagram::send`] without waiting.
    ///
    /// # Errors
    /// `WouldBlock` if there is no room; then [`UnixDatagram::writable`] is worth waiting for.
    /// And those of `send`.
    pub fn try_send(&self, buf: &[u8]) -> io::Result<usize> {
        self.source.try_io(Direction::Write, |io| io.send(buf))
    }

    /// [`UnixDatagram::send_to`] without waiting.
    ///
    /// # Errors
    /// `WouldBlock` if there is no room, and nothing tells when there is. And those of
    /// `send_to`.
    pub fn try_send_to<P: AsRef<Path>>(&self, buf: &[u8], path: P) -> io::Result<usize> {
        self.send_raw(buf, &sock_addr(&SocketAddr::from_pathname(path)?)?)
    }

    /// [`UnixDatagram::recv`] without waiting.
    ///
    /// # Errors
    /// `WouldBlock` if there is none; then [`UnixDatagram::readable`] is worth waiting for. And
    /// those of `recv`.
    pub fn try_recv(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.source.try_io(Direction::Read, |io| io.recv(buf))
    }

    /// [`UnixDatagram::recv_from`] without waiting.
    ///
    /// # Errors
    /// As for `try_recv`.
    pub fn try_recv_from(&self, buf: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.source.try_io(Direction::Read, |io| io.recv_from(buf))
    }

    /// [`UnixDatagram::recv_from`] for hand-written futures. Only the task that polled last is
    /// woken.
    ///
    /// # Errors
    /// As for `recv`.
    pub fn poll_recv_from(
        &self,
        cx: &mut Context<'_>,
        buf: &mut [u8],
    ) -> Poll<io::Result<(usize, SocketAddr)>> {
        let recv = |io: &mio::net::UnixDatagram| io.recv_from(buf);
        self.source.poll_io(cx, Direction::Read, recv)
    }

    /// Waits until there may be a datagram or an error to receive. It can be wrong, so go on
    /// with [`UnixDatagram::try_recv`] in a loop.
    ///
    /// *Cancel safety*: nothing is lost.
    #[track_caller]
    pub fn readable(&self) -> impl Future<Output = io::Result<()>> + Unpin {
        self.source.readiness(Direction::Read)
    }

    /// Waits until the connected peer and the kernel may have room for a datagram. It can be
    /// wrong, so go on with [`UnixDatagram::try_send`] in a loop.
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
    /// `WouldBlock`; then [`UnixDatagram::ready`] is worth waiting for. And those of `op`.
    pub fn try_io<R>(
        &self,
        interest: Interest,
        mut op: impl FnMut() -> io::Result<R>,
    ) -> io::Result<R> {
        ready::try_io(&self.source, interest, |io| io.try_io(&mut op))
    }

    /// The address that it is bound to; unnamed, if it is not.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.source.get_ref().local_addr()
    }

    /// The address of the chosen peer.
    ///
    /// # Errors
    /// `NotConnected` if none was.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.source.get_ref().peer_addr()
    }

    /// Takes the error that the kernel has put down for this socket, if any (`SO_ERROR`).
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.source.get_ref().take_error()
    }
}

/// std's address as socket2 has it.
fn sock_addr(addr: &SocketAddr) -> io::Result<SockAddr> {
    if let Some(path) = addr.as_pathname() {
        return SockAddr::unix(path);
    }
    abstract_addr(addr).unwrap_or_else(|| Err(io::ErrorKind::InvalidInput.into()))
}

/// An abstract address, if it is one: for socket2 a path that begins with a zero.
#[cfg(any(target_os = "android", target_os = "linux"))]
fn abstract_addr(addr: &SocketAddr) -> Option<io::Result<SockAddr>> {
    #[cfg(target_os = "android")]
    use std::os::android::net::SocketAddrExt;
    #[cfg(target_os = "linux")]
    use std::os::linux::net::SocketAddrExt;
    use std::os::unix::ffi::OsStringExt;

    let mut path = vec![0];
    path.extend_from_slice(addr.as_abstract_name()?);
    Some(SockAddr::unix(std::ffi::OsString::from_vec(path)))
}

/// There are none on this system.
#[cfg(not(any(target_os = "android", target_os = "linux")))]
fn abstract_addr(_: &SocketAddr) -> Option<io::Result<SockAddr>> {
    None
}

impl AsFd for UnixDatagram {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.source.lend().as_fd()
    }
}

impl AsRawFd for UnixDatagram {
    fn as_raw_fd(&self) -> RawFd {
        self.source.lend().as_raw_fd()
    }
}

impl fmt::Debug for UnixDatagram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.source.fmt(f)
    }
}
