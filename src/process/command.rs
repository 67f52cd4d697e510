//! What to start, and how: [`Command`], around std's.

use std::ffi::OsStr;
use std::future::Future;
use std::io;
#[cfg(unix)]
use std::os::unix::process::CommandExt;
use std::panic::Location;
use std::path::Path;
use std::process::{ExitStatus, Output, Stdio};

use super::child::Child;
use crate::executor;

/// Another program to start, with its arguments and surroundings.
///
/// It is std's [`Command`](std::process::Command) with children that can be awaited, and
/// remembers one thing more: [`kill_on_drop`](Command::kill_on_drop).
///
/// ```
/// # #[cfg(unix)] hob::block_on(async {
/// use hob::process::Command;
///
/// let output = Command::new("sh").args(["-c", "echo $GREETING"]).env("GREETING", "hello").output().await?;
/// assert_eq!(output.stdout, b"hello\n");
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
#[derive(Debug)]
pub struct Command {
    std: std::process::Command,
    kill_on_drop: bool,
    /// Was something chosen for stdin, stdout and stderr? Where not, `output` chooses.
    chosen: [bool; 3],
}

/// Gives what std's method of the same name gives, on our type.
macro_rules! as_in_std {
    ($($(#[$doc:meta])* fn $name:ident $(<$($G:ident: $bound:path),+>)? ($($arg:ident: $Arg:ty),*);)*) => {$(
        $(#[$doc])*
        pub fn $name $(<$($G: $bound),+>)? (&mut self, $($arg: $Arg),*) -> &mut Command {
            self.std.$name($($arg),*);
            self
        }
    )*};
}

impl Command {
    /// The program `program`, looked for in `PATH` unless it is a path itself, without
    /// arguments, with the surroundings of this process.
    pub fn new(program: impl AsRef<OsStr>) -> Command {
        Command::from(std::process::Command::new(program))
    }

    as_in_std! {
        /// Adds an argument. No shell looks at it: it arrives as it is.
        fn arg<S: AsRef<OsStr>>(arg: S);
        /// Sets a variable of the child's environment.
        fn env<K: AsRef<OsStr>, V: AsRef<OsStr>>(key: K, value: V);
        /// Takes a variable out of the child's environment.
        fn env_remove<K: AsRef<OsStr>>(key: K);
        /// Takes all variables out of the child's environment.
        fn env_clear();
        /// The folder in which the child starts.
        fn current_dir<P: AsRef<Path>>(folder: P);
    }

    #[cfg(unix)]
    as_in_std! {
        /// The user that the child becomes.
        fn uid(id: u32);
        /// The group of users that the child belongs to.
        fn gid(id: u32);
        /// The group of processes that the child joins; 0: a new one of its own, which Ctrl-C
        /// in the terminal does not reach.
        fn process_group(group: i32);
        /// The name that the child is told of itself, in place of the program's.
        fn arg0<S: AsRef<OsStr>>(name: S);
    }

    /// Adds several arguments.
    pub fn args<S: AsRef<OsStr>>(&mut self, args: impl IntoIterator<Item = S>) -> &mut Command {
        self.std.args(args);
        self
    }

    /// Sets several variables of the child's environment.
    pub fn envs<K: AsRef<OsStr>, V: AsRef<OsStr>>(
        &mut self,
        vars: impl IntoIterator<Item = (K, V)>,
    ) -> &mut Command {
        self.std.envs(vars);
        self
    }

    /// Where the child reads from. Default: from where this process does, but nowhere for
    /// [`Command::output`].
    pub fn stdin(&mut self, stdin: impl Into<Stdio>) -> &mut Command {
        self.chosen[0] = true;
        self.std.stdin(stdin);
        self
    }

    /// Where the child writes to. Default: to where this process does, but into the result of
    /// [`Command::output`].
    pub fn stdout(&mut self, stdout: impl Into<Stdio>) -> &mut Command {
        self.chosen[1] = true;
        self.std.stdout(stdout);
        self
    }

    /// Where the child complains. Default: as for [`Command::stdout`].
    pub fn stderr(&mut self, stderr: impl Into<Stdio>) -> &mut Command {
        self.chosen[2] = true;
        self.std.stderr(stderr);
        self
    }

    /// Shall the child end when its [`Child`] is dropped? Default: no, it goes on.
    ///
    /// It also covers [`Command::status`] and [`Command::output`], whose futures hold the
    /// `Child`: with it, `timeout(limit, command.output())` ends the child at the limit.
    ///
    /// ```
    /// # #[cfg(unix)] hob::block_on(async {
    /// let child = hob::process::Command::new("sleep").arg("1000").kill_on_drop(true).spawn()?;
    /// let exited = child.exited();
    /// drop(child);
    /// assert!(!exited.await?.success());
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn kill_on_drop(&mut self, kill: bool) -> &mut Command {
        self.kill_on_drop = kill;
        self
    }

    /// std's command in here.
    pub fn as_std(&self) -> &std::process::Command {
        &self.std
    }

    /// std's command in here, for what has no method of its own. What is chosen there for the
    /// three streams, [`Command::output`] does not see.
    pub fn as_std_mut(&mut self) -> &mut std::process::Command {
        &mut self.std
    }

    /// Starts the program.
    ///
    /// This blocks the loop for as long as the system takes to start a process: about 1 ms.
    ///
    /// Whatever becomes of the [`Child`], the process is reaped one turn of the loop after it
    /// has ended. If the runtime ends while it runs: a child that was killed is waited for, up
    /// to [`Builder::shutdown_timeout`](crate::Builder::shutdown_timeout); one that was not is
    /// left to go on, and a thread that looks ten times a second reaps it.
    ///
    /// # Errors
    /// `NotFound`, `PermissionDenied` and so on, with the name of the program; if the system
    /// has no process or descriptor left; outside of a running loop. Nothing is left behind.
    ///
    /// ```
    /// # hob::block_on(async {
    /// let error = hob::process::Command::new("no-such-program").spawn().unwrap_err();
    /// assert_eq!(error.kind(), std::io::ErrorKind::NotFound);
    /// assert!(error.to_string().contains("no-such-program"));
    /// # });
    /// ```
    #[track_caller]
    pub fn spawn(&mut self) -> io::Result<Child> {
        if executor::current().is_none() {
            return Err(io::Error::other(
                "no hob runtime runs on this thread: start processes inside hob::block_on or a \
                 task of it",
            ));
        }
        let child = self.std.spawn().map_err(|error| self.explain(&error))?;
        Child::adopt(child, self.kill_on_drop, Location::caller())
    }

    /// The system's error, and what it is about. ("No such file" may mean the folder.)
    fn explain(&self, error: &io::Error) -> io::Error {
        let program = self.std.get_program().display();
        let message = match self.std.get_current_dir() {
            None => format!("cannot start `{program}`: {error}"),
            Some(folder) => format!("cannot start `{program}` in {}: {error}", folder.display()),
        };
        io::Error::new(error.kind(), message)
    }

    /// Starts the program, at once, and waits for its end.
    ///
    /// *Cancel safety*: dropping the future drops the [`Child`]: it goes on, or is killed, as
    /// [`Command::kill_on_drop`] says.
    ///
    /// # Errors
    /// Those of [`Command::spawn`] and [`Child::wait`]. That the program failed is no error
    /// here: ask the [`ExitStatus`].
    ///
    /// ```
    /// # #[cfg(unix)] hob::block_on(async {
    /// let status = hob::process::Command::new("sh").args(["-c", "exit 7"]).status().await?;
    /// assert_eq!(status.code(), Some(7));
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    #[track_caller]
    pub fn status(&mut self) -> impl Future<Output = io::Result<ExitStatus>> + use<> {
        let started = self.spawn().map(|child| (child.exited(), child));
        async move {
            let (exited, mut child) = started?;
            // A piped stream that nobody can reach.
            drop((child.stdin.take(), child.stdout.take(), child.stderr.take()));
            exited.await
        }
    }

    /// Starts the program, at once, and collects what it writes until it ends.
    ///
    /// Where nothing else was chosen, stdin is empty, and stdout and stderr come in the result.
    ///
    /// *Cancel safety*: as for [`Command::status`]; what was read is lost.
    ///
    /// # Errors
    /// Those of [`Command::spawn`] and [`Child::wait_with_output`].
    ///
    /// ```
    /// # #[cfg(unix)] hob::block_on(async {
    /// use hob::process::{Command, Stdio};
    ///
    /// let mut command = Command::new("sh");
    /// command.args(["-c", "echo seen; echo unseen >&2"]).stderr(Stdio::null());
    /// let output = command.output().await?;
    /// assert_eq!((&*output.stdout, &*output.stderr), (&b"seen\n"[..], &b""[..]));
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    #[track_caller]
    pub fn output(&mut self) -> impl Future<Output = io::Result<Output>> + use<> {
        let [stdin, stdout, stderr] = self.chosen;
        if !stdin {
            self.std.stdin(Stdio::null());
        }
        if !stdout {
            self.std.stdout(Stdio::piped());
        }
        if !stderr {
            self.std.stderr(Stdio::piped());
        }
        let ending = self.spawn().map(Child::wait_with_output);
        async move { ending?.await }
    }
}

/// A command that was put together with std. What was chosen there for the three streams
/// holds for [`Command::spawn`] and [`Command::status`].
impl From<std::process::Command> for Command {
    fn from(std: std::process::Command) -> Command {
        Command {
            std,
            kill_on_drop: false,
            chosen: [false; 3],
        }
    }
}
