//! A response: its head is here, its body comes when asked for.
//!
//! A [`Response`] holds its connection (a lease of the pool) until the body is over. Whoever
//! reads to the end gives the connection back for the next request; whoever drops the response
//! in the middle closes it, because the rest of the body would be in the way. Nothing is read
//! ahead of the caller: that is the backpressure.
//!
//! This file is long because each way to read a body is shown by an example that runs.

mod reader;
mod save;
mod unpack;

use std::fmt;
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::task::{Context, Poll, ready};
use std::time::{Duration, SystemTime};

use ::http::{HeaderMap, StatusCode, Version};
use ::url::Url;
use futures_io::AsyncWrite;
use futures_lite::AsyncWriteExt;

use crate::http::body::content_length;
use crate::http::coding::Decoder;
use crate::http::conn::TlsSession;
use crate::http::deadline::Alarm;
use crate::http::error::{Deadline, Error, ErrorKind, Phase, Tries};
use crate::http::head::Head;
use crate::http::observe::{Ears, Step};
use crate::http::pool::Lease;
use crate::http::retry::retry_after;
use crate::http::url;

pub use reader::BodyReader;

/// The answer to a request, with its body still to be read.
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
/// let mut response = hob::http::get(url).await?;
/// assert!(response.status().is_success());
/// let mut count = 0;
/// while let Some(piece) = response.chunk().await? {
///     count += piece.len();
/// }
/// assert_eq!(count, 5);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
pub struct Response {
    url: Url,
    peer: Option<SocketAddr>,
    tls: Option<TlsSession>,
    head: Head,
    content_length: Option<u64>,
    /// Undoes the body's codings, if it has any and they are to be undone. Boxed: few have it.
    decoder: Option<Box<Decoder>>,
    /// Filled at the end of a chunked body, if it has any.
    trailers: Option<HeaderMap>,
    /// `None` once the body is over or has failed: the connection went its way.
    lease: Option<Lease>,
    /// A copy to a file was given up, or failed, before the file had accepted what is lent: then
    /// that is lent again. Set and cleared by `hand_on`, taken by the next `poll_advance`.
    is_owed: bool,
    /// Set by the first failure; nothing is ever read after it (N2 in `conn`), and the end
    /// of the body is never reported.
    failed: bool,
    alarm: Alarm,
    tries: Tries,
    ears: Ears,
    max_in_memory: u64,
}

/// What a [`Response`] is made of.
pub(crate) struct Parts {
    pub(crate) url: Url,
    pub(crate) head: Head,
    pub(crate) decoder: Option<Decoder>,
    pub(crate) lease: Lease,
    pub(crate) alarm: Alarm,
    pub(crate) tries: Tries,
    pub(crate) ears: Ears,
    pub(crate) max_in_memory: u64,
}

impl Response {
    pub(crate) fn new(parts: Parts) -> Response {
        let headers = &parts.head.headers;
        // Transfer-Encoding overrides it; where it is garbage and yet not an error (HEAD),
        // nothing is known.
        // And of a coded body only the length of something else is.
        let is_length =
            !headers.contains_key(::http::header::TRANSFER_ENCODING) && parts.decoder.is_none();
        let length = content_length(headers).ok().flatten();
        Response {
            url: parts.url,
            peer: parts.lease.peek().peer(),
            tls: parts.lease.peek().tls(),
            head: parts.head,
            content_length: length.filter(|_| is_length),
            decoder: parts.decoder.map(Box::new),
            trailers: None,
            lease: Some(parts.lease),
            is_owed: false,
            failed: false,
            alarm: parts.alarm,
            tries: parts.tries,
            ears: parts.ears,
            max_in_memory: parts.max_in_memory,
        }
    }

    /// The status code. A 404 is a response, not an error: see
    /// [`error_for_status`](Response::error_for_status).
    pub fn status(&self) -> StatusCode {
        self.head.status
    }

    /// The server's version: HTTP/1.0 or HTTP/1.1.
    pub fn version(&self) -> Version {
        self.head.version
    }

    /// The fields of the head. What is in them is the server's text: do not print it raw.
    pub fn headers(&self) -> &HeaderMap {
        &self.head.headers
    }

    /// The URL that gave this response: the last one, if there were redirects. It has no user
    /// name and no password in it.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// Whom the connection led to: the host, or the proxy in front of it. `None` for a Unix
    /// socket, which has no such address.
    pub fn peer_addr(&self) -> Option<SocketAddr> {
        self.peer
    }

    /// How it was protected on its way; `None` for plain `http`.
    pub fn tls(&self) -> Option<&TlsSession> {
        self.tls.as_ref()
    }

    /// The length that was announced, in bytes; `None` if none was. After a `HEAD` it is the
    /// length that a `GET` would have.
    ///
    /// Of a body that is unpacked ([`is_decoded`](Response::is_decoded)) nobody knows it: what
    /// `Content-Length` in [`headers`](Response::headers) says is the length of its packed form.
    pub fn content_length(&self) -> Option<u64> {
        self.content_length
    }

    /// How often the request was made: 1, unless it had retries
    /// ([`ClientBuilder::retries`](crate::http::ClientBuilder::retries)).
    pub fn tries(&self) -> u32 {
        self.tries.count
    }

    /// How long the server asks us to stay away (RFC 9110 §10.2.3): its `Retry-After`, in
    /// seconds or as a date, which is counted from its own `Date` where it sends one. `None`
    /// if it does not ask, or not in a way that can be read. It may be absurdly long.
    ///
    /// ```
    /// # hob::block_on(async {
    /// # let listener = hob::net::TcpListener::bind("127.0.0.1:0").await?;
    /// # let url = format!("http://{}/", listener.local_addr()?);
    /// # hob::spawn(async move {
    /// #     let (stream, _) = listener.accept().await?;
    /// #     stream.read(&mut [0; 1024]).await?;
    /// #     let head = b"HTTP/1.1 503 Busy\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n";
    /// #     stream.write_all(head).await
    /// # });
    /// let response = hob::http::get(url).await?;
    /// assert_eq!(response.retry_after(), Some(std::time::Duration::from_secs(7)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn retry_after(&self) -> Option<Duration> {
        retry_after::wait(&self.head.headers, SystemTime::now())
    }

    /// Is the body unpacked while it is read? Only if it has a `Content-Encoding`, and the
    /// request allowed it: see [`ClientBuilder::decode`](crate::http::ClientBuilder::decode).
    pub fn is_decoded(&self) -> bool {
        self.decoder.is_some()
    }

    /// The fields that came after a chunked body (RFC 9112 §7.1.2). `None` before its end was
    /// read, and if there were none. They are kept apart and change nothing that the head said
    /// (RFC 9110 §6.5.1), whatever their names.
    pub fn trailers(&self) -> Option<&HeaderMap> {
        self.trailers.as_ref()
    }

    /// Passes a success (2xx) on, and makes an error of any other status.
    ///
    /// # Errors
    /// [`ErrorKind::Status`].
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
    /// let response = hob::http::get(url).await?.error_for_status()?;
    /// assert_eq!(response.text().await?, "hello");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn error_for_status(self) -> Result<Response, Error> {
        if self.status().is_success() {
            return Ok(self);
        }
        Err(self.error(ErrorKind::Status(self.status())))
    }

    /// Waits for the next piece of the body: whatever has arrived, as a rule up to 64 KiB of
    /// it, in the connection's own buffer, or up to 32 KiB of what it unpacks to. `None` is
    /// the end, and says that the body was whole.
    ///
    /// *Cancel safety*: nothing is lost, and the idle deadline runs on: it counts from when the
    /// piece was first waited for, however often that is given up and begun again.
    ///
    /// # Errors
    /// Whatever cuts the body short. Pieces that were given out before are good, but they are
    /// not the whole. After an error there are only errors.
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
    /// let mut response = hob::http::get(url).await?;
    /// assert_eq!(response.chunk().await?, Some(&b"hello"[..]));
    /// assert_eq!(response.chunk().await?, None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub async fn chunk(&mut self) -> Result<Option<&[u8]>, Error> {
        let more = self.advance().await?;
        Ok(more.then(|| self.lent()))
    }

    /// Waits for the whole body.
    ///
    /// *Cancel safety*: dropping the future drops the response.
    ///
    /// # Errors
    /// As [`chunk`](Response::chunk), and [`ErrorKind::TooLarge`] if it is more than
    /// [`ClientBuilder::max_in_memory`](crate::http::ClientBuilder::max_in_memory).
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
    /// let bytes = hob::http::get(url).await?.bytes().await?;
    /// assert_eq!(bytes, b"hello");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub async fn bytes(mut self) -> Result<Vec<u8>, Error> {
        let limit = self.max_in_memory;
        let announced = self.content_length.unwrap_or(0);
        // An announcement is not to be trusted with more memory than is cheap.
        let mut bytes = Vec::with_capacity(announced.min(1 << 20) as usize);
        while self.advance().await? {
            let piece = self.lent();
            if (bytes.len() + piece.len()) as u64 > limit {
                let what = "bytes of a body in memory";
                return Err(self.error(ErrorKind::TooLarge { what, limit }));
            }
            bytes.extend_from_slice(piece);
        }
        Ok(bytes)
    }

    /// Waits for the whole body, which must be UTF-8.
    ///
    /// *Cancel safety*: dropping the future drops the response.
    ///
    /// # Errors
    /// As [`bytes`](Response::bytes), and [`ErrorKind::NotText`].
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
    /// let text = hob::http::get(url).await?.text().await?;
    /// assert_eq!(text, "hello");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub async fn text(self) -> Result<String, Error> {
        let (url, peer, tries) = (self.url.clone(), self.peer, self.tries);
        let bytes = self.bytes().await?;
        let error = |_| ErrorKind::NotText.at(url::shown(&url), peer);
        String::from_utf8(bytes).map_err(|e| error(e).after(tries))
    }

    /// Writes the whole body to `writer`, piece by piece, and waits for it. Returns the number
    /// of bytes. It does not flush or close the writer. For a file there is
    /// [`copy_to_file`](Response::copy_to_file), which is faster.
    ///
    /// *Cancel safety*: the pieces written so far stay written, and the one being written may
    /// be written in part.
    ///
    /// # Errors
    /// As [`chunk`](Response::chunk), and [`ErrorKind::Write`].
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
    /// let mut file = Vec::new(); // Or whatever else can be written to.
    /// let count = hob::http::get(url).await?.copy_to(&mut file).await?;
    /// assert_eq!((count, file), (5, b"hello".to_vec()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub async fn copy_to<W>(&mut self, writer: &mut W) -> Result<u64, Error>
    where
        W: AsyncWrite + Unpin + ?Sized,
    {
        let mut count = 0;
        while self.advance().await? {
            let piece = self.lent();
            let written = writer.write_all(piece).await;
            count += piece.len() as u64;
            written.map_err(|error| self.error(ErrorKind::Write(error)))?;
        }
        Ok(count)
    }

    /// Waits for the next piece; `false` at the end. Who gave up such a wait goes on with it:
    /// the alarm stands until a piece comes, or racing it against a tick would silence it.
    async fn advance(&mut self) -> Result<bool, Error> {
        let waiting = Waiting(self);
        poll_fn(|cx| waiting.0.poll_advance(cx)).await
    }

    /// The body as a reader, for whatever wants to read one. What
    /// [`chunk`](Response::chunk) has given out already is not read again.
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
    /// use futures_lite::AsyncReadExt;
    ///
    /// let mut bytes = Vec::new();
    /// let mut reader = hob::http::get(url).await?.into_reader();
    /// reader.read_to_end(&mut bytes).await?;
    /// assert_eq!(bytes, b"hello");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn into_reader(mut self) -> BodyReader {
        // It is still lent, for the next poll to take back.
        self.give_back(self.lent().len());
        BodyReader::new(self)
    }

    /// The heart of every way to read: brings the next piece into [`Response::lent`].
    pub(crate) fn poll_advance(&mut self, cx: &mut Context<'_>) -> Poll<Result<bool, Error>> {
        // Nothing is, if a reader has used it up meanwhile.
        let is_owed = std::mem::take(&mut self.is_owed) && !self.lent().is_empty();
        let Some(lease) = &mut self.lease else {
            return Poll::Ready(self.after_the_end());
        };
        if is_owed {
            return Poll::Ready(Ok(true));
        }
        let polled = match &mut self.decoder {
            None => lease.conn().poll_chunk(cx),
            Some(decoder) => unpack::poll_piece(cx, lease.conn(), decoder, &mut self.alarm),
        };
        let (alarm, conn) = (&mut self.alarm, lease.peek());
        let polled = alarm.judge(cx, Deadline::Idle, conn, polled);
        match ready!(polled) {
            Ok(true) => {
                let bytes = self.lent().len();
                self.ears.tell(|| Step::Received { bytes });
                Poll::Ready(Ok(true))
            }
            Ok(false) => {
                self.end();
                self.ears.tell(|| Step::Finished { result: Ok(()) });
                Poll::Ready(Ok(false))
            }
            Err(kind) => Poll::Ready(Err(self.fail(kind))),
        }
    }

    /// Nothing is read any more (N2).
    fn fail(&mut self, kind: ErrorKind) -> Error {
        self.failed = true;
        self.lease = None;
        let error = self.error(kind);
        let result = Err(error.kind());
        self.ears.tell(|| Step::Finished { result });
        error
    }

    /// What the last `poll_advance` brought and nobody has consumed.
    pub(crate) fn lent(&self) -> &[u8] {
        match (&self.lease, &self.decoder) {
            (None, _) => &[],
            (Some(_), Some(decoder)) => decoder.lent(),
            (Some(lease), None) => lease.peek().lent(),
        }
    }

    /// So many bytes of what is lent are done with.
    pub(crate) fn give_back(&mut self, count: usize) {
        match (&mut self.lease, &mut self.decoder) {
            (_, Some(decoder)) => decoder.give_back(count),
            (Some(lease), None) => lease.conn().give_back(count),
            (None, None) => {}
        }
    }

    /// The body is whole: the connection may serve the next request at once.
    fn end(&mut self) {
        if let Some(lease) = self.lease.take() {
            self.trailers = lease.peek().trailers().cloned();
            lease.finish();
        }
    }

    fn after_the_end(&self) -> Result<bool, Error> {
        if !self.failed {
            return Ok(false);
        }
        let before = io::Error::other("reading it failed before");
        Err(self.error(ErrorKind::broken(Phase::Body, before)))
    }

    fn error(&self, kind: ErrorKind) -> Error {
        let error = kind.at(url::shown(&self.url), self.peer);
        error.after(self.tries)
    }
}

/// Somebody who waits for a piece, and may give that up.
struct Waiting<'a>(&'a mut Response);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.alarm.nobody_waits();
    }
}

impl Drop for Response {
    /// In the middle of the body this closes the connection, else it keeps it.
    fn drop(&mut self) {
        if let Some(lease) = self.lease.take() {
            lease.finish();
        }
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("status", &self.head.status)
            .field("url", &url::shown(&self.url))
            .field("content_length", &self.content_length)
            .finish_non_exhaustive()
    }
}
