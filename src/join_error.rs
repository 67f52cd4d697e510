//! Why a task or a job gave no result: it panicked, or was cancelled before it could end, or
//! its scope has it.
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
pub struct JoinError(Box<Inner>);

/// Behind a pointer, because room for it is in every result, and errors are rare.
struct Inner {
    /// Which task; `None` for a job, which has no id.
    id: Option<TaskId>,
    cause: Cause,
}

enum Cause {
    Cancelled,
    Panic(Box<dyn Any + Send>),
    NeverStarted,
    Failed,
}

impl JoinError {
    fn new(id: Option<TaskId>, cause: Cause) -> JoinError {
        JoinError(Box::new(Inner { id, cause }))
    }

    pub(crate) fn cancelled(id: Option<TaskId>) -> JoinError {
        JoinError::new(id, Cause::Cancelled)
    }

    pub(crate) fn panic(id: Option<TaskId>, payload: Box<dyn Any + Send>) -> JoinError {
        JoinError::new(id, Cause::Panic(payload))
    }

    /// The scope had ended, or was cancelled, when this was to start in it.
    pub(crate) fn never_started(id: TaskId) -> JoinError {
        JoinError::new(Some(id), Cause::NeverStarted)
    }

    /// It failed, and its scope was told how.
    pub(crate) fn failed(id: TaskId) -> JoinError {
        JoinError::new(Some(id), Cause::Failed)
    }

    /// True if it was aborted, its runtime or its scope ended first, or it never started.
    ///
    /// ```
    /// # hob::block_on(async {
    /// let task = hob::spawn(std::future::pending::<()>());
    /// task.abort();
    /// assert!(task.await.unwrap_err().is_cancelled());
    /// # });
    /// ```
    pub fn is_cancelled(&self) -> bool {
        matches!(self.0.cause, Cause::Cancelled | Cause::NeverStarted)
    }

    /// True if it was spawned into a scope that had ended or was cancelled: it was not polled
    /// once.
    ///
    /// ```
    /// # hob::block_on(async {
    /// hob::scope(async |s| {
    ///     s.cancel("closed");
    ///     assert!(s.spawn(async {}).await.unwrap_err().is_never_started());
    /// }).await.unwrap();
    /// # });
    /// ```
    pub fn is_never_started(&self) -> bool {
        matches!(self.0.cause, Cause::NeverStarted)
    }

    /// True if it is the child of a scope and failed there, by an error or a panic: that comes
    /// out of the scope.
    ///
    /// ```
    /// # hob::block_on(async {
    /// let mut group = hob::TaskGroup::new();
    /// let child = group.try_spawn(async { Err::<(), _>("burnt") });
    /// assert_eq!(group.join().await.unwrap_err().first_error(), Some(&"burnt"));
    /// assert!(child.await.unwrap_err().is_failed()); // the error itself came out of the group
    /// # });
    /// ```
    pub fn is_failed(&self) -> bool {
        matches!(self.0.cause, Cause::Failed)
    }

    /// True if it panicked, and the payload is here.
    pub fn is_panic(&self) -> bool {
        matches!(self.0.cause, Cause::Panic(_))
    }

    /// The task's id; `None` for a job of the worker pool.
    ///
    /// ```
    /// # hob::block_on(async {
    /// let task = hob::spawn(async { panic!("oh no") });
    /// let id = task.id();
    /// assert_eq!(task.await.unwrap_err().id(), Some(id));
    /// # });
    /// ```
    pub fn id(&self) -> Option<TaskId> {
        self.0.id
    }

    /// What was given to `panic!`, to go on with in [`std::panic::resume_unwind`].
    ///
    /// # Panics
    /// If it is of another kind: ask [`JoinError::is_panic`] first, or use
    /// [`JoinError::try_into_panic`].
    ///
    /// ```
    /// # hob::block_on(async {
    /// let error = hob::spawn(async { panic!("oh no") }).await.unwrap_err();
    /// assert_eq!(error.into_panic().downcast_ref(), Some(&"oh no"));
    /// # });
    /// ```
    #[track_caller]
    pub fn into_panic(self) -> Box<dyn Any + Send> {
        self.try_into_panic()
            .expect("into_panic() on a JoinError that is no panic")
    }

    /// What was given to `panic!`, or the error itself if it is no panic.
    ///
    /// ```
    /// # hob::block_on(async {
    /// let task = hob::spawn(std::future::pending::<()>());
    /// task.abort();
    /// let error = task.await.unwrap_err().try_into_panic().unwrap_err();
    /// assert!(error.is_cancelled());
    /// # });
    /// ```
    pub fn try_into_panic(self) -> Result<Box<dyn Any + Send>, JoinError> {
        let Inner { id, cause } = *self.0;
        match cause {
            Cause::Panic(payload) => Ok(payload),
            cause => Err(JoinError::new(id, cause)),
        }
    }

    /// The panic's message, where it is text, as it nearly always is.
    fn message(&self) -> Option<&str> {
        let Cause::Panic(payload) = &self.0.cause else {
            return None;
        };
        let text = payload.downcast_ref::<String>().map(String::as_str);
        text.or_else(|| payload.downcast_ref::<&'static str>().copied())
    }
}

impl fmt::Display for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.id {
            Some(id) => write!(f, "task {id} ")?,
            None => write!(f, "a job ")?,
        }
        match (&self.0.cause, self.message()) {
            (Cause::Cancelled, _) => write!(f, "was cancelled"),
            (Cause::NeverStarted, _) => write!(f, "never started: its scope had ended"),
            (Cause::Failed, _) => write!(f, "failed: its scope has the error"),
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
        let kind = match error.0.cause {
            Cause::Cancelled | Cause::NeverStarted => io::ErrorKind::Interrupted,
            Cause::Panic(_) | Cause::Failed => io::ErrorKind::Other,
        };
        io::Error::new(kind, error.to_string())
    }
}
