//! How a client connects, as [`ClientBuilder`] sets it.
//!
//! What these settings lead to is told in `connect`.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::http::builder::ClientBuilder;
use crate::http::connect::{Known, ProxyFrom};

/// **The way**: how it connects.
///
/// The environment is looked at once, by [`build`](ClientBuilder::build), and by curl's rules:
/// `http_proxy` for http, `https_proxy` or `HTTPS_PROXY` for https, `all_proxy` or `ALL_PROXY`
/// for both, and `no_proxy` or `NO_PROXY` for the exceptions, described at
/// [`no_proxy_for`](ClientBuilder::no_proxy_for). `HTTP_PROXY` in capitals is never looked at:
/// a CGI program finds a stranger's words in it. `localhost` goes through the proxy, too,
/// unless it is among the exceptions.
impl ClientBuilder {
    /// The proxy for all requests, in place of the environment's: `http://host:port`,
    /// `socks5://host:port` (names are looked up here) or `socks5h://host:port` (the proxy looks
    /// them up), each also with `user:password@`. *Default*: the environment's.
    ///
    /// An HTTP proxy is asked for the whole URL (RFC 9112 §3.2.2), or for a tunnel where it must
    /// not see what is said (RFC 9110 §9.3.6). What can be no proxy is reported by the requests
    /// that would have gone through it. Without a port it is 80, or 1080 for SOCKS.
    ///
    /// ```
    /// # hob::block_on(async {
    /// let client = hob::http::Client::builder().proxy("socks4://me:secret@old.example").build();
    /// let error = client.get("http://example.com/").send().await.unwrap_err();
    /// assert!(error.to_string().contains("proxy socks4://old.example: it cannot be used"));
    /// # });
    /// ```
    pub fn proxy(mut self, url: impl AsRef<str>) -> ClientBuilder {
        self.config.connect.proxy.from = ProxyFrom::Option(url.as_ref().to_string());
        self
    }

    /// Asks every host directly, whatever the environment says. *Default*: as the environment
    /// says.
    pub fn no_proxy(mut self) -> ClientBuilder {
        self.config.connect.proxy.from = ProxyFrom::Nowhere;
        self
    }

    /// The hosts that are asked directly, in place of the environment's `no_proxy`: names
    /// (`example.com` stands for all below it, too), addresses, networks (`10.0.0.0/8`), each
    /// perhaps with `:port`, between commas or spaces; or `*` for all. *Default*: the
    /// environment's, also for a proxy that was set with [`proxy`](ClientBuilder::proxy).
    ///
    /// ```
    /// let client = hob::http::Client::builder()
    ///     .proxy("http://proxy.example:3128")
    ///     .no_proxy_for("localhost, 127.0.0.0/8, .corp.example")
    ///     .build();
    /// assert!(format!("{client:?}").contains(".corp.example"));
    /// ```
    pub fn no_proxy_for(mut self, hosts: impl Into<String>) -> ClientBuilder {
        self.config.connect.proxy.except = Some(hosts.into());
        self
    }

    /// Asks an HTTP proxy for a tunnel also where it could forward the request, so that it
    /// neither reads nor changes it, as far as it plays by the rules. Many proxies make tunnels
    /// to port 443 only. *Default*: no.
    pub fn always_tunnel(mut self, tunnel: bool) -> ClientBuilder {
        self.config.connect.always_tunnel = tunnel;
        self
    }

    /// The address that connections come from, for a machine with several. Hosts (or proxies)
    /// are then asked only at addresses of the same family. *Default*: the system chooses.
    pub fn source_address(mut self, address: IpAddr) -> ClientBuilder {
        self.config.connect.source = Some(address);
        self
    }

    /// Connects to the Unix socket at `path`, whatever host the URL names, and through no proxy.
    /// On a system without them, requests fail. *Default*: none.
    pub fn unix_socket(mut self, path: impl AsRef<Path>) -> ClientBuilder {
        self.config.connect.unix_socket = Some(path.as_ref().into());
        self
    }

    /// How long the addresses of a host are kept, of 1024 hosts at most. Failures are not; and
    /// where no address answers, they are looked up anew the next time. Zero keeps nothing.
    /// *Default*: 60 s.
    pub fn dns_cache_for(mut self, time: Duration) -> ClientBuilder {
        self.config.connect.resolve.keep = time;
        self
    }

    /// The addresses of a host, so that they need not be looked up. `host` may be followed by
    /// `:port`: then it is only for URLs with this port. An address with port 0 means the port of
    /// the URL. What is set last holds. *Default*: none.
    ///
    /// ```
    /// # hob::block_on(async {
    /// # let listener = hob::net::TcpListener::bind("127.0.0.1:0").await?;
    /// let addr = listener.local_addr()?;
    /// # hob::spawn(async move {
    /// #     let (stream, _) = listener.accept().await?;
    /// #     stream.read(&mut [0; 1024]).await?;
    /// #     stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello").await
    /// # });
    /// let client = hob::http::Client::builder().no_proxy().resolve("there.example", [addr]).build();
    /// let response = client.get("http://there.example/").send().await?;
    /// assert_eq!(response.peer_addr(), Some(addr));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn resolve(
        mut self,
        host: impl AsRef<str>,
        addresses: impl IntoIterator<Item = SocketAddr>,
    ) -> ClientBuilder {
        let known = Known::new(host.as_ref(), addresses.into_iter().collect());
        self.config.connect.resolve.known.push(known);
        self
    }

    /// Looks names up with `resolver`, in the place of the system's. It may block: it runs on a
    /// worker, as the system's does, and its answers are cached like those. *Default*: the
    /// system's.
    ///
    /// ```
    /// # hob::block_on(async {
    /// let nobody = |name: &str| Err(std::io::Error::other(format!("who is {name}?")));
    /// let client = hob::http::Client::builder().no_proxy().resolver(nobody).build();
    /// let error = client.get("http://a.example/").send().await.unwrap_err();
    /// assert!(error.to_string().contains("who is a.example?"));
    /// # });
    /// ```
    pub fn resolver<R>(mut self, resolver: R) -> ClientBuilder
    where
        R: Fn(&str) -> io::Result<Vec<IpAddr>> + Send + Sync + 'static,
    {
        self.config.connect.resolve.ask = Some(Arc::new(resolver));
        self
    }
}
