//! What a flag does to the requests that are sent, and to what is shown of them.

#![cfg(all(feature = "http", not(windows)))]

mod fetch_support;

use std::fs;
use std::io::Write;
use std::sync::{Mutex, mpsc};

use fetch_support::{Folder, GUARD, Server, bytes, sent};

#[track_caller]
fn has(head: &str, line: &str) {
    assert!(head.contains(&format!("\r\n{line}\r\n")), "{line}: {head}");
}

#[test]
fn headers_are_sent_as_they_were_asked_for() {
    let head = sent(&[
        "-H",
        "X-One: a",
        "-H",
        "X-One: b",
        "-A",
        "me/1",
        "-e",
        "http://from/",
    ]);
    for line in [
        "x-one: a",
        "x-one: b",
        "user-agent: me/1",
        "referer: http://from/",
    ] {
        has(&head, line);
    }
    has(
        &sent(&["-u", "aladdin:opensesame"]),
        "authorization: basic ywxhzgrpbjpvcgvuc2vzyw1l",
    );
    has(
        &sent(&["-L", "-R", "-J", "-C-"]),
        "accept-encoding: identity",
    );
}

#[test]
fn a_netrc_is_read_only_if_it_is_asked_for() {
    let folder = Folder::new();
    fs::write(
        folder.join("rc"),
        "machine 127.0.0.1 login aladdin password opensesame",
    )
    .unwrap();
    let rc = folder.join("rc");
    let head = sent(&["--netrc-file", rc.to_str().unwrap()]);
    has(&head, "authorization: basic ywxhzgrpbjpvcgvuc2vzyw1l");
    assert!(!sent(&[]).contains("authorization"));
}

#[test]
fn only_compressed_unpacks() {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packer.write_all(b"packed").unwrap();
    let packed = packer.finish().unwrap();
    let served = packed.clone();
    let server = Server::start(move |x| {
        let head = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nETag: \"v\"";
        x.raw(format!("{head}\r\nContent-Length: {}\r\n\r\n", served.len()).as_bytes())?;
        let end = if x.path == "/cut" { 20 } else { served.len() };
        x.raw(&served[..end])
    });
    let folder = Folder::new();
    let url = server.url("/x");
    folder.run(["-o", "as-it-is", &url]).succeeded();
    folder
        .run(["--compressed", "-o", "unpacked", &url])
        .succeeded();
    assert_eq!(folder.read("as-it-is"), packed);
    assert_eq!(folder.read("unpacked"), b"packed");
    // Half of what was packed is nothing to go on with.
    assert_eq!(
        folder.run(["--compressed", &server.url("/cut")]).code,
        Some(18)
    );
    assert_eq!(folder.names(), ["as-it-is", "unpacked"]);
    assert!(sent(&["--compressed"]).contains("\r\naccept-encoding: gzip"));
}

/// Broken by: showing values raw, or taking a name out of `SECRET`.
#[test]
fn verbose_shows_heads_and_no_secrets_and_steers_no_terminal() {
    let server = Server::start(|x| {
        x.raw(b"HTTP/1.1 200 OK\r\nSet-Cookie: hidden\r\nX-Evil: \x9b2J\xe2\x80\xae\r\n")?;
        x.raw(b"Content-Length: 2\r\n\r\nok")
    });
    let folder = Folder::new();
    let url = server.url("/x").replace("//", "//me:hidden@");
    let ran = folder.run([
        "-v",
        "-H",
        "Authorization: hidden",
        "-H",
        "Cookie: hidden",
        &url,
    ]);
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    for line in [
        "> x: GET http://127.0.0.1",
        "< x: HTTP/1.1 200 OK from http://",
        "< x: set-cookie: (not shown)",
    ] {
        assert!(ran.stderr.contains(line), "{line}: {ran:#?}");
    }
    let said = format!("{}{}", ran.stdout, ran.stderr);
    assert!(!said.contains("hidden"), "{ran:#?}");
    assert!(!said.contains(['\u{9b}', '\u{202e}', '\u{1b}']), "{ran:#?}");
}

/// Counted, not timed: a limit of nothing less than all of it in one go.
#[test]
fn a_limited_download_is_the_same_download() {
    let body = bytes(300_000);
    let served = body.clone();
    let server = Server::start(move |x| x.ok(&served));
    let folder = Folder::new();
    folder
        .run(["--limit-rate", "1M", &server.url("/a"), &server.url("/b")])
        .succeeded();
    assert!(folder.read("a") == body && folder.read("b") == body);
}

#[test]
fn every_fsync_gives_the_same_files() {
    let server = Server::start(|x| x.ok(&bytes(2_000_000)));
    for when in ["auto", "always", "never"] {
        let folder = Folder::new();
        let urls = ["/a", "/b", "/c"].map(|path| server.url(path));
        folder
            .run(
                ["--fsync", when]
                    .into_iter()
                    .chain(urls.iter().map(String::as_str)),
            )
            .succeeded();
        assert_eq!(folder.names(), ["a", "b", "c"]);
        assert!(folder.read("c") == bytes(2_000_000));
    }
}

/// A host with one place holds up nobody else: the slow one answers only once the other was
/// asked. Broken by: taking a turn before the place.
#[test]
fn who_waits_for_its_host_has_no_turn() {
    let (tell, told) = mpsc::channel();
    let (tell, told) = (Mutex::new(tell), Mutex::new(told));
    let slow = Server::start(move |x| {
        if x.path == "/slow-0" {
            let told = told.lock().unwrap().recv_timeout(GUARD);
            assert!(told.is_ok(), "nobody asked the other host");
        }
        x.ok(b"slow")
    });
    let fast = Server::start(move |x| {
        tell.lock().unwrap().send(()).unwrap();
        x.ok(b"fast")
    });
    let folder = Folder::new();
    let mut words = ["-j2", "--per-host=1", "--timeout=20"]
        .map(str::to_owned)
        .to_vec();
    words.extend((0..4).map(|n| slow.url(&format!("/slow-{n}"))));
    words.push(fast.url("/fast"));
    folder.run(words).succeeded();
    assert_eq!(folder.names().len(), 5);
}
