//! How a connection comes about: the seam where TLS and proxies will join.
//!
//! Everything that makes one connection different from another is in its [`Key`]. Two requests
//! with equal keys may share a connection; whatever later decides about a connection (a proxy,
//! a certificate) becomes a field there, so that the pool need not know of it.

use std::io;
use std::net::{IpAddr, SocketAddr};

use ::url::{Host, Url};

use crate::http::conn::Conn;
use crate::http::error::{ErrorKind, Failure};
use crate::net::{self, TcpStream};

/// Whom to connect to, and how.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    host: Host<String>,
    port: u16,
}

impl Key {
    /// # Errors
    /// If this build cannot connect in the way the URL's scheme asks for.
    pub(crate) fn of(url: &Url) -> Result<Key, ErrorKind> {
        if url.scheme() != "http" {
            let scheme = url.scheme().to_string();
            return Err(ErrorKind::Scheme { scheme });
        }
        let host = url.host().map(|host| host.to_owned());
        let host = host.ok_or(ErrorKind::Url {
            what: "it has no host",
        })?;
        let port = url.port_or_known_default().unwrap_or(80);
        Ok(Key { host, port })
    }

    async fn addresses(&self) -> io::Result<Vec<SocketAddr>> {
        match &self.host {
            Host::Ipv4(ip) => Ok(vec![SocketAddr::new(IpAddr::V4(*ip), self.port)]),
            Host::Ipv6(ip) => Ok(vec![SocketAddr::new(IpAddr::V6(*ip), self.port)]),
            Host::Domain(name) => {
                let found = net::lookup_host((name.as_str(), self.port)).await?;
                Ok(found.collect())
            }
        }
    }
}

/// Connects to the first address of the host that takes us, one after the other.
pub(crate) async fn connect(key: &Key) -> Result<Conn, Failure> {
    let mut failure = no_address();
    for address in key.addresses().await.map_err(ErrorKind::Lookup)? {
        match connect_to(address).await {
            Ok(conn) => return Ok(conn),
            Err(error) => {
                let (kind, address) = (ErrorKind::Connect(error), Some(address));
                failure = Failure { kind, address };
            }
        }
    }
    Err(failure)
}

fn no_address() -> Failure {
    let error = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    ErrorKind::Lookup(error).into()
}

async fn connect_to(address: SocketAddr) -> io::Result<Conn> {
    let stream = TcpStream::connect(address).await?;
    // A request goes out at once. Nagle's algorithm would hold the end of it back until the
    // peer acknowledged the beginning.
    stream.set_nodelay(true)?;
    Ok(Conn::new(Box::new(stream), address))
}
