//! Other programs: starting them, talking to them through pipes, and learning how they ended.
//! And `Pool` (on Unix): work for processes that are this same program, started again.
//!
//! ```
//! # #[cfg(unix)] hob::block_on(async {
//! use hob::process::Command;
//!
//! let output = Command::new("echo").arg("from another process").output().await?;
//! assert!(output.status.success());
//! assert_eq!(output.stdout, b"from another process\n");
//! # std::io::Result::Ok(())
//! # }).unwrap();
//! ```
//!
//! **Law:** a process that has ended stays in the system's table, as a *zombie*, until its
//! parent has asked how it ended (has *reaped* it); and the system tells the parent of an end
//! by a signal, which may stand for several ends, or by a descriptor that becomes readable.
//! **Consequence:** somebody has to ask, also where the program has lost interest in its child.
//! **Choice:** each child gets a task that waits for its end and reaps it in the next turn,
//! whether or not anybody awaits it; whoever does await it waits for that task. **Price:** one
//! small task for each child, and on Linux one descriptor (a `pidfd`); no thread.
//!
//! ```text
//!   Command::spawn ─▶ Child ──────┐ kill, wait            ┌── Exited (any number)
//!                       │         ▼                       │
//!                       │      Shared: the child, its end, who waits
//!                       │         ▲
//!                       └─ reaper (a task) ◀─ Watch ◀─ the kernel: it has ended
//! ```
//!
//! | file | holds |
//! |---|---|
//! | `watch` | how one learns of an end: pidfd, SIGCHLD, or looking now and then |
//! | `reaper` | what is known of a child, and the task that reaps it |
//! | `pipe` | the ends of its pipes that stay here |
//! | `child`, `command` | what a program holds |
//! | `pool` | this program again, as a worker |
//!
//! What differs from tokio: a child is reaped even if nobody waits for it and the `Child` still
//! lives; any number of tasks may wait for one child ([`Child::exited`]); and there is no
//! `pre_exec`, which cannot be offered without `unsafe`.

mod watch;
mod reaper;
mod pipe;
mod child;
mod command;
#[cfg(unix)]
mod pool;

pub use std::process::{ExitStatus, Output, Stdio};

pub use child::{Child, Exited, Wait};
pub use command::Command;
pub use pipe::{ChildStderr, ChildStdin, ChildStdout};
#[cfg(unix)]
pub use pool::{Map, Pool, PoolBuilder, PoolError, Registry, Run, worker_main};
