//! Ctrl-C: awaiting it, and letting it cancel the main future.
//!
//! Law: a signal handler may run between any two instructions, and may do next to nothing.
//! Consequence: the handler (of `signal-hook`, or of `ctrlc` on Windows) only leaves a mark
//! that the reactor or a waker carries to the loop.
//!
//! Law: once a process handles SIGINT, the system no longer ends it on Ctrl-C. Consequence:
//! while nobody listens here, the default has to be given back by hand, or a program that
//! once awaited `ctrl_c()` could never again be stopped by it.
//!
//! A library takes no signal by itself: nothing is registered until a program asks.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

use std::future::Future;
use std::io;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use crate::runtime::{Builder, Interrupt, Interrupting};
use crate::trace::{self, WaitKind};

#[cfg(unix)]
use unix as platform;
#[cfg(windows)]
use windows as platform;

use platform::Listener;

/// Waits for the next Ctrl-C (SIGINT) from now on.
///
/// While the returned future lives, Ctrl-C does not end the process. When no such future is
/// left, it does again.
///
/// *Cancel safety*: a Ctrl-C that came and was not yet seen is lost with the future.
///
/// # Errors
/// If the system gives no descriptor for it.
///
/// ```no_run
/// # hob::block_on(async {
/// println!("running; Ctrl-C to stop");
/// hob::signal::ctrl_c().await?;
/// println!("stopping");
/// # std::io::Result::Ok(()) });
/// ```
#[track_caller]
pub fn ctrl_c() -> CtrlC {
    CtrlC {
        listener: Some(Listener::new()),
        at: Location::caller(),
    }
}

/// The future of [`ctrl_c`].
#[derive(Debug)]
#[must_use = "futures do nothing unless awaited"]
pub struct CtrlC {
    /// `None` once the future has given its answer.
    listener: Option<io::Result<Listener>>,
    at: &'static Location<'static>,
}

impl Future for CtrlC {
    type Output = io::Result<()>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let answer = match &mut self.listener {
            Some(Ok(listener)) => match listener.poll_signal(cx) {
                Poll::Ready(answer) => answer,
                Poll::Pending => {
                    trace::waits(WaitKind::Signal, 0, self.at);
                    return Poll::Pending;
                }
            },
            Some(Err(_)) => match self.listener.take() {
                Some(Err(error)) => Err(error),
                _ => unreachable!("matched above"),
            },
            None => panic!("a CtrlC future was polled again after it was ready"),
        };
        self.listener = None;
        Poll::Ready(answer)
    }
}

impl Builder {
    /// Ctrl-C as asyncio does it: the first one cancels the main future (it is dropped, and
    /// the runtime ends in its usual order, destructors and all), the second one ends the
    /// process at once, as the system would have.
    ///
    /// After the first, [`Runtime::block_on`](crate::Runtime::block_on) ends the process with
    /// the signal, so that a shell sees what it expects;
    /// [`Runtime::try_block_on`](crate::Runtime::try_block_on) returns instead.
    ///
    /// Default: false. A library must not take the signal of a program that did not ask.
    ///
    /// ```
    /// let answer = hob::Builder::new().cancel_on_ctrl_c(true).block_on(async { 42 });
    /// assert_eq!(answer, 42);
    /// ```
    pub fn cancel_on_ctrl_c(self, cancel: bool) -> Builder {
        self.interrupt(cancel.then_some(Interrupt {
            wait: first_ctrl_c,
            die: platform::die,
        }))
    }
}

/// Ready at the first Ctrl-C. While it lives, a second one ends the process.
struct FirstCtrlC {
    listener: Listener,
    _second_ends: platform::SecondEnds,
}

fn first_ctrl_c() -> io::Result<Interrupting> {
    Ok(Box::pin(FirstCtrlC {
        listener: Listener::new()?,
        _second_ends: platform::SecondEnds::new()?,
    }))
}

impl Future for FirstCtrlC {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        // An error means that nothing will be heard any more: then main goes on undisturbed.
        match ready!(self.listener.poll_signal(cx)) {
            Ok(()) => Poll::Ready(()),
            Err(_deaf) => Poll::Pending,
        }
    }
}
