//! What TCP and Unix streams have in common, as far as types are concerned: [`Connection`].
//! Their operations are in `stream_ops`.

use std::fmt;
use std::io;
use std::panic::Location;

use super::stream_ops::Bytes;
use crate::reactor::{Io, Source};

/// A stream between two sockets: [`TcpStream`](super::TcpStream), and on Unix `UnixStream`.
///
/// It is there so that halves and listeners can say which kind they are of, and cannot be
/// implemented outside of this crate.
#[allow(private_bounds, reason = "that is what seals it")]
pub trait Connection: Whole {
    /// What names one end of it.
    type Addr;

    /// The address of this end.
    fn local_addr(&self) -> io::Result<Self::Addr>;

    /// The address of the other end.
    fn peer_addr(&self) -> io::Result<Self::Addr>;
}

/// The hidden half of [`Connection`].
pub(super) trait Whole: fmt::Debug + Sized {
    /// The socket.
    type Io: Bytes;

    /// The socket that such a connection is accepted from.
    type Listener: Io;

    /// What all operations go through.
    fn source(&self) -> &Source<Self::Io>;

    /// The next connection to `listener` that is still alive.
    fn accept_from(listener: &Self::Listener, at: &'static Location<'static>) -> io::Result<Self>;
}
