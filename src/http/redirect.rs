//! Where a redirect leads, and what of the request may go there. Policy only: no I/O.
//!
//! Law: whoever answers a request decides where the next one goes. So a redirect is advice
//! from a stranger, and carrying a password along is a gift to whomever he names
//! (CVE-2018-1000007 and its many relatives). Consequences:
//!
//! - R1: credentials, cookies, everything marked sensitive, and the caller's own `Host` stay
//!   with their origin (scheme, host and port). Once dropped they do not come back, even if a
//!   later redirect leads home: the request's headers are changed, not copied.
//! - R2: only http and https are followed, and never from https down to http.
//! - R3: the number is bounded, and a circle is named as soon as it closes.

use ::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use ::http::{Method, StatusCode};
use ::url::Url;

use crate::http::error::{ErrorKind, Violation};
use crate::http::url;

/// What must not be heard by another origin (R1).
const SECRET: [HeaderName; 5] = [
    header::AUTHORIZATION,
    header::COOKIE,
    header::PROXY_AUTHORIZATION,
    header::HOST,
    HeaderName::from_static("cookie2"),
];

/// The request that a redirect asks for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Hop {
    pub(crate) url: Url,
    pub(crate) method: Method,
    /// Does the body go along? Not if the method became GET.
    pub(crate) with_body: bool,
}

/// What the response `status` with `headers` asks of a client that sent `method` to `from`.
/// `None`: it is no redirect, or one without a place to go, and so the final answer.
pub(crate) fn next(
    method: &Method,
    from: &Url,
    status: StatusCode,
    headers: &HeaderMap,
) -> Result<Option<Hop>, ErrorKind> {
    let Some(method_there) = method_after(status, method) else {
        return Ok(None);
    };
    let Some(location) = only_location(headers)? else {
        return Ok(None);
    };
    let url = url::join(from, location).map_err(not_followed)?;
    url::check(&url)?; // R2
    if from.scheme() == "https" && url.scheme() == "http" {
        return Err(not_followed("it leads from https to http"));
    }
    Ok(Some(Hop {
        url,
        with_body: method_there == *method && status != StatusCode::SEE_OTHER,
        method: method_there,
    }))
}

/// RFC 9110 §15.4. `None` for what is not followed by itself: 300 is a choice for people, 304
/// is about a cache, 305 and 306 are gone.
fn method_after(status: StatusCode, method: &Method) -> Option<Method> {
    match (status.as_u16(), method) {
        // Everybody has always turned POST into GET here, and the RFC allows it for POST only.
        (301 | 302, &Method::POST) => Some(Method::GET),
        (303, &Method::HEAD) => Some(Method::HEAD),
        (303, _) => Some(Method::GET),
        (301 | 302 | 307 | 308, method) => Some(method.clone()),
        _ => None,
    }
}

/// Two that differ are not a choice for us to make.
fn only_location(headers: &HeaderMap) -> Result<Option<&[u8]>, ErrorKind> {
    let mut locations = headers.get_all(header::LOCATION).iter();
    let Some(first) = locations.next() else {
        return Ok(None);
    };
    if locations.any(|other| other != first) {
        return Err(not_followed("it has several Locations that differ"));
    }
    Ok(Some(first.as_bytes()))
}

fn not_followed(what: &'static str) -> ErrorKind {
    let rule = "RFC 9110 §15.4";
    ErrorKind::Redirect(Violation { what, rule })
}

/// Takes out of `headers` what must not, or need not, go along from `from` to where `hop`
/// leads.
pub(crate) fn strip(headers: &mut HeaderMap, from: &Url, hop: &Hop) {
    // `Origin` compares scheme, host and port, the scheme's own port filled in.
    let leaves = from.origin() != hop.url.origin();
    let names: Vec<HeaderName> = headers.keys().cloned().collect();
    for name in names {
        let marked = headers.get_all(&name).iter().any(HeaderValue::is_sensitive);
        let is_secret = leaves && (marked || SECRET.contains(&name));
        let is_of_body = !hop.with_body && name.as_str().starts_with("content-");
        if is_secret || is_of_body {
            headers.remove(&name);
        }
    }
}

/// The requests made so far for one that the caller made (R3).
#[derive(Debug, Default)]
pub(crate) struct Trail {
    asked: Vec<(Method, Url)>,
}

impl Trail {
    /// Notes that `method` was sent to `url` and led to `hop`; fails if that is a step too far.
    pub(crate) fn step(
        &mut self,
        method: Method,
        mut url: Url,
        hop: &Hop,
        limit: u32,
    ) -> Result<(), ErrorKind> {
        url.set_fragment(None);
        self.asked.push((method, url));
        let mut there = hop.url.clone();
        there.set_fragment(None);
        // A few dozen at the most: looking through all of them is cheap.
        if self
            .asked
            .iter()
            .any(|(method, url)| *method == hop.method && *url == there)
        {
            let to = url::shown(&there);
            return Err(ErrorKind::RedirectLoop { to });
        }
        if self.asked.len() > limit as usize {
            return Err(ErrorKind::TooManyRedirects { limit });
        }
        Ok(())
    }
}
