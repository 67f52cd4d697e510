//! Promises of what says where a request goes, when, and how: URLs, a netrc, `Retry-After`,
//! and the head that is written in the end.

use std::time::{Duration, SystemTime};

use ::http::header::{HeaderMap, HeaderName, HeaderValue};
use ::http::{Method, StatusCode};
use ::url::Url;

use crate::http::netrc::{Named, Netrc};
use crate::http::redirect;
use crate::http::request::{Head, Length};
use crate::http::retry::retry_after;
use crate::http::url;

pub use crate::http::connect::fuzzing::{no_proxy, proxy, socks, tunnel};

/// Where a redirect comes from.
const BASES: [&str; 3] = [
    "http://me:secret@h.test:8080/a/b;c?x=y#f",
    "https://[::1]/",
    "http://127.0.0.1/%2e/a%20b",
];

/// A `Location`: where it leads is a URL without userinfo and control characters that can be
/// written into a request, and it leads to the same place when it is resolved once more. What
/// is shown of a text is printable and bounded, and has no userinfo in it, URL or not.
pub fn location(data: &[u8]) {
    for base in BASES {
        let base = Url::parse(base).expect("it is one");
        let Ok(there) = url::join(&base, data) else {
            continue;
        };
        assert!(there.username().is_empty() && there.password().is_none());
        assert!(
            there
                .as_str()
                .bytes()
                .all(|byte| byte.is_ascii_graphic() || byte == b' ')
        );
        // Of `file:` and the like, which are refused, the `url` crate does not say so much.
        if url::check(&there).is_ok() {
            let again = url::join(&base, there.as_str().as_bytes());
            assert_eq!(again.as_ref(), Ok(&there));
        }
        follow(&base, &there, data);
    }
    let text = String::from_utf8_lossy(data);
    let shown = url::shown_raw(&text);
    assert!(!shown.chars().any(char::is_control));
    if let Ok(url) = url::parse(&text) {
        // In front of a path, of which there always is one.
        let shown = url::shown(&url);
        assert!(!shown.chars().any(char::is_control) && shown.chars().count() <= 301);
        let authority = shown.split('/').nth(2).unwrap_or_default();
        assert!(!authority.contains('@'), "U2: {shown}");
    }
}

/// R1 and R2, and that a request for it can be written.
fn follow(base: &Url, there: &Url, location: &[u8]) {
    let mut headers = HeaderMap::new();
    if let Ok(value) = HeaderValue::from_bytes(location) {
        headers.insert("location", value);
    }
    let status = StatusCode::TEMPORARY_REDIRECT;
    let Ok(Some(hop)) = redirect::next(&Method::GET, base, status, &headers, false) else {
        return;
    };
    assert_eq!(hop.url, *there);
    assert!(matches!(there.scheme(), "http" | "https"), "R2");
    assert!(base.scheme() == "http" || there.scheme() == "https", "R2");
    let mut headers = HeaderMap::new();
    headers.insert("authorization", HeaderValue::from_static("secret"));
    redirect::strip(&mut headers, base, &hop);
    assert_eq!(headers.is_empty(), base.origin() != there.origin(), "R1");
    let head = Head {
        method: &hop.method,
        url: there,
        headers: &headers,
        length: Length::Nothing,
        expects: false,
    };
    check_written(&head, &headers);
}

/// The caller's part of a request, as `name: value` lines behind a line with method and URL:
/// it is refused, or what is written is one head and says just that (F2).
pub fn request(data: &[u8]) {
    let mut lines = data.split(|&byte| byte == b'\n');
    let first = lines.next().unwrap_or_default();
    let (method, target) = first.split_at(first.iter().position(|&b| b == b' ').unwrap_or(0));
    let Ok(method) = Method::from_bytes(method) else {
        return;
    };
    let Ok(mut url) = url::parse(String::from_utf8_lossy(target).trim()) else {
        return;
    };
    url::take_credentials(&mut url);
    let mut headers = HeaderMap::new();
    for line in lines {
        let (name, value) = line.split_at(line.iter().position(|&b| b == b':').unwrap_or(0));
        let name = HeaderName::from_bytes(name);
        let value = HeaderValue::from_bytes(value.get(1..).unwrap_or_default());
        if let (Ok(name), Ok(value)) = (name, value) {
            headers.append(name, value);
        }
    }
    let head = Head {
        method: &method,
        url: &url,
        headers: &headers,
        length: Length::Known(data.len() as u64),
        expects: false,
    };
    check_written(&head, &headers);
}

/// F2, with httparse as the one who reads it.
fn check_written(head: &Head<'_>, headers: &HeaderMap) {
    let Ok(written) = head.write() else {
        return;
    };
    let mut fields = vec![httparse::EMPTY_HEADER; headers.len() + 3];
    let mut parsed = httparse::Request::new(&mut fields);
    let status = parsed.parse(&written).expect("it is a head");
    assert_eq!(status, httparse::Status::Complete(written.len()));
    assert_eq!(parsed.method, Some(head.method.as_str()));
    assert_eq!(parsed.path, Some(url::target(head.url)));
    let values = |name: &str| -> Vec<Vec<u8>> {
        let fields = parsed.headers.iter();
        let those = fields.filter(|field| field.name.eq_ignore_ascii_case(name));
        those
            .map(|field| field.value.trim_ascii().to_vec())
            .collect()
    };
    for name in headers.keys() {
        let given = headers.get_all(name).iter();
        let given: Vec<_> = given
            .map(|value| value.as_bytes().trim_ascii().to_vec())
            .collect();
        assert_eq!(values(name.as_str()), given, "{name}");
    }
    assert_eq!(values("host").len(), 1);
    assert!(values("content-length").len() <= 1);
    assert!(values("transfer-encoding").is_empty());
    let own = ["host", "content-length"]
        .iter()
        .filter(|own| !headers.contains_key(**own));
    let own = own.map(|own| values(own).len()).sum::<usize>();
    assert_eq!(parsed.headers.len(), headers.len() + own);
}

/// A netrc: no error and no `Debug` shows a word of it, and what is put behind a good one is
/// found there.
pub fn netrc(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let netrc = match Netrc::parse(&text) {
        Ok(netrc) => netrc,
        Err(error) => {
            let shown = error.to_string();
            assert!(
                shown.starts_with("netrc, line ") && shown.len() < 100,
                "{shown}"
            );
            return;
        }
    };
    assert!(format!("{netrc:?}").len() < 40);
    let host = "not-in-there.test";
    if text.to_ascii_lowercase().contains(host) {
        return;
    }
    let more = format!("{text}\n\n\nmachine {host} login me password \"a \\\"b\"");
    let more = Netrc::parse(&more).expect("what follows is good");
    assert_eq!(
        more.find(host, None, Named::ByRedirect),
        Some(("me", "a \"b"))
    );
    assert_eq!(netrc.find(host, None, Named::ByRedirect), None, "E2");
    if let Some((login, _)) = netrc.find(host, None, Named::ByCaller) {
        assert!(
            netrc.find(host, Some(login), Named::ByCaller).is_some(),
            "E3"
        );
    }
}

/// A `Retry-After`: the wait that was read can be written, as seconds and as a date, and reads
/// the same (F2).
pub fn retry_after(data: &[u8]) {
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
    let Some(wait) = retry_after::parse(data, now) else {
        return;
    };
    assert_eq!(wait.subsec_nanos(), 0);
    let seconds = wait.as_secs().to_string();
    assert_eq!(
        retry_after::parse(seconds.as_bytes(), now),
        Some(wait),
        "F2"
    );
    // No date of this kind has more than four digits for its year.
    if wait < Duration::from_secs(200_000_000_000) {
        let date = httpdate::fmt_http_date(now + wait);
        assert_eq!(retry_after::parse(date.as_bytes(), now), Some(wait), "F2");
    }
}
