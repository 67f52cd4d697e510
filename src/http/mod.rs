//! An HTTP/1.1 client: many requests at once, on one thread.
//!
//! ```text
//!   programs use   Client ─▶ RequestBuilder ─▶ Response ─▶ BodyReader
//!                  client    request_builder   response         (builder, config: what is set)
//!
//!   behind them    send: again, or elsewhere? ─▶ exchange: one request, one head
//!                                                   │ outgoing, expect, upload, form: what goes out
//!                        pool ─▶ connect ─▶ tls ◀───┤
//!                                conn, buffer ◀─────┘ deadline: for how long
//!                                                     observe: who is told of all that
//!                                                     pipe: a way past us, for large bodies
//!
//!   without I/O    going out   url  auth  netrc  cookies  request
//!                  coming in   head  body  coding  fields
//!                  and then?   redirect  retry  resume
//!                  in words    printable  error
//! ```
//!
//! The lowest part knows no socket: bytes come in, their meaning goes out, however the bytes
//! were split. It holds everything that an RFC has a say in, and most of the tests. `conn`
//! joins it to a socket; everything above decides which socket, and for how long.
//!
//! Types come from the `http` and `url` crates, as everywhere in the ecosystem, and are
//! re-exported here.

mod printable;
mod error;
mod url;
mod auth;
mod netrc;
mod cookies;
mod redirect;
mod request;
mod retry;
mod head;
mod body;
mod coding;
mod fields;
mod resume;
mod buffer;
mod pipe;
mod deadline;
mod upload;
mod form;
mod conn;
mod observe;
mod tls;
mod connect;
mod pool;
mod expect;
mod response;
mod config;
mod outgoing;
mod exchange;
mod send;
mod request_builder;
mod client;
mod builder;

pub use ::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Version, header};
pub use ::url::Url;

pub use builder::ClientBuilder;
pub use client::Client;
pub use conn::TlsSession;
#[cfg(feature = "cookies")]
pub use cookies::CookieJar;
pub use error::{Deadline, Error, ErrorKind, Phase, ProxyFault, TlsError, Violation};
pub use fields::{
    ContentRange, Digests, Validators, content_disposition, safe_file_name, shorten_file_name,
    url_file_name,
};
pub use form::{Form, FormPart};
pub use netrc::Netrc;
pub use observe::{Event, Step};
pub use printable::{Printable, printable};
pub use request_builder::RequestBuilder;
pub use response::{BodyReader, Response};
pub use resume::{ByteRange, Resume, Verdict};
#[cfg(feature = "tls")]
pub use tls::{Certificates, Identity, PublicKeyPin};

/// Makes one `GET` and waits for the head of its response.
///
/// For more than one request, make a [`Client`] and keep it: it keeps the connections.
///
/// *Cancel safety*: dropping the future closes the connection.
///
/// # Errors
/// As [`RequestBuilder::send`].
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
/// let page = hob::http::get(url).await?.text().await?;
/// assert_eq!(page, "hello");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
pub async fn get(url: impl AsRef<str>) -> Result<Response, Error> {
    Client::new().get(url).send().await
}

#[cfg(any(test, fuzzing))]
pub mod fuzzing;
#[cfg(test)]
mod vectors;
#[cfg(test)]
mod policy;
#[cfg(test)]
mod fake;
#[cfg(test)]
mod complaints;
