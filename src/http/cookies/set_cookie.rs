//! What one `Set-Cookie` says (§5.6). Whether that is granted is `store`'s question.

use std::time::{Duration, SystemTime};

use crate::http::cookies::date;

/// The most bytes of a name and its value together (§5.6).
const LARGEST: usize = 4096;

/// An attribute with a longer value is as good as absent (§5.6).
const LARGEST_ATTRIBUTE: usize = 1024;

/// Nobody's cookie lives longer than this, whatever it says (§5.5).
pub(crate) const LONGEST_LIFE: Duration = Duration::from_secs(400 * 24 * 60 * 60);

/// A cookie as a server asks for it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct SetCookie<'a> {
    pub(crate) name: &'a [u8],
    pub(crate) value: &'a [u8],
    /// `None`: until the program ends.
    pub(crate) expires: Option<SystemTime>,
    /// Without its leading dot, as it was written. Empty: the host alone.
    pub(crate) domain: &'a [u8],
    /// As it was written, if it is one.
    pub(crate) path: Option<&'a [u8]>,
    pub(crate) secure: bool,
    pub(crate) http_only: bool,
    pub(crate) same_site: SameSite,
}

/// To which requests it is brought along.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum SameSite {
    /// It says nothing, which is as `Lax` (§5.6.7.1).
    #[default]
    Default,
    None,
    Lax,
    Strict,
}

/// Reads the value of a `Set-Cookie` that came at `now`. `None`: it is to be ignored.
pub(crate) fn parse(text: &[u8], now: SystemTime) -> Option<SetCookie<'_>> {
    let mut parts = text.split(|&byte| byte == b';');
    let pair = parts.next().unwrap_or_default();
    let (name, value) = split(pair).unwrap_or((b"", trim(pair)));
    if !is_sound(name, value) {
        return None;
    }
    let mut cookie = SetCookie {
        name,
        value,
        expires: None,
        domain: b"",
        path: None,
        secure: false,
        http_only: false,
        same_site: SameSite::Default,
    };
    let mut max_age = None;
    for part in parts {
        let (name, value) = split(part).unwrap_or((trim(part), b""));
        if value.len() > LARGEST_ATTRIBUTE {
            continue;
        }
        match &*name.to_ascii_lowercase() {
            b"expires" => cookie.expires = date::parse(value).or(cookie.expires),
            b"max-age" => max_age = lifetime(value).or(max_age),
            b"domain" => cookie.domain = value.strip_prefix(b".").unwrap_or(value),
            b"path" => cookie.path = Some(value).filter(|path| path.starts_with(b"/")),
            b"secure" => cookie.secure = true,
            b"httponly" => cookie.http_only = true,
            b"samesite" => cookie.same_site = SameSite::of(value),
            _ => {}
        }
    }
    // No URL has such a path, and a file of cookies has no place for it.
    if cookie.path.is_some_and(|path| path.iter().any(is_control)) {
        return None;
    }
    // Whatever stands last: `Max-Age` goes before `Expires` (§5.7).
    let expires = max_age.map(|life| now + life).or(cookie.expires);
    cookie.expires = expires.map(|at| at.min(now + LONGEST_LIFE));
    Some(cookie)
}

impl SameSite {
    fn of(value: &[u8]) -> SameSite {
        match &*value.to_ascii_lowercase() {
            b"none" => SameSite::None,
            b"lax" => SameSite::Lax,
            b"strict" => SameSite::Strict,
            _ => SameSite::Default,
        }
    }
}

/// May there be a cookie of this name and value? Not an empty one, none that is too long, and
/// none with a control character in it: no line end, and (unlike §5.6, like curl) no tab, which
/// would be the end of a field in the file.
pub(crate) fn is_sound(name: &[u8], value: &[u8]) -> bool {
    let length = name.len() + value.len();
    (1..=LARGEST).contains(&length) && !name.iter().chain(value).any(is_control)
}

fn is_control(byte: &u8) -> bool {
    matches!(byte, 0..=0x1f | 0x7f)
}

/// At the first `=`.
fn split(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = text.iter().position(|&byte| byte == b'=')?;
    Some((trim(&text[..at]), trim(&text[at + 1..])))
}

fn trim(text: &[u8]) -> &[u8] {
    let is_space = |byte: &u8| matches!(byte, b' ' | b'\t');
    let first = text.iter().position(|byte| !is_space(byte));
    let last = text.iter().rposition(|byte| !is_space(byte));
    first
        .zip(last)
        .map_or(b"", |(first, last)| &text[first..=last])
}

/// The value of a `Max-Age`: a number of seconds, of which none is left if it is negative.
fn lifetime(value: &[u8]) -> Option<Duration> {
    let digits = value.strip_prefix(b"-").unwrap_or(value);
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    if digits.len() < value.len() {
        return Some(Duration::ZERO);
    }
    // What is too long for a number is longer than the longest life.
    let seconds = std::str::from_utf8(digits).ok()?.parse().ok();
    Some(
        seconds
            .map_or(LONGEST_LIFE, Duration::from_secs)
            .min(LONGEST_LIFE),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000)
    }

    fn parsed(text: &str) -> Option<SetCookie<'_>> {
        parse(text.as_bytes(), now())
    }

    fn pair(text: &str) -> Option<(&str, &str)> {
        let shown = |bytes| std::str::from_utf8(bytes).expect("it was text");
        parsed(text).map(|cookie| (shown(cookie.name), shown(cookie.value)))
    }

    #[test]
    fn a_name_ends_at_the_first_equals_sign_and_a_value_at_the_semicolon() {
        let pairs = [
            ("a=b", ("a", "b")),
            ("a = b c ", ("a", "b c")),
            ("a=b=c; Path=/", ("a", "b=c")),
            ("a=\"b\"", ("a", "\"b\"")),
            ("a=", ("a", "")),
            ("=b", ("", "b")),
            ("b", ("", "b")),
            ("a=\u{e9}", ("a", "\u{e9}")),
            ("a=b;", ("a", "b")),
        ];
        for (text, wanted) in pairs {
            assert_eq!(pair(text), Some(wanted), "{text}");
        }
    }

    /// Broken by: any condition less in `is_sound`.
    #[test]
    fn what_is_empty_long_or_has_a_control_character_is_ignored() {
        for text in [
            "",
            " ",
            ";",
            "=",
            " = ; Path=/",
            "a=b\u{7f}",
            "a\0=b",
            "a=b\tc",
            "a=\r",
            "a=b; Path=/\tx",
        ] {
            assert_eq!(pair(text), None, "{text:?}");
        }
        let long = |length: usize| format!("abc={}", "v".repeat(length - 3));
        assert!(pair(&long(4096)).is_some());
        assert!(pair(&long(4097)).is_none());
    }

    #[test]
    fn attributes_are_read_in_any_case_and_the_last_one_holds() {
        let text =
            "a=b; DOMAIN=.Example.com; path=/x; Path=/y ; secure; HTTPONLY=1; SameSite=lax; x";
        let cookie = parsed(text).expect("a cookie");
        assert_eq!(
            (cookie.domain, cookie.path),
            (&b"Example.com"[..], Some(&b"/y"[..]))
        );
        assert!(cookie.secure && cookie.http_only);
        assert_eq!(cookie.same_site, SameSite::Lax);
        let none = parsed("a=b; Domain=x; Domain; Path=/x; Path=y; SameSite=Strict; SameSite=?");
        let none = none.expect("a cookie");
        assert_eq!((none.domain, none.path), (&b""[..], None));
        assert_eq!(none.same_site, SameSite::Default);
        let long = format!("a=b; Path=/{}", "p".repeat(1024));
        assert_eq!(parsed(&long).expect("a cookie").path, None);
    }

    /// Broken by: the order of `max_age` and `expires`, or the longest life.
    #[test]
    fn max_age_goes_before_expires_and_nothing_lives_for_ever() {
        let life = |text| {
            let expires = parsed(text).expect("a cookie").expires?;
            Some(
                expires
                    .duration_since(now())
                    .map_or(-1, |life| life.as_secs() as i64),
            )
        };
        let longest = LONGEST_LIFE.as_secs() as i64;
        let lives = [
            ("a=b", None),
            ("a=b; Max-Age=60", Some(60)),
            (
                "a=b; Max-Age=60; Expires=Sun, 06 Nov 1994 08:49:37 GMT",
                Some(60),
            ),
            ("a=b; Expires=Sun, 06 Nov 1994 08:49:37 GMT", Some(-1)),
            ("a=b; Expires=Sun, 09 Sep 2001 01:47:40 GMT", Some(60)),
            ("a=b; Expires=soon", None),
            ("a=b; Max-Age=-5", Some(0)),
            ("a=b; Max-Age=0", Some(0)),
            ("a=b; Max-Age=", None),
            ("a=b; Max-Age=-", None),
            ("a=b; Max-Age=1e3", None),
            ("a=b; Max-Age=+5", None),
            ("a=b; Max-Age=99999999999999999999999", Some(longest)),
            ("a=b; Expires=31 Dec 9999 23:59:59", Some(longest)),
        ];
        for (text, wanted) in lives {
            assert_eq!(life(text), wanted, "{text}");
        }
    }
}
