//! How one learns that a child has ended: [`Watch`], in the form that this platform has.
//! Beside `pipe`, this is the one place of `process` that knows platforms.
//!
//! | | tells | costs for each child |
//! |---|---|---|
//! | Linux | a `pidfd`: readable from the end on | a descriptor |
//! | other Unix, and Linux before 5.3 | SIGCHLD, carried to the loop by `signal-hook` | two descriptors, and each end looks at every child |
//! | Windows | nobody, in safe code: we look, at growing distances | up to 32 ms of lateness |
//!
//! None of them is believed: they only say "look now". A signal may stand for the end of
//! another child, or of several, and an event may be late (trap 46). What counts is the answer
//! of `look`, which asks the system for the end of this one child.

#[cfg(windows)]
mod looking;
#[cfg(any(target_os = "linux", target_os = "android"))]
mod pidfd;
#[cfg(unix)]
mod sigchld;

use std::io;
use std::panic::Location;
use std::process::ExitStatus;

/// Asks the system, without waiting: has it ended, and how?
pub(super) trait Look: FnMut() -> io::Result<Option<ExitStatus>> {}
impl<F: FnMut() -> io::Result<Option<ExitStatus>>> Look for F {}

/// Says when it is time to look.
pub(super) enum Watch {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    Pidfd(pidfd::Watch),
    #[cfg(unix)]
    Sigchld(sigchld::Watch),
    #[cfg(windows)]
    Looking,
}

impl Watch {
    /// A watch over the child `pid`, which may have ended already, but is not reaped yet.
    ///
    /// # Errors
    /// If the system has no descriptor left for it.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    pub(super) fn new(pid: u32, at: &'static Location<'static>) -> io::Result<Watch> {
        match pidfd::Watch::new(pid, at)? {
            Some(watch) => Ok(Watch::Pidfd(watch)),
            None => Watch::by_signal(at),
        }
    }

    #[cfg(all(unix, not(any(target_os = "linux", target_os = "android"))))]
    pub(super) fn new(_pid: u32, at: &'static Location<'static>) -> io::Result<Watch> {
        Watch::by_signal(at)
    }

    #[cfg(windows)]
    pub(super) fn new(_pid: u32, _at: &'static Location<'static>) -> io::Result<Watch> {
        Ok(Watch::Looking)
    }

    /// The watch of Unix systems that have nothing better.
    #[cfg(unix)]
    pub(super) fn by_signal(at: &'static Location<'static>) -> io::Result<Watch> {
        sigchld::Watch::new(at).map(Watch::Sigchld)
    }

    /// Waits for the end.
    pub(super) async fn ended(&self, look: impl Look) -> io::Result<ExitStatus> {
        match self {
            #[cfg(any(target_os = "linux", target_os = "android"))]
            Watch::Pidfd(watch) => watch.ended(look).await,
            #[cfg(unix)]
            Watch::Sigchld(watch) => watch.ended(look).await,
            #[cfg(windows)]
            Watch::Looking => looking::ended(look).await,
        }
    }
}
