//! Standard output and standard error.
//!
//! **Law:** `write(1)` blocks when it is a pipe that nobody empties, or a terminal that was told to
//! stop. **Consequence:** workers do it. **Choice:** each of the two streams has one buffer for the
//! whole process, and at most one worker that empties it, so that bytes stay in the order in
//! which they were accepted, whichever handle, task or runtime they came from.
//!
//! ```text
//!              write                       a worker took the buffer
//!   [out] ◀──────(1)── bytes     [out] ──────────(2)──────────▶ write(1) ──(3)──▶ `written` grows,
//!    full: the writer waits                                                     waiters are woken
//! ```
//!
//! (1) `Stream::accept`, (2, 3) `Stream::write_batch`.
//!
//! Writing begins at once, so nobody has to flush in order to be seen. `flush` waits until it is
//! out, and reports errors. A worker's errors are counted; each handle that exists hears of each
//! of them, once, at its next `write` or `flush`.

use std::future::Future;
use std::io::{self, Write};
use std::panic::Location;
use std::pin::Pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};

use futures_io::AsyncWrite;

use crate::blocking::run_in_turns;
use crate::caught;
use crate::coop;
use crate::trace::{self, WaitKind};

/// A writer waits once so much was accepted and no worker has taken it.
const MOST: usize = 64 * 1024;

static STDOUT: Stream = Stream::new(|bytes| put(io::stdout().lock(), bytes));
static STDERR: Stream = Stream::new(|bytes| put(io::stderr().lock(), bytes));

/// By way of std's own handle, so that `println!` and we keep an order, too.
fn put(mut sink: impl Write, bytes: &[u8]) -> io::Result<()> {
    sink.write_all(bytes)?;
    sink.flush()
}

/// Standard output of the process.
///
/// What it accepts is written at once by a worker, in order, whichever handle it came through; the
/// end of the runtime waits for it. Only [`std::process::exit`] does not: flush before.
///
/// ```
/// # hob::block_on(async {
/// let mut out = hob::io::stdout();
/// out.write_all(b"hello\n").await?;
/// out.flush().await?;
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
#[track_caller]
pub fn stdout() -> Stdout {
    Stdout(Handle::new(&STDOUT, Location::caller()))
}

/// Standard error of the process. Like [`stdout`]; it is not written *before* the call returns, as
/// `eprintln!` does it, so for last words use that.
///
/// ```
/// # hob::block_on(async {
/// let mut err = hob::io::stderr();
/// err.write_all(b"oh\n").await?;
/// err.flush().await?;
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
#[track_caller]
pub fn stderr() -> Stderr {
    Stderr(Handle::new(&STDERR, Location::caller()))
}

/// A handle to standard output: see [`stdout`].
#[derive(Debug)]
pub struct Stdout(Handle);

/// A handle to standard error: see [`stderr`].
#[derive(Debug)]
pub struct Stderr(Handle);

/// What both are.
#[derive(Debug)]
struct Handle {
    stream: &'static Stream,
    /// So many of the stream's failures this handle knows of.
    heard: u64,
    /// A flush under way waits until so many bytes are written.
    flushing: Option<u64>,
    /// Where the handle was made; stands in wait records where the caller is not known.
    made_at: &'static Location<'static>,
}

/// One of the two streams.
struct Stream {
    state: Mutex<State>,
    /// Writes it all; blocks.
    sink: fn(&[u8]) -> io::Result<()>,
}

struct State {
    /// Accepted, and taken by no worker yet.
    out: Vec<u8>,
    /// Is there a worker that will look into `out` once more?
    busy: bool,
    /// Bytes accepted so far.
    accepted: u64,
    /// Bytes of these that are out, or were given up after an error.
    written: u64,
    failures: u64,
    /// The last failure. An `io::Error` cannot be told twice, so this is what it is made of.
    failure: Option<Failure>,
    /// Who waits for room, or for a flush. Woken all at once: they are few.
    waiters: Vec<Waker>,
}

#[derive(Clone, Debug)]
struct Failure {
    kind: io::ErrorKind,
    code: Option<i32>,
    message: String,
}

impl Stream {
    const fn new(sink: fn(&[u8]) -> io::Result<()>) -> Stream {
        Stream {
            state: Mutex::new(State {
                out: Vec::new(),
                busy: false,
                accepted: 0,
                written: 0,
                failures: 0,
                failure: None,
                waiters: Vec::new(),
            }),
            sink,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One turn of the worker: writes what there is. True: there is more by now.
    fn write_batch(&self) -> bool {
        let mut state = self.lock();
        let bytes = std::mem::take(&mut state.out);
        // There is room again.
        let waiters = std::mem::take(&mut state.waiters);
        drop(state);
        waiters.into_iter().for_each(caught::wake);

        let result = (self.sink)(&bytes);

        let mut state = self.lock();
        state.written += bytes.len() as u64;
        if let Err(error) = result {
            state.fail(&error);
        }
        state.busy = !state.out.is_empty();
        let busy = state.busy;
        let waiters = std::mem::take(&mut state.waiters);
        drop(state);
        waiters.into_iter().for_each(caught::wake);
        busy
    }

    /// Asks `look` for an answer, until there is one or the waker is in its place.
    fn poll<T>(
        &self,
        cx: &mut Context<'_>,
        at: &'static Location<'static>,
        mut look: impl FnMut(&mut State) -> Option<T>,
    ) -> Poll<T> {
        // Cloned before the lock is taken, because a waker may be a stranger's.
        let mut clone = None;
        loop {
            let mut state = self.lock();
            if let Some(answer) = look(&mut state) {
                drop(state);
                return Poll::Ready(answer);
            }
            if state.waiters.iter().any(|w| w.will_wake(cx.waker())) {
                break;
            }
            if let Some(clone) = clone.take() {
                state.waiters.push(clone);
                break;
            }
            drop(state);
            clone = Some(cx.waker().clone());
        }
        trace::waits(WaitKind::Job, 0, at);
        Poll::Pending
    }
}

impl State {
    /// Takes what fits, and says how much, and whether a worker has to be sent.
    fn accept(&mut self, bytes: &[u8]) -> Option<(usize, bool)> {
        let room = MOST.saturating_sub(self.out.len());
        let n = bytes.len().min(room);
        if n == 0 && !bytes.is_empty() {
            return None;
        }
        self.out.extend_from_slice(&bytes[..n]);
        self.accepted += n as u64;
        let send = n > 0 && !std::mem::replace(&mut self.busy, true);
        Some((n, send))
    }

    /// What was accepted behind a failed write goes with it: output gets no holes.
    fn fail(&mut self, error: &io::Error) {
        self.failures += 1;
        self.failure = Some(Failure {
            kind: error.kind(),
            code: error.raw_os_error(),
            message: error.to_string(),
        });
        self.written += self.out.len() as u64;
        self.out.clear();
    }
}

impl Failure {
    fn error(self) -> io::Error {
        match self.code {
            Some(code) => io::Error::from_raw_os_error(code),
            None => io::Error::new(self.kind, self.message),
        }
    }
}

impl Handle {
    fn new(stream: &'static Stream, made_at: &'static Location<'static>) -> Handle {
        let heard = stream.lock().failures;
        Handle {
            stream,
            heard,
            flushing: None,
            made_at,
        }
    }

    fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        at: &'static Location<'static>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        ready!(coop::poll_budget(cx));
        self.flushing = None;
        let heard = &mut self.heard;
        let accepted = self.stream.poll(cx, at, |state| {
            news(state, heard)
                .map(Err)
                .or_else(|| state.accept(bytes).map(Ok))
        });
        let (n, send) = ready!(accepted)?;
        if send {
            let stream = self.stream;
            run_in_turns(move || stream.write_batch());
        }
        coop::spend();
        Poll::Ready(Ok(n))
    }

    fn poll_flush(
        &mut self,
        cx: &mut Context<'_>,
        at: &'static Location<'static>,
    ) -> Poll<io::Result<()>> {
        let (heard, flushing) = (&mut self.heard, &mut self.flushing);
        let flushed = self.stream.poll(cx, at, |state| {
            let until = *flushing.get_or_insert(state.accepted);
            (state.written >= until).then(|| news(state, heard).map_or(Ok(()), Err))
        });
        let result = ready!(flushed);
        self.flushing = None;
        Poll::Ready(result)
    }
}

/// The failure that the handle has not heard of.
fn news(state: &State, heard: &mut u64) -> Option<io::Error> {
    if *heard == state.failures {
        return None;
    }
    *heard = state.failures;
    state.failure.clone().map(Failure::error)
}

impl std::fmt::Debug for Stream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (accepted, written) = {
            let state = self.lock();
            (state.accepted, state.written)
        };
        write!(f, "Stream({written} of {accepted} bytes written)")
    }
}

/// The same methods and traits for both.
macro_rules! handle {
    ($name:ident) => {
        impl $name {
            /// Accepts bytes, and gives their number. Waits only while 64 KiB stand in line.
            ///
            /// *Cancel safety*: dropped before it was ready, nothing was accepted.
            ///
            /// # Errors
            /// That of an earlier write, `BrokenPipe` for instance. This one's comes later.
            #[track_caller]
            pub fn write(&mut self, bytes: &[u8]) -> impl Future<Output = io::Result<usize>> {
                let at = Location::caller();
                std::future::poll_fn(move |cx| self.0.poll_write(cx, at, bytes))
            }

            /// Accepts all of `bytes`.
            ///
            /// *Cancel safety*: a part may have been accepted.
            #[track_caller]
            pub fn write_all(&mut self, bytes: &[u8]) -> impl Future<Output = io::Result<()>> {
                let at = Location::caller();
                let mut rest = bytes;
                std::future::poll_fn(move |cx| {
                    while !rest.is_empty() {
                        let n = ready!(self.0.poll_write(cx, at, rest))?;
                        rest = &rest[n..];
                    }
                    Poll::Ready(Ok(()))
                })
            }

            /// Waits until everything accepted so far was given to the system.
            ///
            /// # Errors
            /// That of any write since this handle last heard of one.
            #[track_caller]
            pub fn flush(&mut self) -> impl Future<Output = io::Result<()>> {
                let at = Location::caller();
                self.0.flushing = None;
                std::future::poll_fn(move |cx| self.0.poll_flush(cx, at))
            }
        }

        impl AsyncWrite for $name {
            fn poll_write(
                mut self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                bytes: &[u8],
            ) -> Poll<io::Result<usize>> {
                let at = self.0.made_at;
                self.0.poll_write(cx, at, bytes)
            }

            fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                let at = self.0.made_at;
                self.0.poll_flush(cx, at)
            }

            /// Flushes; the stream itself stays open for others.
            fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                self.poll_flush(cx)
            }
        }
    };
}

handle!(Stdout);
handle!(Stderr);
