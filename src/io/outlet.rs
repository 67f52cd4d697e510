//! One way out of the process, shared by all who write to it.
//!
//! **Law:** `write(1)` blocks when it is a pipe that nobody empties, or a terminal that was told to
//! stop. **Consequence:** workers do it. **Choice:** each outlet has one buffer for the whole
//! process, and at most one worker that empties it, so that bytes stay in the order in which they
//! were accepted, whichever handle, task, thread or runtime they came from.
//!
//! ```text
//!   bytes ──(1)──▶ [out] ──(2)──▶ write(2) ──(3)──▶ `written` has grown
//!     ▲ waits while it is full │ room again         │ flushed
//!     └──────── woken ─────────┴────────────────────┘
//! ```
//!
//! (1) `State::accept`, (2, 3) `Outlet::write_batch`.
//!
//! **Price:** that worker belongs to the runtime that asked for it, and all others rely on it: so
//! if every thread of that one is busy with long jobs, their output waits, too. (With
//! `worker_threads(0)` it is written at once, by the loop, which may stand still later.)
//!
//! Failed writes are counted, and the last is remembered. Each handle knows how many there were
//! when it last heard of one ([`news`]): if there are more by now, it hears of the last, once.

use std::io;
use std::panic::Location;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use crate::caught;
use crate::trace::{self, WaitKind};

/// A writer waits once so much was accepted and no worker has taken it.
const MOST: usize = 64 * 1024;

/// One buffer, and the way out of it.
pub(super) struct Outlet {
    state: Mutex<State>,
    /// Writes it all; blocks.
    sink: fn(&[u8]) -> io::Result<()>,
}

pub(super) struct State {
    /// Accepted, and taken by no worker yet.
    out: Vec<u8>,
    /// Is there a worker that will look into `out` once more?
    busy: bool,
    /// Bytes accepted so far.
    pub(super) accepted: u64,
    /// Bytes of these that are out, or were given up after an error.
    pub(super) written: u64,
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

impl Outlet {
    pub(super) const fn new(sink: fn(&[u8]) -> io::Result<()>) -> Outlet {
        Outlet {
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

    /// Failures so far.
    pub(super) fn failures(&self) -> u64 {
        self.lock().failures
    }

    /// One turn of the worker: writes what there is. True: there is more by now.
    pub(super) fn write_batch(&self) -> bool {
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
    pub(super) fn poll<T>(
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
    pub(super) fn accept(&mut self, bytes: &[u8]) -> Option<(usize, bool)> {
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

/// The failure that the handle has not heard of.
pub(super) fn news(state: &State, heard: &mut u64) -> Option<io::Error> {
    if *heard == state.failures {
        return None;
    }
    *heard = state.failures;
    state.failure.clone().map(Failure::error)
}

impl std::fmt::Debug for Outlet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (accepted, written) = {
            let state = self.lock();
            (state.accepted, state.written)
        };
        write!(f, "Outlet({written} of {accepted} bytes written)")
    }
}
