//! What goes through the channel: frames, each with a length, a kind and a body.
//!
//! ```text
//!   u32 little-endian: length of what follows │ u8: kind │ body
//!   a request's body:  u16 little-endian: length of the name │ name │ JSON
//! ```
//!
//! Both ends are the same program, so there is no version and nothing to negotiate. A length
//! is looked at before memory is made for it: a worker that was overrun by its function must
//! not be able to take us along.

use std::io::{self, Read, Write};

use serde_core::Serialize;
use serde_core::de::DeserializeOwned;

use super::PoolError;

/// What a frame says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// To the worker: run this.
    Request = 1,
    /// From here on, from the worker: I serve.
    Hello,
    /// What the function returned.
    Answer,
    /// A panic has begun. It may yet be caught, or abort the process.
    Panicking,
    /// The job is over by a panic. The body is its text.
    Panicked,
    UnknownJob,
    /// The answer's length, as eight bytes: it is not sent.
    TooLong,
    /// The request could not be decoded, or the answer not encoded.
    Encoding,
}

const KINDS: [Kind; 8] = [
    Kind::Request,
    Kind::Hello,
    Kind::Answer,
    Kind::Panicking,
    Kind::Panicked,
    Kind::UnknownJob,
    Kind::TooLong,
    Kind::Encoding,
];

/// The length in front of each frame.
pub(super) const HEAD: usize = 4;

/// Frames of other kinds than `Request` and `Answer` are at most so long, whatever the limit
/// for those is.
pub(super) const SHORT: usize = 64 * 1024;

/// The frame of a request.
pub(super) fn request<Req: Serialize + ?Sized>(
    name: &str,
    request: &Req,
    max_frame_bytes: usize,
) -> Result<Vec<u8>, PoolError> {
    let Ok(name_length) = u16::try_from(name.len()) else {
        return Err(PoolError::UnknownJob(name.into()));
    };
    let mut frame = begin(Kind::Request);
    frame.extend(name_length.to_le_bytes());
    frame.extend(name.as_bytes());
    let start = frame.len();
    serde_json::to_writer(&mut frame, request)
        .map_err(|error| PoolError::Encoding(format!("cannot encode the request: {error}")))?;
    check("request", (frame.len() - start) as u64, max_frame_bytes)?;
    Ok(end(frame))
}

/// Is it short enough?
pub(super) fn check(
    what: &'static str,
    bytes: u64,
    max_frame_bytes: usize,
) -> Result<(), PoolError> {
    match bytes > max_frame_bytes as u64 {
        true => Err(PoolError::TooLong {
            what,
            bytes,
            max_frame_bytes,
        }),
        false => Ok(()),
    }
}

/// An answer, from its JSON.
pub(super) fn decode<Resp: DeserializeOwned>(answer: &[u8]) -> Result<Resp, PoolError> {
    serde_json::from_slice(answer)
        .map_err(|error| PoolError::Encoding(format!("cannot decode the answer: {error}")))
}

fn begin(kind: Kind) -> Vec<u8> {
    let mut frame = vec![0; HEAD];
    frame.push(kind as u8);
    frame
}

fn end(mut frame: Vec<u8>) -> Vec<u8> {
    let length = u32::try_from(frame.len() - HEAD).expect("max_frame_bytes is far below");
    frame[..HEAD].copy_from_slice(&length.to_le_bytes());
    frame
}

/// Sends a frame. One write, so that two threads cannot mix theirs if they take turns.
pub(super) fn write(to: &mut impl Write, kind: Kind, body: &[u8]) -> io::Result<()> {
    let mut frame = begin(kind);
    let body = match kind {
        Kind::Answer => body,
        _ => &body[..body.len().min(SHORT)],
    };
    frame.extend(body);
    to.write_all(&end(frame))
}

/// How long the rest of the frame is that begins with `head`.
pub(super) fn length(head: [u8; HEAD], max_frame_bytes: usize) -> io::Result<usize> {
    let length = u32::from_le_bytes(head) as usize;
    // The kind, a name with its length, and the body.
    let most = 1 + 2 + usize::from(u16::MAX) + max_frame_bytes.max(SHORT);
    match (1..=most).contains(&length) {
        true => Ok(length),
        false => Err(strange()),
    }
}

/// Takes the kind off a frame whose head was read.
pub(super) fn kind(rest: &[u8]) -> io::Result<(Kind, &[u8])> {
    let (first, body) = rest.split_first().ok_or_else(strange)?;
    let kind = KINDS.into_iter().find(|&kind| kind as u8 == *first);
    Ok((kind.ok_or_else(strange)?, body))
}

fn strange() -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        "what came through the channel of a worker is no frame",
    )
}

/// Waits for a request, by blocking; its name and its JSON. `None`: there will be none.
pub(super) fn read_request(
    from: &mut impl Read,
    max_frame_bytes: usize,
) -> io::Result<Option<(String, Vec<u8>)>> {
    let mut head = [0; HEAD];
    match from.read_exact(&mut head) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        read => read?,
    }
    let mut rest = vec![0; length(head, max_frame_bytes)?];
    from.read_exact(&mut rest)?;
    let (Kind::Request, body) = kind(&rest)? else {
        return Err(strange());
    };
    let (name_length, body) = body.split_first_chunk().ok_or_else(strange)?;
    let name_length = usize::from(u16::from_le_bytes(*name_length));
    let (name, json) = body.split_at_checked(name_length).ok_or_else(strange)?;
    let name = String::from_utf8(name.into()).map_err(|_| strange())?;
    Ok(Some((name, json.into())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_arrives_as_it_was_sent() {
        let sent = request("name", &(1, "x"), 100).unwrap();
        let mut from = [&sent[..], &sent[..]].concat();
        from.truncate(sent.len() * 2 - 1);
        let mut from = &from[..];
        let (name, json) = read_request(&mut from, 100).unwrap().unwrap();
        assert_eq!((&name[..], &json[..]), ("name", &b"[1,\"x\"]"[..]));
        let torn = read_request(&mut from, 100).unwrap_err();
        assert_eq!(torn.kind(), io::ErrorKind::UnexpectedEof);
        assert!(read_request(&mut from, 100).unwrap().is_none());
    }

    /// Broken by: `length` without its limit.
    #[test]
    fn no_memory_is_made_for_a_length_beyond_the_limit() {
        for head in [[0xff; 4], [0; 4]] {
            assert!(read_request(&mut &head[..], 100).is_err());
        }
        assert!(read_request(&mut &b"\x01\0\0\0\x01"[..], 100).is_err());
        assert!(read_request(&mut &b"\x03\0\0\0\x01\x05\0"[..], 100).is_err());
    }

    #[test]
    fn a_request_beyond_the_limit_is_an_error_that_names_it() {
        assert!(request("", "12345678", 10).is_ok());
        let error = request("", "123456789", 10).unwrap_err();
        let said = error.to_string();
        assert!(said.contains("request of 11 bytes") && said.contains("max_frame_bytes, 10"));
    }
}
