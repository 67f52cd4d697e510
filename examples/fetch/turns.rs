//! Who may download when: the line, and those who wait for their turn in it.
//!
//! [`Line`](mod@line) decides and [`Limit`](limit) counts, both without waiting. Here is the waiting,
//! and what a download has to say to the line: that it got what it came for, or that its host
//! said "not now" (429, 503). In that case its place goes to somebody else, and it comes back when
//! its host has rested; that is no failure, and no try of `--retry`, because what was refused is
//! the crowd and not the file.
//!
//! ```text
//!            next()                     dropped
//!  in line ─────────▶ has a Turn ─────────────────▶ gone
//!     ▲                   │ refused(), again()
//!     └───────────────────┘
//! ```
//!
//! It ends, even if a host refuses for ever: a file comes back so often ([`COMEBACKS`]) and no
//! more; and a host that has given nothing to anybody through so many rests is not waited for
//! ([`limit`]). What is refused then has failed, or is tried again as `--retry` has it.

mod limit;
mod line;

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::time::Duration;

use futures_lite::future::or;
use hob::sync::{Notify, oneshot};
use hob::time::{now, sleep_until};

use crate::args::Options;
use crate::job::Job;
use limit::{Refusal, Ticket};
use line::{Line, Step};

/// So often a file goes back into the line. Twice as often as 64 can be halved: the line is not
/// the only one that asks a host.
const COMEBACKS: u32 = 12;

/// Whoever is to wait longer than this is told so at once instead.
const LONGEST_REST: Duration = Duration::from_secs(600);

/// The line, and who waits until it moves.
pub struct Turns {
    line: RefCell<Line>,
    changed: Notify,
    /// Those who come back: a place is handed to them, and not to a new task.
    callers: RefCell<HashMap<usize, oneshot::Sender<Place>>>,
}

/// The permission to run, until it is dropped.
pub struct Turn {
    /// `None` while it is back in the line, or if there is no line.
    place: Option<Place>,
    comebacks: u32,
}

/// What becomes of a download that was refused.
#[derive(Debug, PartialEq)]
pub struct Rest {
    pub wait: Duration,
    /// So many may ask this host at once from now on.
    pub at_once: usize,
}

/// A place in the run and at a host; dropped, it is the next one's.
struct Place {
    index: usize,
    turns: Rc<Turns>,
    ticket: Ticket,
    served: bool,
}

impl Turns {
    pub fn new(jobs: &[Job], options: &Options) -> Rc<Turns> {
        let per_host = options.per_host.unwrap_or(usize::MAX);
        Rc::new(Turns {
            line: RefCell::new(Line::new(jobs, options.jobs, per_host)),
            changed: Notify::new(),
            callers: RefCell::default(),
        })
    }

    /// Waits until another job may begin, and returns its number and its turn; `None` once nobody
    /// waits and nobody runs. Meanwhile those who come back get theirs: so somebody has to wait
    /// here until the end.
    pub async fn next(self: &Rc<Self>) -> Option<(usize, Turn)> {
        loop {
            let step = self.line.borrow_mut().next(now());
            match step {
                Step::Over => return None,
                Step::Go(index) => {
                    let place = self.place(index);
                    let caller = self.callers.borrow_mut().remove(&index);
                    match caller {
                        None => return Some((index, Turn::with(place))),
                        // If nobody is there any more, it drops the place, and so frees it.
                        Some(caller) => drop(caller.send(place)),
                    }
                }
                // A place that comes free between the look and this wait leaves a permit.
                Step::Wait(None) => self.changed.notified().await,
                Step::Wait(Some(until)) => or(self.changed.notified(), sleep_until(until)).await,
            }
        }
    }

    fn place(self: &Rc<Self>, index: usize) -> Place {
        Place {
            index,
            ticket: self.line.borrow().ticket(index),
            turns: self.clone(),
            served: false,
        }
    }
}

impl Turn {
    fn with(place: Place) -> Turn {
        Turn {
            place: Some(place),
            comebacks: 0,
        }
    }

    /// Without a line. Nobody else is there, so a refusal is about the file.
    #[cfg(test)]
    pub fn alone() -> Turn {
        Turn {
            place: None,
            comebacks: 0,
        }
    }

    /// It got what it came for from its host.
    pub fn served(&mut self) {
        if let Some(place) = &mut self.place {
            place.served = true;
        }
    }

    /// The host said "not now", and perhaps how long. `Some`: go back into the line with
    /// [`Turn::again`]. `chance`: from 0 to 1.
    pub fn refused(&mut self, asked: Option<Duration>, chance: f64) -> Option<Rest> {
        let place = self.place.as_mut()?;
        if asked.is_some_and(|asked| asked > LONGEST_REST) {
            return None;
        }
        let (now, mut line) = (now(), place.turns.line.borrow_mut());
        let refusal = Refusal { asked, chance };
        let told = line.refused(place.index, place.ticket, refusal, now);
        place.ticket = line.ticket(place.index);
        let (until, at_once) = told.filter(|_| self.comebacks < COMEBACKS)?;
        self.comebacks += 1;
        let wait = until.saturating_duration_since(now);
        Some(Rest { wait, at_once })
    }

    /// Gives the place to somebody else, and waits for another one, as the first of its host.
    ///
    /// *Cancel safety*: dropped, it is in the line no more.
    pub async fn again(&mut self) {
        let Some(place) = self.place.take() else {
            return;
        };
        let (index, turns) = (place.index, place.turns.clone());
        let (caller, called) = oneshot::channel();
        turns.callers.borrow_mut().insert(index, caller);
        drop(place);
        turns.line.borrow_mut().again(index);
        turns.changed.notify_one();
        let waiting = Waiting { index, turns };
        self.place = called.await.ok();
        drop(waiting);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.turns.line.borrow_mut().leave(self.index, self.served);
        self.turns.changed.notify_one();
    }
}

/// Somebody who waits to come back.
struct Waiting {
    index: usize,
    turns: Rc<Turns>,
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let caller = self.turns.callers.borrow_mut().remove(&self.index);
        if caller.is_some() {
            self.turns.line.borrow_mut().forget(self.index);
            self.turns.changed.notify_one();
        }
    }
}

#[cfg(test)]
mod tests;
