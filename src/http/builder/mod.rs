//! All that can be set about a client: [`ClientBuilder`].
//!
//! | file | what it sets |
//! |---|---|
//! | `limits` | how many, how long, how much |
//! | `manners` | what is asked and followed, and when it is asked again |
//! | `network` | how it connects |
//! | `trust` | whom it believes, if this build has TLS |
//!
//! To a program it is one list. Here it is four, because a reader's patience has a limit, too.
//! The values themselves, and their defaults, are in `config`.

mod limits;
mod manners;
mod network;
#[cfg(feature = "tls")]
mod trust;

use crate::http::client::Client;
use crate::http::config::Config;

/// All that can be set about a [`Client`], and what holds where nothing is.
///
/// No method fails. What turns out to be of no use (a proxy that is none, a certificate that is
/// none) is reported by the requests that would have used it.
///
/// **How long.** Each failure names the deadline that passed
/// ([`ErrorKind::Timeout`](crate::http::ErrorKind::Timeout)). `None` is no limit.
///
/// | | | default |
/// |---|---|---|
/// | [`connect_timeout`](ClientBuilder::connect_timeout) | finding the host and connecting, to the proxy and through it, too | 30 s |
/// | [`tls_timeout`](ClientBuilder::tls_timeout) | agreeing upon TLS | 30 s |
/// | [`first_byte_timeout`](ClientBuilder::first_byte_timeout) | from the end of the request to the end of the response's head | 60 s |
/// | [`idle_timeout`](ClientBuilder::idle_timeout) | each wait for the next bytes of a body, in either direction | 60 s |
/// | [`low_speed_limit`](ClientBuilder::low_speed_limit) | a body that moves, but hardly | no limit |
/// | [`total_timeout`](ClientBuilder::total_timeout) | all of it: the line, tries, redirects, the body | no limit |
///
/// **How many, and how much**
///
/// | | | default |
/// |---|---|---|
/// | [`max_per_host`](ClientBuilder::max_per_host) | connections in use for one host | 32 |
/// | [`max_total`](ClientBuilder::max_total) | connections over all | 256 |
/// | [`idle_connections_for`](ClientBuilder::idle_connections_for) | how long an unused one is kept | 30 s |
/// | [`max_head`](ClientBuilder::max_head) | bytes of a response's head | 128 KiB |
/// | [`max_in_memory`](ClientBuilder::max_in_memory) | bytes of a body that is collected | 64 MiB |
/// | [`max_decoded`](ClientBuilder::max_decoded) | bytes that a body unpacks to | 1 GiB |
///
/// **Manners**
///
/// | | | default |
/// |---|---|---|
/// | [`user_agent`](ClientBuilder::user_agent) | what it says it is | `hob/` and the version |
/// | [`decode`](ClientBuilder::decode) | bodies may come packed | yes |
/// | [`max_redirects`](ClientBuilder::max_redirects) | how many are followed | 20 |
/// | [`allow_https_downgrade`](ClientBuilder::allow_https_downgrade) | also from https to http | no |
/// | [`netrc`](ClientBuilder::netrc) | names and passwords for hosts | none |
/// | `cookie_jar` (with the feature `cookies`) | cookies, kept and brought along | none |
/// | [`retries`](ClientBuilder::retries) | how often a request is made once more | 0 |
/// | [`retry_waits`](ClientBuilder::retry_waits) | the bounds of the wait before that | 1 s, 30 s |
/// | [`max_retry_after`](ClientBuilder::max_retry_after) | the longest wait a server may ask for | 120 s |
/// | [`observer`](ClientBuilder::observer) | who is told what happens | nobody |
///
/// **The way**
///
/// | | | default |
/// |---|---|---|
/// | [`proxy`](ClientBuilder::proxy), [`no_proxy`](ClientBuilder::no_proxy) | through which proxy | the environment's |
/// | [`no_proxy_for`](ClientBuilder::no_proxy_for) | hosts that are asked directly all the same | the environment's |
/// | [`always_tunnel`](ClientBuilder::always_tunnel) | tunnels also for http | no |
/// | [`source_address`](ClientBuilder::source_address) | where connections come from | the system chooses |
/// | [`unix_socket`](ClientBuilder::unix_socket) | a socket in place of all hosts | none |
/// | [`dns_cache_for`](ClientBuilder::dns_cache_for) | how long addresses are kept | 60 s |
/// | [`resolve`](ClientBuilder::resolve) | addresses of a host that need no lookup | none |
/// | [`resolver`](ClientBuilder::resolver) | who looks names up | the system |
///
/// **Trust** (with the feature `tls`)
///
/// | | | default |
/// |---|---|---|
/// | `add_root_certificates` | CAs beside the system's | none |
/// | `only_root_certificates` | CAs in place of the system's | the system's |
/// | `pin_public_key` | the one key that a server may have | any |
/// | `danger_accept_invalid_certs` | whether any certificate will do | no |
/// | `identity` | our own certificate | none |
///
/// ```
/// # use std::time::Duration;
/// let client = hob::http::Client::builder()
///     .max_per_host(6)
///     .connect_timeout(Duration::from_secs(5))
///     .total_timeout(Duration::from_secs(600))
///     .build();
/// assert!(format!("{client:?}").contains("600s"));
/// ```
#[derive(Clone, Debug)]
#[must_use = "a client is made only by `build`"]
pub struct ClientBuilder {
    config: Config,
}

impl ClientBuilder {
    /// The client.
    ///
    /// # Panics
    /// If [`max_per_host`](ClientBuilder::max_per_host) or
    /// [`max_total`](ClientBuilder::max_total) is 0: it could never make a request.
    #[track_caller]
    pub fn build(self) -> Client {
        Client::with(self.config)
    }
}

impl Client {
    /// A client with settings of its own.
    pub fn builder() -> ClientBuilder {
        ClientBuilder {
            config: Config::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_shows_its_own_settings() {
        let client = Client::builder().max_per_host(7).build();
        let shown = format!("{client:?}");
        assert!(
            shown.starts_with("Client") && shown.contains("max_per_host: 7"),
            "{shown}"
        );
    }
}
