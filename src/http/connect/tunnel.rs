//! A tunnel through an HTTP proxy: `CONNECT` (RFC 9110 §9.3.6).
//!
//! ```text
//!   CONNECT host:port HTTP/1.1 ──▶ proxy ──▶ it connects
//!   Proxy-Authorization: …     ◀── 200      from here on every byte is the host's
//! ```
//!
//! - T1: nothing in the answer is believed beyond its status. A 2xx has no body, whatever its
//!   fields say; a body of anything else is not read, and no redirect of a proxy is followed: it
//!   would speak in the host's name.
//! - T2: no byte may follow a 2xx before we spoke. It would be taken for the host's.
//! - T3: credentials for the proxy are in this request and in nothing that goes through it.

use std::io;

use ::http::StatusCode;
use futures_lite::{AsyncReadExt, AsyncWriteExt};

use super::proxy::Proxy;
use crate::http::conn::Transport;
use crate::http::error::{ErrorKind, ProxyFault, Violation};
use crate::http::head::{Found, HeadReader};

/// The most bytes of an answer's head.
const MAX_HEAD: usize = 16 * 1024;

/// Asks the proxy behind `io` for a tunnel to `authority`, which is host and port.
pub(super) async fn open(
    io: &mut dyn Transport,
    authority: &str,
    proxy: &Proxy,
) -> Result<(), ProxyFault> {
    let request = request(authority, proxy);
    io.write_all(&request).await.map_err(ProxyFault::Broken)?;
    let status = answer(io).await?;
    match status.is_success() {
        true => Ok(()),
        false => Err(ProxyFault::Status(status)), // T1
    }
}

fn request(authority: &str, proxy: &Proxy) -> Vec<u8> {
    let mut request = format!("CONNECT {authority} HTTP/1.1\r\nhost: {authority}\r\n").into_bytes();
    if let Some(value) = proxy.authorization() {
        request.extend_from_slice(b"proxy-authorization: ");
        request.extend_from_slice(value.as_bytes());
        request.extend_from_slice(b"\r\n");
    }
    request.extend_from_slice(b"\r\n");
    request
}

async fn answer(io: &mut dyn Transport) -> Result<StatusCode, ProxyFault> {
    let mut reader = HeadReader::new(MAX_HEAD);
    let (mut bytes, mut piece) = (Vec::new(), [0; 1024]);
    loop {
        let count = io.read(&mut piece).await.map_err(ProxyFault::Broken)?;
        if count == 0 {
            return Err(ProxyFault::Broken(io::ErrorKind::UnexpectedEof.into()));
        }
        // Bounded: the reader fails on more than `MAX_HEAD`.
        bytes.extend_from_slice(&piece[..count]);
        while !bytes.is_empty() {
            match reader.read(&bytes).map_err(fault)? {
                Found::Partial => break,
                Found::Interim(length, _) => drop(bytes.drain(..length)),
                Found::Final(length, head) if head.status.is_success() && length < bytes.len() => {
                    let what = "it says more after its answer to CONNECT"; // T2
                    let rule = "RFC 9110 §9.3.6";
                    return Err(ProxyFault::Protocol(Violation { what, rule }));
                }
                Found::Final(_, head) => return Ok(head.status),
            }
        }
    }
}

fn fault(kind: ErrorKind) -> ProxyFault {
    match kind {
        ErrorKind::Protocol(violation) => ProxyFault::Protocol(violation),
        // All else that a reader of heads says is that one is too long.
        _ => ProxyFault::Protocol(Violation {
            what: "the head of its answer to CONNECT is too long",
            rule: "RFC 9110 §17.5",
        }),
    }
}
