//! Which requests go through which proxy: [`Proxy`], and the [`Rules`] that choose one.
//!
//! Law: no RFC says what `http_proxy` means; what people expect is what curl does. Choice:
//! curl's rules, where they are known.
//!
//! - X1: `http_proxy` is for http, `https_proxy` or `HTTPS_PROXY` for https, `all_proxy` or
//!   `ALL_PROXY` for both; the first of these that is there holds, and an empty one says "none".
//! - X2: **`HTTP_PROXY` is never looked at.** A CGI program finds the header `Proxy` of a
//!   stranger's request in it ("httpoxy", CVE-2016-5385).
//! - X3: `no_proxy` or `NO_PROXY` lists the hosts that are asked directly: see [`Exceptions`].
//!   `localhost` is not among them unless it says so.
//! - X4: name and password of a proxy are for the proxy. They are in no `Debug` and no error.
//!
//! Not as curl does: a proxy's URL without a port means the scheme's own, 80, and not 1080.
//! For SOCKS both mean 1080.

use std::fmt;
use std::rc::Rc;

use ::http::HeaderValue;
use ::url::{Host, Url};

use super::exceptions::Exceptions;
use crate::http::auth;
use crate::http::error::{ErrorKind, ProxyFault};
use crate::http::url;

/// A proxy, and how it is spoken to.
#[derive(PartialEq, Eq, Hash)]
pub(crate) struct Proxy {
    pub(super) host: Host<String>,
    pub(super) port: u16,
    pub(super) speaks: Speaks,
}

#[derive(PartialEq, Eq, Hash)]
pub(super) enum Speaks {
    /// HTTP. The value of `Proxy-Authorization`, if it has one.
    Http(Option<HeaderValue>),
    /// SOCKS5, with a name and a password if it has them.
    Socks {
        login: Option<Login>,
        /// `socks5h`: the proxy is told the host's name, and looks it up itself.
        remote_dns: bool,
    },
}

/// Name and password for SOCKS, each of 1 to 255 bytes (RFC 1929 §2).
#[derive(PartialEq, Eq, Hash)]
pub(super) struct Login {
    pub(super) name: Vec<u8>,
    pub(super) password: Vec<u8>,
}

impl Proxy {
    /// A proxy as people write it: `http://name:password@host:port`, or `socks5://…`. Without
    /// a scheme it is an HTTP proxy.
    pub(super) fn parse(text: &str) -> Result<Proxy, Mistake> {
        let mistake = |what| Mistake {
            shown: url::shown_raw(text),
            what,
        };
        let whole = match text.contains("://") {
            true => text.to_string(),
            false => format!("http://{text}"),
        };
        let mut url = Url::parse(&whole).map_err(|_| mistake("it is no URL"))?;
        let credentials = url::take_credentials(&mut url);
        // Host and port apart: the parser knows no special rules for the scheme `socks5`.
        let host = url.host_str().filter(|host| !host.is_empty());
        let host = host.ok_or_else(|| mistake("it has no host"))?;
        let host = Host::parse(host).map_err(|_| mistake("its host is no valid name"))?;
        let default = if url.scheme() == "http" { 80 } else { 1080 };
        let port = url.port().unwrap_or(default);
        if port == 0 {
            return Err(mistake("port 0 is no port"));
        }
        let speaks = Speaks::parse(url.scheme(), credentials).map_err(mistake)?;
        Ok(Proxy { host, port, speaks })
    }

    /// What `Proxy-Authorization` says to it.
    pub(crate) fn authorization(&self) -> Option<&HeaderValue> {
        match &self.speaks {
            Speaks::Http(authorization) => authorization.as_ref(),
            Speaks::Socks { .. } => None,
        }
    }

    pub(super) fn login(&self) -> Option<&Login> {
        match &self.speaks {
            Speaks::Socks { login, .. } => login.as_ref(),
            Speaks::Http(_) => None,
        }
    }

    /// Is it told names, and not addresses?
    pub(super) fn looks_up_names(&self) -> bool {
        match self.speaks {
            Speaks::Socks { remote_dns, .. } => remote_dns,
            Speaks::Http(_) => true,
        }
    }

    /// An error about it.
    pub(super) fn failed(&self, why: ProxyFault) -> ErrorKind {
        let proxy = self.to_string();
        ErrorKind::Proxy { proxy, why }
    }
}

impl Speaks {
    fn parse(scheme: &str, login: Option<(Vec<u8>, Vec<u8>)>) -> Result<Speaks, &'static str> {
        match scheme {
            "http" => {
                let value = login.map(|(name, password)| auth::basic(&name, &password));
                let value = value.transpose();
                Ok(Speaks::Http(
                    value.map_err(|_| "its user name has a colon in it")?,
                ))
            }
            "socks5" | "socks5h" => Ok(Speaks::Socks {
                login: login.map(Login::new).transpose()?,
                remote_dns: scheme == "socks5h",
            }),
            "socks4" | "socks4a" => Err("SOCKS4 is not spoken here, only socks5 and socks5h"),
            "https" => Err("a proxy behind TLS is not supported, only http, socks5 and socks5h"),
            _ => Err("no way to speak to it: a proxy's URL begins with http, socks5 or socks5h"),
        }
    }
}

impl Login {
    fn new((name, password): (Vec<u8>, Vec<u8>)) -> Result<Login, &'static str> {
        let fits = |part: &[u8]| (1..=255).contains(&part.len());
        match fits(&name) && fits(&password) {
            true => Ok(Login { name, password }),
            false => Err("SOCKS takes a user name and a password of 1 to 255 bytes each"),
        }
    }
}

/// Without the credentials (X4).
impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match self.speaks {
            Speaks::Http(_) => "http",
            Speaks::Socks {
                remote_dns: false, ..
            } => "socks5",
            Speaks::Socks {
                remote_dns: true, ..
            } => "socks5h",
        };
        write!(f, "{scheme}://{}:{}", self.host, self.port)
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What decides about the proxy, besides the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scheme {
    Http,
    Https,
}

impl Scheme {
    pub(super) fn of(url: &Url) -> Scheme {
        match url.scheme() {
            "https" => Scheme::Https,
            _ => Scheme::Http,
        }
    }
}

/// A setting that no proxy can be made of. Kept until a request would use it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mistake {
    /// The setting, without userinfo and printable.
    shown: String,
    what: &'static str,
}

type Choice = Option<Result<Rc<Proxy>, Mistake>>;

/// Which proxy is for whom. Made once, with the client.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    http: Choice,
    https: Choice,
    except: Exceptions,
}

/// What `ClientBuilder` sets.
#[derive(Clone, Default)]
pub(crate) struct Settings {
    pub(crate) from: From,
    /// In the place of `NO_PROXY`.
    pub(crate) except: Option<String>,
}

/// Where the proxy comes from.
#[derive(Clone, Default)]
pub(crate) enum From {
    #[default]
    Environment,
    Option(String),
    /// Everything is asked directly.
    Nowhere,
}

impl Rules {
    /// `variable` is how to look into the environment.
    pub(crate) fn new(settings: &Settings, variable: impl Fn(&str) -> Option<String>) -> Rules {
        let first = |names: &[&str]| names.iter().find_map(|name| variable(name));
        let (http, https) = match &settings.from {
            From::Nowhere => (None, None),
            From::Option(text) => (Some(text.clone()), Some(text.clone())),
            From::Environment => (
                first(&["http_proxy", "all_proxy", "ALL_PROXY"]), // X1, X2
                first(&["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"]),
            ),
        };
        let except = settings.except.clone();
        let except = except.or_else(|| first(&["no_proxy", "NO_PROXY"]));
        Rules {
            http: choice(http),
            https: choice(https),
            except: Exceptions::parse(&except.unwrap_or_default()),
        }
    }

    /// The proxy for this host, if it is to be asked through one.
    pub(super) fn proxy_for(
        &self,
        scheme: Scheme,
        host: &Host<String>,
        port: u16,
    ) -> Result<Option<Rc<Proxy>>, ErrorKind> {
        let choice = match scheme {
            Scheme::Http => &self.http,
            Scheme::Https => &self.https,
        };
        match choice {
            Some(proxy) if !self.except.covers(host, port) => match proxy {
                Ok(proxy) => Ok(Some(proxy.clone())),
                Err(Mistake { shown, what }) => Err(ErrorKind::Proxy {
                    proxy: shown.clone(),
                    why: ProxyFault::Setting(what),
                }),
            },
            _ => Ok(None),
        }
    }
}

fn choice(text: Option<String>) -> Choice {
    let text = text.filter(|text| !text.trim().is_empty())?;
    Some(Proxy::parse(text.trim()).map(Rc::new))
}

/// Without the credentials (X4).
impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let from = match &self.from {
            From::Environment => "environment".to_string(),
            From::Option(text) => url::shown_raw(text),
            From::Nowhere => "none".to_string(),
        };
        f.debug_struct("Settings")
            .field("from", &from)
            .field("except", &self.except)
            .finish()
    }
}

#[cfg(test)]
mod tests;
