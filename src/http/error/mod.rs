//! One error for all of HTTP: which URL, which peer, what happened, and by which rule.
//!
//! The protocol files know bytes and rules, but no URL and no socket. So they fail with an
//! [`ErrorKind`], and whoever knows the rest (the client) makes an [`Error`] of it. Both say
//! only what hob itself knows: words of a server never get into an error, because errors end
//! up on terminals and in logs, and a server's words may hold escape sequences. Of a URL, also
//! one that a redirect leads to, a bounded and printable piece is shown (`url::shown`), and
//! never the user name and password in it.
//!
//! This file is long because each way to fail says what can be done about it.

mod tls;
mod tries;

use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use ::http::StatusCode;

use crate::http::printable::printable;

pub use tls::TlsError;
pub(crate) use tries::{Stop, Tries};

/// Why a request gave no response, or not all of it.
///
/// It names the URL (without user name and password), the address of the peer once there was
/// one, and the rule that was broken where it was a rule. [`Error::kind`] is for programs,
/// `Display` for people: one line, safe to print.
///
/// ```
/// # hob::block_on(async {
/// let error = hob::http::get("gopher://old.example/").await.unwrap_err();
/// assert!(matches!(error.kind(), hob::http::ErrorKind::Scheme { .. }));
/// assert_eq!(error.url(), "gopher://old.example/");
/// # });
/// ```
pub struct Error {
    /// Boxed, so that every `Result` of the client stays one word wide.
    inner: Box<Inner>,
}

struct Inner {
    /// Cleaned of userinfo and control characters: see `url::shown`.
    url: String,
    /// Set once a connection was tried; stays `None` for errors before that.
    address: Option<SocketAddr>,
    /// More than the first only for a request with retries.
    tries: Tries,
    kind: ErrorKind,
}

/// What went wrong; each variant says when it happens and what can be done.
#[non_exhaustive]
#[derive(Debug)]
pub enum ErrorKind {
    /// The URL cannot be asked for: it does not parse, has no host, port 0, or control
    /// characters. Nothing was sent. Correct the URL.
    Url {
        /// What is wrong with it.
        what: &'static str,
    },
    /// The URL's scheme is not one that this build speaks. Nothing was sent to it. It also
    /// happens when a redirect leads there.
    Scheme {
        /// The scheme, as the URL spells it, shortened if it is very long.
        scheme: String,
    },
    /// The request cannot be written without breaking a rule: a method, target, header name
    /// or value that HTTP cannot carry, or a header that only hob itself may set. Nothing was
    /// sent, unless a trailer is at fault: those are made when the body is on its way, and the
    /// server has part of the request. Correct the request.
    Request(Violation),
    /// The host's name was not found, or the resolver did not work. Check the name; trying
    /// again later may help.
    Lookup(io::Error),
    /// No address of the host took the connection. The error tells how each of them failed.
    /// Trying again later may help.
    Connect(io::Error),
    /// There is no trusted TLS connection to the server. [`TlsError`] says why, and what can
    /// be done. Nothing of the request was sent.
    Tls(TlsError),
    /// The proxy between us and the host could not be used, or did not connect us. Correct the
    /// setting (`ClientBuilder::proxy`, or the environment's `http_proxy` and the like), or ask
    /// whoever keeps the proxy.
    Proxy {
        /// Which one: its URL without user name and password.
        proxy: String,
        /// What was wrong.
        why: ProxyFault,
    },
    /// The connection broke. For a request that may be repeated, trying again may help.
    Broken {
        /// What was being done.
        phase: Phase,
        /// How it broke.
        source: io::Error,
    },
    /// The peer ended the connection in an orderly way, but before the response was whole.
    /// What came so far must not be taken for the whole. Trying again may help.
    EndedEarly {
        /// What was being done.
        phase: Phase,
        /// Bytes received of the part that is not whole.
        got: u64,
        /// How many there should have been, where that is known.
        wanted: Option<u64>,
    },
    /// The peer's bytes are not HTTP/1.1 by the rule named, so their meaning is not certain.
    /// The connection was closed. Trying again seldom helps: the server, or something on
    /// the way, is at fault.
    Protocol(Violation),
    /// What lies on the body, by its `Content-Encoding`, cannot be undone: the coding is
    /// unknown, the coded bytes are damaged, or they end too early or too late. The body must
    /// not be taken for whole. `decode(false)` gives the bytes as they come.
    Coding(Violation),
    /// The response has more of something than is allowed: a guard against endless heads, and
    /// against small bodies that unpack to large ones.
    /// Raise the limit in [`ClientBuilder`](crate::http::ClientBuilder) if the server is trusted;
    /// a few limits are fixed ([`max_head`](crate::http::ClientBuilder::max_head) tells which).
    TooLarge {
        /// More of what.
        what: &'static str,
        /// The limit.
        limit: u64,
    },
    /// A deadline passed. Raise it in [`ClientBuilder`](crate::http::ClientBuilder) if the server
    /// is just slow.
    Timeout {
        /// Which one.
        deadline: Deadline,
        /// How long it was.
        after: Duration,
    },
    /// A body moved more slowly than allowed, though we were there to take it, or to send it.
    /// Only with a [`low_speed_limit`](crate::http::ClientBuilder::low_speed_limit).
    TooSlow {
        /// The limit.
        bytes_per_second: u64,
        /// How long it was slower.
        over: Duration,
    },
    /// There were more redirects than allowed. The URL is the last one asked.
    TooManyRedirects {
        /// How many were followed.
        limit: u32,
    },
    /// A redirect led back to a request that had been made before, so it would never end.
    RedirectLoop {
        /// Where it leads, which was asked already.
        to: String,
    },
    /// A redirect cannot be followed: its `Location` is no usable URL, or there are several; it
    /// leads from https to http; or it wants the body again, which came from a reader.
    Redirect(Violation),
    /// The server answered, with a status that is no success. Made only by
    /// [`Response::error_for_status`](crate::http::Response::error_for_status).
    Status(StatusCode),
    /// [`Response::text`](crate::http::Response::text) met a body that is not UTF-8. Take the
    /// bytes instead.
    NotText,
    /// The reader that a request's body comes from failed. The server has part of the request.
    Read(io::Error),
    /// The reader that a request's body comes from has fewer or more bytes than announced. The
    /// server has part of the request; correct the length, or announce none.
    WrongLength {
        /// Bytes that came; if too many, those that were read before it was noticed.
        got: u64,
        /// Bytes that should have come.
        announced: u64,
    },
    /// The writer given to [`Response::copy_to`](crate::http::Response::copy_to) failed. The
    /// response itself was fine so far.
    Write(io::Error),
}

/// Why a proxy was of no use.
#[non_exhaustive]
#[derive(Debug)]
pub enum ProxyFault {
    /// What was set is no proxy that could be used; nothing was sent.
    Setting(&'static str),
    /// The proxy itself was not found, or none of its addresses took the connection.
    Connect(io::Error),
    /// It answered the request for a tunnel with this status: 407 if it wants to know who we
    /// are, 502 if it did not reach the host.
    Status(StatusCode),
    /// A SOCKS proxy said no, for this reason.
    Refused(&'static str),
    /// A SOCKS proxy tried to reach the host, and failed in this way. Trying again later may
    /// help.
    Unreached(&'static str),
    /// Its bytes broke a rule, so what they mean is not certain.
    Protocol(Violation),
    /// The connection to it broke or ended before it had answered.
    Broken(io::Error),
}

/// A broken rule and where it is written down.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Violation {
    /// What was found.
    pub what: &'static str,
    /// The rule, such as `RFC 9112 §6.3`.
    pub rule: &'static str,
}

/// The parts of an exchange, in their order.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Agreeing upon the keys of a TLS connection.
    Handshake,
    /// Sending the request.
    Request,
    /// Waiting for the response's head, or in the middle of it.
    Head,
    /// Reading the response's body.
    Body,
}

/// The deadlines that [`ClientBuilder`](crate::http::ClientBuilder) sets.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deadline {
    /// Looking up the host and connecting to it.
    Connect,
    /// Agreeing with the connected peer upon TLS; looking for root certificates, too, where
    /// they are needed for the first time.
    Tls,
    /// From the last byte of the request to the end of the response's head.
    FirstByte,
    /// Between one piece of a body and the next, in either direction.
    Idle,
    /// The whole of it, redirects and body included.
    Total,
}

impl ErrorKind {
    /// The peer broke `rule`.
    pub(crate) fn protocol(what: &'static str, rule: &'static str) -> ErrorKind {
        ErrorKind::Protocol(Violation { what, rule })
    }

    /// We would break `rule` if we wrote this.
    pub(crate) fn request(what: &'static str, rule: &'static str) -> ErrorKind {
        ErrorKind::Request(Violation { what, rule })
    }

    pub(crate) fn broken(phase: Phase, source: io::Error) -> ErrorKind {
        ErrorKind::Broken { phase, source }
    }

    /// Did the connection end in a way that may be a cut? See `Transport`.
    pub(crate) fn is_cut(&self) -> bool {
        let cut = io::ErrorKind::UnexpectedEof;
        matches!(self, ErrorKind::Broken { source, .. } if source.kind() == cut)
    }

    /// With the URL, as `url::shown` made it presentable, it is complete.
    pub(crate) fn at(self, url: String, address: Option<SocketAddr>) -> Error {
        let inner = Box::new(Inner {
            url,
            address,
            tries: Tries::first(),
            kind: self,
        });
        Error { inner }
    }

    /// Did it happen before there was a connection, and so before anything was sent?
    pub(crate) fn is_connect(&self) -> bool {
        match self {
            ErrorKind::Lookup(_) | ErrorKind::Connect(_) => true,
            ErrorKind::Proxy { .. } | ErrorKind::Tls(_) => true,
            ErrorKind::Broken { phase, .. } => *phase == Phase::Handshake,
            ErrorKind::Timeout { deadline, .. } => {
                matches!(deadline, Deadline::Connect | Deadline::Tls)
            }
            _ => false,
        }
    }

    fn io_kind(&self) -> io::ErrorKind {
        match self {
            ErrorKind::Lookup(e) | ErrorKind::Connect(e) => e.kind(),
            ErrorKind::Read(e) | ErrorKind::Write(e) => e.kind(),
            ErrorKind::Broken { source, .. } => source.kind(),
            ErrorKind::Proxy { why, .. } => why.io_kind(),
            ErrorKind::EndedEarly { .. } => io::ErrorKind::UnexpectedEof,
            ErrorKind::Protocol(_) | ErrorKind::Coding(_) | ErrorKind::TooLarge { .. } => {
                io::ErrorKind::InvalidData
            }
            ErrorKind::NotText => io::ErrorKind::InvalidData,
            ErrorKind::Timeout { .. } | ErrorKind::TooSlow { .. } => io::ErrorKind::TimedOut,
            ErrorKind::Tls(_) => io::ErrorKind::InvalidData,
            ErrorKind::Url { .. } | ErrorKind::Request(_) | ErrorKind::WrongLength { .. } => {
                io::ErrorKind::InvalidInput
            }
            ErrorKind::Scheme { .. } => io::ErrorKind::Unsupported,
            ErrorKind::TooManyRedirects { .. }
            | ErrorKind::RedirectLoop { .. }
            | ErrorKind::Redirect(_)
            | ErrorKind::Status(_) => io::ErrorKind::Other,
        }
    }
}

impl ProxyFault {
    fn io_kind(&self) -> io::ErrorKind {
        match self {
            ProxyFault::Connect(e) | ProxyFault::Broken(e) => e.kind(),
            ProxyFault::Setting(_) => io::ErrorKind::InvalidInput,
            ProxyFault::Protocol(_) => io::ErrorKind::InvalidData,
            ProxyFault::Unreached(_) => io::ErrorKind::HostUnreachable,
            ProxyFault::Status(_) | ProxyFault::Refused(_) => io::ErrorKind::Other,
        }
    }
}

/// An [`ErrorKind`] on its way to the client, with the peer's address if there was one.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) kind: ErrorKind,
    pub(crate) address: Option<SocketAddr>,
}

impl From<ErrorKind> for Failure {
    /// Before anybody was connected to.
    fn from(kind: ErrorKind) -> Failure {
        let address = None;
        Failure { kind, address }
    }
}

impl Error {
    /// What went wrong.
    pub fn kind(&self) -> &ErrorKind {
        &self.inner.kind
    }

    /// The URL that was being asked, without user name and password. After a redirect it is
    /// the one the redirect led to.
    pub fn url(&self) -> &str {
        &self.inner.url
    }

    /// The address of the peer, if it came so far that there was one.
    pub fn address(&self) -> Option<SocketAddr> {
        self.inner.address
    }

    /// The rule that was broken, by either side, where it was one.
    pub fn rule(&self) -> Option<&'static str> {
        match &self.inner.kind {
            ErrorKind::Request(v) | ErrorKind::Protocol(v) => Some(v.rule),
            ErrorKind::Redirect(v) | ErrorKind::Coding(v) => Some(v.rule),
            ErrorKind::Proxy {
                why: ProxyFault::Protocol(v),
                ..
            } => Some(v.rule),
            ErrorKind::EndedEarly { .. } => Some("RFC 9112 §8"),
            ErrorKind::TooLarge { .. } => Some("RFC 9110 §17.5"),
            _ => None,
        }
    }

    /// Did a deadline pass, or was it too slow?
    pub fn is_timeout(&self) -> bool {
        let kind = &self.inner.kind;
        matches!(kind, ErrorKind::Timeout { .. } | ErrorKind::TooSlow { .. })
    }

    /// Did it fail before there was a connection?
    pub fn is_connect(&self) -> bool {
        self.inner.kind.is_connect()
    }

    /// How often the request was made: 1, unless it had retries
    /// ([`ClientBuilder::retries`](crate::http::ClientBuilder::retries)). What redirects led to is
    /// part of the try that was redirected.
    pub fn tries(&self) -> u32 {
        self.inner.tries.count
    }

    /// The same error, as that of a request that was made so often.
    pub(crate) fn after(mut self, tries: Tries) -> Error {
        self.inner.tries = tries;
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.inner.url)?;
        if let Some(address) = self.inner.address {
            write!(f, " ({address})")?;
        }
        write!(f, ": {}", self.inner.kind)?;
        if let Some(rule) = self.rule() {
            write!(f, " [{rule}]")?;
        }
        write!(f, "{}", self.inner.tries)
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ErrorKind::Url { what } => write!(f, "not a URL to ask for: {what}"),
            ErrorKind::Scheme { scheme } if scheme == "https" => write!(
                f,
                "https needs TLS, which is not built in (it is the feature `tls`)"
            ),
            ErrorKind::Scheme { scheme } => write!(f, "no way to speak {scheme:?}, only http"),
            ErrorKind::Request(v) => write!(f, "request not sent: {}", v.what),
            ErrorKind::Lookup(e) => write!(f, "looking up the host failed: {}", words(e)),
            ErrorKind::Connect(e) => write!(f, "connecting failed: {}", words(e)),
            ErrorKind::Tls(e) => write!(f, "no trusted connection: {e}"),
            ErrorKind::Proxy { proxy, why } => write!(f, "proxy {proxy}: {why}"),
            ErrorKind::Broken { phase, source } => {
                write!(f, "the connection broke while {phase}: {}", words(source))
            }
            ErrorKind::EndedEarly { phase, got, wanted } => {
                write!(f, "the peer closed early, while {phase}: {got} bytes came")?;
                wanted.map_or(Ok(()), |wanted| write!(f, " of {wanted}"))
            }
            ErrorKind::Protocol(v) => write!(f, "bad response: {}", v.what),
            ErrorKind::Coding(v) => write!(f, "the body cannot be unpacked: {}", v.what),
            ErrorKind::TooLarge { what, limit } => write!(f, "more than {limit} {what}"),
            ErrorKind::Timeout { deadline, after } => {
                write!(f, "{deadline} took longer than {after:?}")
            }
            ErrorKind::TooSlow {
                bytes_per_second,
                over,
            } => write!(
                f,
                "less than {bytes_per_second} bytes a second moved over {over:?} of waiting"
            ),
            ErrorKind::TooManyRedirects { limit } => write!(f, "more than {limit} redirects"),
            ErrorKind::RedirectLoop { to } => write!(f, "the redirects go in a circle: {to}"),
            ErrorKind::Redirect(v) => write!(f, "redirect not followed: {}", v.what),
            ErrorKind::Status(status) => {
                f.write_str("the server answered ")?;
                write_status(f, *status)
            }
            ErrorKind::NotText => write!(f, "the body is not UTF-8 text"),
            ErrorKind::Read(e) => write!(f, "reading the body to be sent failed: {}", words(e)),
            ErrorKind::WrongLength { got, announced } if got < announced => write!(
                f,
                "the body to be sent ended after {got} bytes, {announced} were announced"
            ),
            ErrorKind::WrongLength { announced, .. } => write!(
                f,
                "the body to be sent has more than the {announced} bytes announced"
            ),
            ErrorKind::Write(e) => write!(f, "writing what was received failed: {}", words(e)),
        }
    }
}

impl fmt::Display for ProxyFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ProxyFault::Setting(what) => write!(f, "it cannot be used: {what}"),
            ProxyFault::Connect(e) => write!(f, "connecting to it failed: {}", words(e)),
            ProxyFault::Status(status) => {
                f.write_str("it made no tunnel, but answered ")?;
                write_status(f, *status)
            }
            ProxyFault::Refused(why) | ProxyFault::Unreached(why) => {
                write!(f, "it did not connect us: {why}")
            }
            ProxyFault::Protocol(v) => write!(f, "bad answer: {}", v.what),
            ProxyFault::Broken(e) => write!(f, "the connection to it broke: {}", words(e)),
        }
    }
}

/// Number and reason, as the RFCs name it: what the server said behind the number is its text.
fn write_status(f: &mut fmt::Formatter<'_>, status: StatusCode) -> fmt::Result {
    write!(f, "{}", status.as_u16())?;
    let reason = status.canonical_reason();
    reason.map_or(Ok(()), |reason| write!(f, " {reason}"))
}

/// An error from below, which may have words of a peer in it: those of a certificate, say.
fn words(error: &io::Error) -> String {
    printable(&error.to_string()).to_string()
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Phase::Handshake => "agreeing upon TLS",
            Phase::Request => "sending the request",
            Phase::Head => "reading the response's head",
            Phase::Body => "reading the body",
        })
    }
}

impl fmt::Display for Deadline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Deadline::Connect => "connecting",
            Deadline::Tls => "agreeing upon TLS",
            Deadline::FirstByte => "waiting for the response's head",
            Deadline::Idle => "waiting for the next bytes",
            Deadline::Total => "the whole request",
        })
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "http::Error({self})")
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match &self.inner.kind {
            ErrorKind::Lookup(e) | ErrorKind::Connect(e) => Some(e),
            ErrorKind::Read(e) | ErrorKind::Write(e) => Some(e),
            ErrorKind::Broken { source, .. } => Some(source),
            ErrorKind::Tls(e) => Some(e),
            ErrorKind::Proxy {
                why: ProxyFault::Connect(e) | ProxyFault::Broken(e),
                ..
            } => Some(e),
            _ => None,
        }
    }
}

impl From<Error> for io::Error {
    fn from(error: Error) -> io::Error {
        io::Error::new(error.inner.kind.io_kind(), error)
    }
}
