//! [`shield`]: a section that is finished even if whoever awaits it is dropped.

use std::fmt;
use std::future::Future;
use std::panic::{Location, resume_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::executor::{self, JoinHandle};
use crate::join_error::JoinError;

/// Runs `future` as a task of its own and gives its output. If this is dropped before that,
/// the task goes on to its end by itself.
///
/// For the few steps that must not be left half done, whatever timeout stands around them: a
/// file that is moved and then noted, a message that is sent and then counted. Everything
/// ends with the runtime all the same.
///
/// *Cancel safety*: dropped before its first poll, `future` never starts. After that, only its
/// output is lost.
///
/// # Panics
/// If `future` panics, with the same payload; and if it is polled outside of a running loop.
///
/// ```
/// # use std::{cell::Cell, rc::Rc, time::Duration};
/// # use hob::time::{sleep, timeout};
/// # hob::Builder::new().virtual_time().block_on(async {
/// let noted = Rc::new(Cell::new(false));
/// let note = noted.clone();
/// let section = hob::shield(async move {
///     sleep(Duration::from_secs(2)).await;
///     note.set(true);
/// });
/// assert!(timeout(Duration::from_secs(1), section).await.is_err());
/// sleep(Duration::from_secs(2)).await;
/// assert!(noted.get());
/// # });
/// ```
#[track_caller]
pub fn shield<F>(future: F) -> Shield<F>
where
    F: Future + 'static,
{
    Shield {
        state: State::New(future),
        at: Location::caller(),
    }
}

/// Future of [`shield`].
#[must_use = "futures do nothing unless awaited"]
pub struct Shield<F: Future> {
    state: State<F>,
    at: &'static Location<'static>,
}

enum State<F: Future> {
    New(F),
    Running(JoinHandle<F::Output>),
    /// Ready before, or never started because there was no loop.
    Over,
}

/// The future inside is moved into a task before its first poll, and never pinned here.
impl<F: Future> Unpin for Shield<F> {}

impl<F: Future + 'static> Future for Shield<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let mut task = match std::mem::replace(&mut self.state, State::Over) {
            State::New(future) => match executor::current() {
                Some(executor) => executor.spawn(future, Some("shield".into()), self.at),
                None => panic!("a shield was polled outside of a running loop"),
            },
            State::Running(task) => task,
            State::Over => panic!("a shield was polled again after it was ready"),
        };
        let Poll::Ready(result) = Pin::new(&mut task).poll(cx) else {
            self.state = State::Running(task);
            return Poll::Pending;
        };
        match result.map_err(JoinError::try_into_panic) {
            Ok(output) => Poll::Ready(output),
            Err(Ok(payload)) => resume_unwind(payload),
            Err(Err(cancelled)) => panic!("a shielded {cancelled}"),
        }
    }
}

impl<F: Future> fmt::Debug for Shield<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shield").finish_non_exhaustive()
    }
}
