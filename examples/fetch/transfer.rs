//! What has happened to one download so far. The facts; how they look is `show`'s and
//! `report`'s business.
//!
//! ```text
//!          begin          head           end
//!  Queued ──────▶ Waiting ────▶ Receiving ────▶ Ended (well, or with a reason)
//!                    └──────────────────────────▲
//!                               end
//! ```
//!
//! What sends something is `Receiving`, too, as soon as a byte of that has gone out.
//!
//! One [`Transfer`] is shared by the task that downloads, which writes it, and by whoever
//! shows it, on the same thread: cells are enough, and no call here can run anybody's code.
//! It is also the one place through which every fact passes, in the order in which things
//! happened, so the [`Log`] of the run is told from here, if there is one.

use std::cell::{Cell, OnceCell};
use std::fmt;
use std::future::Future;
use std::path::Path;
use std::rc::Rc;
use std::time::{Duration, Instant};

use hob::http::RequestBuilder;
use hob::sync::{Notify, RateLimiter};

use crate::events::{self, FileLog, Log, Outcome, What};
use crate::job::{DROPPED, Job};
use crate::sending::Sent;
use crate::show::text;

/// One download, from the queue to its end.
#[derive(Debug, Default)]
pub struct Transfer {
    /// The name that the user sees, free of anything that could steer a terminal.
    pub label: String,
    /// Who is told of it, if anybody listens.
    log: Option<Rc<FileLog>>,
    begun: Cell<Option<Instant>>,
    /// When the head of the answer was there: the bytes come from now on.
    head_at: Cell<Option<Instant>>,
    ended: Cell<Option<Instant>>,
    /// Of what this one sends.
    pub sent: Rc<Sent>,
    /// Over the network, in all tries.
    received: Cell<u64>,
    /// How many bytes of the file there are: also those of an earlier run.
    size: Cell<u64>,
    /// As the server announced it; `None` if it did not, or has not yet.
    total: Cell<Option<u64>>,
    /// It was there before, and nothing was fetched.
    was_there: Cell<bool>,
    /// The server says that the file is as the user's condition has it, and sends none.
    not_modified: Cell<bool>,
    /// What the server called it, if that is another name.
    saved_as: OnceCell<String>,
    /// After a failure: so many bytes are kept for another run.
    kept: Cell<Option<u64>>,
    /// `--limit-rate-per-file`: made by whoever reads the first bytes.
    limit: OnceCell<Option<Rc<RateLimiter>>>,
    /// The user wants no more of it.
    unwanted: Notify,
    /// Set once, at the end: nothing, or why it failed.
    outcome: OnceCell<Result<(), Reason>>,
}

/// Why a download failed: what of it others than `job` have to know.
#[derive(Debug, Clone, PartialEq)]
pub struct Reason {
    /// One line for people.
    pub why: String,
    /// The class of it, as an exit status.
    pub code: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// There are more URLs than may run at once.
    Queued,
    /// For the connection, and for the head of the answer.
    Waiting,
    /// Bytes come, or go out: those of what is sent.
    Receiving,
    Ended,
}

impl Transfer {
    pub fn new(label: &str) -> Transfer {
        Transfer {
            label: label.to_owned(),
            ..Transfer::default()
        }
    }

    /// Has the log told of what happens to it, as the file of this number.
    pub fn logged(self, log: &Rc<Log>, number: u64, job: &Job) -> Transfer {
        let log = FileLog::queued(log, number, text::url(&job.url), &job.target);
        Transfer { log, ..self }
    }

    /// Has the log told of what a request for it goes through.
    pub fn observe(&self, request: RequestBuilder) -> RequestBuilder {
        match &self.log {
            Some(log) => events::observe(log, request),
            None => request,
        }
    }

    fn tell(&self, what: impl FnOnce() -> What) {
        if let Some(log) = &self.log {
            log.tell(what);
        }
    }

    pub fn begin(&self, now: Instant) {
        self.begun.set(Some(now));
        self.tell(|| What::Started);
    }

    /// The head of an answer is there, and what comes begins at byte `from`.
    pub fn head(&self, total: Option<u64>, from: u64, now: Instant) {
        self.total.set(total);
        self.size.set(from);
        self.head_at.set(Some(now));
        if let Some(log) = &self.log {
            log.head(total, from);
        }
    }

    /// Waits for bytes of it, with `bytes`: a silence meanwhile is the network's.
    pub async fn awaiting<T>(&self, bytes: impl Future<Output = T>) -> T {
        match &self.log {
            Some(log) => log.awaiting(bytes).await,
            None => bytes.await,
        }
    }

    pub fn add(&self, bytes: usize) {
        if let Some(log) = &self.log {
            log.add(bytes as u64);
        }
        self.received.set(self.received.get() + bytes as u64);
        self.size.set(self.size.get() + bytes as u64);
    }

    /// The file is there already.
    pub fn is_there(&self, length: u64) {
        if let Some(log) = &self.log {
            log.is_there(length);
        }
        self.was_there.set(true);
        self.size.set(length);
    }

    /// There is nothing to fetch, by the server's word.
    pub fn is_not_modified(&self) {
        self.not_modified.set(true);
    }

    pub fn is_saved_as(&self, target: &Path) {
        if let Some(log) = &self.log {
            log.is_named(target);
        }
        let name = target.file_name().unwrap_or_default().to_string_lossy();
        let _ = self.saved_as.set(text::harmless(&name));
    }

    pub fn keeps(&self, bytes: u64) {
        self.kept.set(Some(bytes));
    }

    /// The limit of this file alone, made the first time it is asked for.
    pub fn limit(&self, make: impl FnOnce() -> Option<Rc<RateLimiter>>) -> Option<&RateLimiter> {
        self.limit.get_or_init(make).as_deref()
    }

    /// The user drops it from the run.
    pub fn is_unwanted(&self) {
        self.unwanted.notify_one();
    }

    /// Waits until the user drops it.
    pub async fn unwanted(&self) {
        self.unwanted.notified().await;
    }

    /// A try has failed, the `tries`-th, and after a pause there is another one.
    pub fn retries(&self, why: &impl fmt::Display, wait: Duration, tries: u32) {
        self.tell(|| What::Retry {
            why: why.to_string(),
            wait,
            tries,
        });
    }

    /// Its bytes were compared with a sum.
    pub fn verified(&self, algorithm: &str, good: bool) {
        self.tell(|| What::Verify {
            algorithm: algorithm.to_owned(),
            good,
        });
    }

    pub fn end(&self, outcome: Result<(), Reason>, now: Instant) {
        self.ended.set(Some(now));
        if let Some(log) = &self.log {
            log.tell(|| match &outcome {
                Err(failed) if failed.code == DROPPED => {
                    log.done(Outcome::Stopped, &failed.why, failed.code)
                }
                Err(failed) => log.done(Outcome::Failed, &failed.why, failed.code),
                Ok(()) => log.done(self.good_end(), "", 0),
            });
        }
        let first = self.outcome.set(outcome);
        debug_assert!(first.is_ok(), "a transfer ends once");
    }

    fn good_end(&self) -> Outcome {
        match (self.was_there(), self.was_not_modified()) {
            (true, _) => Outcome::There,
            (_, true) => Outcome::NotModified,
            _ => Outcome::Arrived,
        }
    }

    pub fn phase(&self) -> Phase {
        match (self.begun.get(), self.head_at.get(), self.ended.get()) {
            (_, _, Some(_)) => Phase::Ended,
            (None, _, _) => Phase::Queued,
            (_, None, _) if !self.is_sending() => Phase::Waiting,
            (_, None, _) => Phase::Receiving,
            (_, Some(_), _) => Phase::Receiving,
        }
    }

    /// Over the network, in all tries, and in either direction.
    pub fn received(&self) -> u64 {
        self.received.get() + self.sent.ever.get()
    }

    /// Has some of a body gone out, and is there no answer yet? Until then that is what moves.
    fn is_sending(&self) -> bool {
        self.head_at.get().is_none() && self.ended.get().is_none() && self.sent.bytes.get() > 0
    }

    pub fn size(&self) -> u64 {
        match self.is_sending() {
            true => self.sent.bytes.get(),
            false => self.size.get(),
        }
    }

    pub fn was_not_modified(&self) -> bool {
        self.not_modified.get()
    }

    pub fn was_there(&self) -> bool {
        self.was_there.get()
    }

    pub fn saved_as(&self) -> Option<&str> {
        self.saved_as.get().map(String::as_str)
    }

    pub fn kept(&self) -> Option<u64> {
        self.kept.get()
    }

    pub fn total(&self) -> Option<u64> {
        match self.is_sending() {
            true => self.sent.total.get(),
            false => self.total.get(),
        }
    }

    pub fn succeeded(&self) -> bool {
        matches!(self.outcome.get(), Some(Ok(())))
    }

    /// Why it failed, if it did.
    pub fn failure(&self) -> Option<&Reason> {
        self.outcome.get()?.as_ref().err()
    }

    /// When it began and ended, if it did both.
    pub fn span(&self) -> Option<(Instant, Instant)> {
        self.begun.get().zip(self.ended.get())
    }

    pub fn head_at(&self) -> Option<Instant> {
        self.head_at.get()
    }

    /// From the permission to start until the file had its name.
    pub fn took(&self) -> Duration {
        self.span()
            .map_or(Duration::ZERO, |(begun, ended)| ended - begun)
    }

    /// How much of it is done, from 0 to 1. Of an unknown whole, nothing is done until all is.
    pub fn fraction(&self) -> f64 {
        match (self.phase(), self.total()) {
            (Phase::Ended, _) => 1.0,
            (Phase::Receiving, Some(total)) if total > 0 => {
                (self.size() as f64 / total as f64).min(1.0)
            }
            _ => 0.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transfer_goes_through_its_phases() {
        let start = Instant::now();
        let after = |ms| start + Duration::from_millis(ms);
        let transfer = Transfer::new("a");
        assert_eq!(
            (transfer.phase(), transfer.fraction()),
            (Phase::Queued, 0.0)
        );
        transfer.begin(after(10));
        assert_eq!(transfer.phase(), Phase::Waiting);
        transfer.head(Some(8), 0, after(20));
        transfer.add(2);
        assert_eq!(
            (transfer.phase(), transfer.fraction()),
            (Phase::Receiving, 0.25)
        );
        let failed = Reason {
            why: "reset".into(),
            code: 56,
        };
        transfer.end(Err(failed.clone()), after(40));
        assert_eq!(
            (transfer.phase(), transfer.failure()),
            (Phase::Ended, Some(&failed))
        );
        assert!(!transfer.succeeded());
        assert_eq!(transfer.took(), Duration::from_millis(30));
    }

    #[test]
    fn what_an_earlier_run_brought_counts_as_done_and_not_as_received() {
        let transfer = Transfer::new("a");
        transfer.begin(Instant::now());
        transfer.head(Some(8), 4, Instant::now());
        transfer.add(2);
        assert_eq!((transfer.size(), transfer.received()), (6, 2));
        assert_eq!(transfer.fraction(), 0.75);
    }

    /// Broken by: `is_sending` that looks for no answer.
    #[test]
    fn what_is_sent_counts_until_the_answer_comes() {
        let transfer = Transfer::new("a");
        transfer.begin(Instant::now());
        transfer.sent.total.set(Some(8));
        assert_eq!(transfer.phase(), Phase::Waiting);
        transfer.sent.add(6);
        assert_eq!(
            (transfer.phase(), transfer.fraction()),
            (Phase::Receiving, 0.75)
        );
        assert_eq!((transfer.size(), transfer.total()), (6, Some(8)));
        transfer.head(Some(2), 0, Instant::now());
        transfer.add(1);
        assert_eq!((transfer.size(), transfer.fraction()), (1, 0.5));
        assert_eq!(transfer.received(), 7);
    }

    #[test]
    fn an_unknown_or_empty_whole_has_no_fraction() {
        let transfer = Transfer::new("a");
        transfer.begin(Instant::now());
        for total in [None, Some(0)] {
            transfer.head(total, 0, Instant::now());
            transfer.add(100);
            assert_eq!(transfer.fraction(), 0.0);
        }
    }
}
