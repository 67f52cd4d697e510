//! The worker's side: [`worker_main`].
//!
//! Two threads. The main one runs the functions, where they have the most stack, and signals
//! and the like find what they expect. The other reads the channel, and ends the process when
//! the channel ends: so a worker goes with its parent even in the middle of a computation.

use std::cell::RefCell;
use std::fs::{self, File};
use std::io::{self, stdin};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::panic;
use std::process::exit;
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use rustix::process::{Resource, Rlimit, setrlimit};

use super::frame::{self, Kind};
use super::mark::{self, Mark};
use super::registry::Registry;
use crate::caught;

/// For the thread that reads: it calls little, and its stack counts against the limit.
const STACK: usize = 128 * 1024;

/// Call it first in `main`. In a worker of a [`Pool`](super::Pool) it runs jobs and never
/// returns; everywhere else it does nothing.
///
/// First, because a worker is this same program, started again without arguments: what stands
/// before this call happens in every worker, too.
///
/// While a job runs, stdin is empty, and stdout and stderr are those of the parent. The worker
/// is in a process group of its own, so that Ctrl-C in the terminal reaches the parent only; it
/// ends with the parent, at once, also in the middle of a job.
///
/// ```no_run
/// use hob::process::{Registry, worker_main};
///
/// fn main() {
///     worker_main(&Registry::new().job("double", |n: u32| n * 2));
///     println!("this is the parent");
/// }
/// ```
pub fn worker_main(registry: &Registry) {
    let Some(mark) = Mark::of_this_process() else {
        return;
    };
    mark::begin_to_serve();
    match serve(registry, mark) {
        // The sender of requests lives in the other thread, which ends by `exit`.
        Ok(()) => exit(0),
        Err(error) => {
            eprintln!("a worker process of a pool cannot serve: {error}");
            exit(1)
        }
    }
}

/// The channel, as those see it who write to it: the main thread, and whoever panics.
type Outbox = Arc<Mutex<UnixStream>>;

fn serve(registry: &Registry, mark: Mark) -> io::Result<()> {
    // The duplicate closes by itself in programs that a job starts; stdin would not.
    let channel = UnixStream::from(stdin().as_fd().try_clone_to_owned()?);
    rustix::stdio::dup2_stdin(File::open("/dev/null")?)?;
    let outbox = Arc::new(Mutex::new(channel.try_clone()?));
    let requests = read_requests(channel, mark.max_frame_bytes)?;
    // Last of all, so that what a worker has anyway does not count.
    limit_memory(mark.memory_limit)?;
    tell_of_panics(outbox.clone());

    send(&outbox, Kind::Hello, b"")?;
    for (name, request) in requests {
        let (kind, body) = run(registry, &name, &request, mark.max_frame_bytes);
        send(&outbox, kind, &body)?;
    }
    Ok(())
}

fn send(outbox: &Outbox, kind: Kind, body: &[u8]) -> io::Result<()> {
    let mut channel = outbox.lock().unwrap_or_else(PoisonError::into_inner);
    frame::write(&mut *channel, kind, body)
}

/// Requests as they come, from a thread that ends the process when there are no more.
fn read_requests(
    mut channel: UnixStream,
    max_frame_bytes: usize,
) -> io::Result<Receiver<(String, Vec<u8>)>> {
    let (sender, requests) = mpsc::channel();
    let read = move || {
        while let Ok(Some(request)) = frame::read_request(&mut channel, max_frame_bytes) {
            if sender.send(request).is_err() {
                break;
            }
        }
        exit(0)
    };
    let named = thread::Builder::new().name("hob-channel".into());
    named.stack_size(STACK).spawn(read)?;
    Ok(requests)
}

/// One job, and what is to be said of it.
fn run(registry: &Registry, name: &str, request: &[u8], max_frame_bytes: usize) -> (Kind, Vec<u8>) {
    match caught::catch(|| registry.run(name, request)) {
        Ok(None) => (Kind::UnknownJob, name.into()),
        Ok(Some(Err(error))) => (Kind::Encoding, error.into()),
        Ok(Some(Ok(answer))) if answer.len() > max_frame_bytes => {
            let length = answer.len() as u64;
            (Kind::TooLong, length.to_le_bytes().into())
        }
        Ok(Some(Ok(answer))) => (Kind::Answer, answer),
        Err(payload) => {
            // Without our hook (the function may have set its own) the payload has to do.
            let text = payload.downcast_ref::<String>().map(String::as_str);
            let text = text.or_else(|| payload.downcast_ref::<&str>().copied());
            let text = text.unwrap_or("with something that is no text").to_string();
            caught::drop_payload(payload);
            let heard = LAST_PANIC.with(RefCell::take);
            (Kind::Panicked, heard.unwrap_or(text).into())
        }
    }
}

thread_local! {
    /// What the last panic of this thread said.
    static LAST_PANIC: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// A panic need not be caught: the program may abort on panic, or a destructor may panic, too.
/// So it is told of as it begins, and if the worker then aborts, the parent knows why.
fn tell_of_panics(outbox: Outbox) {
    let former = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        former(info);
        let text = info.to_string();
        // Not `lock`: the panic may come from the middle of a write.
        if let Ok(mut channel) = outbox.try_lock() {
            let _ = frame::write(&mut *channel, Kind::Panicking, text.as_bytes());
        }
        let _ = LAST_PANIC.try_with(|last| last.replace(Some(text)));
    }));
}

/// `RLIMIT_DATA`: on Linux, all memory that is private and can be written to. Not the address
/// space, which malloc reserves by the 64 MiB for each thread, and most of it for nothing.
fn limit_memory(limit: Option<u64>) -> io::Result<()> {
    let Some(limit) = limit else {
        return Ok(());
    };
    let most = Some(data_bytes().saturating_add(limit));
    let limit = Rlimit {
        current: most,
        maximum: most,
    };
    Ok(setrlimit(Resource::Data, limit)?)
}

/// What this process has of it already: Linux tells, in KiB.
fn data_bytes() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmData:"));
    let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok());
    kib.unwrap_or(0_u64) * 1024
}
