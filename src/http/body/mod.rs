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

    /// So many bytes are still to come that are content whatever they are.
    pub(crate) fn plain_left(&self) -> u64 {
        match &self.state {
            State::Length { left, .. } => *left,
            State::UntilClose => u64::MAX,
            State::Chunked(_) | State::Done => 0,
        }
    }

    /// So many bytes of [`Body::plain_left`] went another way, unseen.
    pub(crate) fn skip(&mut self, count: u64) {
        debug_assert!(count <= self.plain_left(), "B2");
        self.got += count;
        if let State::Length { left, .. } = &mut self.state {
            *left -= count;
        }
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
mod tests;
