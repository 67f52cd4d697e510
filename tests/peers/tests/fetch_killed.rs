//! The tool is killed (SIGKILL: nothing of it runs any more) at hundreds of points of a download,
//! by what the server had sent, and by which system call was next. After the next run the file is
//! right, and at no time does a half file bear the final name.
//!
//! All of it is done twice: for a file that comes by one request, and for one that comes in several
//! ranges at once, whose half file has gaps.
//!
//! The points are counted in bytes and in calls, not in time. For those by call `strace` does the
//! killing; where it is not installed, the test says so and passes, and with `HOB_PEERS=required` it
//! fails. `HOB_KILLS=all` takes every call there is (`.ci/nightly`), else it is one in some.

#![cfg(target_os = "linux")]

#[path = "../../fetch_support/mod.rs"]
mod fetch_support;

use std::env;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Sender};
use std::thread;
use std::time::{Duration, Instant};

use fetch_support::{Exchange, Folder, GUARD, Server};
use hob_peers::origin;
use hob_peers::peer::installed;

/// More than one buffer anywhere on the way, and more than what is fetched without a sidecar.
const SIZE: usize = (1 << 20) + 300_000;

/// Where the next answer stops, if it does, and who is told of it.
type Stop = Option<(usize, Sender<()>)>;

/// A file on a server, which may become another one.
struct Source {
    server: Server,
    file: Arc<Mutex<(u64, Vec<u8>)>>,
    stop: Arc<Mutex<Stop>>,
    /// Does it come in several ranges?
    split: bool,
}

impl Source {
    fn start(split: bool) -> Source {
        let file = Arc::new(Mutex::new((0, origin::file(0, SIZE))));
        let stop = Arc::new(Mutex::new(Stop::None));
        let (theirs, when) = (file.clone(), stop.clone());
        let server = Server::start(move |exchange| {
            let (seed, bytes) = theirs.lock().unwrap().clone();
            let answer = answer(exchange, seed, &bytes);
            let stop = when.lock().unwrap().take();
            let Some((at, told)) = stop else {
                return exchange.raw(&answer);
            };
            exchange.raw(&answer[..at.min(answer.len())])?;
            let _ = told.send(());
            // Until the client has gone.
            exchange.stream.set_read_timeout(Some(GUARD))?;
            io::Read::read(&mut exchange.stream, &mut [0]).map(drop)
        });
        Source {
            server,
            file,
            stop,
            split,
        }
    }

    /// From now on it is another file of the same size.
    fn change(&self) {
        let mut file = self.file.lock().unwrap();
        let seed = file.0 + 1;
        *file = (seed, origin::file(seed, SIZE));
    }

    fn bytes(&self) -> Vec<u8> {
        self.file.lock().unwrap().1.clone()
    }

    /// The same for the first run and for those that go on.
    fn words(&self) -> Vec<String> {
        let flags = match self.split {
            true => &[
                "--split",
                "4",
                "--split-after",
                "0",
                "--min-split-size",
                "100K",
            ][..],
            false => &["--split", "1"],
        };
        let flags = flags.iter().map(|flag| (*flag).to_owned());
        flags.chain([self.server.url("/f")]).collect()
    }
}

/// The whole answer, or that of the range that was asked for.
fn answer(exchange: &Exchange, seed: u64, bytes: &[u8]) -> Vec<u8> {
    let tag = format!("\"{seed}\"");
    let all = bytes.len();
    let range = exchange.field("range").and_then(|range| {
        let (from, last) = range.strip_prefix("bytes=")?.split_once('-')?;
        let last = last.parse().unwrap_or(all - 1).min(all - 1);
        Some((from.parse::<usize>().ok()?, last))
    });
    let unchanged = exchange.field("if-range").is_none_or(|asked| asked == tag);
    let (status, bytes) = match range.filter(|(from, _)| unchanged && *from < all) {
        None => ("200 OK".to_owned(), bytes),
        Some((from, last)) => {
            let range = format!("206 Partial Content\r\nContent-Range: bytes {from}-{last}/{all}");
            (range, &bytes[from..=last])
        }
    };
    let length = bytes.len();
    let head = format!("HTTP/1.1 {status}\r\nETag: {tag}\r\nContent-Length: {length}\r\n\r\n");
    [head.as_bytes(), bytes].concat()
}

/// What is there may be a whole file, or half ones under other names; never half of it as `f`.
/// `contents` are the files that the server had so far.
fn look(folder: &Folder, contents: &[Vec<u8>], when: &str) {
    if let Ok(bytes) = std::fs::read(folder.join("f")) {
        assert!(contents.contains(&bytes), "{when}: a half file is called f");
    }
}

/// Runs it once more, unhurt, and then all is well, and nothing is left over. A file that had its
/// name already is left as it is.
fn all_is_well_after(folder: &Folder, source: &Source, when: &str) {
    let there = std::fs::read(folder.join("f")).ok();
    let should_be = there.clone().unwrap_or_else(|| source.bytes());
    let ran = folder.run(source.words());
    assert_eq!(ran.code, Some(0), "{when}: {ran:#?}");
    assert!(folder.read("f") == should_be, "{when}: f is wrong");
    assert_eq!(folder.names(), ["f"], "{when}");
}

/// Broken by: writing to the final name from the start, or resuming without `If-Range`.
#[test]
fn killed_after_so_many_bytes_it_gets_the_file_with_the_next_run() {
    let points = 100;
    let next = AtomicU64::new(0);
    fetch_support::program();
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                loop {
                    let point = next.fetch_add(1, Ordering::Relaxed);
                    if point >= 2 * points {
                        break;
                    }
                    let (point, split) = (point % points, point >= points);
                    kill_at_byte(point as usize, points as usize, split);
                }
            });
        }
    });
}

/// The first points lie within the head, the others all over the file; the last is its end.
fn kill_at_byte(point: usize, points: usize, split: bool) {
    let at = match point {
        0..20 => point * 7,
        _ => (SIZE + 200) * (point - 19) / (points - 20),
    };
    let when = format!("killed after {at} bytes");
    let when = format!("{when}, in {}", if split { "ranges" } else { "one" });
    let (folder, source) = (Folder::new(), Source::start(split));
    let mut contents = vec![source.bytes()];
    let (told, reached) = mpsc::channel();
    *source.stop.lock().unwrap() = Some((at, told));
    let mut child = folder.fetch(source.words()).spawn().unwrap();
    reached.recv_timeout(GUARD).expect(&when);
    // Every other one may first write what it got.
    if point.is_multiple_of(2) {
        wait_for_bytes(&folder, at.saturating_sub(200_000) as u64);
    }
    child.kill().unwrap();
    child.wait().unwrap();
    look(&folder, &contents, &when);
    // Every third time the file is another one by now.
    if point.is_multiple_of(3) {
        source.change();
        contents.push(source.bytes());
    }
    all_is_well_after(&folder, &source, &when);
}

/// Waits until so many bytes are on the disk, or for a moment: both are fine.
fn wait_for_bytes(folder: &Folder, bytes: u64) {
    let end = Instant::now() + Duration::from_millis(60);
    let part = folder.join("f.part");
    let size = || part.metadata().map_or(0, |data| data.len());
    while size() < bytes && Instant::now() < end {
        thread::sleep(Duration::from_millis(2));
    }
}

/// The kinds of calls that are counted, each kind for itself in each thread, and how many are
/// left out between two that are fatal.
const CALLS: [(&str, usize); 7] = [
    ("openat,open,creat", 2),
    ("write,pwrite64,writev", 1),
    ("close", 2),
    ("rename,renameat,renameat2,link,linkat,unlink,unlinkat", 1),
    (
        "fsync,fdatasync,ftruncate,fallocate,utimensat,sync_file_range",
        1,
    ),
    ("recvfrom,read,readv,pread64", 2),
    (
        "fstat,newfstatat,stat,lstat,statx,fcntl,flock,mkdir,mkdirat",
        2,
    ),
];

/// Broken by: writing to the final name from the start.
#[test]
fn killed_before_any_system_call_it_gets_the_file_with_the_next_run() {
    kill_at_calls(false);
}

/// Broken by: writing behind a gap before the sidecar lists what is there.
#[test]
fn killed_before_any_system_call_in_several_ranges_it_gets_the_file_with_the_next_run() {
    kill_at_calls(true);
}

fn kill_at_calls(split: bool) {
    let Some(strace) = installed("strace") else {
        return;
    };
    fetch_support::program();
    let all = env::var("HOB_KILLS").is_ok_and(|value| value == "all");
    let kills = AtomicU64::new(0);
    let next = AtomicU64::new(0);
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                loop {
                    let kind = next.fetch_add(1, Ordering::Relaxed) as usize;
                    let Some((calls, step)) = CALLS.get(kind) else {
                        break;
                    };
                    let step = if all { 1 } else { *step };
                    let mut n = 1;
                    while kill_at_call(strace.as_path(), calls, n, split) {
                        kills.fetch_add(1, Ordering::Relaxed);
                        n += step;
                        if !all && n > 40 {
                            break;
                        }
                    }
                }
            });
        }
    });
    let kills = kills.load(Ordering::Relaxed);
    eprintln!("killed before {kills} calls");
    assert!(kills > 25, "only {kills} kills");
}

/// Kills it before its n-th call of these, and the run after that one as well. False if it ended
/// before there were so many.
fn kill_at_call(strace: &std::path::Path, calls: &str, n: usize, split: bool) -> bool {
    let when = format!("killed before number {n} of {calls}");
    let (folder, source) = (Folder::new(), Source::start(split));
    let mut contents = vec![source.bytes()];
    let run = || {
        let mut command = Command::new(strace);
        command.args(["-f", "-qq", "-o", "/dev/null", "-e"]);
        command.arg(format!("trace={calls}"));
        command
            .arg("-e")
            .arg(format!("inject={calls}:signal=SIGKILL:when={n}"));
        command.arg(fetch_support::program()).args(source.words());
        command.current_dir(folder.path()).stdin(Stdio::null());
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let status = command.status().expect("strace runs");
        status.signal() == Some(9) || status.code() == Some(137)
    };
    let killed = run();
    look(&folder, &contents, &when);
    if !killed {
        assert!(
            folder.read("f") == source.bytes(),
            "{when}: not killed, and wrong"
        );
        return false;
    }
    if n.is_multiple_of(3) {
        source.change();
        contents.push(source.bytes());
    }
    run();
    look(&folder, &contents, &when);
    all_is_well_after(&folder, &source, &when);
    true
}
