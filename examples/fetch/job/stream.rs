//! `-o -`: a URL's bytes to standard output instead of a file. (The answer to something that was
//! sent is no file, and printed by [`print`](super::print).)
//!
//! Law: what was printed cannot be taken back. Consequences:
//!
//! - P1: one download has standard output at a time, from its first byte to its last; the others
//!   wait for it before they ask their server.
//! - P2: a download that broke goes on only if the server says that it is the same version, by
//!   the rules of [`Resume`]. If it is not, that is a failure, and the last one.
//! - P3: a digest is compared when all is printed. Whoever reads has to look at our exit status.
//!
//! Bytes are hashed on the loop's thread, if there is a sum to compare: a reader at the other end
//! of a pipe is slower than that.

use std::time::Instant;

use hob::http::{Digests, Response, Resume, StatusCode, Validators, Verdict, header};
use hob::io::{Stdout, stdout};

use super::attempt::{Failed, refusal};
use super::check::{Hashes, Wanted};
use super::failure::Failure;
use super::session::Brings;
use super::{Job, Session};
use crate::transfer::Transfer;

/// What was printed of one file so far.
pub struct Stream {
    out: Stdout,
    printed: u64,
    total: Option<u64>,
    /// Of the response that the first byte came with.
    validators: Validators,
    wanted: Wanted,
    hashes: Hashes,
}

impl Stream {
    pub fn new() -> Stream {
        Stream {
            out: stdout(),
            printed: 0,
            total: None,
            validators: Validators::default(),
            wanted: Wanted::default(),
            hashes: Hashes::default(),
        }
    }

    /// Prints as much of the file as one try brings: all of it, or a failure.
    pub async fn attempt(
        &mut self,
        session: &Session,
        job: &Job,
        transfer: &Transfer,
    ) -> Result<(), Failed> {
        let tried = self.rounds(session, job, transfer).await;
        let flushed = self.out.flush().await.map_err(Failure::printing);
        let failed: Failed = match (tried, flushed) {
            (Ok(()), Ok(())) => return Ok(()),
            (Ok(()), Err(failure)) => failure.into(),
            (Err(failed), _) => failed,
        };
        let goes_on = self.printed == 0 || self.resume().request().is_some();
        match goes_on {
            true => Err(failed),
            false => Err(Failure::Final(Box::new(failed.why)).into()), // P2
        }
    }

    /// The digests, once all is printed (P3).
    pub fn check(&self, transfer: &Transfer) -> Result<(), Failure> {
        let checked = self.wanted.check(&self.hashes, &self.hashes);
        match &checked {
            Err(mismatch) => transfer.verified(&mismatch.algorithm(), false),
            Ok(()) => (self.wanted.algorithms()).for_each(|name| transfer.verified(name, true)),
        }
        Ok(checked?)
    }

    fn resume(&self) -> Resume {
        Resume {
            have: self.printed,
            total: self.total,
            validators: self.validators.clone(),
        }
    }

    async fn rounds(
        &mut self,
        session: &Session,
        job: &Job,
        transfer: &Transfer,
    ) -> Result<(), Failed> {
        let mut with_if_range = true;
        loop {
            let resume = self.resume();
            let mut range = resume.request();
            if let Some(range) = range.as_mut().filter(|_| !with_if_range) {
                range.remove(header::IF_RANGE);
            }
            let goes_on = range.is_some();
            let request = session.request(job, &job.url, range);
            let response = transfer.observe(request).send().await?;
            session.tell_response(job, &response);
            let (status, headers) = (response.status(), response.headers());
            if status == StatusCode::NOT_MODIFIED && !goes_on {
                transfer.is_not_modified();
                return Ok(());
            }
            if !goes_on {
                let piece = match session.brings(job, &response)? {
                    Brings::All => None,
                    Brings::Piece(length) => Some(length),
                    Brings::Nothing => return Err(refusal(response)),
                };
                self.begin(session, job, transfer, &response, piece)?;
                self.take(session, transfer, response, 0, piece).await?;
                return self.is_all();
            }
            match resume.judge(with_if_range, status, headers) {
                Verdict::Append { at, end, total } => {
                    self.total = self.total.or(total);
                    transfer.head(self.total, self.printed, Instant::now());
                    session.tell(job, &format!("goes on from byte {}", self.printed));
                    let (skip, room) = (self.printed - at, end - at);
                    self.take(session, transfer, response, skip, Some(room))
                        .await?;
                }
                Verdict::Complete => {}
                Verdict::AskWithoutIfRange => {
                    with_if_range = false;
                    continue;
                }
                Verdict::Refuse(_) if !status.is_success() => return Err(refusal(response)),
                Verdict::TakeWhole | Verdict::StartAgain { .. } | Verdict::Refuse(_) => {
                    let changed = Failure::Changed { at: self.printed };
                    return Err(Failure::Final(Box::new(changed)).into());
                }
            }
            // More than one piece may be needed for the rest.
            if self.total.is_none_or(|total| self.printed >= total) {
                return Ok(());
            }
        }
    }

    fn is_all(&self) -> Result<(), Failed> {
        let got = self.printed;
        match self.total.filter(|total| got < *total) {
            Some(wanted) => Err(Failure::Short { got, wanted }.into()),
            None => Ok(()),
        }
    }

    fn begin(
        &mut self,
        session: &Session,
        job: &Job,
        transfer: &Transfer,
        response: &Response,
        piece: Option<u64>,
    ) -> Result<(), Failure> {
        let headers = response.headers();
        let is_coded = headers.contains_key(header::CONTENT_ENCODING);
        self.total = match response.status() {
            StatusCode::NO_CONTENT => Some(0), // whatever its fields say (RFC 9112 §6.3)
            _ => piece.or(response.content_length()),
        };
        // What is printed unpacked is gone on with by nobody.
        if !(is_coded && session.options.compressed) && session.can_go_on(job) {
            self.validators = Validators::of(headers);
            self.wanted.whole = Digests::of_representation(headers);
        }
        self.wanted.users = job.digests();
        self.hashes = self.wanted.hashes();
        session.not_too_large(self.total.unwrap_or(0))?;
        transfer.head(self.total, 0, Instant::now());
        Ok(())
    }

    /// Prints a body, but for its first `skip` bytes. `room`: so many it may have at most.
    async fn take(
        &mut self,
        session: &Session,
        transfer: &Transfer,
        mut response: Response,
        mut skip: u64,
        room: Option<u64>,
    ) -> Result<(), Failure> {
        let mut came = 0;
        while let Some(bytes) = transfer.awaiting(response.chunk()).await? {
            let count = bytes.len();
            came += count as u64;
            if let Some(wanted) = room.filter(|room| came > *room) {
                return Err(Failure::Long { wanted });
            }
            let skipped = count.min(usize::try_from(skip).unwrap_or(usize::MAX));
            skip -= skipped as u64;
            let bytes = &bytes[skipped..];
            session.not_too_large(self.printed + bytes.len() as u64)?;
            self.out.write_all(bytes).await.map_err(Failure::printing)?;
            self.hashes.update(bytes);
            self.printed += bytes.len() as u64;
            transfer.add(count - skipped);
            session.pace(transfer, count).await;
        }
        Ok(())
    }
}
