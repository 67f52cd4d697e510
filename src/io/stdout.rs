//! Standard output and standard error.
//!
//! Two handles on two outlets. Writing begins at once, so nobody has to flush in order to be
//! seen; `flush` waits until it is out, and reports errors. Each handle that exists hears of an
//! error once, at its next `write` or `flush`; if there were several since, of the last.

use std::future::Future;
use std::io::{self, Write};
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_io::AsyncWrite;

use super::outlet::{Outlet, news};
use crate::blocking::run_in_turns;
use crate::coop;

static STDOUT: Outlet = Outlet::new(|bytes| put(io::stdout().lock(), bytes));
static STDERR: Outlet = Outlet::new(|bytes| put(io::stderr().lock(), bytes));

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
    outlet: &'static Outlet,
    /// So many of the outlet's failures this handle knows of.
    heard: u64,
    /// A flush under way waits until so many bytes are written.
    flushing: Option<u64>,
    /// Where the handle was made; stands in wait records where the caller is not known.
    made_at: &'static Location<'static>,
}

impl Handle {
    fn new(outlet: &'static Outlet, made_at: &'static Location<'static>) -> Handle {
        let heard = outlet.failures();
        Handle {
            outlet,
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
        let accepted = self.outlet.poll(cx, at, |state| {
            news(state, heard)
                .map(Err)
                .or_else(|| state.accept(bytes).map(Ok))
        });
        let (n, send) = ready!(accepted)?;
        if send {
            let outlet = self.outlet;
            run_in_turns(move || outlet.write_batch());
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
        let flushed = self.outlet.poll(cx, at, |state| {
            let until = *flushing.get_or_insert(state.accepted);
            (state.written >= until).then(|| news(state, heard).map_or(Ok(()), Err))
        });
        let result = ready!(flushed);
        self.flushing = None;
        Poll::Ready(result)
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
            /// That of the last write that failed since this handle last heard of one.
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

            /// Flushes; the outlet itself stays open for others.
            fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                self.poll_flush(cx)
            }
        }
    };
}

handle!(Stdout);
handle!(Stderr);
