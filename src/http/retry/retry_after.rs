//! Reads `Retry-After` (RFC 9110 §10.2.3): how long a server asks us to stay away.
//!
//! Two forms: seconds in digits, or a date in any of the three forms of RFC 9110 §5.6.7. A
//! number that fits nowhere is read as the longest wait there is, and not as nonsense: whoever
//! wrote it surely meant "not soon".

use std::time::{Duration, SystemTime};

use ::http::header::{self, HeaderMap, HeaderValue};

/// What `headers` ask for, if anything that can be read. Of several the longest: a wait that
/// was asked for is never cut short.
///
/// Law: a date means something only to those whose clocks agree. Consequence: it is counted
/// from the server's own `Date`, where it sends one; our clock (`now`) is the second choice.
/// Price: none; what a server can say with two dates it could have said in seconds.
pub(crate) fn wait(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let their_now = headers.get(header::DATE).and_then(date);
    let now = their_now.unwrap_or(now);
    let all = headers.get_all(header::RETRY_AFTER).iter();
    all.filter_map(|value| parse(value.as_bytes(), now)).max()
}

/// One value, with a date counted from `now`. A date that has passed asks for no wait.
pub(crate) fn parse(value: &[u8], now: SystemTime) -> Option<Duration> {
    let text = std::str::from_utf8(value).ok()?.trim_matches([' ', '\t']);
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        // Nothing but digits fails to parse only by being too large.
        return Some(Duration::from_secs(text.parse().unwrap_or(u64::MAX)));
    }
    let then = httpdate::parse_http_date(text).ok()?;
    Some(then.duration_since(now).unwrap_or_default())
}

fn date(value: &HeaderValue) -> Option<SystemTime> {
    httpdate::parse_http_date(value.to_str().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// 2026-11-20 12:00:00 UTC.
    fn noon() -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_176_000)
    }

    #[test]
    fn seconds_and_dates_are_read_and_all_else_is_not() {
        let read = |text: &str| parse(text.as_bytes(), noon());
        assert_eq!(read("0"), Some(Duration::ZERO));
        assert_eq!(read("\t120 "), Some(120 * SECOND));
        assert_eq!(read("00000000000000000000000000007"), Some(7 * SECOND));
        assert_eq!(read(&"9".repeat(50)), Some(Duration::from_secs(u64::MAX)));
        assert_eq!(read("Fri, 20 Nov 2026 12:00:30 GMT"), Some(30 * SECOND));
        assert_eq!(read("Fri, 20 Nov 2026 11:59:59 GMT"), Some(Duration::ZERO));
        let none = [
            "",
            " ",
            "-1",
            "+5",
            "1.5",
            "1 2",
            "0x10",
            "١",
            "Fri, 31 Nov 2026 12:00:30 GMT",
            "Fri, 20 Nov 2026 12:00:30 CET",
            "2026-11-20T12:00:30Z",
        ];
        for text in none {
            assert_eq!(read(text), None, "{text:?}");
        }
        assert_eq!(parse(b"\xff", noon()), None);
    }

    /// Broken by: counting from `now` where there is a `Date`; `max` → `min`.
    #[test]
    fn a_date_counts_from_the_servers_own_and_of_several_the_longest_counts() {
        let mut headers = HeaderMap::new();
        assert_eq!(wait(&headers, noon()), None);
        let then = HeaderValue::from_static("Fri, 20 Nov 2026 12:00:30 GMT");
        headers.append("retry-after", then);
        assert_eq!(wait(&headers, noon()), Some(30 * SECOND));
        let their_now = HeaderValue::from_static("Fri, 20 Nov 2026 12:00:10 GMT");
        headers.insert("date", their_now);
        assert_eq!(wait(&headers, noon()), Some(20 * SECOND));
        headers.append("retry-after", HeaderValue::from_static("25"));
        assert_eq!(wait(&headers, noon()), Some(25 * SECOND));
        headers.append("retry-after", HeaderValue::from_static("soon"));
        assert_eq!(wait(&headers, noon()), Some(25 * SECOND));
    }
}
