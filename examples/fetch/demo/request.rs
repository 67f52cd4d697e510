//! Bytes in, requests out: the half of HTTP/1.1 that a server reads, without any I/O.
//!
//! Law: TCP carries a stream of bytes. A read may bring half a request, or three of them
//! (*pipelining*: a client may send the next before it has the answer to the first).
//! Consequence: whatever follows a request in the buffer belongs to the next one and stays.
//! So the server [feeds](Requests::feed) what it read, takes requests until there is no
//! whole one left, answers them in order, and only then reads on.
//!
//! Every limit is here: a head may have [`HEAD_MAX`] bytes and [`HEADERS_MAX`] fields. What
//! breaks a rule is a [`Refusal`], with the status to send before the connection is closed:
//! after it nobody can say where the next request would begin.

/// The longest head that is read: request line and header fields.
pub const HEAD_MAX: usize = 16 * 1024;

const HEADERS_MAX: usize = 64;

/// What a client asks for.
#[derive(Debug, PartialEq)]
pub struct Request {
    pub method: Method,
    /// As sent, without the query; begins with a slash.
    pub path: String,
    /// May the connection be used again afterwards?
    pub keep_alive: bool,
    /// May the answer be chunked? HTTP/1.0 does not know that.
    pub chunks_known: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    Get,
    /// As GET, but the answer has no body.
    Head,
}

/// Why a request is not answered as it would like: the status line's code and phrase.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refusal(pub u16, pub &'static str);

/// The requests of one connection.
#[derive(Debug, Default)]
pub struct Requests {
    /// What came in and was not part of a request so far. Never grows beyond one head and
    /// one read.
    buffer: Vec<u8>,
    /// Where the search for the end of the head goes on: what is before it was looked at.
    searched: usize,
}

impl Requests {
    pub fn feed(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The next whole request; `Ok(None)` if more bytes are needed for that.
    pub fn next(&mut self) -> Result<Option<Request>, Refusal> {
        // RFC 9112, 2.2: blank lines before a request are to be forgiven.
        let blank = self
            .buffer
            .iter()
            .take_while(|b| b"\r\n".contains(b))
            .count();
        self.buffer.drain(..blank);
        let Some(length) = self.head_length() else {
            let too_long = self.buffer.len() > HEAD_MAX;
            return match too_long {
                true => Err(Refusal(431, "Request Header Fields Too Large")),
                false => Ok(None),
            };
        };
        if length > HEAD_MAX {
            return Err(Refusal(431, "Request Header Fields Too Large"));
        }
        let request = understand(&self.buffer[..length])?;
        self.buffer.drain(..length);
        self.searched = 0;
        Ok(Some(request))
    }

    /// The length of the head with its blank line, once that is there. Looks at each byte
    /// once, however small the pieces are in which it comes.
    fn head_length(&mut self) -> Option<usize> {
        const END: &[u8] = b"\r\n\r\n";
        let from = self.searched.min(self.buffer.len());
        let found = self.buffer[from..]
            .windows(END.len())
            .position(|four| four == END);
        // The end may be half there: the last three bytes are looked at again.
        self.searched = self.buffer.len().saturating_sub(END.len() - 1);
        found.map(|at| from + at + END.len())
    }
}

/// Reads one whole head.
fn understand(head: &[u8]) -> Result<Request, Refusal> {
    const BAD: Refusal = Refusal(400, "Bad Request");
    let mut fields = [httparse::EMPTY_HEADER; HEADERS_MAX];
    let mut parsed = httparse::Request::new(&mut fields);
    match parsed.parse(head) {
        Ok(httparse::Status::Complete(_)) => {}
        Ok(httparse::Status::Partial) => return Err(BAD),
        Err(httparse::Error::Version) => return Err(Refusal(505, "HTTP Version Not Supported")),
        Err(httparse::Error::TooManyHeaders) => {
            return Err(Refusal(431, "Request Header Fields Too Large"));
        }
        Err(_) => return Err(BAD),
    }
    let newer = parsed.version == Some(1);
    let hosts = values(parsed.headers, "host").count();
    // RFC 9112, 3.2: HTTP/1.1 has exactly one Host.
    if hosts > 1 || (newer && hosts == 0) {
        return Err(BAD);
    }
    no_body(parsed.headers)?;
    let method = match parsed.method {
        Some("GET") => Method::Get,
        Some("HEAD") => Method::Head,
        _ => return Err(Refusal(501, "Not Implemented")),
    };
    Ok(Request {
        method,
        path: path(parsed.path.unwrap_or("")).ok_or(BAD)?,
        keep_alive: keep_alive(parsed.headers, newer),
        chunks_known: newer,
    })
}

/// Neither GET nor HEAD needs a body, so none is read. One that is announced is refused:
/// ignoring it would take its bytes for the next request (request smuggling).
fn no_body(fields: &[httparse::Header<'_>]) -> Result<(), Refusal> {
    let coded = values(fields, "transfer-encoding").next().is_some();
    let mut lengths = values(fields, "content-length");
    match coded || lengths.any(|length| length != b"0") {
        true => Err(Refusal(413, "Content Too Large")),
        false => Ok(()),
    }
}

/// `/a?b` and `http://host/a?b` are both `/a`.
fn path(target: &str) -> Option<String> {
    let origin_form = match target.split_once("://") {
        Some((_scheme, rest)) => rest.find('/').map_or("/", |slash| &rest[slash..]),
        None => target,
    };
    let path = origin_form.split('?').next().unwrap_or("");
    path.starts_with('/').then(|| path.to_owned())
}

/// HTTP/1.1 keeps the connection unless told otherwise; HTTP/1.0 the other way round.
fn keep_alive(fields: &[httparse::Header<'_>], newer: bool) -> bool {
    let has = |option: &str| {
        values(fields, "connection")
            .flat_map(|value| value.split(|&b| b == b','))
            .any(|o| o.trim_ascii().eq_ignore_ascii_case(option.as_bytes()))
    };
    !has("close") && (newer || has("keep-alive"))
}

/// The values of all fields with this name.
fn values<'a>(fields: &'a [httparse::Header<'a>], name: &'a str) -> impl Iterator<Item = &'a [u8]> {
    fields
        .iter()
        .filter(move |field| field.name.eq_ignore_ascii_case(name))
        .map(|field| field.value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(bytes: &str) -> Result<Option<Request>, Refusal> {
        let mut requests = Requests::default();
        requests.feed(bytes.as_bytes());
        requests.next()
    }

    fn get(path: &str) -> Request {
        Request {
            method: Method::Get,
            path: path.to_owned(),
            keep_alive: true,
            chunks_known: true,
        }
    }

    #[test]
    fn pipelined_requests_come_out_in_order_however_they_are_split() {
        let bytes = b"\r\nGET /a HTTP/1.1\r\nHost: h\r\n\r\n\
                      HEAD /b?q HTTP/1.1\r\nhost: h\r\nConnection: TE, Close\r\n\r\n\
                      GET http://h/c HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET /d";
        for size in 1..bytes.len() {
            let mut requests = Requests::default();
            let mut found = Vec::new();
            for piece in bytes.chunks(size) {
                requests.feed(piece);
                while let Some(request) = requests.next().unwrap() {
                    found.push(request);
                }
            }
            let head = Request {
                method: Method::Head,
                keep_alive: false,
                ..get("/b")
            };
            let old = Request {
                chunks_known: false,
                ..get("/c")
            };
            assert_eq!(found, [get("/a"), head, old], "in pieces of {size}");
            assert_eq!(
                requests.buffer, b"GET /d",
                "the half one waits for its rest"
            );
        }
    }

    #[test]
    fn what_breaks_a_rule_is_refused_with_its_status() {
        let status = |bytes: &str| one(bytes).map(|r| panic!("{r:?}")).unwrap_err().0;
        assert_eq!(status("GET / HTTP/1.1\r\n\r\n"), 400, "no Host");
        assert_eq!(status("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"), 400);
        assert_eq!(status("GET  / HTTP/1.1\r\nHost: h\r\n\r\n"), 400);
        assert_eq!(status("GET * HTTP/1.1\r\nHost: h\r\n\r\n"), 400);
        assert_eq!(status("GET / HTTP/2.0\r\nHost: h\r\n\r\n"), 505);
        assert_eq!(status("POST / HTTP/1.1\r\nHost: h\r\n\r\n"), 501);
        for body in [
            "Content-Length: 5",
            "Transfer-Encoding: chunked",
            "Content-Length: +0",
        ] {
            let bytes = format!("GET / HTTP/1.1\r\nHost: h\r\n{body}\r\n\r\n");
            assert_eq!(status(&bytes), 413, "{body}");
        }
        assert!(one("GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n").is_ok());
    }

    #[test]
    fn an_endless_head_is_refused_and_not_kept() {
        let fields = "A: b\r\n".repeat(HEADERS_MAX + 1);
        let many = one(&format!("GET / HTTP/1.1\r\nHost: h\r\n{fields}\r\n"));
        assert_eq!(many.unwrap_err().0, 431);
        let mut requests = Requests::default();
        requests.feed(b"GET / HTTP/1.1\r\nX: ");
        for fed in (0..).step_by(1000) {
            requests.feed(&[b'x'; 1000]);
            if requests.next().is_err() {
                assert!((HEAD_MAX - 1100..HEAD_MAX + 1000).contains(&fed), "{fed}");
                break;
            }
            assert!(fed <= HEAD_MAX, "never refused");
        }
    }
}
