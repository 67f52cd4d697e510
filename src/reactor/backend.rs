//! What one kernel does and another does not. The rest of the reactor has no `cfg`.
//!
//! | | epoll, kqueue | poll(2) | Windows (IOCP) |
//! |---|---|---|---|
//! | after a refusal, the next edge | comes by itself | must be asked for | mio asks, in its own I/O |
//! | a short read says "drained" | yes, with care | no | no |
//! | after an error or hang-up | still listed | mio has struck it off | still listed |
//! | listing tells what is ready by then | yes | yes, but mio's I/O wants to know of it | as poll(2) |
//! | closing the last descriptor strikes off | yes | no | no |
//!
//! poll(2) is what mio uses where there is nothing better, or where it is told to by
//! `--cfg mio_unsupported_force_poll_poll`, as our own tests do (trap 52).

use std::io;

use mio::event;
#[cfg(unix)]
use mio::unix::SourceFd;
use mio::{Interest, Registry, Token};

/// The kernels that tell about each edge by themselves, once listed. A short read or
/// write then means that the buffer is empty or full, since the next byte makes a new edge.
/// (illumos has epoll too, but not one to rely on.)
pub(super) const EDGES_COME_BY_THEMSELVES: bool = cfg!(all(
    not(mio_unsupported_force_poll_poll),
    any(
        target_os = "android",
        target_os = "linux",
        target_os = "dragonfly",
        target_os = "freebsd",
        target_os = "ios",
        target_os = "macos",
        target_os = "netbsd",
        target_os = "openbsd",
        target_os = "tvos",
        target_os = "visionos",
        target_os = "watchos",
    )
));

/// Can a socket be listed as late as when somebody has to wait for it? What came until then
/// makes the first edge. Where mio must hear of each refusal, it has to know the socket before.
pub(super) const LATE_IS_EARLY_ENOUGH: bool = EDGES_COME_BY_THEMSELVES;

/// Does the kernel forget a socket when its last descriptor is closed?
pub(super) const FORGETS_THE_CLOSED: bool = EDGES_COME_BY_THEMSELVES;

/// Something that can be listed: on Unix a descriptor, so that [`rearm`] can name it.
#[cfg(unix)]
pub(crate) trait Io: event::Source + std::os::fd::AsRawFd {}
#[cfg(unix)]
impl<S: event::Source + std::os::fd::AsRawFd> Io for S {}

/// Something that can be listed.
#[cfg(not(unix))]
pub(crate) trait Io: event::Source {}
#[cfg(not(unix))]
impl<S: event::Source> Io for S {}

/// Both directions. On Linux also "urgent", because a read stops short *before* an urgent
/// byte, and what lies behind it makes no edge: with that sign a short read is not trusted.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(super) const BOTH: Interest = Interest::READABLE
    .add(Interest::WRITABLE)
    .add(Interest::PRIORITY);

/// Both directions.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(super) const BOTH: Interest = Interest::READABLE.add(Interest::WRITABLE);

/// Lists `io` at once.
pub(super) fn enlist_now<S: Io>(
    registry: &Registry,
    io: &mut S,
    token: Token,
    interest: Interest,
) -> io::Result<()> {
    match LATE_IS_EARLY_ENOUGH {
        true => enlist(registry, io, token, interest),
        // mio's own I/O wants to know of it.
        false => registry.register(io, token, interest),
    }
}

/// Lists by descriptor, where [`LATE_IS_EARLY_ENOUGH`]: there mio keeps no books about its sockets.
///
/// The kernel lists sockets by number and by what is open behind it. A socket whose striking off
/// was left to its closing, but which somebody kept open (a child process without `exec`, say),
/// is still listed; should it come back to us under its old number, it is there already, under a
/// token that is nobody's. Then it gets the new one.
#[cfg(unix)]
pub(super) fn enlist<S: Io>(
    registry: &Registry,
    io: &S,
    token: Token,
    interest: Interest,
) -> io::Result<()> {
    let fd = io.as_raw_fd();
    match registry.register(&mut SourceFd(&fd), token, interest) {
        Err(e) if e.raw_os_error() == Some(libc::EEXIST) => {
            registry.reregister(&mut SourceFd(&fd), token, interest)
        }
        listed => listed,
    }
}

/// Not called: late is too late.
#[cfg(not(unix))]
pub(super) fn enlist<S: Io>(_: &Registry, _: &S, _: Token, _: Interest) -> io::Result<()> {
    Ok(())
}

/// Undoes [`enlist_now`] and [`enlist`].
#[cfg(unix)]
pub(super) fn strike_off<S: Io>(registry: &Registry, io: &mut S) -> io::Result<()> {
    match LATE_IS_EARLY_ENOUGH {
        true => registry.deregister(&mut SourceFd(&io.as_raw_fd())),
        false => registry.deregister(io),
    }
}

/// Undoes [`enlist_now`].
#[cfg(not(unix))]
pub(super) fn strike_off<S: Io>(registry: &Registry, io: &mut S) -> io::Result<()> {
    registry.deregister(io)
}

/// Asks for the next edge, where that is needed. mio's own I/O has done so already, but raw
/// calls on its sockets have not (trap 57), and after an error mio has even struck the source
/// off, which its own I/O cannot undo.
#[cfg(unix)]
pub(super) fn rearm<S: Io>(
    registry: &Registry,
    io: &S,
    token: Token,
    interest: Interest,
) -> io::Result<()> {
    if EDGES_COME_BY_THEMSELVES {
        return Ok(());
    }
    let fd = io.as_raw_fd();
    let asked = registry.reregister(&mut SourceFd(&fd), token, interest);
    match asked {
        Err(e) if is_lost(&e) => registry.register(&mut SourceFd(&fd), token, interest),
        asked => asked,
    }
}

/// On Windows only mio's own I/O (also through a type's `try_io`) can ask for the next edge.
#[cfg(not(unix))]
pub(super) fn rearm<S: Io>(_: &Registry, _: &S, _: Token, _: Interest) -> io::Result<()> {
    Ok(())
}

/// Is this mio's way of saying "I have struck that off"? Its own I/O answers so in
/// place of `WouldBlock`. An error of the kernel's would carry a code.
pub(super) fn is_lost(error: &io::Error) -> bool {
    !EDGES_COME_BY_THEMSELVES
        && error.kind() == io::ErrorKind::NotFound
        && error.raw_os_error().is_none()
}
