//! The certificates that are believed without being signed by anybody: found once, and made
//! into rustls' configuration.
//!
//! Law: where the system keeps its roots is the system's affair (some 150 files, a keychain, a
//! registry), and reading them takes milliseconds. Consequence: it is done by a worker of the
//! pool, when the first `https` request of the process needs them, and once. A file that
//! changes later is not seen. `SSL_CERT_FILE` and `SSL_CERT_DIR` are honoured, as OpenSSL
//! does. Where the system has none at all (a bare container), Mozilla's list, as it was when
//! hob was built, stands in.

use std::sync::{Arc, OnceLock};

use rustls::client::WebPkiServerVerifier;
use rustls::crypto::{CryptoProvider, ring};
use rustls::{ALL_VERSIONS, ClientConfig, RootCertStore};

use super::settings::{Certificates, Settings};
use super::verify::Verifier;
use crate::http::error::TlsError;

/// The system's roots, once somebody asked for them.
static SYSTEM: OnceLock<RootCertStore> = OnceLock::new();

/// Everything that a handshake needs. To be called where it may take its time.
pub(super) fn configure(settings: Settings) -> Result<Arc<ClientConfig>, TlsError> {
    let provider = Arc::new(ring::default_provider());
    let verifier = Arc::new(Verifier {
        usual: usual(&settings, &provider)?,
        pins: settings.pins,
        algorithms: provider.signature_verification_algorithms,
    });
    let builder = ClientConfig::builder_with_provider(provider);
    let builder = builder.with_protocol_versions(ALL_VERSIONS);
    let builder = builder.map_err(|_| TlsError::Unable)?;
    let builder = builder
        .dangerous()
        .with_custom_certificate_verifier(verifier);
    let mut config = match settings.identity {
        None => builder.with_no_client_auth(),
        Some(identity) => {
            let config = builder.with_client_auth_cert(identity.chain, identity.key);
            config.map_err(|_| TlsError::BadIdentity)?
        }
    };
    // RFC 7301: a server that prefers HTTP/2 must know that we do not speak it.
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

fn usual(
    settings: &Settings,
    provider: &Arc<CryptoProvider>,
) -> Result<Option<Arc<WebPkiServerVerifier>>, TlsError> {
    if settings.accept_invalid {
        return Ok(None);
    }
    let mut roots = match settings.only_added {
        true => RootCertStore::empty(),
        false => SYSTEM.get_or_init(system).clone(),
    };
    for Certificates(added) in &settings.added {
        for certificate in added {
            let added = roots.add(certificate.clone());
            added.map_err(|_| TlsError::BadRoot)?;
        }
    }
    if roots.is_empty() {
        return Err(TlsError::NoRoots);
    }
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider.clone());
    verifier.build().map(Some).map_err(|_| TlsError::NoRoots)
}

/// What the system trusts. A single certificate of it that rustls cannot read is passed over:
/// old systems have odd ones, and whoever needs it hears of an unknown issuer.
fn system() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    for error in &found.errors {
        log::warn!("a root certificate of the system could not be read: {error}");
    }
    roots.add_parsable_certificates(found.certs);
    if roots.is_empty() {
        log::debug!("the system has no root certificates: Mozilla's are used");
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    }
    roots
}
