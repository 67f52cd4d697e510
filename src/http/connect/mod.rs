//! How a connection comes about: the seam where TLS and proxies will join.

mod key;

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use ::url::Host;

use crate::http::conn::{Conn, Transport};
use crate::http::error::{ErrorKind, Failure};
use crate::net::{self, TcpStream};
use crate::time::timeout;

pub(crate) use key::Key;

/// Connects to the first address of the host that takes us, one after the other. None of
/// several may use up more than its share of `limit`, so that a dead one (an IPv6 address
/// without a route, mostly) leaves time for the next.
pub(crate) async fn connect(key: &Key, limit: Option<Duration>) -> Result<Conn, Failure> {
    let addresses = addresses(key).await.map_err(ErrorKind::Lookup)?;
    let share = share(limit, addresses.len());
    let mut failure = no_address();
    for address in addresses {
        match connect_to(address, share).await {
            Ok(conn) => return Ok(conn),
            Err(error) => {
                let (kind, address) = (ErrorKind::Connect(error), Some(address));
                failure = Failure { kind, address };
            }
        }
    }
    Err(failure)
}

async fn addresses(key: &Key) -> io::Result<Vec<SocketAddr>> {
    match &key.host {
        Host::Ipv4(ip) => Ok(vec![SocketAddr::new(IpAddr::V4(*ip), key.port)]),
        Host::Ipv6(ip) => Ok(vec![SocketAddr::new(IpAddr::V6(*ip), key.port)]),
        Host::Domain(name) => {
            let found = net::lookup_host((name.as_str(), key.port)).await?;
            Ok(found.collect())
        }
    }
}

/// `None` for a single address: whoever asked minds the whole.
fn share(limit: Option<Duration>, addresses: usize) -> Option<Duration> {
    let addresses = u32::try_from(addresses).ok()?;
    limit
        .filter(|_| addresses > 1)
        .map(|limit| limit / addresses)
}

fn no_address() -> Failure {
    let error = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    ErrorKind::Lookup(error).into()
}

async fn connect_to(address: SocketAddr, limit: Option<Duration>) -> io::Result<Conn> {
    let connect = TcpStream::connect(address);
    let stream = match limit {
        None => connect.await?,
        Some(limit) => timeout(limit, connect).await??,
    };
    // A request goes out at once. Nagle's algorithm would hold the end of it back until the
    // peer acknowledged the beginning.
    stream.set_nodelay(true)?;
    Ok(Conn::new(Box::new(stream), address))
}

impl Transport for TcpStream {
    fn is_quiet(&self) -> bool {
        TcpStream::is_quiet(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_addresses_share_the_time_and_one_has_all_of_it() {
        let second = Duration::from_secs(1);
        assert_eq!(share(Some(30 * second), 3), Some(10 * second));
        assert_eq!(share(Some(30 * second), 1), None);
        assert_eq!(share(None, 3), None);
    }
}
