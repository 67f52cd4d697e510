//! Why an item was not put, or there was none to get.

use std::fmt;

/// The queue is shut down: here is the item back.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PutError<T>(pub T);

// By hand, and without the item: it need not be `Debug` for `expect` to work.
impl<T> fmt::Debug for PutError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PutError(..)")
    }
}

impl<T> fmt::Display for PutError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the queue is shut down")
    }
}

impl<T> std::error::Error for PutError<T> {}

/// Why `try_put` put nothing. The item is inside.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum TryPutError<T> {
    /// There is no place now, or somebody else waits for it.
    Full(T),
    /// Nothing goes in any more.
    ShutDown(T),
}

impl<T> TryPutError<T> {
    /// The item that was not put.
    pub fn into_inner(self) -> T {
        match self {
            TryPutError::Full(item) | TryPutError::ShutDown(item) => item,
        }
    }
}

impl<T> fmt::Debug for TryPutError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            TryPutError::Full(_) => "Full(..)",
            TryPutError::ShutDown(_) => "ShutDown(..)",
        })
    }
}

impl<T> fmt::Display for TryPutError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            TryPutError::Full(_) => "the queue is full",
            TryPutError::ShutDown(_) => "the queue is shut down",
        })
    }
}

impl<T> std::error::Error for TryPutError<T> {}

/// The queue is shut down, and there is nothing left in it to get.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GetError(pub(super) ());

impl fmt::Display for GetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the queue is empty and shut down")
    }
}

impl std::error::Error for GetError {}

/// Why `try_get` got nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TryGetError {
    /// There is no item now, or only some that were promised to others.
    Empty,
    /// There is none, and none will come.
    ShutDown,
}

impl fmt::Display for TryGetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            TryGetError::Empty => "the queue is empty",
            TryGetError::ShutDown => "the queue is empty and shut down",
        })
    }
}

impl std::error::Error for TryGetError {}
