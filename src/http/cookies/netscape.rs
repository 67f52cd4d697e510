//! Cookies in a file, in the form that Netscape began and curl, wget, yt-dlp and Python go on
//! with: a line for each, seven fields between tabs.
//!
//! ```text
//! .example.com  TRUE             /     FALSE   1798761600           lang  en
//! domain        for those below? path  Secure  expires (0: session)  name  value
//! ```
//!
//! A line that begins with `#HttpOnly_` is one of these with `HttpOnly`; what else begins with
//! `#` is a remark. There is no place for `SameSite`: what is read again says nothing of it.

use std::io;
use std::time::{Duration, SystemTime};

use crate::http::cookies::set_cookie::{LONGEST_LIFE, SameSite, is_sound};
use crate::http::cookies::site;
use crate::http::cookies::store::{Cookie, Store};

/// Python looks for these words.
const HEAD: &str = "# Netscape HTTP Cookie File\n\
    # Whoever can read this can be you: keep it to yourself.\n\n";

/// Reads all lines, or none: a file that is no cookie file should not look like an empty one.
/// What is over is skipped, and what speaks for a public suffix (C1).
pub(crate) fn read(store: &mut Store, text: &[u8], now: SystemTime) -> io::Result<()> {
    let text = text.strip_prefix("\u{feff}".as_bytes()).unwrap_or(text);
    let mut cookies = Vec::new();
    for (index, line) in text.split(|&byte| byte == b'\n').enumerate() {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let http_only = line.strip_prefix(b"#HttpOnly_");
        let is_remark = line.starts_with(b"#") && http_only.is_none();
        if is_remark || line.trim_ascii().is_empty() {
            continue;
        }
        let cookie = cookie(http_only.unwrap_or(line), now).map_err(|what| {
            let text = format!("cookies, line {}: {what}", index + 1);
            io::Error::new(io::ErrorKind::InvalidData, text)
        })?;
        let http_only = http_only.is_some();
        cookies.push(Cookie {
            http_only,
            ..cookie
        });
    }
    for cookie in cookies {
        if cookie.host_only || !site::is_public_suffix(&cookie.domain) {
            store.keep(cookie, now);
        }
    }
    Ok(())
}

fn cookie(line: &[u8], now: SystemTime) -> Result<Cookie, &'static str> {
    let mut fields: Vec<&[u8]> = line.split(|&byte| byte == b'\t').collect();
    if fields.len() == 6 {
        fields.push(b""); // Some writers leave an empty value out, and its tab.
    }
    let Ok([domain, below, path, secure, expires, name, value]) = <[&[u8]; 7]>::try_from(fields)
    else {
        return Err("not seven fields between tabs, as in a Netscape cookie file");
    };
    if !is_sound(name, value) || !path.starts_with(b"/") {
        return Err("a name, a value or a path that no cookie has");
    }
    let domain = domain.strip_prefix(b".").unwrap_or(domain);
    let bracketed = match domain.contains(&b':') && !domain.starts_with(b"[") {
        true => [b"[", domain, b"]"].concat(),
        false => domain.to_vec(),
    };
    Ok(Cookie {
        name: name.to_vec(),
        value: value.to_vec(),
        domain: site::canonical(&bracketed).ok_or("a domain that is none")?,
        host_only: !flag(below)?,
        path: path.to_vec(),
        secure: flag(secure)?,
        http_only: false,
        same_site: SameSite::Default,
        expires: moment(expires)?.map(|at| at.min(now + LONGEST_LIFE)),
        number: 0,
        used: 0,
    })
}

fn flag(text: &[u8]) -> Result<bool, &'static str> {
    match &*text.to_ascii_uppercase() {
        b"TRUE" => Ok(true),
        b"FALSE" => Ok(false),
        _ => Err("neither TRUE nor FALSE where one of them belongs"),
    }
}

/// Seconds since 1970, perhaps with a fraction, as browsers' exports have them.
fn moment(text: &[u8]) -> Result<Option<SystemTime>, &'static str> {
    let text = std::str::from_utf8(text).unwrap_or_default();
    let whole = text.split_once('.').map_or(text, |(whole, _)| whole);
    let seconds: i64 = whole.parse().map_err(|_| "no time where one belongs")?;
    let life = Duration::from_secs(seconds.max(0).unsigned_abs());
    // What is too far away for the system's clock is cut to the longest life in any case.
    let at = SystemTime::UNIX_EPOCH.checked_add(life);
    Ok((seconds != 0).then(|| at.unwrap_or(SystemTime::UNIX_EPOCH + 100 * LONGEST_LIFE)))
}

/// All that are not over, sorted by their domain, in the order in which they were set.
pub(crate) fn write(store: &Store, now: SystemTime) -> Vec<u8> {
    let mut all: Vec<&Cookie> = store.all().collect();
    all.retain(|cookie| cookie.expires.is_none_or(|at| at > now));
    all.sort_by_key(|cookie| (&cookie.domain, cookie.number));
    let mut text = HEAD.as_bytes().to_vec();
    for cookie in all {
        if cookie.http_only {
            text.extend_from_slice(b"#HttpOnly_");
        }
        let dot = if cookie.host_only { "" } else { "." };
        let domain = cookie.domain.trim_matches(['[', ']']);
        let expires = cookie
            .expires
            .and_then(|at| at.duration_since(SystemTime::UNIX_EPOCH).ok());
        let words = [
            format!("{dot}{domain}").into_bytes(),
            word(!cookie.host_only),
            cookie.path.clone(),
            word(cookie.secure),
            expires
                .map_or(0, |life| life.as_secs())
                .to_string()
                .into_bytes(),
            cookie.name.clone(),
            cookie.value.clone(),
        ];
        text.extend_from_slice(&words.join(&b'\t'));
        text.push(b'\n');
    }
    text
}

fn word(flag: bool) -> Vec<u8> {
    let word: &[u8] = if flag { b"TRUE" } else { b"FALSE" };
    word.to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000)
    }

    fn again(text: &str) -> String {
        let mut store = Store::default();
        read(&mut store, text.as_bytes(), now()).expect("a cookie file");
        let written = String::from_utf8(write(&store, now())).expect("it was text");
        let lines = written.strip_prefix(HEAD).expect("the head");
        lines.to_owned()
    }

    #[test]
    fn what_was_read_is_written_again() {
        let text = "#HttpOnly_.a.example\tTRUE\t/p\tTRUE\t1000000060\tn\tv=\"w\"; x\n\
                    a.example\tFALSE\t/\tFALSE\t0\tsession\tv\n\
                    b.example\tFALSE\t/\tFALSE\t0\tempty\t\n";
        assert_eq!(again(text), text);
        let loose = "\u{feff}# remark\r\n\r\n.Example.COM\ttrue\t/\tfalse\t1000000060.5\tn\r\n\
                     ::1\tFALSE\t/\tFALSE\t0\t\tv\n \n";
        let wanted = "::1\tFALSE\t/\tFALSE\t0\t\tv\n\
                      .example.com\tTRUE\t/\tFALSE\t1000000060\tn\t\n";
        assert_eq!(again(loose), wanted);
    }

    #[test]
    fn what_is_over_or_speaks_for_a_suffix_is_left_out() {
        let text = "h.example\tFALSE\t/\tFALSE\t999999999\tn\tv\n\
                    h.example\tFALSE\t/\tFALSE\t-1\tn\tv\n\
                    .co.uk\tTRUE\t/\tFALSE\t0\tn\tv\n";
        assert_eq!(again(text), "");
        let far = again("h\tFALSE\t/\tFALSE\t9223372036854775807\tn\tv\n");
        assert_eq!(far, "h\tFALSE\t/\tFALSE\t1034560000\tn\tv\n");
    }

    /// Broken by: a field of the line in an error.
    #[test]
    fn what_is_no_cookie_file_is_refused_with_its_line_and_without_its_words() {
        let wrongs = [
            ("<html>secret", 1),
            ("# fine\nsecret\tFALSE\t/\tFALSE\t0", 2),
            ("h\tsecret\t/\tFALSE\t0\tn\tv", 1),
            ("h\tFALSE\t/\tFALSE\tsecret\tn\tv", 1),
            ("h\tFALSE\tsecret\tFALSE\t0\tn\tv", 1),
            ("h\tFALSE\t/\tFALSE\t0\tn\tsecret\x07", 1),
            ("a secret\tFALSE\t/\tFALSE\t0\tn\tv", 1),
            ("h\tFALSE\t/\tFALSE\t0\tn\tv\tsecret", 1),
        ];
        for (text, line) in wrongs {
            let mut store = Store::default();
            let error = read(&mut store, text.as_bytes(), now()).expect_err(text);
            assert_eq!((error.kind(), store.len()), (io::ErrorKind::InvalidData, 0));
            let said = error.to_string();
            assert!(
                said.starts_with(&format!("cookies, line {line}: ")),
                "{said}"
            );
            assert!(!said.contains("secret"), "{said}");
        }
    }
}
