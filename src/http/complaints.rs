//! Tests of `error`: what each kind of error says, to people and to programs.

use std::error::Error as _;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use ::http::StatusCode;

use crate::http::error::TlsError;
use crate::http::error::{Deadline, Error, ErrorKind, Phase, ProxyFault, Violation};

const URL: &str = "http://h/";

fn address() -> SocketAddr {
    ([192, 0, 2, 1], 80).into()
}

fn refused() -> io::Error {
    io::ErrorKind::ConnectionRefused.into()
}

fn early(wanted: Option<u64>) -> ErrorKind {
    let phase = Phase::Body;
    let got = 5;
    ErrorKind::EndedEarly { phase, got, wanted }
}

fn timeout(deadline: Deadline) -> ErrorKind {
    let after = Duration::from_secs(3);
    ErrorKind::Timeout { deadline, after }
}

fn wrong_length(got: u64) -> ErrorKind {
    let announced = 9;
    ErrorKind::WrongLength { got, announced }
}

fn scheme(scheme: &str) -> ErrorKind {
    let scheme = scheme.to_string();
    ErrorKind::Scheme { scheme }
}

fn redirect() -> ErrorKind {
    let (what, rule) = ("nowhere to go", "RFC 9110 §15.4");
    ErrorKind::Redirect(Violation { what, rule })
}

fn proxy(why: ProxyFault) -> ErrorKind {
    let proxy = "http://p:3128".to_string();
    ErrorKind::Proxy { proxy, why }
}

/// Every kind, with words that it must say, and the kind of `io::Error` that it becomes.
fn kinds() -> Vec<(ErrorKind, &'static str, io::ErrorKind)> {
    use io::ErrorKind::{
        ConnectionRefused, InvalidData, InvalidInput, Other, TimedOut, UnexpectedEof, Unsupported,
    };
    let what = "no good";
    let (limit, to) = (7, "http://h/".to_string());
    let (phase, source) = (Phase::Head, refused());
    vec![
        (
            ErrorKind::Url { what },
            "not a URL to ask for: no good",
            InvalidInput,
        ),
        (scheme("https"), "TLS, which is not built in", Unsupported),
        (scheme("ftp"), "no way to speak \"ftp\"", Unsupported),
        (
            ErrorKind::request(what, "RFC 1"),
            "not sent: no good [RFC 1]",
            InvalidInput,
        ),
        (
            ErrorKind::Lookup(refused()),
            "looking up the host failed",
            ConnectionRefused,
        ),
        (
            ErrorKind::Connect(refused()),
            "connecting failed",
            ConnectionRefused,
        ),
        (
            ErrorKind::Tls(TlsError::UnknownIssuer),
            "no trusted connection: the server's certificate is signed by nobody",
            InvalidData,
        ),
        (
            timeout(Deadline::Tls),
            "agreeing upon TLS took longer than 3s",
            TimedOut,
        ),
        (
            ErrorKind::broken(Phase::Handshake, refused()),
            "broke while agreeing upon TLS",
            ConnectionRefused,
        ),
        (
            proxy(ProxyFault::Setting("it has no host")),
            "proxy http://p:3128: it cannot be used: it has no host",
            InvalidInput,
        ),
        (
            proxy(ProxyFault::Connect(refused())),
            "proxy http://p:3128: connecting to it failed",
            ConnectionRefused,
        ),
        (
            proxy(ProxyFault::Status(StatusCode::BAD_GATEWAY)),
            "proxy http://p:3128: it made no tunnel, but answered 502 Bad Gateway",
            Other,
        ),
        (
            proxy(ProxyFault::Refused("its rules do not allow it")),
            "proxy http://p:3128: it did not connect us: its rules",
            Other,
        ),
        (
            proxy(ProxyFault::Protocol(Violation {
                what,
                rule: "RFC 3",
            })),
            "proxy http://p:3128: bad answer: no good [RFC 3]",
            InvalidData,
        ),
        (
            proxy(ProxyFault::Broken(refused())),
            "proxy http://p:3128: the connection to it broke",
            ConnectionRefused,
        ),
        (
            ErrorKind::Broken { phase, source },
            "while reading the response's head",
            ConnectionRefused,
        ),
        (
            ErrorKind::broken(Phase::Request, refused()),
            "while sending",
            ConnectionRefused,
        ),
        (
            early(Some(9)),
            "reading the body: 5 bytes came of 9 [RFC 9112 §8]",
            UnexpectedEof,
        ),
        (early(None), "5 bytes came [RFC 9112 §8]", UnexpectedEof),
        (
            ErrorKind::protocol(what, "RFC 2"),
            "bad response: no good [RFC 2]",
            InvalidData,
        ),
        (
            ErrorKind::Coding(Violation {
                what,
                rule: "RFC 3",
            }),
            "cannot be unpacked: no good [RFC 3]",
            InvalidData,
        ),
        (
            ErrorKind::TooLarge { what, limit },
            "more than 7 no good [RFC 9110 §17.5]",
            InvalidData,
        ),
        (
            timeout(Deadline::Connect),
            "connecting took longer than 3s",
            TimedOut,
        ),
        (
            timeout(Deadline::FirstByte),
            "the response's head took longer",
            TimedOut,
        ),
        (
            timeout(Deadline::Idle),
            "the next bytes took longer",
            TimedOut,
        ),
        (
            timeout(Deadline::Total),
            "the whole request took longer",
            TimedOut,
        ),
        (
            ErrorKind::TooSlow {
                bytes_per_second: 100,
                over: Duration::from_secs(3),
            },
            "less than 100 bytes a second moved over 3s",
            TimedOut,
        ),
        (
            ErrorKind::TooManyRedirects { limit: 7 },
            "more than 7 redirects",
            Other,
        ),
        (
            ErrorKind::RedirectLoop { to },
            "in a circle: http://h/",
            Other,
        ),
        (
            redirect(),
            "not followed: nowhere to go [RFC 9110 §15.4]",
            Other,
        ),
        (
            ErrorKind::Status(StatusCode::IM_A_TEAPOT),
            "answered 418 I'm a teapot",
            Other,
        ),
        (ErrorKind::NotText, "not UTF-8", InvalidData),
        (
            ErrorKind::Read(refused()),
            "reading the body to be sent failed",
            ConnectionRefused,
        ),
        (
            wrong_length(5),
            "the body to be sent ended after 5 bytes, 9 were announced",
            InvalidInput,
        ),
        (
            wrong_length(10),
            "the body to be sent has more than the 9 bytes announced",
            InvalidInput,
        ),
        (
            ErrorKind::Write(refused()),
            "writing what was received",
            ConnectionRefused,
        ),
    ]
}

#[test]
fn every_error_says_where_and_what_on_one_line() {
    for (kind, words, io_kind) in kinds() {
        let error = kind.at(URL.to_string(), Some(address()));
        let text = error.to_string();
        assert!(text.starts_with("http://h/ (192.0.2.1:80): "), "{text}");
        assert!(text.contains(words), "{text}");
        assert!(!text.contains('\n'), "{text}");
        assert_eq!(format!("{error:?}"), format!("http::Error({text})"));
        assert_eq!(error.url(), URL);
        assert_eq!(error.address(), Some(address()));
        let io_error = io::Error::from(error);
        assert_eq!(io_error.kind(), io_kind, "{text}");
        assert!(
            io_error
                .get_ref()
                .is_some_and(<dyn std::error::Error + Send + Sync>::is::<Error>)
        );
    }
    let unheard_of = StatusCode::from_u16(599).expect("from 100 to 999");
    let text = ErrorKind::Status(unheard_of).to_string();
    assert_eq!(text, "the server answered 599");
    let nowhere = ErrorKind::NotText.at(URL.to_string(), None);
    assert_eq!(nowhere.to_string(), "http://h/: the body is not UTF-8 text");
}

#[test]
fn questions_have_the_answers_that_the_kinds_give() {
    for (kind, words, _) in kinds() {
        let is_timeout = words.contains("took longer") || words.starts_with("less than");
        let before = [
            "connecting",
            "looking",
            "proxy",
            "agreeing",
            "no trusted",
            "broke while agreeing",
        ];
        let is_connect = before.iter().any(|start| words.starts_with(start));
        let has_source = matches!(
            kind,
            ErrorKind::Lookup(_)
                | ErrorKind::Connect(_)
                | ErrorKind::Read(_)
                | ErrorKind::Write(_)
                | ErrorKind::Tls(_)
                | ErrorKind::Broken { .. }
                | ErrorKind::Proxy {
                    why: ProxyFault::Connect(_) | ProxyFault::Broken(_),
                    ..
                }
        );
        let error = kind.at(URL.to_string(), None);
        assert_eq!(error.is_timeout(), is_timeout, "{error}");
        assert_eq!(error.is_connect(), is_connect, "{error}");
        assert_eq!(error.source().is_some(), has_source, "{error}");
        assert_eq!(error.rule().is_some(), words.contains("[RFC"), "{error}");
    }
}
