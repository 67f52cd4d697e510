//! Ctrl-C on Windows: the `ctrlc` crate calls us on a thread of its own.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// The exit code of a program that Ctrl-C ended: STATUS_CONTROL_C_EXIT.
const CONTROL_C_EXIT: i32 = 0xC000_013A_u32 as i32;

/// One who waits, as the handler's thread sees it.
#[derive(Debug, Default)]
struct Ear {
    heard: bool,
    waker: Option<Waker>,
}

/// Everybody who waits, and what a second Ctrl-C does.
struct Process {
    ears: Vec<Arc<Mutex<Ear>>>,
    /// How many `SecondEnds` live, and whether a first Ctrl-C came meanwhile.
    second_ends: usize,
    first_came: bool,
}

static PROCESS: Mutex<Process> = Mutex::new(Process {
    ears: Vec::new(),
    second_ends: 0,
    first_came: false,
});

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Everybody who waits, once the handler is in place.
fn process() -> io::Result<MutexGuard<'static, Process>> {
    static HANDLED: Mutex<bool> = Mutex::new(false);
    let mut handled = lock(&HANDLED);
    if !*handled {
        ctrlc::set_handler(on_ctrl_c).map_err(io::Error::other)?;
        *handled = true;
    }
    Ok(lock(&PROCESS))
}

fn on_ctrl_c() {
    let mut process = lock(&PROCESS);
    let again = std::mem::replace(&mut process.first_came, true);
    if process.ears.is_empty() || (again && process.second_ends > 0) {
        die();
    }
    let ears = process.ears.clone();
    drop(process);
    for ear in ears {
        let mut ear = lock(&ear);
        ear.heard = true;
        let waker = ear.waker.take();
        drop(ear);
        if let Some(waker) = waker {
            crate::caught::wake(waker);
        }
    }
}

/// One who waits for Ctrl-C.
#[derive(Debug)]
pub(super) struct Listener {
    ear: Arc<Mutex<Ear>>,
}

impl Listener {
    pub(super) fn new() -> io::Result<Listener> {
        let ear = Arc::new(Mutex::new(Ear::default()));
        process()?.ears.push(ear.clone());
        Ok(Listener { ear })
    }

    pub(super) fn poll_signal(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let waker = cx.waker().clone();
        let mut ear = lock(&self.ear);
        if ear.heard {
            return Poll::Ready(Ok(()));
        }
        let former = ear.waker.replace(waker);
        drop(ear);
        drop(former);
        Poll::Pending
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        lock(&PROCESS)
            .ears
            .retain(|ear| !Arc::ptr_eq(ear, &self.ear));
    }
}

/// While this lives, a second Ctrl-C ends the process.
pub(super) struct SecondEnds;

impl SecondEnds {
    pub(super) fn new() -> io::Result<SecondEnds> {
        let mut process = process()?;
        process.second_ends += 1;
        process.first_came = false;
        Ok(SecondEnds)
    }
}

impl Drop for SecondEnds {
    fn drop(&mut self) {
        lock(&PROCESS).second_ends -= 1;
    }
}

/// Ends the process as Ctrl-C would have.
pub(super) fn die() -> ! {
    std::process::exit(CONTROL_C_EXIT)
}
