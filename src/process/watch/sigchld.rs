//! The end of a child as every Unix tells it: SIGCHLD. `signal-hook`'s handler writes a byte
//! into a socket pair, the reactor sees it.
//!
//! Law: the signal says that *some* child has ended, and two of them may make one signal.
//! Consequence: each child has a pair of its own, and each signal makes each reaper look.
//! Price: a thousand ends beside a thousand live children are a million looks, which is why
//! Linux does it otherwise.

use std::io::{self, Read};
use std::os::unix::net::UnixStream as StdStream;
use std::panic::Location;
use std::process::ExitStatus;

use mio::net::UnixStream;
use signal_hook::SigId;
use signal_hook::consts::SIGCHLD;
use signal_hook::low_level;

use super::Look;
use crate::reactor::{Direction, Source};

pub(crate) struct Watch {
    source: Source<UnixStream>,
    handler: SigId,
}

impl Watch {
    pub(super) fn new(at: &'static Location<'static>) -> io::Result<Watch> {
        let (reader, writer) = StdStream::pair()?;
        reader.set_nonblocking(true)?;
        writer.set_nonblocking(true)?;
        let source = Source::new_for(UnixStream::from_std(reader), at)?;
        let handler = low_level::pipe::register(SIGCHLD, writer)?;
        Ok(Watch { source, handler })
    }

    /// Looks first: the child may have ended before there was a handler. A byte that comes
    /// between the look and the sleep stays in the socket.
    pub(super) async fn ended(&self, mut look: impl Look) -> io::Result<ExitStatus> {
        let mut bytes = [0; 64];
        loop {
            if let Some(status) = look()? {
                return Ok(status);
            }
            let read = |mut stream: &UnixStream| stream.read(&mut bytes);
            self.source.io(Direction::Read, read).await?;
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        low_level::unregister(self.handler);
    }
}
