//! From a list of events to what became of each file: the one place that reads [`What`].
//!
//! A [`Story`] forgives what a list may lack: what was cut off in the middle ends with the last
//! event there is. Its work grows with the number of events, and with nothing else.

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use super::exchange::{Exchange, Step};
use crate::events::{Event, Outcome, What};

#[derive(Debug, Default)]
pub struct Story {
    pub began: Option<SystemTime>,
    /// How many might run at once; 0 if nobody said.
    pub jobs: u64,
    /// In the order of the list.
    pub files: Vec<File>,
    /// In the order in which they were first heard of.
    pub exchanges: Vec<Exchange>,
    /// When the last thing happened.
    pub end: Duration,
    /// The exit status; `None` if the run was cut off.
    pub code: Option<u8>,
}

/// What became of one line of the list.
#[derive(Debug, Default)]
pub struct File {
    pub number: u64,
    pub url: String,
    pub target: PathBuf,
    pub queued: Duration,
    pub started: Option<Duration>,
    pub done: Option<Done>,
    /// Into [`Story::exchanges`].
    pub exchanges: Vec<usize>,
    /// Pauses before another try.
    pub pauses: Vec<(Duration, Duration)>,
    /// The first byte that was not there from an earlier run or try.
    pub resumed: Option<u64>,
    /// By which sum, and whether it was right.
    pub verified: Option<(String, bool)>,
}

#[derive(Debug)]
pub struct Done {
    pub at: Duration,
    pub outcome: Outcome,
    pub why: String,
    pub received: u64,
    pub size: u64,
    pub target: Option<PathBuf>,
}

impl File {
    pub fn failed(&self) -> bool {
        let outcome = self.done.as_ref().map(|done| done.outcome);
        matches!(outcome, None | Some(Outcome::Failed | Outcome::Stopped))
    }

    /// What it is called on the disk.
    pub fn name(&self) -> String {
        let target = self.done.as_ref().and_then(|done| done.target.as_ref());
        let name = target.unwrap_or(&self.target).file_name();
        match name {
            Some(name) => crate::show::text::harmless(&name.to_string_lossy()),
            None => self.url.clone(),
        }
    }
}

impl Story {
    pub fn of(events: &[Event]) -> Story {
        let mut reader = Reader::default();
        events.iter().for_each(|event| reader.read(event));
        let mut story = reader.story;
        for exchange in &mut story.exchanges {
            exchange.end(story.end, None);
        }
        story.files.sort_by_key(|file| file.number);
        story
    }
}

/// The story so far, and how to find in it what the next event is about.
#[derive(Default)]
struct Reader {
    story: Story,
    files: HashMap<u64, usize>,
    exchanges: HashMap<(u64, u64), usize>,
}

impl Reader {
    fn read(&mut self, event: &Event) {
        let at = event.at;
        self.story.end = self.story.end.max(at);
        match &event.what {
            What::Began { time, jobs, .. } => {
                (self.story.began, self.story.jobs) = (Some(*time), *jobs);
            }
            What::Ended { code } => self.story.code = Some(*code),
            _ if event.file == 0 => {}
            What::Queued { url, target } => {
                let file = self.file(event);
                (file.url, file.target, file.queued) = (url.clone(), target.clone(), at);
            }
            What::Started => self.file(event).started = Some(at),
            What::Retry { why, wait, .. } => {
                self.end_exchanges(event, Some(why));
                self.file(event).pauses.push((at, at + *wait));
            }
            What::Resume { from, .. } => self.file(event).resumed = Some(*from),
            What::Verify { algorithm, good } => {
                self.file(event).verified = Some((algorithm.clone(), *good));
            }
            What::Done { .. } => self.done(event),
            _ => self.step(event),
        }
    }

    /// What is about one request.
    fn step(&mut self, event: &Event) {
        let at = event.at;
        let exchange = self.exchange(event);
        exchange.told(at);
        exchange.connection = event.connection.or(exchange.connection);
        let step = |took: &Duration, what: &str, error: &Option<String>| Step {
            from: at.saturating_sub(*took),
            to: at,
            what: what.to_owned(),
            error: error.clone(),
        };
        match &event.what {
            What::Dns {
                took, host, error, ..
            } => exchange.dns.push(step(took, host, error)),
            What::Connect {
                took,
                address,
                error,
            } => exchange.connects.push(step(took, address, error)),
            What::Tunnel { took, proxy, error } => exchange.tunnels.push(step(took, proxy, error)),
            What::Tls {
                took,
                version,
                error,
                ..
            } => {
                let version = version.as_deref().unwrap_or_default();
                exchange.tls.push(step(took, version, error));
            }
            What::Request {
                method,
                url,
                reused,
                range,
                headers,
            } => {
                exchange.asked = Some(at);
                (exchange.method, exchange.url) = (method.clone(), url.clone());
                (exchange.reused, exchange.headers) = (*reused, headers.clone());
                exchange.range = *range;
                self.end_replaced(event);
            }
            What::Sent { body } => (exchange.sent, exchange.uploaded) = (Some(at), *body),
            What::FirstByte {
                version,
                status,
                length,
                headers,
            } => {
                exchange.version.clone_from(version);
                (exchange.first, exchange.status) = (Some(at), Some(*status));
                (exchange.length, exchange.answer_headers) = (*length, headers.clone());
            }
            What::Progress { received, .. } => exchange.progress(at, *received),
            What::Stall { silent } => exchange.stall(at.saturating_sub(*silent), at),
            What::Redirect { to, .. } => {
                exchange.redirect = Some(to.clone());
                exchange.end(at, None);
            }
            _ => {}
        }
    }

    /// The request of this event may be another one, sent anew.
    fn end_replaced(&mut self, event: &Event) {
        let of_file = self.file(event).exchanges.clone();
        let Some((new, old)) = of_file.split_last() else {
            return;
        };
        let exchanges = &mut self.story.exchanges;
        let is_replaced = |index: &&usize| exchanges[**index].is_replaced_by(&exchanges[*new]);
        if let Some(index) = old.iter().rfind(is_replaced) {
            let at = exchanges[*new].from;
            exchanges[*index].end(at, Some("the connection had been closed"));
        }
    }

    fn done(&mut self, event: &Event) {
        let What::Done {
            outcome,
            why,
            received,
            size,
            target,
            ..
        } = &event.what
        else {
            return;
        };
        let error = (!why.is_empty()).then_some(why);
        self.end_exchanges(event, error);
        self.file(event).done = Some(Done {
            at: event.at,
            outcome: *outcome,
            why: why.clone(),
            received: *received,
            size: *size,
            target: target.clone(),
        });
    }

    /// Those of a file that are not over, or only the one that the event is about.
    fn end_exchanges(&mut self, event: &Event, error: Option<&String>) {
        let only = event.request;
        let of_file = self.file(event).exchanges.clone();
        for index in of_file {
            let exchange = &mut self.story.exchanges[index];
            if only.is_none() || only == exchange.number || exchange.number.is_none() {
                exchange.end(event.at, error.map(String::as_str));
            }
        }
    }

    fn file(&mut self, event: &Event) -> &mut File {
        let files = &mut self.story.files;
        let index = *self.files.entry(event.file).or_insert_with(|| {
            files.push(File {
                number: event.file,
                queued: event.at,
                ..File::default()
            });
            files.len() - 1
        });
        &mut self.story.files[index]
    }

    fn exchange(&mut self, event: &Event) -> &mut Exchange {
        let index = match event.request {
            Some(number) => match self.exchanges.get(&(event.file, number)) {
                Some(index) => *index,
                None => self.numbered(event, number),
            },
            None => match self.latest(event) {
                Some(index) => index,
                None => self.begin(event),
            },
        };
        &mut self.story.exchanges[index]
    }

    /// The first that is heard of this number: steps that were told without one were its.
    fn numbered(&mut self, event: &Event, number: u64) -> usize {
        let latest = self.latest(event);
        let unnumbered = latest.filter(|index| self.story.exchanges[*index].number.is_none());
        let index = unnumbered.unwrap_or_else(|| self.begin(event));
        self.story.exchanges[index].number = Some(number);
        self.exchanges.insert((event.file, number), index);
        index
    }

    /// The last exchange of the file, if it is not over.
    fn latest(&mut self, event: &Event) -> Option<usize> {
        let index = *self.file(event).exchanges.last()?;
        self.story.exchanges[index].over.is_none().then_some(index)
    }

    fn begin(&mut self, event: &Event) -> usize {
        let index = self.story.exchanges.len();
        let before = self.file(event).exchanges.clone();
        let file = self.file(event);
        let ready = file.pauses.last().map(|(_, to)| *to).or(file.started);
        file.exchanges.push(index);
        let took = match &event.what {
            What::Wait { took }
            | What::Dns { took, .. }
            | What::Connect { took, .. }
            | What::Tunnel { took, .. }
            | What::Tls { took, .. } => *took,
            _ => Duration::ZERO,
        };
        let acted = event.at.saturating_sub(took);
        let over = before.iter().map(|i| self.story.exchanges[*i].over);
        // Beside another one: it was asked for when it began. After all others: since then.
        let from = match over.collect::<Option<Vec<_>>>() {
            Some(ends) => ends.into_iter().chain(ready).max(),
            None => None,
        };
        self.story.exchanges.push(Exchange {
            file: event.file,
            from: from.unwrap_or(acted).min(acted),
            last: event.at,
            ..Exchange::default()
        });
        index
    }
}
