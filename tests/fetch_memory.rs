//! How much memory a long list takes: that of what is running, and a line for the rest.

#![cfg(all(feature = "http", target_os = "linux"))]

mod fetch_support;

use std::fs;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use fetch_support::{Folder, Server, finish};

/// Runs `fetch -q -j8` with a list that ends with a file that comes last, and returns the most
/// memory that the program had when it came to it, in KiB.
fn peak_with(list: &str, server: &Server, asked: &Receiver<()>, go_on: &Sender<()>) -> u64 {
    let folder = Folder::new();
    let list = format!("{list}{}\n", server.url("/last"));
    fs::write(folder.join("list"), list).unwrap();
    let mut run = folder.fetch(["-q", "-j8", "--fsync=never", "-d", "out", "-i", "list"]);
    let child = run.spawn().unwrap();
    asked
        .recv_timeout(fetch_support::GUARD)
        .expect("it comes to the last one");
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let peak = peak
        .unwrap()
        .trim()
        .trim_end_matches(" kB")
        .parse()
        .unwrap();
    go_on.send(()).unwrap();
    let ran = finish(child);
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    peak
}

/// Of 2,000 downloads that have ended, nothing stays but their outcome; and 50,000 lines that
/// were the same are one. Broken by: keeping the handles of tasks that have ended.
#[test]
fn what_has_ended_takes_a_line_and_not_a_download() {
    let ((tell, asked), (go_on, may)) = (channel(), channel());
    let (tell, may) = (Mutex::new(tell), Mutex::new(may));
    let server = Server::start(move |x| {
        if x.path == "/last" {
            tell.lock().unwrap().send(()).unwrap();
            let _ = may.lock().unwrap().recv_timeout(Duration::from_secs(60));
        }
        x.ok(b"body")
    });
    let few: String = (0..10).map(|n| server.url(&format!("/{n}\n"))).collect();
    let before = peak_with(&few, &server, &asked, &go_on);
    let many: String = (0..2000).map(|n| server.url(&format!("/{n}\n"))).collect();
    let after = peak_with(&many, &server, &asked, &go_on);
    let each = after.saturating_sub(before) as f64 / 2000.0;
    assert!(
        each < 4.0,
        "{each} KiB for each: {before} KiB became {after}"
    );
    let same = server.url("/same\n").repeat(50_000);
    let after = peak_with(&same, &server, &asked, &go_on);
    assert!(after < before + 2000, "{before} KiB became {after}");
}
