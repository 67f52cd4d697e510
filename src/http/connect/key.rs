//! What makes one connection different from another: [`Key`].
//!
//! Two requests with equal keys may share a connection. Whatever decides about a connection
//! (a proxy and who we are to it, a certificate, the address that it comes from) is a field
//! here, so that the pool need not know of it.

use std::net::IpAddr;
use std::path::Path;
use std::rc::Rc;

use ::url::{Host, Url};

use super::proxy::Proxy;
use crate::http::error::ErrorKind;
use crate::http::tls::{Protection, Tls};

/// Whom to connect to, and how.
///
/// The host is part of it even where the connection leads to a proxy that would forward
/// requests for any host: what one host's answer leaves behind must not meet another's.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    /// The TLS settings, where it is `https`.
    pub(super) protection: Protection,
    pub(super) host: Host<String>,
    pub(super) port: u16,
    pub(super) route: Route,
    /// The address that it comes from, if the client sets one.
    pub(super) source: Option<IpAddr>,
}

/// The way to the host.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Route {
    Direct,
    /// An HTTP proxy that is asked for the whole URL (RFC 9112 §3.2.2).
    Forward(Rc<Proxy>),
    /// An HTTP proxy that is asked for a tunnel.
    Tunnel(Rc<Proxy>),
    Socks(Rc<Proxy>),
    Unix(Rc<Path>),
}

impl Key {
    /// For a connection without anything between us and the host.
    ///
    /// # Errors
    /// If this build cannot connect in the way the URL's scheme asks for.
    pub(crate) fn of(url: &Url, tls: &Tls) -> Result<Key, ErrorKind> {
        let protection = tls.protection_of(url)?;
        let host = url.host().map(|host| host.to_owned());
        let host = host.ok_or(ErrorKind::Url {
            what: "it has no host",
        })?;
        let port = url.port_or_known_default().unwrap_or(80);
        Ok(Key {
            protection,
            host,
            port,
            route: Route::Direct,
            source: None,
        })
    }

    /// How connections by this key are protected.
    pub(crate) fn protection(&self) -> Protection {
        self.protection
    }

    /// Whom the peer's certificate must name.
    pub(crate) fn host(&self) -> &Host<String> {
        &self.host
    }

    /// The proxy that a request on this connection is addressed to, if it is.
    pub(crate) fn forward(&self) -> Option<&Proxy> {
        match &self.route {
            Route::Forward(proxy) => Some(proxy),
            _ => None,
        }
    }

    /// Host and port, with brackets where there have to be.
    pub(super) fn authority(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::tls::Settings;

    fn key(text: &str) -> Key {
        let tls = Tls::new(Settings::default());
        Key::of(&Url::parse(text).expect("a URL"), &tls).expect("http")
    }

    #[test]
    fn a_key_is_scheme_host_and_port_and_nothing_else() {
        let tls = Tls::new(Settings::default());
        let key = |text| Key::of(&Url::parse(text).expect("a URL"), &tls).expect("http");
        assert_eq!(key("http://h/a?b"), key("http://h:80/c#d"));
        assert_ne!(key("http://h/"), key("http://h:81/"));
        assert_ne!(key("http://h/"), key("http://k/"));
        let ftp = Key::of(&Url::parse("ftp://h/").expect("a URL"), &tls);
        assert!(matches!(ftp, Err(ErrorKind::Scheme { .. })));
    }

    /// Broken by: a key without its protection.
    #[cfg(feature = "tls")]
    #[test]
    fn keys_of_other_schemes_and_other_tls_settings_are_other_keys() {
        let (tls, other) = (Tls::new(Settings::default()), Tls::new(Settings::default()));
        let key = |text, tls| Key::of(&Url::parse(text).expect("a URL"), tls).expect("known");
        assert_eq!(key("https://h/", &tls), key("https://h:443/", &tls));
        assert_ne!(key("https://h/", &tls), key("http://h:443/", &tls));
        assert_ne!(key("https://h/", &tls), key("https://h/", &other));
        assert_eq!(key("http://h/", &tls), key("http://h/", &other));
    }

    #[cfg(not(feature = "tls"))]
    #[test]
    fn https_is_refused_by_name_where_it_is_not_built_in() {
        let tls = Tls::new(Settings::default());
        let https = Key::of(&Url::parse("https://h/").expect("a URL"), &tls);
        let error = https.expect_err("there is no TLS").to_string();
        assert!(error.contains("feature `tls`"), "{error}");
    }

    /// Broken by: leaving a field out of the comparison. A connection that somebody else logged
    /// in on would be shared.
    #[test]
    fn the_way_to_the_host_and_who_we_are_to_the_proxy_are_part_of_it() {
        let via = |text: &str| Route::Forward(Rc::new(Proxy::parse(text).expect(text)));
        let routes = [
            Route::Direct,
            Route::Unix(Path::new("/a").into()),
            Route::Unix(Path::new("/b").into()),
            via("http://p:1"),
            via("http://p:2"),
            via("http://me:1@p:1"),
            via("http://me:2@p:1"),
            via("socks5://p:1"),
            via("socks5h://p:1"),
            via("socks5://me:1@p:1"),
            Route::Tunnel(Rc::new(Proxy::parse("http://p:1").expect("a proxy"))),
        ];
        for (a, one) in routes.iter().enumerate() {
            for (b, other) in routes.iter().enumerate() {
                let with = |route: &Route| Key {
                    route: route.clone(),
                    ..key("http://h/")
                };
                assert_eq!(with(one) == with(other), a == b, "{one:?} and {other:?}");
            }
        }
        assert_eq!(via("http://me:1@p"), via("http://me:1@p"));
        let from = Key {
            source: Some([127, 0, 0, 2].into()),
            ..key("http://h/")
        };
        assert_ne!(from, key("http://h/"));
    }
}
