//! Why there is no file: one line for people, and a number for programs.
//!
//! The numbers are curl's, where curl has one: scripts know them. `--help` lists them.

use std::fmt;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;

use hob::http::{self, ErrorKind, Phase, ProxyFault, Response, StatusCode, TlsError};

use super::check::Mismatch;
use crate::show::text;

/// Shown as one line without anything that steers a terminal.
#[derive(Debug)]
pub enum Failure {
    /// The client's own words: which URL, which peer, which rule.
    Http(http::Error),
    /// A status that is a success, but not that of a file.
    NoFile(u16),
    /// Fewer bytes came than the whole has, and the server sends no more.
    Short { got: u64, wanted: u64 },
    /// A block is not what the Metalink says.
    Block(Range<u64>),
    /// A mirror has another file than the others.
    Other(&'static str),
    /// A part was to come, and more came.
    Long { wanted: u64 },
    /// `--max-filesize`: so many bytes are too many.
    TooLarge(u64),
    /// A step with the file failed.
    File {
        doing: &'static str,
        path: PathBuf,
        error: io::Error,
    },
    /// All bytes came, but they are not the ones that they should be.
    Sum(Mismatch),
    /// The status that answers what was sent, and whose.
    Refused(StatusCode, String),
    /// What is to be sent cannot be read.
    Unsent(io::Error),
    /// `--max-time`.
    TooLong(Duration),
    /// What was printed so far is of another version than what the server has now.
    Changed { at: u64 },
    /// `-r`, and the server sent something else.
    NotThePiece,
    /// Whatever it is, there is nothing that one could go on with.
    Final(Box<Failure>),
    /// The name that the server proposes is another's.
    Name(String),
}

/// Did nothing of it work, or was it something else than a download?
pub const OTHER: u8 = 1;

/// The user dropped it from the run: curl's status for what its caller broke off.
pub const DROPPED: u8 = 42;

impl Failure {
    pub fn at(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Failure + use<> {
        let path = path.to_owned();
        move |error| Failure::File { doing, path, error }
    }

    /// Standard output took no more.
    pub fn printing(error: io::Error) -> Failure {
        Failure::at("writing to", Path::new("standard output"))(error)
    }

    /// The exit status of this class of failures.
    pub fn code(&self) -> u8 {
        match self {
            Failure::Http(error) => http_code(error),
            Failure::NoFile(_) | Failure::Refused(..) => 22,
            Failure::Unsent(_) => 26,
            Failure::Short { .. } => 18,
            Failure::Other(_) => 33,
            Failure::Long { .. } => 33,
            Failure::File { .. } | Failure::Name(_) => 23,
            Failure::Sum(_) | Failure::Block(_) => 32,
            Failure::TooLong(_) => 28,
            Failure::TooLarge(_) => 63,
            Failure::Changed { .. } | Failure::NotThePiece => 33,
            Failure::Final(failure) => failure.code(),
        }
    }

    /// Is it the server's doing, or the network's, and not that of our disk or our user?
    pub fn is_foreign(&self) -> bool {
        matches!(
            self,
            Failure::Http(_)
                | Failure::Refused(..)
                | Failure::NoFile(_)
                | Failure::Block(_)
                | Failure::Other(_)
                | Failure::Short { .. }
                | Failure::Long { .. }
        )
    }

    /// Did the server say "not now"? RFC 6585 §4, RFC 9110 §15.6.4.
    pub fn is_refusal(&self) -> bool {
        let status = match self {
            Failure::Refused(status, _) => *status,
            Failure::Http(error) => match error.kind() {
                ErrorKind::Status(status) => *status,
                _ => return false,
            },
            _ => return false,
        };
        matches!(status.as_u16(), 429 | 503)
    }

    pub fn refused(response: &Response) -> Failure {
        Failure::Refused(response.status(), text::url(response.url()))
    }

    /// Is it sure that the server never saw the request?
    pub fn is_before_sending(&self) -> bool {
        let Failure::Http(error) = self else {
            return false;
        };
        matches!(error.kind(), ErrorKind::Lookup(_) | ErrorKind::Connect(_))
    }

    /// May trying again help?
    pub fn is_transient(&self) -> bool {
        match self {
            Failure::Short { .. } => true,
            Failure::Refused(status, _) => may_pass(*status),
            Failure::Http(error) => match error.kind() {
                ErrorKind::Lookup(_) | ErrorKind::Connect(_) => true,
                ErrorKind::Tls(e) => matches!(e, TlsError::Truncated),
                ErrorKind::Broken { .. } | ErrorKind::EndedEarly { .. } => true,
                ErrorKind::Timeout { .. } | ErrorKind::TooSlow { .. } => true,
                ErrorKind::Proxy { why: fault, .. } => {
                    matches!(fault, ProxyFault::Connect(_) | ProxyFault::Broken(_))
                }
                ErrorKind::Status(status) => may_pass(*status),
                _ => false,
            },
            _ => false,
        }
    }
}

/// RFC 9110 §15: these are about now, not about the request.
fn may_pass(status: StatusCode) -> bool {
    matches!(status.as_u16(), 408 | 425 | 429 | 500 | 502 | 503 | 504)
}

fn http_code(error: &http::Error) -> u8 {
    match error.kind() {
        ErrorKind::Url { .. } | ErrorKind::Request(_) => 3,
        ErrorKind::Lookup(_) => 6,
        ErrorKind::Connect(_) => 7,
        ErrorKind::Protocol(_) | ErrorKind::TooLarge { .. } => 8,
        ErrorKind::EndedEarly {
            phase: Phase::Body, ..
        } => 18,
        ErrorKind::Status(_) => 22,
        ErrorKind::Tls(TlsError::NotPinned) => 90,
        ErrorKind::Tls(e) if e.is_certificate() => 60,
        ErrorKind::Tls(_) => 35,
        ErrorKind::Coding(_) => 61,
        ErrorKind::Write(_) => 23,
        ErrorKind::Read(_) | ErrorKind::WrongLength { .. } => 26,
        ErrorKind::Timeout { .. } | ErrorKind::TooSlow { .. } => 28,
        ErrorKind::Proxy { why: fault, .. } => proxy_code(fault),
        ErrorKind::TooManyRedirects { .. }
        | ErrorKind::RedirectLoop { .. }
        | ErrorKind::Redirect(_) => 47,
        ErrorKind::EndedEarly { .. } => 52,
        ErrorKind::Broken { .. } => 56,
        _ => OTHER,
    }
}

fn proxy_code(fault: &ProxyFault) -> u8 {
    match fault {
        ProxyFault::Setting(_) => 3,
        ProxyFault::Connect(_) => 7,
        ProxyFault::Refused(_) => 97,
        _ => 56, // curl's, for a tunnel that was not made
    }
}

impl From<http::Error> for Failure {
    fn from(error: http::Error) -> Failure {
        Failure::Http(error)
    }
}

impl From<Mismatch> for Failure {
    fn from(mismatch: Mismatch) -> Failure {
        Failure::Sum(mismatch)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = match self {
            Failure::Http(error) => error.to_string(),
            Failure::NoFile(status) => {
                format!("the server answered with status {status}, which is no whole file")
            }
            Failure::Short { got, wanted } => {
                format!("the server sends only {got} bytes of {wanted}")
            }
            Failure::Block(block) => format!(
                "bytes {} to {} are not those that the Metalink says",
                block.start,
                block.end - 1
            ),
            Failure::Other(why) => format!("this mirror has another file: {why}"),
            Failure::Long { wanted } => {
                format!("more bytes came than the {wanted} that its Content-Range announced")
            }
            // A file in the way: the error itself says which.
            Failure::File { error, .. } if error.kind() == io::ErrorKind::AlreadyExists => {
                error.to_string()
            }
            Failure::File { doing, path, error } => {
                format!("{doing} {}: {error}", path.display())
            }
            Failure::Refused(status, url) => format!("{url}: the server answered {status}"),
            Failure::Unsent(error) => format!("cannot send {error}"),
            Failure::Sum(mismatch) => mismatch.to_string(),
            Failure::TooLong(limit) => format!("it took longer than {limit:?} (--max-time)"),
            Failure::TooLarge(most) => {
                format!("it is longer than {most} bytes (--max-filesize)")
            }
            Failure::Changed { at } => {
                format!("it has changed on the server since its first {at} bytes were printed")
            }
            Failure::NotThePiece => {
                "the server sent something else than the range that was asked for".to_owned()
            }
            Failure::Final(failure) => failure.to_string(),
            Failure::Name(why) => why.clone(),
        };
        f.write_str(&text::harmless(&words))
    }
}
