//! Ctrl-C, SIGTERM or SIGHUP while `fetch` is at work: it ends as the signal would have it, whole
//! files stay, and of half files those that can be gone on with.

#![cfg(all(feature = "http", feature = "signal", unix))]

mod fetch_support;

use std::io::{BufRead, BufReader};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command};
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use fetch_support::{Folder, GUARD, Server, send_signal};

#[cfg(target_os = "linux")]
const SIGHUP: i32 = 1;
const SIGINT: i32 = 2;
const SIGTERM: i32 = 15;

fn interrupt(child: &Child) {
    send(SIGINT, child);
}

fn send(signal: i32, child: &Child) {
    send_signal(&format!("-{signal}"), child);
}

/// Until `true`, or until the guard says that it will not come.
fn wait_for(what: &str, mut done: impl FnMut() -> bool) {
    let started = Instant::now();
    while !done() {
        assert!(started.elapsed() < GUARD, "never: {what}");
        thread::sleep(Duration::from_millis(5));
    }
}

/// A server that gives `/whole` at once and only the first half of everything else. Its
/// threads hold those connections until the sender is dropped.
fn half_and_hold() -> (Server, mpsc::Sender<()>) {
    let (hold, held) = mpsc::channel();
    let held = Arc::new(Mutex::new(held));
    let server = Server::start(move |exchange| match exchange.path.as_str() {
        "/whole" => exchange.ok(b"whole"),
        _ => {
            exchange.raw(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")?;
            let _ = held.lock().unwrap().recv();
            Ok(())
        }
    });
    (server, hold)
}

/// Broken by: taking the `Drop` away from `Part`, or `cancel_on_ctrl_c` out of `main`.
#[test]
fn the_first_one_keeps_what_is_whole_and_takes_the_rest_away() {
    let (folder, (server, _hold)) = (Folder::new(), half_and_hold());
    let urls = ["/whole", "/half-1", "/half-2"].map(|path| server.url(path));
    let mut child = folder.fetch(urls).spawn().unwrap();
    wait_for("all under way", || {
        let length = |name| std::fs::metadata(folder.join(name)).map(|found| found.len());
        let half = |name| length(name).is_ok_and(|length| length == 4);
        half("half-1.part") && half("half-2.part") && folder.join("whole").exists()
    });
    // It has its name; that it is safe, and counts, is told.
    let mut told = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    told.read_line(&mut line).unwrap();
    assert!(line.starts_with("ok whole"), "{line}");
    interrupt(&child);
    let output = wait(child);
    assert_eq!(output.status.signal(), Some(SIGINT), "{output:?}");
    assert_eq!(folder.names(), ["whole"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("stopped: 1 of 3 files"), "{said}");
}

/// The same command goes on. Broken by: leaving `keep` out of the drop of `Part`.
#[test]
fn half_files_stay_that_can_be_gone_on_with() {
    stopped_by(SIGINT);
}

/// Broken by: leaving `stop::asked` out of `on_a_loop`.
#[test]
fn being_asked_to_end_is_the_same() {
    stopped_by(SIGTERM);
}

/// Elsewhere nobody can tell whether `nohup` had it ignored, and it stays the system's.
#[cfg(target_os = "linux")]
#[test]
fn a_terminal_that_goes_away_is_the_same() {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = u64::from_str_radix(mask.unwrap().trim(), 16).unwrap();
    if ignored & (1 << (SIGHUP - 1)) != 0 {
        // What is ignored here is ignored by the child too, and that is just as wanted.
        eprintln!("skipped: SIGHUP is ignored, as under nohup");
        return;
    }
    stopped_by(SIGHUP);
}

fn stopped_by(signal: i32) {
    let served = fetch_support::bytes(1000);
    let (hold, held) = mpsc::channel::<()>();
    let held = Mutex::new(held);
    let server = Server::start(move |x| {
        if x.head.to_ascii_lowercase().contains("range: bytes=400-") {
            let range = "Content-Range: bytes 400-999/1000\r\nContent-Length: 600";
            x.raw(format!("HTTP/1.1 206 Part\r\nETag: \"v\"\r\n{range}\r\n\r\n").as_bytes())?;
            return x.raw(&served[400..]);
        }
        x.raw(b"HTTP/1.1 200 OK\r\nETag: \"v\"\r\nContent-Length: 1000\r\n\r\n")?;
        x.raw(&served[..400])?;
        let _ = held.lock().unwrap().recv();
        Ok(())
    });
    let folder = Folder::new();
    let child = folder.fetch([server.url("/x")]).spawn().unwrap();
    let length = || std::fs::metadata(folder.join("x.part")).map_or(0, |found| found.len());
    wait_for("400 bytes", || length() == 400);
    send(signal, &child);
    let output = wait(child);
    assert_eq!(output.status.signal(), Some(signal), "{output:?}");
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains("stopped: 0 of 1 file arrived; the same command goes on"),
        "{said}"
    );
    assert_eq!(folder.names(), ["x.part", "x.part.meta"]);
    folder.run([server.url("/x")]).succeeded();
    assert!(folder.read("x") == fetch_support::bytes(1000));
    assert_eq!(folder.names(), ["x"]);
    drop(hold);
}

#[test]
fn the_demonstration_can_be_stopped_too() {
    let folder = Folder::new();
    let child = folder.fetch::<&str>([]).spawn().unwrap();
    let fresh = folder.join("downloads");
    wait_for("half files", || {
        fresh.is_dir()
            && fetch_support::names_in(&fresh)
                .iter()
                .any(|n| n.ends_with(".part"))
    });
    interrupt(&child);
    let output = wait(child);
    assert_eq!(output.status.signal(), Some(SIGINT), "{output:?}");
    let left = fetch_support::names_in(&fresh);
    assert!(!left.iter().any(|name| name.ends_with(".part")), "{left:?}");
}

/// `Child::wait_with_output`, with the guard against a hang.
fn wait(child: Child) -> std::process::Output {
    let (done, over) = mpsc::channel();
    let id = child.id().to_string();
    thread::spawn(move || done.send(child.wait_with_output()));
    match over.recv_timeout(GUARD) {
        Ok(output) => output.unwrap(),
        Err(_) => {
            let _ = Command::new("kill").args(["-KILL", &id]).status();
            panic!("fetch does not stop");
        }
    }
}
