//! TLS for one client: its settings, its sessions, and the handshake.

use std::cell::Cell;
use std::future::poll_fn;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;

use ::url::{Host, Url};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;

use super::roots;
use super::settings::Settings;
use super::stream::TlsStream;
use crate::blocking;
use crate::http::conn::Transport;
use crate::http::error::TlsError;
use crate::http::error::{ErrorKind, Phase};
use crate::sync::OnceCell;

/// How a connection is protected. Connections of different protections are never mixed up, because
/// one may trust whom the other does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Protection {
    /// Not at all: `http`.
    Open,
    /// By the TLS settings of this number.
    Tls(u64),
}

/// The TLS of one client.
pub(crate) struct Tls {
    settings: Settings,
    protection: Protection,
    /// Made for the first `https` request. It keeps the sessions, so that a second handshake
    /// with the same server is shorter.
    config: OnceCell<Arc<ClientConfig>>,
}

thread_local! {
    /// The next number for [`Protection::Tls`]. Pools belong to a thread, as clients do.
    static NEXT: Cell<u64> = const { Cell::new(0) };
}

impl Tls {
    pub(crate) fn new(settings: Settings) -> Tls {
        let number = NEXT.replace(NEXT.get() + 1);
        Tls {
            settings,
            protection: Protection::Tls(number),
            config: OnceCell::new(),
        }
    }

    /// How connections for `url` are protected.
    ///
    /// # Errors
    /// If its scheme is neither of ours.
    pub(crate) fn protection_of(&self, url: &Url) -> Result<Protection, ErrorKind> {
        match url.scheme() {
            "http" => Ok(Protection::Open),
            "https" => Ok(self.protection),
            other => Err(ErrorKind::Scheme {
                scheme: other.to_string(),
            }),
        }
    }

    /// Puts TLS over `io` if `protection` says so, and waits for the handshake. `host` is whom
    /// the certificate must name.
    pub(crate) async fn secure(
        &self,
        protection: Protection,
        host: &Host<String>,
        io: Box<dyn Transport>,
    ) -> Result<Box<dyn Transport>, ErrorKind> {
        if protection == Protection::Open {
            return Ok(io);
        }
        let config = self.config().await.map_err(ErrorKind::Tls)?;
        let name = server_name(host)?;
        let mut stream = TlsStream::new(io, config, name).map_err(ErrorKind::Tls)?;
        let shaken = poll_fn(|cx| stream.poll_handshake(cx)).await;
        shaken.map_err(failed)?;
        Ok(Box::new(stream))
    }

    /// The configuration; made on a worker, because it may read many files.
    async fn config(&self) -> Result<Arc<ClientConfig>, TlsError> {
        let settings = self.settings.clone();
        let make = || blocking::run(move || roots::configure(settings));
        self.config.get_or_try_init(make).await.cloned()
    }
}

fn server_name(host: &Host<String>) -> Result<ServerName<'static>, ErrorKind> {
    match host {
        Host::Ipv4(ip) => Ok(ServerName::from(IpAddr::V4(*ip))),
        Host::Ipv6(ip) => Ok(ServerName::from(IpAddr::V6(*ip))),
        Host::Domain(name) => ServerName::try_from(name.clone()).map_err(|_| ErrorKind::Url {
            what: "its host is no name that a certificate can have",
        }),
    }
}

/// A handshake that failed: by the rules of TLS, or because the connection broke.
fn failed(error: io::Error) -> ErrorKind {
    match error.downcast::<TlsError>() {
        Ok(error) => ErrorKind::Tls(error),
        Err(error) => ErrorKind::broken(Phase::Handshake, error),
    }
}
