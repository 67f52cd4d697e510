//! What a request goes through, told to a program that wants to know: [`Event`], [`Step`].
//!
//! ```text
//!   Waited? ─▶ Resolved? ─▶ Connected+ ─▶ Tunneled? ─▶ Secured? ─┐      on a new connection
//!      └────────────────────── an idle connection ───────────────┤
//!                                                             Sending ─▶ Sent ─▶ Answered
//!        ▲  ▲  ▲                                                 │                  │
//!        │  │  └── Replaced ◀── the idle connection was dead ────┘                  │
//!        │  └───── Retrying ◀── Failed, or an answer "not now" ◀────────────────────┤
//!        └──────── Redirected ◀─────────────────────────────────────────────────────┤
//!                                                                                   ▼
//!                                                             Finished ◀── Received … ◀──
//! ```
//!
//! The code that does a thing tells of it, through the [`Ears`] of its request (`ears`). Where
//! nobody listens, that is one branch: no clock is read, and nothing is made to be told.
//!
//! - O1: the observer is the program's code, and called under no borrow. Its panic ends here.
//! - O2: a step that takes time is told at its end, with what it took. One that is cut off by a
//!   deadline, or by another address that answered sooner, has that for its error; one that the
//!   program cut off itself, by dropping the future, is not told.

mod ears;

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use ::http::{HeaderMap, Method, StatusCode, Version};
use ::url::Url;

use crate::http::conn::TlsSession;
use crate::http::error::{ErrorKind, ProxyFault};
use crate::http::url;

pub(crate) use ears::{Act, Ears, Observer};

/// Something that happened to a request: see
/// [`RequestBuilder::observer`](crate::http::RequestBuilder::observer).
#[derive(Debug)]
#[non_exhaustive]
pub struct Event<'a> {
    /// Which one: 1 for the first that its client was to send. Redirects and retries are
    /// steps of the same.
    pub request: u64,
    /// By which connection, from the moment on when it has one or begins to make one: 1 for the
    /// first of its client.
    pub connection: Option<u64>,
    /// What it was.
    pub step: Step<'a>,
}

/// What happens to a request, in this order; after [`Failed`](Step::Failed),
/// [`Replaced`](Step::Replaced), [`Retrying`](Step::Retrying) and
/// [`Redirected`](Step::Redirected) from the beginning again.
///
/// What took time is told when it is over, with how long it took. Texts that a server chose are
/// as it sent them: do not print them raw. Header fields may be secret; `Debug` shows none.
#[non_exhaustive]
pub enum Step<'a> {
    /// It stood in line for a connection, because of
    /// [`max_per_host`](crate::http::ClientBuilder::max_per_host) or
    /// [`max_total`](crate::http::ClientBuilder::max_total). Not told if it had not to wait.
    Waited {
        /// How long.
        took: Duration,
    },
    /// The addresses of a host (or of the proxy in front of it) are known. Not told where the
    /// URL has an address itself.
    Resolved {
        /// How long.
        took: Duration,
        /// Whose.
        host: &'a str,
        /// They were known before, or set by the program.
        cached: bool,
        /// Which they are.
        result: Result<&'a [SocketAddr], &'a io::Error>,
    },
    /// One attempt to connect is over. There may be several at a time, and one wins.
    Connected {
        /// How long.
        took: Duration,
        /// Whereto; `None` for a Unix socket.
        address: Option<SocketAddr>,
        /// Whether it did.
        result: Result<(), &'a io::Error>,
    },
    /// A proxy was asked to connect us with the host, by `CONNECT` or SOCKS.
    Tunneled {
        /// How long.
        took: Duration,
        /// Which, without its password.
        proxy: &'a str,
        /// Whether it did.
        result: Result<(), &'a ProxyFault>,
    },
    /// The TLS handshake is over.
    Secured {
        /// How long.
        took: Duration,
        /// What was agreed upon.
        result: Result<&'a TlsSession, &'a ErrorKind>,
    },
    /// There is a connection, and the request begins to go out on it.
    Sending {
        /// Its method.
        method: &'a Method,
        /// Whereto. It has no password in it.
        url: &'a Url,
        /// All fields but `Host` and those that frame the body.
        headers: &'a HeaderMap,
        /// The connection served another request before.
        reused: bool,
    },
    /// All of it was handed to the system: the head, and so many bytes of a body. Not told where
    /// the answer came first.
    Sent {
        /// Bytes of the body.
        body: u64,
    },
    /// The head of the answer is here.
    Answered {
        /// Its protocol.
        version: Version,
        /// Its status.
        status: StatusCode,
        /// Its fields.
        headers: &'a HeaderMap,
    },
    /// There will be no answer, on this connection at least.
    Failed {
        /// Why.
        error: &'a ErrorKind,
    },
    /// The connection had been kept from an earlier request, and turned out to be closed. The
    /// request is made on a new one, at once.
    Replaced,
    /// It is made once more, after a wait.
    Retrying {
        /// How long the wait is.
        wait: Duration,
        /// How many tries there were.
        tries: u32,
        /// What the last one brought.
        result: Result<StatusCode, &'a ErrorKind>,
    },
    /// The answer leads elsewhere, and is followed.
    Redirected {
        /// Of the answer.
        status: StatusCode,
        /// Whereto. It has no password in it.
        to: &'a Url,
    },
    /// A piece of the body was given to the program: so many bytes, unpacked if it came packed.
    Received {
        /// How many.
        bytes: usize,
    },
    /// The body is over. Not told of one that is not read to its end.
    Finished {
        /// Is it whole?
        result: Result<(), &'a ErrorKind>,
    },
}

impl fmt::Debug for Step<'_> {
    /// Without header fields: some are secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Step::Waited { took } => write!(f, "Waited({took:?})"),
            Step::Resolved {
                took, host, result, ..
            } => write!(f, "Resolved({host:?}, {result:?}, {took:?})"),
            Step::Connected {
                took,
                address,
                result,
            } => write!(f, "Connected({address:?}, {result:?}, {took:?})"),
            Step::Tunneled {
                took,
                proxy,
                result,
            } => write!(f, "Tunneled({proxy}, {result:?}, {took:?})"),
            Step::Secured { took, result } => write!(f, "Secured({result:?}, {took:?})"),
            Step::Sending {
                method,
                url,
                reused,
                ..
            } => write!(f, "Sending({method} {}, reused: {reused})", url::shown(url)),
            Step::Sent { body } => write!(f, "Sent({body})"),
            Step::Answered { status, .. } => write!(f, "Answered({})", status.as_u16()),
            Step::Failed { error } => write!(f, "Failed({error:?})"),
            Step::Replaced => f.write_str("Replaced"),
            Step::Retrying {
                wait,
                tries,
                result,
            } => write!(f, "Retrying({tries}, {result:?}, {wait:?})"),
            Step::Redirected { status, to } => {
                write!(f, "Redirected({}, {})", status.as_u16(), url::shown(to))
            }
            Step::Received { bytes } => write!(f, "Received({bytes})"),
            Step::Finished { result } => write!(f, "Finished({result:?})"),
        }
    }
}
