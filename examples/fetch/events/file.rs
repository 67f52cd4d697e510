//! One file's side of the log: what it has so far, and whether anything comes.
//!
//! [`Transfer`](crate::transfer::Transfer) has one if anybody listens, and tells it what it is
//! told itself. Those who ask servers for the file count here, too, however many there are at
//! once.
//!
//! A *stall* is a time in which somebody waits for bytes of the file and none come, to anybody.
//! While nobody waits, because the disk or a limit of speed holds us up, the network is not to
//! blame.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;

use super::{Log, Outcome, What};

/// The least time between two looks at how far a file is: four a second.
const PAUSE: Duration = Duration::from_millis(250);

/// From here on silence is worth telling, and each time that it has doubled.
const SILENCE: Duration = Duration::from_secs(1);

pub struct FileLog {
    pub log: Rc<Log>,
    pub number: u64,
    /// Of the file so far, with what earlier runs brought.
    size: Cell<u64>,
    total: Cell<Option<u64>>,
    /// Over the network, in all tries.
    received: Cell<u64>,
    /// Where it will be, by the name that it has so far.
    target: RefCell<PathBuf>,
    /// When it was last told how far it is.
    shown: Cell<Duration>,
    /// So many wait for bytes now.
    waiting: Cell<u32>,
    /// Since when they wait in vain.
    silent_since: Cell<Duration>,
    /// How long a silence was last told. Zero: none.
    told: Cell<Duration>,
}

impl FileLog {
    /// Stands in the queue from now on. `None`: nobody listens.
    pub fn queued(log: &Rc<Log>, number: u64, url: String, target: &Path) -> Option<Rc<FileLog>> {
        if !log.is_heard() {
            return None;
        }
        let file = Rc::new(FileLog {
            log: log.clone(),
            number,
            size: Cell::default(),
            total: Cell::default(),
            received: Cell::default(),
            target: RefCell::new(target.to_owned()),
            shown: Cell::default(),
            waiting: Cell::default(),
            silent_since: Cell::default(),
            told: Cell::default(),
        });
        log.opened(file.clone());
        file.tell(|| What::Queued {
            url,
            target: target.to_owned(),
        });
        Some(file)
    }

    pub fn tell(&self, what: impl FnOnce() -> What) {
        self.log.tell(self.number, what);
    }

    /// A response begins at byte `from` of a file that has `total`.
    pub fn head(&self, total: Option<u64>, from: u64) {
        self.total.set(total);
        self.size.set(from);
        if from > 0 {
            self.tell(|| What::Resume { from, total });
        }
    }

    pub fn is_named(&self, target: &Path) {
        *self.target.borrow_mut() = target.to_owned();
    }

    /// So many bytes came.
    pub fn add(&self, bytes: u64) {
        self.received.set(self.received.get() + bytes);
        self.size.set(self.size.get() + bytes);
        self.end_silence();
    }

    /// A body begins. That nothing of it is there need not be told.
    pub fn begins(&self) {
        self.shown.set(self.log.now());
    }

    /// Is it time to tell how far it is?
    pub fn is_due(&self) -> bool {
        self.log.now() >= self.shown.get() + PAUSE
    }

    /// How far it is, after so many bytes of one body.
    pub fn progress(&self, request: u64, connection: Option<u64>, received: u64) {
        self.shown.set(self.log.now());
        let (size, total) = (self.size.get(), self.total.get());
        let what = || What::Progress {
            received,
            size,
            total,
        };
        self.log.tell_of(self.number, request, connection, what);
    }

    /// Waits for bytes of the file, with `bytes`.
    pub async fn awaiting<T>(&self, bytes: impl Future<Output = T>) -> T {
        let _waiting = Waiting::new(self);
        bytes.await
    }

    /// Has it been silent for long, or for twice as long as was told?
    pub fn look(&self) {
        let silent = self.silence();
        if self.waiting.get() > 0 && silent >= (self.told.get() * 2).max(SILENCE) {
            self.told.set(silent);
            self.tell(|| What::Stall { silent });
        }
    }

    fn silence(&self) -> Duration {
        self.log.now().saturating_sub(self.silent_since.get())
    }

    fn end_silence(&self) {
        let (silent, told) = (self.silence(), self.told.take());
        if self.waiting.get() > 0 && silent >= SILENCE || told > Duration::ZERO {
            self.tell(|| What::Stall { silent });
        }
        self.silent_since.set(self.log.now());
    }

    /// Its last event.
    pub fn done(&self, outcome: Outcome, why: &str, code: u8) -> What {
        let has_arrived = !matches!(outcome, Outcome::Failed | Outcome::Stopped);
        What::Done {
            outcome,
            why: why.to_owned(),
            code,
            received: self.received.get(),
            size: self.size.get(),
            target: has_arrived.then(|| self.target.borrow().clone()),
        }
    }

    /// It was there before, with so many bytes.
    pub fn is_there(&self, size: u64) {
        self.size.set(size);
    }
}

/// Somebody waits. Dropped, no longer.
struct Waiting<'a>(&'a FileLog);

impl Waiting<'_> {
    fn new(file: &FileLog) -> Waiting<'_> {
        if file.waiting.get() == 0 {
            file.silent_since.set(file.log.now());
        }
        file.waiting.set(file.waiting.get() + 1);
        Waiting(file)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if self.0.waiting.get() == 1 {
            self.0.end_silence();
        }
        self.0.waiting.set(self.0.waiting.get() - 1);
    }
}

impl fmt::Debug for FileLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("FileLog").field(&self.number).finish()
    }
}

/// What somebody hears of, for tests.
#[cfg(test)]
pub fn heard() -> (Rc<Log>, Rc<RefCell<Vec<super::Event>>>) {
    let events = Rc::new(RefCell::new(Vec::new()));
    let recorder = super::run::Recorder {
        kept: events.clone(),
        with_headers: true,
    };
    (Log::new(vec![Box::new(recorder)]), events)
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use super::*;

    fn stalls(events: &[super::super::Event]) -> Vec<u64> {
        let stall = |event: &super::super::Event| match event.what {
            What::Stall { silent } => Some(silent.as_millis() as u64),
            _ => None,
        };
        events.iter().filter_map(stall).collect()
    }

    fn pass(log: &Log, ms: u64) {
        log.passed.set(log.passed.get() + Duration::from_millis(ms));
    }

    /// Broken by: telling it at each look, or not at its end.
    #[test]
    fn a_stall_is_told_each_time_that_it_has_doubled_and_at_its_end() {
        let (log, heard) = heard();
        let file = FileLog::queued(&log, 1, "u".into(), Path::new("a")).unwrap();
        let waiting = Waiting::new(&file);
        for _ in 0..20 {
            pass(&log, 250);
            file.look();
        }
        drop(waiting);
        assert_eq!(stalls(&heard.borrow()), [1000, 2000, 4000, 5000]);
        heard.take();
        let _waiting = Waiting::new(&file);
        pass(&log, 900);
        file.look();
        assert_eq!(
            stalls(&heard.borrow()),
            [0; 0],
            "it is another one, and short so far"
        );
    }

    /// Broken by: counting from the last byte instead of from when somebody waits.
    #[test]
    fn while_nobody_waits_for_bytes_there_is_no_stall() {
        let (log, heard) = heard();
        let file = FileLog::queued(&log, 1, "u".into(), Path::new("a")).unwrap();
        pass(&log, 60_000);
        file.look();
        let mut bytes = Box::pin(file.awaiting(pending::<()>()));
        let _ = hob::block_on(futures_lite::future::poll_once(&mut bytes));
        pass(&log, 500);
        file.look();
        drop(bytes);
        assert_eq!(stalls(&heard.borrow()), [0; 0]);
    }

    /// Broken by: forgetting that another one waits when one goes.
    #[test]
    fn a_byte_for_anybody_ends_the_stall_of_all() {
        let (log, heard) = heard();
        let file = FileLog::queued(&log, 1, "u".into(), Path::new("a")).unwrap();
        let (one, _other) = (Waiting::new(&file), Waiting::new(&file));
        pass(&log, 1500);
        file.look();
        drop(one);
        assert_eq!(stalls(&heard.borrow()), [1500]);
        file.add(1);
        pass(&log, 1200);
        file.look();
        assert_eq!(stalls(&heard.borrow()), [1500, 1500, 1200]);
    }
}
