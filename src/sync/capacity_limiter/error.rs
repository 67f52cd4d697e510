//! Why a limiter gave no token.

use std::fmt;

/// The borrower holds a token of this limiter, or waits for one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AlreadyBorrows(pub(super) ());

impl fmt::Display for AlreadyBorrows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the borrower has a token of this limiter already, or waits for one")
    }
}

impl std::error::Error for AlreadyBorrows {}

/// Why [`CapacityLimiter::try_acquire`](super::CapacityLimiter::try_acquire) gave no token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TryBorrowError {
    /// The borrower holds a token, or waits for one.
    AlreadyBorrows,
    /// None is free, or somebody else waits for it.
    NoTokens,
}

impl fmt::Display for TryBorrowError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TryBorrowError::AlreadyBorrows => AlreadyBorrows(()).fmt(f),
            TryBorrowError::NoTokens => f.write_str("the limiter has no tokens free"),
        }
    }
}

impl std::error::Error for TryBorrowError {}
