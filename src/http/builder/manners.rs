//! The client's manners, as [`ClientBuilder`] sets them: what it asks for, where it follows,
//! as whom, and when it asks again.

use std::time::Duration;

use ::http::{HeaderName, HeaderValue};

use crate::http::builder::ClientBuilder;
#[cfg(feature = "cookies")]
use crate::http::cookies::CookieJar;
use crate::http::netrc::Netrc;
use crate::http::observe::{Event, Observer};

/// **Manners**: what it asks for, where it follows, and as whom.
impl ClientBuilder {
    /// What is sent as `User-Agent`, where a request has none of its own (RFC 9110 §10.1.5).
    /// *Default*: `hob/` and its version.
    ///
    /// ```
    /// use hob::http::{Client, HeaderValue};
    ///
    /// let client = Client::builder().user_agent(HeaderValue::from_static("mine/1.0"));
    /// assert!(format!("{client:?}").contains("mine/1.0"));
    /// ```
    pub fn user_agent(mut self, name: HeaderValue) -> ClientBuilder {
        self.config.user_agent = name;
        self
    }

    /// Leaves out a field that hob would set itself: `User-Agent`, `Accept` or `Accept-Encoding`.
    /// Without the last, a server may use any coding (RFC 9110 §12.5.3). A request that has the
    /// field still sends it. *Default*: all are sent.
    ///
    /// ```
    /// use hob::http::{Client, header};
    ///
    /// let client = Client::builder().omit_header(header::USER_AGENT);
    /// assert!(format!("{client:?}").contains(r#"omitted: ["user-agent"]"#));
    /// ```
    pub fn omit_header(mut self, name: HeaderName) -> ClientBuilder {
        self.config.omitted.push(name);
        self
    }

    /// Whether bodies may come packed, and are unpacked while they are read (RFC 9110 §8.4).
    /// *Default*: yes. [`RequestBuilder::decode`](crate::http::RequestBuilder::decode) says it for
    /// one request.
    ///
    /// With `true`, `Accept-Encoding` names what this build undoes, and every way to read the
    /// body gives the bytes that were meant. The checksum, the length and the end of what was
    /// packed are checked as far as the format has them. The fields in
    /// [`Response::headers`](crate::http::Response::headers) stay as they came: `Content-Encoding`
    /// names what was undone, and `Content-Length` counts the packed bytes.
    /// [`Response::content_length`](crate::http::Response::content_length) is `None` then, because
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

    /// How many redirects are followed for one request. With 0 none is, and the redirect
    /// itself is the response. *Default*: 20.
    ///
    /// One more is [`ErrorKind::TooManyRedirects`](crate::http::ErrorKind::TooManyRedirects),
    /// and a circle is [`ErrorKind::RedirectLoop`](crate::http::ErrorKind::RedirectLoop) as soon
    /// as it closes. Credentials and cookies stay with their origin.
    ///
    /// ```
    /// let client = hob::http::Client::builder().max_redirects(0);
    /// assert!(format!("{client:?}").contains("max_redirects: 0"));
    /// ```
    pub fn max_redirects(mut self, redirects: u32) -> ClientBuilder {
        self.config.max_redirects = redirects;
        self
    }

    /// Follows redirects from https to http, too. What is asked there, and what is answered,
    /// anyone on the way can read and change. *Default*: no; such a redirect is an
    /// [`ErrorKind::Redirect`](crate::http::ErrorKind::Redirect).
    ///
    /// ```
    /// let client = hob::http::Client::builder().allow_https_downgrade(true);
    /// assert!(format!("{client:?}").contains("allow_https_downgrade: true"));
    /// ```
    pub fn allow_https_downgrade(mut self, allow: bool) -> ClientBuilder {
        self.config.allow_https_downgrade = allow;
        self
    }

    /// Takes names and passwords from `netrc`, for requests that bring none: no
    /// `Authorization`, and no password in the URL. A URL with a user name and no password gets
    /// the password of that user. *Default*: none; no file is read unasked.
    ///
    /// Each host that a redirect leads to is looked up by its own name, and the `default` of
    /// the file is not for those.
    ///
    /// ```
    /// use hob::http::{Client, Netrc};
    ///
    /// let netrc = Netrc::parse("machine h.example login me password secret")?;
    /// let client = Client::builder().netrc(netrc);
    /// assert!(!format!("{client:?}").contains("secret"));
    /// # std::io::Result::Ok(())
    /// ```
    pub fn netrc(mut self, netrc: Netrc) -> ClientBuilder {
        self.config.netrc = Some(netrc);
        self
    }

    /// Brings along the cookies in `jar`, and takes in those that responses set, redirects and
    /// failures included. A `Cookie` of the request's own goes along beside them, in the same
    /// field, to its own origin. *Default*: none; `Set-Cookie` is a header like any other.
    ///
    /// ```
    /// # hob::block_on(async {
    /// # let listener = hob::net::TcpListener::bind("127.0.0.1:0").await?;
    /// # let url = format!("http://{}/", listener.local_addr()?);
    /// # hob::spawn(async move {
    /// #     let (stream, _) = listener.accept().await?;
    /// #     let answer = b"HTTP/1.1 204 Fine\r\nSet-Cookie: seen=1\r\n\r\n";
    /// #     while stream.read(&mut [0; 1024]).await? > 0 {
    /// #         stream.write_all(answer).await?;
    /// #     }
    /// #     std::io::Result::Ok(())
    /// # });
    /// use hob::http::{Client, CookieJar};
    ///
    /// let jar = CookieJar::new();
    /// let client = Client::builder().cookie_jar(jar.clone()).build();
    /// let response = client.get(&url).send().await?;
    /// assert_eq!(jar.cookies(response.url()).unwrap(), "seen=1");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    #[cfg(feature = "cookies")]
    pub fn cookie_jar(mut self, jar: CookieJar) -> ClientBuilder {
        self.config.cookie_jar = Some(jar);
        self
    }
}

/// **Observing**: who is told what happens.
impl ClientBuilder {
    /// Has `observer` called whenever something happens to a request of this client: from the
    /// line for a connection to the last byte of the body. [`Step`](crate::http::Step) lists
    /// what. *Default*: nobody, which costs nothing.
    ///
    /// It is called in the middle of things, so it should be quick; if it panics, the panic is
    /// reported as any is, and goes no further.
    /// [`RequestBuilder::observer`](crate::http::RequestBuilder::observer) says it for one
    /// request.
    ///
    /// ```
    /// # hob::block_on(async {
    /// # let listener = hob::net::TcpListener::bind("127.0.0.1:0").await?;
    /// # let url = format!("http://{}/", listener.local_addr()?);
    /// # drop(listener);
    /// use std::{cell::Cell, rc::Rc};
    ///
    /// let failed = Rc::new(Cell::new(0));
    /// let count = failed.clone();
    /// let client = hob::http::Client::builder().observer(move |event| {
    ///     if let hob::http::Step::Failed { .. } = event.step {
    ///         count.set(count.get() + 1);
    ///     }
    /// });
    /// client.build().get(&url).send().await.unwrap_err(); // nobody listens there
    /// assert_eq!(failed.get(), 1);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn observer(mut self, observer: impl Fn(&Event<'_>) + 'static) -> ClientBuilder {
        self.config.observer = Some(Observer::new(observer));
        self
    }
}

/// **Retries**: when to try again.
impl ClientBuilder {
    /// How often a request that failed, or was answered "not now", is made once more.
    /// *Default*: 0. Whoever wants retries says so: they take time, and hide trouble.
    ///
    /// What is tried again:
    /// - any request for which no connection came about (nothing was sent), unless a next try
    ///   would end alike: at a certificate that is not trusted, or at a proxy that does not let
    ///   us through;
    /// - a request that is idempotent (RFC 9110 §9.2.2: `GET`, `HEAD`, `PUT`, `DELETE`,
    ///   `OPTIONS`, `TRACE`) and got no answer, because the connection broke or a deadline
    ///   passed;
    /// - an idempotent one that was answered 408, 429, 500, 502, 503 or 504.
    ///
    /// The waits are random (see [`retry_waits`](ClientBuilder::retry_waits)), or what the
    /// server asks for (see [`max_retry_after`](ClientBuilder::max_retry_after)). None reaches
    /// the total deadline: then the request is over at once. If no try helps, the last outcome
    /// is the outcome: an [`Error`](crate::http::Error) that tells how often it was tried, or a
    /// response with that status.
    ///
    /// A body that fails *after* the head of its response came is not fetched again: the
    /// beginning was given out already. That is up to whoever reads it.
    ///
    /// ```
    /// # hob::block_on(async {
    /// # let listener = hob::net::TcpListener::bind("127.0.0.1:0").await?;
    /// # let url = format!("http://{}/", listener.local_addr()?);
    /// # hob::spawn(async move {
    /// #     let (stream, _) = listener.accept().await?;
    /// #     for status in ["503 Busy", "200 OK"] {
    /// #         stream.read(&mut [0; 1024]).await?;
    /// #         let head = format!("HTTP/1.1 {status}\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n");
    /// #         stream.write_all(head.as_bytes()).await?;
    /// #     }
    /// #     std::io::Result::Ok(())
    /// # });
    /// let client = hob::http::Client::builder().retries(3).build();
    /// let response = client.get(&url).send().await?; // 503 at first
    /// assert_eq!((response.status().as_u16(), response.tries()), (200, 2));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn retries(mut self, retries: u32) -> ClientBuilder {
        self.config.retry.retries = retries;
        self
    }

    /// The bounds of the wait before a retry: `first` for the first one, twice as much for
    /// each that follows, but never more than `longest`. The wait is a random share of that,
    /// so that clients that failed together do not come back together. *Default*: 1 s, 30 s.
    pub fn retry_waits(mut self, first: Duration, longest: Duration) -> ClientBuilder {
        self.config.retry.first_wait = first;
        self.config.retry.longest_wait = longest;
        self
    }

    /// The longest wait that a server may ask for with `Retry-After` (RFC 9110 §10.2.3). It is
    /// waited for in full, and up to the first of the [`retry_waits`](ClientBuilder::retry_waits)
    /// longer. If a server asks for more than this, the request is not made again: the
    /// response is given out at once. *Default*: 120 s.
    pub fn max_retry_after(mut self, limit: Duration) -> ClientBuilder {
        self.config.retry.max_retry_after = limit;
        self
    }
}
