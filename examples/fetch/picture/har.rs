//! HAR 1.2: a record of HTTP exchanges that browsers and many tools can read.
//!
//! The format: "HTTP Archive (HAR) format", W3C Web Performance group, historical draft of
//! 2012-08-14. Each request is an entry, a failed one too: it has the status 0, as browsers write
//! it. A file of the list is a page, so that its redirects and tries stand together. There are no
//! bodies, and no cookies.

use std::time::Duration;

use hob::http::{StatusCode, Url};
use serde_json::{Value, json};

use super::exchange::{Exchange, Step};
use super::markup::date;
use super::story::{File, Story};

pub fn of(story: &Story) -> String {
    let mut sent: Vec<&Exchange> = story.exchanges.iter().collect();
    sent.sort_by_key(|exchange| exchange.from);
    let pages: Vec<_> = story.files.iter().map(|file| page(story, file)).collect();
    let entries: Vec<_> = sent.iter().map(|exchange| entry(story, exchange)).collect();
    let har = json!({ "log": {
        "version": "1.2",
        "creator": { "name": "fetch (hob)", "version": env!("CARGO_PKG_VERSION") },
        "pages": pages,
        "entries": entries,
    } });
    format!("{har:#}")
}

/// The time of day. Without a beginning, the run began when Unix did.
fn day(story: &Story, moment: Duration) -> String {
    let began = story.began.unwrap_or(std::time::SystemTime::UNIX_EPOCH);
    date(began + moment)
}

fn page(story: &Story, file: &File) -> Value {
    let took = file
        .done
        .as_ref()
        .map(|done| ms(done.at.saturating_sub(file.queued)));
    json!({
        "id": page_id(file.number),
        "startedDateTime": day(story, file.queued),
        "title": file.url,
        "pageTimings": { "onContentLoad": -1, "onLoad": took.unwrap_or(-1.0) },
    })
}

fn page_id(file: u64) -> String {
    format!("file_{file}")
}

fn entry(story: &Story, exchange: &Exchange) -> Value {
    let timings = Timings::of(exchange);
    let mut entry = json!({
        "pageref": page_id(exchange.file),
        "startedDateTime": day(story, exchange.from),
        "time": timings.sum(),
        "request": request(story, exchange),
        "response": response(exchange),
        "cache": {},
        "timings": timings.json(),
    });
    let ip = exchange.address().and_then(|address| address.parse().ok());
    if let Some(ip) = ip.map(|address: std::net::SocketAddr| address.ip()) {
        entry["serverIPAddress"] = json!(ip.to_string());
    }
    if let Some(connection) = exchange.connection {
        entry["connection"] = json!(connection.to_string());
    }
    // A field of Chromium's, and it looks for it there.
    if let Some(error) = &exchange.error {
        entry["response"]["_error"] = json!(error);
    }
    entry
}

fn request(story: &Story, exchange: &Exchange) -> Value {
    let of_file = |file: &&File| file.number == exchange.file;
    let url = match exchange.url.as_str() {
        // Never sent: what it would have asked for first.
        "" => story
            .files
            .iter()
            .find(of_file)
            .map_or("", |file| &file.url),
        url => url,
    };
    let method = match exchange.method.as_str() {
        "" => "GET",
        method => method,
    };
    json!({
        "method": method,
        "url": url,
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": fields(&exchange.headers),
        "queryString": query(url),
        "headersSize": -1,
        "bodySize": exchange.uploaded,
    })
}

fn response(exchange: &Exchange) -> Value {
    let status = exchange.status.unwrap_or(0);
    let text = StatusCode::from_u16(status)
        .ok()
        .and_then(|code| code.canonical_reason());
    let headers = &exchange.answer_headers;
    let mime = field(headers, "content-type").unwrap_or("x-unknown");
    let body = exchange
        .first
        .map_or(-1, |_| exchange.received.cast_signed());
    json!({
        "status": status,
        "statusText": text.unwrap_or_default(),
        "httpVersion": if exchange.version.is_empty() { "HTTP/1.1" } else { &exchange.version },
        "cookies": [],
        "headers": fields(headers),
        "content": { "size": exchange.received, "mimeType": mime },
        "redirectURL": exchange.redirect.as_deref().unwrap_or_default(),
        "headersSize": -1,
        "bodySize": body,
    })
}

fn field<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let mut found = headers
        .iter()
        .filter(|(key, _)| key.eq_ignore_ascii_case(name));
    found.next().map(|(_, value)| value.as_str())
}

fn fields(headers: &[(String, String)]) -> Value {
    let fields = headers.iter();
    fields
        .map(|(name, value)| json!({ "name": name, "value": value }))
        .collect()
}

fn query(url: &str) -> Value {
    let Ok(url) = Url::parse(url) else {
        return json!([]);
    };
    let pairs = url.query_pairs();
    pairs
        .map(|(name, value)| json!({ "name": name, "value": value }))
        .collect()
}

/// In milliseconds; -1 for what did not happen. What is in `ssl` is in `connect` as well, as the
/// format wants it.
struct Timings {
    blocked: f64,
    dns: f64,
    connect: f64,
    ssl: f64,
    send: f64,
    wait: f64,
    receive: f64,
}

impl Timings {
    fn of(exchange: &Exchange) -> Timings {
        let (from, to) = (exchange.from, exchange.to());
        let asked = exchange.asked.unwrap_or(to);
        let first = exchange.first.unwrap_or(to);
        // A server may answer before all is out.
        let sent = exchange.sent.unwrap_or(asked).clamp(asked, first);
        let dns = length(&exchange.dns);
        let tcp = length(&exchange.connects);
        let ssl = length(&exchange.tls);
        let tunnel = length(&exchange.tunnels).unwrap_or_default();
        let connect = tcp.map(|tcp| tcp + tunnel + ssl.unwrap_or_default());
        let steps = dns.unwrap_or_default() + connect.unwrap_or_default();
        let told = |time: Option<Duration>| time.map_or(-1.0, ms);
        Timings {
            blocked: ms(asked.saturating_sub(from).saturating_sub(steps)),
            dns: told(dns),
            connect: told(connect),
            ssl: told(ssl),
            send: ms(sent.saturating_sub(asked)),
            wait: ms(first.saturating_sub(sent)),
            receive: ms(to.saturating_sub(first)),
        }
    }

    fn sum(&self) -> f64 {
        let parts = [
            self.blocked,
            self.dns,
            self.connect,
            self.send,
            self.wait,
            self.receive,
        ];
        round(parts.iter().filter(|part| **part > 0.0).sum())
    }

    fn json(&self) -> Value {
        json!({
            "blocked": self.blocked,
            "dns": self.dns,
            "connect": self.connect,
            "ssl": self.ssl,
            "send": self.send,
            "wait": self.wait,
            "receive": self.receive,
        })
    }
}

/// From the beginning of the first to the end of the last: attempts run at the same time.
fn length(steps: &[Step]) -> Option<Duration> {
    let from = steps.iter().map(|step| step.from).min()?;
    let to = steps.iter().map(|step| step.to).max()?;
    Some(to.saturating_sub(from))
}

fn ms(time: Duration) -> f64 {
    round(time.as_secs_f64() * 1000.0)
}

/// To a microsecond.
fn round(ms: f64) -> f64 {
    (ms * 1000.0).round() / 1000.0
}
