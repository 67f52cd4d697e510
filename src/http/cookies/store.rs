//! All cookies, and the rules of who may set one and who gets it back (§5.7, §5.8).
//!
//! They are kept by site, so that a request looks at those of its own site only, and no site
//! can push out another's before all of them together are too many. Without I/O and without a
//! clock: whoever calls says what time it is.

use std::collections::HashMap;
use std::time::SystemTime;

use ::http::{HeaderValue, Method};
use ::url::Url;

use crate::http::cookies::Led;
use crate::http::cookies::set_cookie::{self, SameSite, SetCookie};
use crate::http::cookies::site;

/// C5. So many of one site, as in browsers.
const MOST_OF_A_SITE: usize = 180;

/// C5. So many over all (§6.1 asks for this much).
const MOST: usize = 3000;

/// C5. The longest `Cookie` that we send. Servers refuse longer heads, so that a page could
/// lock everybody out of its whole site.
const LONGEST: usize = 8 * 1024;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cookie {
    pub(crate) name: Vec<u8>,
    pub(crate) value: Vec<u8>,
    /// The host that set it, or the domain that it is for.
    pub(crate) domain: String,
    /// For that host alone?
    pub(crate) host_only: bool,
    pub(crate) path: Vec<u8>,
    pub(crate) secure: bool,
    pub(crate) http_only: bool,
    pub(crate) same_site: SameSite,
    /// `None`: it is gone when the program is.
    pub(crate) expires: Option<SystemTime>,
    /// Which of all it was: the older one is sent first. A new value keeps it.
    pub(crate) number: u64,
    /// When it was last sent or set, in numbers of [`Store::next`].
    pub(crate) used: u64,
}

impl Cookie {
    fn is_over(&self, now: SystemTime) -> bool {
        self.expires.is_some_and(|at| at <= now)
    }

    fn is_same_as(&self, other: &Cookie) -> bool {
        self.name == other.name
            && self.domain == other.domain
            && self.host_only == other.host_only
            && self.path == other.path
    }

    fn is_for(&self, host: &str) -> bool {
        match self.host_only {
            true => host == self.domain,
            false => site::is_within(host, &self.domain),
        }
    }

    /// C4.
    fn goes_along(&self, method: &Method, led: Led) -> bool {
        match (led, self.same_site) {
            (Led::Here, _) | (_, SameSite::None) => true,
            (_, SameSite::Lax | SameSite::Default) => method.is_safe(),
            (_, SameSite::Strict) => false,
        }
    }

    /// As it stands in a request.
    fn length(&self) -> usize {
        self.name.len() + self.value.len() + "=".len() + "; ".len()
    }
}

#[derive(Debug, Default)]
pub(crate) struct Store {
    sites: HashMap<String, Vec<Cookie>>,
    count: usize,
    /// The number of the next thing that happens.
    next: u64,
}

impl Store {
    /// Keeps what a server at `url` asks for, if it may; drops the one that it takes back.
    pub(crate) fn set(&mut self, url: &Url, text: &[u8], now: SystemTime) -> bool {
        let granted = set_cookie::parse(text, now).and_then(|asked| grant(url, &asked));
        let Some(cookie) = granted else { return false };
        let is_secure = is_secure(url);
        if !is_secure && self.would_hide_a_secure_one(&cookie) {
            return false;
        }
        self.keep(cookie, now);
        true
    }

    /// C2: what is below the path of a secure one, under its name, would be sent before it.
    fn would_hide_a_secure_one(&self, new: &Cookie) -> bool {
        let of_site = self.sites.get(site::site(&new.domain));
        of_site.into_iter().flatten().any(|old| {
            let related = site::is_within(&old.domain, &new.domain)
                || site::is_within(&new.domain, &old.domain);
            old.secure && old.name == new.name && related && site::is_below(&new.path, &old.path)
        })
    }

    /// Puts it in the place of the same one, or removes that, if its time is over.
    pub(crate) fn keep(&mut self, mut cookie: Cookie, now: SystemTime) {
        self.next += 1;
        (cookie.number, cookie.used) = (self.next, self.next);
        let name = site::site(&cookie.domain).to_owned();
        let of_site = self.sites.entry(name.clone()).or_default();
        self.count -= of_site.len();
        let old = of_site.iter().position(|old| old.is_same_as(&cookie));
        if let Some(old) = old.map(|at| of_site.remove(at)) {
            cookie.number = old.number;
        }
        if !cookie.is_over(now) {
            of_site.push(cookie);
        }
        if of_site.len() > MOST_OF_A_SITE {
            of_site.retain(|cookie| !cookie.is_over(now));
        }
        if of_site.len() > MOST_OF_A_SITE {
            // What is not secure goes first, and of that what was of no use for longest (§5.7).
            let first = (0..of_site.len()).min_by_key(|&at| (of_site[at].secure, of_site[at].used));
            of_site.remove(first.expect("it is not empty"));
        }
        self.count += of_site.len();
        if of_site.is_empty() {
            self.sites.remove(&name);
        }
        if self.count > MOST {
            self.forget_one(now);
        }
    }

    /// Those that are over; if there are none, the one that was of no use for longest.
    fn forget_one(&mut self, now: SystemTime) {
        self.retain(|cookie| !cookie.is_over(now));
        if self.count > MOST
            && let Some(oldest) = self.all().map(|cookie| cookie.used).min()
        {
            self.retain(|cookie| cookie.used != oldest);
        }
    }

    fn retain(&mut self, mut stays: impl FnMut(&Cookie) -> bool) {
        self.sites.retain(|_, of_site| {
            of_site.retain(&mut stays);
            !of_site.is_empty()
        });
        self.count = self.sites.values().map(Vec::len).sum();
    }

    /// The value of `Cookie` for a request; `None` if there is nothing to say (§5.8.3).
    pub(crate) fn cookies_for(
        &mut self,
        url: &Url,
        method: &Method,
        led: Led,
        now: SystemTime,
    ) -> Option<HeaderValue> {
        let (host, path) = (site::host(url), url.path().as_bytes());
        let secure = is_secure(url);
        self.next += 1;
        let mut going: Vec<&mut Cookie> = self
            .sites
            .get_mut(site::site(host))?
            .iter_mut()
            .filter(|cookie| cookie.is_for(host) && site::is_below(path, &cookie.path))
            .filter(|cookie| (secure || !cookie.secure) && !cookie.is_over(now)) // C2
            .filter(|cookie| cookie.goes_along(method, led))
            .collect();
        going.sort_by_key(|cookie| (std::cmp::Reverse(cookie.path.len()), cookie.number));
        let mut text = Vec::new();
        for cookie in going {
            if text.len() + cookie.length() > LONGEST {
                break;
            }
            cookie.used = self.next;
            push(&mut text, cookie);
        }
        let value = HeaderValue::from_bytes(&text).ok();
        value.filter(|value| !value.is_empty()).map(secret)
    }

    /// All of them, in no order.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Cookie> {
        self.sites.values().flatten()
    }

    pub(crate) fn len(&self) -> usize {
        self.count
    }

    pub(crate) fn clear(&mut self) {
        self.retain(|_| false);
    }

    pub(crate) fn clear_session(&mut self) {
        self.retain(|cookie| cookie.expires.is_some());
    }
}

/// The cookie that `asked` becomes, if a server at `url` may set it (§5.7).
fn grant(url: &Url, asked: &SetCookie<'_>) -> Option<Cookie> {
    let host = site::host(url);
    let mut domain = match asked.domain {
        b"" => None,
        domain => Some(site::canonical(domain)?),
    };
    if domain.as_deref().is_some_and(site::is_public_suffix) {
        // C1. One that is a host, too, may speak for itself.
        domain = domain
            .filter(|domain| domain != host)
            .map_or(Some(None), |_| None)?;
    }
    if domain
        .as_deref()
        .is_some_and(|domain| !site::is_within(host, domain))
    {
        return None;
    }
    let insecure = asked.secure && !is_secure(url); // C2
    let for_all = asked.same_site == SameSite::None && !asked.secure;
    let path = asked.path.unwrap_or(site::default_path(url).as_bytes());
    if insecure || for_all || !keeps_its_promise(asked, domain.is_none()) {
        return None;
    }
    Some(Cookie {
        name: asked.name.to_vec(),
        value: asked.value.to_vec(),
        host_only: domain.is_none(),
        domain: domain.unwrap_or_else(|| host.to_owned()),
        path: path.to_vec(),
        secure: asked.secure,
        http_only: asked.http_only,
        same_site: asked.same_site,
        expires: asked.expires,
        number: 0,
        used: 0,
    })
}

/// C3 (§4.1.3, §5.4). A value without a name is sent as if it were a name, so it promises, too.
fn keeps_its_promise(asked: &SetCookie<'_>, host_only: bool) -> bool {
    let begins = |text: &[u8], prefix: &[u8]| {
        let begin = text.get(..prefix.len());
        begin.is_some_and(|begin| begin.eq_ignore_ascii_case(prefix))
    };
    let promises = |prefix| begins(asked.name, prefix);
    if asked.name.is_empty() {
        return !begins(asked.value, b"__Host-") && !begins(asked.value, b"__Secure-");
    }
    let is_hosts = host_only && asked.path == Some(b"/");
    (!promises(b"__Secure-") || asked.secure) && (!promises(b"__Host-") || asked.secure && is_hosts)
}

fn is_secure(url: &Url) -> bool {
    url.scheme() == "https"
}

/// Puts it behind those that are there (§5.8.3).
fn push(text: &mut Vec<u8>, cookie: &Cookie) {
    if !text.is_empty() {
        text.extend_from_slice(b"; ");
    }
    if !cookie.name.is_empty() {
        text.extend_from_slice(&cookie.name);
        text.push(b'=');
    }
    text.extend_from_slice(&cookie.value);
}

fn secret(mut value: HeaderValue) -> HeaderValue {
    value.set_sensitive(true);
    value
}

#[cfg(test)]
mod tests;
