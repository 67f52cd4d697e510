//! Events as JSON, one object to a line: what `docs/events.md` describes and
//! `docs/events.schema.json` checks.
//!
//! Written by hand, field by field: so the fields stand in an order that a reader can follow,
//! and each has one place where its name is said. Strings are escaped by `serde_json`, and then
//! once more: what could steer a terminal stays exact, but as `\u….`, for somebody will `cat` it.

use std::fmt::Write;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::{Event, Outcome, What};
use crate::show::text;

/// An object that is being written.
pub struct Object(String);

impl Object {
    pub fn new() -> Object {
        Object("{".to_owned())
    }

    pub fn end(mut self) -> String {
        self.0.push('}');
        self.0
    }

    /// A member whose value is JSON already.
    pub fn json(mut self, name: &str, value: &str) -> Object {
        if self.0.len() > 1 {
            self.0.push(',');
        }
        let _ = write!(self.0, "\"{name}\":{value}");
        self
    }

    pub fn text(self, name: &str, value: &str) -> Object {
        self.json(name, &string(value))
    }

    pub fn number(self, name: &str, value: impl Into<u64>) -> Object {
        self.json(name, &value.into().to_string())
    }

    pub fn flag(self, name: &str, value: bool) -> Object {
        self.json(name, if value { "true" } else { "false" })
    }

    pub fn seconds(self, name: &str, value: Duration) -> Object {
        self.json(name, &seconds(value))
    }

    pub fn maybe_text(self, name: &str, value: Option<&str>) -> Object {
        self.json(name, &value.map_or("null".to_owned(), string))
    }

    pub fn maybe_number(self, name: &str, value: Option<u64>) -> Object {
        self.json(name, &value.map_or("null".to_owned(), |n| n.to_string()))
    }

    fn strings(self, name: &str, values: impl Iterator<Item = String>) -> Object {
        self.json(name, &array(values.map(|value| string(&value))))
    }

    fn fields(self, name: &str, fields: &[(String, String)]) -> Object {
        let pair =
            |(name, value): &(String, String)| array([string(name), string(value)].into_iter());
        self.json(name, &array(fields.iter().map(pair)))
    }
}

/// `[a,b]`, of JSON.
pub fn array(values: impl Iterator<Item = String>) -> String {
    format!("[{}]", values.collect::<Vec<_>>().join(","))
}

/// With quotes.
pub fn string(value: &str) -> String {
    let quoted = serde_json::Value::from(value).to_string();
    let mut escaped = String::with_capacity(quoted.len());
    for c in quoted.chars() {
        // Of ASCII, JSON escapes all controls but the last.
        let is_plain = c.is_ascii() && c != '\u{7f}';
        let is_harmless = is_plain || text::harmless(c.encode_utf8(&mut [0; 4])).starts_with(c);
        match is_harmless {
            true => escaped.push(c),
            false => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    let _ = write!(escaped, "\\u{unit:04x}");
                }
            }
        }
    }
    escaped
}

/// To the microsecond.
pub fn seconds(time: Duration) -> String {
    format!("{}.{:06}", time.as_secs(), time.subsec_micros())
}

/// RFC 3339, in UTC, to the millisecond.
pub fn date(time: SystemTime) -> String {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    let (days, second) = (since.as_secs() / 86_400, since.as_secs() % 86_400);
    let (year, month, day) = civil(days);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    let ms = since.subsec_millis();
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{ms:03}Z")
}

/// Year, month and day of the day that comes so many after 1970 began.
fn civil(mut days: u64) -> (u64, u64, u64) {
    let is_leap = |year: u64| {
        year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
    };
    let mut year = 1970;
    while days >= 365 + u64::from(is_leap(year)) {
        days -= 365 + u64::from(is_leap(year));
        year += 1;
    }
    let february = 28 + u64::from(is_leap(year));
    let lengths = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let mut month = 0;
    while days >= lengths[month] {
        days -= lengths[month];
        month += 1;
    }
    (year, month as u64 + 1, days + 1)
}

/// The line of an event, without its end.
pub fn line(event: &Event) -> String {
    let object = Object::new()
        .seconds("t", event.at)
        .text("event", name(&event.what));
    let object = object.number("file", event.file);
    let object = match event.request {
        Some(request) => object.number("request", request),
        None => object,
    };
    let object = match event.connection {
        Some(connection) => object.number("connection", connection),
        None => object,
    };
    with(object, &event.what).end()
}

/// The kind of event, as its `event` says it.
pub fn name(what: &What) -> &'static str {
    match what {
        What::Began { .. } => "began",
        What::Queued { .. } => "queued",
        What::Started => "started",
        What::Wait { .. } => "wait",
        What::Dns { .. } => "dns",
        What::Connect { .. } => "connect",
        What::Tunnel { .. } => "tunnel",
        What::Tls { .. } => "tls",
        What::Request { .. } => "request",
        What::Sent { .. } => "sent",
        What::FirstByte { .. } => "first_byte",
        What::Progress { .. } => "progress",
        What::Stall { .. } => "stall",
        What::Retry { .. } => "retry",
        What::Redirect { .. } => "redirect",
        What::Resume { .. } => "resume",
        What::Verify { .. } => "verify",
        What::Done { .. } => "done",
        What::Ended { .. } => "ended",
    }
}

pub fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Arrived => "arrived",
        Outcome::There => "there",
        Outcome::NotModified => "not_modified",
        Outcome::Failed => "failed",
        Outcome::Stopped => "stopped",
    }
}

fn with(object: Object, what: &What) -> Object {
    match what {
        What::Began { time, files, jobs } => object
            .text("time", &date(*time))
            .number("files", *files)
            .number("jobs", *jobs),
        What::Queued { url, target } => object
            .text("url", url)
            .text("target", &target.to_string_lossy()),
        What::Started => object,
        What::Wait { took } => object.seconds("took", *took),
        What::Dns {
            took,
            host,
            addresses,
            cached,
            error,
        } => object
            .seconds("took", *took)
            .text("host", host)
            .strings("addresses", addresses.iter().map(ToString::to_string))
            .flag("cached", *cached)
            .maybe_text("error", error.as_deref()),
        What::Connect {
            took,
            address,
            error,
        } => object
            .seconds("took", *took)
            .text("address", address)
            .maybe_text("error", error.as_deref()),
        What::Tunnel { took, proxy, error } => object
            .seconds("took", *took)
            .text("proxy", proxy)
            .maybe_text("error", error.as_deref()),
        What::Tls {
            took,
            version,
            cipher,
            error,
        } => object
            .seconds("took", *took)
            .maybe_text("version", version.as_deref())
            .maybe_text("cipher", cipher.as_deref())
            .maybe_text("error", error.as_deref()),
        What::Request {
            method,
            url,
            reused,
            range,
            headers,
        } => object
            .text("method", method)
            .text("url", url)
            .flag("reused", *reused)
            .json("range", &range_of(*range))
            .fields("headers", headers),
        What::Sent { body } => object.number("body", *body),
        What::FirstByte {
            version,
            status,
            length,
            headers,
        } => object
            .text("version", version)
            .number("status", *status)
            .maybe_number("length", *length)
            .fields("headers", headers),
        What::Progress {
            received,
            size,
            total,
        } => object
            .number("received", *received)
            .number("size", *size)
            .maybe_number("total", *total),
        What::Stall { silent } => object.seconds("silent", *silent),
        What::Retry { why, wait, tries } => object
            .text("why", why)
            .seconds("wait", *wait)
            .number("tries", *tries),
        What::Redirect { status, to } => object.number("status", *status).text("to", to),
        What::Resume { from, total } => object.number("from", *from).maybe_number("total", *total),
        What::Verify { algorithm, good } => object.text("algorithm", algorithm).flag("good", *good),
        What::Done {
            outcome: which,
            why,
            code,
            received,
            size,
            target,
        } => object
            .text("outcome", outcome(*which))
            .text("why", why)
            .number("code", *code)
            .number("received", *received)
            .number("size", *size)
            .maybe_text(
                "target",
                target
                    .as_ref()
                    .map(|path| path.to_string_lossy())
                    .as_deref(),
            ),
        What::Ended { code } => object.number("code", *code),
    }
}

fn range_of(range: Option<(u64, Option<u64>)>) -> String {
    match range {
        None => "null".to_owned(),
        Some((first, None)) => format!("[{first},null]"),
        Some((first, Some(last))) => format!("[{first},{last}]"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        let at = |seconds: u64| date(UNIX_EPOCH + Duration::from_millis(seconds * 1000 + 7));
        assert_eq!(at(0), "1970-01-01T00:00:00.007Z");
        assert_eq!(at(951_827_696), "2000-02-29T12:34:56.007Z");
        assert_eq!(at(4_107_542_399), "2100-02-28T23:59:59.007Z");
        assert_eq!(at(4_107_542_400), "2100-03-01T00:00:00.007Z");
    }

    /// Broken by: taking what `serde_json` writes as it is.
    #[test]
    fn strings_stay_exact_and_steer_no_terminal() {
        let hostile = "a\"\\\u{1b}[2J\r\n\u{7f}\u{9b}\u{202e}文\u{e0001}👩";
        let quoted = string(hostile);
        assert!(!quoted.contains(|c: char| c.is_control() || "\u{202e}\u{e0001}".contains(c)));
        assert!(quoted.contains('文'));
        let read: String = serde_json::from_str(&quoted).unwrap();
        assert_eq!(read, hostile);
    }

    #[test]
    fn an_event_is_one_line_of_json() {
        let event = Event {
            at: Duration::from_micros(1_250_003),
            file: 2,
            request: Some(3),
            connection: None,
            what: What::Progress {
                received: 5,
                size: 9,
                total: None,
            },
        };
        let expected = r#"{"t":1.250003,"event":"progress","file":2,"request":3,"received":5,"size":9,"total":null}"#;
        assert_eq!(line(&event), expected);
    }
}
