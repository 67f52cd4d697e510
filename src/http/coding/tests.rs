//! Tests of the coders: whole, cut at every byte, cut short at every byte, damaged, too large.
//!
//! What is coded here comes from flate2, from `zstd` and `brotli` (the programs), or was
//! written down by hand where no program would do such a thing.

use std::io::Write;

use ::http::HeaderMap;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
use flate2::{Compression, GzBuilder};

use crate::http::coding::{Decoder, ROOM};
use crate::http::error::ErrorKind;

/// "line 0 of the text", and so on.
fn text() -> Vec<u8> {
    let lines = (0..40).map(|number| format!("line {number} of the text\n"));
    lines.collect::<String>().into_bytes()
}

pub(super) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = GzEncoder::new(Vec::new(), Compression::default());
    out.write_all(bytes).expect("into memory");
    out.finish().expect("into memory")
}

fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut out = ZlibEncoder::new(Vec::new(), Compression::default());
    out.write_all(bytes).expect("into memory");
    out.finish().expect("into memory")
}

fn bare(bytes: &[u8]) -> Vec<u8> {
    let mut out = DeflateEncoder::new(Vec::new(), Compression::default());
    out.write_all(bytes).expect("into memory");
    out.finish().expect("into memory")
}

/// A member with everything in its header that there is.
fn gzip_with_all() -> Vec<u8> {
    let builder = GzBuilder::new()
        .extra(*b"extra")
        .filename("name")
        .comment("why");
    let mut out = builder.write(Vec::new(), Compression::default());
    out.write_all(&text()).expect("into memory");
    let mut bytes = out.finish().expect("into memory");
    // flate2 writes no checksum of the header: it goes between the comment and the data.
    let end = 10 + 2 + 5 + 5 + 4;
    bytes[3] |= 1 << 1;
    let mut crc = flate2::Crc::new();
    crc.update(&bytes[..end]);
    let sum = (crc.sum() as u16).to_le_bytes();
    bytes.splice(end..end, sum);
    bytes
}

#[cfg(any(feature = "brotli", feature = "zstd"))]
fn unhex(text: &str) -> Vec<u8> {
    let digits = text.as_bytes().chunks_exact(2);
    let byte = |pair: &[u8]| {
        let pair = std::str::from_utf8(pair).expect("ASCII");
        u8::from_str_radix(pair, 16).expect("hexadecimal")
    };
    digits.map(byte).collect()
}

/// What each coding makes of [`text`], by the names that servers use.
fn samples() -> Vec<(&'static str, Vec<u8>)> {
    let plain = text();
    let (front, back) = plain.split_at(100);
    vec![
        ("gzip", gzip(&plain)),
        ("X-GZip", gzip_with_all()),
        ("gzip", [gzip(front), gzip(b""), gzip(back)].concat()),
        ("deflate", zlib(&plain)),
        ("deflate", bare(&plain)),
        ("identity, deflate, gzip, , ", gzip(&zlib(&plain))),
        ("gzip, gzip, gzip, gzip, gzip", {
            (0..5).fold(plain.clone(), |bytes, _| gzip(&bytes))
        }),
        #[cfg(feature = "brotli")]
        ("br", unhex(BR)),
        #[cfg(feature = "zstd")]
        ("zstd", unhex(ZSTD)),
        #[cfg(feature = "zstd")]
        ("zstd", unhex(ZSTD_8_MIB)),
        #[cfg(feature = "zstd")]
        ("gzip, zstd", super::zstd::tests::stored(&gzip(&plain))),
    ]
}

#[cfg(feature = "brotli")]
const BR: &str = "1b150300040ab7754a2244fe0e406320b839134194c1b937208c030adf05b581effb7cbbb67a4d7b\
                  f67f4a460044c7c0c4c2853b33e153515151515151512184104208218494524a29a51c04";

/// With a checksum and a length.
#[cfg(feature = "zstd")]
const ZSTD: &str = "28b52ffd641602d5020082450f10b0ebe0db42bc6191a6894d496a0c7425e6e5e4e3e2e1bfdfe78d\
                    8b898785836fbb4e9b96928e8a86be6e9b35850c11ee02f78ec3931ca2868987a91528a811f0f4fd\
                    37f0e51012e111613e3b9dfc85d56a59d140aa0242c30a01";

/// With the largest window that is allowed, and neither.
#[cfg(feature = "zstd")]
const ZSTD_8_MIB: &str = "28b52ffd0068450400e4036c696e652030206f662074686520746578740a6c696e652031\
                          32333435363738393131313131313131313232323232323232323233333333333333333333272080a3d203\
                          b224376189482e6113494ec212915cc224925cc226929c842572724b13a63491a4c9214dd8d1448c265734\
                          614413199a80107d1ee389773ce609ef3cc63c9179710c";

fn decoder(codings: &str, limit: u64) -> Decoder {
    let mut headers = HeaderMap::new();
    let codings = codings.parse().expect("a value");
    headers.insert("content-encoding", codings);
    Decoder::new(&headers, limit).expect("it is coded")
}

/// What `pieces` mean, or the error that they end with.
pub(super) fn decode<'a>(
    codings: &str,
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> Result<Vec<u8>, ErrorKind> {
    let mut decoder = decoder(codings, 1 << 20);
    let mut out = Vec::new();
    for mut piece in pieces {
        while !piece.is_empty() || !decoder.lent().is_empty() {
            decoder.take_back();
            let taken = decoder.run(piece)?;
            piece = &piece[taken..];
            assert!(decoder.lent().len() <= ROOM);
            out.extend_from_slice(decoder.lent());
        }
    }
    decoder.finish().map(|()| out)
}

fn error_of(codings: &str, bytes: &[u8]) -> String {
    match decode(codings, [bytes]) {
        Ok(out) => panic!("it gave {} bytes", out.len()),
        Err(error) => error.to_string(),
    }
}

#[test]
fn every_coding_is_undone_however_its_bytes_are_split() {
    for (name, bytes) in samples() {
        for size in [bytes.len(), 1, 2, 3, 7] {
            let out = decode(name, bytes.chunks(size)).expect("all is well");
            assert_eq!(out, text(), "{name} in pieces of {size}");
        }
        for cut in 0..bytes.len() {
            let (a, b) = bytes.split_at(cut);
            let out = decode(name, [a, b]).expect("all is well");
            assert_eq!(out, text(), "{name} cut at {cut}");
        }
    }
}

/// D3. Broken by: `finish` that asks only the last stage; `is_whole` that is always true.
#[test]
fn no_coding_is_whole_before_its_last_byte() {
    for (name, bytes) in samples() {
        for end in 1..bytes.len() {
            match decode(name, [&bytes[..end]]) {
                Err(ErrorKind::Coding(_)) => {}
                Err(error) => panic!("{name} up to {end}: {error}"),
                // Between two members a file may be at its end.
                Ok(out) => {
                    let rest = decode(name, [&bytes[end..]]).expect("another member");
                    assert_eq!([out, rest].concat(), text(), "{name} up to {end}");
                }
            }
        }
        assert_eq!(decode(name, []).expect("no bytes are no stream"), b"");
    }
}

/// D3. Broken by: coders that take nothing, and do not complain, after their end.
#[test]
fn nothing_may_follow_the_end() {
    for (name, bytes) in samples() {
        for more in [&b"\0"[..], b"x", b"\n\n"] {
            let whole = [&bytes[..], more].concat();
            assert!(decode(name, [&whole[..]]).is_err(), "{name} {more:?}");
            assert!(decode(name, [&bytes[..], more]).is_err(), "{name} {more:?}");
        }
    }
}

/// Broken by: leaving out `check_trailer` or `check_header_crc`.
#[test]
fn a_wrong_bit_in_a_checksum_or_a_length_is_noticed() {
    let bytes = gzip_with_all();
    let header_crc = 10 + 2 + 5 + 5 + 4;
    for at in (header_crc..header_crc + 2).chain(bytes.len() - 8..bytes.len()) {
        for bit in 0..8 {
            let mut bad = bytes.clone();
            bad[at] ^= 1 << bit;
            let text = error_of("gzip", &bad);
            assert!(text.contains("of its gzip"), "{at}: {text}");
        }
    }
    let bytes = zlib(&text());
    for at in bytes.len() - 4..bytes.len() {
        let mut bad = bytes.clone();
        bad[at] ^= 1;
        assert!(error_of("deflate", &bad).contains("damaged"), "{at}");
    }
}

#[test]
fn what_is_not_gzip_says_so() {
    assert!(error_of("gzip", b"<").contains("not gzip"));
    assert!(error_of("gzip", b"\x1fx").contains("not gzip"));
    assert!(error_of("gzip", &zlib(&text())).contains("not gzip"));
    let mut odd = gzip(b"hello");
    odd[3] |= 0x80;
    assert!(error_of("gzip", &odd).contains("unknown kind"));
    let mut odd = gzip(b"hello");
    odd[2] = 7;
    assert!(error_of("gzip", &odd).contains("unknown kind"));
    // A wrapper of the wrong kind is bare data of no kind.
    assert!(decode("deflate", [&gzip(&text())[..]]).is_err());
}

/// Broken by: leaving out `MAX_HEADER`.
#[test]
fn a_name_without_end_ends() {
    let mut head = gzip(b"hello")[..10].to_vec();
    head[3] = 1 << 3;
    let names = vec![b'x'; 200_000];
    assert!(error_of("gzip", &[head, names].concat()).contains("longer than any"));
}

/// Broken by: counting the data towards the header.
#[test]
fn a_member_may_be_longer_than_any_header() {
    let plain = text().repeat(300);
    assert!(plain.len() > 200_000);
    let bytes = gzip(&plain).repeat(2);
    assert!(decode("gzip", [&bytes[..]]).expect("all is well") == plain.repeat(2));
}

/// D2. Broken by: counting only what the last coder makes, or after handing it out.
#[test]
fn a_bomb_is_stopped_at_the_limit_in_whichever_coding_it_lies() {
    let zeros = vec![0; 3 << 20];
    let inner = gzip(&[gzip(b"hello"), gzip(&[])].concat());
    assert_eq!(decode("gzip, gzip", [&inner[..]]).expect("small"), b"hello");
    for (codings, bytes) in [
        ("gzip", gzip(&zeros)),
        ("deflate", bare(&zeros)),
        ("gzip, deflate", zlib(&gzip(&zeros))),
        // Many empty members make nothing in the end, and much on the way.
        ("gzip, gzip", gzip(&gzip(b"").repeat(100_000))),
    ] {
        match decode(codings, [&bytes[..]]) {
            Err(ErrorKind::TooLarge { limit, .. }) => assert_eq!(limit, 1 << 20),
            other => panic!("{codings}: {other:?}"),
        }
    }
}

#[test]
fn so_much_as_the_limit_is_fine_and_not_a_byte_more() {
    let bytes = gzip(&text());
    for (limit, is_fine) in [
        (text().len() as u64, true),
        (text().len() as u64 - 1, false),
    ] {
        let mut decoder = decoder("gzip", limit);
        assert_eq!(decoder.run(&bytes).is_ok(), is_fine);
    }
}

/// Broken by: raising `MAX_CODINGS`; refusing at the head already.
#[test]
fn what_cannot_be_undone_is_refused_with_its_first_byte_and_not_before() {
    for codings in [
        "gzip, gzip, gzip, gzip, gzip, gzip",
        "compress",
        "gzip, x",
        "gzip;q=1",
    ] {
        let mut decoder = decoder(codings, 100);
        assert_eq!(decoder.run(b"").ok(), Some(0), "{codings}");
        assert!(decoder.finish().is_ok(), "{codings}");
        let error = decoder
            .run(b"x")
            .expect_err("now there is a byte")
            .to_string();
        let is_refused = error.contains("more than 5") || error.contains("nothing here undoes");
        assert!(is_refused, "{codings}: {error}");
    }
    let mut headers = HeaderMap::new();
    assert!(Decoder::new(&headers, 1).is_none());
    headers.insert(
        "content-encoding",
        "identity, Identity".parse().expect("a value"),
    );
    assert!(Decoder::new(&headers, 1).is_none());
}

/// Whatever the bytes are, they mean the same whole and split, and nothing panics.
#[test]
fn damaged_bytes_mean_the_same_whole_and_split() {
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = move |below: usize| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        (seed % below as u64) as usize
    };
    for (name, bytes) in samples() {
        for _ in 0..300 {
            let mut bad = bytes.clone();
            for _ in 0..=random(3) {
                let at = random(bad.len());
                match random(3) {
                    0 => bad[at] ^= 1 << random(8),
                    1 => bad.truncate(at.max(1)),
                    _ => bad.insert(at, random(256) as u8),
                }
            }
            let whole = decode(name, [&bad[..]]).ok();
            for size in [1, 5] {
                assert_eq!(decode(name, bad.chunks(size)).ok(), whole, "{name} {bad:?}");
            }
        }
    }
}
