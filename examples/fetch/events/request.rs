//! One request's side of the log: the client's own events, in the words of [`What`].
//!
//! The client counts a redirect as a step of one request. Here it is two: each message to a
//! server has a number of its own.

use std::cell::Cell;
use std::rc::Rc;

use hob::http::{self, HeaderMap, RequestBuilder, Step, Url, header};

use super::{FileLog, What};
use crate::show::{fields, text};

/// Has the log told of what `request`, which is for `file`, goes through.
pub fn observe(file: &Rc<FileLog>, request: RequestBuilder) -> RequestBuilder {
    let asked = Asked {
        file: file.clone(),
        number: Cell::new(file.log.next_request()),
        connection: Cell::new(None),
        is_sent: Cell::new(false),
        received: Cell::new(0),
        shown: Cell::new(0),
    };
    request.observer(move |event| asked.hear(event))
}

struct Asked {
    file: Rc<FileLog>,
    number: Cell<u64>,
    connection: Cell<Option<u64>>,
    /// Did it go out? Once more makes another request of it.
    is_sent: Cell<bool>,
    /// Of its body.
    received: Cell<u64>,
    /// How much of that was told.
    shown: Cell<u64>,
}

impl Asked {
    fn hear(&self, event: &http::Event<'_>) {
        self.connection.set(event.connection);
        match &event.step {
            // What came before this piece is in the file by now.
            Step::Received { bytes } => {
                if self.file.is_due() {
                    self.progress();
                }
                self.received.set(self.received.get() + *bytes as u64);
            }
            Step::Finished { .. } => self.progress(),
            Step::Replaced => self.renew(),
            Step::Sending { .. } if self.is_sent.get() => {
                self.renew();
                self.tell(&event.step);
            }
            step => self.tell(step),
        }
        match &event.step {
            Step::Sending { .. } => self.is_sent.set(true),
            Step::Answered { .. } => self.file.begins(),
            Step::Redirected { .. } | Step::Retrying { .. } => self.renew(),
            _ => {}
        }
    }

    /// What follows is another request.
    fn renew(&self) {
        self.number.set(self.file.log.next_request());
        self.is_sent.set(false);
        self.received.set(0);
        self.shown.set(0);
    }

    fn progress(&self) {
        self.shown.set(self.received.get());
        let (number, connection) = (self.number.get(), self.connection.get());
        self.file.progress(number, connection, self.received.get());
    }

    fn tell(&self, step: &Step<'_>) {
        let (file, number) = (&self.file, self.number.get());
        if let Some(what) = what(step) {
            let log = &file.log;
            log.tell_of(file.number, number, self.connection.get(), || what);
        }
    }
}

impl Drop for Asked {
    /// A body that nobody read to its end.
    fn drop(&mut self) {
        if self.received.get() > self.shown.get() {
            self.progress();
        }
    }
}

/// What the log calls it, if it is worth telling.
fn what(step: &Step<'_>) -> Option<What> {
    Some(match step {
        Step::Waited { took } => What::Wait { took: *took },
        Step::Resolved {
            took,
            host,
            cached,
            result,
        } => What::Dns {
            took: *took,
            host: (*host).to_owned(),
            addresses: result.unwrap_or_default().to_vec(),
            cached: *cached,
            error: words(result.err()),
        },
        Step::Connected {
            took,
            address,
            result,
        } => What::Connect {
            took: *took,
            address: address.map_or("a Unix socket".to_owned(), |a| a.to_string()),
            error: words(result.err()),
        },
        Step::Tunneled {
            took,
            proxy,
            result,
        } => What::Tunnel {
            took: *took,
            proxy: (*proxy).to_owned(),
            error: words(result.err()),
        },
        Step::Secured { took, result } => What::Tls {
            took: *took,
            version: result.ok().map(|session| session.version().to_owned()),
            cipher: result.ok().map(|session| session.cipher_suite().to_owned()),
            error: words(result.err()),
        },
        Step::Sending {
            method,
            url,
            headers,
            reused,
        } => What::Request {
            method: method.to_string(),
            url: text::url(url),
            reused: *reused,
            range: range(headers),
            headers: with_host(url, headers),
        },
        Step::Sent { body } => What::Sent { body: *body },
        Step::Answered {
            version,
            status,
            headers,
        } => What::FirstByte {
            version: format!("{version:?}"),
            status: status.as_u16(),
            length: length(headers),
            headers: fields::shown(headers),
        },
        Step::Retrying {
            wait,
            tries,
            result,
        } => What::Retry {
            why: match result {
                Ok(status) => format!("answered with status {}", status.as_u16()),
                Err(kind) => text::harmless(&kind.to_string()),
            },
            wait: *wait,
            tries: *tries,
        },
        Step::Redirected { status, to } => What::Redirect {
            status: status.as_u16(),
            to: text::url(to),
        },
        // A failure is told by whoever asked: as another try, or as the end.
        _ => return None,
    })
}

fn words(error: Option<&impl std::fmt::Display>) -> Option<String> {
    error.map(|error| text::harmless(&error.to_string()))
}

/// `bytes=5-` or `bytes=5-9`, as we ask for them.
fn range(headers: &HeaderMap) -> Option<(u64, Option<u64>)> {
    let range = headers.get(header::RANGE)?.to_str().ok()?;
    let (first, last) = range.strip_prefix("bytes=")?.split_once('-')?;
    Some((first.parse().ok()?, last.parse().ok()))
}

fn length(headers: &HeaderMap) -> Option<u64> {
    headers
        .get(header::CONTENT_LENGTH)?
        .to_str()
        .ok()?
        .parse()
        .ok()
}

fn with_host(url: &Url, headers: &HeaderMap) -> Vec<(String, String)> {
    let mut shown = fields::shown(headers);
    if !headers.contains_key(header::HOST) {
        let host = url.host_str().unwrap_or_default();
        let port = url.port().map_or(String::new(), |port| format!(":{port}"));
        shown.insert(0, ("host".to_owned(), format!("{host}{port}")));
    }
    shown
}
