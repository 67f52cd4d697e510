//! `Content-Range`: which bytes of the whole a response carries (RFC 9110 §14.4).
//!
//! Who believes a wrong one writes bytes to where they do not belong. So the grammar is taken
//! to the letter: digits only, one space, nothing behind it, and no sum that overflows.

use ::http::{HeaderMap, header};

use super::only;

/// What a `Content-Range` field says.
///
/// ```
/// use hob::http::ContentRange;
/// let range = ContentRange::parse(b"bytes 500-999/1234").unwrap();
/// assert_eq!(range, ContentRange::Bytes { first: 500, last: 999, total: Some(1234) });
/// assert_eq!(ContentRange::parse(b"bytes */1234"), Some(ContentRange::Unsatisfied { total: 1234 }));
/// assert_eq!(ContentRange::parse(b"bytes 999-500/1234"), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContentRange {
    /// These bytes, both ends included, as the content of a 206.
    Bytes {
        /// The first byte's place; the first of all is 0.
        first: u64,
        /// The last byte's place: not before the first, and less than `u64::MAX`.
        last: u64,
        /// How many bytes there are in all, more than `last`. `None`: the server does not know.
        total: Option<u64>,
    },
    /// Nothing of what was asked for exists (with status 416).
    Unsatisfied {
        /// How many bytes there are.
        total: u64,
    },
}

impl ContentRange {
    /// Reads a field's value. `None` if it is not as RFC 9110 §14.4 has it, or speaks of
    /// another unit than bytes.
    pub fn parse(value: &[u8]) -> Option<ContentRange> {
        let (unit, rest) = value.split_at_checked(6)?;
        // §14.1: range units are case-insensitive.
        if !unit.eq_ignore_ascii_case(b"bytes ") {
            return None;
        }
        let (range, total) = split(rest, b'/')?;
        if range == b"*" {
            return number(total).map(|total| ContentRange::Unsatisfied { total });
        }
        let (first, last) = split(range, b'-')?;
        let (first, last) = (number(first)?, number(last)?);
        let total = match total {
            b"*" => None,
            digits => Some(number(digits)?),
        };
        let fits = first <= last && last < total.unwrap_or(u64::MAX);
        fits.then_some(ContentRange::Bytes { first, last, total })
    }

    /// The one `Content-Range` of a response. `None` too if there are several.
    pub fn of(headers: &HeaderMap) -> Option<ContentRange> {
        ContentRange::parse(only(headers, &header::CONTENT_RANGE)?.as_bytes())
    }
}

fn split(bytes: &[u8], at: u8) -> Option<(&[u8], &[u8])> {
    let place = bytes.iter().position(|&byte| byte == at)?;
    Some((&bytes[..place], &bytes[place + 1..]))
}

/// One digit or more and nothing else: `str::parse` alone would take a plus sign.
fn number(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(digits).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ::http::HeaderValue;

    #[test]
    fn a_range_ends_within_the_whole_and_no_sum_overflows() {
        let max = u64::MAX;
        let bad = [
            format!("bytes 0-{max}/*"),
            format!("bytes 0-{max}/{max}"),
            "bytes 0-4/".into(),
            "bytes 0-/10".into(),
            "bytes -4/10".into(),
            "bytes  0-4/10".into(),
            "bytes 0-4/10 ".into(),
            "bytes 0 -4/10".into(),
            "bytes\t0-4/10".into(),
            "items 0-4/10".into(),
            "bytes".into(),
            "".into(),
        ];
        for bad in bad {
            assert_eq!(ContentRange::parse(bad.as_bytes()), None, "{bad:?}");
        }
        let last = max - 1;
        let most = format!("bytes 0-{last}/{max}");
        let total = Some(max);
        let range = ContentRange::Bytes {
            first: 0,
            last,
            total,
        };
        assert_eq!(ContentRange::parse(most.as_bytes()), Some(range));
    }

    #[test]
    fn two_fields_are_none() {
        let mut headers = HeaderMap::new();
        headers.insert(
            header::CONTENT_RANGE,
            HeaderValue::from_static("bytes 0-4/10"),
        );
        assert!(ContentRange::of(&headers).is_some());
        headers.append(
            header::CONTENT_RANGE,
            HeaderValue::from_static("bytes 0-4/10"),
        );
        assert_eq!(ContentRange::of(&headers), None);
    }
}
