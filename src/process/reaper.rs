//! What is known of one child ([`Shared`]), and the task that reaps it.
//!
//! ```text
//!            1 adopt                2 the reaper's look          last reference gone
//!   spawned ────────▶ Running ─────────────────────▶ Ended ─────────────────────────▶ (nothing to do)
//!                        │ 3 its runtime ends
//!                        └─────────────────────────▶ Abandoned ──── 4 leave ───▶ killed: waited for
//!                                                                               else: the leftovers
//!  1 adopt   2 Shared::look, Shared::end   3 Reaper::drop   4 Shared::drop
//! ```
//!
//! Invariants:
//! - I1: a child is asked for its end only by [`Shared::look`], on one thread, and std
//!   remembers the answer. So no signal is ever sent to a process id that was given to
//!   somebody else since.
//! - I2: whoever is parked in `waiters` is woken when the state leaves `Running`, and nobody
//!   parks after that.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::io;
use std::panic::Location;
use std::process::{Child, ExitStatus};
use std::rc::Rc;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Waker};
use std::thread;
use std::time::Duration;

use slab::Slab;

use super::watch::Watch;
use crate::blocking::{self, Class, Lane};
use crate::caught;
use crate::executor;

/// One child: shared by its `Child`, by whoever waits, and by its reaper.
pub(super) struct Shared {
    pid: u32,
    /// `None` only in the drop.
    child: RefCell<Option<Child>>,
    state: Cell<State>,
    /// Was it told to end? Then it will, soon.
    killed: Cell<bool>,
    /// Who waits for the state to change (I2).
    waiters: RefCell<Slab<Waker>>,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Running,
    /// Reaped. The error is a code of the system's: somebody else has reaped it, say.
    Ended(Result<ExitStatus, i32>),
    /// The runtime has ended first.
    Abandoned,
}

/// Takes care of `child` from now on: starts its reaper.
///
/// # Errors
/// If the system cannot tell us of its end. Then it is killed, and reaped here.
pub(super) fn adopt(mut child: Child, at: &'static Location<'static>) -> io::Result<Rc<Shared>> {
    let pid = child.id();
    let watch = match Watch::new(pid, at) {
        Ok(watch) => watch,
        Err(error) => {
            // One that was killed ends at once, so this does not block for long.
            let _ = child.kill().and_then(|()| child.wait());
            return Err(error);
        }
    };
    Ok(adopt_watched(child, watch, at))
}

/// [`adopt`] with the watch chosen by the caller.
fn adopt_watched(child: Child, watch: Watch, at: &'static Location<'static>) -> Rc<Shared> {
    let pid = child.id();
    let shared = Rc::new(Shared {
        pid,
        child: RefCell::new(Some(child)),
        state: Cell::new(State::Running),
        killed: Cell::new(false),
        waiters: RefCell::default(),
    });
    let reaper = Reaper(shared.clone());
    let executor = executor::current().expect("the watch was made in a running loop");
    let name = format!("process {pid}").into();
    drop(executor.spawn(reaper.run(watch), Some(name), at));
    shared
}

/// The task of one child.
struct Reaper(Rc<Shared>);

impl Reaper {
    async fn run(self, watch: Watch) {
        // The `Err` of a look ends the wait, too: nothing better will come.
        let end = watch.ended(|| self.0.look()).await;
        self.0.end(end.map_err(|error| code(&error)));
    }
}

/// After the end this does nothing; before it, the runtime ends.
impl Drop for Reaper {
    fn drop(&mut self) {
        self.0.change(State::Abandoned);
    }
}

fn code(error: &io::Error) -> i32 {
    error.raw_os_error().unwrap_or_default()
}

impl Shared {
    pub(super) fn pid(&self) -> u32 {
        self.pid
    }

    /// How it ended, if it has, and if that was noticed.
    pub(super) fn ended(&self) -> Option<io::Result<ExitStatus>> {
        match self.state.get() {
            State::Running => None,
            State::Ended(Ok(status)) => Some(Ok(status)),
            State::Ended(Err(code)) => Some(Err(io::Error::from_raw_os_error(code))),
            State::Abandoned => Some(Err(io::Error::other(
                "the runtime of this child process has ended",
            ))),
        }
    }

    /// Asks the system, and reaps (I1).
    pub(super) fn look(&self) -> io::Result<Option<ExitStatus>> {
        self.with_child(Child::try_wait)
    }

    /// Tells it to end, now (SIGKILL). One that has ended already stays as it is.
    pub(super) fn kill(&self) -> io::Result<()> {
        self.with_child(Child::kill)?;
        self.killed.set(true);
        Ok(())
    }

    /// No code of the user runs in here.
    fn with_child<R>(&self, f: impl FnOnce(&mut Child) -> io::Result<R>) -> io::Result<R> {
        let mut child = self.child.borrow_mut();
        f(child.as_mut().expect("taken only by the drop"))
    }

    /// It has ended: whoever waits is told.
    pub(super) fn end(&self, end: Result<ExitStatus, i32>) {
        self.change(State::Ended(end));
    }

    fn change(&self, state: State) {
        if matches!(self.state.get(), State::Running) {
            self.state.set(state);
            let waiters = std::mem::take(&mut *self.waiters.borrow_mut());
            waiters
                .into_iter()
                .for_each(|(_, waker)| caught::wake(waker));
        }
    }

    /// Parks a task until the state changes, in the place `key` if it has one already.
    pub(super) fn park(&self, key: &mut Option<usize>, cx: &Context<'_>) {
        // Cloned before the borrow and dropped after it: it may be a stranger's (trap 10).
        let waker = cx.waker().clone();
        let mut waiters = self.waiters.borrow_mut();
        let former = match key.and_then(|key| waiters.get_mut(key)) {
            Some(place) => Some(std::mem::replace(place, waker)),
            None => {
                *key = Some(waiters.insert(waker));
                None
            }
        };
        drop(waiters);
        drop(former);
    }

    /// Takes it out again. After a change it is out already.
    pub(super) fn unpark(&self, key: usize) {
        let waker = self.waiters.borrow_mut().try_remove(key);
        drop(waker);
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared")
            .field("pid", &self.pid)
            .field("state", &self.state.get())
            .finish_non_exhaustive()
    }
}

/// The last one who knew of it goes: the reaper was dropped before, by the end of its runtime,
/// or because the child has ended.
impl Drop for Shared {
    fn drop(&mut self) {
        let child = self.child.get_mut().take();
        if let (Some(child), State::Abandoned) = (child, self.state.get()) {
            leave(child, self.killed.get());
        }
    }
}

/// A runtime has ended, and `child` has not. If it was told to, the runtime's end waits for it,
/// as for any job, up to the deadline that jobs have. If nobody told it to end, it may be meant
/// to go on for days, and the end does not wait.
fn leave(mut child: Child, killed: bool) {
    match child.try_wait() {
        Ok(None) if !killed => Leftovers::take_in(child),
        Ok(None) if executor::current().is_some() => {
            let wait = move || child.wait();
            let at = Location::caller();
            drop(blocking::start(at, Lane::General, Class::Mandatory, wait));
        }
        Ok(None) => drop(child.wait()),
        Ok(Some(_)) | Err(_) => {}
    }
}

/// Children that outlived their runtime in a process that may outlive them. One thread looks
/// after them, for as long as there are any, ten times a second.
///
/// Not by their descriptors: that would want a second loop with all that belongs to it, for
/// what happens to few programs, once in their life.
struct Leftovers {
    children: Vec<Child>,
    /// Is there a thread?
    tended: bool,
}

static LEFTOVERS: Mutex<Leftovers> = Mutex::new(Leftovers {
    children: Vec::new(),
    tended: false,
});

impl Leftovers {
    const DISTANCE: Duration = Duration::from_millis(100);

    fn lock() -> MutexGuard<'static, Leftovers> {
        LEFTOVERS.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take_in(child: Child) {
        let mut leftovers = Leftovers::lock();
        leftovers.children.push(child);
        if !leftovers.tended {
            let named = thread::Builder::new().name("hob-reaper".into());
            // Refused a thread, they wait for the next one who is left over.
            leftovers.tended = named.spawn(Leftovers::tend).is_ok();
        }
    }

    fn tend() {
        loop {
            let mut leftovers = Leftovers::lock();
            let runs = |child: &mut Child| matches!(child.try_wait(), Ok(None));
            leftovers.children.retain_mut(runs);
            if leftovers.children.is_empty() {
                leftovers.tended = false;
                return;
            }
            drop(leftovers);
            thread::sleep(Leftovers::DISTANCE);
        }
    }
}

#[cfg(test)]
mod tests;
