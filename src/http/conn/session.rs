//! What was agreed with a TLS peer, for whoever wants to see it.

/// How a response was protected on its way: see [`Response::tls`](crate::http::Response::tls).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsSession {
    pub(crate) version: &'static str,
    pub(crate) cipher_suite: String,
    pub(crate) is_resumed: bool,
}

impl TlsSession {
    /// The protocol: `TLSv1.3` or `TLSv1.2`.
    pub fn version(&self) -> &str {
        self.version
    }

    /// The cipher suite, by its name at IANA.
    pub fn cipher_suite(&self) -> &str {
        &self.cipher_suite
    }

    /// Did the handshake go on from an earlier connection? It is shorter then, and the
    /// certificate is the one that was checked before.
    pub fn is_resumed(&self) -> bool {
        self.is_resumed
    }
}
