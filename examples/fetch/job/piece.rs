//! `-r`: a piece of a file instead of all of it.
//!
//! What comes has to be the piece that was asked for. A server that sends the whole instead, as
//! it may (RFC 9110 §14.2), has not done what the user wants: that is a failure, and no file.

use std::fmt;

use hob::http::{ContentRange, HeaderMap};

/// Which bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Piece {
    /// From this one on, the first being 0, up to that one.
    From(u64, Option<u64>),
    /// So many at the end.
    Last(u64),
}

impl Piece {
    /// `0-499`, `9500-` or `-500`.
    pub fn parse(text: &str) -> Result<Piece, &'static str> {
        let wrong = "write one range of bytes as 0-499, 9500- or -500";
        let number = |text: &str| match text.bytes().all(|digit| digit.is_ascii_digit()) {
            true => text.parse::<u64>().map_err(|_| wrong),
            false => Err(wrong),
        };
        let (first, last) = text.split_once('-').ok_or(wrong)?;
        match (first, last) {
            ("", last) if number(last)? > 0 => Ok(Piece::Last(number(last)?)),
            (first, "") => Ok(Piece::From(number(first)?, None)),
            (first, last) if number(first)? <= number(last)? => {
                Ok(Piece::From(number(first)?, Some(number(last)?)))
            }
            _ => Err(wrong),
        }
    }

    /// How long it is, if the fields of a 206 speak of it. The file may end before it does.
    pub fn length_of(self, headers: &HeaderMap) -> Option<u64> {
        let Some(ContentRange::Bytes { first, last, total }) = ContentRange::of(headers) else {
            return None;
        };
        let ends = |wanted: u64| last == wanted || (last < wanted && total == Some(last + 1));
        let fits = match self {
            Piece::From(from, Some(to)) => first == from && ends(to),
            Piece::From(from, None) => first == from && total.is_none_or(|all| all == last + 1),
            Piece::Last(count) => {
                let is_end = total.is_none_or(|all| all == last + 1);
                is_end && (last - first + 1 == count || first == 0)
            }
        };
        fits.then_some(last - first + 1)
    }
}

/// As the value of `Range`.
impl fmt::Display for Piece {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Piece::From(first, Some(last)) => write!(f, "bytes={first}-{last}"),
            Piece::From(first, None) => write!(f, "bytes={first}-"),
            Piece::Last(count) => write!(f, "bytes=-{count}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn length(piece: &str, field: &str) -> Option<u64> {
        let mut headers = HeaderMap::new();
        headers.insert("content-range", field.parse().unwrap());
        Piece::parse(piece).unwrap().length_of(&headers)
    }

    #[test]
    fn a_piece_is_written_as_in_curl() {
        for text in ["0-0", "5-9", "5-", "-5"] {
            let piece = Piece::parse(text).unwrap();
            assert_eq!(piece.to_string(), format!("bytes={text}"));
        }
        for bad in [
            "",
            "-",
            "5",
            "9-5",
            "-0",
            "0-1,3-4",
            "+1-2",
            "a-b",
            "1-99999999999999999999",
        ] {
            assert!(Piece::parse(bad).is_err(), "{bad}");
        }
    }

    /// Broken by: looking at the first byte only.
    #[test]
    fn only_what_was_asked_for_is_taken() {
        assert_eq!(length("5-9", "bytes 5-9/20"), Some(5));
        assert_eq!(length("5-9", "bytes 5-7/8"), Some(3), "the file ends there");
        assert_eq!(length("5-", "bytes 5-7/8"), Some(3));
        assert_eq!(length("5-", "bytes 5-7/*"), Some(3));
        assert_eq!(length("-3", "bytes 5-7/8"), Some(3));
        assert_eq!(length("-9", "bytes 0-7/8"), Some(8));
        for (piece, field) in [
            ("5-9", "bytes 4-9/20"),
            ("5-9", "bytes 5-8/20"),
            ("5-9", "bytes 5-10/20"),
            ("5-", "bytes 5-7/20"),
            ("-3", "bytes 4-6/8"),
            ("-3", "bytes 4-7/8"),
            ("5-9", "bytes */20"),
        ] {
            assert_eq!(length(piece, field), None, "{piece} {field}");
        }
    }
}
