//! What tells one version of a file from another: `ETag` and `Last-Modified`.
//!
//! Law: two parts of two versions make a third file that never existed. So who goes on with a
//! half file must know that the other half is of the same version, and only a *strong*
//! validator says that (RFC 9110 §8.8.1): an `ETag` without `W/`, or a date that the file did
//! not have in the very second in which it was fetched.

use std::time::{Duration, SystemTime};

use ::http::{HeaderMap, HeaderName, HeaderValue, header};

use super::only;

/// The fields of a response that say which version it is, as they were sent.
///
/// They can be kept beside a half file ([`fields`](Validators::fields)) and read again
/// ([`of`](Validators::of)).
///
/// ```
/// use hob::http::{HeaderMap, Validators};
/// let mut headers = HeaderMap::new();
/// headers.insert("etag", "W/\"weak\"".parse().unwrap());
/// assert_eq!(Validators::of(&headers).if_range(), None);
/// headers.insert("etag", "\"strong\"".parse().unwrap());
/// assert_eq!(Validators::of(&headers).if_range().unwrap(), "\"strong\"");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Validators {
    etag: Option<HeaderValue>,
    last_modified: Option<HeaderValue>,
    /// When the response was made, by the same clock as `last_modified`.
    date: Option<HeaderValue>,
}

impl Validators {
    /// Those of a response. What does not parse, or is there twice, is as if it were not there.
    pub fn of(headers: &HeaderMap) -> Validators {
        let etag = only(headers, &header::ETAG).filter(|value| is_etag(value.as_bytes()));
        let dated = |name| only(headers, name).filter(|value| parse_date(value).is_some());
        Validators {
            etag: etag.cloned(),
            last_modified: dated(&header::LAST_MODIFIED).cloned(),
            date: dated(&header::DATE).cloned(),
        }
    }

    /// The fields again, to be kept.
    pub fn fields(&self) -> impl Iterator<Item = (HeaderName, &HeaderValue)> {
        let all = [
            (header::ETAG, &self.etag),
            (header::LAST_MODIFIED, &self.last_modified),
            (header::DATE, &self.date),
        ];
        all.into_iter()
            .filter_map(|(name, value)| Some((name, value.as_ref()?)))
    }

    /// What to send as `If-Range` (RFC 9110 §13.1.5): the `ETag`, if it is strong; without any
    /// `ETag`, the date, if it is strong (§8.8.2.2: at least a second older than the response).
    /// `None`: the half file cannot be gone on with.
    pub fn if_range(&self) -> Option<&HeaderValue> {
        match &self.etag {
            Some(etag) => is_strong(etag).then_some(etag),
            // A client that has a weak ETag is told not to fall back to the date.
            None => self
                .last_modified
                .as_ref()
                .filter(|_| self.date_is_strong()),
        }
    }

    /// Of a file of which only this is known: when it was last changed. Fractions of a second are
    /// dropped, as no field has them (RFC 9110 §5.6.7).
    ///
    /// ```
    /// use hob::http::Validators;
    /// let known = Validators::modified(std::time::SystemTime::UNIX_EPOCH);
    /// let asked = known.if_changed();
    /// assert_eq!(asked["if-modified-since"], "Thu, 01 Jan 1970 00:00:00 GMT");
    /// ```
    pub fn modified(at: SystemTime) -> Validators {
        // What is before 1970, or after 9999, cannot be written: it is as if nothing was known.
        let end = SystemTime::UNIX_EPOCH + Duration::from_secs(253_402_300_799);
        let can_be_written = (SystemTime::UNIX_EPOCH..=end).contains(&at);
        let date = can_be_written.then(|| httpdate::fmt_http_date(at));
        let date = date.map(|date| HeaderValue::try_from(date).expect("a date is a value"));
        Validators {
            last_modified: date,
            ..Validators::default()
        }
    }

    /// The fields to ask with, so that the answer is a 304 if this is the version that the server
    /// has: `If-None-Match` and `If-Modified-Since` (RFC 9110 §13.1.2, §13.1.3). Empty if nothing
    /// tells this version from others. A weak `ETag` will do here, since no bytes are put together.
    pub fn if_changed(&self) -> HeaderMap {
        let fields = [
            (header::IF_NONE_MATCH, &self.etag),
            (header::IF_MODIFIED_SINCE, &self.last_modified),
        ];
        let known = fields.into_iter();
        known
            .filter_map(|(name, value)| Some((name, value.clone()?)))
            .collect()
    }

    /// When the file was last changed, by the server's word.
    pub fn last_modified(&self) -> Option<SystemTime> {
        self.last_modified.as_ref().and_then(parse_date)
    }

    /// The `ETag`, if it is a strong one.
    pub(crate) fn strong_etag(&self) -> Option<&HeaderValue> {
        self.etag.as_ref().filter(|etag| is_strong(etag))
    }

    /// Does `other`, of a response that continues ours, speak of the same version? Where we
    /// know a strong `ETag`, it must bring the same one (RFC 9110 §15.3.7 obliges it to). A
    /// date it may leave out, but not change.
    pub(crate) fn are_continued_by(&self, other: &Validators) -> bool {
        let etag = match &self.etag {
            Some(etag) => is_strong(etag) && other.etag.as_ref() == Some(etag),
            None => true,
        };
        let date = match (&self.last_modified, &other.last_modified) {
            (Some(ours), Some(theirs)) => parse_date(ours) == parse_date(theirs),
            _ => true,
        };
        etag && date && self.if_range().is_some()
    }

    fn date_is_strong(&self) -> bool {
        let dates = self
            .last_modified()
            .zip(self.date.as_ref().and_then(parse_date));
        let age = dates.and_then(|(modified, date)| date.duration_since(modified).ok());
        age.is_some_and(|age| age >= Duration::from_secs(1))
    }
}

/// `entity-tag` of RFC 9110 §8.8.3.
fn is_etag(value: &[u8]) -> bool {
    let opaque = value.strip_prefix(b"W/").unwrap_or(value);
    let inside = opaque
        .strip_prefix(b"\"")
        .and_then(|rest| rest.strip_suffix(b"\""));
    inside.is_some_and(|inside| {
        inside
            .iter()
            .all(|&b| matches!(b, 0x21 | 0x23..=0x7e | 0x80..))
    })
}

fn is_strong(etag: &HeaderValue) -> bool {
    !etag.as_bytes().starts_with(b"W/")
}

fn parse_date(value: &HeaderValue) -> Option<SystemTime> {
    httpdate::parse_http_date(value.to_str().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEW_YEAR: &str = "Mon, 01 Jan 2024 00:00:00 GMT";
    const A_SECOND_LATER: &str = "Mon, 01 Jan 2024 00:00:01 GMT";

    fn of(fields: &[(&'static str, &str)]) -> Validators {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(*name, value.parse().expect("a value"));
        }
        Validators::of(&headers)
    }

    #[test]
    fn only_a_strong_validator_goes_into_if_range() {
        let date = [("last-modified", NEW_YEAR), ("date", A_SECOND_LATER)];
        assert_eq!(of(&date).if_range().expect("strong"), NEW_YEAR);
        let same_second = [("last-modified", NEW_YEAR), ("date", NEW_YEAR)];
        assert_eq!(of(&same_second).if_range(), None);
        assert_eq!(of(&date[..1]).if_range(), None, "of what age, nobody knows");
        let weak = [("etag", "W/\"v1\""), date[0], date[1]];
        assert_eq!(of(&weak).if_range(), None, "the date is no way around it");
        for bad in ["v1", "\"v1", "\"v\"1\"", "w/\"v1\"", "\"a b\"", ""] {
            assert_eq!(of(&[("etag", bad)]), Validators::default(), "{bad:?}");
        }
        assert_eq!(
            of(&[("etag", "\"a\""), ("etag", "\"a\"")]),
            Validators::default()
        );
    }

    /// Broken by: `_ => true` for an `ETag` that is missing from the other one.
    #[test]
    fn only_the_same_version_continues_one() {
        let ours = of(&[("etag", "\"v1\""), ("last-modified", NEW_YEAR)]);
        assert!(ours.are_continued_by(&of(&[("etag", "\"v1\"")])));
        assert!(!ours.are_continued_by(&of(&[("etag", "\"v2\"")])));
        assert!(!ours.are_continued_by(&of(&[("etag", "W/\"v1\"")])));
        assert!(!ours.are_continued_by(&Validators::default()));
        assert!(!ours.are_continued_by(&of(&[
            ("etag", "\"v1\""),
            ("last-modified", A_SECOND_LATER)
        ])));
        let weak = of(&[("etag", "W/\"v1\"")]);
        assert!(!weak.are_continued_by(&weak));
        let dated = of(&[("last-modified", NEW_YEAR), ("date", A_SECOND_LATER)]);
        assert!(
            dated.are_continued_by(&Validators::default()),
            "If-Range said it"
        );
    }

    #[test]
    fn what_was_kept_is_read_again() {
        let ours = of(&[
            ("etag", "\"v1\""),
            ("last-modified", NEW_YEAR),
            ("date", NEW_YEAR),
        ]);
        let kept: HeaderMap = ours
            .fields()
            .map(|(name, value)| (name, value.clone()))
            .collect();
        assert_eq!(Validators::of(&kept), ours);
    }
}
