//! What the tests of `examples/fetch` share: the program, a folder, and a server to fail on.
//!
//! The program is run as its users run it, as a process. `cargo test` does not build it (an
//! example with `test = true` is only built as its own unit tests), so [`program`] asks cargo
//! to, once for each test binary; that takes no time if there is nothing to do. (Not on
//! Windows, where our tests run under Wine, which cannot call cargo.)
//!
//! The server uses std's sockets and a thread for each connection, nothing of hob's: what
//! hob's client gets wrong cannot be made good by the same mistake on the other side.

#![allow(dead_code)] // each test binary uses its own part of this

use std::ffi::OsStr;
use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Condvar, Mutex, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

/// Longer than any run here takes, however loaded the machine: a hang is a failure.
pub(crate) const GUARD: Duration = Duration::from_secs(120);

/// The path of the built `examples/fetch`.
pub(crate) fn program() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(build)
}

/// Has cargo build it the way this test was built: same target folder, profile and triple.
fn build() -> PathBuf {
    // target/debug/deps/fetch_files-0123456789abcdef, or target/TRIPLE/debug/deps/…
    let exe = std::env::current_exe().expect("the test knows where it is");
    let profile_dir = exe.ancestors().nth(2).expect("it lies in deps");
    let above = profile_dir.parent().expect("it lies in the target folder");
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--quiet", "--package", "hob", "--example", "fetch"]);
    cargo.current_dir(env!("CARGO_MANIFEST_DIR"));
    // What cargo says to this test about its package is not for the next cargo: build scripts
    // that look at it (ring's) would take it for a change, and everything would be built anew.
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy();
        if ["CARGO_PKG_", "CARGO_MANIFEST_"]
            .iter()
            .any(|own| name.starts_with(own))
        {
            cargo.env_remove(&*name);
        }
    }
    let name = above.file_name().unwrap_or_default().to_string_lossy();
    let is_triple = name.matches('-').count() >= 2;
    if is_triple && name.contains(std::env::consts::OS) {
        cargo.args(["--target", &name, "--target-dir"]);
        cargo.arg(above.parent().expect("it lies in the target folder"));
    } else {
        cargo.arg("--target-dir").arg(above);
    }
    if profile_dir.ends_with("release") {
        cargo.arg("--release");
    }
    let built = cargo.output().expect("cargo runs");
    let said = String::from_utf8_lossy(&built.stderr);
    assert!(
        built.status.success(),
        "cargo could not build the example: {said}"
    );
    profile_dir.join("examples/fetch")
}

/// A fresh folder that goes away with the test.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Folder {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("fetch-test-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir(&path).expect("the name is new");
        Folder(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn join(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// What is in it, sorted; folders end with a slash.
    pub(crate) fn names(&self) -> Vec<String> {
        names_in(&self.0)
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.join(name)).unwrap_or_else(|e| panic!("{name}: {e}, of {:?}", self.names()))
    }

    /// A run of fetch in this folder, not started yet.
    pub(crate) fn fetch<S: AsRef<OsStr>>(&self, words: impl IntoIterator<Item = S>) -> Command {
        let mut command = Command::new(program());
        command.args(words).current_dir(&self.0);
        command.env_remove("RUST_LOG").env_remove("NO_COLOR");
        // What the user has in a config file is not for the tests.
        command.env("XDG_CONFIG_HOME", self.join("own"));
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Runs fetch in this folder to its end.
    pub(crate) fn run<S: AsRef<OsStr>>(&self, words: impl IntoIterator<Item = S>) -> Ran {
        finish(self.fetch(words).spawn().expect("fetch starts"))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

pub(crate) fn names_in(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap_or_else(|e| panic!("{folder:?}: {e}"));
    let mut names: Vec<_> = entries
        .map(|entry| {
            let entry = entry.unwrap();
            let slash = if entry.file_type().unwrap().is_dir() {
                "/"
            } else {
                ""
            };
            format!("{}{slash}", entry.file_name().to_string_lossy())
        })
        .collect();
    names.sort();
    names
}

/// How a run ended, and what it said.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    /// The lines on standard error about downloads that failed.
    pub(crate) fn failures(&self) -> Vec<&str> {
        self.stderr
            .lines()
            .filter(|line| line.starts_with("failed "))
            .collect()
    }

    #[track_caller]
    pub(crate) fn succeeded(&self) -> &Ran {
        assert_eq!(
            (self.code, self.stderr.as_str()),
            (Some(0), ""),
            "{self:#?}"
        );
        self
    }
}

/// Sends it a signal, which has a name (`-USR1`) or a number (`-2`).
pub(crate) fn send_signal(signal: &str, child: &Child) {
    let id = child.id().to_string();
    let kill = Command::new("kill").args([signal, &id]).status();
    assert!(kill.expect("there is a kill").success());
}

/// Waits for the end of a run; kills it, and fails the test, if that does not come.
pub(crate) fn finish(mut child: Child) -> Ran {
    let taker = |pipe: Option<Box<dyn Read + Send>>| {
        thread::spawn(move || {
            let mut bytes = Vec::new();
            pipe.map(|mut pipe| pipe.read_to_end(&mut bytes));
            String::from_utf8(bytes).expect("fetch prints UTF-8")
        })
    };
    let stdout = taker(child.stdout.take().map(|pipe| Box::new(pipe) as _));
    let stderr = taker(child.stderr.take().map(|pipe| Box::new(pipe) as _));
    let started = Instant::now();
    let status = loop {
        match child.try_wait().expect("it is our child") {
            Some(status) => break status,
            None if started.elapsed() < GUARD => thread::sleep(Duration::from_millis(5)),
            None => {
                let _ = child.kill();
                panic!("fetch hangs; it said: {}", stderr.join().unwrap());
            }
        }
    };
    Ran {
        code: status.code(),
        stdout: stdout.join().unwrap(),
        stderr: stderr.join().unwrap(),
    }
}

/// One request, and the way to answer it as well or as badly as a test wants.
pub(crate) struct Exchange {
    pub(crate) path: String,
    pub(crate) head: String,
    /// What came of the body together with the head.
    pub(crate) ahead: Vec<u8>,
    pub(crate) stream: TcpStream,
}

impl Exchange {
    /// The value of a field of the request.
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        field(&self.head, name)
    }

    /// A whole and honest answer.
    pub(crate) fn ok(&mut self, body: &[u8]) -> io::Result<()> {
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
        self.raw(head.as_bytes())?;
        self.raw(body)
    }

    pub(crate) fn raw(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)
    }

    /// Ends the connection with a reset instead of an orderly end, by failing.
    pub(crate) fn reset(&mut self) -> io::Result<()> {
        socket2::SockRef::from(&self.stream).set_linger(Some(Duration::ZERO))?;
        Err(io::Error::other("closed at once, with a reset"))
    }
}

/// The value of a field in the head of a request.
pub(crate) fn field<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let mut fields = head.lines().filter_map(|line| line.split_once(": "));
    let found = fields.find(|(key, _)| key.eq_ignore_ascii_case(name));
    found.map(|(_, value)| value)
}

/// A server on a free port of this machine; one request on each connection.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// `answer` is called for each request, on a thread of its own. When it returns, the
    /// connection ends; its errors are the client's doing.
    pub(crate) fn start(
        answer: impl Fn(&mut Exchange) -> io::Result<()> + Send + Sync + 'static,
    ) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let log = seen.clone();
        let answer = Arc::new(answer);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (answer, log) = (answer.clone(), log.clone());
                thread::spawn(move || serve(stream?, &log, &*answer));
            }
        });
        Server { address, seen }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The paths that were asked for so far, sorted.
    pub(crate) fn seen(&self) -> Vec<String> {
        let mut seen = self.seen.lock().unwrap().clone();
        seen.sort();
        seen
    }
}

/// A server that answers with the path that it was asked for.
pub(crate) fn echo() -> Server {
    Server::start(|exchange| {
        let path = exchange.path.clone();
        exchange.ok(path.as_bytes())
    })
}

/// A server that answers with the head of the request, in small letters.
pub(crate) fn heads() -> Server {
    Server::start(|exchange| {
        let head = exchange.head.to_ascii_lowercase();
        exchange.ok(head.as_bytes())
    })
}

/// The head of the one request that these words lead to, in small letters.
#[track_caller]
pub(crate) fn sent(words: &[&str]) -> String {
    let (folder, server) = (Folder::new(), heads());
    let url = server.url("/x");
    let words = words.iter().copied();
    folder.run(words.chain([url.as_str()])).succeeded();
    String::from_utf8(folder.read("x")).expect("a head is UTF-8 here")
}

fn serve(
    stream: TcpStream,
    log: &Mutex<Vec<String>>,
    answer: &dyn Fn(&mut Exchange) -> io::Result<()>,
) -> io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head)? == 0 {
            return Ok(());
        }
    }
    let path = head.split(' ').nth(1).unwrap_or("").to_owned();
    log.lock().unwrap().push(path.clone());
    let ahead = reader.buffer().to_vec();
    let mut exchange = Exchange {
        path,
        head,
        ahead,
        stream,
    };
    answer(&mut exchange)?;
    let _ = exchange.stream.shutdown(Shutdown::Write);
    // Closing with unread bytes would turn the end into a reset.
    let mut rest = [0; 512];
    exchange.stream.set_read_timeout(Some(GUARD))?;
    while !matches!(exchange.stream.read(&mut rest), Ok(0) | Err(_)) {}
    Ok(())
}

/// Counts how many are inside at the same moment, and can hold them until enough are.
#[derive(Default)]
pub(crate) struct Gate {
    state: Mutex<(usize, usize)>,
    changed: Condvar,
}

impl Gate {
    /// Goes in, waits until `enough` have been inside together (or, so that a test fails
    /// instead of hanging, for `patience`), stays for `stay`, and goes out.
    pub(crate) fn pass(&self, enough: usize, patience: Duration, stay: Duration) {
        let mut state = self.state.lock().unwrap();
        state.0 += 1;
        state.1 = state.1.max(state.0);
        self.changed.notify_all();
        let (state, _) = self
            .changed
            .wait_timeout_while(state, patience, |(_now, most)| *most < enough)
            .unwrap();
        drop(state);
        thread::sleep(stay);
        self.state.lock().unwrap().0 -= 1;
    }

    /// How many were inside at the same moment, at most.
    pub(crate) fn most(&self) -> usize {
        self.state.lock().unwrap().1
    }
}

/// `length` bytes that differ from place to place.
pub(crate) fn bytes(length: usize) -> Vec<u8> {
    (0..length).map(|n| (n * 31 % 251) as u8).collect()
}
