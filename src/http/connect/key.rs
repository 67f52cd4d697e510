//! What makes one connection different from another: [`Key`].
//!
//! Two requests with equal keys may share a connection. Whatever decides about a connection
//! (a proxy, a certificate, the address that it comes from) is a field here, so that the pool
//! need not know of it.

use ::url::{Host, Url};

use crate::http::error::ErrorKind;

/// Whom to connect to, and how.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    pub(super) scheme: Scheme,
    pub(super) host: Host<String>,
    pub(super) port: u16,
}

/// What is spoken on the connection: bare HTTP, or HTTP inside of TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Scheme {
    Http,
}

impl Key {
    /// # Errors
    /// If this build cannot connect in the way the URL's scheme asks for.
    pub(crate) fn of(url: &Url) -> Result<Key, ErrorKind> {
        let scheme = Scheme::of(url)?;
        let host = url.host().map(|host| host.to_owned());
        let host = host.ok_or(ErrorKind::Url {
            what: "it has no host",
        })?;
        let port = url.port_or_known_default().unwrap_or(80);
        Ok(Key { scheme, host, port })
    }
}

impl Scheme {
    fn of(url: &Url) -> Result<Scheme, ErrorKind> {
        match url.scheme() {
            "http" => Ok(Scheme::Http),
            other => Err(ErrorKind::Scheme {
                scheme: other.to_string(),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_scheme_host_and_port_and_nothing_else_of_the_url() {
        let key = |text| Key::of(&Url::parse(text).expect("a URL")).expect("http");
        assert_eq!(key("http://h/a?b"), key("http://h:80/c#d"));
        assert_ne!(key("http://h/"), key("http://h:81/"));
        assert_ne!(key("http://h/"), key("http://k/"));
        let https = Key::of(&Url::parse("https://h/").expect("a URL"));
        assert!(matches!(https, Err(ErrorKind::Scheme { .. })));
    }
}
