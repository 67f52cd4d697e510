//! Pipes on Windows: one thread for each, which blocks in our place.
//!
//! Law: std's pipes are blocking here, and what could make them otherwise wants `unsafe`.
//! Consequence: a thread reads, or writes, and hands over through a buffer. Not a worker of
//! the pool: a child may be silent for days, and a few of them would take all workers. Price:
//! two threads for a child whose stdin and stdout are piped. One that reads ends when nobody
//! has the other end open any more, even if ours was dropped before.

use std::collections::VecDeque;
use std::future::Future;
use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::os::windows::io::OwnedHandle;
use std::panic::Location;
use std::pin::Pin;
use std::process::Stdio;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};
use std::thread;

use futures_io::{AsyncRead, AsyncWrite};
use futures_lite::{AsyncReadExt, AsyncWriteExt};

use crate::caught;
use crate::coop;
use crate::trace::{self, WaitKind};

/// So much goes through at once.
const CHUNK: usize = 16 * 1024;

/// Where the thread and the loop meet. One of them fills `bytes`, and the other empties it.
#[derive(Default)]
struct Ferry {
    state: Mutex<State>,
    /// For the thread: `bytes` or `left` has changed.
    changed: Condvar,
}

#[derive(Default)]
struct State {
    bytes: VecDeque<u8>,
    /// The thread is in a system call with bytes that it has taken out.
    busy: bool,
    /// The thread came to the end, or failed: the last thing it says.
    over: Option<Result<(), (io::ErrorKind, String)>>,
    /// Our end was dropped.
    left: bool,
    /// The task that waits for the thread.
    waker: Option<Waker>,
}

impl Ferry {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(&self, state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        let waited = self.changed.wait(state);
        waited.unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets go of the lock, then wakes the task.
    fn tell(&self, mut state: MutexGuard<'_, State>) {
        let waker = state.waker.take();
        drop(state);
        if let Some(waker) = waker {
            caught::wake(waker);
        }
    }

    fn end(&self, result: io::Result<()>) {
        let mut state = self.lock();
        state.over = Some(result.map_err(|error| (error.kind(), error.to_string())));
        self.tell(state);
    }

    fn leave(&self) {
        let mut state = self.lock();
        state.left = true;
        let waker = state.waker.take();
        drop(state);
        drop(waker);
        self.changed.notify_one();
    }

    /// Asks `look`; parks the task if it has no answer.
    fn poll<T>(
        &self,
        cx: &mut Context<'_>,
        at: &'static Location<'static>,
        kind: WaitKind,
        look: impl FnOnce(&mut State) -> Option<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        ready!(coop::poll_budget(cx));
        let waker = cx.waker().clone();
        let mut state = self.lock();
        if let Some(answer) = look(&mut state) {
            drop(state);
            self.changed.notify_one();
            coop::spend();
            return Poll::Ready(answer);
        }
        let former = state.waker.replace(waker);
        drop(state);
        drop(former);
        trace::waits(kind, 0, at);
        Poll::Pending
    }
}

fn start(what: &str, run: impl FnOnce() + Send + 'static) -> io::Result<()> {
    let named = thread::Builder::new().name(format!("hob-{what}"));
    named.spawn(run).map(drop)
}

pub(super) struct Writer {
    ferry: Arc<Ferry>,
    at: &'static Location<'static>,
}

impl Writer {
    pub(super) fn new(
        mut pipe: std::process::ChildStdin,
        at: &'static Location<'static>,
    ) -> io::Result<Writer> {
        let ferry = Arc::new(Ferry::default());
        let there = ferry.clone();
        start("stdin-of-child", move || {
            loop {
                let mut state = there.lock();
                while state.bytes.is_empty() && !state.left {
                    state = there.wait(state);
                }
                if state.bytes.is_empty() {
                    return;
                }
                let bytes = Vec::from(std::mem::take(&mut state.bytes));
                state.busy = true;
                drop(state);
                let written = pipe.write_all(&bytes);
                let mut state = there.lock();
                state.busy = false;
                there.tell(state);
                if written.is_err() {
                    return there.end(written);
                }
            }
        })?;
        Ok(Writer { ferry, at })
    }

    pub(super) fn write<'a>(
        &'a mut self,
        buf: &'a [u8],
    ) -> impl Future<Output = io::Result<usize>> + Unpin {
        AsyncWriteExt::write(self, buf)
    }

    pub(super) fn write_all<'a>(
        &'a mut self,
        buf: &'a [u8],
    ) -> impl Future<Output = io::Result<()>> + Unpin {
        AsyncWriteExt::write_all(self, buf)
    }

    /// Room for more, or the thread's failure. With `all`: also everything was written.
    fn poll_room<T>(
        &self,
        cx: &mut Context<'_>,
        all: bool,
        then: impl FnOnce(&mut State) -> T,
    ) -> Poll<io::Result<T>> {
        self.ferry.poll(cx, self.at, WaitKind::Writable, |state| {
            if let Some(Err((kind, message))) = &state.over {
                return Some(Err(io::Error::new(*kind, message.clone())));
            }
            let ready = state.bytes.is_empty() && !(all && state.busy);
            ready.then(|| Ok(then(state)))
        })
    }
}

impl AsyncWrite for Writer {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_room(cx, false, |state| {
            let taken = buf.len().min(CHUNK);
            state.bytes.extend(&buf[..taken]);
            taken
        })
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let first = bufs.iter().find(|buf| !buf.is_empty());
        self.poll_write(cx, first.map_or(&[], |buf| buf))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_room(cx, true, |_| ())
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_flush(cx)
    }
}

impl Drop for Writer {
    /// The thread still writes what it was given, and then closes the pipe.
    fn drop(&mut self) {
        self.ferry.leave();
    }
}

pub(super) struct Reader {
    ferry: Arc<Ferry>,
    at: &'static Location<'static>,
    /// A second handle of the pipe, to be handed on; the thread has the first.
    pipe: Option<OwnedHandle>,
}

impl Reader {
    pub(super) fn new<P>(pipe: P, at: &'static Location<'static>) -> io::Result<Reader>
    where
        P: Into<OwnedHandle>,
    {
        Ok(Reader {
            ferry: Arc::default(),
            at,
            pipe: Some(pipe.into()),
        })
    }

    /// The thread starts when somebody first reads: until then the pipe can be handed on.
    fn start(&mut self) -> io::Result<()> {
        let Some(pipe) = self.pipe.take() else {
            return Ok(());
        };
        let mut pipe = std::fs::File::from(pipe);
        let there = self.ferry.clone();
        start("output-of-child", move || {
            let mut bytes = vec![0; CHUNK];
            loop {
                let read = match pipe.read(&mut bytes) {
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                    // How Windows says that nobody has the other end any more.
                    Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(0),
                    read => read,
                };
                let n = match read {
                    Ok(0) => return there.end(Ok(())),
                    Ok(n) => n,
                    Err(error) => return there.end(Err(error)),
                };
                let mut state = there.lock();
                while !state.bytes.is_empty() && !state.left {
                    state = there.wait(state);
                }
                if state.left {
                    return;
                }
                state.bytes.extend(&bytes[..n]);
                there.tell(state);
            }
        })
    }

    pub(super) fn into_stdio(mut self) -> io::Result<Stdio> {
        let pipe = self.pipe.take();
        pipe.map(Stdio::from).ok_or_else(|| {
            io::Error::other("a pipe that was read from cannot be handed on, on Windows")
        })
    }

    pub(super) fn read<'a>(
        &'a mut self,
        buf: &'a mut [u8],
    ) -> impl Future<Output = io::Result<usize>> + Unpin {
        AsyncReadExt::read(self, buf)
    }

    pub(super) fn read_exact<'a>(
        &'a mut self,
        buf: &'a mut [u8],
    ) -> impl Future<Output = io::Result<()>> + Unpin {
        AsyncReadExt::read_exact(self, buf)
    }

    pub(super) fn read_to_end<'a>(
        &'a mut self,
        buf: &'a mut Vec<u8>,
    ) -> impl Future<Output = io::Result<usize>> + Unpin {
        AsyncReadExt::read_to_end(self, buf)
    }
}

impl AsyncRead for Reader {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        self.start()?;
        self.ferry.poll(cx, self.at, WaitKind::Readable, |state| {
            if !state.bytes.is_empty() || buf.is_empty() {
                return Some(state.bytes.read(buf));
            }
            let over = state.over.clone()?;
            Some(
                over.map(|()| 0)
                    .map_err(|(kind, message)| io::Error::new(kind, message)),
            )
        })
    }

    fn poll_read_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &mut [IoSliceMut<'_>],
    ) -> Poll<io::Result<usize>> {
        let first = bufs.iter_mut().find(|buf| !buf.is_empty());
        match first {
            Some(buf) => self.poll_read(cx, buf),
            None => self.poll_read(cx, &mut []),
        }
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.ferry.leave();
    }
}
