//! The client, as programs see it, and all that can be set about it.

use std::fmt;
use std::rc::Rc;
use std::time::Duration;

use ::http::{HeaderValue, Method};

use crate::http::config::Config;
use crate::http::request_builder::RequestBuilder;
use crate::http::send::Engine;

/// Makes HTTP/1.1 requests, and keeps the connections for the next ones.
///
/// It is a handle: a clone is the same client, with the same connections and limits. It stays
/// on its thread, like everything in hob. Make one and keep it; a client for each request
/// would connect anew each time.
///
/// What it does by itself: it stands in line where the limits say so, reuses connections,
/// follows up to 20 redirects, and gives up when a deadline passes. A connection that was kept
/// and turns out to be closed before a byte came back is replaced by a new one, once, if the
/// request is one that may be repeated (RFC 9110 §9.2.2).
///
/// With the feature `tls` (on by default) it speaks `https`: TLS 1.2 and 1.3. It trusts the
/// system's root certificates, or others that [`ClientBuilder`] is given.
///
/// It asks for bodies that are packed (`gzip, deflate`, and `br` and `zstd` with the features
/// `brotli` and `zstd`) and unpacks them while they come: see [`ClientBuilder::decode`].
///
/// What it does not do: it keeps no cookies and no cache.
///
/// ```
/// # hob::block_on(async {
/// # let listener = hob::net::TcpListener::bind("127.0.0.1:0").await?;
/// # let url = format!("http://{}/", listener.local_addr()?);
/// # hob::spawn(async move {
/// #     let (stream, _) = listener.accept().await?;
/// #     stream.read(&mut [0; 1024]).await?;
/// #     stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello").await
/// # });
/// let client = hob::http::Client::new();
/// let response = client.get(&url).header("x-reason", "curiosity").send().await?;
/// assert_eq!(response.text().await?, "hello");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
#[derive(Clone)]
pub struct Client {
    /// What all clones have in common.
    engine: Rc<Engine>,
}

impl Client {
    /// A client as [`ClientBuilder`]'s defaults make it.
    pub fn new() -> Client {
        Client::builder().build()
    }

    /// A client with settings of its own.
    pub fn builder() -> ClientBuilder {
        ClientBuilder {
            config: Config::default(),
        }
    }

    /// Begins a `GET`.
    pub fn get(&self, url: impl AsRef<str>) -> RequestBuilder {
        self.request(Method::GET, url)
    }

    /// Begins a `HEAD`: like `GET`, but only the head comes back.
    pub fn head(&self, url: impl AsRef<str>) -> RequestBuilder {
        self.request(Method::HEAD, url)
    }

    /// Begins a `POST`.
    ///
    /// ```
    /// # hob::block_on(async {
    /// # let listener = hob::net::TcpListener::bind("127.0.0.1:0").await?;
    /// # let url = format!("http://{}/", listener.local_addr()?);
    /// # hob::spawn(async move {
    /// #     let (stream, _) = listener.accept().await?;
    /// #     stream.read(&mut [0; 1024]).await?;
    /// #     stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello").await
    /// # });
    /// let client = hob::http::Client::new();
    /// let response = client.post(&url).body("order").bearer_auth("token").send().await?;
    /// assert_eq!(response.status(), 200);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn post(&self, url: impl AsRef<str>) -> RequestBuilder {
        self.request(Method::POST, url)
    }

    /// Begins a `PUT`.
    pub fn put(&self, url: impl AsRef<str>) -> RequestBuilder {
        self.request(Method::PUT, url)
    }

    /// Begins a `DELETE`.
    pub fn delete(&self, url: impl AsRef<str>) -> RequestBuilder {
        self.request(Method::DELETE, url)
    }

    /// Begins a request of any method, given as a [`Method`] or as text. A URL that is none,
    /// or a method that is none, is reported by [`RequestBuilder::send`].
    pub fn request<M>(&self, method: M, url: impl AsRef<str>) -> RequestBuilder
    where
        Method: TryFrom<M>,
    {
        match Method::try_from(method) {
            Ok(method) => RequestBuilder::new(self.engine.clone(), method, url.as_ref()),
            Err(_) => RequestBuilder::bad_method(self.engine.clone(), url.as_ref()),
        }
    }
}

impl Default for Client {
    fn default() -> Client {
        Client::new()
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Client").field(self.engine.config()).finish()
    }
}

/// All that can be set about a [`Client`]. Each method says the default.
///
/// The deadlines, all in one place. Each failure names the one that passed.
///
/// | | covers | default |
/// |---|---|---|
/// | [`connect_timeout`](ClientBuilder::connect_timeout) | finding the host and connecting | 30 s |
/// | [`first_byte_timeout`](ClientBuilder::first_byte_timeout) | from the end of the request to the end of the response's head | 60 s |
/// | [`idle_timeout`](ClientBuilder::idle_timeout) | each wait for the next bytes of a body, in either direction | 60 s |
/// | [`low_speed_limit`](ClientBuilder::low_speed_limit) | a body that moves, but hardly | none |
/// | [`total_timeout`](ClientBuilder::total_timeout) | all of it: the line, tries, redirects, the body | none |
///
/// ```
/// # use std::time::Duration;
/// let client = hob::http::Client::builder()
///     .max_per_host(6)
///     .connect_timeout(Duration::from_secs(5))
///     .total_timeout(Duration::from_secs(600))
///     .build();
/// assert!(format!("{client:?}").contains("600s"));
/// ```
#[derive(Clone, Debug)]
#[must_use = "a client is made only by `build`"]
pub struct ClientBuilder {
    /// More of it is set in `settings.rs`, `network.rs` and `trust.rs`.
    pub(super) config: Config,
}

impl ClientBuilder {
    /// The client.
    ///
    /// # Panics
    /// If [`max_per_host`](ClientBuilder::max_per_host) or
    /// [`max_total`](ClientBuilder::max_total) is 0: it could never make a request.
    #[track_caller]
    pub fn build(self) -> Client {
        Client {
            engine: Rc::new(Engine::new(self.config)),
        }
    }

    /// The most connections in use at once for one host and port. Further requests wait in
    /// line. *Default*: 32.
    pub fn max_per_host(mut self, connections: usize) -> ClientBuilder {
        self.config.pool.max_per_host = connections;
        self
    }

    /// The most connections at once over all, idle ones included. *Default*: 256.
    pub fn max_total(mut self, connections: usize) -> ClientBuilder {
        self.config.pool.max_total = connections;
        self
    }

    /// How long a connection that nobody uses is kept for the next request. It is closed when
    /// the client is used after that, or dropped. *Default*: 30 s.
    pub fn idle_connections_for(mut self, time: Duration) -> ClientBuilder {
        self.config.pool.idle = time;
        self
    }

    /// The limit for finding the host's address and connecting to it. *Default*: 30 s.
    pub fn connect_timeout(mut self, limit: impl Into<Option<Duration>>) -> ClientBuilder {
        self.config.deadlines.connect = limit.into();
        self
    }

    /// The limit for agreeing upon TLS with a server that took the connection (`https` only).
    /// *Default*: 30 s.
    pub fn tls_timeout(mut self, limit: impl Into<Option<Duration>>) -> ClientBuilder {
        self.config.deadlines.tls = limit.into();
        self
    }

    /// The limit from the end of the request to the end of the response's head; interim (1xx)
    /// responses do not start it anew. *Default*: 60 s.
    pub fn first_byte_timeout(mut self, limit: impl Into<Option<Duration>>) -> ClientBuilder {
        self.config.deadlines.first_byte = limit.into();
        self
    }

    /// The limit for the next bytes of a body, in either direction. *Default*: 60 s.
    pub fn idle_timeout(mut self, limit: impl Into<Option<Duration>>) -> ClientBuilder {
        self.config.deadlines.idle = limit.into();
        self
    }

    /// The limit for a whole request: standing in line, redirects, and the body until its end.
    /// *Default*: none, because a long download is not a fault.
    pub fn total_timeout(mut self, limit: impl Into<Option<Duration>>) -> ClientBuilder {
        self.config.deadlines.total = limit.into();
        self
    }

    /// How many redirects are followed for one request. With 0 none is, and the redirect
    /// itself is the response. *Default*: 20.
    pub fn max_redirects(mut self, redirects: u32) -> ClientBuilder {
        self.config.max_redirects = redirects;
        self
    }

    /// The most bytes that the head of a response may have, interim responses included, and
    /// its trailers again. *Default*: 128 KiB.
    pub fn max_head(mut self, bytes: usize) -> ClientBuilder {
        self.config.max_head = bytes;
        self
    }

    /// The most bytes that [`Response::bytes`](super::Response::bytes) and
    /// [`text`](super::Response::text) collect, counted after unpacking. Reading by pieces has
    /// no limit.
    /// *Default*: 64 MiB.
    pub fn max_in_memory(mut self, bytes: u64) -> ClientBuilder {
        self.config.max_in_memory = bytes;
        self
    }

    /// Whether bodies may come packed, and are unpacked while they are read (RFC 9110 §8.4).
    /// *Default*: yes. [`RequestBuilder::decode`] says it for one request.
    ///
    /// With `true`, `Accept-Encoding` names what this build undoes, and every way to read the
    /// body gives the bytes that were meant. The checksum, the length and the end of what was
    /// packed are checked as far as the format has them. The fields in
    /// [`Response::headers`](super::Response::headers) stay as they came: `Content-Encoding`
    /// names what was undone, and `Content-Length` counts the packed bytes.
    /// [`Response::content_length`](super::Response::content_length) is `None` then, because
    /// nobody knows the length before the end. (Of zstd nothing is handed out before it is older
    /// than its window: what is streamed slowly comes late.)
    ///
    /// With `false`, `identity` is asked for, and bytes are handed out as they come. The same
    /// holds for a request with
    /// - a `Range`: what it counts would be bytes of the packed form, of which a piece alone
    ///   means nothing, and which the server may pack differently the next time;
    /// - an `Accept-Encoding` of its own: who asks for something special gets it as it is.
    ///
    /// A 206 is never unpacked, for the first of these reasons.
    pub fn decode(mut self, decode: bool) -> ClientBuilder {
        self.config.decode = decode;
        self
    }

    /// The most bytes that one body may unpack to. *Default*: 1 GiB. A body that came as it is
    /// has no limit.
    ///
    /// It keeps a few kilobytes from filling a disk. Memory is safe without it: unpacking
    /// holds one piece and the format's window, of which brotli's may have 16 MiB, zstd's
    /// 8 MiB, and the others' 32 KiB. Beyond the limit reading fails with
    /// [`ErrorKind::TooLarge`](super::ErrorKind::TooLarge).
    pub fn max_decoded(mut self, bytes: u64) -> ClientBuilder {
        self.config.max_decoded = bytes;
        self
    }

    /// What is sent as `User-Agent`. *Default*: `hob/` and its version.
    pub fn user_agent(mut self, name: HeaderValue) -> ClientBuilder {
        self.config.user_agent = name;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_shows_where_it_goes_and_none_of_its_secrets() {
        let client = Client::new();
        let request = client.post("http://user:secret@h/a?b");
        let request = request.header("x-token", "secret").body("secret");
        assert_eq!(format!("{request:?}"), "POST http://h/a?b");
        let shown = format!("{:?}", client.get("no scheme"));
        assert!(shown.contains("not a URL"), "{shown}");
    }

    #[test]
    fn a_client_shows_its_own_settings() {
        let client = Client::builder().max_per_host(7).build();
        let shown = format!("{client:?}");
        assert!(
            shown.starts_with("Client") && shown.contains("max_per_host: 7"),
            "{shown}"
        );
    }
}
