//! Going on with half a file: every byte is right afterwards, whatever the server does with a
//! range, and whatever became of the file in between.

#![cfg(all(feature = "http", not(windows)))]

mod fetch_support;

use std::fs;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use fetch_support::{Exchange, Folder, Ran, Server, bytes, field};

const TOTAL: usize = 1000;
const HALF: usize = 400;

/// What one request asked for.
#[derive(Clone, Debug, PartialEq)]
struct Asked {
    range: Option<String>,
    if_range: Option<String>,
    coding: Option<String>,
}

impl Asked {
    fn of(head: &str) -> Asked {
        let field = |name| field(head, name).map(str::to_owned);
        Asked {
            range: field("range"),
            if_range: field("if-range"),
            coding: field("accept-encoding"),
        }
    }

    fn first_byte(&self) -> Option<usize> {
        let range = self.range.as_deref()?;
        let first = range.strip_prefix("bytes=")?.strip_suffix('-')?;
        Some(first.parse().expect("a number"))
    }
}

/// A server whose answers depend on how often it was asked, and the list of what it was asked.
type Log = Arc<Mutex<Vec<Asked>>>;

fn script(
    answer: impl Fn(usize, &Asked, &mut Exchange) -> io::Result<()> + Send + Sync + 'static,
) -> (Server, Log) {
    let (count, log) = (AtomicUsize::new(0), Log::default());
    let list = log.clone();
    let server = Server::start(move |exchange| {
        let asked = Asked::of(&exchange.head);
        list.lock().unwrap().push(asked.clone());
        answer(count.fetch_add(1, Ordering::SeqCst), &asked, exchange)
    });
    (server, log)
}

fn first_version() -> Vec<u8> {
    bytes(TOTAL)
}

fn second_version() -> Vec<u8> {
    bytes(TOTAL).iter().map(|byte| byte ^ 0x55).collect()
}

/// A head with these lines, and a body of which `sent` bytes are really sent.
fn answer(x: &mut Exchange, lines: &str, body: &[u8], sent: usize) -> io::Result<()> {
    x.raw(format!("HTTP/1.1 {lines}\r\nContent-Length: {}\r\n\r\n", body.len()).as_bytes())?;
    x.raw(&body[..sent.min(body.len())])
}

/// The first answer: all of it is promised, and the connection ends in the middle.
fn half(x: &mut Exchange, validators: &str) -> io::Result<()> {
    let lines = format!("200 OK\r\n{validators}");
    answer(x, &lines, &first_version(), HALF)
}

/// An honest answer to a range of `body`.
fn part(x: &mut Exchange, asked: &Asked, validators: &str, body: &[u8]) -> io::Result<()> {
    let first = asked.first_byte().expect("a range");
    let (last, total) = (body.len() - 1, body.len());
    let range = format!("Content-Range: bytes {first}-{last}/{total}");
    let lines = format!("206 Partial Content\r\n{range}\r\n{validators}");
    answer(x, &lines, &body[first..], total)
}

const V1: &str = "ETag: \"v1\"";
const V2: &str = "ETag: \"v2\"";

/// Two runs of the same command: the first one fails in the middle.
fn twice(server: &Server) -> (Folder, Ran) {
    let folder = Folder::new();
    let words = [server.url("/x"), "-v".to_owned()];
    let first = folder.run(&words);
    assert_eq!(first.code, Some(18), "{first:#?}");
    let second = folder.run(&words);
    (folder, second)
}

#[track_caller]
fn ended_with(folder: &Folder, ran: &Ran, body: &[u8]) {
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    assert_eq!(folder.names(), ["x"], "{ran:#?}");
    assert!(folder.read("x") == body, "{ran:#?}");
}

/// Whatever the second run is answered, the file is `body` in the end; returns what was asked.
#[track_caller]
fn second_run(
    body: Vec<u8>,
    then: impl Fn(usize, &Asked, &mut Exchange) -> io::Result<()> + Send + Sync + 'static,
) -> Vec<Asked> {
    let (server, log) = script(move |count, asked, x| match count {
        0 => half(x, V1),
        count => then(count, asked, x),
    });
    let (folder, ran) = twice(&server);
    ended_with(&folder, &ran, &body);
    log.lock().unwrap().clone()
}

#[test]
fn the_same_command_goes_on_where_it_stopped() {
    let asked = second_run(first_version(), |_, asked, x| {
        part(x, asked, V1, &first_version())
    });
    let identity = Some("identity".to_owned());
    assert_eq!(
        (asked.len(), &asked[0].range, &asked[0].coding),
        (2, &None, &identity)
    );
    let rest = Asked {
        range: Some(format!("bytes={HALF}-")),
        if_range: Some("\"v1\"".into()),
        coding: identity,
    };
    assert_eq!(asked[1], rest);
}

#[test]
fn what_is_kept_is_told_and_lies_beside_the_half_file() {
    let (server, _) = script(|_, _, x| half(x, V1));
    let folder = Folder::new();
    let ran = folder.run(["-C", "-", &server.url("/x").replace("//", "//me:secret@")]);
    assert!(
        ran.stderr
            .contains("400 B are kept, the same command goes on"),
        "{ran:#?}"
    );
    assert_eq!(folder.names(), ["x.part", "x.part.meta"]);
    assert!(folder.read("x.part") == first_version()[..HALF]);
    let meta = String::from_utf8(folder.read("x.part.meta")).unwrap();
    assert!(
        meta.contains("etag: \"v1\"") && !meta.contains("secret"),
        "{meta}"
    );
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(folder.join("x.part.meta"))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

#[test]
fn without_a_strong_validator_nothing_is_kept_and_all_is_asked_for_again() {
    for validators in [
        "X: y",
        "ETag: W/\"v1\"",
        "Last-Modified: Mon, 01 Jan 2024 00:00:00 GMT",
    ] {
        let (server, log) = script(move |count, _, x| match count {
            0 => half(x, validators),
            _ => x.ok(&first_version()),
        });
        let folder = Folder::new();
        folder.run([server.url("/x")]);
        assert!(folder.names().is_empty(), "{validators}");
        folder.run([server.url("/x")]).succeeded();
        assert_eq!(log.lock().unwrap()[1].range, None, "{validators}");
    }
}

#[test]
fn a_date_that_is_strong_will_do() {
    const DATED: &str = "Last-Modified: Mon, 01 Jan 2024 00:00:00 GMT\r\n\
                         Date: Mon, 01 Jan 2024 00:00:05 GMT";
    let (server, log) = script(|count, asked, x| match count {
        0 => half(x, DATED),
        _ => part(x, asked, DATED, &first_version()),
    });
    let (folder, ran) = twice(&server);
    ended_with(&folder, &ran, &first_version());
    let if_range = log.lock().unwrap()[1].if_range.clone();
    assert_eq!(if_range.unwrap(), "Mon, 01 Jan 2024 00:00:00 GMT");
}

/// Broken by: leaving the sidecar's validators out of `If-Range`.
#[test]
fn a_file_that_has_changed_is_begun_again() {
    second_run(second_version(), |_, _, x| {
        answer(x, &format!("200 OK\r\n{V2}"), &second_version(), TOTAL)
    });
}

/// curl, wget and aria2 write a third file here. Broken by: taking every 206.
#[test]
fn a_server_that_ignores_if_range_is_seen_through() {
    let asked = second_run(second_version(), |_, asked, x| match asked.range {
        Some(_) => part(x, asked, V2, &second_version()),
        None => answer(x, &format!("200 OK\r\n{V2}"), &second_version(), TOTAL),
    });
    assert_eq!((asked.len(), &asked[2].range), (3, &None));
}

#[test]
fn a_206_that_does_not_fit_is_never_mixed_in() {
    let lies = [
        format!("Content-Range: bytes 0-{}/{TOTAL}\r\n{V1}", TOTAL - 1),
        format!("Content-Range: bytes 500-{}/{TOTAL}\r\n{V1}", TOTAL - 1),
        format!(
            "Content-Range: bytes {HALF}-{}/{}\r\n{V1}",
            TOTAL,
            TOTAL + 1
        ),
        format!("Content-Range: bytes {HALF}-{}/{TOTAL}", TOTAL - 1),
        format!(
            "Content-Range: bytes {HALF}-{}/{TOTAL}\r\nContent-Encoding: gzip\r\n{V1}",
            TOTAL - 1
        ),
        format!("Content-Type: multipart/byteranges; boundary=b\r\n{V1}"),
        V1.to_owned(),
    ];
    for lie in lies {
        let asked = second_run(first_version(), move |_, asked, x| match asked.range {
            Some(_) => answer(
                x,
                &format!("206 Partial Content\r\n{lie}"),
                &[b'?'; 600],
                TOTAL,
            ),
            None => answer(x, &format!("200 OK\r\n{V1}"), &first_version(), TOTAL),
        });
        assert_eq!((asked.len(), &asked[2].range), (3, &None));
    }
}

/// Broken by: taking the 200 at once, or asking so more than once.
#[test]
fn a_cache_that_stumbles_over_if_range_is_asked_without_it() {
    let asked = second_run(first_version(), |_, asked, x| match asked.if_range {
        Some(_) => answer(x, &format!("200 OK\r\n{V1}"), &first_version(), TOTAL),
        None => part(x, asked, V1, &first_version()),
    });
    assert_eq!((asked.len(), asked[2].first_byte()), (3, Some(HALF)));
    let asked = second_run(first_version(), |_, _, x| {
        answer(x, &format!("200 OK\r\n{V1}"), &first_version(), TOTAL)
    });
    assert_eq!(asked.len(), 3, "then it is a server without ranges");
    // What comes without the field is compared all the same.
    second_run(second_version(), |_, asked, x| {
        match (&asked.if_range, &asked.range) {
            (Some(_), _) => answer(x, &format!("200 OK\r\n{V1}"), &first_version(), TOTAL),
            (None, Some(_)) => part(x, asked, V2, &second_version()),
            (None, None) => answer(x, &format!("200 OK\r\n{V2}"), &second_version(), TOTAL),
        }
    });
}

#[test]
fn a_server_may_send_less_than_it_was_asked_for() {
    let asked = second_run(first_version(), |_, asked, x| {
        let first = asked.first_byte().expect("a range");
        let end = (first + 150).min(TOTAL);
        let range = format!("Content-Range: bytes {first}-{}/{TOTAL}\r\n{V1}", end - 1);
        answer(
            x,
            &format!("206 Partial Content\r\n{range}"),
            &first_version()[first..end],
            TOTAL,
        )
    });
    let firsts: Vec<_> = asked.iter().map(Asked::first_byte).collect();
    assert_eq!(firsts, [None, Some(400), Some(550), Some(700), Some(850)]);
}

#[test]
fn more_than_the_range_that_was_announced_is_a_failure() {
    let (server, _) = script(|count, _, x| match count {
        0 => half(x, V1),
        _ => {
            let range = format!("Content-Range: bytes {HALF}-499/{TOTAL}\r\n{V1}");
            answer(
                x,
                &format!("206 Partial Content\r\n{range}"),
                &first_version()[HALF..],
                TOTAL,
            )
        }
    });
    let (folder, ran) = twice(&server);
    assert_eq!(ran.code, Some(33), "{ran:#?}");
    assert!(folder.read("x.part") == first_version()[..HALF]);
}

#[test]
fn an_error_says_nothing_about_the_half_file_which_stays() {
    let (server, _) = script(|count, asked, x| match count {
        0 => half(x, V1),
        1 => answer(x, "404 Not Found", b"?", 1),
        2 => answer(x, "503 Busy", b"?", 1),
        _ => part(x, asked, V1, &first_version()),
    });
    let (folder, ran) = twice(&server);
    assert_eq!(ran.code, Some(22), "{ran:#?}");
    assert_eq!(folder.names(), ["x.part", "x.part.meta"]);
    assert_eq!(folder.run([server.url("/x")]).code, Some(22));
    folder.run([server.url("/x")]).succeeded();
    assert!(folder.read("x") == first_version());
}

#[test]
fn a_416_starts_it_again() {
    let asked = second_run(
        second_version()[..300].to_vec(),
        |_, asked, x| match asked.range {
            Some(_) => answer(x, "416 No\r\nContent-Range: bytes */300", b"", 0),
            None => answer(
                x,
                &format!("200 OK\r\n{V2}"),
                &second_version()[..300],
                TOTAL,
            ),
        },
    );
    assert_eq!(asked.len(), 3);
}

/// A kill between the last byte and the name. Broken by: asking for what is behind the end.
#[test]
fn a_half_file_that_is_whole_costs_one_byte() {
    let (server, log) = script(|count, asked, x| match count {
        0 => half(x, V1),
        _ => part(x, asked, V1, &first_version()),
    });
    let folder = Folder::new();
    folder.run([server.url("/x")]);
    fs::write(folder.join("x.part"), first_version()).unwrap();
    folder.run([server.url("/x")]).succeeded();
    assert!(folder.read("x") == first_version());
    assert_eq!(log.lock().unwrap()[1].first_byte(), Some(TOTAL - 1));
}

/// Law: only this run of the kernel knows what is behind the length of a file.
/// Broken by: believing the length whatever the sidecar says.
#[cfg(target_os = "linux")]
#[test]
fn after_a_power_cut_only_what_was_on_the_disk_for_certain_is_believed() {
    let (server, log) = script(|count, asked, x| match count {
        0 => half(x, V1),
        _ => part(x, asked, V1, &first_version()),
    });
    let folder = Folder::new();
    folder.run([server.url("/x")]);
    let meta = String::from_utf8(folder.read("x.part.meta")).unwrap();
    let other = |line: &str| match line.split_once(": ") {
        Some(("safe", _)) => "safe: 100\n".to_owned(),
        Some(("boot", _)) => "boot: another\n".to_owned(),
        _ => format!("{line}\n"),
    };
    let meta: String = meta.lines().map(other).collect();
    fs::write(folder.join("x.part.meta"), meta).unwrap();
    // As long as ever, but with zeros at its end.
    let zeros = [&first_version()[..100], &[0; HALF - 100]].concat();
    fs::write(folder.join("x.part"), zeros).unwrap();
    folder.run([server.url("/x")]).succeeded();
    assert!(folder.read("x") == first_version());
    assert_eq!(log.lock().unwrap()[1].first_byte(), Some(100));
}

/// Each try goes on. Broken by: leaving `flush` out of a failed attempt.
#[test]
fn every_retry_goes_on_from_where_the_last_one_ended() {
    let (server, log) = script(|count, asked, x| match count {
        0 => half(x, V1),
        1 => {
            let first = asked.first_byte().expect("a range");
            let range = format!("Content-Range: bytes {first}-{}/{TOTAL}", TOTAL - 1);
            let lines = format!("206 Partial Content\r\n{range}\r\n{V1}");
            answer(x, &lines, &first_version()[first..], 100)
        }
        _ => part(x, asked, V1, &first_version()),
    });
    let folder = Folder::new();
    folder.run(["--retry", "2", &server.url("/x")]).succeeded();
    assert!(folder.read("x") == first_version());
    let asked = log.lock().unwrap();
    let firsts: Vec<_> = asked.iter().map(Asked::first_byte).collect();
    assert_eq!(firsts, [None, Some(400), Some(500)]);
}

#[test]
fn what_is_not_transient_is_not_tried_again() {
    let (server, log) = script(|_, _, x| answer(x, "404 Not Found", b"", 0));
    let folder = Folder::new();
    assert_eq!(
        folder.run(["--retry", "5", &server.url("/x")]).code,
        Some(22)
    );
    assert_eq!(log.lock().unwrap().len(), 1);
}

/// I5 of `part`: SIGKILL, with nobody left to write anything down, while the server is silent.
/// Broken by: awaiting `chunk` without `Writer::during`, so that the last bytes wait for more.
#[cfg(unix)]
#[test]
fn a_large_file_survives_a_kill() {
    let body = bytes(6_000_000);
    let served = body.clone();
    let (server, log) = script(move |count, asked, x| match count {
        0 => {
            answer(x, &format!("200 OK\r\n{V1}"), &served, 4_000_000)?;
            // The connection stays open until the client goes.
            let _ = io::Read::read(&mut x.stream, &mut [0]);
            Ok(())
        }
        _ => part(x, asked, V1, &served),
    });
    let folder = Folder::new();
    let patient = ["--timeout", "0", &server.url("/x")];
    let mut child = folder.fetch(patient).spawn().unwrap();
    let begun = std::time::Instant::now();
    let there = || fs::metadata(folder.join("x.part")).map_or(0, |found| found.len());
    while there() < 4_000_000 {
        assert!(begun.elapsed() < fetch_support::GUARD);
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(folder.names(), ["x.part", "x.part.meta"]);
    folder.run([server.url("/x")]).succeeded();
    assert!(folder.read("x") == body);
    assert_eq!(folder.names(), ["x"]);
    assert_eq!(log.lock().unwrap()[1].first_byte(), Some(4_000_000));
}
