//! Where a redirect leads, and what of the request may go there. Policy only: no I/O.
//!
//! Law: whoever answers a request decides where the next one goes. So a redirect is advice
//! from a stranger, and carrying a password along is a gift to whomever he names
//! (CVE-2018-1000007 and its many relatives). Consequences:
//!
//! - R1: credentials, cookies, everything marked sensitive, and the caller's own `Host` stay
//!   with their origin (scheme, host and port). Once dropped they do not come back, even if a
//!   later redirect leads home: the request's headers are changed, not copied.
//! - R2: only http and https are followed, and from https down to http only if the caller said
//!   so (`may_downgrade`).
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
    may_downgrade: bool,
) -> Result<Option<Hop>, ErrorKind> {
    let Some(method_there) = method_after(status, method) else {
        return Ok(None);
    };
    let Some(location) = only_location(headers)? else {
        return Ok(None);
    };
    let url = url::join(from, location).map_err(not_followed)?;
    url::check(&url)?; // R2
    if from.scheme() == "https" && url.scheme() == "http" && !may_downgrade {
        let what = "it leads from https to http, where anyone on the way can listen";
        return Err(not_followed(what));
    }
    Ok(Some(Hop {
        url,
        with_body: method_there == *method && status != StatusCode::SEE_OTHER,
        method: method_there,
    }))
}

/// Where the body is to go along, it must be there a second time.
pub(crate) fn check_body(hop: &Hop, can_repeat: bool) -> Result<(), ErrorKind> {
    if !hop.with_body || can_repeat {
        return Ok(());
    }
    Err(not_followed(
        "the body came from a reader and cannot be sent again (`body_with` can)",
    ))
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

#[cfg(test)]
mod tests {
    use super::*;
    use ::http::HeaderValue;

    fn url(text: &str) -> Url {
        url::parse(text).expect("a good URL")
    }

    fn hop_from(method: &Method, status: u16, locations: &[&'static str]) -> Option<Hop> {
        let mut headers = HeaderMap::new();
        for location in locations {
            headers.append("location", HeaderValue::from_static(location));
        }
        let status = StatusCode::from_u16(status).expect("a status");
        next(method, &url("http://h/a"), status, &headers, false).expect("nothing wrong")
    }

    /// Broken by: any other line in `method_after`.
    #[test]
    fn each_status_does_to_each_method_what_the_rfc_says() {
        let after = |status, method: &str| {
            let method: Method = method.parse().expect("a method");
            let hop = hop_from(&method, status, &["/b"])?;
            Some((hop.method.to_string(), hop.with_body))
        };
        let is = |method: &str, with_body| Some((method.to_string(), with_body));
        for status in [301, 302] {
            assert_eq!(after(status, "GET"), is("GET", true));
            assert_eq!(after(status, "HEAD"), is("HEAD", true));
            assert_eq!(after(status, "POST"), is("GET", false));
            assert_eq!(after(status, "PUT"), is("PUT", true));
        }
        assert_eq!(after(303, "GET"), is("GET", false));
        assert_eq!(after(303, "HEAD"), is("HEAD", false));
        assert_eq!(after(303, "POST"), is("GET", false));
        for status in [307, 308] {
            assert_eq!(after(status, "POST"), is("POST", true));
            assert_eq!(after(status, "DELETE"), is("DELETE", true));
        }
        for status in [200, 201, 300, 304, 305, 306, 309, 399, 404] {
            assert_eq!(after(status, "GET"), None, "{status}");
        }
    }

    #[test]
    fn two_locations_must_be_one() {
        assert!(hop_from(&Method::GET, 302, &["/b", "/b"]).is_some());
        let mut headers = HeaderMap::new();
        headers.append("location", HeaderValue::from_static("/b"));
        headers.append("location", HeaderValue::from_static("/c"));
        let status = StatusCode::FOUND;
        let result = next(&Method::GET, &url("http://h/"), status, &headers, false);
        assert!(matches!(result, Err(ErrorKind::Redirect(_))), "{result:?}");
    }

    /// Broken by: leaving `may_downgrade` out, either way.
    #[test]
    fn from_https_to_http_only_who_said_so_goes() {
        let mut headers = HeaderMap::new();
        headers.insert("location", HeaderValue::from_static("http://h/b"));
        let go = |from: &str, may_downgrade| {
            let status = StatusCode::FOUND;
            next(&Method::GET, &url(from), status, &headers, may_downgrade)
        };
        assert!(matches!(
            go("https://h/a", false),
            Err(ErrorKind::Redirect(_))
        ));
        assert!(matches!(go("https://h/a", true), Ok(Some(_))));
        assert!(matches!(go("http://h/a", false), Ok(Some(_))));
    }

    fn left(from: &str, to: &str, with_body: bool) -> Vec<String> {
        let mut headers = HeaderMap::new();
        for name in ["authorization", "cookie", "host", "content-type", "x-trace"] {
            let name = HeaderName::from_static(name);
            headers.insert(name, HeaderValue::from_static("v"));
        }
        let mut token = HeaderValue::from_static("t");
        token.set_sensitive(true);
        headers.insert("x-api-key", token);
        let hop = Hop {
            url: url(to),
            method: Method::GET,
            with_body,
        };
        strip(&mut headers, &url(from), &hop);
        let mut names: Vec<String> = headers.keys().map(ToString::to_string).collect();
        names.sort();
        names
    }

    /// Broken by: leaving `marked`, or `SECRET`, out of `strip`.
    #[test]
    fn host_and_secrets_go_no_further_than_their_origin() {
        let all = [
            "authorization",
            "content-type",
            "cookie",
            "host",
            "x-api-key",
            "x-trace",
        ];
        assert_eq!(left("http://h/a", "http://h:80/b", true), all);
        let elsewhere = ["http://k/", "http://h:81/", "https://h/", "http://h.k/"];
        for to in elsewhere {
            assert_eq!(
                left("http://h/a", to, true),
                ["content-type", "x-trace"],
                "{to}"
            );
        }
        assert_eq!(left("http://h/a", "http://k/", false), ["x-trace"]);
        assert_eq!(left("http://h/a", "http://h/", false).len(), all.len() - 1);
    }

    fn walk(path: &[&str], limit: u32) -> Result<(), ErrorKind> {
        let mut trail = Trail::default();
        path.windows(2).try_for_each(|step| {
            let hop = Hop {
                url: url(step[1]),
                method: Method::GET,
                with_body: false,
            };
            trail.step(Method::GET, url(step[0]), &hop, limit)
        })
    }

    /// Broken by: `>` → `>=` in `step`.
    #[test]
    fn so_many_redirects_are_followed_and_not_more() {
        let path = ["http://h/0", "http://h/1", "http://h/2", "http://h/3"];
        assert!(walk(&path, 3).is_ok());
        let result = walk(&path, 2);
        assert!(
            matches!(result, Err(ErrorKind::TooManyRedirects { limit: 2 })),
            "{result:?}"
        );
    }

    /// Broken by: not setting the fragments to `None`, or comparing only with the last one.
    #[test]
    fn a_circle_is_named_as_soon_as_it_closes() {
        let result = walk(&["http://h/0#a", "http://h/1", "http://h/0#b"], 20);
        let Err(ErrorKind::RedirectLoop { to }) = result else {
            panic!("{result:?}");
        };
        assert_eq!(to, "http://h/0");
        assert!(walk(&["http://h/0", "http://h/0"], 20).is_err());
    }

    #[test]
    fn another_method_makes_it_another_request() {
        let mut trail = Trail::default();
        let hop = Hop {
            url: url("http://h/form"),
            method: Method::GET,
            with_body: false,
        };
        let result = trail.step(Method::POST, url("http://h/form"), &hop, 20);
        assert!(result.is_ok(), "POST, then see the same page: {result:?}");
    }
}
