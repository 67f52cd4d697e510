//! Limits of speed, over all and for each file, and the signals that change them while it runs.
//!
//! No clock is looked at: a limit here is so low that a file would take an hour, and what is
//! seen is whether it is there before the guard of the tests has gone by.

#![cfg(all(feature = "http", feature = "signal", unix))]

mod fetch_support;

use std::process::Child;
use std::thread;
use std::time::{Duration, Instant};

use fetch_support::{Folder, GUARD, Server, bytes, finish, send_signal};

/// At the slowest limit that keys and signals set, more than an hour.
const SIZE: usize = 4_000_000;

fn server() -> Server {
    Server::start(|x| x.ok(&bytes(SIZE)))
}

/// Until something of each has come, so that who hears signals is there as well.
fn wait_for(folder: &Folder, names: &[&str]) {
    let started = Instant::now();
    let came = |name| std::fs::metadata(folder.join(name)).is_ok_and(|found| found.len() > 0);
    while !names.iter().all(|name| came(name)) {
        assert!(
            started.elapsed() < GUARD,
            "nothing comes: {:?}",
            folder.names()
        );
        thread::sleep(Duration::from_millis(5));
    }
}

/// Doubled so often that the limit is none any more.
fn hurry(child: &Child) {
    for _ in 0..25 {
        send_signal("-USR2", child);
        // Two that come at once are one.
        thread::sleep(Duration::from_millis(10));
    }
}

/// Broken by: leaving `signals` out of `together::all` (then SIGUSR2 ends it), or `set` out of
/// `Throttle::set_all`.
#[test]
fn a_signal_lets_a_limited_run_go_faster() {
    let (folder, server) = (Folder::new(), server());
    let words = ["--limit-rate", "1K", &server.url("/a"), &server.url("/b")];
    let child = folder.fetch(words).spawn().unwrap();
    wait_for(&folder, &["a.part", "b.part"]);
    hurry(&child);
    finish(child).succeeded();
    assert!(folder.read("a") == bytes(SIZE) && folder.read("b") == bytes(SIZE));
}

/// Broken by: leaving the limit of the file out of `pass` (then nothing is left to hurry), or
/// `of_files` out of `set_each`.
#[test]
fn each_file_has_its_own_limit_and_signals_change_that_too() {
    let (folder, server) = (Folder::new(), server());
    let (a, b) = (server.url("/a"), server.url("/b"));
    let words = ["--limit-rate-per-file", "1K", &a, &b];
    let child = folder.fetch(words).spawn().unwrap();
    wait_for(&folder, &["a.part", "b.part"]);
    assert_eq!(folder.names().iter().filter(|name| *name == "a").count(), 0);
    hurry(&child);
    finish(child).succeeded();
    assert!(folder.read("a") == bytes(SIZE) && folder.read("b") == bytes(SIZE));
}

/// Without a limit, and before anything comes, there is nothing to halve or to double.
#[test]
fn signals_do_no_harm_where_there_is_no_limit() {
    let (go, held) = std::sync::mpsc::channel::<()>();
    let held = std::sync::Mutex::new(held);
    let server = Server::start(move |x| {
        x.raw(b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nhalf")?;
        let _ = held.lock().unwrap().recv();
        x.raw(b"half")
    });
    let folder = Folder::new();
    let child = folder.fetch([server.url("/a")]).spawn().unwrap();
    wait_for(&folder, &["a.part"]);
    for signal in ["-USR1", "-USR2", "-USR1", "-USR1"] {
        send_signal(signal, &child);
        thread::sleep(Duration::from_millis(10));
    }
    drop(go);
    finish(child).succeeded();
    assert_eq!(folder.read("a"), b"halfhalf");
}

#[test]
fn a_rate_that_is_none_is_refused() {
    let folder = Folder::new();
    let ran = folder.run(["--limit-rate-per-file", "much", "http://127.0.0.1:9/a"]);
    assert_eq!(ran.code, Some(2), "{ran:#?}");
    assert!(ran.stderr.contains("--limit-rate-per-file"), "{ran:#?}");
}
