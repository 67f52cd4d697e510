//! `-w FORMAT`: a text for each file at its end, with facts in the places of `%{name}`.
//!
//! Names and meanings are curl's. The facts are gathered from the events as they come by, those of
//! a file until its end. What a server sent is in the events only in a form that steers no
//! terminal, and secrets are not in them at all; so it is here.
//!
//! Times count from the moment in which it was the file's turn. As with curl those of steps are
//! about the last request, and 0 where it had no need of the step.

use std::collections::HashMap;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::log::Listener;
use super::{Event, What};

/// A format that was understood.
#[derive(Debug, Clone, PartialEq)]
pub struct Format(Vec<Piece>);

#[derive(Debug, Clone, PartialEq)]
enum Piece {
    Text(String),
    Variable(&'static Variable),
    /// `%header{name}`, in small letters.
    Header(String),
    Headers,
    Json,
    /// `%{stderr}` and `%{stdout}`: where what follows goes to.
    To(Stream),
    /// `%{onerror}`: what follows is for failures only.
    OnError,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Stream {
    Stdout,
    Stderr,
}

type Variable = (&'static str, fn(&Facts) -> Fact);

/// What a variable stands for.
enum Fact {
    Text(String),
    Count(u64),
    /// Of HTTP: three digits, whatever it is.
    Status(u16),
    Time(Option<Duration>),
}

const VARIABLES: &[Variable] = &[
    ("content_type", |f| Fact::Text(f.header("content-type"))),
    ("errormsg", |f| Fact::Text(f.why.clone())),
    ("exitcode", |f| Fact::Count(f.code.into())),
    ("filename_effective", |f| {
        let name = f.target.as_ref().map(|path| path.display().to_string());
        Fact::Text(name.unwrap_or_default())
    }),
    ("http_code", |f| Fact::Status(f.status)),
    ("http_version", |f| {
        Fact::Text(f.version.trim_start_matches("HTTP/").to_owned())
    }),
    ("method", |f| Fact::Text(f.method.clone())),
    ("num_connects", |f| Fact::Count(f.connects)),
    ("num_headers", |f| Fact::Count(f.headers.len() as u64)),
    ("num_redirects", |f| Fact::Count(f.redirects)),
    ("num_retries", |f| Fact::Count(f.retries)),
    ("outcome", |f| Fact::Text(f.outcome.to_owned())),
    ("remote_ip", |f| {
        let ip = f.remote.map(|address| address.ip().to_string());
        Fact::Text(ip.unwrap_or_default())
    }),
    ("remote_port", |f| {
        Fact::Count(f.remote.map_or(0, |address| address.port()).into())
    }),
    ("response_code", |f| Fact::Status(f.status)),
    ("scheme", |f| {
        let scheme = f
            .last_url
            .split_once("://")
            .map_or("", |(scheme, _)| scheme);
        Fact::Text(scheme.to_owned())
    }),
    ("size_download", |f| Fact::Count(f.received)),
    ("size_upload", |f| Fact::Count(f.sent)),
    ("speed_download", |f| Fact::Count(f.speed(f.received))),
    ("speed_upload", |f| Fact::Count(f.speed(f.sent))),
    ("time_appconnect", |f| Fact::Time(f.since_start(f.secured))),
    ("time_connect", |f| Fact::Time(f.since_start(f.connected))),
    ("time_namelookup", |f| Fact::Time(f.since_start(f.found))),
    ("time_pretransfer", |f| Fact::Time(f.since_start(f.asked))),
    ("time_queue", |f| {
        Fact::Time(f.started.map(|at| at.saturating_sub(f.queued)))
    }),
    ("time_redirect", |f| Fact::Time(f.since_start(f.redirected))),
    ("time_starttransfer", |f| {
        Fact::Time(f.since_start(f.answered))
    }),
    ("time_total", |f| Fact::Time(f.since_start(f.ended))),
    ("url", |f| Fact::Text(f.url.clone())),
    ("url_effective", |f| Fact::Text(f.last_url.clone())),
    ("urlnum", |f| Fact::Count(f.number.saturating_sub(1))),
];

impl Format {
    /// Reads a format. The error is for the user.
    pub fn parse(text: &str) -> Result<Format, String> {
        let mut pieces = Vec::new();
        let mut plain = String::new();
        let mut rest = text;
        while let Some(letter) = rest.chars().next() {
            let (piece, length) = match letter {
                '%' => special(rest)?,
                '\\' => escape(rest),
                letter => (Piece::Text(letter.into()), letter.len_utf8()),
            };
            rest = &rest[length..];
            match piece {
                Piece::Text(text) => plain += &text,
                piece => {
                    pieces.push(Piece::Text(std::mem::take(&mut plain)));
                    pieces.push(piece);
                }
            }
        }
        pieces.push(Piece::Text(plain));
        pieces.retain(|piece| *piece != Piece::Text(String::new()));
        Ok(Format(pieces))
    }

    /// What is to be written for a file, and where to.
    fn fill(&self, facts: &Facts) -> Vec<(Stream, String)> {
        let mut to = Stream::Stdout;
        let mut texts = Vec::new();
        for piece in &self.0 {
            let text = match piece {
                Piece::Text(text) => text.clone(),
                Piece::Variable((_, of)) => of(facts).to_text(),
                Piece::Header(name) => facts.header(name),
                Piece::Headers => facts.all_headers().to_string(),
                Piece::Json => facts.all().to_string(),
                Piece::OnError if facts.code == 0 => break,
                Piece::OnError => continue,
                Piece::To(stream) => {
                    to = *stream;
                    continue;
                }
            };
            texts.push((to, text));
        }
        texts
    }
}

/// What begins with a percent sign, and how long it is.
fn special(rest: &str) -> Result<(Piece, usize), String> {
    let inside = |opening: &str| {
        let behind = rest.strip_prefix(opening)?;
        let name = behind.split_once('}')?.0;
        Some((name, opening.len() + name.len() + 1))
    };
    if let Some((name, length)) = inside("%header{") {
        return Ok((Piece::Header(name.to_ascii_lowercase()), length));
    }
    let Some((name, length)) = inside("%{") else {
        let length = if rest.starts_with("%%") { 2 } else { 1 };
        return Ok((Piece::Text("%".to_owned()), length));
    };
    let piece = match name {
        "header_json" => Piece::Headers,
        "json" => Piece::Json,
        "stdout" => Piece::To(Stream::Stdout),
        "stderr" => Piece::To(Stream::Stderr),
        "onerror" => Piece::OnError,
        name => {
            let known = VARIABLES.iter().find(|(known, _)| *known == name);
            let known = known.ok_or_else(|| format!("%{{{name}}} is not known here"))?;
            Piece::Variable(known)
        }
    };
    Ok((piece, length))
}

fn escape(rest: &str) -> (Piece, usize) {
    let letter = match rest.as_bytes().get(1) {
        Some(b'n') => "\n",
        Some(b'r') => "\r",
        Some(b't') => "\t",
        _ => return (Piece::Text("\\".to_owned()), 1),
    };
    (Piece::Text(letter.to_owned()), 2)
}

impl Fact {
    fn to_text(&self) -> String {
        match self {
            Fact::Text(text) => text.clone(),
            Fact::Count(count) => count.to_string(),
            Fact::Status(status) => format!("{status:03}"),
            Fact::Time(time) => format!("{:.6}", time.unwrap_or_default().as_secs_f64()),
        }
    }

    fn to_json(&self) -> Value {
        match self {
            Fact::Text(text) => json!(text),
            Fact::Count(count) => json!(count),
            Fact::Status(status) => json!(status),
            Fact::Time(time) => json!(time.unwrap_or_default().as_secs_f64()),
        }
    }
}

/// What is known of one file so far. Times are those of the events.
#[derive(Default)]
struct Facts {
    number: u64,
    url: String,
    target: Option<PathBuf>,
    queued: Duration,
    started: Option<Duration>,
    // Of the last request:
    found: Option<Duration>,
    connected: Option<Duration>,
    secured: Option<Duration>,
    asked: Option<Duration>,
    answered: Option<Duration>,
    request: Option<u64>,
    method: String,
    last_url: String,
    status: u16,
    version: String,
    headers: Vec<(String, String)>,
    remote: Option<SocketAddr>,
    // Of all of them:
    redirected: Option<Duration>,
    redirects: u64,
    retries: u64,
    connects: u64,
    sent: u64,
    // At the end:
    ended: Option<Duration>,
    outcome: &'static str,
    why: String,
    code: u8,
    received: u64,
}

impl Facts {
    /// As servers have it: names do not care for capitals, and values with the same name form a
    /// list.
    fn header(&self, name: &str) -> String {
        let same = self.headers.iter();
        let same = same.filter(|(known, _)| known.eq_ignore_ascii_case(name));
        let values: Vec<_> = same.map(|(_, value)| value.as_str()).collect();
        values.join(", ")
    }

    fn all_headers(&self) -> Value {
        let mut all: Map<String, Value> = Map::new();
        for (name, value) in &self.headers {
            let values = all.entry(name.to_ascii_lowercase());
            if let Value::Array(values) = values.or_insert_with(|| json!([])) {
                values.push(json!(value));
            }
        }
        Value::Object(all)
    }

    fn all(&self) -> Value {
        let all = VARIABLES.iter();
        all.map(|(name, of)| ((*name).to_owned(), of(self).to_json()))
            .collect::<Map<_, _>>()
            .into()
    }

    fn since_start(&self, at: Option<Duration>) -> Option<Duration> {
        Some(at?.saturating_sub(self.started?))
    }

    fn speed(&self, bytes: u64) -> u64 {
        let seconds = self
            .since_start(self.ended)
            .unwrap_or_default()
            .as_secs_f64();
        if seconds > 0.0 {
            (bytes as f64 / seconds) as u64
        } else {
            0
        }
    }

    /// A step of a request: what was known of another one is over.
    fn is_about(&mut self, request: Option<u64>) {
        if request.is_some() && self.request != request {
            self.request = request;
            (self.found, self.connected, self.secured) = (None, None, None);
            (self.asked, self.answered, self.remote) = (None, None, None);
        }
    }

    fn hear(&mut self, event: &Event) {
        let at = Some(event.at);
        self.is_about(event.request);
        match &event.what {
            What::Queued { url, target } => {
                (self.number, self.queued) = (event.file, event.at);
                (self.url, self.last_url) = (url.clone(), url.clone());
                self.target = Some(target.clone());
            }
            What::Started => self.started = at,
            What::Dns { error: None, .. } => self.found = at,
            What::Connect { error: None, .. } => {
                self.connected = at;
                self.connects += 1;
            }
            What::Tls { error: None, .. } => self.secured = at,
            What::Request { method, url, .. } => {
                self.asked = at;
                (self.method, self.last_url) = (method.clone(), url.clone());
            }
            What::Sent { body } => self.sent += body,
            What::FirstByte {
                version,
                status,
                headers,
                ..
            } => {
                self.answered = at;
                (self.status, self.version) = (*status, version.clone());
                self.headers = headers.clone();
            }
            What::Redirect { .. } => {
                self.redirected = at;
                self.redirects += 1;
            }
            What::Retry { .. } => self.retries += 1,
            What::Done {
                outcome,
                why,
                code,
                received,
                target,
                ..
            } => {
                self.ended = at;
                self.outcome = super::json::outcome(*outcome);
                (self.why, self.code, self.received) = (why.clone(), *code, *received);
                self.target = target.clone().or(self.target.take());
            }
            _ => {}
        }
    }
}

/// Hears what happens, and writes.
pub struct WriteOut {
    format: Format,
    files: HashMap<u64, Facts>,
    /// Where each connection leads to, for those who use it later.
    connections: HashMap<u64, SocketAddr>,
    write: fn(Stream, &str),
}

impl WriteOut {
    pub fn new(format: Format) -> WriteOut {
        WriteOut {
            format,
            files: HashMap::new(),
            connections: HashMap::new(),
            write: print,
        }
    }
}

impl Listener for WriteOut {
    fn hear(&mut self, event: &Event) {
        if event.file == 0 {
            return; // it is about the run
        }
        let facts = self.files.entry(event.file).or_default();
        facts.hear(event);
        if let Some(connection) = event.connection {
            if let What::Connect {
                address,
                error: None,
                ..
            } = &event.what
                && let Ok(address) = address.parse()
            {
                self.connections.insert(connection, address);
            }
            facts.remote = self.connections.get(&connection).copied().or(facts.remote);
        }
        if let What::Done { .. } = event.what
            && let Some(facts) = self.files.remove(&event.file)
        {
            for (to, text) in self.format.fill(&facts) {
                (self.write)(to, &text);
            }
        }
    }
}

/// Output that nobody takes is no reason to stop.
fn print(to: Stream, text: &str) {
    let _ = match to {
        Stream::Stdout => {
            let mut out = io::stdout().lock();
            out.write_all(text.as_bytes()).and_then(|()| out.flush())
        }
        Stream::Stderr => io::stderr().write_all(text.as_bytes()),
    };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::Outcome;

    fn event(ms: u64, request: u64, what: What) -> Event {
        Event {
            at: Duration::from_millis(ms),
            file: 3,
            request: (request > 0).then_some(request),
            connection: (request > 0).then_some(7),
            what,
        }
    }

    /// A file that was redirected, and whose second request went over the same connection.
    fn facts() -> Facts {
        let took = Duration::from_millis(1);
        let request = |url: &str, reused| What::Request {
            method: "GET".into(),
            url: url.into(),
            reused,
            range: None,
            headers: Vec::new(),
        };
        let answer = |status| What::FirstByte {
            version: "HTTP/1.1".into(),
            status,
            length: Some(5),
            headers: vec![("X-A".into(), "1".into()), ("x-a".into(), "2".into())],
        };
        let mut facts = Facts::default();
        let (url, target) = ("http://h/a".to_owned(), PathBuf::from("a"));
        for event in [
            event(0, 0, What::Queued { url, target }),
            event(1000, 0, What::Started),
            event(
                1020,
                1,
                What::Connect {
                    took,
                    address: "192.0.2.1:80".into(),
                    error: None,
                },
            ),
            event(1030, 1, request("http://h/a", false)),
            event(1040, 1, answer(302)),
            event(
                1040,
                1,
                What::Redirect {
                    status: 302,
                    to: "http://h/b".into(),
                },
            ),
            event(1050, 2, request("http://h/b", true)),
            event(1060, 2, answer(200)),
            event(
                1500,
                0,
                What::Done {
                    outcome: Outcome::Arrived,
                    why: String::new(),
                    code: 0,
                    received: 1000,
                    size: 1000,
                    target: None,
                },
            ),
        ] {
            facts.hear(&event);
        }
        facts
    }

    fn filled(format: &str) -> String {
        let texts = Format::parse(format).unwrap().fill(&facts());
        texts.into_iter().map(|(_, text)| text).collect()
    }

    #[test]
    fn variables_are_curls_and_times_count_from_the_start() {
        assert_eq!(filled("%{http_code} %{method}\\n"), "200 GET\n");
        let times = "%{time_connect} %{time_pretransfer} %{time_starttransfer} %{time_total}";
        // The second request had no need to connect.
        assert_eq!(filled(times), "0.000000 0.050000 0.060000 0.500000");
        assert_eq!(
            filled("%{time_queue} %{time_redirect}"),
            "1.000000 0.040000"
        );
        assert_eq!(filled("%{size_download} %{speed_download}"), "1000 2000");
        assert_eq!(filled("%{url} %{url_effective}"), "http://h/a http://h/b");
        assert_eq!(
            filled("%{num_redirects} %{num_connects} %{urlnum}"),
            "1 1 2"
        );
        assert_eq!(
            filled("%{http_version} %{scheme} %{outcome}"),
            "1.1 http arrived"
        );
        assert_eq!(filled("%header{X-a}|%header{no}"), "1, 2|");
        assert_eq!(filled("%{header_json}"), r#"{"x-a":["1","2"]}"#);
        assert_eq!(filled("100%% 5% \\t\\x %"), "100% 5% \t\\x %");
        assert_eq!(filled("a%{onerror}b"), "a");
    }

    #[test]
    fn json_has_them_all() {
        let all: Value = serde_json::from_str(&filled("%{json}")).unwrap();
        assert_eq!(all.as_object().unwrap().len(), VARIABLES.len());
        assert_eq!(
            (&all["http_code"], &all["time_total"]),
            (&json!(200), &json!(0.5))
        );
    }

    #[test]
    fn what_is_not_known_is_refused() {
        let why = Format::parse("%{no_such}").unwrap_err();
        assert_eq!(why, "%{no_such} is not known here");
        assert!(VARIABLES.is_sorted_by_key(|(name, _)| *name));
    }

    /// Broken by: keeping the facts of a file that is done, or those of another.
    #[test]
    fn each_file_is_told_at_its_end_and_forgotten() {
        let mut out = WriteOut::new(Format::parse("%{url}").unwrap());
        out.write = |_, text| assert_eq!(text, "http://h/a");
        let (url, target) = ("http://h/a".to_owned(), PathBuf::from("a"));
        out.hear(&event(0, 0, What::Queued { url, target }));
        assert_eq!(out.files.len(), 1);
        out.hear(&event(
            1,
            0,
            What::Done {
                outcome: Outcome::Stopped,
                why: String::new(),
                code: 1,
                received: 0,
                size: 0,
                target: None,
            },
        ));
        assert!(out.files.is_empty());
    }
}
