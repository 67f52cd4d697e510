//! Promises of what speaks of files: ranges, digests, versions and names.

use ::http::header::{HeaderMap, HeaderName, HeaderValue};
use ::url::Url;

use crate::http::auth::base64;
use crate::http::fields::{
    ContentRange, Digests, Validators, content_disposition, safe_file_name, shorten_file_name,
    url_file_name,
};
use crate::http::printable::is_trouble;

/// A `Content-Range`: F2, and numbers that are in their order and within the whole.
pub fn content_range(data: &[u8]) {
    let Some(range) = ContentRange::parse(data) else {
        return;
    };
    let text = match range {
        ContentRange::Unsatisfied { total } => format!("bytes */{total}"),
        ContentRange::Bytes { first, last, total } => {
            assert!(first <= last && last < total.unwrap_or(u64::MAX));
            match total {
                Some(total) => format!("bytes {first}-{last}/{total}"),
                None => format!("bytes {first}-{last}/*"),
            }
        }
    };
    assert_eq!(ContentRange::parse(text.as_bytes()), Some(range), "F2");
    // F4: but for case and for leading zeros, there is one way to write it.
    let is_zero = |at: usize| {
        !at.checked_sub(1)
            .is_some_and(|at| data[at].is_ascii_digit())
    };
    let (mut bare, mut leads) = (Vec::new(), false);
    for (at, &byte) in data.iter().enumerate() {
        leads = byte == b'0' && (leads || is_zero(at));
        let is_last = !data.get(at + 1).is_some_and(u8::is_ascii_digit);
        if !leads || is_last {
            bare.push(byte.to_ascii_lowercase());
        }
    }
    assert_eq!(bare, text.as_bytes(), "F4");
}

/// `Repr-Digest`, on as many lines as there are: F2.
pub fn digests(data: &[u8]) {
    let lines = data.split(|&byte| byte == b'\n');
    let read = Digests::of_representation(&fields(lines.map(|line| (REPR_DIGEST, line))));
    let mut text = String::new();
    let all = [
        ("sha-256", read.sha256.map(|sum| sum.to_vec())),
        ("sha-512", read.sha512.map(|sum| sum.to_vec())),
    ];
    for (name, sum) in all {
        if let Some(sum) = sum {
            let comma = if text.is_empty() { "" } else { ", " };
            text += &format!("{comma}{name}=:{}:", base64(&sum));
        }
    }
    assert_eq!(text.is_empty(), read.is_empty());
    let again = fields([(REPR_DIGEST, text.as_bytes())]);
    assert_eq!(Digests::of_representation(&again), read, "F2");
}

const REPR_DIGEST: HeaderName = HeaderName::from_static("repr-digest");

fn fields<'a>(all: impl IntoIterator<Item = (HeaderName, &'a [u8])>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in all {
        if let Ok(value) = HeaderValue::from_bytes(value) {
            headers.append(name, value);
        }
    }
    headers
}

/// `ETag`, `Last-Modified` and `Date`, one to a line: F2, and what goes into `If-Range` is
/// never weak.
pub fn validators(data: &[u8]) {
    use ::http::header::{DATE, ETAG, LAST_MODIFIED};
    let lines = data.split(|&byte| byte == b'\n');
    let names = [ETAG, LAST_MODIFIED, DATE, ETAG];
    let read = Validators::of(&fields(names.into_iter().zip(lines)));
    let kept = read.fields().map(|(name, value)| (name, value.as_bytes()));
    assert_eq!(Validators::of(&fields(kept)), read, "F2");
    if let Some(value) = read.if_range() {
        assert!(!value.as_bytes().starts_with(b"W/"));
    }
    assert!(read.last_modified().is_some() == read.fields().any(|(name, _)| name == LAST_MODIFIED));
}

/// A `Content-Disposition`: F2 for the name in it, in both ways to write one; and what is made
/// of the name is harmless.
pub fn disposition(data: &[u8]) {
    let Some(name) = content_disposition(data) else {
        return;
    };
    let escaped: String = name.bytes().map(|byte| format!("%{byte:02x}")).collect();
    let extended = format!("a; filename*=utf-8''{escaped}");
    assert_eq!(
        content_disposition(extended.as_bytes()).as_ref(),
        Some(&name),
        "F2"
    );
    let quoted = name.replace('\\', "\\\\").replace('"', "\\\"");
    let quoted = format!("a; filename=\"{quoted}\"; filename*=x");
    assert_eq!(
        content_disposition(quoted.as_bytes()).as_ref(),
        Some(&name),
        "F2"
    );
    check_name(safe_file_name(&name));
}

/// A stranger's text, and a URL, from which a name is made: it is harmless, and stays what it
/// is if it is made once more, or cut.
pub fn file_name(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    check_name(safe_file_name(&text));
    if let Ok(url) = Url::parse(&text) {
        check_name(url_file_name(&url));
    }
    if let Ok(url) = Url::parse("http://h/").and_then(|base| base.join(&text)) {
        check_name(url_file_name(&url));
    }
    for limit in [0, 3, 20, 255] {
        let short = shorten_file_name(&text, limit);
        assert!(short.len() <= limit && (short == text || text.len() > limit));
    }
}

fn check_name(name: Option<String>) {
    let Some(name) = name else {
        return;
    };
    assert!(!name.is_empty() && name.len() <= 255, "{name:?}");
    assert!(
        !name.contains(['/', '\\', '<', '>', ':', '"', '|', '?', '*']),
        "{name:?}"
    );
    assert!(!name.chars().any(is_trouble), "{name:?}");
    assert!(
        !name.starts_with('-') && !name.ends_with(['.', ' ']),
        "{name:?}"
    );
    assert_eq!(safe_file_name(&name).as_ref(), Some(&name), "F2");
}
