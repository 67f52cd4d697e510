//! Puts a request together: [`RequestBuilder`].
//!
//! Mistakes are kept until [`RequestBuilder::send`], which reports the first of them. So a
//! request is one chain of calls with one `?` at its end.
//!
//! This file is long because most of what it can do is shown by an example that runs.

use std::fmt;
use std::io;
use std::rc::Rc;
use std::time::Duration;

use ::http::header;
use ::http::{HeaderMap, HeaderName, HeaderValue, Method};
use ::url::form_urlencoded;
use futures_io::AsyncRead;

use crate::http::auth;
use crate::http::error::{Error, ErrorKind};
use crate::http::form::Form;
use crate::http::observe::{Event, Observer};
use crate::http::outgoing::Request;
use crate::http::request::Length;
use crate::http::response::Response;
use crate::http::send::Engine;
use crate::http::upload::{Maker, Upload};
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
        let request = Request::begin(method, url, engine.config());
        RequestBuilder { engine, request }
    }

    /// For a method that is none.
    pub(crate) fn bad_method(engine: Rc<Engine>, url: &str) -> RequestBuilder {
        let kind = ErrorKind::request("the method is not a token", "RFC 9110 §9.1");
        let request = Err(kind.at(url::shown_raw(url), None));
        RequestBuilder { engine, request }
    }

    /// Adds a header field. A second one of the same name stands beside the first; fields that
    /// hob would set itself (`User-Agent`, `Accept`) are replaced by yours. There is only one
    /// `Authorization` (RFC 9110 §11.6.2): the last one said, and the URL's comes first.
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
            match name {
                header::AUTHORIZATION => drop(request.headers.insert(name, value)),
                name => drop(request.headers.append(name, value)),
            }
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
            request.body = Upload::memory(body.into());
            Ok(())
        })
    }

    /// Sets the body, to be read from `reader` while it is sent: `length` bytes, or with `None`
    /// as many as come, in chunks (RFC 9112 §7.1). No more than 64 KiB of it are in memory.
    ///
    /// The reader must *end* after `length` bytes: the last of them are held back until it
    /// does. For the front of something longer, hand in `reader.take(length)`. While it is
    /// waited for, the idle deadline runs.
    ///
    /// What was read is gone. So a redirect that wants the body once more (307, 308) is an
    /// error, and a kept connection that turns out to be dead is not replaced:
    /// [`body_with`](RequestBuilder::body_with) can do both.
    ///
    /// # Errors
    /// [`send`](RequestBuilder::send) fails with [`ErrorKind::Read`] if the reader fails, and
    /// with [`ErrorKind::WrongLength`] if it ends too early or too late. The connection is
    /// closed then, so that the server cannot take what came for the whole.
    ///
    /// ```
    /// # hob::block_on(async {
    /// # let listener = hob::net::TcpListener::bind("127.0.0.1:0").await?;
    /// # let url = format!("http://{}/", listener.local_addr()?);
    /// # hob::spawn(async move {
    /// #     let (stream, _) = listener.accept().await?;
    /// #     stream.read(&mut [0; 1024]).await?;
    /// #     stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await?;
    /// #     let mut left = std::fs::metadata("Cargo.toml")?.len() as usize;
    /// #     while left > 0 {
    /// #         left -= stream.read(&mut [0; 1024]).await?;
    /// #     }
    /// #     stream.write_all(b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n").await
    /// # });
    /// let client = hob::http::Client::new();
    /// let report = hob::fs::File::open("Cargo.toml").await?;
    /// let length = report.metadata().await?.len();
    /// let request = client.put(&url).body_reader(report, Some(length));
    /// assert_eq!(request.expect_continue(true).send().await?.status(), 201);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn body_reader<R>(self, reader: R, length: Option<u64>) -> RequestBuilder
    where
        R: AsyncRead + 'static,
    {
        self.change(|request| {
            request.body = Upload::once(reader, length);
            Ok(())
        })
    }

    /// As [`body_reader`](RequestBuilder::body_reader), with a function that makes the reader:
    /// once, and once more whenever the body must be sent again. Each reader must give the
    /// same bytes.
    ///
    /// ```
    /// # hob::block_on(async {
    /// # let listener = hob::net::TcpListener::bind("127.0.0.1:0").await?;
    /// # let url = format!("http://{}/", listener.local_addr()?);
    /// # hob::spawn(async move {
    /// #     let (stream, _) = listener.accept().await?;
    /// #     stream.read(&mut [0; 1024]).await?;
    /// #     stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await?;
    /// #     let mut text = Vec::new();
    /// #     while !text.ends_with(b"\r\n0\r\n\r\n") {
    /// #         let mut piece = [0; 1024];
    /// #         let count = stream.read(&mut piece).await?;
    /// #         text.extend_from_slice(&piece[..count]);
    /// #     }
    /// #     stream.write_all(b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n").await
    /// # });
    /// let client = hob::http::Client::new();
    /// let open = async || hob::fs::File::open("Cargo.toml").await;
    /// let request = client.post(&url).body_with(open, None);
    /// assert_eq!(request.send().await?.status(), 201);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn body_with<F, R>(self, make: F, length: Option<u64>) -> RequestBuilder
    where
        F: AsyncFnMut() -> io::Result<R> + 'static,
        R: AsyncRead + 'static,
    {
        self.change(|request| {
            request.body = Upload::again(Maker::new(make), length);
            Ok(())
        })
    }

    /// Sets the body to these pairs, encoded as an HTML form's
    /// (`application/x-www-form-urlencoded`), and says so in `Content-Type`.
    ///
    /// ```
    /// # hob::block_on(async {
    /// # let listener = hob::net::TcpListener::bind("127.0.0.1:0").await?;
    /// # let url = format!("http://{}/", listener.local_addr()?);
    /// # hob::spawn(async move {
    /// #     let (stream, _) = listener.accept().await?;
    /// #     let mut request = [0; 1024];
    /// #     let count = stream.read(&mut request).await?;
    /// #     let ok = request[..count].ends_with(b"\r\n\r\nq=two+words&n=%C3%A9");
    /// #     let answer: &[u8] = if ok { b"HTTP/1.1 204 \r\n\r\n" } else { b"HTTP/1.1 400 \r\n\r\n" };
    /// #     stream.write_all(answer).await
    /// # });
    /// let client = hob::http::Client::new();
    /// let request = client.post(&url).form(&[("q", "two words"), ("n", "é")]);
    /// assert_eq!(request.send().await?.status(), 204);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn form<K: AsRef<str>, V: AsRef<str>>(self, pairs: &[(K, V)]) -> RequestBuilder {
        self.change(|request| {
            let mut text = form_urlencoded::Serializer::new(String::new());
            text.extend_pairs(pairs);
            request.body = Upload::memory(text.finish().into_bytes());
            let form = HeaderValue::from_static("application/x-www-form-urlencoded");
            request.headers.insert(header::CONTENT_TYPE, form);
            Ok(())
        })
    }

    /// Sets the body to a form that may have files in it, and `Content-Type` (RFC 7578).
    pub fn multipart(self, form: Form) -> RequestBuilder {
        self.change(|request| {
            let (body, kind) = form.into_upload();
            request.body = body;
            request.headers.insert(header::CONTENT_TYPE, kind);
            Ok(())
        })
    }

    /// Whether to ask the server before the body is sent, by `Expect: 100-continue` (RFC 9110
    /// §10.1.1). *Default*: yes for a body of more than 1 MiB or of unknown length, as curl.
    ///
    /// A server that refuses is heard before the body is on its way. One that says nothing for
    /// a second gets the body all the same, and one that answers 417 is asked once again
    /// without. An answer that comes in place of the 100 is the response; the body stays here,
    /// and the connection is closed.
    pub fn expect_continue(self, expect: bool) -> RequestBuilder {
        self.change(|request| {
            request.expect = Some(expect);
            Ok(())
        })
    }

    /// Sets the fields that follow the body, made by `make` once all of it was read: a digest,
    /// say. They need a body in chunks, that is, one of unknown length; with any other they are
    /// an error. So is what the server must know before the body (RFC 9110 §6.5.1).
    ///
    /// To be called after the body was set.
    pub fn trailers(self, make: impl FnMut() -> HeaderMap + 'static) -> RequestBuilder {
        self.change(|request| {
            if request.body.length() != Length::Chunked {
                let what = "only a body of unknown length can have trailers";
                return Err(ErrorKind::request(what, "RFC 9112 §7.1.2"));
            }
            request.body.set_trailers(Box::new(make));
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

    /// Has `observer` called whenever something happens to this request, in place of the
    /// client's ([`ClientBuilder::observer`](super::ClientBuilder::observer)): from the line for a
    /// connection to the last byte of the body. [`Step`](super::Step) lists what.
    ///
    /// It is called in the middle of things, so it should be quick; if it panics, the panic is
    /// reported as any is, and goes no further.
    ///
    /// ```
    /// # use std::{cell::RefCell, rc::Rc};
    /// # hob::block_on(async {
    /// # let listener = hob::net::TcpListener::bind("127.0.0.1:0").await?;
    /// # let url = format!("http://{}/", listener.local_addr()?);
    /// # hob::spawn(async move {
    /// #     let (stream, _) = listener.accept().await?;
    /// #     stream.read(&mut [0; 1024]).await?;
    /// #     stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello").await
    /// # });
    /// use hob::http::{Client, Step};
    ///
    /// let connecting = Rc::new(RefCell::new(Vec::new()));
    /// let times = connecting.clone();
    /// let request = Client::new().get(&url).observer(move |event| {
    ///     if let Step::Connected { took, .. } = event.step {
    ///         times.borrow_mut().push(took);
    ///     }
    /// });
    /// request.send().await?.text().await?;
    /// assert_eq!(connecting.borrow().len(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn observer(self, observer: impl Fn(&Event<'_>) + 'static) -> RequestBuilder {
        self.change(|request| {
            request.observer = Some(Observer::new(observer));
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
            // Without a pair, the query would become an empty one, and so another URL.
            if !pairs.is_empty() {
                request.url.query_pairs_mut().extend_pairs(pairs);
            }
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
    /// Whatever [`ErrorKind`] lists, apart from what concerns the response's body.
    pub async fn send(self) -> Result<Response, Error> {
        self.engine.execute(self.request?).await
    }
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
