//! One URL, one file: the way of a download from the request to the final name.
//!
//! 1. The half file is claimed. First of all, because a name that cannot be had should cost
//!    the server nothing; and here a file that is half there already is found.
//! 2. It is asked for, in `attempt`, until all of it is there; what may pass by itself is
//!    tried again after a pause (`--retry`), and each time goes on where the last one ended.
//! 3. The digests are compared.
//! 4. It gets its name, in `settle`.
//!
//! *Cancel safety*: dropped at any point, it leaves the whole file under its name, or a half
//! file that can be gone on with, or nothing. See `part`.

use std::fs::File;
use std::future::Future;
use std::io::{self, Read};
use std::path::Path;
use std::time::Instant;

use hob::blocking;
use hob::http::Validators;
use hob::time::{sleep, timeout};

use super::attempt::{Failed, attempt};
use super::check::{Hashes, Wanted};
use super::failure::Failure;
use super::mirrors::Mirrors;
use super::part::{Claim, Part, Replace, part_path};
use super::print::print;
use super::stream::Stream;
use super::writer::Writer;
use super::{Job, Session};
use crate::show::text;
use crate::transfer::Transfer;
use crate::turns::Turn;

/// Fetches `job`. What happens is written into `transfer`, except for its beginning and its
/// end, which the caller knows.
pub async fn download(
    session: &Session,
    job: &Job,
    transfer: &Transfer,
    turn: &mut Turn,
) -> Result<(), Failure> {
    let _at_work = session.at_work();
    if job.is_stdout && !session.sends_nothing(job) {
        return within(session, print(session, job, transfer, turn)).await;
    }
    if job.is_stdout {
        let _mine = session.stdout.lock().await; // and only now its time begins
        return within(session, printed(session, job, transfer, turn)).await;
    }
    within(session, all_of_it(session, job, transfer, turn)).await
}

/// `--max-time`.
async fn within(
    session: &Session,
    all: impl Future<Output = Result<(), Failure>>,
) -> Result<(), Failure> {
    match session.options.max_time {
        None => all.await,
        Some(limit) => timeout(limit, all)
            .await
            .unwrap_or(Err(Failure::TooLong(limit))),
    }
}

/// `-o -`: without a file, 1. and 4. have nothing to do.
async fn printed(
    session: &Session,
    job: &Job,
    transfer: &Transfer,
    turn: &mut Turn,
) -> Result<(), Failure> {
    let mut stream = Stream::new();
    let tries = async || stream.attempt(session, job, transfer).await;
    attempts(session, job, transfer, turn, None, tries).await?;
    stream.check(transfer)
}

async fn all_of_it(
    session: &Session,
    job: &Job,
    transfer: &Transfer,
    turn: &mut Turn,
) -> Result<(), Failure> {
    // 1.
    let Some(part) = claim(session, job, transfer).await? else {
        return Ok(());
    };
    let mirrors = Mirrors::of(job, session.sends_nothing(job));
    let mut writer = Writer::new(part);
    let part = loop {
        // 2.
        let tries = async || attempt(session, job, transfer, &mirrors, &mut writer).await;
        let result = attempts(session, job, transfer, turn, Some(&mirrors), tries).await;
        let flushed = writer.flush().await.map(drop);
        let mut part = writer.into_part().await.map_err(at(job))?;
        if let Err(failure) = result {
            match session.options.remove_on_error {
                true => blocking::run(move || part.discard()).await,
                false => leave(part, transfer).await,
            }
            return Err(failure);
        }
        flushed.map_err(at(job))?;
        if transfer.was_not_modified() && !job.digests().is_empty() {
            check_what_is_there(job, transfer).await?;
        }
        if transfer.was_there() || transfer.was_not_modified() {
            return Ok(()); // under the name that the server proposed; or nobody wants it
        }
        // 3.
        let Err(mismatch) = part.check() else {
            break part;
        };
        transfer.verified(&mismatch.algorithm(), false);
        if !mirrors.try_alone() {
            blocking::run(move || part.discard()).await;
            return Err(mismatch.into());
        }
        session.tell(
            job,
            &format!("{mismatch}; begun again from one mirror alone"),
        );
        part.forget_all();
        writer = Writer::new(part);
    };
    part.algorithms()
        .for_each(|name| transfer.verified(name, true));
    // 4.
    publish(session, job, part).await
}

/// `None`: there is nothing to do.
async fn claim(
    session: &Session,
    job: &Job,
    transfer: &Transfer,
) -> Result<Option<Box<Part>>, Failure> {
    let (target, url) = (job.target.clone(), text::url(&job.url));
    let sync = session.options.fsync.is_on();
    let replace = match session.options.force {
        false if session.is_conditional() => Replace::TheFile,
        force => Replace::of(force),
    };
    let makes_folder = job.makes_folder || session.options.create_dirs;
    let folder = target.parent().filter(|_| makes_folder);
    if let Some(folder) = folder {
        let made = hob::fs::create_dir_all(folder).await;
        made.map_err(Failure::at("making", folder))?;
    }
    let claim = blocking::run(move || Part::claim(&target, &url, replace, sync)).await;
    let half = part_path(&job.target);
    match claim.map_err(Failure::at("creating", &half))? {
        Claim::Ours(mut part) => {
            part.expect(job.known.clone());
            Ok(Some(part))
        }
        Claim::There(length) => {
            if !job.digests().is_empty() {
                check_what_is_there(job, transfer).await?;
            }
            transfer.is_there(length);
            Ok(None)
        }
    }
}

/// Gives the whole file its name, and notes of which version it is (`--if-changed`).
async fn publish(session: &Session, job: &Job, part: Box<Part>) -> Result<(), Failure> {
    let (target, url) = (part.target().to_owned(), text::url(&job.url));
    let validators = match part.from() {
        Some(from) if from == url => part.validators(),
        _ => Validators::default(), // a mirror's say nothing of what is at the job's URL
    };
    let published = session.settle.publish(*part).await;
    published.map_err(Failure::at("naming", &target))?;
    if session.options.if_changed {
        let noted = session.versions.note(&target, &url, validators).await;
        noted.map_err(Failure::at("noting the version of", &target))?;
    }
    Ok(())
}

/// Tries again what may pass by itself. An error of the disk is not of that kind.
pub async fn attempts<T>(
    session: &Session,
    job: &Job,
    transfer: &Transfer,
    turn: &mut Turn,
    mirrors: Option<&Mirrors>,
    mut once: impl AsyncFnMut() -> Result<T, Failed>,
) -> Result<T, Failure> {
    let mut tries = 0;
    let first = Instant::now();
    loop {
        let pauses = session.throttle.pauses();
        let failed = match once().await {
            Ok(done) => return Ok(done),
            Err(failed) => failed,
        };
        let (failure, asked) = (failed.why, failed.asked);
        // Where there is another mirror, nobody has to wait.
        if failure.is_foreign()
            && mirrors.is_some_and(|mirrors| mirrors.are_many() && mirrors.try_next())
        {
            session.tell(job, &format!("{failure}; trying the next mirror"));
            continue;
        }
        // The crowd was refused and not this file: it goes back into the line. (Not with standard
        // output in its hand, for which others may wait in its place.)
        if !job.is_stdout
            && failure.is_refusal()
            && session.may_repeat(job, &failure)
            && let Some(rest) = turn.refused(asked, session.chance(job, tries))
        {
            let (wait, at_once) = (rest.wait, rest.at_once);
            session.tell(
                job,
                &format!("{failure}; {at_once} at once from now on, and nobody for {wait:.1?}"),
            );
            transfer.retries(&failure, wait, tries + 1);
            turn.again().await;
            continue;
        }
        let is_paused = session.throttle.pauses() != pauses;
        if is_paused && failure.is_transient() && session.may_repeat(job, &failure) {
            // A server may hang up on who does not read for long. That was our user's wish.
            session.tell(job, &format!("{failure}; asked once more after the pause"));
            continue;
        }
        let options = &session.options;
        let may_pass = failure.is_transient() || (options.retry_all && failure.is_foreign());
        if tries == options.retry || !may_pass || !session.may_repeat(job, &failure) {
            return Err(failure);
        }
        tries += 1;
        let pause = session.pause(job, tries, asked);
        let spent = first.elapsed() + pause;
        if options.retry_max_time.is_some_and(|most| spent > most) {
            return Err(failure);
        }
        session.tell(job, &format!("{failure}; trying again in {pause:.1?}"));
        transfer.retries(&failure, pause, tries);
        sleep(pause).await;
    }
}

/// Says how much of a failed download stays for the next run.
async fn leave(part: Box<Part>, transfer: &Transfer) {
    if part.goes_on() {
        transfer.keeps(part.there().sum());
    }
    blocking::run(move || drop(part)).await;
}

/// The user says what should be in the file. That it is there is not enough.
async fn check_what_is_there(job: &Job, transfer: &Transfer) -> Result<(), Failure> {
    let wanted = Wanted {
        users: job.digests(),
        ..Wanted::default()
    };
    let (path, algorithms) = (job.target.clone(), wanted.algorithms());
    let checked = blocking::run(move || {
        let mut hashes = wanted.hashes();
        hash(&path, &mut hashes)?;
        Ok(wanted.check(&hashes, &Hashes::default()))
    });
    let checked = checked.await.map_err(Failure::at("reading", &job.target))?;
    match &checked {
        Ok(()) => algorithms.for_each(|name| transfer.verified(name, true)),
        Err(mismatch) => transfer.verified(&mismatch.algorithm(), false),
    }
    Ok(checked?)
}

fn hash(path: &Path, hashes: &mut Hashes) -> io::Result<()> {
    let (mut file, mut buffer) = (File::open(path)?, vec![0; 256 * 1024]);
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(()),
            count => hashes.update(&buffer[..count]),
        }
    }
}

/// Writing a job's half file failed.
pub fn at(job: &Job) -> impl FnOnce(io::Error) -> Failure + use<> {
    Failure::at("writing", &part_path(&job.target))
}
