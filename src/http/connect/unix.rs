//! A connection over a Unix socket, where there are any.

use std::io;
use std::path::Path;

use crate::http::conn::Transport;

/// Connects to the socket at `path`.
#[cfg(unix)]
pub(super) async fn dial(path: &Path) -> io::Result<Box<dyn Transport>> {
    Ok(Box::new(crate::net::UnixStream::connect(path).await?))
}

/// Fails: this system has none that we could use.
#[cfg(not(unix))]
pub(super) async fn dial(_path: &Path) -> io::Result<Box<dyn Transport>> {
    let message = "Unix sockets are used on Unix only";
    Err(io::Error::new(io::ErrorKind::Unsupported, message))
}

#[cfg(unix)]
impl Transport for crate::net::UnixStream {
    fn read_now(&mut self, into: &mut [u8]) -> io::Result<usize> {
        crate::net::UnixStream::read_now(self, into)
    }

    fn has_news(&self) -> bool {
        crate::net::UnixStream::has_news(self)
    }
}
