//! Why a task or a job gave no result: it panicked, or it was cancelled before it could end.
//!
//! Both the executor and the worker pool report in this way, and neither knows the other, so
//! the type stands below both.

use std::any::Any;
use std::fmt;
use std::io;

use crate::trace::TaskId;

/// What awaiting a task or a job gives when it did not run to its end.
///
/// ```
/// # hob::block_on(async {
/// let error = hob::spawn(async { panic!("oh no") }).await.unwrap_err();
/// assert!(error.is_panic());
/// assert!(error.to_string().contains("oh no"));
/// # });
/// ```
pub struct JoinError {
    /// Which task; `None` for a job, which has no id.
    id: Option<TaskId>,
    cause: Cause,
}

enum Cause {
    Cancelled,
    Panic(Box<dyn Any + Send>),
}

impl JoinError {
    pub(crate) fn cancelled(id: Option<TaskId>) -> JoinError {
        JoinError {
            id,
            cause: Cause::Cancelled,
        }
    }

    pub(crate) fn panic(id: Option<TaskId>, payload: Box<dyn Any + Send>) -> JoinError {
        JoinError {
            id,
            cause: Cause::Panic(payload),
        }
    }

    /// True if it was aborted, or its runtime ended first.
    pub fn is_cancelled(&self) -> bool {
        matches!(self.cause, Cause::Cancelled)
    }

    /// True if it panicked.
    pub fn is_panic(&self) -> bool {
        matches!(self.cause, Cause::Panic(_))
    }

    /// The task's id; `None` for a job of the worker pool.
    pub fn id(&self) -> Option<TaskId> {
        self.id
    }

    /// What was given to `panic!`, to go on with in [`std::panic::resume_unwind`].
    ///
    /// # Panics
    /// If it did not panic but was cancelled: ask [`JoinError::is_panic`] first, or use
    /// [`JoinError::try_into_panic`].
    #[track_caller]
    pub fn into_panic(self) -> Box<dyn Any + Send> {
        self.try_into_panic()
            .expect("into_panic() on a JoinError that is a cancellation")
    }

    /// What was given to `panic!`, or the error itself if it was a cancellation.
    pub fn try_into_panic(self) -> Result<Box<dyn Any + Send>, JoinError> {
        match self.cause {
            Cause::Panic(payload) => Ok(payload),
            Cause::Cancelled => Err(self),
        }
    }

    /// The panic's message, where it is text, as it nearly always is.
    fn message(&self) -> Option<&str> {
        let Cause::Panic(payload) = &self.cause else {
            return None;
        };
        let text = payload.downcast_ref::<String>().map(String::as_str);
        text.or_else(|| payload.downcast_ref::<&'static str>().copied())
    }
}

impl fmt::Display for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.id {
            Some(id) => write!(f, "task {id} ")?,
            None => write!(f, "a job ")?,
        }
        match (&self.cause, self.message()) {
            (Cause::Cancelled, _) => write!(f, "was cancelled"),
            (Cause::Panic(_), Some(message)) => write!(f, "panicked: {message}"),
            (Cause::Panic(_), None) => write!(f, "panicked"),
        }
    }
}

impl fmt::Debug for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JoinError({self})")
    }
}

impl std::error::Error for JoinError {}

impl From<JoinError> for io::Error {
    fn from(error: JoinError) -> io::Error {
        let kind = match error.cause {
            Cause::Cancelled => io::ErrorKind::Interrupted,
            Cause::Panic(_) => io::ErrorKind::Other,
        };
        io::Error::new(kind, error.to_string())
    }
}
