//! Other people's programs, as peers: found, started on a free port in a folder of their own,
//! and stopped by their id.

use std::io::{self, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};
use std::{env, fs, thread};

/// How long a program may take to be there, and to go.
const PATIENCE: Duration = Duration::from_secs(30);

/// Where a program is; `None`, having said so, where it is nowhere.
pub fn installed(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let sbin = ["/usr/sbin", "/usr/local/sbin", "/sbin"].map(PathBuf::from);
    let mut folders = env::split_paths(&path).chain(sbin);
    let found = folders.find_map(|folder| Some(folder.join(program)).filter(|p| p.is_file()));
    if found.is_none() {
        missing(program);
    }
    found
}

/// The Python that has this module: the one that `HOB_PYTHON` names, or the usual one.
pub fn python_with(module: &str) -> Option<PathBuf> {
    let named = env::var_os("HOB_PYTHON").map(PathBuf::from);
    let python = named.or_else(|| installed("python3"))?;
    let mut asked = Command::new(&python);
    asked.args(["-c", &format!("import {module}")]);
    asked.stdout(Stdio::null()).stderr(Stdio::null());
    if asked.status().is_ok_and(|status| status.success()) {
        return Some(python);
    }
    missing(&format!("Python's {module}"));
    None
}

/// Says what is not here; where it has to be, that is a failure.
pub fn missing(what: &str) {
    let required = env::var("HOB_PEERS").is_ok_and(|value| value == "required");
    assert!(!required, "{what} is not installed, and HOB_PEERS=required");
    // Not by `println!`, which the test harness keeps to itself where a test passes.
    let _ = writeln!(io::stderr(), "skipped: {what} is not installed");
}

/// A folder that goes away with its owner.
#[derive(Debug)]
pub struct Folder(PathBuf);

impl Folder {
    #[allow(clippy::new_without_default, reason = "it makes something on the disk")]
    pub fn new() -> Folder {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("hob-peers-{}-{number}", std::process::id());
        let folder = env::temp_dir().join(name);
        fs::create_dir_all(&folder).expect("the folder for temporary files can be written to");
        Folder(folder)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    pub fn join(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub fn write(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.join(name);
        fs::write(&path, text).expect("our own folder can be written to");
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A program that listens on a port that nobody had. It ends with its owner.
#[derive(Debug)]
pub struct Peer {
    process: Child,
    pub folder: Folder,
    pub address: SocketAddr,
}

impl Peer {
    /// Starts what `command` says for this folder and address, and waits until it listens.
    ///
    /// # Panics
    /// If it does not, with what it said.
    pub fn start(command: impl Fn(&Folder, SocketAddr) -> Command) -> Peer {
        let mut said = String::new();
        // Somebody may take the port between our asking for a free one and the program's taking it.
        for _ in 0..5 {
            match Peer::try_start(&command) {
                Ok(peer) => return peer,
                Err(words) => said = words,
            }
        }
        panic!("it does not start: {said}");
    }

    fn try_start(command: &impl Fn(&Folder, SocketAddr) -> Command) -> Result<Peer, String> {
        let folder = Folder::new();
        let address = free_address();
        let mut command = command(&folder, address);
        let log = fs::File::create(folder.join("said")).expect("our own folder");
        command.stdin(Stdio::null());
        command.stdout(log.try_clone().expect("it is open"));
        command.stderr(log);
        let process = command.spawn().map_err(|e| format!("{command:?}: {e}"))?;
        let mut peer = Peer {
            process,
            folder,
            address,
        };
        match peer.is_up() {
            true => Ok(peer),
            false => Err(format!("{command:?}: {}", peer.said())),
        }
    }

    /// What it printed so far.
    pub fn said(&self) -> String {
        let said = fs::read(self.folder.join("said")).unwrap_or_default();
        String::from_utf8_lossy(&said).into_owned()
    }

    /// Waits until it takes connections, or has ended.
    fn is_up(&mut self) -> bool {
        let end = Instant::now() + PATIENCE;
        while Instant::now() < end {
            if self.process.try_wait().expect("it is our child").is_some() {
                return false;
            }
            if TcpStream::connect(self.address).is_ok() {
                return true;
            }
            thread::sleep(Duration::from_millis(10));
        }
        false
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}

impl Drop for Peer {
    /// Asks it to end, as it may have children of its own; and then no longer asks.
    fn drop(&mut self) {
        // While nobody has asked how it ended, its number is nobody else's.
        if matches!(self.process.try_wait(), Ok(None)) {
            let id = self.process.id().to_string();
            let _ = Command::new("kill").arg(id).status();
        }
        let end = Instant::now() + Duration::from_secs(3);
        while matches!(self.process.try_wait(), Ok(None)) && Instant::now() < end {
            thread::sleep(Duration::from_millis(5));
        }
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// An address that nobody listens on just now.
pub fn free_address() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback is there");
    listener.local_addr().expect("it is bound")
}
