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
use std::time::Duration;

use crate::coop;
use crate::runtime::{Builder, Interrupt, Interrupting};
use crate::sync::{self, CancelReason, CancellationToken, EnteredToken};
use crate::time::{self, Sleep};
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

/// How long the main future may go on after Ctrl-C. Longer than a scope needs with its default
/// limits.
const GRACE: Duration = Duration::from_secs(10);

impl Builder {
    /// Ctrl-C as asyncio does it: the first one cancels the main future and lets it clean up,
    /// the second one ends the process at once, as the system would have.
    ///
    /// Whoever asked for the [current token](CancellationToken::current) hears of the first:
    /// the program itself, if it did, and every [`scope`](crate::scope()) that the main future
    /// awaits. Then the main future has 10 s to return, which ends
    /// [`Runtime::block_on`](crate::Runtime::block_on) in the ordinary way. If it does not, or
    /// if nobody asked for the token, it is dropped, the runtime ends in its usual order,
    /// destructors and all, and then the process ends with the signal, so that a shell sees
    /// what it expects; [`Runtime::try_block_on`](crate::Runtime::try_block_on) returns instead.
    ///
    /// Default: false. A library must not take the signal of a program that did not ask.
    ///
    /// ```
    /// let answer = hob::Builder::new().cancel_on_ctrl_c(true).block_on(async { 42 });
    /// assert_eq!(answer, 42);
    /// ```
    pub fn cancel_on_ctrl_c(self, cancel: bool) -> Builder {
        match cancel {
            true => self.cancel_on_ctrl_c_within(GRACE),
            false => self.interrupt(None),
        }
    }

    /// [`cancel_on_ctrl_c`](Builder::cancel_on_ctrl_c), with another limit for the main future
    /// to return in. With zero it is dropped at once.
    pub fn cancel_on_ctrl_c_within(self, grace: Duration) -> Builder {
        self.interrupt(Some(Interrupt {
            wait: Box::new(move || first_ctrl_c(grace)),
            die: platform::die,
        }))
    }
}

/// Cancels the token at the first Ctrl-C, and is ready when the main future has to be dropped.
/// While it lives, a second Ctrl-C ends the process.
struct FirstCtrlC {
    listener: Listener,
    _second_ends: platform::SecondEnds,
    /// On top of all scopes. The current one while this lives.
    root: CancellationToken,
    _current: EnteredToken,
    grace: Duration,
    /// Set when Ctrl-C came.
    over: Option<Sleep>,
}

fn first_ctrl_c(grace: Duration) -> io::Result<Interrupting> {
    let root = CancellationToken::new();
    Ok(Box::pin(FirstCtrlC {
        listener: Listener::new()?,
        _second_ends: platform::SecondEnds::new()?,
        _current: sync::enter_token(root.clone()),
        root,
        grace,
        over: None,
    }))
}

impl Future for FirstCtrlC {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        if this.over.is_none() {
            // An error means that nothing will be heard any more: then main goes on undisturbed.
            match ready!(this.listener.poll_signal(cx)) {
                Ok(()) => this.root.cancel_for(CancelReason::CtrlC),
                Err(_deaf) => return Poll::Pending,
            }
        }
        if !this.root.was_handed_out() {
            return Poll::Ready(()); // nobody could hear it
        }
        let over = this.over.get_or_insert_with(|| time::sleep(this.grace));
        // This is no part of what main does in this poll, and costs it nothing.
        coop::poll_unconstrained(Pin::new(over), cx)
    }
}
