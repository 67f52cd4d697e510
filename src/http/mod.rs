//! An HTTP/1.1 client: many requests at once, on one thread.
//!
//! ```text
//!   programs use   Client ─▶ RequestBuilder ─▶ Response ─▶ BodyReader
//!                  client    request_builder   response    reader
//!   behind them    send (the order of things) ─▶ pool ─▶ connect
//!                       upload  expect  unpack ─▶ conn ─▶ tls ◀─ deadline, trust
//!   without I/O    url  auth  request │ head  body  chunked  coding │ redirect  retry │ buffer  error
//! ```
//!
//! The lowest row knows no socket: bytes come in, their meaning goes out, however the bytes
//! were split. It holds everything that an RFC has a say in, and most of the tests. `conn`
//! joins it to a socket; everything above decides which socket, and for how long.
//!
//! Types come from the `http` and `url` crates, as everywhere in the ecosystem, and are
//! re-exported here.

mod printable;
mod tries;
mod tls_error;
mod session;
mod error;
mod url;
mod auth;
mod netrc;
mod redirect;
mod request;
mod retry_after;
mod retry;
mod head;
mod step;
mod coding;
mod chunked;
mod body;
mod buffer;
mod speed;
mod deadline;
mod upload;
mod conn;
mod tls;
mod connect;
mod pool;
mod unpack;
mod expect;
mod response;
mod reader;
mod config;
mod send;
mod request_builder;
mod client;
mod network;
mod settings;
#[cfg(feature = "tls")]
mod trust;

pub use ::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Version, header};
pub use ::url::Url;

pub use client::{Client, ClientBuilder};
pub use error::{Deadline, Error, ErrorKind, Phase, ProxyFault, Violation};
pub use netrc::Netrc;
pub use printable::{Printable, printable};
pub use reader::BodyReader;
pub use request_builder::RequestBuilder;
pub use response::Response;
pub use session::TlsSession;
#[cfg(feature = "tls")]
pub use tls::{Certificates, Identity, PublicKeyPin};
pub use tls_error::TlsError;

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

#[cfg(test)]
mod vectors;
#[cfg(test)]
mod policy;
#[cfg(test)]
mod fake;
#[cfg(test)]
mod complaints;
