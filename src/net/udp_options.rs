//! The options of a [`UdpSocket`], and its raw handles: each method is one question or one
//! order to the kernel, and none of them waits.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use super::udp_socket::UdpSocket;

impl UdpSocket {
    /// The address of this end.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.source.get_ref().local_addr()
    }

    /// The peer chosen by [`UdpSocket::connect`].
    ///
    /// # Errors
    /// `NotConnected` if none was.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.source.get_ref().peer_addr()
    }

    /// Takes the error that the kernel has put down for this socket, if any (`SO_ERROR`). The
    /// next operation does not answer with it then.
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.source.get_ref().take_error()
    }

    /// How many routers a datagram may pass (`IP_TTL`). Not for multicast.
    pub fn ttl(&self) -> io::Result<u32> {
        self.source.get_ref().ttl()
    }

    /// Sets how many routers a datagram may pass (`IP_TTL`). Not for multicast.
    pub fn set_ttl(&self, ttl: u32) -> io::Result<()> {
        self.source.get_ref().set_ttl(ttl)
    }

    /// May it send to everybody on a network?
    pub fn broadcast(&self) -> io::Result<bool> {
        self.source.get_ref().broadcast()
    }

    /// `SO_BROADCAST`: whether it may send to everybody on a network (255.255.255.255 for
    /// instance). Off at first, so that nobody does it by mistake.
    ///
    /// ```
    /// # hob::block_on(async {
    /// # let socket = hob::net::UdpSocket::bind("127.0.0.1:0").await?;
    /// socket.set_broadcast(true)?;
    /// assert!(socket.broadcast()?);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn set_broadcast(&self, broadcast: bool) -> io::Result<()> {
        self.source.get_ref().set_broadcast(broadcast)
    }

    /// Hears the group `multiaddr` from now on (`IP_ADD_MEMBERSHIP`), on the network that
    /// `interface` is an address of; 0.0.0.0 lets the system choose one.
    ///
    /// # Errors
    /// It is no multicast address, or there is no such network.
    pub fn join_multicast_v4(&self, multiaddr: Ipv4Addr, interface: Ipv4Addr) -> io::Result<()> {
        let io = self.source.get_ref();
        io.join_multicast_v4(&multiaddr, &interface)
    }

    /// Undoes [`UdpSocket::join_multicast_v4`] (`IP_DROP_MEMBERSHIP`).
    ///
    /// # Errors
    /// `AddrNotAvailable` if it was not joined.
    pub fn leave_multicast_v4(&self, multiaddr: Ipv4Addr, interface: Ipv4Addr) -> io::Result<()> {
        let io = self.source.get_ref();
        io.leave_multicast_v4(&multiaddr, &interface)
    }

    /// Hears the group `multiaddr` from now on (`IPV6_JOIN_GROUP`), on the network with the
    /// index `interface`; 0 lets the system choose one.
    ///
    /// # Errors
    /// It is no multicast address, or there is no such network.
    pub fn join_multicast_v6(&self, multiaddr: &Ipv6Addr, interface: u32) -> io::Result<()> {
        self.source
            .get_ref()
            .join_multicast_v6(multiaddr, interface)
    }

    /// Undoes [`UdpSocket::join_multicast_v6`] (`IPV6_LEAVE_GROUP`).
    ///
    /// # Errors
    /// `AddrNotAvailable` if it was not joined.
    pub fn leave_multicast_v6(&self, multiaddr: &Ipv6Addr, interface: u32) -> io::Result<()> {
        self.source
            .get_ref()
            .leave_multicast_v6(multiaddr, interface)
    }

    /// Do sockets of this machine hear what it sends to a group?
    pub fn multicast_loop_v4(&self) -> io::Result<bool> {
        self.source.get_ref().multicast_loop_v4()
    }

    /// `IP_MULTICAST_LOOP`: whether sockets of this machine hear what it sends to a group. On
    /// at first. On Windows it is the hearing socket's option, not the sending one's.
    pub fn set_multicast_loop_v4(&self, on: bool) -> io::Result<()> {
        self.source.get_ref().set_multicast_loop_v4(on)
    }

    /// How many routers a datagram to a group may pass.
    pub fn multicast_ttl_v4(&self) -> io::Result<u32> {
        self.source.get_ref().multicast_ttl_v4()
    }

    /// `IP_MULTICAST_TTL`: how many routers a datagram to a group may pass. 1 at first: it stays
    /// in the network that it was sent to.
    pub fn set_multicast_ttl_v4(&self, ttl: u32) -> io::Result<()> {
        self.source.get_ref().set_multicast_ttl_v4(ttl)
    }

    /// Do sockets of this machine hear what it sends to an IPv6 group?
    pub fn multicast_loop_v6(&self) -> io::Result<bool> {
        self.source.get_ref().multicast_loop_v6()
    }

    /// `IPV6_MULTICAST_LOOP`: see [`UdpSocket::set_multicast_loop_v4`].
    pub fn set_multicast_loop_v6(&self, on: bool) -> io::Result<()> {
        self.source.get_ref().set_multicast_loop_v6(on)
    }
}

#[cfg(unix)]
impl std::os::fd::AsFd for UdpSocket {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        self.source.lend().as_fd()
    }
}

#[cfg(unix)]
impl std::os::fd::AsRawFd for UdpSocket {
    fn as_raw_fd(&self) -> std::os::fd::RawFd {
        self.source.lend().as_raw_fd()
    }
}

#[cfg(windows)]
impl std::os::windows::io::AsSocket for UdpSocket {
    fn as_socket(&self) -> std::os::windows::io::BorrowedSocket<'_> {
        self.source.lend().as_socket()
    }
}
