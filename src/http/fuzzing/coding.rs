//! Promises of the coders: what a coded body means.

use std::io::{self, Read};

use ::http::header::{CONTENT_ENCODING, HeaderMap, HeaderValue};
use flate2::bufread::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};

use super::same_however_split;
use crate::http::coding::Decoder;
use crate::http::error::ErrorKind;

/// The most bytes that a body may unpack to here.
const LIMIT: u64 = 1 << 20;

/// What the first byte of an input chooses from.
const CODINGS: [&str; 8] = [
    "gzip",
    "deflate",
    "br",
    "zstd",
    "gzip, gzip",
    "deflate, gzip",
    "gzip, br",
    "zstd, deflate",
];

fn undo(codings: &'static str, pieces: &[&[u8]], limit: u64) -> Result<Vec<u8>, ErrorKind> {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_ENCODING, HeaderValue::from_static(codings));
    let mut decoder = Decoder::new(&headers, limit).expect("it is coded");
    let mut out = Vec::new();
    for &piece in pieces {
        let mut piece = piece;
        loop {
            let taken = decoder.run(piece)?;
            piece = &piece[taken..];
            out.extend_from_slice(decoder.lent());
            if piece.is_empty() && decoder.lent().is_empty() {
                break;
            }
            decoder.take_back();
        }
    }
    decoder.finish().map(|()| out)
}

/// The codings that an input names, and what they mean for the rest of it; the error in words.
/// For who knows another program that undoes them (F4).
pub fn undone(data: &[u8]) -> Option<(&'static str, Result<Vec<u8>, String>)> {
    let (&choice, coded) = data.split_first()?;
    let codings = CODINGS[usize::from(choice) % CODINGS.len()];
    let plain = undo(codings, &[coded], LIMIT);
    Some((codings, plain.map_err(|error| error.to_string())))
}

/// A coded body; the first byte says by which codings: F1; no more than the limit is handed
/// out (F3); and what flate2's own readers make of it is the same (F4).
pub fn codings(data: &[u8]) {
    let Some((&choice, coded)) = data.split_first() else {
        return;
    };
    let codings = CODINGS[usize::from(choice) % CODINGS.len()];
    let read = same_however_split(coded, |pieces| undo(codings, pieces, LIMIT).ok());
    if let Some(plain) = &read {
        let length = plain.len() as u64;
        if length > 0 {
            let result = undo(codings, &[coded], length - 1);
            assert!(matches!(result, Err(ErrorKind::TooLarge { .. })), "F3");
        }
    }
    if coded.is_empty()
        || matches!(
            undo(codings, &[coded], LIMIT),
            Err(ErrorKind::TooLarge { .. })
        )
    {
        return;
    }
    let theirs = match codings {
        "gzip" => Some(whole(MultiGzDecoder::new(coded))),
        "deflate" => Some(by_sniffing(coded)),
        _ => None,
    };
    if let Some(theirs) = theirs {
        assert_eq!(read, theirs.ok(), "F4");
    }
}

fn whole(reader: impl Read) -> io::Result<Vec<u8>> {
    let mut plain = Vec::new();
    reader.take(LIMIT + 1).read_to_end(&mut plain)?;
    Ok(plain)
}

/// flate2's readers stop at the end of a stream; here nothing may follow it.
fn by_sniffing(coded: &[u8]) -> io::Result<Vec<u8>> {
    let is_zlib = coded.len() > 1
        && coded[0] & 0x8f == 8
        && u16::from_be_bytes([coded[0], coded[1]]).is_multiple_of(31);
    let mut rest = coded;
    let plain = match is_zlib {
        true => whole(ZlibDecoder::new(&mut rest))?,
        false => whole(DeflateDecoder::new(&mut rest))?,
    };
    match rest {
        [] => Ok(plain),
        _ => Err(io::ErrorKind::InvalidData.into()),
    }
}
