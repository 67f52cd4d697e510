//! What a program can say about trust: plain data, put in by `ClientBuilder`.

use std::fmt;
use std::io;

use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::pin::PublicKeyPin;

/// Whom a client trusts, and who it is itself.
#[derive(Clone, Debug, Default)]
pub(crate) struct Settings {
    /// Believe only `added`.
    pub(crate) only_added: bool,
    pub(crate) added: Vec<Certificates>,
    pub(crate) pins: Vec<PublicKeyPin>,
    pub(crate) accept_invalid: bool,
    pub(crate) identity: Option<Identity>,
}

/// Certificates of CAs: see [`ClientBuilder::add_root_certificates`](crate::http::ClientBuilder).
#[derive(Clone, PartialEq, Eq)]
pub struct Certificates(pub(super) Vec<CertificateDer<'static>>);

impl Certificates {
    /// The certificates in a PEM text, such as a file of CAs. What else is in it is passed over.
    ///
    /// # Errors
    /// `InvalidData` if there is none, or one that cannot be decoded.
    ///
    /// ```
    /// let error = hob::http::Certificates::from_pem(b"not a certificate").unwrap_err();
    /// assert!(error.to_string().contains("BEGIN CERTIFICATE"));
    /// ```
    pub fn from_pem(pem: &[u8]) -> io::Result<Certificates> {
        certificates(pem).map(Certificates)
    }

    /// How many there are.
    #[expect(clippy::len_without_is_empty, reason = "it is never empty")]
    pub fn len(&self) -> usize {
        self.0.len()
    }
}

impl fmt::Debug for Certificates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Certificates({})", self.0.len())
    }
}

/// A certificate and its private key, by which a client shows a server who it is: see
/// [`ClientBuilder::identity`](crate::http::ClientBuilder). `Debug` does not show the key.
pub struct Identity {
    pub(super) chain: Vec<CertificateDer<'static>>,
    pub(super) key: PrivateKeyDer<'static>,
}

impl Identity {
    /// From PEM: the certificate, those of its issuers behind it, and, before or after them,
    /// the private key, which must not be encrypted.
    ///
    /// # Errors
    /// `InvalidData` if either is not there or cannot be decoded.
    ///
    /// ```
    /// let error = hob::http::Identity::from_pem(b"nobody").unwrap_err();
    /// assert!(error.to_string().contains("BEGIN CERTIFICATE"));
    /// ```
    pub fn from_pem(pem: &[u8]) -> io::Result<Identity> {
        let chain = certificates(pem)?;
        let key = PrivateKeyDer::from_pem_slice(pem).map_err(|_| {
            invalid("no private key that can be read (-----BEGIN PRIVATE KEY-----, not encrypted)")
        })?;
        Ok(Identity { chain, key })
    }
}

impl Clone for Identity {
    fn clone(&self) -> Identity {
        Identity {
            chain: self.chain.clone(),
            key: self.key.clone_key(),
        }
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Identity")
    }
}

fn certificates(pem: &[u8]) -> io::Result<Vec<CertificateDer<'static>>> {
    let found: Result<Vec<_>, pem::Error> = CertificateDer::pem_slice_iter(pem).collect();
    let found = found.map_err(|_| invalid("a certificate in it is no good PEM"))?;
    match found.is_empty() {
        true => Err(invalid(
            "no certificate in it (-----BEGIN CERTIFICATE-----)",
        )),
        false => Ok(found),
    }
}

fn invalid(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}
