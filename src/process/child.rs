//! A process that was started: [`Child`], and the futures of its end.

use std::future::Future;
use std::io;
use std::panic::Location;
use std::pin::Pin;
use std::process::{ExitStatus, Output};
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use futures_lite::future::try_zip;

use super::pipe::{ChildStderr, ChildStdin, ChildStdout};
use super::reaper::{self, Shared};
use crate::coop;
use crate::trace::{self, WaitKind};

/// A process started by [`Command::spawn`](super::Command::spawn).
///
/// Dropping it lets the process go on, unless
/// [`kill_on_drop`](super::Command::kill_on_drop) was asked for. Either way it is reaped one
/// turn of the loop after it has ended; if the loop ends first, see
/// [`Command::spawn`](super::Command::spawn).
///
/// ```
/// # #[cfg(unix)] hob::block_on(async {
/// let mut child = hob::process::Command::new("true").spawn()?;
/// let status = child.wait().await?;
/// assert!(status.success());
/// assert_eq!(child.id(), None);
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
#[derive(Debug)]
pub struct Child {
    /// The way to its stdin, if [`Stdio::piped`](super::Stdio::piped) was chosen for it. Take it
    /// out to use it in another task.
    pub stdin: Option<ChildStdin>,
    /// The way from its stdout, if it was chosen to be piped.
    pub stdout: Option<ChildStdout>,
    /// The way from its stderr, if it was chosen to be piped.
    pub stderr: Option<ChildStderr>,
    shared: Rc<Shared>,
    kill_on_drop: bool,
}

impl Child {
    /// Takes over a child of std's.
    pub(super) fn adopt(
        mut child: std::process::Child,
        kill_on_drop: bool,
        at: &'static Location<'static>,
    ) -> io::Result<Child> {
        let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let shared = reaper::adopt(child, at)?;
        let piped = || {
            io::Result::Ok((
                pipes.0.map(|pipe| ChildStdin::new(pipe, at)).transpose()?,
                pipes.1.map(|pipe| ChildStdout::new(pipe, at)).transpose()?,
                pipes.2.map(|pipe| ChildStderr::new(pipe, at)).transpose()?,
            ))
        };
        match piped() {
            Ok((stdin, stdout, stderr)) => Ok(Child {
                stdin,
                stdout,
                stderr,
                shared,
                kill_on_drop,
            }),
            Err(error) => {
                // A child that nobody can talk to shall not go on in secret.
                let _ = shared.kill();
                Err(error)
            }
        }
    }

    /// The number that the system has given it, until it was reaped: then the system may give
    /// it to somebody else.
    pub fn id(&self) -> Option<u32> {
        match self.shared.ended() {
            None => Some(self.shared.pid()),
            Some(_) => None,
        }
    }

    /// Closes the child's stdin, if it is still in here, and waits for its end.
    ///
    /// Stdin is closed because many programs end only then. A child that writes more to a
    /// piped stdout or stderr than the pipe holds does not end before somebody reads it: use
    /// [`Child::wait_with_output`].
    ///
    /// *Cancel safety*: nothing is lost but the closed stdin; wait again.
    ///
    /// # Errors
    /// If somebody else has reaped the child, or its runtime has ended.
    ///
    /// ```
    /// # #[cfg(unix)] hob::block_on(async {
    /// let mut child = hob::process::Command::new("sh").args(["-c", "exit 7"]).spawn()?;
    /// assert_eq!(child.wait().await?.code(), Some(7));
    /// assert_eq!(child.id(), None); // it was reaped: the number is free for others
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    #[track_caller]
    pub fn wait(&mut self) -> Wait<'_> {
        let exited = self.exited();
        Wait {
            stdin: &mut self.stdin,
            exited,
        }
    }

    /// A future of the child's end that borrows nothing and can be cloned: any number of tasks
    /// may wait. Unlike [`Child::wait`] it leaves stdin alone.
    ///
    /// ```
    /// # #[cfg(unix)] hob::block_on(async {
    /// let mut child = hob::process::Command::new("true").spawn()?;
    /// let watcher = hob::spawn(child.exited());
    /// assert!(child.wait().await?.success());
    /// assert!(watcher.await.unwrap()?.success());
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    #[track_caller]
    pub fn exited(&self) -> Exited {
        Exited::new(self.shared.clone(), Location::caller())
    }

    /// How it ended, if it has, without waiting.
    ///
    /// # Errors
    /// As for [`Child::wait`].
    ///
    /// ```
    /// # #[cfg(unix)] hob::block_on(async {
    /// let mut child = hob::process::Command::new("sleep").arg("1000").spawn()?;
    /// assert!(child.try_wait()?.is_none());
    /// child.kill().await?;
    /// assert!(child.try_wait()?.is_some());
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn try_wait(&mut self) -> io::Result<Option<ExitStatus>> {
        if let Some(ended) = self.shared.ended() {
            return ended.map(Some);
        }
        let status = self.shared.look()?;
        if let Some(status) = status {
            self.shared.end(Ok(status));
        }
        Ok(status)
    }

    /// Closes stdin, reads stdout and stderr to their ends (where they are piped and still in
    /// here), and waits for the end of the child, all at once.
    ///
    /// There is no limit to what it reads: use it for programs that you trust.
    ///
    /// *Cancel safety*: what was read is lost, and the `Child` is dropped.
    ///
    /// # Errors
    /// Those of [`Child::wait`] and of reading.
    ///
    /// ```
    /// # #[cfg(unix)] hob::block_on(async {
    /// use hob::process::{Command, Stdio};
    ///
    /// let child = Command::new("echo").arg("hello").stdout(Stdio::piped()).spawn()?;
    /// assert_eq!(child.wait_with_output().await?.stdout, b"hello\n");
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    #[track_caller]
    pub fn wait_with_output(mut self) -> impl Future<Output = io::Result<Output>> {
        let exited = self.exited();
        async move {
            drop(self.stdin.take());
            let (stdout, stderr) = (self.stdout.take(), self.stderr.take());
            let out = async {
                let mut bytes = Vec::new();
                if let Some(mut pipe) = stdout {
                    pipe.read_to_end(&mut bytes).await?;
                }
                io::Result::Ok(bytes)
            };
            let err = async {
                let mut bytes = Vec::new();
                if let Some(mut pipe) = stderr {
                    pipe.read_to_end(&mut bytes).await?;
                }
                io::Result::Ok(bytes)
            };
            let ((stdout, stderr), status) = try_zip(try_zip(out, err), exited).await?;
            Ok(Output {
                status,
                stdout,
                stderr,
            })
        }
    }

    /// Tells it to end, at once and without a chance to clean up (SIGKILL, or
    /// `TerminateProcess`), and does not wait. A child that has ended already is no error.
    ///
    /// # Errors
    /// What the system says: the child may have become another user.
    ///
    /// ```
    /// # #[cfg(unix)] hob::block_on(async {
    /// let mut child = hob::process::Command::new("sleep").arg("1000").spawn()?;
    /// child.start_kill()?;
    /// assert!(!child.wait().await?.success());
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn start_kill(&mut self) -> io::Result<()> {
        self.shared.kill()
    }

    /// [`Child::start_kill`], then [`Child::wait`].
    ///
    /// *Cancel safety*: from the first poll on, the child is told; only the waiting is given up.
    ///
    /// # Errors
    /// Those of both.
    ///
    /// ```
    /// # #[cfg(unix)] hob::block_on(async {
    /// let mut child = hob::process::Command::new("sleep").arg("1000").spawn()?;
    /// child.kill().await?;
    /// assert!(!child.wait().await?.success());
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    #[track_caller]
    pub fn kill(&mut self) -> impl Future<Output = io::Result<()>> {
        let exited = self.exited();
        async move {
            self.start_kill()?;
            exited.await.map(drop)
        }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        if self.kill_on_drop && self.shared.ended().is_none() {
            // It may have ended a moment ago: nothing to be done then.
            let _ = self.shared.kill();
        }
    }
}

/// Future of [`Child::wait`].
#[derive(Debug)]
#[must_use = "futures do nothing unless awaited"]
pub struct Wait<'a> {
    /// Closed by the first poll.
    stdin: &'a mut Option<ChildStdin>,
    exited: Exited,
}

impl Future for Wait<'_> {
    type Output = io::Result<ExitStatus>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<ExitStatus>> {
        drop(self.stdin.take());
        Pin::new(&mut self.exited).poll(cx)
    }
}

/// Future of [`Child::exited`]: how the child ended.
///
/// *Cancel safety*: nothing is lost. It may also be polled again after it was ready.
#[must_use = "futures do nothing unless awaited"]
pub struct Exited {
    shared: Rc<Shared>,
    /// Where it is parked.
    key: Option<usize>,
    at: &'static Location<'static>,
}

impl Exited {
    pub(super) fn new(shared: Rc<Shared>, at: &'static Location<'static>) -> Exited {
        Exited {
            shared,
            key: None,
            at,
        }
    }
}

impl Future for Exited {
    type Output = io::Result<ExitStatus>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<ExitStatus>> {
        ready!(coop::poll_budget(cx));
        let this = self.get_mut();
        let mut ended = this.shared.ended();
        if ended.is_none() {
            this.shared.park(&mut this.key, cx);
            // Again, because parking clones a waker, and that may be a stranger's code.
            ended = this.shared.ended();
        }
        match ended {
            Some(ended) => {
                coop::spend();
                Poll::Ready(ended)
            }
            None => {
                trace::waits(WaitKind::Process, this.shared.pid().into(), this.at);
                Poll::Pending
            }
        }
    }
}

impl Clone for Exited {
    fn clone(&self) -> Exited {
        Exited::new(self.shared.clone(), self.at)
    }
}

impl Drop for Exited {
    fn drop(&mut self) {
        if let Some(key) = self.key {
            self.shared.unpark(key);
        }
    }
}

impl std::fmt::Debug for Exited {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Exited")
            .field("pid", &self.shared.pid())
            .finish_non_exhaustive()
    }
}
