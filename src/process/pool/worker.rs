//! One worker process, as its parent sees it.
//!
//! ```text
//!   start ──1──▶ [process] ──2──▶ Hello ──▶ idle ⇄ ask: Request ──3──▶ Answer
//!                   │                                      └──4──▶ end of the channel
//!                   └──5──▶ ended, or silent: NotServing            │
//!                                                       autopsy ◀───┘: why has it ended?
//! ```

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream as StdStream;
use std::os::unix::process::ExitStatusExt;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use super::frame::{self, Kind};
use super::mark::{self, Mark};
use super::{Config, PoolError};
use crate::net::UnixStream;
use crate::process::{Child, Command};
use crate::time::timeout;

/// How long a worker may take to end once its channel has ended.
const LAST_BREATH: Duration = Duration::from_secs(1);

const SIGABRT: i32 = libc::SIGABRT;

/// A worker that serves. Dropped, it is killed, and reaped by the loop.
pub(super) struct Worker {
    child: Child,
    channel: UnixStream,
}

impl Worker {
    pub(super) async fn start(config: &Config) -> Result<Worker, PoolError> {
        let (here, there) = StdStream::pair()?;
        let child = spawn(there, config)?;
        let channel = UnixStream::from_std(here)?;
        let mut worker = Worker { child, channel };
        let hello = timeout(config.start_timeout, worker.read(config)).await;
        let what = match hello {
            Ok(Ok(Some((Kind::Hello, _)))) => return Ok(worker),
            Ok(_nothing_good) => match worker.last_breath().await? {
                Some(status) => format!("ended at once ({status})"),
                None => String::from("closed its stdin"),
            },
            Err(_elapsed) => format!("said nothing for {:?}", config.start_timeout),
        };
        Err(PoolError::NotServing(what))
    }

    /// Its process id.
    pub(super) fn id(&self) -> Option<u32> {
        self.child.id()
    }

    pub(super) fn is_alive(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Has it run `request`, a frame.
    pub(super) async fn ask(
        &mut self,
        request: Vec<u8>,
        config: &Config,
    ) -> Result<Vec<u8>, PoolError> {
        let sent = self.channel.write_all(&request).await;
        drop(request);
        // What was said of panics that have begun.
        let mut panics = String::new();
        if sent.is_ok() {
            // An error and the end are alike here: the process is gone, or is none of ours.
            while let Ok(Some((kind, body))) = self.read(config).await {
                match kind {
                    Kind::Panicking => note(&mut panics, body),
                    kind => return answer(kind, body, config),
                }
            }
        }
        Err(self.autopsy(panics, config).await)
    }

    /// The next frame; `None` at the end of the channel.
    async fn read(&mut self, config: &Config) -> io::Result<Option<(Kind, Vec<u8>)>> {
        let mut head = [0; frame::HEAD];
        match self.channel.read_exact(&mut head).await {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            read => read?,
        }
        let mut rest = vec![0; frame::length(head, config.max_frame_bytes)?];
        self.channel.read_exact(&mut rest).await?;
        let kind = frame::kind(&rest)?.0;
        rest.remove(0);
        Ok(Some((kind, rest)))
    }

    /// How it ended; `None` if it goes on although its channel has ended.
    async fn last_breath(&mut self) -> io::Result<Option<ExitStatus>> {
        match timeout(LAST_BREATH, self.child.exited()).await {
            Ok(status) => status.map(Some),
            Err(_elapsed) => Ok(None),
        }
    }

    async fn autopsy(&mut self, panics: String, config: &Config) -> PoolError {
        let status = match self.last_breath().await {
            Ok(Some(status)) => status,
            Ok(None) => {
                let what = "the worker broke off its channel, and goes on";
                return io::Error::new(io::ErrorKind::BrokenPipe, what).into();
            }
            Err(error) => return error.into(),
        };
        match (status.signal(), config.memory_limit) {
            (Some(SIGABRT), _) if !panics.is_empty() => PoolError::Panicked(panics),
            (Some(SIGABRT), Some(limit)) => PoolError::OutOfMemory { limit },
            (Some(signal), _) => PoolError::Killed { signal },
            (None, _) => PoolError::Exited(status),
        }
    }
}

/// What the worker said of the job.
fn answer(kind: Kind, body: Vec<u8>, config: &Config) -> Result<Vec<u8>, PoolError> {
    match kind {
        Kind::Answer => Ok(body),
        Kind::Panicked => Err(PoolError::Panicked(text(body))),
        Kind::UnknownJob => Err(PoolError::UnknownJob(text(body))),
        Kind::TooLong => {
            let bytes = body.first_chunk().copied().map_or(0, u64::from_le_bytes);
            let max_frame_bytes = config.max_frame_bytes;
            Err(PoolError::TooLong {
                what: "answer",
                bytes,
                max_frame_bytes,
            })
        }
        Kind::Encoding => Err(PoolError::Encoding(text(body))),
        Kind::Request | Kind::Hello | Kind::Panicking => {
            let what = "a worker answered with what is no answer";
            Err(io::Error::new(io::ErrorKind::InvalidData, what).into())
        }
    }
}

/// Adds one panic to the others. A function may make thousands of them, and catch each.
fn note(panics: &mut String, body: Vec<u8>) {
    if panics.len() < frame::SHORT {
        let between = if panics.is_empty() { "" } else { "\n" };
        panics.push_str(between);
        panics.push_str(&text(body));
    }
}

fn text(body: Vec<u8>) -> String {
    String::from_utf8_lossy(&body).into_owned()
}

/// Starts this program again, with `there` as its stdin.
fn spawn(there: StdStream, config: &Config) -> io::Result<Child> {
    let socket = mark::socket_number(there.as_fd())?;
    let socket = socket.ok_or_else(|| io::Error::other("a socket pair without a number"))?;
    let mark = Mark {
        socket,
        max_frame_bytes: config.max_frame_bytes,
        memory_limit: config.memory_limit,
    };
    let (variable, value) = mark.variable();
    // Dropped at the end, and with it our copy of `there`: or its end would never be told.
    let mut command = this_program()?;
    command
        .env(variable, value)
        .stdin(Stdio::from(OwnedFd::from(there)));
    // Ctrl-C is the parent's to hear; the worker ends with it.
    command.process_group(0).kill_on_drop(true).spawn()
}

/// On Linux by way of `/proc`: that is the file that runs, even where another has taken its
/// place since (it was built anew, say). The worker must be of one mind with its parent.
fn this_program() -> io::Result<Command> {
    let path = std::env::current_exe()?;
    let running = std::path::Path::new("/proc/self/exe");
    let is_linux = cfg!(any(target_os = "linux", target_os = "android"));
    let mut command = match is_linux && running.exists() {
        true => Command::new(running),
        false => Command::new(&path),
    };
    command.arg0(path);
    Ok(command)
}
