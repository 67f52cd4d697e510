//! Wine runs the tests for Windows where there is no Windows (`.ci/nightly`, which sets
//! `HOB_WINE`). What it does not do is asked of Windows alone.
//!
//! - A reset that came before the read is an ordinary end: Wine's server takes the error off the
//!   socket. std's blocking sockets are told so, too.
//! - `TCP_KEEPCNT` is unknown: `WSAENOPROTOOPT`.
//! - `CopyFileEx` copies without ever calling back, so that `std::fs::copy` gives 0.
//! - A system call takes a hundred times as long.

/// Is this Wine, and not Windows?
pub(crate) fn under_wine() -> bool {
    std::env::var_os("HOB_WINE").is_some()
}
