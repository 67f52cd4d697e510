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

/// All that can be set about a [`Client`]. Each method says the default.
///
/// The deadlines, all in one place. Each failure names the one that passed.
///
/// | | covers | default |
/// |---|---|---|
/// | [`connect_timeout`](ClientBuilder::connect_timeout) | finding the host and connecting | 30 s |
/// | [`first_byte_timeout`](ClientBuilder::first_byte_timeout) | from the end of the request to the end of the response's head | 60 s |
/// | [`idle_timeout`](ClientBuilder::idle_timeout) | each wait for the next bytes of a body, in either direction | 60 s |
/// | [`low_speed_limit`](ClientBuilder::low_speed_limit) | a body that moves, but hardly | none |
/// | [`total_timeout`](ClientBuilder::total_timeout) | all of it: the line, tries, redirects, the body | none |
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
