//! What can go wrong between us and a TLS peer, in words of ours.
//!
//! No word of the server gets in here: the names in a certificate are its text as much as a
//! header is. This file knows no TLS library; `tls` translates.

use std::error::Error as StdError;
use std::fmt;

/// Why there is no trusted connection to an `https` server, or not any more.
///
/// It comes inside of [`ErrorKind::Tls`](crate::http::ErrorKind::Tls) while connecting, and later as
/// the source of an [`ErrorKind::Broken`](crate::http::ErrorKind::Broken).
///
/// ```
/// use hob::http::TlsError;
///
/// assert!(TlsError::Expired.is_certificate());
/// assert!(!TlsError::NotTls.is_certificate());
/// assert!(TlsError::NotTls.to_string().contains("http://"));
/// ```
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TlsError {
    /// Nobody whom this client trusts has signed the server's certificate. If it is your own
    /// server, add its CA: [`ClientBuilder::add_root_certificates`](crate::http::ClientBuilder).
    UnknownIssuer,
    /// The server's certificate is too old, or this machine's clock is wrong.
    Expired,
    /// The server's certificate is not valid yet, or this machine's clock is wrong.
    NotValidYet,
    /// The server's certificate is for other names than the one in the URL.
    WrongName,
    /// The server's certificate was withdrawn by its issuer.
    Revoked,
    /// The server's key is none of those that this client was told to expect.
    NotPinned,
    /// The server's certificate is no good in another way: it cannot be read, it is not meant
    /// for servers, or a signature is wrong.
    BadCertificate,
    /// There is no root certificate that could be trusted: the system has none, and none was
    /// given.
    NoRoots,
    /// One of the root certificates that were given cannot be used.
    BadRoot,
    /// The client's own certificate and key cannot be used: see
    /// [`ClientBuilder::identity`](crate::http::ClientBuilder).
    BadIdentity,
    /// The peer's first bytes are not TLS. Mostly that is plain HTTP on this port.
    NotTls,
    /// The peer sent an alert and hung up. It is one of those of RFC 8446 §6.
    Refused {
        /// Its name in the RFC, or its number.
        alert: String,
    },
    /// The peer offers no version or cipher that is still safe.
    Incompatible,
    /// The peer broke the rules of TLS, or somebody on the way tampers with the connection.
    Misbehaved,
    /// The connection ended without TLS's goodbye, so whether this was all is not known
    /// (RFC 8446 §6.1). Somebody on the way may have cut it.
    Truncated,
    /// This side could not go on: it got no random numbers, or the keys are used up.
    Unable,
}

impl TlsError {
    /// Is the server's certificate, or its key, what is not trusted?
    pub fn is_certificate(&self) -> bool {
        matches!(
            self,
            TlsError::UnknownIssuer
                | TlsError::Expired
                | TlsError::NotValidYet
                | TlsError::WrongName
                | TlsError::Revoked
                | TlsError::NotPinned
                | TlsError::BadCertificate
                | TlsError::NoRoots
        )
    }
}

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            TlsError::UnknownIssuer => {
                "the server's certificate is signed by nobody trusted here (if it is your own \
                 server, add its CA: add_root_certificates)"
            }
            TlsError::Expired => {
                "the server's certificate has expired (or this machine's clock is wrong)"
            }
            TlsError::NotValidYet => {
                "the server's certificate is not valid yet (or this machine's clock is wrong)"
            }
            TlsError::WrongName => {
                "the server's certificate is for other names (ask by the name it was issued for)"
            }
            TlsError::Revoked => "the server's certificate was revoked by its issuer",
            TlsError::NotPinned => {
                "the server's key is not the pinned one (if it was renewed, change \
                 pin_public_key)"
            }
            TlsError::BadCertificate => {
                "the server's certificate is no good: not for servers, not readable, or with a \
                 wrong signature (was its CA made anew?)"
            }
            TlsError::NoRoots => {
                "no root certificate to trust was found (set SSL_CERT_FILE, or use \
                 add_root_certificates)"
            }
            TlsError::BadRoot => "a root certificate that was given is not a certificate of a CA",
            TlsError::BadIdentity => {
                "the client's own certificate and key are no good, or do not belong together"
            }
            TlsError::NotTls => "the peer does not speak TLS on this port (ask with http://?)",
            TlsError::Refused { alert } => {
                return write!(f, "the peer refused the TLS connection: {alert}");
            }
            TlsError::Incompatible => {
                "the peer offers no TLS that is still safe (1.2 and 1.3 are), or not http/1.1"
            }
            TlsError::Misbehaved => {
                "the peer broke the rules of TLS, or somebody tampers with the connection"
            }
            TlsError::Truncated => {
                "it ended without TLS's goodbye (close_notify), so nobody knows whether this \
                 was all"
            }
            TlsError::Unable => "TLS cannot go on (no random numbers, or the keys are used up)",
        })
    }
}

impl StdError for TlsError {}
