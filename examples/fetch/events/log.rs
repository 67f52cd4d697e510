//! The log of a run: everybody tells it what happened, and it tells those who listen.
//!
//! Whoever tells need not know whether anybody does: [`Log::tell`] takes a function, and calls
//! it only then. So a run that nobody records pays one branch for each event.
//!
//! The log minds what [`Event`] promises: it has the clock (V1), and at the end it tells of those
//! files whose end nobody told (V3). Listeners are our own code and quick: they are called under
//! the log's borrow, and tell it nothing.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fmt;
use std::rc::Rc;
use std::time::{Duration, Instant};

use hob::time::sleep;

use super::{Event, FileLog, Outcome, What};

/// How often files are asked whether they stall. A fraction of what is worth telling.
const LOOK: Duration = Duration::from_millis(250);

/// Somebody who listens.
pub trait Listener {
    fn hear(&mut self, event: &Event);
}

/// One for each run, made before its first file and closed at its end.
pub struct Log {
    #[cfg_attr(test, allow(dead_code))] // they have a clock of their own
    began: Instant,
    /// Set at the making: is it worth telling anything?
    is_heard: bool,
    /// Nothing is told any more.
    is_closed: Cell<bool>,
    listeners: RefCell<Vec<Box<dyn Listener>>>,
    /// Files that were queued and have no end yet.
    open: RefCell<BTreeMap<u64, Rc<FileLog>>>,
    /// The last number that a request got.
    requests: Cell<u64>,
    /// How far the tests moved the clock.
    #[cfg(test)]
    pub passed: Cell<Duration>,
}

impl Log {
    pub fn new(listeners: Vec<Box<dyn Listener>>) -> Rc<Log> {
        Rc::new(Log {
            began: Instant::now(),
            is_heard: !listeners.is_empty(),
            is_closed: Cell::new(false),
            listeners: RefCell::new(listeners),
            open: RefCell::default(),
            requests: Cell::new(0),
            #[cfg(test)]
            passed: Cell::default(),
        })
    }

    /// One that nobody listens to.
    pub fn silent() -> Rc<Log> {
        Log::new(Vec::new())
    }

    pub fn is_heard(&self) -> bool {
        self.is_heard && !self.is_closed.get()
    }

    /// Since the run began.
    #[cfg(not(test))]
    pub fn now(&self) -> Duration {
        self.began.elapsed()
    }

    #[cfg(test)]
    pub fn now(&self) -> Duration {
        self.passed.get()
    }

    /// A file stands in the queue. Its end closes it.
    pub fn opened(&self, file: Rc<FileLog>) {
        self.open.borrow_mut().insert(file.number, file);
    }

    /// Looks after those that stall, for as long as it is polled.
    pub async fn watch(&self) {
        if !self.is_heard() {
            return std::future::pending().await;
        }
        loop {
            sleep(LOOK).await;
            let open: Vec<_> = self.open.borrow().values().cloned().collect();
            open.iter().for_each(|file| file.look());
        }
    }

    /// The number of a new request.
    pub fn next_request(&self) -> u64 {
        self.requests.set(self.requests.get() + 1);
        self.requests.get()
    }

    /// Something happened to a file, or (0) to the run.
    pub fn tell(&self, file: u64, what: impl FnOnce() -> What) {
        if self.is_heard() {
            self.hear(file, None, None, what());
        }
    }

    /// Something happened to one request of a file.
    pub fn tell_of(
        &self,
        file: u64,
        request: u64,
        connection: Option<u64>,
        what: impl FnOnce() -> What,
    ) {
        if self.is_heard() {
            self.hear(file, Some(request), connection, what());
        }
    }

    /// The last word: whoever has no end yet was stopped (V3).
    pub fn close(&self, code: u8) {
        if !self.is_heard() {
            return;
        }
        let open = self.open.take(); // in a `for`, the borrow would last as long as the loop
        for file in open.values() {
            file.tell(|| file.done(Outcome::Stopped, "the run was stopped", code));
        }
        self.tell(0, || What::Ended { code });
        self.is_closed.set(true);
    }

    fn hear(&self, file: u64, request: Option<u64>, connection: Option<u64>, what: What) {
        if let What::Done { .. } = what {
            let open = self.open.borrow_mut().remove(&file);
            drop(open);
        }
        let event = Event {
            at: self.now(),
            file,
            request,
            connection,
            what,
        };
        let mut listeners = self.listeners.borrow_mut();
        listeners.iter_mut().for_each(|one| one.hear(&event));
    }
}

impl fmt::Debug for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Log")
            .field("is_heard", &self.is_heard)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::events::file::heard;

    /// Broken by: not telling of what is open in `close`, or not noting that it is closed.
    #[test]
    fn each_file_has_an_end_and_nothing_comes_after_that_of_the_run() {
        let (log, heard) = heard();
        let queued = |number| FileLog::queued(&log, number, "u".into(), Path::new("a"));
        let files: Vec<_> = [1, 2, 3].into_iter().filter_map(queued).collect();
        files[1].tell(|| files[1].done(Outcome::Arrived, "", 0));
        log.close(130);
        files[0].tell(|| What::Started);
        let heard = heard.borrow();
        let end = |event: &Event| match event.what {
            What::Done { outcome, .. } => Some((event.file, outcome)),
            _ => None,
        };
        let ends: Vec<_> = heard.iter().filter_map(end).collect();
        let (arrived, stopped) = (Outcome::Arrived, Outcome::Stopped);
        assert_eq!(ends, [(2, arrived), (1, stopped), (3, stopped)]);
        let last = heard.last().map(|event| &event.what);
        assert_eq!(last, Some(&What::Ended { code: 130 }));
    }

    /// Broken by: calling the function before the look at `is_heard`.
    #[test]
    fn where_nobody_listens_nothing_is_made() {
        let log = Log::silent();
        log.tell(1, || panic!("nobody asked"));
        assert!(FileLog::queued(&log, 1, "u".into(), Path::new("a")).is_none());
    }
}
