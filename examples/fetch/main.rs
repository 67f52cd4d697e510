//! Fetches many files at once, on one thread: the main job that hob was built for.
//!
//! Run with: `cargo run --release --example fetch`
//!
//! Without a URL it starts a small HTTP server on another thread, fetches all of its three
//! dozen files at once into a fresh folder, and checks each by its SHA-256. You will see a
//! bar for each file and one over all; then a picture of who waited and who received, and
//! when; and at the end two times: what the downloads took added up, and what they took
//! together. With `--compare` it really fetches them one after another as well.
//!
//! ```text
//! cargo run --release --example fetch -- http://example.com/a http://example.org/b
//! cargo run --release --example fetch -- -i urls.txt -d out -j 100 --per-host 8
//! cargo run --release --example fetch -- --help
//! ```
//!
//! The files, in reading order. Those with a slash are folders, or have one with their own files
//! in it, and say at their beginning which these are.
//!
//! | file          | answers the question                                                   |
//! |---------------|------------------------------------------------------------------------|
//! | `main`        | how does a program start a loop, and what does Ctrl-C do to it?        |
//! | `stop`        | and SIGTERM?                                                           |
//! | `terminal/`   | who has the terminal, and what is pressed on it?                       |
//! | `steer`       | what do keys and signals change while it runs?                         |
//! | `together`    | how do many downloads run at once, but not too many?                   |
//! | `turns/`      | and which of them, if a host has enough of us?                         |
//! | `job/`        | what is to be done, and what becomes of one URL?                       |
//! | `names`       | what may a file from the network be called?                            |
//! | `network`     | by which way is a host reached, and as whom?                           |
//! | `sending/`    | what goes out with a request?                                          |
//! | `cookies`     | what is remembered of a login?                                         |
//! | `transfer`    | what is known about a download while it runs?                          |
//! | `show/`       | how does one draw without slowing the work down?                       |
//! | `report`      | what did it bring to do it all at once?                                |
//! | `events/`     | what happens to a file, in words for programs?                         |
//! | `picture/`    | what became of the time?                                               |
//! | `args/`       | what can one ask for?                                                  |
//! | `demo/`       | how does one write a server?                                           |

// A program has no outside: here `pub` says what a module offers to the other ones.
#![allow(unreachable_pub)]

mod stop;
mod terminal;
mod steer;
mod together;
mod turns;
mod job;
mod names;
mod network;
mod sending;
mod cookies;
mod transfer;
mod show;
mod report;
mod events;
mod picture;
mod args;
mod demo;

use std::future::Future;
use std::io::{self, IsTerminal};
use std::path::Path;
use std::process::ExitCode;
use std::rc::Rc;

use futures_lite::future::or;
use hob::http::Client;

use args::{Command, Options};
use cookies::Jar;
use demo::Demo;
use events::{Log, Run};
use job::Job;
use show::{Tell, text, to_stderr, to_stdout};
use transfer::Transfer;

/// The command line makes no sense; nothing was fetched.
const USAGE: u8 = 2;

fn main() -> ExitCode {
    // Silent unless RUST_LOG asks for more: what fails is told anyway.
    let silent = env_logger::Env::default().default_filter_or("off");
    env_logger::Builder::from_env(silent).init();
    match args::parse(std::env::args_os().skip(1), args::own_config().as_deref()) {
        Ok(Command::Print(page)) => {
            to_stdout(page.trim_end());
            ExitCode::SUCCESS
        }
        Ok(Command::Demo(options)) => on_a_loop(demonstrate(options)),
        Ok(Command::Fetch(mut options)) => match look_up_metalinks(&mut options) {
            Err(failed) => failed,
            Ok(()) => match job::plan(&options) {
                Ok(jobs) if options.compare && jobs.iter().any(|job| job.is_stdout) => {
                    usage(&["--compare has nothing to compare with what is printed".to_owned()])
                }
                Ok(jobs) if options.dry_run => rehearse(&jobs, &options),
                Ok(jobs) => on_a_loop(fetch(jobs.into(), options)),
                Err(problems) => usage(&problems),
            },
        },
        Err(problem) => usage(&[text::harmless(&problem.to_string())]),
    }
}

/// What they say is part of what is to be done, so they come before all else.
fn look_up_metalinks(options: &mut Options) -> Result<(), ExitCode> {
    if options.metalinks.is_empty() {
        return Ok(());
    }
    let mut documents = Vec::new();
    let code = on_a_loop(async {
        for place in &options.metalinks {
            match job::load(place, options).await {
                Ok(document) => documents.push(document),
                Err(failed) => {
                    to_stderr(&format!("fetch: {}", failed.why));
                    return Ok(failed.code);
                }
            }
        }
        Ok(0)
    });
    if documents.len() < options.metalinks.len() {
        return Err(code);
    }
    options.documents = documents;
    Ok(())
}

fn usage(problems: &[String]) -> ExitCode {
    problems
        .iter()
        .for_each(|problem| to_stderr(&format!("fetch: {problem}")));
    to_stderr("fetch: nothing was fetched; --help says what can be asked for");
    ExitCode::from(USAGE)
}

/// `--dry-run`.
fn rehearse(jobs: &[Job], options: &Options) -> ExitCode {
    if !options.is_quiet() {
        let mut counts = job::Counts::default();
        for job in jobs {
            to_stdout(&job::rehearse(job, options.force, &mut counts));
        }
        to_stdout(&counts.line());
    }
    ExitCode::SUCCESS
}

enum End {
    Code(u8),
    Signal(i32),
}

/// The only place where a loop is started: all else runs inside of `main_future`.
///
/// Ctrl-C drops `main_future` where it stands, and with it, task by task, everything that is
/// under way; then the process ends as the signal would have ended it. A second Ctrl-C does
/// not wait for that. SIGTERM and SIGHUP do the same, by way of [`stop`].
fn on_a_loop(main_future: impl Future<Output = io::Result<u8>>) -> ExitCode {
    let done = async { main_future.await.map(End::Code) };
    let stopped = async {
        let signal = stop::asked().await?;
        events::stopped_by(signal);
        Ok(End::Signal(signal))
    };
    let runtime = hob::Builder::new().cancel_on_ctrl_c(true).build();
    match runtime.and_then(|runtime| runtime.block_on(or(done, stopped))) {
        Ok(End::Code(code)) => ExitCode::from(code),
        Ok(End::Signal(signal)) => {
            stop::end_by(signal); // the runtime is gone by now, and with it every task
            ExitCode::from(job::OTHER)
        }
        Err(e) => {
            to_stderr(&format!("fetch: {}", text::harmless(&e.to_string())));
            ExitCode::from(job::OTHER)
        }
    }
}

/// Fetches what the command line names. Returns the exit status.
async fn fetch(jobs: Rc<[Job]>, mut options: Options) -> io::Result<u8> {
    if jobs.iter().any(|job| job.is_stdout) {
        show::leave_stdout_alone();
        // Bars would be drawn across what is printed.
        options.progress &= !io::stdout().is_terminal();
    }
    if let Some(dir) = &options.dir {
        hob::fs::create_dir_all(dir)
            .await
            .map_err(|e| at(dir, &e))?;
    }
    let jar = Jar::open(&options.cookies).await?;
    let client = network::client(&options, &jar).await?;
    let run = Run::begin(&options, jobs.len())?; // it writes down what happened, however that ends
    let ended = async {
        let at_once = together::all(&client, jobs.clone(), &options, Tell::Every, &run.log).await;
        let in_turn = compare(&client, jobs, &options).await?;
        jar.keep(&options.cookies).await?;
        if !options.is_quiet() {
            if options.timeline {
                print(report::timeline(&at_once, show::width()));
            }
            if at_once.len() > 1 {
                print(report::story(&at_once, &in_turn, ""));
            }
        }
        Ok(status(at_once.iter().chain(&in_turn)))
    };
    let ended = ended.await;
    run.end(ended)
}

async fn demonstrate(options: Options) -> io::Result<u8> {
    let client = network::local_client(&options);
    let demo = Demo::start(&client, &options).await?;
    if !options.is_quiet() {
        print(demo.greeting());
    }
    let run = Run::begin(&options, demo.jobs.len())?;
    let ended = async {
        let before = hob::metrics();
        let (jobs, log) = (demo.jobs.clone().into(), &run.log);
        let at_once = together::all(&client, jobs, &options, Tell::Failed, log).await;
        let after = hob::metrics();
        let in_turn = compare(&client, demo.jobs.clone().into(), &options).await?;
        if !options.is_quiet() {
            print(report::timeline(&at_once, show::width()));
            print(report::story(&at_once, &in_turn, &demo.whereabouts()));
        }
        let counts = demo.stop().await?;
        if !options.is_quiet() {
            print(demo::behind_the_scenes(
                counts,
                before.counters,
                after.counters,
            ));
        }
        Ok(status(at_once.iter().chain(&in_turn)))
    };
    let ended = ended.await;
    run.end(ended)
}

/// `--compare`: the same once more, with one turn for all of them.
async fn compare(
    client: &Client,
    jobs: Rc<[Job]>,
    options: &Options,
) -> io::Result<Vec<Rc<Transfer>>> {
    if !options.compare {
        return Ok(Vec::new());
    }
    if !options.is_quiet() {
        to_stdout("The same once more, one after another.");
    }
    let mut again = Vec::with_capacity(jobs.len());
    for job in jobs.iter() {
        again.push(job.again().await?);
    }
    let options = Options {
        jobs: 1,
        ..options.clone()
    };
    Ok(together::all(client, again.into(), &options, Tell::Failed, &Log::silent()).await)
}

/// The class of the first failure in the list, whichever came first in time: so the same
/// failures give the same status. 0 if all arrived.
fn status<'a>(mut all: impl Iterator<Item = &'a Rc<Transfer>>) -> u8 {
    all.find_map(|transfer| transfer.failure().map(|failure| failure.code))
        .unwrap_or(0)
}

fn print(lines: impl IntoIterator<Item = String>) {
    lines.into_iter().for_each(|line| to_stdout(&line));
}

/// The error with the path that it is about.
fn at(path: &Path, e: &io::Error) -> io::Error {
    io::Error::new(e.kind(), format!("{}: {e}", path.display()))
}
