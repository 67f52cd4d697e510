//! What a host does that has enough of us (429, 503), and what `fetch` does then: fewer ask it at
//! once for a while, nobody during its rest, and no file fails for it.

#![cfg(all(feature = "http", not(windows)))]

mod fetch_support;

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::thread;
use std::time::{Duration, Instant};

use fetch_support::{Exchange, Folder, Server};

const MOMENT: Duration = Duration::from_millis(20);

fn refuse(x: &mut Exchange, head: &str) -> std::io::Result<()> {
    x.raw(format!("HTTP/1.1 {head}\r\nContent-Length: 0\r\n\r\n").as_bytes())
}

/// Broken by: letting what was refused fail, as without a line; not coming back.
#[test]
fn a_host_that_takes_four_at_once_gives_forty_files_to_a_crowd() {
    let (inside, refused) = (
        &*Box::leak(Box::new(AtomicUsize::new(0))),
        &*Box::leak(Box::new(AtomicUsize::new(0))),
    );
    let server = Server::start(move |x| {
        if inside.fetch_add(1, SeqCst) >= 4 {
            inside.fetch_sub(1, SeqCst);
            refused.fetch_add(1, SeqCst);
            return refuse(x, "503 Service Unavailable");
        }
        thread::sleep(MOMENT);
        inside.fetch_sub(1, SeqCst); // before the answer, as the next request may come at once
        x.ok(b"body")
    });
    let folder = Folder::new();
    folder.run([server.url("/[1-40]")]).succeeded();
    assert_eq!(folder.names().len(), 40);
    let refused = refused.load(SeqCst);
    assert!(refused > 0, "nobody was refused, so nothing was tried");
    assert!(refused < 120, "{refused} refusals for 40 files");
}

/// The server writes down when it was asked. Broken by: leaving the rest to the file alone.
#[test]
fn while_a_host_rests_nobody_asks_it_and_others_are_not_held_up() {
    let asked: &Mutex<Vec<Instant>> = Box::leak(Box::default());
    let busy = Server::start(move |x| {
        let mut asked = asked.lock().unwrap();
        asked.push(Instant::now());
        if asked.len() == 1 {
            return refuse(x, "429 Too Many Requests\r\nRetry-After: 2");
        }
        drop(asked);
        x.ok(b"body")
    });
    let free = Server::start(|x| x.ok(b"body"));
    let folder = Folder::new();
    // The first file of the busy host is asked for beside one of the free one; so there is a
    // crowd only when the second one of it may go.
    let words = ["-j3", "--per-host=2"].map(str::to_owned);
    let urls = [busy.url("/busy[1-6]"), free.url("/free[1-30]")];
    folder.run(words.into_iter().chain(urls)).succeeded();
    assert_eq!(folder.names().len(), 36);
    let asked = asked.lock().unwrap();
    // Two may have been on their way; after that, nobody for two seconds.
    assert_eq!(asked.len(), 7);
    let pauses = asked.windows(2).map(|pair| pair[1] - pair[0]);
    assert!(
        pauses.max().unwrap() >= Duration::from_millis(1900),
        "{asked:?}"
    );
}

#[test]
fn who_is_refused_alone_has_failed_at_once() {
    let server = Server::start(|x| refuse(x, "503 Service Unavailable\r\nRetry-After: 60"));
    let folder = Folder::new();
    let ran = folder.run([server.url("/a")]);
    assert_eq!((ran.code, server.seen().len()), (Some(22), 1), "{ran:#?}");
}

/// Broken by: resting for a host that never gave anything.
#[test]
fn a_host_that_refuses_everything_ends_in_failures_and_not_in_waiting() {
    let server = Server::start(|x| refuse(x, "503 Service Unavailable\r\nRetry-After: 0"));
    let folder = Folder::new();
    let ran = folder.run([server.url("/[1-50]")]);
    assert_eq!((ran.code, ran.failures().len()), (Some(22), 50), "{ran:#?}");
    assert!(server.seen().len() < 50 * 13);
    let ran = folder.run([server.url("/[1-3]"), "-v".to_owned()]);
    assert!(ran.stderr.contains("at once from now on"), "{ran:#?}");
}

#[test]
fn a_wish_for_an_hour_is_a_failure_now() {
    let server = Server::start(|x| refuse(x, "503 Service Unavailable\r\nRetry-After: 3600"));
    let folder = Folder::new();
    let ran = folder.run([server.url("/[1-5]")]);
    assert_eq!(
        (ran.code, ran.failures().len(), server.seen().len()),
        (Some(22), 5, 5),
        "{ran:#?}"
    );
}
