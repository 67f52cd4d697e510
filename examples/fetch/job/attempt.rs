//! One try at a download: ask, look at the head, take the body. As often as that brings it on.
//!
//! ```text
//!   ask for the rest ──▶ judge ──▶ append it ───────▶ all there? ──▶ done
//!    ▲ (or the whole)      │  └──▶ begin again with it ──▲  │ no, the server sends pieces
//!    │                     │                                │
//!    └── without If-Range, or for the whole ◀──────────────┘
//! ```
//!
//! What a response is good for is decided by [`hob::http::Resume`], which knows nothing of
//! files. Here it is done. Where a further range might make it faster, the response goes on to
//! [`ranges`](super::ranges). However a server answers, each round either ends, or has brought a
//! byte, or asks in a way in which it was not asked before.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use hob::http::{Digests, HeaderMap, Response, Resume, StatusCode, Url, Verdict, header};

use super::check::Wanted;
use super::download::at;
use super::failure::Failure;
use super::mirrors::{Mirrors, Place};
use super::part::Rest;
use super::ranges::First;
use super::session::Brings;
use super::sidecar::Sidecar;
use super::writer::Writer;
use super::{Job, Session};
use crate::names;
use crate::show::text;
use crate::transfer::Transfer;

/// How one try failed.
#[derive(Debug)]
pub struct Failed {
    pub why: Failure,
    /// How long the server asks to be left alone.
    pub asked: Option<Duration>,
}

impl<E: Into<Failure>> From<E> for Failed {
    fn from(why: E) -> Failed {
        let (why, asked) = (why.into(), None);
        Failed { why, asked }
    }
}

/// What to ask for next.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Ask {
    /// For the rest, if there is something to go on with.
    Rest,
    /// The same once more, for a cache that stumbles over `If-Range`.
    RestWithoutIfRange,
    Whole,
}

/// Brings as much of the file as one try brings: all of it, or a failure.
pub async fn attempt(
    session: &Session,
    job: &Job,
    transfer: &Transfer,
    mirrors: &Mirrors,
    writer: &mut Writer,
) -> Result<(), Failed> {
    let mut ask = match session.can_go_on(job) {
        true => Ask::Rest,
        false => Ask::Whole,
    };
    let condition = session.condition(job).await;
    loop {
        let round = Round {
            session,
            job,
            transfer,
            mirrors,
        };
        match round.once(writer, ask, &condition).await? {
            Some(next) => ask = next,
            None => return Ok(()),
        }
    }
}

/// One request after the other, for one file.
pub struct Round<'a> {
    pub session: &'a Session,
    pub job: &'a Job,
    pub transfer: &'a Transfer,
    pub mirrors: &'a Mirrors,
}

impl Round<'_> {
    /// One request. Returns what to ask next; `None` if all is there.
    async fn once(
        &self,
        writer: &mut Writer,
        ask: Ask,
        condition: &HeaderMap,
    ) -> Result<Option<Ask>, Failed> {
        self.session.pace(self.transfer, 0).await; // while all is paused, nothing is asked for
        let part = writer.flush().await.map_err(at(self.job))?;
        let (place, url) = (self.mirrors.current(), self.url());
        let rest = part.rest(&text::url(url), self.mirrors.is_vouched());
        let rest = rest.filter(|_| ask != Ask::Whole);
        let mut fields = rest.as_ref().and_then(Rest::request).unwrap_or_default();
        if ask == Ask::RestWithoutIfRange {
            fields.remove(header::IF_RANGE);
        }
        // A mirror has tags of its own.
        if *url == self.job.url {
            fields.extend(condition.clone());
        }
        let response = self.ask(url, fields).await?;
        let (status, headers) = (response.status(), response.headers());
        // RFC 9110 §15.4.5: what the user's own condition (`-H`) asked about has not changed.
        if status == StatusCode::NOT_MODIFIED {
            self.transfer.is_not_modified();
            return Ok(None);
        }
        let mut piece = None;
        let verdict = match &rest {
            Some(rest) => rest.judge(ask == Ask::Rest, status, headers),
            None => match self.session.brings(self.job, &response)? {
                Brings::All => Verdict::TakeWhole,
                Brings::Piece(length) => {
                    piece = Some(length);
                    Verdict::TakeWhole
                }
                Brings::Nothing => return Err(refusal(response)),
            },
        };
        if matches!(verdict, Verdict::TakeWhole | Verdict::Append { .. }) {
            self.mirrors.learn(place, headers);
        }
        match verdict {
            Verdict::TakeWhole => self.take_whole(writer, response, piece).await,
            Verdict::Append { at, end, total } => {
                self.append(writer, response, at, end, total).await
            }
            Verdict::Complete => Ok(None),
            Verdict::AskWithoutIfRange => {
                self.tell("the whole came, of the same version: asked once more without If-Range");
                Ok(Some(Ask::RestWithoutIfRange))
            }
            // M2: what is there is vouched for, and this is not it.
            Verdict::StartAgain { why } if self.is_a_stranger(place, writer).await? => {
                Err(Failure::Other(why).into())
            }
            Verdict::StartAgain { why } => {
                self.tell(&format!("begun again: {why}"));
                Ok(Some(Ask::Whole))
            }
            // No word about the file: what we have of it stays.
            Verdict::Refuse(_) if !status.is_success() => Err(refusal(response)),
            Verdict::Refuse(violation) => {
                self.tell(&format!(
                    "begun again: {} [{}]",
                    violation.what, violation.rule
                ));
                Ok(Some(Ask::Whole))
            }
        }
    }

    /// Asks the server, with these fields besides those of the command line.
    async fn ask(&self, url: &Url, fields: HeaderMap) -> Result<Response, Failed> {
        let request = self.session.request(self.job, url, Some(fields));
        let request = self.session.dress(self.job, request, self.transfer).await?;
        let response = self.transfer.observe(request).send().await?;
        self.session.tell_response(self.job, &response);
        Ok(response)
    }

    /// All that the file will have. `piece`: of what the server has, only so much.
    async fn take_whole(
        &self,
        writer: &mut Writer,
        response: Response,
        piece: Option<u64>,
    ) -> Result<Option<Ask>, Failed> {
        let headers = response.headers();
        let proposed = names::proposed(self.session, self.job, headers)?;
        let length = response.content_length();
        if !self.rename(writer, proposed, length).await? {
            return Ok(None);
        }
        let url = text::url(&self.job.url);
        self.not_too_large(response.content_length().unwrap_or(0))?;
        let total = match response.status() {
            StatusCode::NO_CONTENT => Some(0), // whatever its fields say (RFC 9112 §6.3)
            _ => piece.or(response.content_length()),
        };
        self.is_as_long(total.filter(|_| piece.is_none()))?;
        let from = text::url(self.url());
        let mut sidecar = Sidecar::new(&url, &from, total, response.headers());
        let mut wanted = self.wanted(&response, Digests::default());
        if !self.session.can_go_on(self.job) {
            sidecar.fields.clear();
        }
        if piece.is_some() {
            wanted.whole = Digests::default();
        }
        let begun = writer.with(move |part| part.begin(sidecar, wanted)).await;
        begun.map_err(at(self.job))?;
        self.transfer.head(total, 0, Instant::now());
        self.take(writer, response, 0, piece).await
    }

    async fn append(
        &self,
        writer: &mut Writer,
        response: Response,
        from: u64,
        end: u64,
        total: Option<u64>,
    ) -> Result<Option<Ask>, Failed> {
        let proposed = names::proposed(self.session, self.job, response.headers())?;
        if !self.rename(writer, proposed, total).await? {
            return Ok(None);
        }
        self.not_too_large(total.unwrap_or(from))?;
        self.is_as_long(total)?;
        self.tell(&format!("goes on from byte {from}"));
        let part = writer.flush().await.map_err(at(self.job))?;
        let promised = part.promised();
        let wanted = self.wanted(&response, promised);
        let going = writer.with(move |part| {
            part.go_on(from, total, wanted)?;
            Ok((part.there().sum(), part.there().is_prefix()))
        });
        let (there, in_order) = going.await.map_err(at(self.job))?;
        self.transfer.head(total, there, Instant::now());
        if in_order {
            return self.take(writer, response, from, Some(end)).await;
        }
        self.spread(
            writer,
            First {
                response,
                at: from,
                end,
            },
        )
        .await
    }

    /// The digests that count for this response: those of its head. One in a trailer would
    /// come when all bytes have gone by that it is about, unhashed; so it is not looked at.
    fn wanted(&self, response: &Response, promised: Digests) -> Wanted {
        let headers = response.headers();
        // A server's digests are of the coded form (RFC 9530 §2), which is not what is saved.
        if self.session.options.compressed && headers.contains_key(header::CONTENT_ENCODING) {
            return Wanted {
                users: self.job.digests(),
                ..Wanted::default()
            };
        }
        let whole = Digests::of_representation(headers);
        Wanted {
            users: self.job.digests(),
            whole: if whole.is_empty() { promised } else { whole },
            piece: Digests::of_content(headers),
        }
    }

    /// False: it is there already.
    async fn rename(
        &self,
        writer: &mut Writer,
        proposed: Option<PathBuf>,
        length: Option<u64>,
    ) -> Result<bool, Failure> {
        let Some(target) = proposed else {
            return Ok(true);
        };
        let found = target.symlink_metadata().ok();
        if let Some(found) = found {
            let shown = text::path(&target);
            if !self.session.options.force && found.is_file() && Some(found.len()) == length {
                self.transfer.is_there(found.len());
                return Ok(false);
            }
            return Err(Failure::Name(format!(
                "the server calls it {shown}, which exists already and is left as it is \
                 (-o gives it another name)"
            )));
        }
        self.transfer.is_saved_as(&target);
        let part = writer.flush().await.map_err(at(self.job))?;
        part.rename_target(target);
        Ok(true)
    }

    /// Is it as long as the Metalink says?
    fn is_as_long(&self, total: Option<u64>) -> Result<(), Failure> {
        let wanted = self.job.known.as_ref().and_then(|known| known.size);
        match wanted
            .zip(total)
            .is_none_or(|(wanted, total)| wanted == total)
        {
            true => Ok(()),
            false => Err(Failure::Other("it is not as long as the Metalink says")),
        }
    }

    /// Is it a mirror from which nothing of what is there has its version, and are there others?
    async fn is_a_stranger(&self, place: Place, writer: &mut Writer) -> Result<bool, Failure> {
        let part = writer.flush().await.map_err(at(self.job))?;
        let home = part.from().and_then(|from| self.mirrors.place_of(from));
        let mirrors = self.mirrors;
        Ok(mirrors.is_vouched() && home != Some(place) && mirrors.has_others(place))
    }

    /// Whom it asks first.
    fn url(&self) -> &Url {
        self.mirrors.url(self.mirrors.current())
    }

    pub fn tell(&self, what: &str) {
        self.session.tell(self.job, what);
    }
}

/// Is the body the whole file? That of a 204 is: a file without a byte in it (RFC 9110 §15.3.5).
pub fn is_whole(status: StatusCode) -> bool {
    Resume::is_whole(status) || status == StatusCode::NO_CONTENT
}

/// A response that brings no file, and that nothing can be made of.
pub fn refusal(response: Response) -> Failed {
    let status = response.status().as_u16();
    let asked = response.retry_after();
    match response.error_for_status() {
        Ok(_success) => Failure::NoFile(status).into(),
        Err(error) => {
            let why = error.into();
            Failed { why, asked }
        }
    }
}
