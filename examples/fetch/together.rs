//! Many downloads at once: a task for each, as many as may run, and somebody who watches.
//!
//! This is the heart of the example, and it is short: [`Turns`] gives out as many turns as
//! `-j` allows; each download is a task, started when it is its turn and not before (a list of
//! a million URLs is a million lines, not a million tasks); between their steps all of them
//! wait in one kernel call on one thread.
//!
//! Beside them runs the ticker of [`steer`]. The two are raced, so the ticker ends when the
//! downloads do.
//!
//! Ctrl-C drops the future of [`all`] wherever it stands. Its guard says what had arrived;
//! the tasks are dropped by the runtime, and each leaves its half file behind if that can be
//! gone on with.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io;
use std::rc::Rc;
use std::time::Instant;

use futures_lite::future::or;
use hob::JoinHandle;
use hob::http::Client;

use crate::args::Options;
use crate::events::Log;
use crate::job::{self, Job, Session, download};
use crate::show::{self, Show, Tell, text};
use crate::steer;
use crate::transfer::{Phase, Reason, Transfer};
use crate::turns::{Turn, Turns};

/// Downloads all of `jobs` and gives back what happened, in the same order. The `log` is told
/// of it as it happens.
pub async fn all(
    client: &Client,
    jobs: Rc<[Job]>,
    options: &Options,
    tell: Tell,
    log: &Rc<Log>,
) -> Vec<Rc<Transfer>> {
    let transfers: Vec<_> = jobs
        .iter()
        .zip(1..)
        .map(|(job, number)| Rc::new(Transfer::new(&job.label).logged(log, number, job)))
        .collect();
    let show = Rc::new(Show::new(options, transfers.len(), tell));
    let mut watched = Watched {
        show: show.clone(),
        transfers: transfers.clone(),
        over: false,
    };
    let session = Rc::new(Session::new(client.clone(), options.clone(), jobs));
    let downloads = start_and_join(&session, &transfers, &show);
    let steered = async {
        let signals = steer::signals(show.clone(), session.clone());
        or(steer::tick(&show, &session), deaf_at_worst(signals)).await;
    };
    or(downloads, or(steered, log.watch())).await;
    watched.over = true;
    drop(watched);
    transfers
}

/// A task for whoever is next in line, until nobody is.
async fn start_and_join(session: &Rc<Session>, transfers: &[Rc<Transfer>], show: &Rc<Show>) {
    let turns = Turns::new(&session.jobs, &session.options);
    let ended = Rc::new(RefCell::new(Vec::new()));
    let mut tasks: BTreeMap<usize, JoinHandle<()>> = BTreeMap::new();
    while let Some((index, turn)) = turns.next().await {
        // As long as somebody holds its handle, a task that has ended keeps its memory, and there
        // may be a million of them.
        for index in ended.take() {
            tasks.remove(&index);
        }
        let one = One {
            session: session.clone(),
            index,
            transfer: transfers[index].clone(),
            show: show.clone(),
            ended: ended.clone(),
        };
        let name = transfers[index].label.clone();
        tasks.insert(index, hob::spawn_named(name, one.run(turn)));
    }
    // Those that panicked are among them.
    for (index, task) in tasks {
        join(task, &transfers[index], show).await;
    }
}

/// What one download's task owns.
struct One {
    session: Rc<Session>,
    index: usize,
    transfer: Rc<Transfer>,
    show: Rc<Show>,
    /// The numbers of those that have come to their end.
    ended: Rc<RefCell<Vec<usize>>>,
}

impl One {
    async fn run(self, mut turn: Turn) {
        self.transfer.begin(Instant::now());
        let job = &self.session.jobs[self.index];
        self.show.began(&self.transfer);
        let download = async {
            let done = download(&self.session, job, &self.transfer, &mut turn).await;
            done.map_err(|failure| Reason {
                why: failure.to_string(),
                code: failure.code(),
            })
        };
        let dropped = async {
            self.transfer.unwanted().await;
            Err(Reason {
                why: "dropped; a half file that can be gone on with is kept".to_owned(),
                code: job::DROPPED,
            })
        };
        let done = or(download, dropped).await;
        if done.is_ok() && !self.transfer.was_there() {
            turn.served();
        }
        self.transfer.end(done, Instant::now());
        drop(turn);
        self.show.ended(&self.transfer);
        self.ended.borrow_mut().push(self.index);
    }
}

/// A panic in a download is that download's failure, not everybody's.
async fn join(task: JoinHandle<()>, transfer: &Transfer, show: &Show) {
    if let Err(error) = task.await
        && transfer.phase() != Phase::Ended
    {
        let (why, code) = (error.to_string(), job::OTHER);
        transfer.end(Err(Reason { why, code }), Instant::now());
        show.ended(transfer);
    }
}

/// Who cannot hear signals can download all the same.
async fn deaf_at_worst(signals: impl Future<Output = io::Result<()>>) {
    if signals.await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// Clears the screen of bars at the end, also at an early one, and then says how far it got.
struct Watched {
    show: Rc<Show>,
    transfers: Vec<Rc<Transfer>>,
    over: bool,
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.show.close();
        if !self.over {
            let arrived = self.transfers.iter().filter(|t| t.succeeded()).count();
            let all = text::files(self.transfers.len());
            show::to_stderr(&format!(
                "stopped: {arrived} of {all} arrived; the same command goes on from there \
                 (half files that allow it are kept as NAME.part)"
            ));
        }
    }
}
