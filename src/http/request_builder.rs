//! Puts a request together: [`RequestBuilder`].
//!
//! Mistakes are kept until [`RequestBuilder::send`], which reports the first of them. So a
//! request is one chain of calls with one `?` at its end.

use std::fmt;
use std::rc::Rc;
use std::time::Duration;

use ::http::header;
use ::http::{HeaderMap, HeaderName, HeaderValue, Method};
use ::url::Url;

use crate::http::auth;
use crate::http::error::{Error, ErrorKind};
use crate::http::netrc::{Named, Netrc};
use crate::http::response::Response;
use crate::http::send::{Engine, Request};
use crate::http::url;

/// A request that is being put together: made by [`Client::get`](super::Client::get) and its siblings.
#[must_use = "a request is made only by `send`"]
pub struct RequestBuilder {
    engine: Rc<Engine>,
    /// The request, or the first mistake that was made about it.
    request: Result<Request, Error>,
}

impl RequestBuilder {
    pub(crate) fn new(engine: Rc<Engine>, method: Method, url: &str) -> RequestBuilder {
        let request = begin(method, url, engine.config().netrc.as_ref());
        RequestBuilder { engine, request }
    }

    /// For a method that is none.
    pub(crate) fn bad_method(engine: Rc<Engine>, url: &str) -> RequestBuilder {
        let kind = ErrorKind::request("the method is not a token", "RFC 9110 §9.1");
        let request = Err(kind.at(url::shown_raw(url), None));
        RequestBuilder { engine, request }
    }

    /// Adds a header field. A second one of the same name stands beside the first; fields that
    /// hob would set itself (`User-Agent`, `Accept`) are replaced by yours.
    ///
    /// What frames the message (`Content-Length`, `Transfer-Encoding`, …) is not yours to set,
    /// and neither can a line end get in: [`send`](RequestBuilder::send) reports it.
    ///
    /// ```
    /// # hob::block_on(async {
    /// let client = hob::http::Client::new();
    /// let request = client.get("http://example.com/").header("x-name", "a\r\nx-evil: b");
    /// let error = request.send().await.unwrap_err();
    /// assert!(matches!(error.kind(), hob::http::ErrorKind::Request(_)));
    /// # });
    /// ```
    pub fn header<K, V>(self, name: K, value: V) -> RequestBuilder
    where
        HeaderName: TryFrom<K>,
        HeaderValue: TryFrom<V>,
    {
        self.change(|request| {
            let bad = |what| ErrorKind::request(what, "RFC 9110 §5");
            let name = HeaderName::try_from(name);
            let name = name.map_err(|_| bad("a header's name is not a token"))?;
            let value = HeaderValue::try_from(value);
            let value = value.map_err(|_| bad("a header's value has a control character"))?;
            request.headers.append(name, value);
            Ok(())
        })
    }

    /// Sets these header fields, in place of those of the same names.
    pub fn headers(self, headers: HeaderMap) -> RequestBuilder {
        self.change(|request| {
            request.headers.extend(headers);
            Ok(())
        })
    }

    /// Sets the body. It is sent with its length.
    pub fn body(self, body: impl Into<Vec<u8>>) -> RequestBuilder {
        self.change(|request| {
            request.body = Some(Rc::new(body.into()));
            Ok(())
        })
    }

    /// Sets the total deadline of this request, in place of the client's
    /// ([`ClientBuilder::total_timeout`](super::ClientBuilder::total_timeout)).
    pub fn timeout(self, timeout: Duration) -> RequestBuilder {
        self.change(|request| {
            request.timeout = Some(timeout);
            Ok(())
        })
    }

    /// Sets how often this request may be made again, in place of the client's number
    /// ([`ClientBuilder::retries`](super::ClientBuilder::retries)).
    pub fn retries(self, retries: u32) -> RequestBuilder {
        self.change(|request| {
            request.retries = Some(retries);
            Ok(())
        })
    }

    /// Whether the response's body may come packed, and is unpacked while it is read, in place
    /// of what [`ClientBuilder::decode`](super::ClientBuilder::decode) says for all.
    pub fn decode(self, decode: bool) -> RequestBuilder {
        self.change(|request| {
            request.decode = Some(decode);
            Ok(())
        })
    }

    /// Adds pairs to the URL's query, encoded as a form's.
    ///
    /// ```
    /// # hob::block_on(async {
    /// let client = hob::http::Client::new();
    /// let request = client.get("gopher://h/?a=1").query(&[("q", "two words")]);
    /// assert_eq!(request.send().await.unwrap_err().url(), "gopher://h/?a=1");
    /// # });
    /// ```
    pub fn query<K: AsRef<str>, V: AsRef<str>>(self, pairs: &[(K, V)]) -> RequestBuilder {
        self.change(|request| {
            request.url.query_pairs_mut().extend_pairs(pairs);
            Ok(())
        })
    }

    /// Says who asks, by name and password (RFC 7617). A URL with both in it does the same.
    /// They are sent readable for anyone on the way, and dropped when a redirect leads to
    /// another origin.
    pub fn basic_auth(self, name: &str, password: &str) -> RequestBuilder {
        self.authorization(auth::basic(name.as_bytes(), password.as_bytes()))
    }

    /// Says who asks, by a token (RFC 6750).
    pub fn bearer_auth(self, token: &str) -> RequestBuilder {
        self.authorization(auth::bearer(token))
    }

    fn authorization(self, value: Result<HeaderValue, ErrorKind>) -> RequestBuilder {
        self.change(|request| {
            request.headers.insert(header::AUTHORIZATION, value?);
            Ok(())
        })
    }

    /// Changes the request, unless there is a mistake already.
    fn change(mut self, f: impl FnOnce(&mut Request) -> Result<(), ErrorKind>) -> RequestBuilder {
        if let Ok(request) = &mut self.request
            && let Err(kind) = f(request)
        {
            self.request = Err(kind.at(url::shown(&request.url), None));
        }
        self
    }

    /// Makes the request, and waits for the head of its response.
    ///
    /// *Cancel safety*: dropping the future closes the connection that it was using. Whether
    /// the server acted on the request is not known then.
    ///
    /// # Errors
    /// Whatever [`ErrorKind`] lists, apart from what concerns bodies.
    pub async fn send(self) -> Result<Response, Error> {
        self.engine.execute(self.request?).await
    }
}

/// A request for `text`, if that is a URL. Its userinfo becomes a header.
fn begin(method: Method, text: &str, netrc: Option<&Netrc>) -> Result<Request, Error> {
    let parsed = url::parse(text);
    let mut url = parsed.map_err(|kind| kind.at(url::shown_raw(text), None))?;
    let mut headers = HeaderMap::new();
    if let Some((name, mut password)) = url::take_credentials(&mut url) {
        if password.is_empty()
            && let Some(found) = password_of(&name, &url, netrc)
        {
            password = found.into();
        }
        let value =
            auth::basic(&name, &password).map_err(|kind| kind.at(url::shown(&url), None))?;
        headers.insert(header::AUTHORIZATION, value);
    }
    Ok(Request {
        method,
        url,
        headers,
        body: None,
        timeout: None,
        retries: None,
        decode: None,
    })
}

/// What netrc says of the user that the URL names (E3 in `netrc.rs`).
fn password_of<'a>(name: &[u8], url: &Url, netrc: Option<&'a Netrc>) -> Option<&'a str> {
    let (name, host) = (std::str::from_utf8(name).ok()?, url.host_str()?);
    let found = netrc?.find(host, Some(name), Named::ByCaller)?;
    Some(found.1)
}

impl fmt::Debug for RequestBuilder {
    /// Shows no header: some are secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.request {
            Ok(request) => write!(f, "{} {}", request.method, url::shown(&request.url)),
            Err(error) => error.fmt(f),
        }
    }
}
