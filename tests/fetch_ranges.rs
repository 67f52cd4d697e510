//! One file by several requests at once: every byte is right whatever the server does with a
//! range, no byte is asked for without need, and a further range never makes a download fail.
//!
//! With `--split-after 0` nothing is measured, so nothing here depends on how fast anything is.

#![cfg(all(feature = "http", not(windows)))]

mod fetch_support;
#[path = "fetch_support/ranges.rs"]
mod ranges;
#[path = "fetch_support/sums.rs"]
mod sums;

use std::fs;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use fetch_support::{Exchange, Folder, GUARD, Ran, Server, bytes};
use ranges::{Asked, Log, part, script};
use sums::sha256;

const SIZE: usize = 1_000_000;
const SMALL: usize = 10_000;
const V1: &str = "ETag: \"v1\"";

fn file() -> Vec<u8> {
    bytes(SIZE)
}

/// The head of a whole answer, and its first bytes.
fn begin(x: &mut Exchange, body: &[u8]) -> io::Result<()> {
    let length = body.len();
    x.raw(format!("HTTP/1.1 200 OK\r\n{V1}\r\nContent-Length: {length}\r\n\r\n").as_bytes())?;
    x.raw(&body[..SMALL])
}

const AT_ONCE: [&str; 4] = ["--split-after", "0", "--min-split-size", "100K"];

fn words(server: &Server, more: &[&str]) -> Vec<String> {
    let words = AT_ONCE.iter().chain(more).map(|word| (*word).to_owned());
    words.chain([server.url("/x")]).collect()
}

#[track_caller]
fn arrived(folder: &Folder, ran: &Ran, body: &[u8]) {
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    assert_eq!(folder.names(), ["x"], "{ran:#?}");
    assert!(folder.read("x") == body, "the file is wrong: {ran:#?}");
}

/// The first response brings its first bytes, and the rest only when `others` ranges were asked
/// for; these are answered by `answer`.
fn held_back(
    others: usize,
    answer: impl Fn(usize, &Asked, &mut Exchange) -> io::Result<()> + Send + Sync + 'static,
) -> (Server, Arc<Log>) {
    script(move |number, asked, log, x| match number {
        0 => {
            begin(x, &file())?;
            log.wait_for(1 + others);
            x.raw(&file()[SMALL..])
        }
        _ => answer(number, asked, x),
    })
}

/// Broken by: writing each range behind what is there, or hashing bytes as they come.
#[test]
fn one_file_comes_by_several_requests_and_its_digest_is_that_of_the_whole() {
    for sum in [sha256(&file()), sha256(b"another")] {
        let (server, log) = held_back(3, |_, asked, x| part(x, asked, V1, &file()));
        let folder = Folder::new();
        let ran = folder.run(words(&server, &["--split", "4", "--sha256", &sum]));
        let asked = log.all();
        assert_eq!(asked[0].range, None);
        for further in &asked[1..] {
            assert_eq!(further.if_range.as_deref(), Some("\"v1\""), "{asked:?}");
        }
        if sum == sha256(&file()) {
            arrived(&folder, &ran, &file());
        } else {
            assert_eq!(ran.code, Some(32), "{ran:#?}");
            assert!(folder.names().is_empty());
        }
    }
}

#[test]
fn with_split_1_and_for_small_files_and_without_a_strong_validator_there_is_one_request() {
    let whole = |fields: &'static str| {
        script(move |_, _, _, x| {
            let head = format!("HTTP/1.1 200 OK\r\n{fields}\r\nContent-Length: {SIZE}\r\n\r\n");
            x.raw(head.as_bytes())?;
            x.raw(&file())
        })
    };
    for (fields, flags) in [
        (V1, ["--split", "1"]),
        (V1, ["--min-split-size", "501K"]),
        ("ETag: W/\"v1\"", ["--split", "4"]),
        ("X-No: validator", ["--split", "4"]),
        ("ETag: \"v1\"\r\nAccept-Ranges: none", ["--split", "4"]),
    ] {
        let (server, log) = whole(fields);
        let folder = Folder::new();
        let ran = folder.run(words(&server, &flags));
        arrived(&folder, &ran, &file());
        assert_eq!(log.all().len(), 1, "{fields} {flags:?}");
    }
}

/// What the first response has anyway is not asked for again. Broken by: making what a refused
/// range was given free, in place of giving it back.
#[test]
fn a_server_that_has_no_ranges_or_refuses_a_second_one_costs_one_more_request() {
    let answers: [fn(&Asked, &mut Exchange) -> io::Result<()>; 8] = [
        |_, x| begin(x, &file()),
        |_, x| x.raw(b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"),
        |_, x| x.raw(b"HTTP/1.1 429 Slow down\r\nRetry-After: 9\r\nContent-Length: 0\r\n\r\n"),
        |_, x| x.raw(b"HTTP/1.1 416 No\r\nContent-Length: 0\r\n\r\n"),
        |_, x| x.reset(),
        // Another version, and two lies.
        |asked, x| part(x, asked, "ETag: \"v2\"", &[b'?'; SIZE]),
        |_, x| {
            let (range, length) = (format!("bytes 0-9/{SIZE}"), 10);
            let head = format!("Content-Range: {range}\r\nContent-Length: {length}\r\n{V1}");
            x.raw(format!("HTTP/1.1 206 Part\r\n{head}\r\n\r\n0123456789").as_bytes())
        },
        |asked, x| {
            let (first, last) = asked.range.unwrap();
            let range = format!("bytes {first}-{}/{SIZE}", first + 9);
            let head = format!("Content-Range: {range}\r\nContent-Length: {SIZE}\r\n{V1}");
            x.raw(format!("HTTP/1.1 206 Part\r\n{head}\r\n\r\n").as_bytes())?;
            x.raw(&vec![b'?'; last.unwrap() - first])
        },
    ];
    for (number, answer) in answers.into_iter().enumerate() {
        let (server, log) = held_back(1, move |_, asked, x| answer(asked, x));
        let folder = Folder::new();
        let ran = folder.run(words(&server, &["--split", "2", "-v"]));
        eprintln!("answer {number}");
        arrived(&folder, &ran, &file());
        // What looks like a cache that stumbles over If-Range is asked once more.
        let most = if number == 0 { 3 } else { 2 };
        let asked = log.all();
        assert!(
            (2..=most).contains(&asked.len()),
            "answer {number}: {asked:?}"
        );
    }
}

/// Broken by: failing with the first range that fails (R2 of `ranges`).
#[test]
fn what_a_broken_range_did_not_bring_comes_by_another_one() {
    for broken in 0..4 {
        let (server, log) = script(move |number, asked, log, x| {
            if number == 0 {
                begin(x, &file())?;
                // The fifth is for what the broken one did not bring, or for half of our rest.
                log.wait_for(if broken == 0 { 4 } else { 5 });
                return match broken {
                    0 => x.reset(),
                    _ => x.raw(&file()[SMALL..]),
                };
            }
            if number == broken {
                let (first, last) = asked.range.unwrap();
                let length = last.unwrap() + 1 - first;
                let range = format!("bytes {first}-{}/{SIZE}", last.unwrap());
                let head = format!("Content-Range: {range}\r\nContent-Length: {length}\r\n{V1}");
                x.raw(format!("HTTP/1.1 206 Part\r\n{head}\r\n\r\n").as_bytes())?;
                return x.raw(&file()[first..first + length / 2]);
            }
            // The others end last, so that they find the gap.
            log.wait_for(4);
            std::thread::sleep(Duration::from_millis(50));
            part(x, asked, V1, &file())
        });
        let folder = Folder::new();
        let ran = folder.run(words(&server, &["--split", "4"]));
        arrived(&folder, &ran, &file());
        assert!(log.all().len() >= 5, "{broken}: {:?}", log.all());
    }
}

/// With many files at once nobody gains by more ranges (R3 of `ranges`). No head comes before all
/// three files were asked for, and no file ends before there was time to ask for a range.
/// Broken by: not counting the files in `Session::one_more`.
#[test]
fn while_as_many_files_run_as_may_there_are_no_further_ranges() {
    let early = Arc::new(Mutex::new(0));
    let count = early.clone();
    let (server, _log) = script(move |_, asked, log, x| {
        if asked.range.is_some() {
            return part(x, asked, V1, &file());
        }
        log.wait_for(3);
        begin(x, &file())?;
        std::thread::sleep(Duration::from_millis(300));
        let ranges = log
            .all()
            .iter()
            .filter(|asked| asked.range.is_some())
            .count();
        {
            let mut early = count.lock().unwrap();
            *early += 1;
            // The first one to be here: the others have ended nothing yet.
            assert!(*early > 1 || ranges == 0, "{:?}", log.all());
        }
        x.raw(&file()[SMALL..])
    });
    let folder = Folder::new();
    let urls: Vec<_> = (0..3).map(|n| server.url(&format!("/{n}"))).collect();
    let flags = ["--split", "3", "-j", "3"];
    let words = AT_ONCE.iter().chain(&flags).map(|word| (*word).to_owned());
    folder.run(words.chain(urls)).succeeded();
    assert_eq!(*early.lock().unwrap(), 3);
}

/// A run that is stopped by SIGKILL when both its ranges have brought some; and what the next
/// run asked for.
#[cfg(unix)]
fn killed(
    then: impl Fn(&Asked, &mut Exchange) -> io::Result<()> + Send + Sync + 'static,
) -> (Folder, Ran, Arc<Log>) {
    const KEPT: usize = 200_000;
    let (server, log) = script(move |number, asked, log, x| match (number, asked.range) {
        (0, _) => {
            begin(x, &file())?;
            log.wait_for(2);
            x.raw(&file()[SMALL..KEPT])?;
            // The connection stays open until the client goes.
            io::Read::read(&mut x.stream, &mut [0]).map(drop)
        }
        (1, Some((first, _))) => {
            let range = format!("bytes {first}-{}/{SIZE}", SIZE - 1);
            let head = format!(
                "Content-Range: {range}\r\nContent-Length: {}\r\n{V1}",
                SIZE - first
            );
            x.raw(format!("HTTP/1.1 206 Part\r\n{head}\r\n\r\n").as_bytes())?;
            x.raw(&file()[first..first + KEPT])?;
            io::Read::read(&mut x.stream, &mut [0]).map(drop)
        }
        _ => then(asked, x),
    });
    let folder = Folder::new();
    let mut child = folder
        .fetch(words(&server, &["--split", "2"]))
        .spawn()
        .unwrap();
    let begun = Instant::now();
    // What the journal says is there.
    let listed = || {
        let meta = fs::read_to_string(folder.join("x.part.meta")).unwrap_or_default();
        let words = meta
            .split([' ', '\n'])
            .filter_map(|word| word.split_once('-'));
        let ends = words.filter_map(|(_, last)| last.parse::<usize>().ok());
        ends.collect::<Vec<_>>()
    };
    let there = |ends: Vec<usize>| {
        ends.contains(&(KEPT - 1)) && ends.iter().any(|end| *end >= SIZE / 2 + KEPT - 1)
    };
    while !there(listed()) {
        assert!(begun.elapsed() < GUARD, "{:?}", listed());
        std::thread::sleep(Duration::from_millis(5));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(folder.names(), ["x.part", "x.part.meta"]);
    let ran = folder.run(words(&server, &["--split", "2"]));
    (folder, ran, log)
}

/// Broken by: believing the length of a file with gaps, or not listing what was written.
#[cfg(unix)]
#[test]
fn after_a_kill_only_what_is_missing_is_asked_for() {
    let (folder, ran, log) = killed(|asked, x| part(x, asked, V1, &file()));
    arrived(&folder, &ran, &file());
    let asked = &log.all()[2..];
    let bytes: usize = asked
        .iter()
        .map(|asked| {
            let (first, last) = asked.range.expect("the whole is never asked for");
            last.expect("each gap has an end") + 1 - first
        })
        .sum();
    assert_eq!(asked[0].if_range.as_deref(), Some("\"v1\""));
    // Half of the second gap may be asked for twice: by who fills it, and by who takes it.
    assert!(bytes < SIZE - 400_000 + 300_000, "{asked:?}");
    assert_eq!(asked[0].range.unwrap().0, 200_000);
}

/// Broken by: filling gaps without comparing the version.
#[cfg(unix)]
#[test]
fn after_a_kill_a_file_that_has_changed_is_begun_again() {
    let other: Vec<u8> = file().iter().map(|byte| byte ^ 0x55).collect();
    let served = other.clone();
    let (folder, ran, _log) = killed(move |asked, x| match &asked.if_range {
        Some(version) if version == "\"v1\"" => begin_v2(x, &served),
        Some(_) => part(x, asked, "ETag: \"v2\"", &served),
        None => begin_v2(x, &served),
    });
    arrived(&folder, &ran, &other);
}

/// Servers ignore `If-Range`.
#[cfg(unix)]
#[test]
fn after_a_kill_another_version_is_seen_through() {
    let other: Vec<u8> = file().iter().map(|byte| byte ^ 0x55).collect();
    let served = other.clone();
    let (folder, ran, _log) = killed(move |asked, x| match asked.range {
        Some(_) => part(x, asked, "ETag: \"v2\"", &served),
        None => begin_v2(x, &served),
    });
    arrived(&folder, &ran, &other);
}

fn begin_v2(x: &mut Exchange, body: &[u8]) -> io::Result<()> {
    let length = body.len();
    x.raw(
        format!("HTTP/1.1 200 OK\r\nETag: \"v2\"\r\nContent-Length: {length}\r\n\r\n").as_bytes(),
    )?;
    x.raw(body)
}
