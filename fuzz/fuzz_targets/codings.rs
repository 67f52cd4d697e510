//! Looks for an input that breaks a promise of `hob::http::fuzzing::codings`, or that means
//! something else to hob than to another implementation (F4): the C libraries for br and zstd,
//! miniz_oxide for deflate.
//!
//! It is only asked about what hob takes. What hob refuses, the others may take: they stop at the
//! end of a stream and do not mind what follows, and under a fuzzer miniz_oxide checks no sum.
#![no_main]

use std::io::Read;

use libfuzzer_sys::fuzz_target;

/// As `LIMIT` in `hob::http::fuzzing`.
const LIMIT: u64 = 1 << 20;

fuzz_target!(|data: &[u8]| {
    hob::http::fuzzing::codings(data);
    let Some((coding, Ok(ours))) = hob::http::fuzzing::undone(data) else {
        return;
    };
    let coded = &data[1..];
    let theirs = match coding {
        _ if coded.is_empty() => return,
        "br" => unbrotli(coded),
        "zstd" => unzstd(coded),
        "deflate" => inflate(coded),
        _ => return,
    };
    assert!(
        theirs.as_ref() == Some(&ours),
        "{coding}: {ours:?}, but {theirs:?}"
    );
});

fn whole(mut reader: impl Read) -> Option<Vec<u8>> {
    let mut plain = Vec::new();
    reader
        .by_ref()
        .take(LIMIT + 1)
        .read_to_end(&mut plain)
        .ok()?;
    Some(plain)
}

fn unbrotli(coded: &[u8]) -> Option<Vec<u8>> {
    whole(brotlic::DecompressorReader::new(coded))
}

fn unzstd(coded: &[u8]) -> Option<Vec<u8>> {
    let mut reader = zstd::stream::read::Decoder::new(coded).ok()?;
    reader.window_log_max(23).ok()?;
    whole(reader)
}

fn inflate(coded: &[u8]) -> Option<Vec<u8>> {
    use miniz_oxide::inflate::{decompress_to_vec, decompress_to_vec_zlib};
    let is_zlib = coded.len() > 1
        && coded[0] & 0x8f == 8
        && u16::from_be_bytes([coded[0], coded[1]]).is_multiple_of(31);
    match is_zlib {
        true => decompress_to_vec_zlib(coded).ok(),
        false => decompress_to_vec(coded).ok(),
    }
}
