//! The client, as programs see it. What can be set about it is in `builder`.

use std::fmt;
use std::rc::Rc;

use ::http::Method;

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
/// system's root certificates, or others that [`ClientBuilder`](super::ClientBuilder) is given.
///
/// It asks for bodies that are packed (`gzip, deflate`, and `br` and `zstd` with the features
/// `brotli` and `zstd`) and unpacks them while they come: see
/// [`ClientBuilder::decode`](super::ClientBuilder::decode).
///
/// What it does not do: it keeps no cookies unless it is given a jar (`CookieJar`, with the
/// feature `cookies`), and no cache.
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
    /// A client as [`ClientBuilder`](super::ClientBuilder)'s defaults make it.
    pub fn new() -> Client {
        Client::with(Config::default())
    }

    /// What [`ClientBuilder::build`](super::ClientBuilder::build) makes.
    ///
    /// # Panics
    /// If a limit of the pool is 0.
    #[track_caller]
    pub(crate) fn with(config: Config) -> Client {
        Client {
            engine: Rc::new(Engine::new(config)),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_shows_where_it_goes_and_none_of_its_secrets() {
        let client = Client::new();
        let request = client.post("http://user:secret@h/a?b");
        let request = request.header("x-token", "secret").body("secret");
        assert_eq!(format!("{request:?}"), "POST http://h/a?b");
        let none: [(&str, &str); 0] = [];
        let request = client.get("http://h/a").query(&none);
        assert_eq!(format!("{request:?}"), "GET http://h/a", "and no `?`");
        let shown = format!("{:?}", client.get("no scheme"));
        assert!(shown.contains("not a URL"), "{shown}");
    }
}
