//! No pipe: this system cannot move bytes from a socket to a file by itself.

use std::convert::Infallible;
use std::fs::File;
use std::io;
use std::task::{Context, Poll};

use crate::net::TcpStream;

/// There is none.
pub(crate) struct Pipe(Infallible);

impl Pipe {
    pub(crate) const IS_THERE: bool = false;

    pub(crate) fn new() -> io::Result<Pipe> {
        Err(io::ErrorKind::Unsupported.into())
    }

    pub(crate) fn poll_fill(
        &self,
        _cx: &mut Context<'_>,
        _stream: &TcpStream,
        _most: usize,
    ) -> Poll<io::Result<usize>> {
        match self.0 {}
    }

    pub(crate) fn empty(&self, _count: usize, _file: &File) -> io::Result<()> {
        match self.0 {}
    }
}
