//! How a connection comes about: from a URL to something that carries bytes both ways.
//!
//! ```text
//!   URL ── Connector::key ─▶ Key            1. `proxy`: which way? `key`: all that matters
//!                             │
//!            ┌────────────────┼──────────────────────┐
//!          host             proxy               Unix socket (`unix`)
//!            └───────┬────────┘                      │
//!                addresses                   2. `resolve`: set, cached, or looked up
//!                    │                               │
//!                TCP stream                  3. `race`: the first that connects
//!                    ├── no proxy, or it forwards ───┤
//!            `tunnel` or `socks`             4. ask the proxy for the host
//!                    └───────────────┬───────────────┘
//!                                 Dialed  ─▶ `tls`, if it is https ─▶ `conn`
//! ```
//!
//! - K1: whatever makes a difference to the connection is in its [`Key`], so the pool can tell
//!   by it who may share one.
//! - K2: an error about a proxy names the proxy; credentials for it are in no error.
//!
//! It knows no deadline: whoever waits for a connection minds the time of all the steps
//! together, and drops them. TLS comes after it, inside of whatever was dialed.

mod exceptions;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
mod key;
mod proxy;
mod race;
mod resolve;
mod socks;
mod tunnel;
mod unix;

use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::rc::Rc;
use std::task::{Context, Poll};

use ::url::{Host, Url};

use crate::http::conn::Transport;
use crate::http::error::{ErrorKind, Failure, ProxyFault};
use crate::http::observe::{Act, Ears, Step};
use crate::http::pipe::Pipe;
use crate::http::tls::Tls;
use crate::net::{TcpSocket, TcpStream};

use key::Route;
use proxy::{Proxy, Rules, Scheme, Speaks};
use resolve::Resolver;

pub(crate) use key::Key;
pub(crate) use proxy::{From as ProxyFrom, Settings as ProxySettings};
pub(crate) use resolve::{Known, Settings as ResolveSettings};

/// What `ClientBuilder` sets about connecting.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) proxy: ProxySettings,
    pub(crate) resolve: ResolveSettings,
    /// A tunnel through an HTTP proxy also where it could forward.
    pub(crate) always_tunnel: bool,
    pub(crate) source: Option<IpAddr>,
    pub(crate) unix_socket: Option<Rc<Path>>,
}

/// Makes the connections of one client.
pub(crate) struct Connector {
    rules: Rules,
    resolver: Resolver,
    always_tunnel: bool,
    source: Option<IpAddr>,
    unix_socket: Option<Rc<Path>>,
}

/// A way to carry bytes, and whose address is at its other end (a Unix socket has none).
pub(crate) struct Dialed {
    pub(crate) io: Box<dyn Transport>,
    pub(crate) address: Option<SocketAddr>,
}

impl Connector {
    pub(crate) fn new(settings: Settings) -> Connector {
        Connector {
            rules: Rules::new(&settings.proxy, variable),
            resolver: Resolver::new(settings.resolve),
            always_tunnel: settings.always_tunnel,
            source: settings.source,
            unix_socket: settings.unix_socket,
        }
    }

    /// 1. What a connection for `url` has to be like (K1).
    pub(crate) fn key(&self, url: &Url, tls: &Tls) -> Result<Key, ErrorKind> {
        let key = Key::of(url, tls)?;
        if let Some(path) = &self.unix_socket {
            let route = Route::Unix(path.clone());
            return Ok(Key { route, ..key });
        }
        let scheme = Scheme::of(url);
        let proxy = self.rules.proxy_for(scheme, &key.host, key.port)?;
        let route = proxy.map_or(Route::Direct, |proxy| self.through(proxy, scheme));
        let source = self.source;
        Ok(Key {
            route,
            source,
            ..key
        })
    }

    fn through(&self, proxy: Rc<Proxy>, scheme: Scheme) -> Route {
        let forwards = scheme == Scheme::Http && !self.always_tunnel;
        match proxy.speaks {
            Speaks::Http(_) if forwards => Route::Forward(proxy),
            Speaks::Http(_) => Route::Tunnel(proxy),
            Speaks::Socks { .. } => Route::Socks(proxy),
        }
    }

    /// Whatever lies between us and the host is behind us then. `ears` are told of each step.
    pub(crate) async fn dial(&self, key: &Key, ears: &Ears) -> Result<Dialed, Failure> {
        match &key.route {
            Route::Direct => self.reach(&key.host, key.port, key.source, ears).await,
            Route::Unix(path) => {
                let io = attempt(None, unix::dial(path), ears).await;
                let io = io.map_err(ErrorKind::Connect)?;
                Ok(Dialed { io, address: None })
            }
            Route::Forward(proxy) => self.reach_proxy(proxy, key.source, ears).await,
            Route::Tunnel(proxy) => {
                let mut dialed = self.reach_proxy(proxy, key.source, ears).await?;
                let authority = key.authority();
                let open = tunnel::open(&mut *dialed.io, &authority, proxy);
                let opened = asking(proxy, open, ears).await;
                through(dialed, proxy, opened)
            }
            Route::Socks(proxy) => {
                let (target, port) = self.told_to_socks(key, proxy, ears).await?;
                let doubt = self.resolver.doubt(&key.host);
                let mut dialed = self.reach_proxy(proxy, key.source, ears).await?;
                let open = socks::open(&mut *dialed.io, &target, port, proxy.login());
                let opened = asking(proxy, open, ears).await;
                let dialed = through(dialed, proxy, opened)?;
                doubt.dispel();
                Ok(dialed)
            }
        }
    }

    /// 2. and 3.
    async fn reach(
        &self,
        host: &Host<String>,
        port: u16,
        source: Option<IpAddr>,
        ears: &Ears,
    ) -> Result<Dialed, Failure> {
        let addresses = self.resolver.addresses(host, port, ears).await;
        let addresses = addresses.map_err(ErrorKind::Lookup)?;
        let addresses = only_from(race::interleave(addresses), source)?;
        let doubt = self.resolver.doubt(host);
        let dial = |address| attempt(Some(address), dial_tcp(address, source), ears);
        match race::race(addresses, dial).await {
            Ok((stream, address)) => {
                doubt.dispel();
                Ok(Dialed {
                    io: Box::new(stream),
                    address: Some(address),
                })
            }
            Err(losses) => {
                let (error, address) = losses.into_error();
                let kind = ErrorKind::Connect(error);
                Err(Failure { kind, address })
            }
        }
    }

    async fn reach_proxy(
        &self,
        proxy: &Proxy,
        source: Option<IpAddr>,
        ears: &Ears,
    ) -> Result<Dialed, Failure> {
        let reached = self.reach(&proxy.host, proxy.port, source, ears).await;
        reached.map_err(|Failure { kind, address }| {
            let kind = match kind {
                ErrorKind::Lookup(error) | ErrorKind::Connect(error) => {
                    proxy.failed(ProxyFault::Connect(error)) // K2
                }
                other => other,
            };
            Failure { kind, address }
        })
    }

    /// The host as a SOCKS proxy is told it: by name, if it looks up names itself; else by the
    /// first of its addresses, which may have been set together with a port.
    async fn told_to_socks(
        &self,
        key: &Key,
        proxy: &Proxy,
        ears: &Ears,
    ) -> Result<(Host<String>, u16), ErrorKind> {
        if proxy.looks_up_names() {
            return Ok((key.host.clone(), key.port));
        }
        let addresses = self.resolver.addresses(&key.host, key.port, ears).await;
        let addresses = addresses.map_err(ErrorKind::Lookup)?;
        let first = addresses.first();
        let told = first.map(|first| (socks::as_host(first.ip()), first.port()));
        told.ok_or_else(no_address)
    }
}

/// What is no Unicode is no proxy either, and must not be taken for nothing at all: the request
/// would go past the proxy that somebody meant.
fn variable(name: &str) -> Option<String> {
    let value = std::env::var_os(name)?;
    Some(value.to_string_lossy().into_owned())
}

/// 4. What the proxy said decides (K2).
fn through(
    dialed: Dialed,
    proxy: &Proxy,
    opened: Result<(), ProxyFault>,
) -> Result<Dialed, Failure> {
    let address = dialed.address;
    match opened {
        Ok(()) => Ok(dialed),
        Err(why) => {
            let kind = proxy.failed(why);
            Err(Failure { kind, address })
        }
    }
}

/// Those addresses that can be reached from `source`.
fn only_from(
    mut addresses: Vec<SocketAddr>,
    source: Option<IpAddr>,
) -> Result<Vec<SocketAddr>, ErrorKind> {
    if addresses.is_empty() {
        return Err(no_address());
    }
    if let Some(source) = source {
        addresses.retain(|address| address.is_ipv4() == source.is_ipv4());
    }
    if addresses.is_empty() {
        let message = "the host has no address of the source address's family";
        let error = io::Error::new(io::ErrorKind::AddrNotAvailable, message);
        return Err(ErrorKind::Connect(error));
    }
    Ok(addresses)
}

/// Only what was set may be nothing at all.
fn no_address() -> ErrorKind {
    let message = "the host was set to have no address";
    let error = io::Error::new(io::ErrorKind::AddrNotAvailable, message);
    ErrorKind::Connect(error)
}

/// One attempt to connect, told of.
async fn attempt<T>(
    address: Option<SocketAddr>,
    dial: impl Future<Output = io::Result<T>>,
    ears: &Ears,
) -> io::Result<T> {
    let act = || Act::Connect(address);
    ears.during(act, dial, |took, _, result| Step::Connected {
        took,
        address,
        result: result.as_ref().map(drop),
    })
    .await
}

/// What is said to a proxy before it lets us through, told of.
async fn asking(
    proxy: &Proxy,
    open: impl Future<Output = Result<(), ProxyFault>>,
    ears: &Ears,
) -> Result<(), ProxyFault> {
    let act = || Act::Tunnel(proxy.to_string()); // K2
    ears.during(act, open, |took, act, result| Step::Tunneled {
        took,
        proxy: act.name(),
        result: result.as_ref().map(drop),
    })
    .await
}

async fn dial_tcp(address: SocketAddr, source: Option<IpAddr>) -> io::Result<TcpStream> {
    let stream = match source {
        None => TcpStream::connect(address).await?,
        Some(source) => {
            let socket = match source {
                IpAddr::V4(_) => TcpSocket::new_v4()?,
                IpAddr::V6(_) => TcpSocket::new_v6()?,
            };
            socket.bind((source, 0).into())?;
            socket.connect(address).await?
        }
    };
    // A request goes out at once. Nagle's algorithm would hold the end of it back until the
    // peer acknowledged the beginning.
    stream.set_nodelay(true)?;
    Ok(stream)
}

impl Transport for TcpStream {
    fn read_now(&mut self, into: &mut [u8]) -> io::Result<usize> {
        TcpStream::read_now(self, into)
    }

    fn has_news(&self) -> bool {
        TcpStream::has_news(self)
    }

    fn can_pass(&self) -> bool {
        Pipe::IS_THERE
    }

    fn poll_pass(
        &mut self,
        cx: &mut Context<'_>,
        pipe: &Pipe,
        most: usize,
    ) -> Poll<io::Result<usize>> {
        pipe.poll_fill(cx, self, most)
    }
}
