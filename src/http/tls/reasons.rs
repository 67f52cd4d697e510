//! What rustls reports, in the words of [`TlsError`].
//!
//! rustls has some hundred kinds of error, made for those who debug TLS. Of interest to one
//! who wanted a page is what to do about it, and there are few answers to that.

use std::io;

use rustls::{AlertDescription, CertificateError, Error, InvalidMessage, PeerMisbehaved};

use crate::http::error::TlsError;

pub(super) fn translate(error: &Error) -> TlsError {
    match error {
        Error::InvalidCertificate(error) => certificate(error),
        Error::NoCertificatesPresented | Error::UnsupportedNameType => TlsError::BadCertificate,
        // The first byte of a record says what it is, and "H" of "HTTP/1.1 400" is nothing.
        Error::InvalidMessage(InvalidMessage::InvalidContentType)
        | Error::InvalidMessage(InvalidMessage::UnknownProtocolVersion) => TlsError::NotTls,
        Error::AlertReceived(alert) => refused(*alert),
        Error::PeerIncompatible(_) | Error::NoApplicationProtocol => TlsError::Incompatible,
        Error::PeerMisbehaved(PeerMisbehaved::SelectedUnofferedApplicationProtocol) => {
            TlsError::Incompatible
        }
        Error::FailedToGetCurrentTime
        | Error::FailedToGetRandomBytes
        | Error::EncryptError
        | Error::BadMaxFragmentSize
        | Error::InconsistentKeys(_)
        | Error::General(_)
        | Error::HandshakeNotComplete => TlsError::Unable,
        _ => TlsError::Misbehaved,
    }
}

fn certificate(error: &CertificateError) -> TlsError {
    use CertificateError::{
        ApplicationVerificationFailure, Expired, ExpiredContext, NotValidForName,
        NotValidForNameContext, NotValidYet, NotValidYetContext, Revoked, UnknownIssuer,
    };
    match error {
        UnknownIssuer => TlsError::UnknownIssuer,
        Expired | ExpiredContext { .. } => TlsError::Expired,
        NotValidYet | NotValidYetContext { .. } => TlsError::NotValidYet,
        NotValidForName | NotValidForNameContext { .. } => TlsError::WrongName,
        Revoked => TlsError::Revoked,
        // Only our own verifier says that: see `verify.rs`.
        ApplicationVerificationFailure => TlsError::NotPinned,
        _ => TlsError::BadCertificate,
    }
}

/// The names are those of the RFC, and as a number there is no text of the peer in it either.
fn refused(alert: AlertDescription) -> TlsError {
    let alert = match alert {
        AlertDescription::Unknown(number) => format!("alert {number}"),
        AlertDescription::HandshakeFailure => {
            "HandshakeFailure (no cipher or key in common, or it wants a client certificate)".into()
        }
        AlertDescription::CertificateRequired => {
            "CertificateRequired (give it one: identity)".into()
        }
        named => format!("{named:?}"),
    };
    TlsError::Refused { alert }
}

/// As readers and writers report it. An end that may be a cut is `UnexpectedEof`.
pub(super) fn io_error(error: TlsError) -> io::Error {
    let kind = match &error {
        TlsError::Truncated => io::ErrorKind::UnexpectedEof,
        TlsError::Refused { .. } => io::ErrorKind::ConnectionAborted,
        _ => io::ErrorKind::InvalidData,
    };
    io::Error::new(kind, error)
}
