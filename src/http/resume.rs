//! May what a server sends be put behind what we have? The decision, without any I/O.
//!
//! Law: half of one version and half of another make a file that nobody ever had, and nothing
//! in it says so. So the two halves are joined only if *everything* speaks for it:
//!
//! - S1: it is asked with a strong validator in `If-Range`, or not with a range at all, so an
//!   honest server sends the whole once the file has changed.
//! - S2: servers ignore `If-Range`. So a 206 is compared: it begins where we end, knows the
//!   same length of the whole, and has the same validators.
//! - S3: what does not fit is never written beside what does: the file is begun again.
//!
//! ```text
//!            200 and the like ─▶ TakeWhole     (the file changed, or no ranges here)
//!   Range         │ with the ETag that we have ─▶ AskWithoutIfRange, once
//!   If-Range ──▶ 206 ─▶ Append (all of S2), StartAgain (another version),
//!                 │     Refuse (breaks a rule)
//!                416 ─▶ Complete (it ends where we end, same validators), else StartAgain
//!               other ─▶ Refuse: no word about the file; what we have stays good
//! ```
//!
//! Price of S2: a server that leaves the `ETag` out of a 206, which RFC 9110 §15.3.7 forbids,
//! has everything asked of it again.
//!
//! [`Resume`] asks for all that is behind the first bytes of a file. `byte_range` asks by the
//! same rules for some bytes in its middle.

mod byte_range;

use ::http::{HeaderMap, HeaderValue, StatusCode, header};

use crate::http::error::Violation;
use crate::http::fields::{ContentRange, Validators, only};

pub use byte_range::ByteRange;

/// What is there of a file already, and of which version.
///
/// ```
/// use hob::http::{HeaderMap, Resume, StatusCode, Validators, Verdict};
/// let mut headers = HeaderMap::new();
/// headers.insert("etag", "\"v1\"".parse().unwrap());
/// let resume = Resume { have: 500, total: Some(1000), validators: Validators::of(&headers) };
/// assert_eq!(resume.request().unwrap()["range"], "bytes=500-");
///
/// headers.insert("content-range", "bytes 500-999/1000".parse().unwrap());
/// let verdict = resume.judge(true, StatusCode::PARTIAL_CONTENT, &headers);
/// assert_eq!(verdict, Verdict::Append { at: 500, end: 1000, total: Some(1000) });
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resume {
    /// So many bytes, from the first one on.
    pub have: u64,
    /// How many there are in all, if the server said it.
    pub total: Option<u64>,
    /// Of the response that the bytes came with.
    pub validators: Validators,
}

/// What to do with a response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Write its content from byte `at` on, up to `end` and not beyond.
    Append {
        /// Where its first byte belongs.
        at: u64,
        /// Where its last byte ends. If that is before the total, ask for the rest.
        end: u64,
        /// How many there are in all, as far as anybody said.
        total: Option<u64>,
    },
    /// It is the whole file: drop what is there, and write it from the beginning.
    TakeWhole,
    /// What is there is the whole file.
    Complete,
    /// Drop this response, and ask once more with the range but without `If-Range`: some
    /// caches know that nothing changed, and yet send the whole as soon as the field is there.
    AskWithoutIfRange,
    /// Drop this response, and ask for the whole, without a range.
    StartAgain {
        /// Why what is there is of no use.
        why: &'static str,
    },
    /// The response says nothing about the file: an error status, or a broken rule. What is
    /// there is as good as before.
    Refuse(Violation),
}

impl Resume {
    /// The fields to ask with: `Range`, `If-Range`, and `Accept-Encoding: identity`, since a
    /// range counts the bytes of the coded form (RFC 9110 §14.2). `None`: nothing is there, or
    /// it is of a version that cannot be recognized, so ask for the whole.
    ///
    /// Who has every byte already asks for the last one again: the 206 then says of which
    /// version it is, as a 416 need not.
    pub fn request(&self) -> Option<HeaderMap> {
        let validator = self.validators.if_range()?;
        let first = self.first()?;
        let range = HeaderValue::try_from(format!("bytes={first}-"));
        let mut headers = HeaderMap::new();
        headers.insert(header::RANGE, range.expect("digits are a value"));
        headers.insert(header::IF_RANGE, validator.clone());
        headers.insert(
            header::ACCEPT_ENCODING,
            HeaderValue::from_static("identity"),
        );
        Some(headers)
    }

    /// From which byte on to ask.
    fn first(&self) -> Option<u64> {
        match self.total {
            _ if self.have == 0 => None,
            Some(total) if self.have > total => None,
            Some(total) => Some(self.have.min(total - 1)),
            None => Some(self.have),
        }
    }

    /// Does a response of this status bring the whole file? That is a 200, the same from a
    /// proxy that changed it (203), and a 2xx that nobody knows, which stands for a 200 (RFC
    /// 9110 §15). The others say that there is something else, a piece, or nothing.
    ///
    /// ```
    /// use hob::http::{Resume, StatusCode};
    /// assert!(Resume::is_whole(StatusCode::OK));
    /// assert!(!Resume::is_whole(StatusCode::NO_CONTENT));
    /// ```
    pub fn is_whole(status: StatusCode) -> bool {
        // Known in RFC 9110, 4918 (207), 5842 (208) and 3229 (226).
        status.is_success() && !matches!(status.as_u16(), 201 | 202 | 204..=208 | 226)
    }

    /// What the response to [`request`](Resume::request) is good for. `with_if_range`: was the
    /// field sent, or is this the answer after [`Verdict::AskWithoutIfRange`]?
    pub fn judge(&self, with_if_range: bool, status: StatusCode, headers: &HeaderMap) -> Verdict {
        match status.as_u16() {
            _ if Resume::is_whole(status) => {
                match with_if_range && was_overlooked(&self.validators, headers) {
                    true => Verdict::AskWithoutIfRange,
                    false => Verdict::TakeWhole,
                }
            }
            206 => self.judge_part(headers).unwrap_or_else(|verdict| verdict),
            416 => self.judge_unsatisfied(headers),
            _ => refuse("no word about the file", "RFC 9110 §15"),
        }
    }

    fn judge_part(&self, headers: &HeaderMap) -> Result<Verdict, Verdict> {
        let Some(asked) = self.first() else {
            return Err(refuse("a 206 that was not asked for", "RFC 9110 §15.3.7"));
        };
        judge_part(asked, self.total, Some(&self.validators), headers)
    }

    /// RFC 9110 §15.5.17. A 416 has to say of which version it speaks: without that, another
    /// file that happens to be as long would do.
    fn judge_unsatisfied(&self, headers: &HeaderMap) -> Verdict {
        let theirs = Validators::of(headers);
        let names_it = theirs.fields().any(|(name, _)| name != header::DATE);
        let ends_here =
            ContentRange::of(headers) == Some(ContentRange::Unsatisfied { total: self.have });
        let known = self.total.is_none_or(|total| total == self.have);
        if ends_here && known && names_it && self.validators.are_continued_by(&theirs) {
            return Verdict::Complete;
        }
        start_again("the server has no such bytes of it")
    }
}

/// Is this the version that we have, sent whole? A server that says that it has no ranges
/// overlooked nothing.
fn was_overlooked(ours: &Validators, headers: &HeaderMap) -> bool {
    let ours = ours.strong_etag();
    let no_ranges = only(headers, &header::ACCEPT_RANGES).is_some_and(|v| v == "none");
    ours.is_some() && Validators::of(headers).strong_etag() == ours && !no_ranges
}

/// S2, of the answer to a range that begins at `asked`, in a file of `total` bytes and this
/// `version`. Without one, only the places are compared.
fn judge_part(
    asked: u64,
    total: Option<u64>,
    version: Option<&Validators>,
    headers: &HeaderMap,
) -> Result<Verdict, Verdict> {
    let ours = total;
    let Some(ContentRange::Bytes { first, last, total }) = ContentRange::of(headers) else {
        // Also where there are several parts, each with a range of its own.
        let what = "a 206 without one good Content-Range";
        return Err(refuse(what, "RFC 9110 §15.3.7"));
    };
    if first != asked {
        let what = "a 206 with other bytes than were asked for";
        return Err(refuse(what, "RFC 9110 §15.3.7.1"));
    }
    let coding = headers.get_all(header::CONTENT_ENCODING);
    if coding
        .iter()
        .any(|coding| !coding.as_bytes().eq_ignore_ascii_case(b"identity"))
    {
        let what = "a 206 with a content coding that was not asked for";
        return Err(refuse(what, "RFC 9110 §14.2"));
    }
    if let (Some(ours), Some(theirs)) = (ours, total)
        && ours != theirs
    {
        return Err(start_again("its length has changed"));
    }
    let total = ours.or(total);
    if total.is_some_and(|total| last >= total) {
        return Err(start_again("it has become longer"));
    }
    if version.is_some_and(|ours| !ours.are_continued_by(&Validators::of(headers))) {
        return Err(start_again("it is another version"));
    }
    Ok(Verdict::Append {
        at: first,
        end: last + 1,
        total,
    })
}

fn start_again(why: &'static str) -> Verdict {
    Verdict::StartAgain { why }
}

fn refuse(what: &'static str, rule: &'static str) -> Verdict {
    Verdict::Refuse(Violation { what, rule })
}

#[cfg(test)]
mod tests;
