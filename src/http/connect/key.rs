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

/// Whom to connect to, and how.
///
/// The host is part of it even where the connection leads to a proxy that would forward
/// requests for any host: what one host's answer leaves behind must not meet another's.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    pub(super) scheme: Scheme,
    pub(super) host: Host<String>,
    pub(super) port: u16,
    pub(super) route: Route,
    /// The address that it comes from, if the client sets one.
    pub(super) source: Option<IpAddr>,
}

/// What is spoken on the connection: bare HTTP, or HTTP inside of TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Scheme {
    Http,
    Https,
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
    pub(crate) fn of(url: &Url) -> Result<Key, ErrorKind> {
        let scheme = Scheme::of(url)?;
        let host = url.host().map(|host| host.to_owned());
        let host = host.ok_or(ErrorKind::Url {
            what: "it has no host",
        })?;
        let port = url.port_or_known_default().unwrap_or(80);
        Ok(Key {
            scheme,
            host,
            port,
            route: Route::Direct,
            source: None,
        })
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

impl Scheme {
    fn of(url: &Url) -> Result<Scheme, ErrorKind> {
        let scheme = match url.scheme() {
            "http" => Some(Scheme::Http),
            "https" => Some(Scheme::Https),
            _ => None,
        };
        scheme
            .filter(Scheme::is_spoken)
            .ok_or_else(|| ErrorKind::Scheme {
                scheme: url.scheme().to_string(),
            })
    }

    /// Can this build speak it?
    fn is_spoken(&self) -> bool {
        *self == Scheme::Http
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> Key {
        Key::of(&Url::parse(text).expect("a URL")).expect("http")
    }

    #[test]
    fn of_the_url_a_key_has_scheme_host_and_port_and_nothing_else() {
        assert_eq!(key("http://h/a?b"), key("http://h:80/c#d"));
        assert_ne!(key("http://h/"), key("http://h:81/"));
        assert_ne!(key("http://h/"), key("http://k/"));
        let https = Key::of(&Url::parse("https://h/").expect("a URL"));
        assert!(matches!(https, Err(ErrorKind::Scheme { .. })));
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
