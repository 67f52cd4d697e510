//! Reads the head of a response: status line and fields, up to the blank line.
//!
//! The parsing is `httparse`'s. It begins anew whenever it is asked, so we ask it once: we
//! look for the blank line ourselves, remember how far we have looked, and hand over a whole
//! head. A server that sends its head byte by byte costs us one look at each byte, not the
//! square of them. While we look, we count, so that an endless head ends early.
//!
//! ```text
//!   bytes ──▶ find the blank line ──▶ httparse ──▶ 1xx? ──▶ skip it, look for the next head
//!              │ too long, too many                  └────▶ Head
//!              ▼
//!            error
//! ```
//!
//! - H1: what httparse takes for the head's end is what we took for it. (If two readers of
//!   the same bytes differ on that, somebody smuggles.)
//! - H2: a folded line (obs-fold, RFC 9112 §5.2) becomes a space in a value, but a field that
//!   decides the framing may not be folded at all.

use ::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use ::http::{StatusCode, Version};

use crate::http::error::{ErrorKind, Phase};

/// The longest line of a head. Long `Content-Security-Policy` and `Set-Cookie` lines are real.
const MAX_LINE: usize = 64 * 1024;

/// The most fields in a head, or in the trailers.
pub(crate) const MAX_FIELDS: usize = 128;

/// The most interim (1xx) responses before the real one.
const MAX_INTERIM: u32 = 16;

/// What every response that we understand begins with.
const BEGINNING: &[u8] = b"HTTP/1.";

/// The head of a final response.
#[derive(Debug)]
pub(crate) struct Head {
    pub(crate) status: StatusCode,
    pub(crate) version: Version,
    pub(crate) headers: HeaderMap,
}

/// What a look at the buffered bytes came to.
#[derive(Debug)]
pub(crate) enum Found {
    /// No whole head yet: come again with these bytes and more.
    Partial,
    /// An interim response, so many bytes long. Drop them and look again.
    Interim(usize),
    /// The head, so many bytes long. The body follows it.
    Final(usize, Head),
}

/// Remembers, from one look to the next, how far the head was read. One for each response.
#[derive(Debug)]
pub(crate) struct HeadReader {
    /// The most bytes that all heads together, interim ones included, may have.
    max_head: usize,
    /// Bytes of interim heads that are gone already.
    gone: usize,
    /// How many those were.
    interim: u32,
    /// Bytes looked at of the head that is being read. Back to 0 after an interim one.
    looked: usize,
    /// Where the line that we are in begins.
    line: usize,
    /// Where the last line began that was not a folded one: the field that a fold belongs to.
    field: usize,
}

impl HeadReader {
    pub(crate) fn new(max_head: usize) -> HeadReader {
        HeadReader {
            max_head,
            gone: 0,
            interim: 0,
            looked: 0,
            line: 0,
            field: 0,
        }
    }

    /// Looks at all bytes received and not dropped yet: the same as before, and new ones
    /// behind them.
    pub(crate) fn read(&mut self, bytes: &[u8]) -> Result<Found, ErrorKind> {
        check_beginning(bytes)?;
        let Some(end) = self.find_end(bytes)? else {
            return Ok(Found::Partial);
        };
        let head = parse(&bytes[..end])?;
        if head.status.is_informational() {
            self.skip_interim(end, head.status)?;
            return Ok(Found::Interim(end));
        }
        Ok(Found::Final(end, head))
    }

    /// The peer closed before the head was whole. `bytes` as for [`HeadReader::read`].
    pub(crate) fn eof(&self, bytes: &[u8]) -> ErrorKind {
        ErrorKind::EndedEarly {
            phase: Phase::Head,
            got: (self.gone + bytes.len()) as u64,
            wanted: None,
        }
    }

    /// Where the blank line ends, if it is there.
    fn find_end(&mut self, bytes: &[u8]) -> Result<Option<usize>, ErrorKind> {
        while let Some(length) = bytes[self.looked..].iter().position(|&b| b == b'\n') {
            let end = self.looked + length + 1;
            self.check_size(end)?;
            let line = &bytes[self.line..end];
            if matches!(line, b"\r\n" | b"\n") {
                return Ok(Some(end));
            }
            self.note_fold(bytes)?;
            self.looked = end;
            self.line = end;
        }
        self.looked = bytes.len();
        self.check_size(bytes.len())?;
        Ok(None)
    }

    /// Checks that the head up to `end`, and its last line, are not too long.
    fn check_size(&self, end: usize) -> Result<(), ErrorKind> {
        let too_large = |what, limit: usize| {
            let limit = limit as u64;
            Err(ErrorKind::TooLarge { what, limit })
        };
        if end - self.line > MAX_LINE {
            return too_large("bytes in one line of the head", MAX_LINE);
        }
        if self.gone + end > self.max_head {
            return too_large("bytes in the head", self.max_head);
        }
        Ok(())
    }

    /// H2: is the line that begins at `self.line` folded onto a field that it must not be?
    fn note_fold(&mut self, bytes: &[u8]) -> Result<(), ErrorKind> {
        if !matches!(bytes[self.line], b' ' | b'\t') {
            self.field = self.line;
            return Ok(());
        }
        let field = &bytes[self.field..self.line];
        let name = field.split(|&b| b == b':').next().unwrap_or_default();
        let frames = [
            header::CONTENT_LENGTH,
            header::TRANSFER_ENCODING,
            header::CONNECTION,
        ];
        if frames
            .iter()
            .any(|own| name.eq_ignore_ascii_case(own.as_str().as_bytes()))
        {
            let what = "a field that frames the message is folded over two lines";
            return Err(ErrorKind::protocol(what, "RFC 9112 §5.2"));
        }
        Ok(())
    }

    fn skip_interim(&mut self, end: usize, status: StatusCode) -> Result<(), ErrorKind> {
        if status == StatusCode::SWITCHING_PROTOCOLS {
            let what = "it switches to a protocol that we did not offer";
            return Err(ErrorKind::protocol(what, "RFC 9110 §7.8"));
        }
        self.interim += 1;
        if self.interim > MAX_INTERIM {
            return Err(ErrorKind::TooLarge {
                what: "interim responses",
                limit: u64::from(MAX_INTERIM),
            });
        }
        self.gone += end;
        (self.looked, self.line, self.field) = (0, 0, 0);
        Ok(())
    }
}

/// Fails as soon as the first bytes cannot become a status line any more, instead of waiting
/// for a blank line that never comes. A leading line end is such a byte: what is left over
/// from an earlier response must not be skipped.
fn check_beginning(bytes: &[u8]) -> Result<(), ErrorKind> {
    let known = bytes.len().min(BEGINNING.len());
    if bytes[..known] == BEGINNING[..known] {
        return Ok(());
    }
    let what = "it does not begin with HTTP/1.";
    Err(ErrorKind::protocol(what, "RFC 9112 §4"))
}

/// Parses a whole head, blank line included.
fn parse(bytes: &[u8]) -> Result<Head, ErrorKind> {
    let mut fields = [httparse::EMPTY_HEADER; MAX_FIELDS];
    let mut response = httparse::Response::new(&mut fields);
    let mut config = httparse::ParserConfig::default();
    config.allow_obsolete_multiline_headers_in_responses(true);
    let parsed = config.parse_response(&mut response, bytes);
    if parsed.map_err(of_httparse)? != httparse::Status::Complete(bytes.len()) {
        let what = "the head's end is not where it seems";
        return Err(ErrorKind::protocol(what, "RFC 9112 §2.2")); // H1
    }
    let status = response
        .code
        .and_then(|code| StatusCode::from_u16(code).ok());
    let no_status = || ErrorKind::protocol("its status is not from 100 to 999", "RFC 9112 §4");
    Ok(Head {
        status: status.ok_or_else(no_status)?,
        version: match response.version {
            Some(0) => Version::HTTP_10,
            _ => Version::HTTP_11,
        },
        headers: to_map(response.headers)?,
    })
}

/// httparse's complaints in our words, with the section that each is about.
pub(crate) fn of_httparse(error: httparse::Error) -> ErrorKind {
    let (what, rule) = match error {
        httparse::Error::HeaderName => ("a field's name is not a token", "RFC 9112 §5.1"),
        httparse::Error::HeaderValue => {
            ("a field's value has a control character", "RFC 9110 §5.5")
        }
        httparse::Error::NewLine => ("a line does not end in CR LF", "RFC 9112 §2.2"),
        httparse::Error::Status => ("the status line is malformed", "RFC 9112 §4"),
        httparse::Error::Version => ("the version is neither 1.0 nor 1.1", "RFC 9112 §2.3"),
        httparse::Error::Token => ("the status line is malformed", "RFC 9112 §4"),
        httparse::Error::TooManyHeaders => {
            let what = "fields in the head or the trailers";
            let limit = MAX_FIELDS as u64;
            return ErrorKind::TooLarge { what, limit };
        }
    };
    ErrorKind::protocol(what, rule)
}

/// The fields as a map, folds undone.
pub(crate) fn to_map(fields: &[httparse::Header<'_>]) -> Result<HeaderMap, ErrorKind> {
    let mut map = HeaderMap::with_capacity(fields.len());
    for field in fields {
        let name = HeaderName::from_bytes(field.name.as_bytes());
        let name = name.map_err(|_| of_httparse(httparse::Error::HeaderName))?;
        let value = match field.value.contains(&b'\n') {
            true => HeaderValue::from_bytes(&unfold(field.value)),
            false => HeaderValue::from_bytes(field.value.trim_ascii()),
        };
        let value = value.map_err(|_| of_httparse(httparse::Error::HeaderValue))?;
        map.append(name, value);
    }
    Ok(map)
}

/// Each fold, and the white space around it, becomes one space (H2).
fn unfold(value: &[u8]) -> Vec<u8> {
    let lines = value.split(|&b| b == b'\n').map(<[u8]>::trim_ascii);
    let lines: Vec<&[u8]> = lines.filter(|line| !line.is_empty()).collect();
    lines.join(&b' ')
}

impl Head {
    /// May the connection carry another exchange after this one (RFC 9112 §9.3)?
    pub(crate) fn keeps_alive(&self) -> bool {
        let said = |token| has_token(&self.headers, &header::CONNECTION, token);
        !said(b"close") && (self.version == Version::HTTP_11 || said(b"keep-alive"))
    }
}

/// Is `token` in the comma-separated lists of all fields called `name`, whatever its case?
fn has_token(headers: &HeaderMap, name: &HeaderName, token: &[u8]) -> bool {
    let values = headers.get_all(name).iter();
    let mut tokens = values.flat_map(|value| value.as_bytes().split(|&b| b == b','));
    tokens.any(|found| found.trim_ascii().eq_ignore_ascii_case(token))
}
