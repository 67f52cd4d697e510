//! Signals on Unix: `signal-hook` writes a byte into a socket pair, the reactor reads it.

use std::io::{self, Read};
use std::os::unix::net::UnixStream as StdStream;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::task::{Context, Poll};

use mio::net::UnixStream;
use signal_hook::SigId;
use signal_hook::consts::SIGINT;
use signal_hook::{flag, low_level};

use crate::reactor::{Direction, Source};

/// What the handler looks at, for the whole process.
struct Process {
    /// Nobody listens: Ctrl-C shall do what it does by default.
    unheard: Arc<AtomicBool>,
    listeners: AtomicUsize,
    /// Counting and marking go together.
    lock: Mutex<()>,
}

static PROCESS: OnceLock<Process> = OnceLock::new();

fn process() -> io::Result<&'static Process> {
    // One at a time: a handler that is registered cannot be told from another.
    static FIRST: Mutex<()> = Mutex::new(());
    let _first = FIRST.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(process) = PROCESS.get() {
        return Ok(process);
    }
    // True until somebody listens: making a listener may fail.
    let unheard = Arc::new(AtomicBool::new(true));
    // First in line for good: it runs before the handlers of all listeners to come.
    flag::register_conditional_default(SIGINT, unheard.clone())?;
    Ok(PROCESS.get_or_init(|| Process {
        unheard,
        listeners: AtomicUsize::new(0),
        lock: Mutex::new(()),
    }))
}

impl Process {
    fn listen(&self) {
        let _lock = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        self.listeners.fetch_add(1, Ordering::SeqCst);
        self.unheard.store(false, Ordering::SeqCst);
    }

    fn unlisten(&self) {
        let _lock = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        if self.listeners.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.unheard.store(true, Ordering::SeqCst);
        }
    }
}

/// One who waits for SIGINT.
#[derive(Debug)]
pub(super) struct Listener {
    source: Source<UnixStream>,
    handler: SigId,
}

impl Listener {
    pub(super) fn new() -> io::Result<Listener> {
        let process = process()?;
        let (reader, writer) = StdStream::pair()?;
        reader.set_nonblocking(true)?;
        writer.set_nonblocking(true)?;
        let source = Source::new(UnixStream::from_std(reader))?;
        let handler = low_level::pipe::register(SIGINT, writer)?;
        process.listen();
        Ok(Listener { source, handler })
    }

    pub(super) fn poll_signal(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut byte = [0];
        let read = self
            .source
            .poll_io(cx, Direction::Read, |mut stream| stream.read(&mut byte));
        read.map_ok(|_one| ())
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        low_level::unregister(self.handler);
        if let Some(process) = PROCESS.get() {
            process.unlisten();
        }
    }
}

/// While this lives, the first SIGINT arms the default action for the second. All of it
/// happens within the handler: it works even where the loop is stuck in a computation.
pub(super) struct SecondEnds {
    handlers: [SigId; 2],
}

impl SecondEnds {
    pub(super) fn new() -> io::Result<SecondEnds> {
        let came = Arc::new(AtomicBool::new(false));
        // In this order: the default looks at the mark before the mark is made.
        let end = flag::register_conditional_default(SIGINT, came.clone())?;
        let mark = flag::register(SIGINT, came)?;
        Ok(SecondEnds {
            handlers: [end, mark],
        })
    }
}

impl Drop for SecondEnds {
    fn drop(&mut self) {
        for handler in self.handlers {
            low_level::unregister(handler);
        }
    }
}

/// Ends the process as SIGINT would have.
pub(super) fn die() -> ! {
    // It returns only if even that fails; 130 is what shells make of a SIGINT.
    let _ = low_level::emulate_default_handler(SIGINT);
    std::process::exit(130)
}
