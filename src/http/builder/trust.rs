//! Whom a client trusts, as [`ClientBuilder`] sets it. Only in a build with the feature `tls`.

use crate::http::builder::ClientBuilder;
use crate::http::tls::{Certificates, Identity, PublicKeyPin};

/// **Trust**: whom it believes. What fails here is
/// [`ErrorKind::Tls`](crate::http::ErrorKind::Tls).
impl ClientBuilder {
    /// Trusts these CAs, too: beside the system's, and as often as it is called.
    /// *Default*: the system's alone (`SSL_CERT_FILE` and `SSL_CERT_DIR` are honoured), or
    /// Mozilla's where the system has none.
    ///
    /// ```no_run
    /// use hob::http::{Certificates, Client};
    ///
    /// let pem = std::fs::read("our-ca.pem")?;
    /// let ours = Certificates::from_pem(&pem)?;
    /// let client = Client::builder().add_root_certificates(ours).build();
    /// # std::io::Result::Ok(())
    /// ```
    pub fn add_root_certificates(mut self, roots: Certificates) -> ClientBuilder {
        self.config.tls.added.push(roots);
        self
    }

    /// Trusts these CAs and those of
    /// [`add_root_certificates`](ClientBuilder::add_root_certificates), and none of the
    /// system's. *Default*: see there.
    pub fn only_root_certificates(mut self, roots: Certificates) -> ClientBuilder {
        self.config.tls.only_added = true;
        self.add_root_certificates(roots)
    }

    /// Talks only to servers that have this key, or another that was pinned. The certificate
    /// must be good as well, unless
    /// [`danger_accept_invalid_certs`](ClientBuilder::danger_accept_invalid_certs) says
    /// otherwise. It is the key of the server itself, not of its CA. *Default*: any key.
    ///
    /// ```
    /// let pin = "sha256//47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=".parse()?;
    /// let client = hob::http::Client::builder().pin_public_key(pin).build();
    /// assert!(format!("{client:?}").contains("47DEQ"));
    /// # std::io::Result::Ok(())
    /// ```
    pub fn pin_public_key(mut self, pin: PublicKeyPin) -> ClientBuilder {
        self.config.tls.pins.push(pin);
        self
    }

    /// With `true`, takes any certificate: expired, for another name, signed by nobody. The
    /// bytes are still encrypted, but nobody knows for whom: whoever is on the way can read
    /// and change all of it. With a pinned key it is safe. *Default*: `false`.
    pub fn danger_accept_invalid_certs(mut self, accept: bool) -> ClientBuilder {
        self.config.tls.accept_invalid = accept;
        self
    }

    /// Shows this certificate to servers that ask who the client is (mutual TLS).
    /// *Default*: none.
    pub fn identity(mut self, identity: Identity) -> ClientBuilder {
        self.config.tls.identity = Some(identity);
        self
    }
}
