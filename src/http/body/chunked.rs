//! Reads a chunked body (RFC 9112 §7.1), one byte of framing at a time.
//!
//! `httparse` has a function for chunk sizes. We do not use it: it reads a line without any
//! digit as size 0, that is, as the end of the body; a download cut there would look whole.
//!
//! ```text
//!        ┌────────────────────────────────────────────────┐
//!        ▼            ';'                  '\n', size > 0 │ '\n'
//!      Size ──digits──▶ Extension ──'\r'──▶ SizeLf ──▶ Data ──▶ DataCr ──▶ DataLf
//!                │                   ▲        │ '\n', size 0
//!                └───────'\r'────────┘        ▼
//!                                         Trailers ── blank line ──▶ Done
//! ```
//!
//! - C1: a size has at least one digit, only hexadecimal digits, and fits a signed 64-bit
//!   number. No sign, no `0x`, no space before it.
//! - C2: line ends are CR LF, both of them. A bare LF ends lines for some readers and not for
//!   others, which is how extensions are used to smuggle.
//! - C3: everything that is not content is bounded: a size line, and the trailers together.
//!
//! This file is long because a third of it is tests, one at each side of every limit.

use ::http::HeaderMap;

use crate::http::body::step::{Step, take};
use crate::http::error::ErrorKind;
use crate::http::head::{MAX_FIELDS, of_httparse, to_map};
use crate::http::url::hex;

/// The longest size line, extensions included. Signatures in extensions take about 100 bytes.
const MAX_SIZE_LINE: usize = 1024;

const RULE: &str = "RFC 9112 §7.1";

#[derive(Debug)]
pub(crate) struct Chunks {
    state: State,
    /// The size being read, then what is left of the chunk.
    left: u64,
    /// Bytes of the current size line so far (C3).
    line: usize,
    /// The trailer section so far. Kept here because it comes in pieces; mostly just CR LF.
    section: Vec<u8>,
    /// The most bytes that `section` may have.
    max_trailers: usize,
    /// Set when Done, if there were any.
    trailers: Option<HeaderMap>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// In the digits of a size.
    Size {
        any: bool,
    },
    /// After a size, in the space that may stand before an extension or the line's end.
    AfterSize,
    /// In an extension, which we ignore.
    Extension,
    /// After the CR of a size line.
    SizeLf,
    /// In content.
    Data,
    /// Before the CR that ends a chunk.
    DataCr,
    /// Before the LF that ends a chunk.
    DataLf,
    /// In the fields after the last chunk.
    Trailers,
    Done,
}

impl Chunks {
    pub(crate) fn new(max_trailers: usize) -> Chunks {
        Chunks {
            state: State::Size { any: false },
            left: 0,
            line: 0,
            section: Vec::new(),
            max_trailers,
            trailers: None,
        }
    }

    /// As `Body::decode`, for which it does this.
    pub(crate) fn decode(&mut self, bytes: &[u8]) -> Result<Step, ErrorKind> {
        for (at, &byte) in bytes.iter().enumerate() {
            match self.state {
                State::Done => return Ok(Step::End(at)),
                State::Data => {
                    let count = take(&mut self.left, bytes.len() - at);
                    self.end_data();
                    return Ok(Step::Data(at..at + count));
                }
                State::Trailers => self.trailer_byte(byte)?,
                _ => self.framing_byte(byte)?,
            }
        }
        match self.state {
            State::Done => Ok(Step::End(bytes.len())),
            _ => Ok(Step::More(bytes.len())),
        }
    }

    /// The chunk of size 0 was there, so no content is missing.
    pub(crate) fn has_last_chunk(&self) -> bool {
        matches!(self.state, State::Trailers | State::Done)
    }

    pub(crate) fn is_done(&self) -> bool {
        self.state == State::Done
    }

    pub(crate) fn trailers(&self) -> Option<&HeaderMap> {
        self.trailers.as_ref()
    }

    fn end_data(&mut self) {
        if self.left == 0 {
            self.state = State::DataCr;
        }
    }

    /// One byte of what stands between contents.
    fn framing_byte(&mut self, byte: u8) -> Result<(), ErrorKind> {
        self.line += 1;
        if self.line > MAX_SIZE_LINE {
            let what = "bytes in the size line of a chunk";
            let limit = MAX_SIZE_LINE as u64;
            return Err(ErrorKind::TooLarge { what, limit }); // C3
        }
        self.state = match (self.state, byte) {
            (State::Size { .. }, _) if hex(byte).is_some() => self.digit(byte)?,
            (State::Size { any: true } | State::AfterSize, b' ' | b'\t') => State::AfterSize,
            (State::Size { any: true } | State::AfterSize, b';') => State::Extension,
            (State::Size { any: true } | State::AfterSize | State::Extension, b'\r') => {
                State::SizeLf
            }
            (State::Extension, b'\t' | b' '..=b'~' | 0x80..) => State::Extension,
            (State::SizeLf, b'\n') => self.start_chunk(),
            (State::DataCr, b'\r') => State::DataLf,
            (State::DataLf, b'\n') => self.next_size(),
            (State::Size { .. } | State::AfterSize, _) => {
                return Err(ErrorKind::protocol("a chunk's size is no number", RULE)); // C1
            }
            (State::DataCr | State::DataLf, _) => {
                return Err(ErrorKind::protocol("a chunk is longer than its size", RULE));
            }
            _ => {
                let what = "the size line of a chunk does not end in CR LF";
                return Err(ErrorKind::protocol(what, RULE)); // C2
            }
        };
        Ok(())
    }

    fn digit(&mut self, byte: u8) -> Result<State, ErrorKind> {
        let value = u64::from(hex(byte).unwrap_or_default());
        // Bits that a shift would lose, or make a negative number of (C1).
        if self.left >> 59 != 0 {
            return Err(ErrorKind::protocol(
                "a chunk's size is too large a number",
                RULE,
            ));
        }
        self.left = self.left * 16 + value;
        Ok(State::Size { any: true })
    }

    fn start_chunk(&mut self) -> State {
        match self.left {
            0 => State::Trailers,
            _ => State::Data,
        }
    }

    fn next_size(&mut self) -> State {
        self.line = 0;
        State::Size { any: false }
    }

    fn trailer_byte(&mut self, byte: u8) -> Result<(), ErrorKind> {
        if self.section.len() == self.max_trailers {
            let what = "bytes in the trailers";
            let limit = self.max_trailers as u64;
            return Err(ErrorKind::TooLarge { what, limit }); // C3
        }
        self.section.push(byte);
        if byte == b'\n' {
            if self.section.len() < 2 || self.section[self.section.len() - 2] != b'\r' {
                let what = "a line of the trailers does not end in CR LF";
                return Err(ErrorKind::protocol(what, "RFC 9112 §7.1.2")); // C2
            }
            if self.section == b"\r\n" || self.section.ends_with(b"\r\n\r\n") {
                self.end_trailers()?;
            }
        }
        Ok(())
    }

    /// Trailers are kept apart from the head's fields: they come after the decisions that a
    /// head's field would have been for.
    fn end_trailers(&mut self) -> Result<(), ErrorKind> {
        self.state = State::Done;
        if self.section == b"\r\n" {
            return Ok(());
        }
        let mut fields = [httparse::EMPTY_HEADER; MAX_FIELDS];
        let parsed = httparse::parse_headers(&self.section, &mut fields).map_err(of_httparse)?;
        let httparse::Status::Complete((_, fields)) = parsed else {
            let what = "the trailers' end is not where it seems";
            return Err(ErrorKind::protocol(what, "RFC 9112 §7.1.2"));
        };
        self.trailers = Some(to_map(fields)?);
        self.section = Vec::new();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The content of `bytes`, and what follows the end, if that is there.
    fn decode(bytes: &[u8]) -> Result<(Vec<u8>, Option<Vec<u8>>), ErrorKind> {
        let mut chunks = Chunks::new(100);
        let mut content = Vec::new();
        let mut at = 0;
        loop {
            match chunks.decode(&bytes[at..])? {
                Step::Data(range) => {
                    content.extend_from_slice(&bytes[at..][range.clone()]);
                    at += range.end;
                }
                Step::More(dropped) => {
                    assert_eq!(at + dropped, bytes.len(), "it looks at all there is");
                    return Ok((content, None));
                }
                Step::End(dropped) => {
                    assert!(chunks.is_done());
                    return Ok((content, Some(bytes[at + dropped..].to_vec())));
                }
            }
        }
    }

    fn is_bad(bytes: impl AsRef<[u8]>) -> bool {
        decode(bytes.as_ref()).is_err()
    }

    #[test]
    fn contents_are_joined_and_what_follows_is_left() {
        let (content, rest) = decode(b"3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\nHTTP").expect("fine");
        assert_eq!(
            (content.as_slice(), rest.as_deref()),
            (&b"abcde"[..], Some(&b"HTTP"[..]))
        );
    }

    /// The error of httparse that this file exists to avoid. Broken by: starting in
    /// `Size { any: true }`.
    #[test]
    fn a_size_without_a_digit_is_not_the_end() {
        for bad in [
            "\r\n\r\n",
            ";a\r\n\r\n",
            " \r\n\r\n",
            "3\r\nabc\r\n\r\n\r\n",
        ] {
            assert!(is_bad(bad), "{bad:?}");
        }
    }

    /// Broken by: `59` → `60` in `digit`.
    #[test]
    fn a_size_fits_a_signed_number() {
        let size = |digits: &str| Chunks::new(0).decode(format!("{digits}\r\n").as_bytes());
        assert!(size("7fffffffffffffff").is_ok());
        assert!(size("00000000000000000000007FFFFFFFFFFFFFFF").is_ok());
        assert!(size("8000000000000000").is_err());
        assert!(size("ffffffffffffffff").is_err());
        assert!(size("10000000000000005").is_err());
    }

    /// Broken by: a `_ =>` arm that lets any of them pass.
    #[test]
    fn nothing_but_the_grammar_stands_between_contents() {
        let bad = [
            " 1\r\na\r\n0\r\n\r\n",
            "+1\r\na\r\n0\r\n\r\n",
            "1\na\r\n0\r\n\r\n",
            "1\r\r\na\r\n0\r\n\r\n",
            "1;\x00\r\na\r\n0\r\n\r\n",
            "1;a\nb\r\na\r\n0\r\n\r\n",
            "1 1\r\na\r\n0\r\n\r\n",
            "1\r\nab\r\n0\r\n\r\n",
            "1\r\na\n0\r\n\r\n",
            "1\r\na\rx0\r\n\r\n",
            "0\r\nX: y\n\r\n",
            "0\r\n\n",
            "0\r\nno colon\r\n\r\n",
        ];
        for bad in bad {
            assert!(is_bad(bad), "{bad:?}");
        }
        let why = |bytes: &str| decode(bytes.as_bytes()).expect_err("bad").to_string();
        assert!(why("x\r\n").contains("no number"));
        assert!(why("1 x").contains("no number"));
        assert!(why("1;\r\r").contains("CR LF"));
        assert!(why("1\r\nab").contains("longer than its size"));
        assert!(why("1\r\na\r\r").contains("longer than its size"));
        let good = [
            "1 \t\r\na\r\n0\r\n\r\n",
            "1 ; a=\"b;c\" \r\na\r\n0\r\n\r\n",
            "01\r\na\r\n000\r\n\r\n",
            "1;\u{e9}\r\na\r\n0;x\r\n\r\n",
        ];
        for good in good {
            let (content, rest) = decode(good.as_bytes()).unwrap_or_else(|e| panic!("{good}: {e}"));
            assert_eq!(
                (content, rest),
                (b"a".to_vec(), Some(Vec::new())),
                "{good:?}"
            );
        }
    }

    /// Broken by: `>` → `>=` in `framing_byte`, or not setting `line` back in `next_size`.
    #[test]
    fn a_size_line_may_be_so_long_and_not_longer() {
        // "1;" before and CR LF behind, and CR LF after the content of each chunk but the last.
        let chunk = |length: usize| format!("1;{}\r\na\r\n", "x".repeat(length - 4));
        let two = chunk(MAX_SIZE_LINE - 2).repeat(2);
        assert!(!is_bad(two + "0\r\n\r\n"));
        assert!(!is_bad(&chunk(MAX_SIZE_LINE)[..MAX_SIZE_LINE]));
        assert!(is_bad(&chunk(MAX_SIZE_LINE + 1)[..MAX_SIZE_LINE + 1]));
    }

    /// Broken by: leaving the limit out of `trailer_byte`.
    #[test]
    fn trailers_may_be_so_long_and_not_longer() {
        let trailers = |length: usize| format!("0\r\nX: {}\r\n\r\n", "y".repeat(length - 7));
        assert!(!is_bad(trailers(100)));
        assert!(is_bad(trailers(101)));
    }

    #[test]
    fn trailers_are_there_once_the_body_is_done() {
        let mut chunks = Chunks::new(100);
        chunks.decode(b"0\r\nX: y\r\n").expect("fine");
        assert!(chunks.has_last_chunk() && !chunks.is_done());
        assert!(chunks.trailers().is_none());
        chunks.decode(b"\r\n").expect("fine");
        assert_eq!(chunks.trailers().expect("there are some")["x"], "y");

        let mut chunks = Chunks::new(100);
        chunks.decode(b"0\r\n\r\n").expect("fine");
        assert!(chunks.is_done() && chunks.trailers().is_none());
    }
}
