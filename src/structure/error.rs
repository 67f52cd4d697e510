//! What comes out of a scope that did not go well: everything that failed in it, in order.
//!
//! Law: while one failure is being dealt with, others happen. Consequence: a scope cannot
//! answer with *the* error. Choice: a list, the first of which is nearly always the cause, and
//! the reason for which the scope was cancelled.

use std::convert::Infallible;
use std::fmt;
use std::io;

use crate::join_error::JoinError;
use crate::sync::CancelReason;

/// Why a [`scope`](crate::scope()) or a [`TaskGroup`](crate::TaskGroup) gave no result.
///
/// ```
/// # hob::block_on(async {
/// let error = hob::try_scope(async |s| {
///     s.try_spawn(async { Err::<(), _>("no bread") });
///     std::future::pending::<Result<(), &str>>().await
/// })
/// .await
/// .unwrap_err();
/// assert_eq!(error.first_error(), Some(&"no bread"));
/// assert_eq!((error.failures().len(), error.is_panic(), error.is_cancelled()), (1, false, false));
/// assert_eq!(error.reason(), &hob::sync::CancelReason::Failure);
/// assert_eq!(error.to_string(), "a task of the scope failed: no bread");
/// # });
/// ```
#[derive(Debug)]
pub struct ScopeError<E = Infallible> {
    /// In the order in which they happened.
    failures: Vec<Failure<E>>,
    reason: CancelReason,
}

/// One thing that failed in a scope.
#[non_exhaustive]
#[derive(Debug)]
pub enum Failure<E = Infallible> {
    /// The body, or a child of `try_spawn`, returned an error.
    Error(E),
    /// The body, a child or a cleanup panicked; or the destructor of one did.
    Panic(JoinError),
    /// The cleanups had not ended when their limit was over, and the rest was dropped.
    CleanupTooLong,
}

impl<E> ScopeError<E> {
    pub(super) fn new(failures: Vec<Failure<E>>, reason: CancelReason) -> ScopeError<E> {
        ScopeError { failures, reason }
    }

    /// All that failed, the first first. Empty if nothing did, and the scope was only
    /// cancelled before its body had ended.
    pub fn failures(&self) -> &[Failure<E>] {
        &self.failures
    }

    /// All that failed, to be taken apart.
    ///
    /// ```
    /// # hob::block_on(async {
    /// let error = hob::scope(async |_| panic!("oh no")).await.unwrap_err();
    /// assert!(matches!(&error.into_failures()[..], [hob::Failure::Panic(_)]));
    /// # });
    /// ```
    pub fn into_failures(self) -> Vec<Failure<E>> {
        self.failures
    }

    /// The first error that was returned, if one was.
    pub fn first_error(&self) -> Option<&E> {
        self.failures.iter().find_map(|failure| match failure {
            Failure::Error(error) => Some(error),
            _ => None,
        })
    }

    /// Why the scope was cancelled: by a [`Failure`](CancelReason::Failure), a
    /// [`Deadline`](CancelReason::Deadline), on request.
    pub fn reason(&self) -> &CancelReason {
        &self.reason
    }

    /// Did anything panic?
    pub fn is_panic(&self) -> bool {
        let panicked = |failure: &Failure<E>| matches!(failure, Failure::Panic(_));
        self.failures.iter().any(panicked)
    }

    /// True if nothing failed, and the scope was cancelled before its body had ended.
    pub fn is_cancelled(&self) -> bool {
        self.failures.is_empty()
    }

    /// Goes on with the first panic, if there was one; otherwise gives the error back.
    ///
    /// # Panics
    /// With what the first panic was given.
    ///
    /// ```should_panic
    /// # hob::block_on(async {
    /// let ended = hob::scope(async |s| {
    ///     s.spawn(async { panic!("on its way up") }).await.ok();
    /// });
    /// if let Err(error) = ended.await {
    ///     error.resume_panic();
    /// }
    /// # });
    /// ```
    pub fn resume_panic(mut self) -> ScopeError<E> {
        let panicked = |failure: &Failure<E>| matches!(failure, Failure::Panic(_));
        match self.failures.iter().position(panicked) {
            None => self,
            Some(first) => match self.failures.swap_remove(first) {
                Failure::Panic(error) => std::panic::resume_unwind(error.into_panic()),
                _ => unreachable!("found by its kind"),
            },
        }
    }
}

impl<E: fmt::Display> fmt::Display for ScopeError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(first) = self.failures.first() else {
            return write!(f, "the scope was {}", self.reason);
        };
        write!(f, "a task of the scope failed: {first}")?;
        match self.failures.len() {
            1 => Ok(()),
            n => write!(f, " (and {} more)", n - 1),
        }
    }
}

impl<E: fmt::Display> fmt::Display for Failure<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Error(error) => error.fmt(f),
            Failure::Panic(error) => error.fmt(f),
            Failure::CleanupTooLong => f.write_str("the cleanups took longer than their limit"),
        }
    }
}

impl<E: std::error::Error + 'static> std::error::Error for ScopeError<E> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self.failures.first()? {
            Failure::Error(error) => Some(error),
            Failure::Panic(error) => Some(error),
            Failure::CleanupTooLong => None,
        }
    }
}

/// With `?` in what returns an `io::Result`: the first error itself, if it is one.
impl From<ScopeError<io::Error>> for io::Error {
    fn from(mut error: ScopeError<io::Error>) -> io::Error {
        match error.failures.first() {
            Some(Failure::Error(_)) if error.failures.len() == 1 => match error.failures.pop() {
                Some(Failure::Error(only)) => only,
                _ => unreachable!("looked at above"),
            },
            Some(Failure::Error(first)) => io::Error::new(first.kind(), error.to_string()),
            _ => io::Error::new(kind(&error), error.to_string()),
        }
    }
}

impl From<ScopeError> for io::Error {
    fn from(error: ScopeError) -> io::Error {
        io::Error::new(kind(&error), error.to_string())
    }
}

fn kind<E>(error: &ScopeError<E>) -> io::ErrorKind {
    match (error.is_cancelled(), error.reason()) {
        (false, _) => io::ErrorKind::Other,
        (true, CancelReason::Deadline) => io::ErrorKind::TimedOut,
        (true, _) => io::ErrorKind::Interrupted,
    }
}
