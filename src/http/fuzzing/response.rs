//! Promises of `head`, `chunked` and `body`, and of all of them together with `coding`.

use ::http::{HeaderMap, Method, StatusCode, Version};

use super::reader::{MAX_HEAD, Outcome, Reader};
use super::{place_in, same_however_split};
use crate::http::body::{Chunks, Framing, Step};
use crate::http::error::ErrorKind;
use crate::http::head::{Found, HeadReader, MAX_FIELDS, to_map};

/// The most bytes that a coded body may unpack to here.
const MAX_BODY: u64 = 1 << 20;

/// A head in parts that can be compared.
type Parts = (StatusCode, Version, HeaderMap);

/// Every head up to the final one, and where each ends; `None` at the end if that is not there.
fn heads(pieces: &[&[u8]], max_head: usize) -> Result<Vec<Option<(usize, Parts)>>, ErrorKind> {
    let mut reader = HeadReader::new(max_head);
    let (mut buffer, mut gone, mut all) = (Vec::new(), 0, Vec::new());
    for piece in pieces {
        buffer.extend_from_slice(piece);
        while !buffer.is_empty() {
            let (end, head, is_last) = match reader.read(&buffer)? {
                Found::Partial => break,
                Found::Interim(end, head) => (end, head, false),
                Found::Final(end, head) => (end, head, true),
            };
            buffer.drain(..end);
            gone += end;
            assert_eq!(head.status.is_informational(), !is_last);
            all.push(Some((gone, (head.status, head.version, head.headers))));
            if is_last {
                return Ok(all);
            }
        }
    }
    all.push(None);
    Ok(all)
}

fn write_head((status, version, headers): &Parts) -> Vec<u8> {
    let minor = u8::from(*version == Version::HTTP_11);
    let mut out = format!("HTTP/1.{minor} {} \r\n", status.as_u16()).into_bytes();
    write_fields(&mut out, headers);
    out
}

fn write_fields(out: &mut Vec<u8>, fields: &HeaderMap) {
    for (name, value) in fields {
        out.extend_from_slice(name.as_str().as_bytes());
        out.extend_from_slice(b": ");
        out.extend_from_slice(value.as_bytes());
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(b"\r\n");
}

/// The heads that `data` begins with: F1; F2; and no head is longer than the limit, or ends
/// anywhere but behind a blank line.
pub fn head(data: &[u8]) {
    const LIMIT: usize = 500;
    let small = heads(&[data], LIMIT);
    if let Some((end, _)) = small.ok().and_then(|all| all.into_iter().flatten().last()) {
        assert!(end <= LIMIT, "F3");
    }
    let read = same_however_split(data, |pieces| heads(pieces, MAX_HEAD).ok());
    for (end, parts) in read.into_iter().flatten().flatten() {
        assert!(data[..end].ends_with(b"\n\n") || data[..end].ends_with(b"\n\r\n"));
        let written = write_head(&parts);
        let again = heads(&[&written], MAX_HEAD).expect("what was read can be read again");
        assert_eq!(again[0], Some((written.len(), parts)), "F2");
    }
}

/// Content, trailers, and the place behind the end.
type Unchunked = (Vec<u8>, HeaderMap, usize);

/// `None`: the end is not there.
fn unchunk(pieces: &[&[u8]]) -> Result<Option<Unchunked>, ErrorKind> {
    let mut chunks = Chunks::new(MAX_HEAD);
    let (mut buffer, mut content, mut gone) = (Vec::new(), Vec::new(), 0);
    for piece in pieces {
        buffer.extend_from_slice(piece);
        loop {
            let (count, waits) = match chunks.decode(&buffer)? {
                Step::More(count) => (count, true),
                Step::Data(range) => {
                    content.extend_from_slice(&buffer[range.clone()]);
                    (range.end, false)
                }
                Step::End(count) => {
                    let trailers = chunks.trailers().cloned().unwrap_or_default();
                    return Ok(Some((content, trailers, gone + count)));
                }
            };
            buffer.drain(..count);
            gone += count;
            if waits {
                assert!(buffer.is_empty(), "it waits for bytes that are there");
                break;
            }
        }
    }
    Ok(None)
}

/// A second reader of chunks (F4), for bytes that are all there, as the grammar has it
/// (RFC 9112 §7.1). It knows no limits. `None`: they are not whole, or no chunks.
fn unchunk_plainly(data: &[u8]) -> Option<Unchunked> {
    let (mut at, mut content) = (0, Vec::new());
    loop {
        let line = line(&data[at..])?;
        at += line.len() + 2;
        let digits = line.iter().take_while(|byte| byte.is_ascii_hexdigit());
        let (digits, rest) = line.split_at(digits.count());
        let extension = rest.trim_ascii_start();
        let fits = |&byte: &u8| byte == b'\t' || byte >= b' ' && byte != 0x7f;
        if !rest.iter().all(fits) || !matches!(extension.first(), None | Some(b';')) {
            return None;
        }
        let size = i64::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
        if size == 0 {
            break;
        }
        let end = at.checked_add(usize::try_from(size).ok()?)?;
        content.extend_from_slice(data.get(at..end)?);
        at = end.checked_add(2)?;
        (data.get(end..at)? == b"\r\n").then_some(())?;
    }
    let section = at;
    loop {
        let line = line(&data[at..])?;
        at += line.len() + 2;
        if line.is_empty() {
            break;
        }
    }
    let mut fields = [httparse::EMPTY_HEADER; MAX_FIELDS];
    let parsed = httparse::parse_headers(&data[section..at], &mut fields).ok()?;
    let httparse::Status::Complete((_, fields)) = parsed else {
        return None;
    };
    Some((content, to_map(fields).ok()?, at))
}

/// Up to the first LF, which must stand behind a CR; without both.
fn line(data: &[u8]) -> Option<&[u8]> {
    let end = data.iter().position(|&byte| byte == b'\n')?;
    data[..end].strip_suffix(b"\r")
}

/// A chunked body: F1; F2; F3; and a second reader finds the same content, trailers and end
/// (F4), unless a limit comes before.
pub fn chunks(data: &[u8]) {
    let read = same_however_split(data, |pieces| unchunk(pieces).ok());
    if matches!(unchunk(&[data]), Err(ErrorKind::TooLarge { .. })) {
        return;
    }
    let read = read.flatten();
    assert_eq!(read, unchunk_plainly(data), "F4");
    let Some((content, trailers, _)) = read else {
        return;
    };
    let mut written = Vec::new();
    for piece in content.chunks(7) {
        written.extend_from_slice(format!("{:X};a=b\r\n", piece.len()).as_bytes());
        written.extend_from_slice(piece);
        written.extend_from_slice(b"\r\n");
    }
    written.extend_from_slice(b"0\r\n");
    write_fields(&mut written, &trailers);
    let again = unchunk(&[&written]).expect("what was read can be read again");
    assert_eq!(again, Some((content, trailers, written.len())), "F2");
}

fn read(method: &Method, pieces: &[&[u8]]) -> Result<Outcome, ErrorKind> {
    let mut reader = Reader::new(method.clone(), MAX_BODY);
    for piece in pieces {
        reader.push(piece)?;
    }
    let closed = !reader.is_done();
    reader.finish(closed)
}

/// A whole response to a `GET`, and then to a `HEAD`: F1; what follows the end changes nothing
/// but that the connection is not used again (F3); and a response that was cut is never taken
/// for a whole one, unless nothing but the close could tell.
pub fn response(data: &[u8]) {
    for method in [Method::GET, Method::HEAD] {
        let outcome = same_however_split(data, |pieces| read(&method, pieces).ok());
        let Some(outcome) = outcome else {
            continue;
        };
        let mut reader = Reader::new(method.clone(), MAX_BODY);
        let whole = reader.push(data);
        whole.expect("it was read before");
        let framing = reader.framing().expect("it was read before");
        check_framing(framing, &reader, &outcome);
        if framing != Framing::UntilClose {
            let longer = read(&method, &[data, b"HTTP/1.1 200 OK\r\n\r\n"]);
            let unkept = Outcome {
                reuse: false,
                ..outcome.clone()
            };
            // Trailers that the close cut off go on with what follows.
            if reader.is_done() {
                assert_eq!(longer.ok(), Some(unkept), "F3");
            }
            let cut = &data[..place_in(data)];
            if let Ok(cut) = read(&method, &[cut]) {
                assert_eq!((cut.status, cut.body), (outcome.status, outcome.body));
            }
        }
    }
}

/// F3: as many bytes as were announced, where nothing has to be unpacked.
fn check_framing(framing: Framing, reader: &Reader, outcome: &Outcome) {
    match framing {
        Framing::Nothing => assert!(outcome.body.is_empty(), "F3"),
        Framing::Length(length) if !reader.is_coded() => {
            assert_eq!(outcome.body.len() as u64, length, "F3");
        }
        Framing::UntilClose => assert!(!outcome.reuse, "only the close is the end"),
        _ => {}
    }
    assert!(outcome.body.len() as u64 <= MAX_BODY || !reader.is_coded());
}
