//! A request on its way: what the builder made of the caller's words, what the client adds to
//! them, and what redirects change.
//!
//! It lives as long as the redirects and the retries do. For each exchange it is written anew
//! ([`Request::write`]); how that is done safely is in `request`.

use std::borrow::Cow;
use std::time::Duration;

use ::http::header;
use ::http::{HeaderMap, HeaderValue, Method};
use ::url::Url;

use crate::http::auth;
use crate::http::coding;
use crate::http::config::Config;
use crate::http::connect::Key;
use crate::http::cookies::Led;
use crate::http::error::{Error, ErrorKind};
use crate::http::expect;
use crate::http::netrc::Named;
use crate::http::observe::{Ears, Observer};
use crate::http::redirect::{self, Hop};
use crate::http::request;
use crate::http::upload::Upload;
use crate::http::url;

/// A request as the client sends it; redirects change it.
pub(crate) struct Request {
    pub(crate) method: Method,
    /// Without userinfo.
    pub(crate) url: Url,
    pub(crate) headers: HeaderMap,
    /// A redirect may send it once more, if it can be rewound.
    pub(crate) body: Upload,
    /// Whether to wait for a 100 before the body, if the caller said it.
    pub(crate) expect: Option<bool>,
    /// Replaces the client's own, if set.
    pub(crate) timeout: Option<Duration>,
    /// Replaces the client's own, if set.
    pub(crate) retries: Option<u32>,
    /// The same.
    pub(crate) decode: Option<bool>,
    /// The same.
    pub(crate) observer: Option<Observer>,
    /// Set when it is sent.
    pub(crate) ears: Ears,
    /// The jar's cookies for `url`. Those that the caller set are among the headers.
    pub(crate) cookies: Option<HeaderValue>,
    /// Once another site has led it somewhere, it stays so.
    pub(crate) led: Led,
}

impl Request {
    /// A request for `text`, if that is a URL. Its userinfo becomes a header.
    pub(crate) fn begin(method: Method, text: &str, config: &Config) -> Result<Request, Error> {
        let parsed = url::parse(text);
        let mut url = parsed.map_err(|kind| kind.at(url::shown_raw(text), None))?;
        let mut headers = HeaderMap::new();
        if let Some((name, mut password)) = url::take_credentials(&mut url) {
            if password.is_empty()
                && let Some(netrc) = &config.netrc
                && let Some(found) = netrc.password_of(&name, &url)
            {
                password = found.into();
            }
            let value =
                auth::basic(&name, &password).map_err(|kind| kind.at(url::shown(&url), None))?;
            headers.insert(header::AUTHORIZATION, value);
        }
        Ok(Request {
            method,
            url,
            headers,
            body: Upload::nothing(),
            expect: None,
            timeout: None,
            retries: None,
            decode: None,
            observer: None,
            ears: Ears::default(),
            cookies: None,
            led: Led::Here,
        })
    }

    /// Looks up who we are for the host, unless the caller has said so.
    pub(crate) fn identify(&mut self, config: &Config, named: Named) {
        if let Some(netrc) = &config.netrc {
            netrc.authorize(&mut self.headers, &self.url, named);
        }
    }

    /// May the body come coded? See `ClientBuilder::decode`.
    pub(crate) fn may_be_coded(&self, config: &Config) -> bool {
        let asks_itself = [header::RANGE, header::ACCEPT_ENCODING]
            .iter()
            .any(|name| self.headers.contains_key(name));
        self.decode.unwrap_or(config.decode) && !asks_itself
    }

    /// Adds what the caller did not say itself. `decode`: the body may come coded.
    pub(crate) fn add_defaults(&mut self, config: &Config, decode: bool) {
        // RFC 9110 §12.5.3: without it, any coding would do.
        let codings = match decode {
            true => coding::accepted(),
            false => HeaderValue::from_static("identity"),
        };
        let defaults = [
            (header::USER_AGENT, config.user_agent.clone()),
            (header::ACCEPT, HeaderValue::from_static("*/*")),
            (header::ACCEPT_ENCODING, codings),
        ];
        for (name, value) in defaults {
            if config.omitted.contains(&name) {
                continue;
            }
            self.headers.entry(name).or_insert(value);
        }
    }

    /// Does the body wait for a 100?
    pub(crate) fn expects(&self) -> bool {
        expect::is_due(self.body.length(), self.expect)
    }

    /// Is making it twice as good as making it once, and can its body be had again?
    pub(crate) fn can_repeat(&self) -> bool {
        request::is_idempotent(&self.method) && self.body.can_repeat()
    }

    /// The head as bytes, for a connection of `key`: a proxy that forwards is told the whole URL.
    pub(crate) fn write(&self, key: &Key) -> Result<Vec<u8>, ErrorKind> {
        let headers = match &self.cookies {
            None => Cow::Borrowed(&self.headers),
            Some(cookies) => Cow::Owned(with_cookies(&self.headers, cookies)?),
        };
        let head = request::Head {
            method: &self.method,
            url: &self.url,
            headers: &headers,
            length: self.body.length(),
            expects: self.expects(),
        };
        match key.forward() {
            None => head.write(),
            Some(proxy) => head.write_for_proxy(proxy.authorization()),
        }
    }

    /// Looks up the jar's cookies for where it goes now.
    pub(crate) fn bring_cookies(&mut self, config: &Config) {
        let jar = config.cookie_jar.as_ref();
        self.cookies = jar.and_then(|jar| jar.cookies_for(&self.url, &self.method, self.led));
    }

    /// Becomes the request that a redirect leads to.
    pub(crate) fn follow(&mut self, hop: Hop, config: &Config) {
        let jar = config.cookie_jar.as_ref();
        if jar.is_some_and(|jar| !jar.are_one_site(&self.url, &hop.url)) {
            self.led = Led::FromElsewhere;
        }
        redirect::strip(&mut self.headers, &self.url, &hop);
        if !hop.with_body {
            self.body = Upload::nothing();
        }
        self.method = hop.method;
        self.url = hop.url;
    }
}

/// The headers with the jar's cookies beside the caller's own, in one field (RFC 6265 §5.4).
fn with_cookies(headers: &HeaderMap, cookies: &HeaderValue) -> Result<HeaderMap, ErrorKind> {
    let own = headers.get_all(header::COOKIE).iter();
    let all: Vec<&[u8]> = own.chain([cookies]).map(HeaderValue::as_bytes).collect();
    let wrong = |_| ErrorKind::request("the cookies are no header's value", "RFC 6265 §5.4");
    let mut value = HeaderValue::from_bytes(&all.join(&b"; "[..])).map_err(wrong)?;
    value.set_sensitive(true);
    let mut headers = headers.clone();
    headers.insert(header::COOKIE, value);
    Ok(headers)
}
