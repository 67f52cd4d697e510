//! `Expect: 100-continue`: when hob asks, how long it waits, and what becomes of the body.
//!
//! Time is virtual where it passes, so a second is exactly that.
#![cfg(feature = "http")]

mod http_support;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_lite::io::Cursor;
use hob::http::{Client, RequestBuilder};
use hob::net::TcpStream;
use hob::time::now;
use http_support::{Peer, Server, hear, local, ok};

const CONTINUE: &str = "HTTP/1.1 100 Continue\r\n\r\n";

fn asks(head: &str) -> bool {
    head.contains("\r\nexpect: 100-continue\r\n")
}

fn read_head(peer: &mut Peer) -> Option<String> {
    let head = peer.read_head()?;
    Some(String::from_utf8(head).expect("text"))
}

/// Broken by: another limit in `expect::is_due`.
#[test]
fn it_asks_if_the_body_is_large_or_of_unknown_length_or_the_caller_says_so() {
    let server = Server::start(|peer| {
        while let Some(head) = read_head(peer) {
            if asks(&head) {
                peer.say(CONTINUE);
            }
            let length = head
                .lines()
                .find_map(|l| l.strip_prefix("content-length: "));
            match length {
                Some(length) => drop(peer.read(length.parse().expect("a number"))),
                None if head.contains("chunked") => drop(peer.read_chunked()),
                None => {}
            }
            peer.say(ok(if asks(&head) { "asked" } else { "not asked" }));
        }
    });
    hob::block_on(async {
        let client = Client::new();
        let post = || client.post(server.url("/"));
        let large = 1 << 20;
        let asked: [(RequestBuilder, bool); 9] = [
            (post().body(vec![0; large]), false),
            (post().body(vec![0; large + 1]), true),
            (
                post().body(vec![0; large + 1]).expect_continue(false),
                false,
            ),
            (post().body("small").expect_continue(true), true),
            (post().body_reader(Cursor::new("some"), None), true),
            (post().body_reader(Cursor::new("some"), Some(4)), false),
            // Where there is nothing to send, asking is forbidden.
            (post().body("").expect_continue(true), false),
            (post().expect_continue(true), false),
            (client.get(server.url("/")).expect_continue(true), false),
        ];
        for (at, (request, is_asked)) in asked.into_iter().enumerate() {
            let text = request.send().await.unwrap().text().await.unwrap();
            assert_eq!(text == "asked", is_asked, "request {at}");
        }
    });
    assert_eq!(
        server.accepted(),
        1,
        "each was whole, so the connection went on"
    );
}

/// Broken by: not waiting (`expect::wait`), so that the body follows at once.
#[test]
fn a_refusal_is_heard_and_the_body_stays_here() {
    let after: Arc<Mutex<Vec<bool>>> = Arc::default();
    let noted = Arc::clone(&after);
    let server = Server::start(move |peer| {
        let head = read_head(peer).expect("a request");
        assert!(asks(&head));
        peer.say("HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nno!");
        let came = peer.read(1).is_some();
        noted.lock().expect("no panic").push(came);
    });
    hob::block_on(async {
        let client = Client::new();
        for _ in 0..2 {
            let request = client.post(server.url("/")).body(vec![0; 2 << 20]);
            let response = request.send().await.unwrap();
            assert_eq!(response.status(), 413);
            assert_eq!(response.text().await.unwrap(), "no!");
        }
    });
    assert_eq!(
        server.accepted(),
        2,
        "the server may wait for what was announced"
    );
    http_support::wait_until(|| after.lock().unwrap().len() == 2);
    assert_eq!(*after.lock().unwrap(), [false, false]);
}

/// Reads what comes until there are `count` bytes behind the head.
async fn hear_body(stream: &TcpStream, mut count: usize) {
    let mut piece = [0; 4096];
    while count > 0 {
        let read = stream.read(&mut piece).await.expect("it goes on");
        assert!(read > 0, "the client closed");
        count -= read;
    }
}

/// What the server says to the head, and how long the client takes then.
async fn time_with(said: &'static str, then: &'static str) -> Duration {
    let url = local(async move |stream| {
        assert!(hear(&stream).await);
        stream.write_all(said.as_bytes()).await.expect("it listens");
        hear_body(&stream, 5).await;
        stream.write_all(then.as_bytes()).await.expect("it listens");
    });
    let url = url.await;
    let start = now();
    let request = Client::new().post(url).body("hello").expect_continue(true);
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), 204);
    now() - start
}

/// Broken by: another PATIENCE; taking any interim response for the 100.
#[test]
fn a_server_that_says_nothing_of_it_gets_the_body_after_a_second() {
    let (wait, answer) = (Duration::from_secs(1), "HTTP/1.1 204 Fine\r\n\r\n");
    let hints = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n";
    for (said, expected) in [("", wait), (hints, wait), (CONTINUE, Duration::ZERO)] {
        let took = hob::Builder::new()
            .virtual_time()
            .block_on(async { time_with(said, answer).await });
        assert_eq!(took, expected, "after {said:?}");
    }
}

#[test]
fn a_100_that_comes_late_is_not_taken_for_the_answer() {
    hob::Builder::new().virtual_time().block_on(async {
        let then = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 Fine\r\n\r\n";
        assert_eq!(time_with("", then).await, Duration::from_secs(1));
    });
}

/// The reader can be read once only, and that is enough: nothing of it was sent the first time.
///
/// Broken by: handing the 417 to the caller; filling the upload before the 100.
#[test]
fn a_417_is_asked_once_again_without_the_question() {
    let server = Server::start(|peer| {
        let Some(head) = read_head(peer) else {
            return;
        };
        if asks(&head) {
            peer.say("HTTP/1.1 417 What?\r\nContent-Length: 0\r\n\r\n");
            return peer.wait_for_close();
        }
        let body = peer.read_chunked().expect("a body").body;
        peer.say(ok(std::str::from_utf8(&body).expect("text")));
    });
    hob::block_on(async {
        let request = Client::new().post(server.url("/"));
        let request = request.body_reader(Cursor::new("once"), None);
        let response = request.send().await.unwrap();
        assert_eq!(response.text().await.unwrap(), "once");
    });
    assert_eq!(server.accepted(), 2);
}

#[test]
fn a_417_to_a_request_that_asked_nothing_is_the_answer() {
    let server = Server::always("HTTP/1.1 417 What?\r\nContent-Length: 0\r\n\r\n");
    hob::block_on(async {
        let client = Client::new();
        let small = client.post(server.url("/")).body("small").send().await;
        assert_eq!(small.unwrap().status(), 417);
    });
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn a_server_that_closes_in_place_of_an_answer_is_an_error() {
    let server = Server::start(|peer| {
        peer.read_head();
    });
    hob::block_on(async {
        let request = Client::new().post(server.url("/")).body("small");
        let error = request.expect_continue(true).send().await.unwrap_err();
        assert!(!error.is_timeout(), "{error}");
    });
    assert_eq!(server.accepted(), 1, "nobody knows what the server did");
}
