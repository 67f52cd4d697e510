//! The tool over https: which server it believes, by which flag, with which exit status; and what
//! it makes of a bad network that TLS goes over.
//!
//! Nothing of hob is on the server's side.

#![cfg(unix)]

#[path = "../../fetch_support/mod.rs"]
mod fetch_support;
mod tls_support;

use std::fs;
use std::io::Write as _;

use fetch_support::{Folder, Ran};
use hob::net::TcpListener;
use hob_peers::origin;
use hob_peers::plan::Fault;
use hob_peers::proxy::{self, Settings};
use tls_support::{Ca, Server, hello, request};

/// Where the CA is that `--cacert` names; the files come beside it.
const CA: &str = "ca.pem";

/// Not trusted.
const CERTIFICATE: i32 = 60;
/// Not the key.
const PIN: i32 = 90;
/// TLS failed in another way.
const TLS: i32 = 35;

fn folder(ca: &Ca) -> Folder {
    let folder = Folder::new();
    fs::write(folder.join(CA), ca.pem()).unwrap();
    folder
}

/// It got the file.
#[track_caller]
fn arrives(folder: &Folder, words: &[&str]) {
    folder.run(words).succeeded();
    assert_eq!(folder.read("f"), b"hello", "{words:?}");
    assert_eq!(folder.names(), [CA, "f"]);
    fs::remove_file(folder.join("f")).unwrap();
}

/// It said why not, in one line, and left nothing.
#[track_caller]
fn refused(folder: &Folder, words: &[&str], code: i32) -> Ran {
    let ran = folder.run(words);
    assert_eq!(ran.code, Some(code), "{words:?}: {ran:#?}");
    assert_eq!(ran.failures().len(), 1, "{ran:#?}");
    assert_eq!(folder.names(), [CA]);
    ran
}

/// Broken by: leaving `only_root_certificates`, or `insecure`, out of `network::client`.
#[test]
fn a_certificate_is_good_by_cacert_and_any_is_with_insecure() {
    let ca = Ca::new();
    let (server, folder) = (Server::tls(ca.good().config(), hello), folder(&ca));
    let url = format!("{}f", server.url());
    refused(&folder, &[&url], CERTIFICATE);
    arrives(&folder, &["--cacert", CA, &url]);
    arrives(&folder, &["-k", &url]);
    arrives(&folder, &["--insecure", &url]);
}

/// Broken by: an exit status for all of TLS.
#[test]
fn a_bad_certificate_is_refused_by_its_own_exit_status() {
    let ca = Ca::new();
    let folder = folder(&ca);
    for shown in [
        ca.expired(),
        ca.not_yet(),
        ca.sign(&["example.com"], |_| {}),
        Ca::named("another CA").good(),
    ] {
        let server = Server::tls(shown.config(), hello);
        let url = format!("{}f", server.url());
        refused(&folder, &["--cacert", CA, &url], CERTIFICATE);
        assert_eq!(server.counts.requests(), 0, "nothing was said to it");
        arrives(&folder, &["-k", &url]);
    }
}

/// Broken by: leaving the pins out of `network::client`, or letting `-k` switch them off.
#[test]
fn a_pin_holds_whatever_the_certificate_says() {
    let ca = Ca::new();
    let (shown, folder) = (ca.good(), folder(&ca));
    let server = Server::tls(shown.config(), hello);
    let url = format!("{}f", server.url());
    let (right, wrong) = (shown.pin(), ca.good().pin());
    let both = format!("{wrong};{right}");
    let with = |pin| ["--cacert", CA, "--pinnedpubkey", pin, url.as_str()];
    arrives(&folder, &with(&right));
    arrives(&folder, &with(&both));
    refused(&folder, &with(&wrong), PIN);
    refused(&folder, &["-k", "--pinnedpubkey", &wrong, &url], PIN);
    arrives(&folder, &["-k", "--pinnedpubkey", &right, &url]);
}

#[test]
fn who_speaks_no_tls_is_told_apart() {
    let ca = Ca::new();
    let folder = folder(&ca);
    let server = Server::tcp(|mut socket, _| {
        socket.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
    });
    let url = format!("https://localhost:{}/f", server.address.port());
    refused(&folder, &["--cacert", CA, &url], TLS);
}

/// Files as they are, or not at all: a flipped bit is seen by TLS, and nobody needs a digest.
#[test]
fn over_a_bad_network_the_file_is_right_in_the_end() {
    let ca = Ca::new();
    let file = origin::file(7, 150_000);
    let served = file.clone();
    let server = Server::tls(ca.good().config(), move |stream, _| {
        while request(stream)?.is_some() {
            let length = served.len();
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n");
            stream.write_all(head.as_bytes())?;
            stream.write_all(&served)?;
        }
        Ok(())
    });
    let folder = folder(&ca);
    for seed in 0..8 {
        over_a_bad_network(seed, &server, &folder, &file);
    }
}

fn over_a_bad_network(seed: u64, server: &Server, folder: &Folder, file: &[u8]) {
    hob::block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let settings = Settings {
            seed,
            faults: Fault::all(),
            reach: 150_000,
        };
        let proxy = hob::spawn(proxy::run(listener, server.address, settings, |_, _| {}));
        let _proxy = proxy.abort_on_drop();
        let url = format!("https://localhost:{port}/f");
        for _ in 0..40 {
            let words = ["--cacert", CA, "--retry", "1", "--timeout", "400ms", &url];
            let child = folder.fetch(words).spawn().expect("fetch starts");
            let ran = hob::spawn_blocking(|| fetch_support::finish(child));
            let ran = ran.await.unwrap();
            if ran.code == Some(0) {
                assert!(folder.read("f") == file, "seed {seed}: {ran:#?}");
                return fs::remove_file(folder.join("f")).unwrap();
            }
            assert_eq!(folder.names(), [CA], "seed {seed}: {ran:#?}");
        }
        panic!("seed {seed}: it never arrived");
    });
}
