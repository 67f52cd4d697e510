//! Runs the raw responses of `tests/data/http/response_vectors.json` through the protocol
//! files: whole, in pieces of 1 and 3 bytes, and cut in two at every byte.
//!
//! Each vector is a response's bytes and the outcome that the RFCs, or safety, demand.
//! `tests/http_vectors.rs` sends the same ones through sockets to the real client.

use std::fs;

use ::http::Method;
use serde_json::Value;

use crate::http::error::ErrorKind;
use crate::http::fuzzing::{Outcome, Reader};

/// Vectors of codings that a build without their features cannot undo.
fn is_built(vector: &Value) -> bool {
    let coding = vector["accept_encoding"].as_str();
    let is_there = [
        ("br", cfg!(feature = "brotli")),
        ("zstd", cfg!(feature = "zstd")),
    ];
    is_there
        .iter()
        .all(|&(name, is_built)| is_built || coding != Some(name))
}

/// The vectors are about framing, and there a 204 that announces a body has none, so that the
/// connection could go on. Such a peer breaks a rule of its own (RFC 9110 §8.6, RFC 9112 §6.1)
/// and may well send the body, so this client is stricter and keeps nothing of it.
const KEPT_BY_OTHERS: [&str; 2] = ["te.in_204", "nobody.204_with_cl"];

fn read<'a>(
    vector: &Value,
    pieces: impl Iterator<Item = &'a [u8]>,
    closed: bool,
) -> Result<Outcome, ErrorKind> {
    let method = vector["request_method"].as_str().expect("text");
    let method: Method = method.parse().expect("a method");
    let limit = vector["limits"]["max_decoded"].as_u64();
    let mut reader = Reader::new(method, limit.unwrap_or(1 << 30));
    for piece in pieces {
        reader.push(piece)?;
    }
    reader.finish(closed)
}

fn vectors() -> Vec<Value> {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/data/http/response_vectors.json"
    );
    let text = fs::read_to_string(path).expect("the vectors are in the repository");
    serde_json::from_str(&text).expect("they are JSON")
}

fn raw(vector: &Value) -> Vec<u8> {
    if let Some(parts) = vector["raw_parts"].as_array() {
        let part = |part: &Value| {
            let times = part[1].as_u64().expect("a number") as usize;
            part[0].as_str().expect("text").repeat(times).into_bytes()
        };
        return parts.iter().flat_map(part).collect();
    }
    if let Some(text) = vector["raw_b64"].as_str() {
        return unbase64(text);
    }
    vector["raw"].as_str().expect("text").as_bytes().to_vec()
}

fn unbase64(text: &str) -> Vec<u8> {
    let digit = |b: u8| match b {
        b'A'..=b'Z' => u32::from(b - b'A'),
        b'a'..=b'z' => u32::from(b - b'a') + 26,
        b'0'..=b'9' => u32::from(b - b'0') + 52,
        b'+' => 62,
        _ => 63,
    };
    let digits: Vec<u32> = text.bytes().filter(|&b| b != b'=').map(digit).collect();
    let mut bytes = Vec::new();
    for group in digits.chunks(4) {
        let bits = (0..4).fold(0, |bits, at| bits << 6 | group.get(at).unwrap_or(&0));
        let all = [(bits >> 16) as u8, (bits >> 8) as u8, bits as u8];
        bytes.extend_from_slice(&all[..group.len() - 1]);
    }
    bytes
}

/// Fails if `outcome` is not what `vector` demands.
fn judge(vector: &Value, how: &str, outcome: Result<Outcome, ErrorKind>) {
    let name = vector["name"].as_str().expect("text");
    match (vector["expect"].as_str(), outcome) {
        (Some("error"), Err(_)) => {}
        (Some("ok"), Ok(outcome)) => {
            assert_eq!(outcome.status, vector["status"], "{name} ({how})");
            let wanted = vector["body"].as_str().expect("text");
            assert_eq!(outcome.body, wanted.as_bytes(), "{name} ({how})");
            let reuse = vector["reuse"] == true && !KEPT_BY_OTHERS.contains(&name);
            assert_eq!(outcome.reuse, reuse, "{name} ({how}): reuse");
            if let Some(wanted) = vector["trailers"].as_array() {
                let lower = |field: &Value| {
                    let text = |at: usize| field[at].as_str().expect("text").to_string();
                    (text(0).to_lowercase(), text(1))
                };
                let wanted: Vec<_> = wanted.iter().map(lower).collect();
                assert_eq!(outcome.trailers, wanted, "{name} ({how})");
            }
        }
        (expect, outcome) => panic!("{name} ({how}): expected {expect:?}, got {outcome:?}"),
    }
}

/// Broken by: any rule of `framing`, `Chunks` or `HeadReader` left out.
#[test]
fn every_vector_ends_as_the_rfcs_demand_however_it_is_split() {
    let mut judged = 0;
    for vector in &vectors() {
        if !is_built(vector) {
            continue;
        }
        let bytes = raw(vector);
        let closed = vector["eof"].as_bool().expect("a bool");
        for size in [usize::MAX, 3, 1] {
            let outcome = read(vector, bytes.chunks(size), closed);
            judge(vector, &format!("pieces of {size}"), outcome);
        }
        if bytes.len() < 5_000 {
            for cut in 0..=bytes.len() {
                let (a, b) = bytes.split_at(cut);
                let outcome = read(vector, [a, b].into_iter(), closed);
                judge(vector, &format!("cut at {cut}"), outcome);
            }
        }
        judged += 1;
    }
    let missing = usize::from(!cfg!(feature = "zstd")) + 2 * usize::from(!cfg!(feature = "brotli"));
    assert_eq!(judged, 156 - missing);
}

/// Vectors with a few bytes changed, dropped or doubled mean the same however they are split,
/// whatever that is; and none of them makes anything panic.
#[test]
fn damaged_vectors_mean_the_same_whole_and_split() {
    let mut seed = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = move |below: usize| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        (seed % below.max(1) as u64) as usize
    };
    let vectors = vectors();
    let small = vectors.iter().filter(|vector| raw(vector).len() < 2_000);
    for vector in small.flat_map(|vector| std::iter::repeat_n(vector, 40)) {
        let mut bytes = raw(vector);
        for _ in 0..=random(3) {
            let at = random(bytes.len());
            let byte = b"\r\n \t:;,0159aF\0\x80\xff"[random(16)];
            match random(3) {
                0 if !bytes.is_empty() => bytes[at] = byte,
                1 if !bytes.is_empty() => drop(bytes.remove(at)),
                _ => bytes.insert(at, byte),
            }
        }
        let whole = read(vector, std::iter::once(&bytes[..]), true);
        for size in [1, 2, 7] {
            let split = read(vector, bytes.chunks(size), true);
            let text = String::from_utf8_lossy(&bytes);
            match (&whole, split) {
                (Ok(whole), Ok(split)) => assert_eq!(*whole, split, "{size}: {text:?}"),
                (Err(_), Err(_)) => {}
                (whole, split) => panic!("{size}: {text:?}: {whole:?}, but {split:?}"),
            }
        }
    }
}
