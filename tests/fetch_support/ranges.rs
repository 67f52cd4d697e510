//! A server of ranges, and the list of what it was asked for. Whoever has a use for it declares it
//! beside `fetch_support`.

#![allow(dead_code)] // each test binary uses its own part of this

use std::io;
use std::sync::{Arc, Condvar, Mutex};

use crate::fetch_support::{Exchange, GUARD, Server, field};

/// What one request asked for: from this byte up to that one.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Asked {
    pub(crate) range: Option<(usize, Option<usize>)>,
    pub(crate) if_range: Option<String>,
}

impl Asked {
    pub(crate) fn of(head: &str) -> Asked {
        let range = field(head, "range").map(|range| {
            let (first, last) = range
                .strip_prefix("bytes=")
                .unwrap()
                .split_once('-')
                .unwrap();
            (first.parse().unwrap(), last.parse().ok())
        });
        let if_range = field(head, "if-range").map(str::to_owned);
        Asked { range, if_range }
    }
}

/// Those that came so far, and whoever waits for a number of them.
#[derive(Default)]
pub(crate) struct Log {
    all: Mutex<Vec<Asked>>,
    more: Condvar,
}

impl Log {
    pub(crate) fn note(&self, asked: Asked) -> usize {
        let mut all = self.all.lock().unwrap();
        all.push(asked);
        self.more.notify_all();
        all.len() - 1
    }

    /// Waits until there are so many.
    pub(crate) fn wait_for(&self, count: usize) {
        let all = self.all.lock().unwrap();
        let few = |all: &mut Vec<Asked>| all.len() < count;
        let (_all, waited) = self.more.wait_timeout_while(all, GUARD, few).unwrap();
        assert!(!waited.timed_out(), "there were never {count} requests");
    }

    pub(crate) fn all(&self) -> Vec<Asked> {
        self.all.lock().unwrap().clone()
    }
}

/// A server that answers the n-th request (the first is number 0) as it is told.
pub(crate) fn script(
    answer: impl Fn(usize, &Asked, &Log, &mut Exchange) -> io::Result<()> + Send + Sync + 'static,
) -> (Server, Arc<Log>) {
    let log = Arc::new(Log::default());
    let list = log.clone();
    let server = Server::start(move |exchange| {
        let asked = Asked::of(&exchange.head);
        let number = list.note(asked.clone());
        answer(number, &asked, &list, exchange)
    });
    (server, log)
}

/// An honest answer to a range.
pub(crate) fn part(x: &mut Exchange, asked: &Asked, fields: &str, body: &[u8]) -> io::Result<()> {
    let (first, last) = asked.range.expect("a range");
    let (last, total) = (last.unwrap_or(body.len() - 1), body.len());
    let length = last + 1 - first;
    let head = format!(
        "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes {first}-{last}/{total}\r\n\
         {fields}\r\nContent-Length: {length}\r\n\r\n"
    );
    x.raw(head.as_bytes())?;
    x.raw(&body[first..=last])
}

/// All of `body`, or the range of it that was asked for.
pub(crate) fn honest(x: &mut Exchange, asked: &Asked, etag: &str, body: &[u8]) -> io::Result<()> {
    let etag = format!("ETag: \"{etag}\"");
    if asked.range.is_some()
        && asked
            .if_range
            .as_ref()
            .is_none_or(|tag| etag.ends_with(tag))
    {
        return part(x, asked, &etag, body);
    }
    whole(x, &etag, body, body.len())
}

/// The whole is promised, and so much of it is sent.
pub(crate) fn whole(x: &mut Exchange, etag: &str, body: &[u8], sent: usize) -> io::Result<()> {
    let length = body.len();
    x.raw(format!("HTTP/1.1 200 OK\r\n{etag}\r\nContent-Length: {length}\r\n\r\n").as_bytes())?;
    x.raw(&body[..sent])
}

/// A mirror that has `body` under this tag.
pub(crate) fn mirror(etag: &'static str, body: Vec<u8>) -> (Server, Arc<Log>) {
    script(move |_, asked, _, x| honest(x, asked, etag, &body))
}
