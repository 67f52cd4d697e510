//! Whatever happens to a request, no secret of it and no raw word of a server comes out in a
//! `Debug`, a `Display` or the log. A canary is sent, and all that was said is searched for it.
#![cfg(feature = "http")]

mod http_support;

use std::error::Error as _;
use std::sync::{Mutex, Once, PoisonError};
use std::time::Duration;

use hob::http::{Client, ClientBuilder, Error, HeaderValue, Netrc, Response};
use http_support::{Server, nobody, ok, redirect};

const CANARY: &str = "tweety-4711";
/// How it looks behind "user:", in base64.
const IN_BASE64: &str = "dXNlcjp0d2VldHktNDcxM";

static LOG: Mutex<String> = Mutex::new(String::new());

struct Log;

impl log::Log for Log {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        let line = format!("{} {}\n", record.target(), record.args());
        LOG.lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push_str(&line);
    }

    fn flush(&self) {}
}

fn listen() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        log::set_logger(&Log).expect("nobody else does");
        log::set_max_level(log::LevelFilter::Trace);
    });
}

fn log() -> String {
    LOG.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

/// A client that knows the canary, too, and does all that can be logged.
fn client() -> ClientBuilder {
    listen();
    let netrc = format!("machine h login user password {CANARY}");
    Client::builder()
        .netrc(Netrc::parse(&netrc).expect("a netrc"))
        .retries(1)
        .retry_waits(Duration::from_millis(1), Duration::from_millis(1))
        .first_byte_timeout(Duration::from_millis(50))
}

/// Everything that `response` and an error made of it show.
fn shown_by(response: Response) -> String {
    let shown = format!("{response:?}");
    let reader = format!("{:?}", response.into_reader());
    shown + &reader
}

fn shown(error: &Error) -> String {
    let source = error.source().map(|e| format!("{e} {e:?}"));
    let kind = error.kind();
    format!(
        "{error} {error:?} {error:#?} {kind} {kind:?} {}",
        error.url()
    ) + &source.unwrap_or_default()
}

/// Sends the canary in every way there is, and gives all that was said about it.
async fn send_canary(url: &str) -> String {
    let client = client().build();
    let with_user = url.replace("http://", &format!("http://user:{CANARY}@"));
    let token = HeaderValue::from_str(CANARY).expect("a value");
    let requests = [
        client.get(with_user),
        client.get(url).basic_auth("user", CANARY),
        client.get(url).bearer_auth(CANARY),
        client.get(url).header("cookie", CANARY),
        client.get(url).header("proxy-authorization", CANARY),
        client.post(url).header("x-token", token).body(CANARY),
    ];
    let mut said = format!("{client:?}");
    for request in requests {
        said += &format!("{request:?}");
        said += &match request.send().await {
            Ok(response) => {
                let peek = format!("{response:?}");
                match response.bytes().await {
                    Ok(_) => peek,
                    Err(error) => peek + &shown(&error),
                }
            }
            Err(error) => shown(&error),
        };
    }
    said
}

#[track_caller]
fn is_clean(said: &str) {
    for secret in [CANARY, IN_BASE64] {
        assert!(!said.contains(secret), "{said}");
        assert!(!log().contains(secret), "{}", log());
    }
    let is_raw = |c: char| (c.is_control() && c != '\n') || ('\u{202a}'..='\u{202e}').contains(&c);
    assert!(!said.contains(is_raw), "{said:?}");
    assert!(!log().contains(is_raw), "{:?}", log());
}

/// Broken by: `request.headers` or the URL's userinfo in any `Debug`, error or log line.
#[test]
fn no_secret_of_a_request_is_ever_shown() {
    let set_cookie =
        format!("HTTP/1.1 200 OK\r\nSet-Cookie: a={CANARY}\r\nContent-Length: 0\r\n\r\n");
    let answers = [
        ok("fine"),
        set_cookie,
        redirect(302, "http://localhost:1/elsewhere"),
        redirect(302, "/"),
        redirect(302, &format!("ftp://user:{CANARY}@h/")),
        redirect(302, &format!("http://user:{CANARY}@[/")),
        redirect(302, &format!("//user:{CANARY}@127.0.0.1:1/")),
        "HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n".to_string(),
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n".to_string(),
        format!("HTTP/1.1 200 OK\r\n{CANARY} : x\r\n\r\n"),
        format!("{CANARY}\r\n\r\n"),
        String::new(), // silence, until the deadline
    ];
    for answer in answers {
        let server = Server::always(answer);
        is_clean(&hob::block_on(send_canary(&server.url("/"))));
    }
    let half = Server::start(|peer| {
        peer.request();
        peer.say("HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhalf");
    });
    is_clean(&hob::block_on(send_canary(&half.url("/"))));
    let gone = Server::start(|peer| drop(peer.request()));
    is_clean(&hob::block_on(send_canary(&gone.url("/"))));
    is_clean(&hob::block_on(send_canary(&format!(
        "http://{}/",
        nobody()
    ))));
    assert!(
        log().contains("again in"),
        "the retries were logged: {}",
        log()
    );
}

#[test]
fn no_secret_of_a_request_that_is_refused_is_shown() {
    let said = hob::block_on(async {
        let client = client().build();
        let url = format!("http://user:{CANARY}@h");
        let requests = [
            client.get(format!("{url}:0/")),
            client.get(format!("{url}:99999/")),
            client.get(format!("http://user:{CANARY}@")),
            client.get(format!("user:{CANARY}@h")),
            client.get(format!("gopher://user:{CANARY}@h/")),
            client.get(format!("{url}/\n")),
            client.get(format!("http://user:{CANARY}%0a@h/")),
            client.get("http://h/").header("x", format!("{CANARY}\n")),
            client.get("http://h/").header(format!("{CANARY} "), "x"),
            client.get("http://h/").basic_auth("us:er", CANARY),
            client
                .get("http://h/")
                .basic_auth("user", &format!("{CANARY}\n")),
            client.get("http://h/").bearer_auth(&format!("{CANARY}\n")),
            client.get("http://h/").header("connection", CANARY),
            client.get("http://h/").header("te", CANARY),
            client.request(format!("{CANARY} ").as_str(), &url),
        ];
        let mut said = format!("{client:?} {:?}", self::client());
        for request in requests {
            said += &format!("{request:?}");
            said += &shown(&request.send().await.expect_err("it is refused"));
        }
        said
    });
    is_clean(&said);
}

/// Broken by: a reason phrase, a field or a `Location` in an error.
#[test]
fn what_a_server_says_reaches_nobody_raw_or_at_length() {
    let long = "a".repeat(20_000);
    let answers = [
        "HTTP/1.1 404 \x1b[2J\x1b]0;owned\x07\r\nContent-Length: 0\r\n\r\n".to_string(),
        "HTTP/1.1 404 \u{202e}dnuof ton\r\nContent-Length: 0\r\n\r\n".to_string(),
        format!("HTTP/1.1 404 {long}\r\nContent-Length: 0\r\n\r\n"),
        "\x1b[31mHTTP/1.1 200 OK\r\n\r\n".to_string(),
        "HTTP/1.1 200 OK\r\n\x1b[31m: x\r\n\r\n".to_string(),
        format!("HTTP/1.1 200 OK\r\n{long}{long}{long}{long}: x\r\n\r\n"),
        redirect(302, "/\x1b[31m"),
        redirect(302, "http://localhost:1/\u{202e}\u{2066}"),
        redirect(302, "http://\u{202e}/"),
        redirect(302, &format!("http://localhost:1/{long}")),
        redirect(302, &format!("{long}:x")),
        redirect(302, "x-\x1b[31m://h/"),
        "HTTP/1.1 200 OK\r\nContent-Length: \x1b[31m\r\n\r\n".to_string(),
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: \x1b[31m\r\n\r\n".to_string(),
    ];
    for answer in answers {
        let server = Server::always(answer.clone());
        let said = hob::block_on(async {
            let client = client().retries(0).build();
            match client.get(server.url("/")).send().await {
                Ok(response) if response.status().is_success() => shown_by(response),
                Ok(response) => {
                    let seen = format!("{response:?}");
                    seen + &shown(&response.error_for_status().expect_err("no success"))
                }
                Err(error) => shown(&error),
            }
        });
        is_clean(&said);
        assert!(said.len() < 5_000, "{} bytes of {:.60}", said.len(), answer);
        assert!(!said.contains("owned") && !said.contains("dnuof"), "{said}");
    }
}
