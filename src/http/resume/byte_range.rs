//! Some bytes of a file out of its middle: how to ask for them, and whether an answer brings
//! them. The rules are those of `resume`, which asks for all that is behind what it has.

use ::http::{HeaderMap, HeaderValue, StatusCode, header};

use super::{Resume, Verdict, judge_part, refuse, start_again, was_overlooked};
use crate::http::fields::Validators;

/// A stretch of a file of a known version, to be fetched by a request of its own: so several
/// requests can bring one file together, and what is missing in its middle can be filled.
///
/// ```
/// use hob::http::{ByteRange, HeaderMap, StatusCode, Validators, Verdict};
/// let mut headers = HeaderMap::new();
/// headers.insert("etag", "\"v1\"".parse().unwrap());
/// let version = Some(Validators::of(&headers));
/// let range = ByteRange { first: 500, end: 700, total: Some(1000), version };
/// assert_eq!(range.request().unwrap()["range"], "bytes=500-699");
///
/// headers.insert("content-range", "bytes 500-699/1000".parse().unwrap());
/// let verdict = range.judge(true, StatusCode::PARTIAL_CONTENT, &headers);
/// assert_eq!(verdict, Verdict::Append { at: 500, end: 700, total: Some(1000) });
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ByteRange {
    /// The place of its first byte; that of the file's first is 0.
    pub first: u64,
    /// The place behind its last byte, and so more than `first`.
    pub end: u64,
    /// How many bytes the file has, if that is known.
    pub total: Option<u64>,
    /// The validators of the version that the other bytes are of. `None`: they are not
    /// compared, because the program has a better way to know that they fit, such as a digest
    /// of the whole from somebody it trusts. Then only the place and the total have to agree.
    pub version: Option<Validators>,
}

impl ByteRange {
    /// The fields to ask with, as [`Resume::request`] has them. `None`: the range is empty, or
    /// its version cannot be recognized.
    pub fn request(&self) -> Option<HeaderMap> {
        let last = self.end.checked_sub(1).filter(|last| *last >= self.first)?;
        let mut headers = HeaderMap::new();
        if let Some(version) = &self.version {
            headers.insert(header::IF_RANGE, version.if_range()?.clone());
        }
        let range = HeaderValue::try_from(format!("bytes={}-{last}", self.first));
        headers.insert(header::RANGE, range.expect("digits are a value"));
        let identity = HeaderValue::from_static("identity");
        headers.insert(header::ACCEPT_ENCODING, identity);
        Some(headers)
    }

    /// What the response to [`request`](ByteRange::request) is good for. `with_if_range`: was
    /// the field sent? [`Verdict::Complete`] never comes.
    ///
    /// [`Verdict::Append`] is for no more bytes than were asked for: a server that sends more
    /// is to be cut short. It may be for fewer.
    pub fn judge(&self, with_if_range: bool, status: StatusCode, headers: &HeaderMap) -> Verdict {
        let version = self.version.as_ref();
        match status.as_u16() {
            _ if Resume::is_whole(status) => {
                let asked = with_if_range.then_some(version).flatten();
                match asked.is_some_and(|version| was_overlooked(version, headers)) {
                    true => Verdict::AskWithoutIfRange,
                    false => Verdict::TakeWhole,
                }
            }
            206 => match judge_part(self.first, self.total, version, headers) {
                Ok(Verdict::Append { at, end, total }) => {
                    let end = end.min(self.end);
                    Verdict::Append { at, end, total }
                }
                Ok(verdict) | Err(verdict) => verdict,
            },
            416 => start_again("the server has no such bytes of it"),
            _ => refuse("no word about the file", "RFC 9110 §15"),
        }
    }
}
