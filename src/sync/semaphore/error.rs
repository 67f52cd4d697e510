//! Why a semaphore gave no permit.

use std::fmt;

use crate::sync::gate::Refused;

/// The semaphore was closed: no permit, now or later.
#[derive(Debug, PartialEq, Eq)]
pub struct AcquireError(());

impl AcquireError {
    pub(super) fn new() -> AcquireError {
        AcquireError(())
    }
}

impl fmt::Display for AcquireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the semaphore is closed")
    }
}

impl std::error::Error for AcquireError {}

/// Why [`Semaphore::try_acquire`](super::Semaphore::try_acquire) gave no permit.
#[derive(Debug, PartialEq, Eq)]
pub enum TryAcquireError {
    /// The semaphore is closed: none will ever come.
    Closed,
    /// Not enough are free, or somebody else waits for them.
    NoPermits,
}

impl fmt::Display for TryAcquireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            TryAcquireError::Closed => "the semaphore is closed",
            TryAcquireError::NoPermits => "the semaphore has no permits free",
        })
    }
}

impl std::error::Error for TryAcquireError {}

impl From<Refused> for TryAcquireError {
    fn from(refused: Refused) -> TryAcquireError {
        match refused {
            Refused::Busy => TryAcquireError::NoPermits,
            Refused::Closed => TryAcquireError::Closed,
        }
    }
}
