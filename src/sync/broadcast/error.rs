//! Why a message was not sent or not received.

use std::fmt;

/// No receiver is there: here is the message back.
///
/// ```
/// let (sender, receiver) = hob::sync::broadcast::channel(1);
/// drop(receiver);
/// assert_eq!(sender.send("hello?").unwrap_err().0, "hello?");
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SendError<T>(pub T);

// By hand, and without the message: it need not be `Debug` for `expect` to work.
impl<T> fmt::Debug for SendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SendError(..)")
    }
}

impl<T> fmt::Display for SendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the channel has no receiver")
    }
}

impl<T> std::error::Error for SendError<T> {}

/// Why `recv` received nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecvError {
    /// No sender is left, and every message was received.
    Closed,
    /// This receiver was too slow: so many messages are gone. The next call gives the oldest
    /// that is left.
    Lagged(u64),
}

impl fmt::Display for RecvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RecvError::Closed => f.write_str("the channel is empty and closed"),
            RecvError::Lagged(missed) => Lagged(*missed).fmt(f),
        }
    }
}

impl std::error::Error for RecvError {}

/// Why `try_recv` received nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TryRecvError {
    /// There is no message now.
    Empty,
    /// There is none, and none will come.
    Closed,
    /// This receiver was too slow: so many messages are gone. The next call gives the oldest
    /// that is left.
    Lagged(u64),
}

impl fmt::Display for TryRecvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TryRecvError::Empty => f.write_str("the channel is empty"),
            TryRecvError::Closed => RecvError::Closed.fmt(f),
            TryRecvError::Lagged(missed) => Lagged(*missed).fmt(f),
        }
    }
}

impl std::error::Error for TryRecvError {}

impl From<RecvError> for TryRecvError {
    fn from(error: RecvError) -> TryRecvError {
        match error {
            RecvError::Closed => TryRecvError::Closed,
            RecvError::Lagged(missed) => TryRecvError::Lagged(missed),
        }
    }
}

/// What a receiver that is polled as a stream says in place of the messages that it missed:
/// how many they were.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lagged(pub u64);

impl fmt::Display for Lagged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "too slow: {} messages are gone", self.0)
    }
}

impl std::error::Error for Lagged {}
