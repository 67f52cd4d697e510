//! A future, then its result, then nothing: one place for all three, pinned once.
//!
//! ```text
//!              poll: Ready              take
//!   Running ─────────────────► Done ───────────► Taken
//! ```

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

pin_project! {
    /// See the module.
    #[project = Projected]
    #[project_replace = Replaced]
    #[allow(missing_docs, reason = "pin_project takes no comment on a field that is pinned")]
    pub enum MaybeDone<F: Future> {
        /// Not ready yet.
        Running {
            #[pin]
            future: F,
        },
        /// Ready, and the result not taken.
        Done {
            output: F::Output,
        },
        /// The result was taken, or there never was a future.
        Taken,
    }
}

impl<F: Future> MaybeDone<F> {
    /// Not polled yet.
    pub fn new(future: F) -> MaybeDone<F> {
        MaybeDone::Running { future }
    }

    /// Polls what runs. True if it did run, and is done by that.
    #[inline]
    pub fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> bool {
        let Projected::Running { future } = self.as_mut().project() else {
            return false;
        };
        let Poll::Ready(output) = future.poll(cx) else {
            return false;
        };
        self.set(MaybeDone::Done { output });
        true
    }

    /// Does it still run?
    #[inline]
    pub fn is_running(&self) -> bool {
        matches!(self, MaybeDone::Running { .. })
    }

    /// The result, once.
    pub fn take(self: Pin<&mut Self>) -> Option<F::Output> {
        if let MaybeDone::Running { .. } = &*self {
            return None;
        }
        match self.project_replace(MaybeDone::Taken) {
            Replaced::Done { output } => Some(output),
            _ => None,
        }
    }
}

impl<F: Future<Output = Result<T, E>>, T, E> MaybeDone<F> {
    /// The error, if it is done and gave one.
    pub fn take_error(self: Pin<&mut Self>) -> Option<E> {
        match &*self {
            MaybeDone::Done { output: Err(_) } => self.take()?.err(),
            _ => None,
        }
    }
}
