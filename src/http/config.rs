//! What can be set about a client, as plain data. `ClientBuilder` fills it in and documents
//! each field; here are the defaults.

use std::time::Duration;

use ::http::{HeaderName, HeaderValue};

use crate::http::connect;
use crate::http::cookies::CookieJar;
use crate::http::deadline;
use crate::http::netrc::Netrc;
use crate::http::observe::Observer;
use crate::http::pool;
use crate::http::retry;
use crate::http::tls;

#[derive(Clone, Debug)]
pub(crate) struct Config {
    pub(crate) deadlines: deadline::Limits,
    pub(crate) pool: pool::Limits,
    pub(crate) tls: tls::Settings,
    pub(crate) connect: connect::Settings,
    pub(crate) retry: retry::Policy,
    pub(crate) max_redirects: u32,
    pub(crate) allow_https_downgrade: bool,
    pub(crate) netrc: Option<Netrc>,
    pub(crate) cookie_jar: Option<CookieJar>,
    pub(crate) max_head: usize,
    pub(crate) max_in_memory: u64,
    pub(crate) decode: bool,
    pub(crate) max_decoded: u64,
    pub(crate) user_agent: HeaderValue,
    /// Of the fields that hob sets itself, those that it does not.
    pub(crate) omitted: Vec<HeaderName>,
    pub(crate) observer: Option<Observer>,
}

impl Default for Config {
    fn default() -> Config {
        let seconds = |seconds| Some(Duration::from_secs(seconds));
        Config {
            deadlines: deadline::Limits {
                connect: seconds(30),
                tls: seconds(30),
                first_byte: seconds(60),
                idle: seconds(60),
                low_speed: None,
                // A long download is not a fault.
                total: None,
            },
            pool: pool::Limits {
                max_per_host: 32,
                max_total: 256,
                idle: Duration::from_secs(30),
            },
            tls: tls::Settings::default(),
            connect: connect::Settings {
                proxy: connect::ProxySettings::default(),
                resolve: connect::ResolveSettings {
                    keep: Duration::from_secs(60),
                    known: Vec::new(),
                    ask: None,
                },
                always_tunnel: false,
                source: None,
                unix_socket: None,
            },
            retry: retry::Policy {
                retries: 0,
                first_wait: Duration::from_secs(1),
                longest_wait: Duration::from_secs(30),
                max_retry_after: Duration::from_secs(120),
            },
            max_redirects: 20,
            allow_https_downgrade: false,
            netrc: None,
            cookie_jar: None,
            max_head: 128 * 1024,
            max_in_memory: 64 * 1024 * 1024,
            decode: true,
            max_decoded: 1024 * 1024 * 1024,
            user_agent: HeaderValue::from_static(concat!("hob/", env!("CARGO_PKG_VERSION"))),
            omitted: Vec::new(),
            observer: None,
        }
    }
}
