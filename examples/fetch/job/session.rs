//! What all downloads of a run have in common.
//!
//! One client (and so one pool of connections), one throttle, one place where files meet on
//! their way to the disk, one list of the names that are taken and one of the versions that are
//! there, one standard output; and the options. What the options mean for a request, a body or
//! a failure is asked here, so that nobody else has to know all of them.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use hob::http::{
    Client, HeaderMap, HeaderValue, Method, RequestBuilder, Response, StatusCode, Url, Validators,
    header,
};
use hob::sync::Mutex;
use hob::time::now;

use super::Job;
use super::attempt::is_whole;
use super::check::scatter;
use super::failure::Failure;
use super::places::Places;
use super::ranges::Growth;
use super::settle::Settle;
use super::throttle::Throttle;
use super::versions::Versions;
use crate::args::Options;
use crate::show::{fields, text, to_stderr};
use crate::transfer::Transfer;

/// The longest pause between two tries, unless the server asks for more.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// The longest that a server may ask us to wait.
const LONGEST_WAIT: Duration = Duration::from_secs(600);

pub struct Session {
    pub client: Client,
    pub options: Options,
    /// In the order of the list.
    pub jobs: Rc<[Job]>,
    pub settle: Settle,
    pub places: Places,
    pub versions: Versions,
    /// Held by who prints: a file (`-o -`) or an answer.
    pub stdout: Mutex<()>,
    pub throttle: Throttle,
    /// Downloads that run, and further ranges.
    at_work: Rc<Cell<usize>>,
}

/// What a response brings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Brings {
    All,
    /// What `-r` asks for, and so many bytes it has.
    Piece(u64),
    /// Neither a file nor a piece of one.
    Nothing,
}

/// Counts as one at work.
pub struct AtWork(Rc<Cell<usize>>);

impl Drop for AtWork {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

impl Session {
    pub fn new(client: Client, options: Options, jobs: Rc<[Job]>) -> Session {
        Session {
            settle: Settle::new(options.fsync),
            places: Places::of(jobs.clone()),
            versions: Versions::default(),
            stdout: Mutex::new(()),
            jobs,
            throttle: Throttle::new(options.limit_rate, options.limit_rate_per_file),
            at_work: Rc::default(),
            client,
            options,
        }
    }

    /// A request for the job's file at `url`, with all that the command line adds to it. What
    /// is a secret goes only to the host that the user named first.
    pub fn request(&self, job: &Job, url: &Url, range: Option<HeaderMap>) -> RequestBuilder {
        let home = match &job.known {
            Some(known) => known.home.as_ref(),
            None => Some(&job.url),
        };
        let is_trusted = home.is_some_and(|home| url.origin() == home.origin());
        let mut headers = self.options.headers.clone();
        if !self.options.compressed {
            let coding = HeaderValue::from_static("identity");
            headers.insert(header::ACCEPT_ENCODING, coding);
        }
        if let Some(extra) = &job.extra {
            extra.put_into(&mut headers);
        }
        if let Some(piece) = self.options.range {
            let range = HeaderValue::try_from(piece.to_string());
            headers.insert(header::RANGE, range.expect("digits are a value"));
        }
        headers.extend(range.unwrap_or_default());
        if !is_trusted {
            for secret in [header::AUTHORIZATION, header::COOKIE] {
                headers.remove(secret);
            }
        }
        let method = self.options.sending.method(job.upload.as_deref());
        self.tell_request(job, &method, url, &headers);
        let mut request = self.client.request(method, url.as_str());
        if !is_trusted {
            return request.headers(headers);
        }
        let own = job.extra.as_ref().and_then(|extra| extra.user.as_ref());
        if let Some((name, password)) = own.or(self.options.user.as_ref()) {
            request = request.basic_auth(name, password);
        }
        if let (Some(token), None) = (&self.options.bearer, own) {
            request = request.bearer_auth(token);
        }
        request.headers(headers)
    }

    /// Counts a download, for as long as the guard is kept.
    pub fn at_work(&self) -> AtWork {
        self.at_work.set(self.at_work.get() + 1);
        AtWork(self.at_work.clone())
    }

    /// The same for a further range; `None` if so many are at work that it would only take from
    /// others. With few files there may be as many as one file may have.
    pub fn one_more(&self) -> Option<AtWork> {
        let most = self.options.jobs.max(self.options.split);
        (self.at_work.get() < most).then(|| self.at_work())
    }

    /// What decides whether a file comes in several ranges.
    pub fn growth(&self) -> Growth {
        let (options, (all, each)) = (&self.options, self.throttle.limits());
        let limit = all.into_iter().chain(each).min();
        Growth::new(options.split, options.split_after, limit, now())
    }

    /// Does a newer version replace a file that is there?
    pub fn is_conditional(&self) -> bool {
        self.options.if_changed || self.options.since.is_some()
    }

    /// What has to be so for the file to be sent at all: `--if-changed`, `-z`.
    pub async fn condition(&self, job: &Job) -> HeaderMap {
        let mut fields = HeaderMap::new();
        if let Some((name, at)) = &self.options.since {
            fields.extend(Validators::modified(*at).if_changed());
            if let Some(value) = fields.remove(header::IF_MODIFIED_SINCE) {
                fields.insert(name, value);
            }
        }
        if self.options.if_changed && self.sends_nothing(job) {
            let url = text::url(&job.url);
            fields.extend(self.versions.condition(&job.target, &url).await);
        }
        fields
    }

    /// Is this a job that only fetches?
    pub fn sends_nothing(&self, job: &Job) -> bool {
        self.options.sending.is_nothing(job.upload.as_deref())
    }

    /// Can what is there of its file be gone on with? Neither what answers to something sent,
    /// nor a piece (`-r`).
    pub fn can_go_on(&self, job: &Job) -> bool {
        self.sends_nothing(job) && self.options.range.is_none()
    }

    /// What does this response bring of what was asked for?
    pub fn brings(&self, job: &Job, response: &Response) -> Result<Brings, Failure> {
        let status = response.status();
        let is_whole = is_whole(status) || (status.is_success() && !self.sends_nothing(job));
        match self.options.range {
            None if is_whole => Ok(Brings::All),
            Some(piece) if status == StatusCode::PARTIAL_CONTENT => {
                let length = piece.length_of(response.headers());
                Ok(Brings::Piece(length.ok_or(Failure::NotThePiece)?))
            }
            Some(_) if is_whole => Err(Failure::NotThePiece),
            None | Some(_) => Ok(Brings::Nothing),
        }
    }

    /// Gives the request the body that the command line wants sent.
    pub async fn dress(
        &self,
        job: &Job,
        request: RequestBuilder,
        transfer: &Transfer,
    ) -> Result<RequestBuilder, Failure> {
        let sending = &self.options.sending;
        let dressed = sending.dress(request, job.upload.as_deref(), &transfer.sent);
        dressed.await.map_err(Failure::Unsent)
    }

    /// May a request be made again after this failure? Not if the server may have acted upon it
    /// and twice is not as good as once; unless the user says so.
    pub fn may_repeat(&self, job: &Job, failure: &Failure) -> bool {
        let (sending, upload) = (&self.options.sending, job.upload.as_deref());
        let is_asked_for = self.options.retry_all && sending.can_be_read_again(upload);
        failure.is_before_sending() || sending.is_repeatable(upload) || is_asked_for
    }

    /// Waits until so many bytes more of this file may be read. Zero: until anything may be
    /// asked for.
    pub async fn pace(&self, transfer: &Transfer, bytes: usize) {
        let of_file = transfer.limit(|| self.throttle.of_file());
        self.throttle.pass(of_file, bytes).await;
    }

    /// `--max-filesize`.
    pub fn not_too_large(&self, bytes: u64) -> Result<(), Failure> {
        match self.options.max_size {
            Some(most) if bytes > most => Err(Failure::TooLarge(most)),
            _ => Ok(()),
        }
    }

    /// How long to wait before the `tries`-th try after the first: full jitter, that is,
    /// anything between nothing and a time that doubles, so that a thousand clients that were
    /// thrown out together do not come back together. A server's own wish is respected.
    pub fn pause(&self, job: &Job, tries: u32, asked: Option<Duration>) -> Duration {
        if let Some(delay) = self.options.retry_delay {
            return delay.max(asked.unwrap_or_default().min(LONGEST_WAIT));
        }
        let most = LONGEST_PAUSE.min(Duration::from_secs(1) * 2_u32.saturating_pow(tries - 1));
        let jitter = most.mul_f64(self.chance(job, tries));
        asked.map_or(jitter, |asked| {
            asked.min(LONGEST_WAIT) + jitter.min(Duration::from_secs(1))
        })
    }

    /// Something from 0 to 1.
    pub fn chance(&self, job: &Job, tries: u32) -> f64 {
        let seed = format!(
            "{} {} {tries} {:?}",
            std::process::id(),
            job.url,
            std::time::Instant::now()
        );
        scatter(seed.as_bytes()) as f64 / u64::MAX as f64
    }

    /// `-v`: what is done, and why.
    pub fn tell(&self, job: &Job, what: &str) {
        if self.options.verbose {
            to_stderr(&format!("* {}: {}", job.label, text::harmless(what)));
        }
    }

    fn tell_request(&self, job: &Job, method: &Method, url: &Url, headers: &HeaderMap) {
        if self.options.verbose {
            let label = &job.label;
            to_stderr(&format!("> {label}: {method} {}", text::url(url)));
            tell_fields('>', label, headers);
        }
    }

    pub fn tell_response(&self, job: &Job, response: &Response) {
        if self.options.verbose {
            let (label, status) = (&job.label, response.status());
            let from = response.peer_addr();
            let from = from.map_or(String::new(), |address| format!(" ({address})"));
            let url = text::url(response.url());
            to_stderr(&format!(
                "< {label}: {:?} {status} from {url}{from}",
                response.version()
            ));
            tell_fields('<', label, response.headers());
        }
    }
}

fn tell_fields(mark: char, label: &str, headers: &HeaderMap) {
    for (name, value) in headers {
        let value = fields::field(name, value);
        to_stderr(&format!("{mark} {label}: {name}: {value}"));
    }
}
