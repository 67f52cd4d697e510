//! Many downloads at once: a task for each, as many as may run, and somebody who watches.
//!
//! This is the heart of the example, and it is short: a [`Semaphore`] gives out as many
//! turns as `-j` allows; each download is a task, started when there is a turn for it and
//! not before (a list of a million URLs is a million lines, not a million tasks); between
//! their steps all of them wait in one kernel call on one thread.
//!
//! Beside them runs the ticker of [`Show`]. The two are raced, so the ticker ends when the
//! downloads do.
//!
//! Ctrl-C drops the future of [`all`] wherever it stands. Its guard says what had arrived;
//! the tasks are dropped by the runtime, and each takes its half file with it.

use std::rc::Rc;
use std::time::Instant;

use futures_lite::future::or;
use hob::JoinHandle;
use hob::http::Client;
use hob::sync::{OwnedSemaphorePermit, Semaphore};

use crate::args::Options;
use crate::job::{Job, download};
use crate::show::{self, Show, Tell, text};
use crate::transfer::{Phase, Transfer};

/// Downloads all of `jobs` and gives back what happened, in the same order.
pub async fn all(
    client: &Client,
    jobs: Vec<Job>,
    options: &Options,
    tell: Tell,
) -> Vec<Rc<Transfer>> {
    let transfers: Vec<_> = jobs
        .iter()
        .map(|job| Rc::new(Transfer::new(&job.label)))
        .collect();
    let show = Rc::new(Show::new(options, &transfers, tell));
    let mut watched = Watched {
        show: show.clone(),
        transfers: transfers.clone(),
        over: false,
    };
    let downloads = start_and_join(client, jobs, &transfers, options, &show);
    or(downloads, tick(&show)).await;
    watched.over = true;
    drop(watched);
    transfers
}

async fn start_and_join(
    client: &Client,
    jobs: Vec<Job>,
    transfers: &[Rc<Transfer>],
    options: &Options,
    show: &Rc<Show>,
) {
    let turns = Rc::new(Semaphore::new(options.jobs));
    let mut tasks = Vec::with_capacity(jobs.len());
    for (job, transfer) in jobs.into_iter().zip(transfers) {
        let turn = turns.clone().acquire_owned().await;
        let turn = turn.expect("nobody closes this semaphore");
        let one = One {
            client: client.clone(),
            job,
            force: options.force,
            transfer: transfer.clone(),
            show: show.clone(),
        };
        tasks.push(hob::spawn_named(transfer.label.clone(), one.run(turn)));
    }
    for (task, transfer) in tasks.into_iter().zip(transfers) {
        join(task, transfer, show).await;
    }
}

/// What one download's task owns.
struct One {
    client: Client,
    job: Job,
    force: bool,
    transfer: Rc<Transfer>,
    show: Rc<Show>,
}

impl One {
    async fn run(self, turn: OwnedSemaphorePermit) {
        self.transfer.begin(Instant::now());
        let done = download(&self.client, &self.job, self.force, &self.transfer).await;
        self.transfer
            .end(done.map_err(|failure| failure.to_string()), Instant::now());
        drop(turn);
        self.show.ended(&self.transfer);
    }
}

/// A panic in a download is that download's failure, not everybody's.
async fn join(task: JoinHandle<()>, transfer: &Transfer, show: &Show) {
    if let Err(error) = task.await
        && transfer.phase() != Phase::Ended
    {
        transfer.end(Err(error.to_string()), Instant::now());
        show.ended(transfer);
    }
}

async fn tick(show: &Show) {
    let mut ticks = hob::time::interval(show.period());
    ticks.tick().await; // the first one comes at once
    loop {
        ticks.tick().await;
        show.refresh();
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
        self.show.close(self.over);
        if !self.over {
            let arrived = self.transfers.iter().filter(|t| t.succeeded()).count();
            let all = text::files(self.transfers.len());
            show::to_stderr(&format!(
                "stopped: {arrived} of {all} arrived; no half file is kept"
            ));
        }
    }
}
