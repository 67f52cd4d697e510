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
//!
//! This file is long because a third of it is tests, one at each side of every limit.

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
    Interim(usize, Head),
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
            return Ok(Found::Interim(end, head));
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

#[cfg(test)]
mod tests {
    use super::*;

    const START: &str = "HTTP/1.1 200 OK\r\n";

    fn read(text: &str, max_head: usize) -> Result<Found, ErrorKind> {
        HeadReader::new(max_head).read(text.as_bytes())
    }

    fn head(text: &str) -> Head {
        match read(text, 1 << 20) {
            Ok(Found::Final(_, head)) => head,
            other => panic!("{text:?}: {other:?}"),
        }
    }

    fn too_large(result: Result<Found, ErrorKind>) -> Option<u64> {
        match result {
            Err(ErrorKind::TooLarge { limit, .. }) => Some(limit),
            Ok(_) => None,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_head_ends_at_the_blank_line_and_the_body_is_left_alone() {
        let text = format!("{START}A: b\r\n\r\nbody\r\n\r\n");
        let found = read(&text, 1000).expect("fine");
        assert!(matches!(found, Found::Final(25, _)), "{found:?}");
    }

    /// Broken by: `>` → `>=` in `check_size`, or leaving one of its two calls out.
    #[test]
    fn a_head_may_be_as_long_as_the_limit_and_not_longer() {
        let text = format!("{START}A: b\r\n\r\n");
        assert_eq!(too_large(read(&text, text.len())), None);
        let limit = text.len() - 1;
        assert_eq!(too_large(read(&text, limit)), Some(limit as u64));
        // Without an end in sight, too.
        assert_eq!(too_large(read(&text[..20], 20)), None);
        assert_eq!(too_large(read(&text[..20], 19)), Some(19));
    }

    #[test]
    fn a_line_may_be_as_long_as_its_limit_and_not_longer() {
        let line = |length: usize| format!("{START}A: {}\r\n\r\n", "x".repeat(length - 5));
        assert_eq!(too_large(read(&line(MAX_LINE), 1 << 20)), None);
        assert_eq!(
            too_large(read(&line(MAX_LINE + 1), 1 << 20)),
            Some(MAX_LINE as u64)
        );
        // It is the line that counts, not where it stands.
        let two = format!("{START}A: {0}\r\nB: {0}\r\n\r\n", "x".repeat(MAX_LINE - 10));
        assert_eq!(too_large(read(&two, 1 << 20)), None);
    }

    #[test]
    fn there_may_be_so_many_fields_and_not_more() {
        let fields = |count: usize| format!("{START}{}\r\n", "A: b\r\n".repeat(count));
        assert_eq!(head(&fields(MAX_FIELDS)).headers.len(), MAX_FIELDS);
        let result = read(&fields(MAX_FIELDS + 1), 1 << 20);
        assert_eq!(too_large(result), Some(MAX_FIELDS as u64));
    }

    /// Broken by: forgetting `gone` in `check_size`, or counting no interim responses.
    #[test]
    fn interim_responses_are_few_and_count_towards_the_head() {
        let interim = "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n";
        let mut reader = HeadReader::new(1 << 20);
        for _ in 0..MAX_INTERIM {
            let found = reader.read(interim.as_bytes()).expect("few enough");
            assert!(matches!(found, Found::Interim(length, _) if length == interim.len()));
        }
        let result = reader.read(interim.as_bytes());
        assert_eq!(too_large(result), Some(u64::from(MAX_INTERIM)));

        let mut reader = HeadReader::new(interim.len() + 5);
        reader.read(interim.as_bytes()).expect("short enough");
        assert_eq!(too_large(reader.read(b"HTTP/")), None);
        assert!(too_large(reader.read(b"HTTP/1")).is_some());
    }

    /// Broken by: not setting `looked`, `line` and `field` back after an interim head.
    #[test]
    fn the_head_after_an_interim_one_is_read_from_its_beginning() {
        let mut reader = HeadReader::new(1000);
        let interim = b"HTTP/1.1 100 Continue\r\nContent-Length: 1\r\n\r\n";
        assert!(matches!(reader.read(interim), Ok(Found::Interim(44, _))));
        let head = b"HTTP/1.1 200 OK\r\nB: c\r\n d\r\n\r\n";
        let Ok(Found::Final(length, head)) = reader.read(head) else {
            panic!("it is whole");
        };
        assert_eq!(
            (length, &head.headers["b"]),
            (29, &HeaderValue::from_static("c d"))
        );
    }

    #[test]
    fn what_cannot_become_a_response_is_refused_at_the_first_wrong_byte() {
        for text in ["h", "\r\n", "HTTP/2", "HTTPS", "SSH-2.0-OpenSSH"] {
            assert!(read(text, 1000).is_err(), "{text:?}");
        }
        for text in ["", "H", "HTTP/1.", "HTTP/1.1 200"] {
            assert!(matches!(read(text, 1000), Ok(Found::Partial)), "{text:?}");
        }
    }

    /// Broken by: leaving a name out of `frames` in `note_fold`.
    #[test]
    fn folds_become_spaces_except_where_they_would_hide_the_framing() {
        let folded = head(&format!("{START}A: b\r\n \t c\r\n\td \r\n\r\n"));
        assert_eq!(folded.headers["a"], "b c d");
        let empty = head(&format!("{START}A:\r\n \r\n b\r\n\r\n"));
        assert_eq!(empty.headers["a"], "b");
        for name in ["content-length", "Transfer-Encoding", "CONNECTION"] {
            for fold in ["\r\n 1", " 1\r\n ", " 1\r\n\t,1"] {
                let text = format!("{START}A: b\r\n c\r\n{name}:{fold}\r\n\r\n");
                assert!(read(&text, 1000).is_err(), "{text:?}");
            }
        }
    }

    #[test]
    fn keep_alive_is_what_the_version_and_the_connection_field_say() {
        let keeps = |version: &str, connection: &str| {
            head(&format!(
                "HTTP/1.{version} 200 OK\r\nConnection: {connection}\r\n\r\n"
            ))
            .keeps_alive()
        };
        assert!(keeps("1", "x"));
        assert!(keeps("1", "keep-alive"));
        assert!(!keeps("1", "foo , CLOSE"));
        assert!(!keeps("1", "keep-alive, close"));
        assert!(!keeps("0", "x"));
        assert!(keeps("0", "Keep-Alive"));
        assert!(!keeps("0", "keep-alive-not"));
    }

    #[test]
    fn an_early_end_says_how_much_came() {
        let mut reader = HeadReader::new(1000);
        let interim = "HTTP/1.1 100 Continue\r\n\r\n";
        reader.read(interim.as_bytes()).expect("fine");
        let error = reader.eof(b"HTTP/1.1 2");
        let ErrorKind::EndedEarly { got, .. } = error else {
            panic!("{error:?}");
        };
        assert_eq!(got, interim.len() as u64 + 10);
    }
}
