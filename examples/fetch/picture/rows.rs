//! From a [`Story`] to what is drawn: a row for each file, and one for each connection.
//!
//! A file's requests that run at the same time lie in tracks below each other; what follows one
//! another lies in one track.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use hob::http::Url;

use super::exchange::{Exchange, Step};
use super::phase::{PHASES, Phase, Track};
use super::story::{File, Story};

/// The row of a file; its facts are in the story's file with the same index.
#[derive(Debug)]
pub struct FileRow {
    pub name: String,
    /// When it was its turn; where that never came, when the run was over.
    pub started: Duration,
    /// It has not arrived, and nothing of the kind.
    pub failed: bool,
    pub tracks: Vec<Track>,
}

impl FileRow {
    pub fn span(&self) -> (Duration, Duration) {
        let spans = || self.tracks.iter().flat_map(|track| &track.0);
        let from = spans().map(|span| span.from).min();
        let to = spans().map(|span| span.to).max();
        (from.unwrap_or_default(), to.unwrap_or_default())
    }

    /// In each phase, all tracks together.
    pub fn times(&self) -> [Duration; PHASES] {
        let mut times = [Duration::ZERO; PHASES];
        for span in self.tracks.iter().flat_map(|track| &track.0) {
            times[span.phase as usize] += span.took();
        }
        times
    }
}

#[derive(Debug, Default)]
pub struct ConnectionRow {
    pub number: u64,
    pub address: String,
    pub track: Track,
    /// Since when it worked for which file of the story.
    pub owners: Vec<(Duration, usize)>,
    pub requests: usize,
    pub received: u64,
    /// Why it never was one.
    pub error: Option<String>,
}

/// A row for each file, in the order of the list.
pub fn files(story: &Story) -> Vec<FileRow> {
    story
        .files
        .iter()
        .map(|file| of_file(story, file))
        .collect()
}

fn of_file(story: &Story, file: &File) -> FileRow {
    let done = file.done.as_ref().map_or(story.end, |done| done.at);
    let mut tracks = vec![Track::default()];
    let started = file.started.unwrap_or(done);
    tracks[0].paint(Phase::Queued, file.queued, started);
    paint_between(story, file, started, done, &mut tracks[0]);
    for (from, to) in &file.pauses {
        tracks[0].paint(Phase::Paused, *from, (*to).min(done));
    }
    let mut ends: Vec<Duration> = Vec::new();
    for exchange in exchanges(story, file) {
        let free = ends.iter().position(|end| *end <= exchange.from);
        let index = free.unwrap_or(ends.len());
        if free.is_none() {
            ends.push(Duration::ZERO);
            tracks.resize_with(tracks.len().max(ends.len()), Track::default);
        }
        ends[index] = exchange.to();
        paint_exchange(exchange, &mut tracks[index]);
    }
    FileRow {
        name: file.name(),
        started,
        failed: file.failed(),
        tracks,
    }
}

fn exchanges<'a>(story: &'a Story, file: &'a File) -> impl Iterator<Item = &'a Exchange> {
    file.exchanges.iter().map(|index| &story.exchanges[*index])
}

/// Where no request of the file is under way: it waits for one to begin, or, after the last one,
/// is checked and named.
fn paint_between(story: &Story, file: &File, started: Duration, done: Duration, track: &mut Track) {
    let mut busy: Vec<_> = exchanges(story, file).map(|e| (e.from, e.to())).collect();
    busy.sort_unstable();
    let mut since = started;
    for (from, to) in &busy {
        track.paint(Phase::Blocked, since, *from);
        since = since.max(*to);
    }
    let answered = exchanges(story, file).any(|exchange| exchange.first.is_some());
    let rest = match answered || busy.is_empty() {
        true => Phase::Finishing,
        false => Phase::Blocked,
    };
    track.paint(rest, since, done);
}

fn paint_exchange(exchange: &Exchange, track: &mut Track) {
    let (from, to) = (exchange.from, exchange.to());
    track.paint(Phase::Blocked, from, exchange.asked.unwrap_or(to));
    let steps = [
        (Phase::Dns, &exchange.dns),
        (Phase::Connect, &exchange.connects),
        (Phase::Connect, &exchange.tunnels),
        (Phase::Tls, &exchange.tls),
    ];
    for (phase, steps) in steps {
        for step in steps {
            track.paint(phase, step.from.max(from), step.to.min(to));
        }
    }
    paint_answer(exchange, track);
}

/// From the request to the end of its answer: what goes over a connection.
fn paint_answer(exchange: &Exchange, track: &mut Track) {
    let Some(asked) = exchange.asked else {
        return;
    };
    let to = exchange.to();
    let first = exchange.first.unwrap_or(to);
    track.paint(Phase::Waiting, asked, first);
    if exchange.uploaded > 0 {
        track.paint(Phase::Sending, asked, exchange.sent.unwrap_or(asked));
    }
    let good = exchange
        .status
        .is_some_and(|status| (200..300).contains(&status));
    // Nothing came but the news that nothing comes.
    let body = match good && exchange.received == 0 && exchange.error.is_some() {
        true => Phase::Stalled,
        false => Phase::Receiving,
    };
    track.paint(body, first, to);
    for (from, until) in &exchange.stalls {
        track.paint(Phase::Stalled, (*from).max(asked), (*until).min(to));
    }
}

/// A row for each connection, by number.
pub fn connections(story: &Story) -> Vec<ConnectionRow> {
    let mut rows: BTreeMap<u64, ConnectionRow> = BTreeMap::new();
    let numbers = story.files.iter().map(|file| file.number);
    let places: HashMap<u64, usize> = numbers.zip(0..).collect();
    for exchange in &story.exchanges {
        let Some(number) = exchange.connection else {
            continue;
        };
        let row = rows.entry(number).or_default();
        row.number = number;
        let since = exchange.asked.filter(|_| exchange.reused);
        let place = places[&exchange.file];
        row.owners.push((since.unwrap_or(exchange.from), place));
        if !exchange.reused {
            paint_connecting(exchange, row);
        } else if row.address.is_empty() {
            // It was there before the run began.
            row.address = host(&exchange.url);
        }
        paint_answer(exchange, &mut row.track);
        row.requests += usize::from(exchange.asked.is_some());
        row.received += exchange.received;
    }
    rows.into_values().collect()
}

/// Who was asked, as far as a URL tells.
fn host(url: &str) -> String {
    let url = Url::parse(url).ok();
    let host = url.as_ref().and_then(Url::host_str);
    host.unwrap_or_default().to_owned()
}

/// Of the attempts, the one that won; if none did, all of them.
fn paint_connecting(exchange: &Exchange, row: &mut ConnectionRow) {
    let good = |step: &&Step| step.error.is_none();
    let none_won = !exchange.connects.iter().any(|step| good(&step));
    for step in exchange.connects.iter().filter(|s| none_won || good(s)) {
        row.track.paint(Phase::Connect, step.from, step.to);
        row.address.clone_from(&step.what);
    }
    for step in &exchange.tunnels {
        row.track.paint(Phase::Connect, step.from, step.to);
    }
    for step in &exchange.tls {
        row.track.paint(Phase::Tls, step.from, step.to);
    }
    let failed = [&exchange.connects, &exchange.tunnels, &exchange.tls];
    let mut failed = failed
        .into_iter()
        .filter_map(|steps| steps.last()?.error.clone());
    row.error = failed.next_back().filter(|_| exchange.asked.is_none());
}
