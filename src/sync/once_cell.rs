//! `OnceCell`: a value that is made once, by whoever needs it first, and shared from then on.
//!
//! A gate whose only permit is the right to make the value. The first who needs it takes the
//! permit and makes it, the others stand in line. Success closes the gate, which calls them all:
//! the value is there. Failure, a panic, or giving up hands the permit to the next in line,
//! who then tries with *its own* way of making the value.
//!
//! - I1: the gate is closed exactly when the value is there.

use std::cell;
use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use super::gate::{Gate, Refused};
use super::wish::Turn;
use crate::coop;

/// A place for a value that is made at most once, by a future.
///
/// ```
/// # hob::block_on(async {
/// let settings = hob::sync::OnceCell::new();
/// let first = settings.get_or_init(|| async { "read from a file" }).await;
/// let again = settings.get_or_init(|| async { unreachable!("it is there") }).await;
/// assert_eq!(first, again);
/// # });
/// ```
pub struct OnceCell<T> {
    value: cell::OnceCell<T>,
    gate: Gate,
}

impl<T> OnceCell<T> {
    /// Empty.
    pub const fn new() -> OnceCell<T> {
        OnceCell {
            value: cell::OnceCell::new(),
            gate: Gate::new(1),
        }
    }

    /// The value, if it is there.
    ///
    /// ```
    /// let cell = hob::sync::OnceCell::from(7);
    /// assert_eq!(cell.get(), Some(&7));
    /// ```
    pub fn get(&self) -> Option<&T> {
        self.value.get()
    }

    /// The value, to be changed.
    pub fn get_mut(&mut self) -> Option<&mut T> {
        self.value.get_mut()
    }

    /// Is the value there?
    pub fn initialized(&self) -> bool {
        self.value.get().is_some()
    }

    /// The value, out of the cell.
    pub fn into_inner(self) -> Option<T> {
        self.value.into_inner()
    }

    /// Takes the value out; the cell is empty again.
    ///
    /// ```
    /// let mut cell = hob::sync::OnceCell::from(7);
    /// assert_eq!(cell.take(), Some(7));
    /// assert!(!cell.initialized());
    /// ```
    pub fn take(&mut self) -> Option<T> {
        std::mem::take(self).into_inner()
    }

    /// Puts the value in. Whoever waits for it has it then.
    ///
    /// # Errors
    /// [`SetError`] with the value, if there is one already or somebody is making one.
    ///
    /// ```
    /// use hob::sync::{OnceCell, SetError};
    ///
    /// let cell = OnceCell::new();
    /// assert_eq!(cell.set(1), Ok(()));
    /// assert_eq!(cell.set(2), Err(SetError::AlreadyInitialized(2)));
    /// ```
    pub fn set(&self, value: T) -> Result<(), SetError<T>> {
        match self.gate.try_acquire(1) {
            Ok(()) => {
                self.fill(value);
                Ok(())
            }
            Err(Refused::Closed) => Err(SetError::AlreadyInitialized(value)),
            Err(Refused::Busy) => Err(SetError::Initializing(value)),
        }
    }

    /// The value; made by `init` if it is not there and nobody else is making it.
    ///
    /// *Cancel safety*: whoever is making the value and gives up drops what `init` returned;
    /// the next in line then makes it, with its own `init`. So does a panic in `init`.
    ///
    /// ```
    /// # hob::block_on(async {
    /// let cell = hob::sync::OnceCell::new();
    /// assert_eq!(cell.get_or_init(|| async { 1 }).await, &1);
    /// assert_eq!(cell.get_or_init(|| async { 2 }).await, &1);
    /// # });
    /// ```
    #[track_caller]
    pub fn get_or_init<F, Fut>(&self, init: F) -> GetOrInit<'_, T, F, Fut>
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = T>,
    {
        GetOrInit {
            making: Making::new(self, init),
        }
    }

    /// [`get_or_init`](OnceCell::get_or_init) with an `init` that may fail: then its error
    /// comes back here, the cell stays empty, and the next in line tries.
    ///
    /// *Cancel safety* as for [`get_or_init`](OnceCell::get_or_init).
    ///
    /// # Errors
    /// Those of `init`.
    ///
    /// ```
    /// # hob::block_on(async {
    /// let cell = hob::sync::OnceCell::new();
    /// let failed = cell.get_or_try_init(|| async { "x".parse::<u32>() }).await;
    /// assert!(failed.is_err() && !cell.initialized());
    /// assert_eq!(cell.get_or_try_init(|| async { "5".parse::<u32>() }).await, Ok(&5));
    /// # });
    /// ```
    #[track_caller]
    pub fn get_or_try_init<E, F, Fut>(&self, init: F) -> GetOrTryInit<'_, T, F, Fut>
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<T, E>>,
    {
        GetOrTryInit {
            making: Making::new(self, init),
        }
    }

    /// For who has the permit.
    fn fill(&self, value: T) {
        let filled = self.value.set(value);
        debug_assert!(filled.is_ok(), "I1: permits are given while it is empty");
        self.gate.close();
    }
}

impl<T> Default for OnceCell<T> {
    fn default() -> OnceCell<T> {
        OnceCell::new()
    }
}

impl<T> From<T> for OnceCell<T> {
    fn from(value: T) -> OnceCell<T> {
        let cell = OnceCell::new();
        cell.fill(value);
        cell
    }
}

impl<T: fmt::Debug> fmt::Debug for OnceCell<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OnceCell")
            .field("value", &self.get())
            .finish()
    }
}

pin_project! {
    /// What both futures do, but for errors.
    struct Making<'a, T, F, Fut> {
        cell: &'a OnceCell<T>,
        // Taken when it is our turn.
        init: Option<F>,
        // Declared before `turn`: the next in line begins when this one is no more.
        #[pin]
        running: Option<Fut>,
        turn: Turn<'a>,
    }
}

impl<'a, T, F, Fut> Making<'a, T, F, Fut>
where
    F: FnOnce() -> Fut,
    Fut: Future,
{
    #[track_caller]
    fn new(cell: &'a OnceCell<T>, init: F) -> Making<'a, T, F, Fut> {
        Making {
            cell,
            init: Some(init),
            running: None,
            turn: Turn::new(&cell.gate),
        }
    }

    fn poll<E>(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        to_result: impl FnOnce(Fut::Output) -> Result<T, E>,
    ) -> Poll<Result<&'a T, E>> {
        ready!(coop::poll_budget(cx));
        let mut this = self.project();
        let cell: &'a OnceCell<T> = this.cell;
        // Closed means that the value is there (I1).
        if cell.value.get().is_none() && ready!(this.turn.poll(cx)) {
            if let Some(init) = this.init.take() {
                this.running.set(Some(init()));
            }
            let running = this.running.as_mut().as_pin_mut();
            let made = ready!(running.expect("polled again after it failed").poll(cx));
            this.running.set(None);
            match to_result(made) {
                Ok(value) => cell.fill(value),
                Err(error) => {
                    this.turn.end();
                    return Poll::Ready(Err(error));
                }
            }
        }
        coop::spend();
        Poll::Ready(Ok(cell
            .value
            .get()
            .expect("it was there, or was just made")))
    }
}

pin_project! {
    /// Future of [`OnceCell::get_or_init`].
    #[must_use = "futures do nothing unless awaited"]
    pub struct GetOrInit<'a, T, F, Fut> {
        #[pin]
        making: Making<'a, T, F, Fut>,
    }
}

impl<'a, T, F, Fut> Future for GetOrInit<'a, T, F, Fut>
where
    F: FnOnce() -> Fut,
    Fut: Future<Output = T>,
{
    type Output = &'a T;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<&'a T> {
        let made = self.project().making.poll(cx, Ok::<T, Infallible>);
        made.map(|Ok(value)| value)
    }
}

pin_project! {
    /// Future of [`OnceCell::get_or_try_init`].
    #[must_use = "futures do nothing unless awaited"]
    pub struct GetOrTryInit<'a, T, F, Fut> {
        #[pin]
        making: Making<'a, T, F, Fut>,
    }
}

impl<'a, T, E, F, Fut> Future for GetOrTryInit<'a, T, F, Fut>
where
    F: FnOnce() -> Fut,
    Fut: Future<Output = Result<T, E>>,
{
    type Output = Result<&'a T, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.project().making.poll(cx, |made| made)
    }
}

/// Why [`OnceCell::set`] put nothing in. The value is inside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SetError<T> {
    /// There is a value already.
    AlreadyInitialized(T),
    /// Somebody is making one.
    Initializing(T),
}

impl<T> fmt::Display for SetError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            SetError::AlreadyInitialized(_) => "the cell has a value already",
            SetError::Initializing(_) => "somebody is making the cell's value",
        })
    }
}

impl<T: fmt::Debug> std::error::Error for SetError<T> {}
