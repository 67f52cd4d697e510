//! The end of a child as Linux tells it: a descriptor that stands for the process, and is
//! readable once that has ended (`pidfd_open(2)`).

use std::io;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::panic::Location;
use std::process::ExitStatus;

use mio::unix::SourceFd;
use mio::{Interest, Registry, Token, event};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, pidfd_open};

use super::Look;
use crate::reactor::{Direction, Source};

pub(crate) struct Watch(Source<Pidfd>);

impl Watch {
    /// `None` where the kernel has no such thing, or a sandbox forbids it.
    pub(super) fn new(pid: u32, at: &'static Location<'static>) -> io::Result<Option<Watch>> {
        let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
        let pid = pid.ok_or_else(|| io::Error::other("the system gave no process id"))?;
        match pidfd_open(pid, PidfdFlags::empty()) {
            Ok(fd) => {
                let source = Source::new_at(Pidfd(fd), Interest::READABLE, at)?;
                Ok(Some(Watch(source)))
            }
            Err(Errno::NOSYS | Errno::PERM | Errno::INVAL | Errno::NODEV) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// "Not yet" is the refusal of this source: from then on the event counts. Where the
    /// kernel must be asked for it anew (poll(2), trap 57), `Source` does so at each refusal.
    pub(super) async fn ended(&self, mut look: impl Look) -> io::Result<ExitStatus> {
        let look = move |_: &Pidfd| look()?.ok_or_else(|| io::ErrorKind::WouldBlock.into());
        self.0.io(Direction::Read, look).await
    }
}

struct Pidfd(OwnedFd);

impl AsRawFd for Pidfd {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }
}

impl event::Source for Pidfd {
    fn register(&mut self, to: &Registry, token: Token, interest: Interest) -> io::Result<()> {
        SourceFd(&self.as_raw_fd()).register(to, token, interest)
    }

    fn reregister(&mut self, to: &Registry, token: Token, interest: Interest) -> io::Result<()> {
        SourceFd(&self.as_raw_fd()).reregister(to, token, interest)
    }

    fn deregister(&mut self, from: &Registry) -> io::Result<()> {
        SourceFd(&self.as_raw_fd()).deregister(from)
    }
}
