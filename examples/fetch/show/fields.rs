//! Header fields as one may show them to others: without secrets, and without what could steer
//! a terminal.

use hob::http::{HeaderMap, HeaderName, HeaderValue, Url, header};

use super::text;

/// Fields whose value nobody should read over our user's shoulder.
const SECRET: [HeaderName; 4] = [
    header::AUTHORIZATION,
    header::PROXY_AUTHORIZATION,
    header::COOKIE,
    header::SET_COOKIE,
];

/// Fields whose value is a URL, which may have a password in it.
const URLS: [HeaderName; 3] = [header::LOCATION, header::CONTENT_LOCATION, header::REFERER];

/// All of them.
pub fn shown(headers: &HeaderMap) -> Vec<(String, String)> {
    let one = |(name, value): (&HeaderName, _)| (name.to_string(), field(name, value));
    headers.iter().map(one).collect()
}

/// The value of one.
pub fn field(name: &HeaderName, value: &HeaderValue) -> String {
    if value.is_sensitive() || SECRET.contains(name) {
        return "(not shown)".to_owned();
    }
    let value = String::from_utf8_lossy(value.as_bytes());
    match URLS.contains(name).then(|| Url::parse(&value)) {
        Some(Ok(url)) => text::url(&url),
        _ => text::harmless(&value),
    }
}
