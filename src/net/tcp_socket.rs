//! A TCP socket that is neither connected nor listening yet: [`TcpSocket`], for the options
//! that must be set before.
//!
//! It is socket2's, not listed anywhere: it becomes a source only when it connects or listens.
//! (On Linux a socket that is listed before it connects says "hung up".)

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::panic::Location;
use std::time::Duration;

use socket2::{Domain, Protocol, Socket, TcpKeepalive, Type};

use super::tcp_listener::TcpListener;
use super::tcp_stream::{TcpStream, finish_connecting};

/// A TCP socket before it connects or listens.
///
/// ```
/// # hob::block_on(async {
/// use hob::net::TcpSocket;
///
/// let socket = TcpSocket::new_v4()?;
/// socket.set_reuseaddr(true)?;
/// socket.bind("127.0.0.1:0".parse().unwrap())?;
/// let listener = socket.listen(16)?;
///
/// let socket = TcpSocket::new_v4()?;
/// socket.set_nodelay(true)?;
/// let stream = socket.connect(listener.local_addr()?).await?;
/// assert!(stream.nodelay()?);
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
#[derive(Debug)]
pub struct TcpSocket {
    socket: Socket,
}

/// When the kernel asks a silent peer whether it is still there: see
/// [`TcpSocket::set_keepalive_with`]. What is `None` stays as the system has it; what the
/// system cannot set is left out.
#[non_exhaustive]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keepalive {
    /// After so long a silence. Whole seconds.
    pub time: Option<Duration>,
    /// And again each time after so long, if there is no answer. Whole seconds.
    pub interval: Option<Duration>,
    /// So often, then the connection is broken.
    pub retries: Option<u32>,
}

impl Keepalive {
    /// Everything as the system has it.
    pub fn new() -> Keepalive {
        Keepalive::default()
    }

    /// Sets [`Keepalive::time`].
    pub fn with_time(mut self, time: Duration) -> Keepalive {
        self.time = Some(time);
        self
    }

    /// Sets [`Keepalive::interval`].
    pub fn with_interval(mut self, interval: Duration) -> Keepalive {
        self.interval = Some(interval);
        self
    }

    /// Sets [`Keepalive::retries`].
    pub fn with_retries(mut self, retries: u32) -> Keepalive {
        self.retries = Some(retries);
        self
    }
}

impl TcpSocket {
    /// A socket for IPv4.
    ///
    /// # Errors
    /// The process or the system may be out of descriptors.
    pub fn new_v4() -> io::Result<TcpSocket> {
        TcpSocket::new(Domain::IPV4)
    }

    /// A socket for IPv6.
    ///
    /// # Errors
    /// As for `new_v4`, or the system has no IPv6.
    pub fn new_v6() -> io::Result<TcpSocket> {
        TcpSocket::new(Domain::IPV6)
    }

    /// A socket of the family that `addr` needs.
    pub(super) fn for_addr(addr: SocketAddr) -> io::Result<TcpSocket> {
        TcpSocket::new(Domain::for_address(addr))
    }

    fn new(domain: Domain) -> io::Result<TcpSocket> {
        let socket = Socket::new(domain, Type::STREAM, Some(Protocol::TCP))?;
        socket.set_nonblocking(true)?;
        Ok(TcpSocket { socket })
    }

    /// Chooses this end's address. Needed before [`TcpSocket::listen`]; before
    /// [`TcpSocket::connect`] it chooses the way out.
    ///
    /// # Errors
    /// `AddrInUse`, `AddrNotAvailable`, `PermissionDenied`.
    pub fn bind(&self, addr: SocketAddr) -> io::Result<()> {
        self.socket.bind(&addr.into())
    }

    /// Connects to `addr`: see [`TcpStream::connect`].
    ///
    /// *Cancel safety*: dropping the future closes the socket; nothing stays behind.
    ///
    /// # Errors
    /// `ConnectionRefused` and the like; outside of a runtime.
    #[track_caller]
    pub fn connect(self, addr: SocketAddr) -> impl Future<Output = io::Result<TcpStream>> {
        let at = Location::caller();
        async move {
            match self.socket.connect(&addr.into()) {
                Err(e) if !is_under_way(&e) => return Err(e),
                _ => {}
            }
            let begun = mio::net::TcpStream::from_std(self.socket.into());
            finish_connecting(begun, at).await
        }
    }

    /// Listens for connections, of which the kernel holds up to `backlog` for us until they
    /// are accepted.
    ///
    /// # Errors
    /// `AddrInUse` for instance; outside of a runtime.
    #[track_caller]
    pub fn listen(self, backlog: u32) -> io::Result<TcpListener> {
        self.listen_at(backlog, Location::caller())
    }

    pub(super) fn listen_at(
        self,
        backlog: u32,
        at: &'static Location<'static>,
    ) -> io::Result<TcpListener> {
        self.socket.listen(backlog.try_into().unwrap_or(i32::MAX))?;
        TcpListener::from_mio(mio::net::TcpListener::from_std(self.socket.into()), at)
    }

    /// The address of this end, if it was chosen.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        let addr = self.socket.local_addr()?.as_socket();
        addr.ok_or_else(|| io::Error::other("a TCP socket with an address that is none of IP"))
    }

    /// Takes the error that the kernel has put down for this socket, if any (`SO_ERROR`).
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.socket.take_error()
    }

    /// `TCP_NODELAY`: see [`TcpStream::set_nodelay`].
    pub fn set_nodelay(&self, nodelay: bool) -> io::Result<()> {
        self.socket.set_tcp_nodelay(nodelay)
    }

    /// Whether small writes go out at once.
    pub fn nodelay(&self) -> io::Result<bool> {
        self.socket.tcp_nodelay()
    }

    /// `SO_KEEPALIVE`: whether the kernel asks a silent peer if it is still there, at the
    /// system's pace (after two hours, usually).
    pub fn set_keepalive(&self, keepalive: bool) -> io::Result<()> {
        self.socket.set_keepalive(keepalive)
    }

    /// Whether a silent peer is asked.
    pub fn keepalive(&self) -> io::Result<bool> {
        self.socket.keepalive()
    }

    /// Turns keepalive on, at a pace of your own.
    ///
    /// ```
    /// use std::time::Duration;
    /// use hob::net::{Keepalive, TcpSocket};
    ///
    /// let socket = TcpSocket::new_v4()?;
    /// let pace = Keepalive::new().with_time(Duration::from_secs(30)).with_retries(3);
    /// socket.set_keepalive_with(&pace)?;
    /// assert!(socket.keepalive()?);
    /// # std::io::Result::Ok(())
    /// ```
    pub fn set_keepalive_with(&self, pace: &Keepalive) -> io::Result<()> {
        self.socket.set_tcp_keepalive(&keepalive_params(pace))
    }

    /// `SO_REUSEADDR`: on Unix an address can be bound again while connections of a former
    /// server linger on it. On Windows it means something else, and worse: two servers on one
    /// address.
    pub fn set_reuseaddr(&self, reuse: bool) -> io::Result<()> {
        self.socket.set_reuse_address(reuse)
    }

    /// Whether the address can be bound again.
    pub fn reuseaddr(&self) -> io::Result<bool> {
        self.socket.reuse_address()
    }

    /// `SO_REUSEPORT`: several sockets may listen on one address, and on Linux the kernel
    /// shares the connections out among them. That is how one server runs on several threads
    /// with a runtime each.
    #[cfg(all(unix, not(any(target_os = "solaris", target_os = "illumos"))))]
    pub fn set_reuseport(&self, reuse: bool) -> io::Result<()> {
        self.socket.set_reuse_port(reuse)
    }

    /// Whether several sockets may listen on this address.
    #[cfg(all(unix, not(any(target_os = "solaris", target_os = "illumos"))))]
    pub fn reuseport(&self) -> io::Result<bool> {
        self.socket.reuse_port()
    }

    /// `SO_SNDBUF`: how many bytes the kernel takes before writing has to wait. Linux doubles
    /// the number, and stops choosing one by itself.
    pub fn set_send_buffer_size(&self, bytes: usize) -> io::Result<()> {
        self.socket.set_send_buffer_size(bytes)
    }

    /// The size of the send buffer in bytes.
    pub fn send_buffer_size(&self) -> io::Result<usize> {
        self.socket.send_buffer_size()
    }

    /// `SO_RCVBUF`: how many bytes the kernel holds for us before the peer has to wait. Linux
    /// doubles the number, and stops choosing one by itself.
    pub fn set_recv_buffer_size(&self, bytes: usize) -> io::Result<()> {
        self.socket.set_recv_buffer_size(bytes)
    }

    /// The size of the receive buffer in bytes.
    pub fn recv_buffer_size(&self) -> io::Result<usize> {
        self.socket.recv_buffer_size()
    }

    /// `IP_TOS`: the kind of service that routers may give to packets over IPv4.
    #[cfg(not(any(target_os = "solaris", target_os = "illumos", target_os = "haiku")))]
    pub fn set_tos_v4(&self, tos: u32) -> io::Result<()> {
        self.socket.set_tos_v4(tos)
    }

    /// The kind of service that was asked for.
    #[cfg(not(any(target_os = "solaris", target_os = "illumos", target_os = "haiku")))]
    pub fn tos_v4(&self) -> io::Result<u32> {
        self.socket.tos_v4()
    }

    /// `SO_BINDTODEVICE`: talks through one network interface only. `None` undoes it.
    #[cfg(any(target_os = "android", target_os = "linux"))]
    pub fn bind_device(&self, interface: Option<&[u8]>) -> io::Result<()> {
        self.socket.bind_device(interface)
    }

    /// The interface that it is bound to, if any.
    #[cfg(any(target_os = "android", target_os = "linux"))]
    pub fn device(&self) -> io::Result<Option<Vec<u8>>> {
        self.socket.device()
    }

    /// Makes closing abrupt: see [`TcpStream::set_zero_linger`].
    pub fn set_zero_linger(&self) -> io::Result<()> {
        self.socket.set_linger(Some(Duration::ZERO))
    }
}

/// Is this how a connect says that it has begun and will go on by itself?
#[cfg(unix)]
fn is_under_way(error: &io::Error) -> bool {
    error.raw_os_error() == Some(libc::EINPROGRESS)
}

/// Is this how a connect says that it has begun and will go on by itself?
#[cfg(not(unix))]
fn is_under_way(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::WouldBlock
}

#[cfg(not(target_os = "openbsd"))]
fn keepalive_params(pace: &Keepalive) -> TcpKeepalive {
    let mut params = TcpKeepalive::new();
    if let Some(time) = pace.time {
        params = params.with_time(time);
    }
    if let Some(interval) = pace.interval {
        params = params.with_interval(interval);
    }
    if let Some(retries) = pace.retries {
        params = params.with_retries(retries);
    }
    params
}

/// Only on and off, on this system.
#[cfg(target_os = "openbsd")]
fn keepalive_params(_: &Keepalive) -> TcpKeepalive {
    TcpKeepalive::new()
}
