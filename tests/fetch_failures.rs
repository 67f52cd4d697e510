//! Whatever goes wrong with one URL: one clear line, an exit status, no half file, and the
//! other downloads are not disturbed.

#![cfg(all(feature = "http", not(windows)))]

mod fetch_support;

use std::fs;
use std::net::TcpListener;
use std::time::Duration;

use fetch_support::{Exchange, Folder, GUARD, Ran, Server, bytes};

/// A good answer for `/good`, the bad one for everything else.
fn good_and_bad(
    bad: impl Fn(&mut Exchange) -> std::io::Result<()> + Send + Sync + 'static,
) -> Server {
    Server::start(move |exchange| match exchange.path.as_str() {
        "/good" => exchange.ok(b"good"),
        _ => bad(exchange),
    })
}

/// The good one arrived, the bad one left one line with `reason` and no file.
#[track_caller]
fn only_the_good_arrived(folder: &Folder, ran: &Ran, reason: &str) {
    assert_eq!(ran.failures().len(), 1, "{ran:#?}");
    // `fetch_exit_codes` says which.
    assert!(ran.code.is_some_and(|code| code > 2), "{ran:#?}");
    assert_eq!(ran.stderr.lines().count(), 1, "{ran:#?}");
    assert!(
        ran.stderr.starts_with("failed bad: ") && ran.stderr.contains(reason),
        "{ran:#?}"
    );
    assert_eq!(folder.names(), ["good"]);
    assert_eq!(folder.read("good"), b"good");
}

#[track_caller]
fn a_bad_answer(
    bad: impl Fn(&mut Exchange) -> std::io::Result<()> + Send + Sync + 'static,
    reason: &str,
) {
    let (folder, server) = (Folder::new(), good_and_bad(bad));
    let ran = folder.run([server.url("/bad"), server.url("/good")]);
    only_the_good_arrived(&folder, &ran, reason);
}

#[test]
fn a_status_that_is_no_success_is_a_failure() {
    a_bad_answer(
        |x| x.raw(b"HTTP/1.1 404 Not Found\r\nContent-Length: 9\r\n\r\nnot here\n"),
        "404",
    );
}

/// Broken by: taking every 2xx for a file.
#[test]
fn a_success_without_the_whole_file_is_a_failure() {
    a_bad_answer(
        |x| x.raw(b"HTTP/1.1 205 Reset\r\nContent-Length: 0\r\n\r\n"),
        "205",
    );
    a_bad_answer(
        |x| {
            x.raw(b"HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-3/9\r\n")?;
            x.raw(b"Content-Length: 4\r\n\r\nhalf")
        },
        "206",
    );
    a_bad_answer(
        |x| x.raw(b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\nok"),
        "201",
    );
}

#[test]
fn an_end_before_the_end_is_a_failure() {
    a_bad_answer(
        |x| x.raw(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf"),
        "4 bytes came of 1000",
    );
    a_bad_answer(
        |x| x.raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n"),
        "closed early",
    );
    a_bad_answer(|x| x.raw(b"HTTP/1.1 200 OK\r\nConte"), "closed early");
}

#[test]
fn a_reset_in_any_phase_is_a_failure() {
    a_bad_answer(Exchange::reset, "the connection broke");
    a_bad_answer(
        |x| {
            x.raw(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")?;
            x.raw(&bytes(100_000))?;
            x.reset()
        },
        "the connection broke",
    );
}

#[test]
fn what_is_not_http_is_a_failure() {
    a_bad_answer(
        |x| x.raw(b"220 smtp.example.com ESMTP\r\n\r\n"),
        "bad response",
    );
    a_bad_answer(
        |x| x.raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n"),
        "bad response",
    );
    a_bad_answer(
        |x| {
            x.raw(b"HTTP/1.1 200 OK\r\n")?;
            (0..100_000).try_for_each(|_| x.raw(b"X-Endless: head\r\n"))
        },
        "more than",
    );
}

#[test]
fn words_of_the_server_do_not_steer_the_terminal() {
    let evil = |code| {
        move |x: &mut Exchange| {
            x.raw(format!("HTTP/1.1 {code} \u{1b}]0;owned\u{7}\u{1b}[2J\r\n").as_bytes())?;
            x.raw("Location: http://\u{1b}[31m/\u{202e}\r\n".as_bytes())?;
            x.raw(b"Content-Length: 0\r\n\r\n")
        }
    };
    for code in [404, 302] {
        let (folder, server) = (Folder::new(), good_and_bad(evil(code)));
        let ran = folder.run([server.url("/bad"), server.url("/good")]);
        only_the_good_arrived(&folder, &ran, "");
        let said = format!("{}{}", ran.stdout, ran.stderr);
        assert!(
            !said.contains(|c: char| c.is_control() && c != '\n'),
            "{said:?}"
        );
        assert!(!said.contains('\u{202e}'), "{said:?}");
    }
}

#[test]
fn a_circle_of_redirects_is_a_failure() {
    a_bad_answer(
        |x| x.raw(b"HTTP/1.1 302 Found\r\nLocation: /bad\r\nContent-Length: 0\r\n\r\n"),
        "circle",
    );
    let (folder, server) = (
        Folder::new(),
        good_and_bad(|x| {
            let next = format!("{}x", x.path);
            x.raw(
                format!("HTTP/1.1 302 Found\r\nLocation: {next}\r\nContent-Length: 0\r\n\r\n")
                    .as_bytes(),
            )
        }),
    );
    let ran = folder.run([
        "--max-redirs",
        "3",
        &server.url("/bad"),
        &server.url("/good"),
    ]);
    only_the_good_arrived(&folder, &ran, "more than 3 redirects");
    assert_eq!(
        server.seen(),
        ["/bad", "/badx", "/badxx", "/badxxx", "/good"]
    );
}

#[test]
fn a_server_that_says_nothing_is_given_up() {
    let (folder, server) = (
        Folder::new(),
        good_and_bad(|_silence| {
            std::thread::sleep(GUARD);
            Ok(())
        }),
    );
    let ran = folder.run([
        "--timeout",
        "300ms",
        &server.url("/bad"),
        &server.url("/good"),
    ]);
    only_the_good_arrived(&folder, &ran, "took longer than 300ms");
}

#[test]
fn nobody_there_is_a_failure() {
    let (folder, server) = (Folder::new(), good_and_bad(|_| Ok(())));
    // A port that was just free, and that nobody listens on.
    let closed = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let refused = folder.run([format!("http://{closed}/bad"), server.url("/good")]);
    only_the_good_arrived(&folder, &refused, "refused");
    fs::remove_file(folder.join("good")).unwrap();
    let unknown = folder.run([
        "http://no-such-host.invalid/bad".into(),
        server.url("/good"),
    ]);
    only_the_good_arrived(&folder, &unknown, "looking up the host failed");
}

#[test]
fn a_scheme_that_is_not_spoken_is_told_before_anything_is_fetched() {
    let (folder, server) = (Folder::new(), good_and_bad(|_| Ok(())));
    for bad in ["gopher://127.0.0.1/bad", "ftp://127.0.0.1/bad"] {
        let ran = folder.run([bad.into(), server.url("/good")]);
        assert_eq!(ran.code, Some(2), "{ran:#?}");
        assert!(ran.stderr.contains("is not spoken here"), "{ran:#?}");
    }
    assert!(folder.names().is_empty() && server.seen().is_empty());
}

#[test]
fn a_password_is_not_told() {
    let (folder, server) = (
        Folder::new(),
        good_and_bad(|x| x.raw(b"HTTP/1.1 403 \r\n\r\n")),
    );
    let bad = server.url("/bad").replace("http://", "http://me:secret@");
    let ran = folder.run([bad, server.url("/good")]);
    only_the_good_arrived(&folder, &ran, "403");
    assert!(!format!("{ran:?}").contains("secret"), "{ran:#?}");
}

/// Broken by: showing what was typed.
#[test]
fn a_password_is_not_told_of_what_is_no_url_either() {
    let folder = Folder::new();
    for bad in [
        "u:secret@h:99999/x",
        "http://u:sec/secret@h:99999/",
        "http:/u:secret@h\tx",
    ] {
        let ran = folder.run([bad]);
        assert_eq!(ran.code, Some(2), "{ran:#?}");
        assert!(ran.stderr.contains("…@h"), "{ran:#?}");
        assert!(!format!("{ran:?}").contains("secret"), "{ran:#?}");
    }
}

#[test]
fn a_folder_that_cannot_be_made_is_one_line() {
    let folder = Folder::new();
    fs::write(folder.join("file"), "").unwrap();
    let ran = folder.run(["-d", "file/out", "http://127.0.0.1:9/x"]);
    assert_eq!(
        (ran.code, ran.stderr.lines().count()),
        (Some(1), 1),
        "{ran:#?}"
    );
    assert!(ran.stderr.contains("file/out"), "{ran:#?}");
}

/// Broken by: passing the bare error on.
#[test]
fn a_folder_to_compare_in_that_cannot_be_made_is_named() {
    let (folder, server) = (Folder::new(), good_and_bad(|_| Ok(())));
    fs::write(folder.join("one-after-another"), "a file").unwrap();
    let ran = folder.run(["--compare", &server.url("/good")]);
    assert_eq!(
        (ran.code, ran.stderr.lines().count()),
        (Some(1), 1),
        "{ran:#?}"
    );
    assert!(
        ran.stderr.contains("fetch: one-after-another: "),
        "{ran:#?}"
    );
}

#[test]
fn a_file_that_cannot_be_made_is_a_failure_of_that_file() {
    let (folder, server) = (Folder::new(), good_and_bad(|_| Ok(())));
    let ran = folder.run([
        "-o",
        "no/such/folder/bad",
        &server.url("/bad"),
        &server.url("/good"),
    ]);
    assert_eq!((ran.code, ran.failures().len()), (Some(23), 1), "{ran:#?}");
    assert!(
        ran.stderr.contains("creating no/such/folder/bad.part: "),
        "{ran:#?}"
    );
    assert_eq!(
        (folder.names(), server.seen()),
        (vec!["good".into()], vec!["/good".into()])
    );
}

#[test]
fn output_that_nobody_takes_does_not_stop_the_downloads() {
    let (folder, server) = (
        Folder::new(),
        good_and_bad(|x| {
            std::thread::sleep(Duration::from_millis(100));
            x.ok(b"late")
        }),
    );
    let mut child = folder
        .fetch([server.url("/good"), server.url("/late")])
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    drop(child.stderr.take());
    let ran = fetch_support::finish(child);
    assert_eq!(ran.code, Some(0));
    assert_eq!(folder.names(), ["good", "late"]);
}
