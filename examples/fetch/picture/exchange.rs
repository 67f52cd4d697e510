//! One request and all that belongs to it, collected from the events: whether a picture or a
//! HAR is to be made of it, this is what both know.
//!
//! ```text
//!  from      dns  connect  tls  asked     sent      first                 to
//!   │ blocked │────│────────│────│ sending │ waiting │ receiving  stalled … │
//! ```
//!
//! Each of the moments in the middle may be missing: a connection was there already, or it went
//! wrong before. `from` and `to` are always there.

use std::time::Duration;

/// What the network gathered for longer, and handed over at the end, did not come as fast as that
/// looks: the bytes of a shorter time are counted with those before them.
const SHORT: Duration = Duration::from_millis(100);

/// Looking up, connecting, or shaking hands.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    pub from: Duration,
    pub to: Duration,
    /// The host, the address, or the version of TLS.
    pub what: String,
    pub error: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Exchange {
    pub file: u64,
    /// `None` only for steps of a request that was never sent.
    pub number: Option<u64>,
    pub connection: Option<u64>,
    /// Since when it could have gone: the file's start, or the end of what came before it.
    pub from: Duration,
    pub dns: Vec<Step>,
    pub connects: Vec<Step>,
    /// A proxy's part of it.
    pub tunnels: Vec<Step>,
    pub tls: Vec<Step>,
    /// The request began to go out, and all of it was out.
    pub asked: Option<Duration>,
    pub sent: Option<Duration>,
    /// So many bytes of a body went out with it.
    pub uploaded: u64,
    pub method: String,
    pub url: String,
    pub reused: bool,
    pub range: Option<(u64, Option<u64>)>,
    pub headers: Vec<(String, String)>,
    pub first: Option<Duration>,
    pub version: String,
    pub status: Option<u16>,
    /// Of the body, as announced.
    pub length: Option<u64>,
    pub answer_headers: Vec<(String, String)>,
    /// From when to when so many bytes of the body came.
    pub arrivals: Vec<(Duration, Duration, u64)>,
    pub received: u64,
    /// From when to when nothing came, though something should have.
    pub stalls: Vec<(Duration, Duration)>,
    /// Nothing has come since the last of them was told.
    pub stalling: bool,
    pub redirect: Option<String>,
    /// Why it was tried again, or why the file failed with it.
    pub error: Option<String>,
    /// When it was over. `None` while nothing has said so.
    pub over: Option<Duration>,
    /// The last moment that anything was told of it.
    pub last: Duration,
}

impl Exchange {
    /// When it ended, as far as one knows.
    pub fn to(&self) -> Duration {
        self.over.unwrap_or(self.last).max(self.from)
    }

    /// Is `other` this one, sent anew? A connection that had been idle may be closed by the time
    /// it is needed; what went into it is sent over another one, and nobody tells of the first.
    pub fn is_replaced_by(&self, other: &Exchange) -> bool {
        let unanswered = self.reused && self.first.is_none() && self.over.is_none();
        let same = self.method == other.method && self.url == other.url;
        unanswered && same && self.range == other.range && self.asked <= other.asked
    }

    /// Where it went.
    pub fn address(&self) -> Option<&str> {
        let mut good = self.connects.iter().filter(|step| step.error.is_none());
        good.next_back().map(|step| step.what.as_str())
    }

    pub fn told(&mut self, at: Duration) {
        self.last = self.last.max(at);
    }

    /// So much of the body is there.
    pub fn progress(&mut self, at: Duration, received: u64) {
        let since = self.arrivals.last().map(|(_, to, _)| *to).or(self.first);
        let since = since.unwrap_or(at);
        let new = received.saturating_sub(self.received);
        match self.arrivals.last_mut() {
            _ if new == 0 => {}
            Some((_, to, bytes)) if at.saturating_sub(since) < SHORT => {
                (*to, *bytes) = (at, *bytes + new);
            }
            _ => self.arrivals.push((since, at, new)),
        }
        self.received = self.received.max(received);
        self.stalling = false;
    }

    /// Nothing has come since `from`. Told again, it is the same stall if it began with it.
    pub fn stall(&mut self, from: Duration, at: Duration) {
        match self.stalls.last_mut().filter(|(_, to)| from < *to) {
            Some((_, to)) => *to = at,
            None => self.stalls.push((from, at)),
        }
        self.stalling = true;
    }

    /// It is over, with `at` as the moment when that was known.
    pub fn end(&mut self, at: Duration, error: Option<&str>) {
        if self.over.is_some() {
            return;
        }
        // A body that is whole was there when its last byte was; what else ends, ends now.
        let whole = match self.length {
            Some(length) => length == self.received,
            None => error.is_none(),
        };
        let whole = whole && self.first.is_some() && !self.stalling && self.redirect.is_none();
        let to = if whole { self.last } else { at };
        if let Some((_, end)) = self.stalls.last_mut().filter(|_| self.stalling) {
            *end = to;
        }
        self.over = Some(to);
        self.error = error.filter(|_| !whole).map(str::to_owned);
    }
}
