//! `--summary`: one object about the whole run, which names every URL with what became of it.
//!
//! It listens like everybody else and keeps a little for each file, so it is complete however
//! the run ends: the log tells the end of every file before its own.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime};

use super::json::{self, Object};
use super::{Event, Outcome, What};

#[derive(Default)]
pub struct Summary {
    began: Option<SystemTime>,
    files: BTreeMap<u64, File>,
    requests: u64,
    connections: BTreeSet<u64>,
}

/// What is told about one file.
#[derive(Default)]
struct File {
    url: String,
    target: String,
    started: Option<Duration>,
    seconds: Duration,
    requests: u64,
    retries: u64,
    redirects: u64,
    /// Of the last answer.
    status: Option<u16>,
    end: Option<End>,
}

struct End {
    outcome: Outcome,
    why: String,
    code: u8,
    received: u64,
    size: u64,
}

impl Summary {
    pub fn hear(&mut self, event: &Event) {
        match &event.what {
            What::Began { time, .. } => self.began = Some(*time),
            What::Ended { .. } => {}
            what => {
                self.connections.extend(event.connection);
                self.requests += u64::from(matches!(what, What::Request { .. }));
                self.files
                    .entry(event.file)
                    .or_default()
                    .hear(event.at, what);
            }
        }
    }

    /// All of it. The run took `seconds` and ends with `code`.
    pub fn write(&self, seconds: Duration, code: u8) -> String {
        let files = self.files.iter();
        let files = files.map(|(number, file)| format!("\n{}", file.write(*number)));
        let began = self.began.unwrap_or(SystemTime::UNIX_EPOCH);
        Object::new()
            .number("version", 1_u64)
            .text("began", &json::date(began))
            .seconds("seconds", seconds)
            .number("code", code)
            .json("totals", &self.totals())
            .json("files", &json::array(files))
            .end()
    }

    fn totals(&self) -> String {
        let ends = || self.files.values().filter_map(|file| file.end.as_ref());
        let count = |which| ends().filter(|end| end.outcome == which).count() as u64;
        Object::new()
            .number("files", self.files.len() as u64)
            .number("arrived", count(Outcome::Arrived))
            .number("there", count(Outcome::There))
            .number("not_modified", count(Outcome::NotModified))
            .number("failed", count(Outcome::Failed))
            .number("stopped", count(Outcome::Stopped))
            .number("received", ends().map(|end| end.received).sum::<u64>())
            .number("requests", self.requests)
            .number("connections", self.connections.len() as u64)
            .number(
                "retries",
                self.files.values().map(|f| f.retries).sum::<u64>(),
            )
            .end()
    }
}

impl File {
    fn hear(&mut self, at: Duration, what: &What) {
        match what {
            What::Queued { url, target } => {
                self.url = url.clone();
                self.target = target.to_string_lossy().into_owned();
            }
            What::Started => self.started = Some(at),
            What::Request { .. } => self.requests += 1,
            What::Retry { .. } => self.retries += 1,
            What::Redirect { .. } => self.redirects += 1,
            What::FirstByte { status, .. } => self.status = Some(*status),
            What::Done {
                outcome,
                why,
                code,
                received,
                size,
                target,
            } => {
                if let Some(target) = target {
                    self.target = target.to_string_lossy().into_owned();
                }
                self.seconds = self.started.map_or(Duration::ZERO, |started| at - started);
                self.end = Some(End {
                    outcome: *outcome,
                    why: why.clone(),
                    code: *code,
                    received: *received,
                    size: *size,
                });
            }
            _ => {}
        }
    }

    fn write(&self, number: u64) -> String {
        let object = Object::new()
            .number("file", number)
            .text("url", &self.url)
            .text("target", &self.target);
        let object = match &self.end {
            None => object,
            Some(end) => object
                .text("outcome", json::outcome(end.outcome))
                .text("why", &end.why)
                .number("code", end.code)
                .number("received", end.received)
                .number("size", end.size),
        };
        object
            .maybe_number("status", self.status.map(u64::from))
            .seconds("seconds", self.seconds)
            .number("requests", self.requests)
            .number("redirects", self.redirects)
            .number("retries", self.retries)
            .end()
    }
}
