//! URLs: which may be asked for, what of them goes into a request, and what may be shown.
//!
//! The parsing itself is the `url` crate's (the WHATWG rules that browsers follow; written by
//! hand it would be wrong). Here stands what HTTP adds to it.
//!
//! Law: a URL comes from anywhere, a list, a page, a `Location`, and whoever wrote it may
//! want it to mean one thing to us and another to the server. Consequence: three rules.
//!
//! - U1: a control character anywhere is an error. The WHATWG rules drop tabs and line ends
//!   silently; we do not ask for something else than was written.
//! - U2: the user name and password never travel in a target, a `Host` or an error. They are
//!   taken out ([`take_credentials`]) before anything else looks at the URL.
//! - U3: what is written into a request ([`target`], [`authority`]) is printable ASCII without
//!   a space, which the `url` crate guarantees and `request.rs` checks again.

use ::url::{Position, Url};

use crate::http::error::ErrorKind;
use crate::http::printable::printable;

/// Longer than this is shown shortened.
const SHOWN_MAX: usize = 300;

/// Parses `text` as the absolute URL of a request.
pub(crate) fn parse(text: &str) -> Result<Url, ErrorKind> {
    if has_control(text) {
        return Err(no_url("it has a control character in it"));
    }
    let url = Url::parse(text).map_err(|error| no_url(reason(error)))?;
    check(&url)?;
    Ok(url)
}

/// What must be true of a URL, wherever it came from, before a request is made of it.
///
/// `https` passes here: whether this build can *connect* in that way is `connect.rs`'s affair.
pub(crate) fn check(url: &Url) -> Result<(), ErrorKind> {
    if !matches!(url.scheme(), "http" | "https") {
        return Err(ErrorKind::Scheme {
            scheme: shorten(url.scheme()),
        });
    }
    if url.port() == Some(0) {
        return Err(no_url("port 0 is no port"));
    }
    // There is a host: without one, the parser takes no URL of these schemes.
    debug_assert!(url.has_host());
    Ok(())
}

fn no_url(what: &'static str) -> ErrorKind {
    ErrorKind::Url { what }
}

fn has_control(text: &str) -> bool {
    text.bytes().any(|b| b.is_ascii_control())
}

/// The parser's complaint as text that is ours.
fn reason(error: ::url::ParseError) -> &'static str {
    use ::url::ParseError::{
        EmptyHost, IdnaError, InvalidIpv4Address, InvalidIpv6Address, InvalidPort,
        RelativeUrlWithoutBase,
    };
    match error {
        EmptyHost => "it has no host",
        IdnaError => "the host is no valid name",
        InvalidPort => "the port is no number from 1 to 65535",
        InvalidIpv4Address => "the host is no IPv4 address",
        InvalidIpv6Address => "the host is no IPv6 address",
        RelativeUrlWithoutBase => "it does not begin with http://",
        _ => "it does not parse",
    }
}

/// Takes the user name and password out of the URL (U2). `None` if it had none.
pub(crate) fn take_credentials(url: &mut Url) -> Option<(Vec<u8>, Vec<u8>)> {
    if url.username().is_empty() && url.password().is_none() {
        return None;
    }
    let name = percent_decode(url.username());
    let password = percent_decode(url.password().unwrap_or_default());
    // These fail only for URLs without a host, which `check` does not let in.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    Some((name, password))
}

/// A percent sign that no two hexadecimal digits follow stands for itself.
pub(crate) fn percent_decode(text: &str) -> Vec<u8> {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let escaped = match bytes.get(at + 1..at + 3) {
            Some([high, low]) if byte == b'%' => hex(*high).zip(hex(*low)),
            _ => None,
        };
        decoded.push(escaped.map_or(byte, |(high, low)| high * 16 + low));
        at += if escaped.is_some() { 3 } else { 1 };
    }
    decoded
}

/// `None` if a percent sign stands for itself (RFC 8187 §3.2.1 has no such thing).
pub(crate) fn percent_decode_strictly(text: &[u8]) -> Option<Vec<u8>> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.iter();
    while let Some(&byte) = bytes.next() {
        decoded.push(match byte {
            b'%' => hex(*bytes.next()?)? * 16 + hex(*bytes.next()?)?,
            _ => byte,
        });
    }
    Some(decoded)
}

/// The value of a hexadecimal digit.
pub(crate) fn hex(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

/// Path and query: what stands in the request line (RFC 9112 §3.2.1). Never the fragment.
pub(crate) fn target(url: &Url) -> &str {
    &url[Position::BeforePath..Position::AfterQuery]
}

/// Host and port as `Host` wants them (RFC 9110 §7.2): brackets around an IPv6 address, no
/// port where it is the scheme's own. Never userinfo.
pub(crate) fn authority(url: &Url) -> &str {
    &url[Position::BeforeHost..Position::AfterPort]
}

/// Resolves a `Location` against the URL that it answered (RFC 9110 §10.2.2).
///
/// Bytes beyond ASCII that are not UTF-8 are percent-encoded one by one. Credentials that
/// the server put in are dropped: it has no business giving us any. A fragment is inherited.
pub(crate) fn join(base: &Url, location: &[u8]) -> Result<Url, &'static str> {
    let location = match std::str::from_utf8(location) {
        Ok(text) => text.to_string(),
        Err(_) => encode_beyond_ascii(location),
    };
    if has_control(&location) {
        return Err("its Location has a control character in it");
    }
    let joined = base.join(&location);
    let mut url = joined.map_err(|_| "its Location is no URL")?;
    take_credentials(&mut url);
    if url.fragment().is_none() {
        url.set_fragment(base.fragment());
    }
    Ok(url)
}

fn encode_beyond_ascii(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() + 8);
    for &byte in bytes {
        match byte {
            0..=0x7f => text.push(char::from(byte)),
            _ => text.push_str(&format!("%{byte:02X}")),
        }
    }
    text
}

/// The URL as errors show it: without userinfo (U2), not too long.
pub(crate) fn shown(url: &Url) -> String {
    let mut url = url.clone();
    take_credentials(&mut url);
    shorten(url.as_str())
}

/// [`shown`] for text that may be no URL; what is not printable is escaped.
///
/// What does not parse has no parts. A `/` in a password that should have been escaped ends
/// the host for the parser, not for whoever typed it. So all before the last `@` is cut out.
pub(crate) fn shown_raw(text: &str) -> String {
    if let Ok(url) = Url::parse(text)
        && url.has_host()
        && !has_control(text)
    {
        return shown(&url);
    }
    let is_scheme = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric());
    let start = text.find("://").filter(|&at| is_scheme(&text[..at]));
    let start = start.map_or(0, |at| at + 3);
    let (scheme, rest) = text.split_at(start);
    let host = rest.rfind('@').map_or(0, |at| at + 1);
    let clean = format!("{scheme}{}", &rest[host..]);
    printable(&clean).at_most(SHOWN_MAX).to_string()
}

fn shorten(text: &str) -> String {
    match text.char_indices().nth(SHOWN_MAX) {
        None => text.to_string(),
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Url {
        parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn the_target_is_path_and_query_and_nothing_else() {
        let url = parsed("http://user:pw@h:8080/a%20b/c?d=e#frag");
        assert_eq!(target(&url), "/a%20b/c?d=e");
        assert_eq!(authority(&url), "h:8080");
        assert_eq!(target(&parsed("http://h")), "/");
        assert_eq!(target(&parsed("http://h?q")), "/?q");
        assert_eq!(authority(&parsed("http://[::1]:80/")), "[::1]");
        assert_eq!(authority(&parsed("http://[::1]:81/")), "[::1]:81");
    }

    /// Broken by: `has_control` always false (the `url` crate would drop the line end).
    #[test]
    fn control_characters_are_refused_and_not_dropped() {
        for text in [
            "http://h/a\r\nb",
            "http://h/\0",
            "http://h\t/",
            "http://h/\x7f",
        ] {
            assert!(parse(text).is_err(), "{text:?}");
        }
        let base = parsed("http://h/");
        assert!(join(&base, b"/a\tb").is_err());
    }

    #[test]
    fn what_cannot_be_asked_for_says_why() {
        let why = |text: &str| parse(text).unwrap_err().to_string();
        assert!(why("http://h:0/").contains("port 0"));
        assert!(why("http://h:65536/").contains("65535"));
        assert!(why("/just/a/path").contains("http://"));
        assert!(why("http://").contains("no host"));
        assert!(why("http://256.256.256.256/").contains("IPv4"));
        assert!(why("http://[::g]/").contains("IPv6"));
        assert!(why("http://ev%2Fil/").contains("valid name"));
        assert!(why("ftp://h/").contains("ftp"));
        assert!(why("data:text/plain,x").contains("data"));
    }

    /// Broken by: the whole scheme in `check`. It may be a server's text (a `Location`).
    #[test]
    fn a_scheme_of_any_length_is_shown_shortened() {
        let long = Url::parse(&format!("{}:x", "a".repeat(10_000))).expect("a URL");
        let why = check(&long).unwrap_err().to_string();
        assert!(why.len() < SHOWN_MAX + 100, "{}", why.len());
    }

    #[test]
    fn credentials_are_decoded_and_gone() {
        let mut url = parsed("http://a%40b:p%3Aw%zz@h/x");
        let (name, password) = take_credentials(&mut url).expect("it has some");
        assert_eq!(name, b"a@b");
        assert_eq!(
            password, b"p:w%zz",
            "a percent sign that escapes nothing stays"
        );
        assert_eq!(url.as_str(), "http://h/x");
        assert_eq!(take_credentials(&mut url), None);
        let taken = |text| take_credentials(&mut parsed(text));
        assert_eq!(
            taken("http://face@h/"),
            Some((b"face".to_vec(), Vec::new()))
        );
        assert_eq!(taken("http://:pw@h/"), Some((Vec::new(), b"pw".to_vec())));
    }

    /// Broken by: returning `url.to_string()` from `shown`, or looking for the `@` only up to
    /// the first slash in `shown_raw`.
    #[test]
    fn nothing_shown_has_userinfo_or_control_characters_in_it() {
        assert_eq!(shown(&parsed("http://me:secret@h/p")), "http://h/p");
        let raw = [
            "http://me:secret@h:0/",
            "http://me:secret@",
            "me:secret@h",
            "http://me:secret@[::1/",
            "http://x@me:secret@h:99999\x1b[2J/\n",
            // What people forget to escape, and what only the parser takes for an authority.
            "http://me:a/secret@h/",
            "http://me:a?secret@h/",
            "http://me:a#secret@h/",
            "http://me:a\\secret@h/",
            "http:/me:secret@h:99999/",
            "http:///me:secret@h:99999/",
            "http:\\\\me:secret@h:99999/",
            "me:secret://x@h",
            "mailto:me:secret@h",
        ];
        for text in raw {
            let shown = shown_raw(text);
            assert!(!shown.contains("secret"), "{shown}");
            assert!(!has_control(&shown), "{shown}");
        }
        assert_eq!(shown_raw("http://me:secret@h:0/a@b"), "http://h:0/a@b");
        assert_eq!(shown_raw("h/a"), "h/a");
        let long = shown_raw(&"é".repeat(1000));
        assert_eq!(long.chars().count(), SHOWN_MAX + 1);
    }

    #[test]
    fn a_location_is_resolved_as_browsers_do() {
        let base = parsed("http://h/a/b?x#f");
        let to = |location: &[u8]| join(&base, location).expect("usable").to_string();
        assert_eq!(to(b"/c"), "http://h/c#f");
        assert_eq!(to(b"c#g"), "http://h/a/c#g");
        assert_eq!(to(b"?y"), "http://h/a/b?y#f");
        assert_eq!(to(b"//k/d"), "http://k/d#f");
        assert_eq!(to("/é".as_bytes()), "http://h/%C3%A9#f");
        assert_eq!(to(b"/\xe9"), "http://h/%E9#f");
        assert_eq!(to(b"http://u:p@k/"), "http://k/#f");
        assert!(join(&base, b"http://[").is_err());
    }
}
