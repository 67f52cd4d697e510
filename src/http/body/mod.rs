//! Where a response's body begins is easy; this file knows where it ends.
//!
//! Law (RFC 9112 §6.3): eight rules, in order, say which bytes are the body. Two parties that
//! apply them differently see different responses in the same bytes; that is how caches get
//! poisoned and downloads cut short without anyone noticing. Consequence: the rules stand in
//! [`framing`] once, in the RFC's order and under its numbers; where the RFC lets us guess,
//! we fail instead.
//!
//! A [`Body`] is fed whatever bytes are there and says what they are: so many to drop, a range
//! that is content, or the end. It copies nothing. Only the peer's close can be good or bad
//! depending on the framing, so that is asked separately ([`Body::eof`]).
//!
//! - B1: a body whose length was announced, or that is chunked, is whole only if all of it
//!   came. A close before that is an error, never an end.
//! - B2: bytes after the end belong to nobody. They are never handed out, and a connection
//!   that has some is not used again (`conn` looks).

mod chunked;
mod step;

use ::http::header::{self, HeaderMap, HeaderValue};
use ::http::{Method, StatusCode, Version};

use crate::http::error::{ErrorKind, Phase};
use crate::http::head::Head;
use step::take;

pub(crate) use chunked::Chunks;
pub(crate) use step::Step;

/// Lengths from here on are refused: they would be negative as a file's offset.
const MAX_LENGTH: u64 = i64::MAX as u64;

/// How the end of the body is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    /// There is none, whatever the fields say.
    Nothing,
    /// So many bytes.
    Length(u64),
    /// Chunks, each with its size, and a last one of size 0.
    Chunked,
    /// Everything until the peer closes.
    UntilClose,
}

/// The eight rules of RFC 9112 §6.3 for the response `head` to a request of `method`.
pub(crate) fn framing(method: &Method, head: &Head) -> Result<Framing, ErrorKind> {
    let bare = head.status.is_informational()
        || head.status == StatusCode::NO_CONTENT
        || head.status == StatusCode::NOT_MODIFIED;
    // 1. No content after HEAD, 1xx, 204 and 304.
    // 2. Nor after a CONNECT that succeeded: what follows is a tunnel.
    if bare || *method == Method::HEAD || (*method == Method::CONNECT && head.status.is_success()) {
        return Ok(Framing::Nothing);
    }
    // 3. Transfer-Encoding overrides Content-Length (see `is_suspect`).
    // 4. In a response it must end in "chunked". We know no other coding, so it is all of it.
    if head.headers.contains_key(header::TRANSFER_ENCODING) {
        return only_chunked(&head.headers).map(|()| Framing::Chunked);
    }
    // 5. A Content-Length that is no number, or several that differ, is an error.
    // 6. Else it is the length.
    // 7. (Concerns requests.)
    // 8. Without either, the body ends with the connection.
    let length = content_length(&head.headers)?;
    Ok(length.map_or(Framing::UntilClose, Framing::Length))
}

/// Both lengths at once, chunks in HTTP/1.0, or a body where none may be: a sign that somebody
/// on the way speaks another dialect. The response counts, the connection does not carry
/// another (RFC 9112 §6.1, §6.3).
pub(crate) fn is_suspect(head: &Head) -> bool {
    let has_both = head.headers.contains_key(header::CONTENT_LENGTH);
    let is_old = head.version == Version::HTTP_10;
    let is_odd = has_both || is_old;
    head.headers.contains_key(header::TRANSFER_ENCODING) && is_odd || announces_in_vain(head)
}

/// A 1xx or 204 has no body and must not announce one (RFC 9110 §8.6, RFC 9112 §6.1). If it
/// does, a body may still follow, which would be read as the next response. A 304 may say
/// what a 200 would have been. Many servers send a length of 0, which promises nothing.
fn announces_in_vain(head: &Head) -> bool {
    let is_bare = head.status.is_informational() || head.status == StatusCode::NO_CONTENT;
    let length = content_length(&head.headers);
    let is_empty = matches!(length, Ok(None | Some(0)));
    is_bare && (head.headers.contains_key(header::TRANSFER_ENCODING) || !is_empty)
}

/// The one coding "chunked": not twice, not quoted, no parameters, nothing beside it.
fn only_chunked(headers: &HeaderMap) -> Result<(), ErrorKind> {
    let mut fields = headers.get_all(header::TRANSFER_ENCODING).iter();
    let coding = fields.next().map(HeaderValue::as_bytes).unwrap_or_default();
    if coding.eq_ignore_ascii_case(b"chunked") && fields.next().is_none() {
        return Ok(());
    }
    let what = "its Transfer-Encoding is not just chunked";
    Err(ErrorKind::protocol(what, "RFC 9112 §6.1"))
}

/// The announced length. The same number several times is one number (RFC 9110 §8.6).
pub(crate) fn content_length(headers: &HeaderMap) -> Result<Option<u64>, ErrorKind> {
    let fields = headers.get_all(header::CONTENT_LENGTH).iter();
    let mut numbers = fields.flat_map(|field| field.as_bytes().split(|&b| b == b','));
    let Some(first) = numbers.next() else {
        return Ok(None);
    };
    let length = decimal(first.trim_ascii());
    if numbers.all(|other| decimal(other.trim_ascii()) == length) && length.is_some() {
        return Ok(length);
    }
    let what = "its Content-Length is no number, or several";
    Err(ErrorKind::protocol(what, "RFC 9112 §6.3"))
}

/// `1*DIGIT`, and nothing that `str::parse` would let pass besides ("+5").
fn decimal(digits: &[u8]) -> Option<u64> {
    let mut number = 0_u64;
    for digit in digits {
        let value = digit.is_ascii_digit().then(|| u64::from(digit - b'0'))?;
        number = number.checked_mul(10)?.checked_add(value)?;
    }
    (!digits.is_empty() && number <= MAX_LENGTH).then_some(number)
}

/// Reads one body.
#[derive(Debug)]
pub(crate) struct Body {
    state: State,
    /// Bytes of content handed out so far.
    got: u64,
}

#[derive(Debug)]
enum State {
    /// So many bytes are still to come.
    Length {
        left: u64,
        all: u64,
    },
    Chunked(Box<Chunks>),
    UntilClose,
    /// Whole. `Framing::Nothing` begins here.
    Done,
}

impl Body {
    pub(crate) fn new(framing: Framing, max_trailers: usize) -> Body {
        let state = match framing {
            Framing::Nothing => State::Done,
            Framing::Length(all) => State::Length { left: all, all },
            Framing::Chunked => State::Chunked(Box::new(Chunks::new(max_trailers))),
            Framing::UntilClose => State::UntilClose,
        };
        Body { state, got: 0 }
    }

    /// Says what `bytes` begin with. They are those that were not dropped yet.
    pub(crate) fn decode(&mut self, bytes: &[u8]) -> Result<Step, ErrorKind> {
        let step = match &mut self.state {
            State::Done => Step::End(0),
            State::Length { left: 0, .. } => Step::End(0),
            State::Length { .. } | State::UntilClose if bytes.is_empty() => Step::More(0),
            State::Length { left, .. } => Step::Data(0..take(left, bytes.len())),
            State::Chunked(chunks) => chunks.decode(bytes)?,
            State::UntilClose => Step::Data(0..bytes.len()),
        };
        if let Step::Data(range) = &step {
            self.got += range.len() as u64;
        }
        Ok(step)
    }

    /// The peer closed, and there are no bytes left. Is the body whole (B1)?
    pub(crate) fn eof(&mut self) -> Result<(), ErrorKind> {
        let wanted = match &self.state {
            State::Done | State::UntilClose | State::Length { left: 0, .. } => return Ok(()),
            // The data is complete with the chunk of size 0; what misses is the trailers.
            State::Chunked(chunks) if chunks.has_last_chunk() => return Ok(()),
            State::Chunked(_) => None,
            State::Length { all, .. } => Some(*all),
        };
        Err(ErrorKind::EndedEarly {
            phase: Phase::Body,
            got: self.got,
            wanted,
        })
    }

    /// Does only the peer's close say where it ends?
    pub(crate) fn is_until_close(&self) -> bool {
        matches!(self.state, State::UntilClose)
    }

    /// Is it whole, so far as is known without a close or further bytes?
    pub(crate) fn is_done(&self) -> bool {
        match &self.state {
            State::Done | State::Length { left: 0, .. } => true,
            State::Chunked(chunks) => chunks.is_done(),
            State::Length { .. } | State::UntilClose => false,
        }
    }

    /// The fields after the last chunk, once it is done.
    pub(crate) fn trailers(&self) -> Option<&HeaderMap> {
        match &self.state {
            State::Chunked(chunks) => chunks.trailers(),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ::http::HeaderName;

    fn head(status: u16, fields: &[(&'static str, &'static str)]) -> Head {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            let name = HeaderName::from_static(name);
            headers.append(name, HeaderValue::from_static(value));
        }
        Head {
            status: StatusCode::from_u16(status).expect("a status"),
            version: Version::HTTP_11,
            headers,
        }
    }

    fn length_of(values: &[&'static str]) -> Result<Option<u64>, ErrorKind> {
        let fields: Vec<_> = values
            .iter()
            .map(|value| ("content-length", *value))
            .collect();
        content_length(&head(200, &fields).headers)
    }

    #[test]
    fn the_eight_rules_stand_in_their_order() {
        let both = [("content-length", "9"), ("transfer-encoding", "chunked")];
        let of = |method: &Method, status, fields: &[_]| {
            framing(method, &head(status, fields)).expect("clear")
        };
        for status in [100, 204, 304] {
            assert_eq!(of(&Method::GET, status, &both), Framing::Nothing);
        }
        assert_eq!(of(&Method::HEAD, 200, &both), Framing::Nothing);
        assert_eq!(of(&Method::CONNECT, 200, &both), Framing::Nothing);
        assert_eq!(of(&Method::CONNECT, 407, &both), Framing::Chunked);
        assert_eq!(of(&Method::GET, 200, &both), Framing::Chunked);
        assert_eq!(of(&Method::GET, 200, &both[..1]), Framing::Length(9));
        assert_eq!(of(&Method::GET, 200, &[]), Framing::UntilClose);
    }

    #[test]
    fn lengths_and_chunks_together_are_suspect_and_so_are_chunks_in_1_0() {
        let both = [("content-length", "9"), ("transfer-encoding", "chunked")];
        assert!(is_suspect(&head(200, &both)));
        assert!(!is_suspect(&head(200, &both[..1])));
        assert!(!is_suspect(&head(200, &both[1..])));
        let mut old = head(200, &both[1..]);
        old.version = Version::HTTP_10;
        assert!(is_suspect(&old));
        old.headers.clear();
        assert!(!is_suspect(&old));
    }

    /// A 304 may say what a 200 would have been, and no more than "0 bytes" is said by many.
    #[test]
    fn a_body_announced_where_none_may_be_is_suspect() {
        for fields in [
            [("content-length", "9")],
            [("transfer-encoding", "chunked")],
        ] {
            for status in [103, 204] {
                assert!(is_suspect(&head(status, &fields)), "{status} {fields:?}");
            }
            assert!(!is_suspect(&head(304, &fields)), "{fields:?}");
            assert!(!is_suspect(&head(200, &fields)), "{fields:?}");
        }
        assert!(is_suspect(&head(204, &[("content-length", "x")])));
        assert!(!is_suspect(&head(204, &[("content-length", "0")])));
        assert!(!is_suspect(&head(204, &[])));
    }

    #[test]
    fn a_length_is_one_number_however_often_it_is_said() {
        assert_eq!(length_of(&[]).ok(), Some(None));
        assert_eq!(length_of(&["0"]).ok(), Some(Some(0)));
        assert_eq!(length_of(&["5", "5, 5", "05"]).ok(), Some(Some(5)));
        assert_eq!(
            length_of(&["9223372036854775807"]).ok(),
            Some(Some(MAX_LENGTH))
        );
        for bad in [
            "", " ", "5,", ",5", "+5", "-5", "5 5", "5,6", "0x5", "5.0", "1e1",
        ] {
            assert!(length_of(&[bad]).is_err(), "{bad:?}");
        }
        let large = [
            "9223372036854775808",
            "18446744073709551616",
            "99999999999999999999999",
        ];
        for bad in large {
            assert!(length_of(&[bad]).is_err(), "{bad}");
        }
        assert!(length_of(&["5", "6"]).is_err());
        assert!(length_of(&["", ""]).is_err(), "alike, and yet no number");
    }

    #[test]
    fn a_body_of_known_length_takes_so_many_bytes_and_leaves_the_rest() {
        let mut body = Body::new(Framing::Length(5), 0);
        assert_eq!(body.decode(b"").ok(), Some(Step::More(0)));
        assert_eq!(body.decode(b"hel").ok(), Some(Step::Data(0..3)));
        assert!(!body.is_done());
        assert_eq!(body.decode(b"loHTTP").ok(), Some(Step::Data(0..2)));
        assert!(body.is_done());
        assert_eq!(body.decode(b"HTTP").ok(), Some(Step::End(0)));
        assert!(body.eof().is_ok());
    }

    /// Broken by: any arm of `eof` that answers `Ok`.
    #[test]
    fn a_close_is_an_end_only_where_nothing_else_was_announced() {
        let mut body = Body::new(Framing::Length(10), 0);
        body.decode(b"hello").expect("content");
        let error = body.eof().unwrap_err();
        assert!(error.to_string().contains("5 bytes came of 10"), "{error}");

        let mut body = Body::new(Framing::UntilClose, 0);
        assert_eq!(body.decode(b"").ok(), Some(Step::More(0)));
        assert_eq!(body.decode(b"abc").ok(), Some(Step::Data(0..3)));
        assert!(!body.is_done(), "only the close tells");
        assert!(body.eof().is_ok());

        let mut body = Body::new(Framing::Chunked, 100);
        body.decode(b"0").expect("a size, perhaps");
        assert!(body.eof().is_err());
        body.decode(b"\r\nX: y").expect("the last chunk");
        assert!(body.eof().is_ok(), "the content is complete");
        assert!(!body.is_done(), "but the response is not");

        assert!(Body::new(Framing::Nothing, 0).eof().is_ok());
        assert!(Body::new(Framing::Length(0), 0).is_done());
    }
}
