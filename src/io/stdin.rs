//! Standard input.
//!
//! **Law:** `read(0)` on a terminal blocks until somebody types, which may be never, and cannot be
//! called off; and the kernel refuses to poll a file that stdin may be redirected from.
//! **Consequence:** it is read by a thread of its own (the pool's stdin lane), which nobody waits
//! for at the end: a program ends while its terminal is silent. **Price:** what that thread reads
//! after its asker has gone must not be lost. So bytes never travel in a job's result: they are put
//! into [`ARRIVED`], where whoever asks next finds them.

use std::collections::VecDeque;
use std::future::Future;
use std::io::{self, Read};
use std::panic::Location;
use std::pin::Pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use futures_io::AsyncRead;

use crate::blocking::{Class, Job, Lane, start};
use crate::coop;

/// One reading takes at most so much.
const CHUNK: usize = 8 * 1024;

/// Read from standard input, and not yet asked for: one for the process, as stdin is.
static ARRIVED: Mutex<VecDeque<u8>> = Mutex::new(VecDeque::new());

/// The lock is never held while anything blocks.
fn arrived() -> MutexGuard<'static, VecDeque<u8>> {
    ARRIVED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Standard input of the process.
///
/// All handles read the same bytes: each byte goes to one of them. Reading waits on a thread of
/// its own, so it holds up nothing else, and not the end of the program either.
///
/// ```no_run
/// # hob::block_on(async {
/// use futures_lite::StreamExt;
/// use hob::io::{BufReader, prelude::*, stdin};
///
/// let mut lines = BufReader::new(stdin()).lines();
/// while let Some(line) = lines.next().await {
///     println!("you wrote {} bytes", line?.len());
/// }
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
#[track_caller]
pub fn stdin() -> Stdin {
    Stdin {
        waiting: None,
        at: Location::caller(),
    }
}

/// A handle to standard input: see [`stdin`].
#[derive(Debug)]
pub struct Stdin {
    /// A reading under way. Its result only says that there is something, or the end.
    waiting: Option<Job<io::Result<Input>>>,
    /// Where the handle was made, for wait records.
    at: &'static Location<'static>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Input {
    Arrived,
    End,
}

impl Stdin {
    /// Reads what there is into `buf`, at least one byte, and gives the number: 0 at the end, or
    /// if `buf` is empty.
    ///
    /// Waits for somebody to type, or for the other end of a pipe to write.
    ///
    /// *Cancel safety*: what arrives for a dropped future is there for whoever reads next.
    pub fn read(&mut self, buf: &mut [u8]) -> impl Future<Output = io::Result<usize>> {
        std::future::poll_fn(|cx| self.poll(cx, buf))
    }

    fn poll(&mut self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        ready!(coop::poll_budget(cx));
        let mut end = false;
        loop {
            let n = arrived().read(buf)?;
            if n > 0 || end || buf.is_empty() {
                coop::spend();
                return Poll::Ready(Ok(n));
            }
            let at = self.at;
            let job = self
                .waiting
                .get_or_insert_with(|| start(at, Lane::Stdin, Class::Free, wait_for_input));
            let input = ready!(Pin::new(job).poll(cx));
            self.waiting = None;
            // Another handle may have been faster, so we look again; but the end is the end.
            end = input?? == Input::End;
        }
    }
}

/// Runs on the stdin lane, and blocks.
fn wait_for_input() -> io::Result<Input> {
    // std's lock keeps those apart who read for different runtimes.
    let mut stdin = io::stdin().lock();
    if !arrived().is_empty() {
        // It came while we waited for the lock: whoever asked us need not wait for more.
        return Ok(Input::Arrived);
    }
    let mut bytes = [0; CHUNK];
    let n = loop {
        match stdin.read(&mut bytes) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => break result?,
        }
    };
    arrived().extend(&bytes[..n]);
    Ok(match n {
        0 => Input::End,
        _ => Input::Arrived,
    })
}

impl AsyncRead for Stdin {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        self.poll(cx, buf)
    }
}

impl Drop for Stdin {
    /// A reading that has not begun would take bytes that nobody asked for.
    fn drop(&mut self) {
        if let Some(job) = &self.waiting {
            job.abort();
        }
    }
}
