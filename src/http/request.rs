//! Writes the head of a request: the last door before the wire.
//!
//! Law: HTTP/1.1 separates fields by line ends and nothing else, so a line end that slips into
//! a target or a value *is* a new field, or a whole second request (CVE-2017-18587,
//! CVE-2014-8150). Consequence: nothing is written that has not been looked at here, though
//! the types of the `http` and `url` crates promise most of it already. Price: one scan of a
//! few hundred bytes for each request.
//!
//! - I1: the head has exactly one line end for the request line, one for each field and one
//!   for the blank line, and every other byte is visible ASCII, space, tab or obs-text.
//! - I2: at most one of `Content-Length` and `Transfer-Encoding`, and only from [`Length`]:
//!   what frames the message is hob's own to say, never the caller's.
//! - I3: exactly one `Host`.
//!
//! This file is long because half of it is tests, one for each thing that must not get out.

use ::http::Method;
use ::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use ::url::Url;

use crate::http::error::ErrorKind;
use crate::http::url;

/// How much body follows the head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Length {
    /// None at all.
    Nothing,
    /// So many bytes, known beforehand.
    Known(u64),
    /// As many as there are, in chunks (RFC 9112 §7.1). A server of HTTP/1.0 cannot read that;
    /// others may want a length all the same, and say 411.
    Chunked,
}

/// Fields that speak of the connection or of how the message is framed. hob writes them, or
/// does without: a caller who could set them could make two requests of one.
const OWN: [HeaderName; 10] = [
    header::CONTENT_LENGTH,
    header::TRANSFER_ENCODING,
    header::TE,
    header::TRAILER,
    header::UPGRADE,
    header::EXPECT,
    HeaderName::from_static("keep-alive"),
    // Credentials for a proxy are given with the proxy. Here they would go to the host.
    header::PROXY_AUTHORIZATION,
    HeaderName::from_static("proxy-connection"),
    HeaderName::from_static("http2-settings"),
];

/// What a server must know before the body, beside [`OWN`].
const EARLY: [HeaderName; 12] = [
    header::AUTHORIZATION,
    header::CACHE_CONTROL,
    header::CONNECTION,
    header::CONTENT_ENCODING,
    header::CONTENT_RANGE,
    header::CONTENT_TYPE,
    header::COOKIE,
    header::HOST,
    header::IF_MATCH,
    header::IF_NONE_MATCH,
    header::PROXY_AUTHORIZATION,
    header::RANGE,
];

/// Everything that a head is made of.
#[derive(Clone, Copy)]
pub(crate) struct Head<'a> {
    pub(crate) method: &'a Method,
    pub(crate) url: &'a Url,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) length: Length,
    /// Does the body wait for a 100 (RFC 9110 §10.1.1)?
    pub(crate) expects: bool,
}

/// The form of the target (RFC 9112 §3.2).
#[derive(Clone, Copy)]
enum Form<'a> {
    /// Path and query: to the host itself.
    Origin,
    /// The whole URL: to a proxy, with what it takes as proof of who we are.
    Absolute(Option<&'a HeaderValue>),
}

impl Head<'_> {
    /// The head as it goes onto the wire, blank line included; or why it must not.
    pub(crate) fn write(&self) -> Result<Vec<u8>, ErrorKind> {
        self.write_as(Form::Origin)
    }

    /// The head for a proxy that is to forward the request (RFC 9112 §3.2.2), with the value
    /// of its `Proxy-Authorization`, if it has one. It is the proxy's and goes no further.
    pub(crate) fn write_for_proxy(
        &self,
        authorization: Option<&HeaderValue>,
    ) -> Result<Vec<u8>, ErrorKind> {
        if self.headers.contains_key(header::HOST) {
            let what = "a proxy takes the host from the URL, so it can have no Host of its own";
            return Err(ErrorKind::request(what, "RFC 9112 §3.2.2"));
        }
        self.write_as(Form::Absolute(authorization))
    }

    fn write_as(&self, form: Form<'_>) -> Result<Vec<u8>, ErrorKind> {
        self.check()?;
        let mut out = Vec::with_capacity(256);
        self.write_request_line(&mut out, form);
        self.write_host(&mut out);
        if let Form::Absolute(Some(value)) = form {
            write_field(&mut out, &header::PROXY_AUTHORIZATION, value.as_bytes());
        }
        for (name, value) in self.headers {
            if name != header::HOST {
                write_field(&mut out, name, value.as_bytes());
            }
        }
        self.write_length(&mut out);
        if self.expects {
            write_field(&mut out, &header::EXPECT, b"100-continue");
        }
        out.extend_from_slice(b"\r\n");
        debug_assert!(is_one_head(&out, self.headers.len()), "I1");
        Ok(out)
    }

    fn check(&self) -> Result<(), ErrorKind> {
        check_method(self.method, self.length)?;
        check_target(url::target(self.url))?;
        self.headers
            .iter()
            .try_for_each(|(name, value)| check_field(name, value))?;
        if self.headers.get_all(header::HOST).iter().count() > 1 {
            let what = "more than one Host";
            return Err(ErrorKind::request(what, "RFC 9112 §3.2")); // I3
        }
        Ok(())
    }

    fn write_request_line(&self, out: &mut Vec<u8>, form: Form<'_>) {
        out.extend_from_slice(self.method.as_str().as_bytes());
        out.push(b' ');
        if let Form::Absolute(_) = form {
            for part in [self.url.scheme(), "://", url::authority(self.url)] {
                out.extend_from_slice(part.as_bytes());
            }
        }
        out.extend_from_slice(url::target(self.url).as_bytes());
        out.extend_from_slice(b" HTTP/1.1\r\n");
    }

    /// First of the fields, as RFC 9110 §7.2 likes it. The caller's own, if there is one.
    fn write_host(&self, out: &mut Vec<u8>) {
        let own = self.headers.get(header::HOST).map(HeaderValue::as_bytes);
        let host = own.unwrap_or_else(|| url::authority(self.url).as_bytes());
        write_field(out, &header::HOST, host);
    }

    fn write_length(&self, out: &mut Vec<u8>) {
        let length = match self.length {
            Length::Known(length) => length,
            // RFC 9110 §8.6: these are expected to bring content, so say that there is none.
            Length::Nothing if usually_has_a_body(self.method) => 0,
            Length::Nothing => return,
            Length::Chunked => return write_field(out, &header::TRANSFER_ENCODING, b"chunked"),
        };
        write_field(out, &header::CONTENT_LENGTH, length.to_string().as_bytes());
    }
}

/// The fields behind the last chunk of a request, each with its line end. What frames, routes
/// or unpacks a message, or says who asks, must be known before it (RFC 9110 §6.5.1).
pub(crate) fn write_trailers(out: &mut Vec<u8>, trailers: &HeaderMap) -> Result<(), ErrorKind> {
    for (name, value) in trailers {
        check_field(name, value)?;
        if EARLY.contains(name) {
            let what = "it has a trailer that belongs into the head";
            return Err(ErrorKind::request(what, "RFC 9110 §6.5.1"));
        }
        write_field(out, name, value.as_bytes());
    }
    Ok(())
}

fn usually_has_a_body(method: &Method) -> bool {
    matches!(*method, Method::POST | Method::PUT | Method::PATCH)
}

fn write_field(out: &mut Vec<u8>, name: &HeaderName, value: &[u8]) {
    out.extend_from_slice(name.as_str().as_bytes());
    out.extend_from_slice(b": ");
    out.extend_from_slice(value);
    out.extend_from_slice(b"\r\n");
}

/// A method is a token, which the type guarantees. Two of them need more than we can give.
fn check_method(method: &Method, length: Length) -> Result<(), ErrorKind> {
    debug_assert!(method.as_str().bytes().all(is_token));
    match *method {
        Method::CONNECT => Err(ErrorKind::request(
            "CONNECT makes a tunnel, which only a proxy needs",
            "RFC 9110 §9.3.6",
        )),
        Method::TRACE if length != Length::Nothing => {
            Err(ErrorKind::request("TRACE takes no body", "RFC 9110 §9.3.8"))
        }
        _ => Ok(()),
    }
}

fn check_target(target: &str) -> Result<(), ErrorKind> {
    if target.starts_with('/') && target.bytes().all(|b| b.is_ascii_graphic()) {
        return Ok(());
    }
    let what = "the target has a character that no target has";
    Err(ErrorKind::request(what, "RFC 9112 §3.2"))
}

fn check_field(name: &HeaderName, value: &HeaderValue) -> Result<(), ErrorKind> {
    if OWN.contains(name) {
        let what = "it has a header that only hob itself may set";
        return Err(ErrorKind::request(what, "RFC 9112 §6")); // I2
    }
    let value = value.as_bytes();
    if *name == header::CONNECTION && !value.eq_ignore_ascii_case(b"close") {
        let what = "it has a Connection header other than close";
        return Err(ErrorKind::request(what, "RFC 9112 §9.6"));
    }
    check_bytes(name.as_str().as_bytes(), value)
}

fn check_bytes(name: &[u8], value: &[u8]) -> Result<(), ErrorKind> {
    if name.iter().copied().all(is_token) && value.iter().copied().all(is_value_byte) {
        return Ok(());
    }
    let what = "a header has a character that no header has";
    Err(ErrorKind::request(what, "RFC 9110 §5.5"))
}

/// tchar of RFC 9110 §5.6.2.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// field-vchar, space and tab of RFC 9110 §5.5.
fn is_value_byte(byte: u8) -> bool {
    matches!(byte, b'\t' | b' '..=b'~' | 0x80..)
}

/// I1, for `debug_assert!`: request line, `fields` of the caller (`Host` among them or not),
/// perhaps a length and an expectation, perhaps what a proxy wants to know, blank line.
fn is_one_head(out: &[u8], fields: usize) -> bool {
    let ends = out.windows(2).filter(|pair| pair == b"\r\n").count();
    let loose = out.iter().filter(|b| matches!(b, b'\r' | b'\n')).count();
    (fields + 2..=fields + 5).contains(&ends) && loose == 2 * ends
}

/// May a request of this method be sent again when nobody knows whether the server acted on
/// the first (RFC 9110 §9.2.2)?
pub(crate) fn is_idempotent(method: &Method) -> bool {
    method.is_idempotent()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        url::parse(text).expect("a good URL")
    }

    fn written(method: &Method, at: &str, headers: &HeaderMap, length: Length) -> String {
        let url = url(at);
        let head = Head {
            method,
            url: &url,
            headers,
            length,
            expects: false,
        };
        head.write().map_or_else(
            |error| format!("error: {error}"),
            |out| String::from_utf8(out).expect("ASCII"),
        )
    }

    fn with(name: &'static str, value: &'static str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(name, HeaderValue::from_static(value));
        headers
    }

    #[test]
    fn a_plain_get_is_three_lines_and_a_blank_one() {
        let text = written(
            &Method::GET,
            "http://h:81/a?b#c",
            &with("accept", "*/*"),
            Length::Nothing,
        );
        assert_eq!(
            text,
            "GET /a?b HTTP/1.1\r\nhost: h:81\r\naccept: */*\r\n\r\n"
        );
    }

    #[test]
    fn a_body_is_announced_and_so_is_the_lack_of_one_where_one_is_expected() {
        let none = HeaderMap::new();
        let put = written(&Method::PUT, "http://h/", &none, Length::Known(12));
        assert!(put.contains("\r\ncontent-length: 12\r\n"));
        let post = written(&Method::POST, "http://h/", &none, Length::Nothing);
        assert!(post.contains("\r\ncontent-length: 0\r\n"));
        let get = written(&Method::GET, "http://h/", &none, Length::Nothing);
        assert!(!get.contains("content-length"));
    }

    #[test]
    fn the_callers_host_is_used_once_and_two_are_refused() {
        let mut headers = with("host", "other");
        let text = written(&Method::GET, "http://h/", &headers, Length::Nothing);
        assert_eq!(text, "GET / HTTP/1.1\r\nhost: other\r\n\r\n");
        headers.append("host", HeaderValue::from_static("third"));
        let text = written(&Method::GET, "http://h/", &headers, Length::Nothing);
        assert!(text.starts_with("error"), "{text}");
    }

    /// Broken by: leaving any name out of `OWN`.
    #[test]
    fn nobody_else_frames_the_message() {
        for name in OWN {
            let mut headers = HeaderMap::new();
            headers.insert(name.clone(), HeaderValue::from_static("1"));
            let text = written(&Method::GET, "http://h/", &headers, Length::Nothing);
            assert!(text.starts_with("error"), "{name}: {text}");
        }
        let upgrade = with("connection", "upgrade");
        assert!(written(&Method::GET, "http://h/", &upgrade, Length::Nothing).starts_with("err"));
        let close = with("connection", "Close");
        assert!(written(&Method::GET, "http://h/", &close, Length::Nothing).contains("Close"));
    }

    #[test]
    fn methods_that_we_cannot_serve_are_refused() {
        let none = HeaderMap::new();
        let connect = written(&Method::CONNECT, "http://h/", &none, Length::Nothing);
        assert!(connect.contains("tunnel"));
        let trace = written(&Method::TRACE, "http://h/", &none, Length::Known(1));
        assert!(trace.contains("no body"));
        assert!(written(&Method::TRACE, "http://h/", &none, Length::Nothing).starts_with("TRACE"));
    }

    /// Broken by: `is_ascii_graphic` → `true` in `check_target`.
    #[test]
    fn no_target_with_space_line_end_nul_or_beyond_ascii_is_written() {
        for bad in ["/a b", "/a\r\nX: y", "/\0", "/é", "/\x7f", "", "x"] {
            assert!(check_target(bad).is_err(), "{bad:?}");
        }
        assert!(check_target("/!#$%&'()*+,-./09:;<=>?@AZ[]^_`az{|}~").is_ok());
    }

    /// The types of the `http` crate let none of these come so far; this is the second lock.
    #[test]
    fn a_field_with_a_wrong_byte_in_name_or_value_is_not_written() {
        assert!(check_bytes(b"x-name", b"a\tb \xff").is_ok());
        for (name, value) in [
            ("x\r\ny", "v"),
            ("x", "v\r\ny: z"),
            ("x y", "v"),
            ("x", "\0"),
        ] {
            let result = check_bytes(name.as_bytes(), value.as_bytes());
            assert!(result.is_err(), "{name:?}: {value:?}");
        }
    }

    #[test]
    fn a_head_with_a_line_too_many_or_a_loose_end_would_be_noticed() {
        let lines = |fields: usize| format!("GET / HTTP/1.1\r\n{}\r\n", "a: b\r\n".repeat(fields));
        // With the caller's own Host, or with ours, with a length, an expectation, and for a proxy.
        for fields in [3, 4, 5, 6] {
            assert!(is_one_head(lines(fields).as_bytes(), 3), "{fields}");
        }
        for fields in [2, 7] {
            assert!(!is_one_head(lines(fields).as_bytes(), 3), "{fields}");
        }
        for loose in ["\r", "\n"] {
            assert!(!is_one_head((lines(3) + loose).as_bytes(), 3), "{loose:?}");
        }
    }

    #[test]
    fn what_may_be_repeated_is_what_the_rfc_calls_idempotent() {
        for method in ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE"] {
            assert!(
                is_idempotent(&method.parse().expect("a method")),
                "{method}"
            );
        }
        for method in ["POST", "PATCH", "BREW"] {
            assert!(
                !is_idempotent(&method.parse().expect("a method")),
                "{method}"
            );
        }
    }

    #[test]
    fn bytes_of_tokens_and_values_are_those_of_the_rfc() {
        for byte in 0..=255_u8 {
            let delimiter = b"\"(),/:;<=>?@[\\]{}".contains(&byte);
            assert_eq!(
                is_token(byte),
                byte.is_ascii_graphic() && !delimiter,
                "{byte}"
            );
            let control = byte.is_ascii_control() && byte != b'\t';
            assert_eq!(is_value_byte(byte), !control, "{byte}");
        }
    }
}
