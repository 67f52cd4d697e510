//! What may name an address: [`ToSocketAddrs`].
//!
//! std's trait of the same name resolves while it converts, and so blocks its thread for as
//! long as a name server likes. Here the conversion only says *what* is to be resolved; `dns`
//! does it, without blocking the loop.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};

/// What can be connected or bound to: a `SocketAddr`, an address and a port, or text such as
/// `"127.0.0.1:80"`, `"[::1]:80"` or `"localhost:80"`.
///
/// It cannot be implemented outside of this crate.
///
/// ```
/// # hob::block_on(async {
/// let text = hob::net::TcpListener::bind("127.0.0.1:0").await?;
/// let tuple = hob::net::TcpListener::bind(([127, 0, 0, 1], 0)).await?;
/// assert_ne!(text.local_addr()?, tuple.local_addr()?);
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
pub trait ToSocketAddrs: sealed::Parse {}

impl<T: sealed::Parse + ?Sized> ToSocketAddrs for T {}

/// What a [`ToSocketAddrs`] says.
#[derive(Debug, PartialEq)]
pub enum Target {
    /// One address as it is: no list is made for it, since `UdpSocket::send_to` asks each time.
    Addr(SocketAddr),
    /// Addresses as they are.
    Addrs(Vec<SocketAddr>),
    /// A host's name, to be resolved, and a port.
    Name(String, u16),
}

/// Tries `connect` on each of `addrs` in turn, until one succeeds; else the last error.
pub(super) fn first_that_works<T>(
    addrs: &[SocketAddr],
    mut try_one: impl FnMut(SocketAddr) -> io::Result<T>,
) -> io::Result<T> {
    let mut last = Err(io::ErrorKind::InvalidInput.into());
    for &addr in addrs {
        last = try_one(addr);
        if last.is_ok() {
            break;
        }
    }
    last
}

pub(crate) mod sealed {
    use super::Target;
    use std::io;

    /// The hidden half of [`super::ToSocketAddrs`].
    pub trait Parse {
        /// Does not resolve anything, so it does not block.
        fn target(&self) -> io::Result<Target>;
    }
}

use sealed::Parse;

impl Parse for SocketAddr {
    fn target(&self) -> io::Result<Target> {
        Ok(Target::Addr(*self))
    }
}

impl Parse for SocketAddrV4 {
    fn target(&self) -> io::Result<Target> {
        SocketAddr::V4(*self).target()
    }
}

impl Parse for SocketAddrV6 {
    fn target(&self) -> io::Result<Target> {
        SocketAddr::V6(*self).target()
    }
}

impl Parse for [SocketAddr] {
    fn target(&self) -> io::Result<Target> {
        Ok(Target::Addrs(self.to_vec()))
    }
}

impl Parse for Vec<SocketAddr> {
    fn target(&self) -> io::Result<Target> {
        self.as_slice().target()
    }
}

impl Parse for (IpAddr, u16) {
    fn target(&self) -> io::Result<Target> {
        SocketAddr::from(*self).target()
    }
}

impl Parse for (Ipv4Addr, u16) {
    fn target(&self) -> io::Result<Target> {
        SocketAddr::from(*self).target()
    }
}

impl Parse for (Ipv6Addr, u16) {
    fn target(&self) -> io::Result<Target> {
        SocketAddr::from(*self).target()
    }
}

impl Parse for ([u8; 4], u16) {
    fn target(&self) -> io::Result<Target> {
        SocketAddr::from(*self).target()
    }
}

/// A host and a port. The host may be an address in text, IPv6 with or without brackets.
impl Parse for (&str, u16) {
    fn target(&self) -> io::Result<Target> {
        let (host, port) = *self;
        let bare = host.strip_prefix('[').and_then(|h| h.strip_suffix(']'));
        match bare.unwrap_or(host).parse::<IpAddr>() {
            Ok(ip) => (ip, port).target(),
            Err(_) if host.is_empty() => Err(invalid("a host without a name")),
            Err(_) => Ok(Target::Name(host.to_owned(), port)),
        }
    }
}

impl Parse for (String, u16) {
    fn target(&self) -> io::Result<Target> {
        (self.0.as_str(), self.1).target()
    }
}

/// `host:port`.
impl Parse for str {
    fn target(&self) -> io::Result<Target> {
        if let Ok(addr) = self.parse::<SocketAddr>() {
            return addr.target();
        }
        let parts = self.rsplit_once(':');
        let (host, port) = parts.ok_or_else(|| invalid("no port: write host:port"))?;
        let port = port
            .parse()
            .map_err(|_| invalid("the port is no number up to 65535"))?;
        (host, port).target()
    }
}

impl Parse for String {
    fn target(&self) -> io::Result<Target> {
        self.as_str().target()
    }
}

impl<T: Parse + ?Sized> Parse for &T {
    fn target(&self) -> io::Result<Target> {
        (**self).target()
    }
}

fn invalid(message: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_an_address_or_a_name_and_always_has_a_port() {
        let addr = |text: &str| Target::Addr(text.parse().unwrap());
        assert_eq!("127.0.0.1:80".target().unwrap(), addr("127.0.0.1:80"));
        assert_eq!("[::1]:80".target().unwrap(), addr("[::1]:80"));
        assert_eq!(("[::1]", 80).target().unwrap(), addr("[::1]:80"));
        assert_eq!(("::1", 80).target().unwrap(), addr("[::1]:80"));
        let name = Target::Name("localhost".to_owned(), 80);
        assert_eq!("localhost:80".target().unwrap(), name);
        assert_eq!(("localhost".to_owned(), 80).target().unwrap(), name);
        for bad in ["localhost", ":80", "localhost:", "localhost:65536", ""] {
            let error = bad.target().unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput, "{bad}");
        }
    }
}
