//! A file is what somebody says that it should be, or there is no file.

#![cfg(all(feature = "http", not(windows)))]

mod fetch_support;
#[path = "fetch_support/sums.rs"]
mod sums;

use std::fs;

use fetch_support::{Exchange, Folder, Server, echo};
use ring::digest::{Algorithm, SHA256, SHA512, digest};
use sums::sha256;

/// A structured field's byte sequence (RFC 9651), with a base64 of the test's own.
fn field(algorithm: &'static Algorithm, bytes: &[u8]) -> String {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for group in digest(algorithm, bytes).as_ref().chunks(3) {
        let mut bits = [0, 0, 0, 0];
        bits[1..=group.len()].copy_from_slice(group);
        let bits = u32::from_be_bytes(bits);
        for place in 0..4 {
            let digit = DIGITS[(bits >> (18 - 6 * place)) as usize & 63];
            text.push(if place <= group.len() {
                char::from(digit)
            } else {
                '='
            });
        }
    }
    format!(":{text}:")
}

/// Broken by: leaving `part.check` out of `download`.
#[test]
fn a_sum_of_the_users_decides() {
    let (folder, server) = (Folder::new(), echo());
    let (a, b) = (server.url("/a"), server.url("/b"));
    let ran = folder.run([
        "--sha256",
        &sha256(b"/a"),
        "--sha256",
        &sha256(b"?"),
        &a,
        &b,
    ]);
    assert_eq!((ran.code, ran.failures().len()), (Some(32), 1), "{ran:#?}");
    let words = format!(
        "failed b: SHA-256 is {}, but should be {}",
        sha256(b"/b"),
        sha256(b"?")
    );
    assert_eq!(ran.stderr.trim_end(), words);
    assert_eq!(folder.names(), ["a"]);
}

#[test]
fn a_list_of_sums_has_one_for_every_file_or_nothing_is_fetched() {
    let (folder, server) = (Folder::new(), echo());
    let list = format!(
        "{}  deep/a\n{} *b\nSHA256 (c) = {}\n",
        sha256(b"/a"),
        sha256(b"/b"),
        sha256(b"?")
    );
    fs::write(folder.join("SUMS"), list).unwrap();
    let [a, b, c, d] = ["/a", "/b", "/c", "/d"].map(|path| server.url(path));
    let words = ["--checksums", "SUMS", "-d", "out"];
    let refused = folder.run(words.iter().chain(&[a.as_str(), &d]));
    assert_eq!(refused.code, Some(2), "{refused:#?}");
    assert!(
        refused.stderr.contains("--checksums: no sum for d"),
        "{refused:#?}"
    );
    assert!(server.seen().is_empty());
    let ran = folder.run(words.iter().chain(&[a.as_str(), &b, &c]));
    assert_eq!((ran.code, ran.failures().len()), (Some(32), 1), "{ran:#?}");
    assert_eq!(fetch_support::names_in(&folder.join("out")), ["a", "b"]);
    fs::write(folder.join("SUMS"), "<html>").unwrap();
    let ran = folder.run(words.iter().chain(&[a.as_str()]));
    assert!(
        ran.code == Some(2) && ran.stderr.contains("SUMS, line 1"),
        "{ran:#?}"
    );
}

/// Broken by: taking what is there for what was asked for.
#[test]
fn a_file_that_is_there_is_checked_too() {
    let (folder, server) = (Folder::new(), echo());
    fs::write(folder.join("a"), "/a").unwrap();
    fs::write(folder.join("b"), "old").unwrap();
    let sums = ["--sha256", &sha256(b"/a"), "--sha256", &sha256(b"/b")];
    let urls = [server.url("/a"), server.url("/b")];
    let ran = folder.run(sums.iter().copied().chain(urls.iter().map(String::as_str)));
    assert_eq!((ran.code, ran.failures().len()), (Some(32), 1), "{ran:#?}");
    assert!(ran.stderr.starts_with("failed b: SHA-256"), "{ran:#?}");
    assert_eq!(folder.read("b"), b"old");
}

fn with_digest(x: &mut Exchange, lines: &str, body: &[u8]) -> std::io::Result<()> {
    let head = format!("HTTP/1.1 {lines}\r\nContent-Length: {}\r\n\r\n", body.len());
    x.raw(head.as_bytes())?;
    x.raw(body)
}

#[test]
fn a_servers_own_digest_is_held_against_what_came() {
    for name in ["Repr-Digest", "Content-Digest"] {
        for (kind, algorithm) in [("sha-256", &SHA256), ("sha-512", &SHA512)] {
            let server = Server::start(move |x| {
                let promised: &[u8] = if x.path == "/good" { b"good" } else { b"evil" };
                let line = format!("200 OK\r\n{name}: {kind}={}", field(algorithm, promised));
                with_digest(x, &line, b"good")
            });
            let folder = Folder::new();
            let ran = folder.run([server.url("/good"), server.url("/bad")]);
            assert_eq!((ran.code, ran.failures().len()), (Some(32), 1), "{ran:#?}");
            assert!(ran.stderr.contains(name), "{ran:#?}");
            assert_eq!(folder.names(), ["good"]);
        }
    }
}

/// The prefix is hashed again, the rest as it comes; `Content-Digest` is of the piece alone.
/// Broken by: hashing only what this run brought.
#[test]
fn what_is_gone_on_with_is_checked_from_its_first_byte() {
    for (whole, code) in [
        (&b"half and rest"[..], Some(0)),
        (b"something else", Some(32)),
    ] {
        let server = Server::start(move |x| {
            let etag = "ETag: \"v\"";
            if !x.head.to_ascii_lowercase().contains("range: bytes=4-") {
                let head = format!("HTTP/1.1 200 OK\r\n{etag}\r\nContent-Length: 13\r\n\r\nhalf");
                return x.raw(head.as_bytes());
            }
            let piece = field(&SHA256, b" and rest");
            let whole = field(&SHA256, whole);
            let digests =
                format!("Content-Digest: sha-256={piece}\r\nRepr-Digest: sha-256={whole}");
            let range = "Content-Range: bytes 4-12/13";
            let line = format!("206 Part\r\n{range}\r\n{etag}\r\n{digests}");
            with_digest(x, &line, b" and rest")
        });
        let folder = Folder::new();
        assert_eq!(folder.run([server.url("/x")]).code, Some(18));
        let ran = folder.run([server.url("/x")]);
        assert_eq!(ran.code, code, "{ran:#?}");
        let left = if code == Some(0) { vec!["x"] } else { vec![] };
        assert_eq!(folder.names(), left, "wrong bytes are not kept");
    }
}
