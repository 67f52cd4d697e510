//! A request's body from a reader: it arrives as it is, a piece at a time, or the server gets
//! no whole request at all.
#![cfg(feature = "http")]

mod http_support;

use std::cell::Cell;
use std::future::pending;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use futures_lite::AsyncRead;
use futures_lite::io::Cursor;
use hob::http::{Client, Error, ErrorKind, HeaderMap, HeaderValue, RequestBuilder};
use http_support::{Peer, Server, local, ok, redirect};

/// The size of the client's buffer: what happens at its edges happens only there.
const ROOM: usize = 64 * 1024;

/// Gives `left` bytes, `most` at a time, with a pause before each; then `end`.
struct Drip {
    left: usize,
    most: usize,
    /// How many were given, for whoever wants to know.
    given: Rc<Cell<usize>>,
    is_paused: bool,
    end: Option<io::ErrorKind>,
}

impl Drip {
    fn new(left: usize, most: usize) -> Drip {
        Drip {
            left,
            most,
            given: Rc::default(),
            is_paused: false,
            end: None,
        }
    }
}

impl AsyncRead for Drip {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        self.is_paused = !self.is_paused;
        if self.is_paused {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let count = into.len().min(self.left).min(self.most);
        if let (0, Some(kind)) = (count, self.end) {
            return Poll::Ready(Err(kind.into()));
        }
        let from = self.given.get();
        into[..count].copy_from_slice(&text(from + count)[from..]);
        self.left -= count;
        self.given.set(from + count);
        Poll::Ready(Ok(count))
    }
}

/// Bytes of which no two parts are alike.
fn text(length: usize) -> Vec<u8> {
    (0..length).map(|at| (at % 251) as u8).collect()
}

/// Reads requests with bodies in chunks or of a known length, and tells what came.
fn server(seen: Arc<Mutex<Vec<Vec<u8>>>>) -> Server {
    Server::start(move |peer| {
        while let Some(body) = read_request(peer) {
            seen.lock().expect("no panic").push(body);
            if !peer.say(ok("thanks")) {
                return;
            }
        }
    })
}

fn read_request(peer: &mut Peer) -> Option<Vec<u8>> {
    let head = String::from_utf8(peer.read_head()?).expect("text");
    let field = |name: &str| head.lines().find_map(|line| line.strip_prefix(name));
    match field("content-length: ") {
        Some(length) => peer.read(length.parse().expect("a number")),
        None => {
            assert_eq!(field("transfer-encoding: "), Some("chunked"), "{head}");
            Some(peer.read_chunked()?.body)
        }
    }
}

async fn error_of(request: RequestBuilder) -> Error {
    let sent = request.expect_continue(false).send().await;
    sent.expect_err("it must not pass")
}

/// Broken by: a wrong end of `unsent` in `poll_chunk`, or `Ending` that is left at once.
#[test]
fn what_the_reader_gives_arrives_with_its_length_or_in_chunks() {
    let seen = Arc::default();
    let server = server(Arc::clone(&seen));
    hob::block_on(async {
        let client = Client::new();
        let sizes = [
            0,
            1,
            1000,
            ROOM - 13,
            ROOM - 12,
            ROOM - 1,
            ROOM,
            ROOM + 1,
            2 * ROOM,
            1 << 20,
        ];
        for (size, most) in sizes
            .into_iter()
            .map(|size| (size, ROOM))
            .chain([(300, 1), (9999, 7)])
        {
            for length in [Some(size as u64), None] {
                let request = client.post(server.url("/"));
                let request = request.body_reader(Drip::new(size, most), length);
                let request = request.expect_continue(false);
                assert_eq!(
                    request.send().await.unwrap().text().await.unwrap(),
                    "thanks"
                );
                let body = seen.lock().unwrap().pop().unwrap();
                assert!(
                    body == text(size),
                    "{size} bytes, {most} at a time, {length:?}"
                );
            }
        }
    });
    assert_eq!(
        server.accepted(),
        1,
        "each was whole, so the connection went on"
    );
}

/// U1 in `upload.rs`. Broken by: handing out the last piece in `Ending`.
#[test]
fn a_reader_with_fewer_or_more_bytes_than_announced_never_makes_a_whole_request() {
    let seen = Arc::default();
    let server = server(Arc::clone(&seen));
    let mut tries = 0;
    hob::block_on(async {
        let client = Client::new();
        for announced in [1, 10, ROOM - 1, ROOM, ROOM + 1, 3 * ROOM] {
            for has in [announced - 1, announced + 1, announced + ROOM, 0] {
                for most in [ROOM, announced] {
                    let reader = Drip::new(has, most);
                    let request = client.post(server.url("/"));
                    let request = request.body_reader(reader, Some(announced as u64));
                    let error = error_of(request).await;
                    let ErrorKind::WrongLength { got, announced: a } = error.kind() else {
                        panic!("{error}");
                    };
                    assert_eq!(*a, announced as u64);
                    let is_short = *got == has as u64 && has < announced;
                    assert!(
                        is_short || *got > *a,
                        "{got} of {announced}, {has} are there"
                    );
                    tries += 1;
                }
            }
        }
        client
            .put(server.url("/"))
            .body("whole")
            .send()
            .await
            .unwrap();
    });
    assert_eq!(
        *seen.lock().unwrap(),
        [b"whole"],
        "nothing else was a request"
    );
    assert_eq!(server.accepted(), tries + 1, "each one cost its connection");
}

/// Where no byte follows it, the head is a whole request. Broken by: leaving
/// `holds_back_head` out of `poll_write`.
#[test]
fn where_no_byte_was_announced_the_reader_is_asked_before_the_head_goes_out() {
    let seen = Arc::default();
    let server = server(Arc::clone(&seen));
    hob::block_on(async {
        let client = Client::new();
        let put = || client.put(server.url("/"));
        let error = error_of(put().body_reader(Drip::new(1, 1), Some(0))).await;
        assert!(matches!(
            error.kind(),
            ErrorKind::WrongLength { got: 1, .. }
        ));
        let mut reader = Drip::new(0, 1);
        reader.end = Some(io::ErrorKind::PermissionDenied);
        let error = error_of(put().body_reader(reader, Some(0))).await;
        assert!(matches!(error.kind(), ErrorKind::Read(_)), "{error}");
        put().body("whole").send().await.unwrap();
    });
    let seen = seen.lock().unwrap();
    assert_eq!(*seen, [b"whole"], "nothing else was a request");
}

#[test]
fn a_reader_that_fails_fails_the_request_with_its_own_error() {
    let seen = Arc::default();
    let server = server(Arc::clone(&seen));
    hob::block_on(async {
        let client = Client::new();
        for length in [Some(100), None] {
            let mut reader = Drip::new(50, 20);
            reader.end = Some(io::ErrorKind::PermissionDenied);
            let error = error_of(client.post(server.url("/")).body_reader(reader, length)).await;
            assert!(matches!(error.kind(), ErrorKind::Read(_)), "{error}");
            assert_eq!(
                io::Error::from(error).kind(),
                io::ErrorKind::PermissionDenied
            );
        }
        let make = async || Err::<Drip, _>(io::ErrorKind::NotFound.into());
        let error = error_of(client.post(server.url("/")).body_with(make, None)).await;
        assert_eq!(io::Error::from(error).kind(), io::ErrorKind::NotFound);
    });
    assert!(seen.lock().unwrap().is_empty());
}

/// Under virtual time, where nobody who waits for ever takes long. Broken by: reading on while
/// a piece is unsent.
#[test]
fn a_server_that_does_not_read_holds_up_the_reader() {
    hob::Builder::new().virtual_time().block_on(async {
        let url = local(async |_stream| pending::<()>().await).await;
        let reader = Drip::new(1 << 30, ROOM);
        let given = reader.given.clone();
        let request = Client::new().post(url).body_reader(Cheap(reader), None);
        let error = error_of(request).await;
        assert!(error.is_timeout(), "{error}");
        // What the kernel took, and one piece more.
        let given = given.get();
        assert!((1..64 << 20).contains(&given), "{given} bytes were read");
    });
}

/// A drip of zeros, for when there is much of it.
struct Cheap(Drip);

impl AsyncRead for Cheap {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        into: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let given = &self.0.given;
        given.set(given.get() + into.len());
        Poll::Ready(Ok(into.len()))
    }
}

/// Never gives anything.
struct Stuck;

impl AsyncRead for Stuck {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        _: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        Poll::Pending
    }
}

/// Broken by: waiting for the reader alone in `poll_send`.
#[test]
fn an_answer_is_heard_while_the_reader_has_nothing() {
    let server = Server::start(|peer| {
        peer.read_head();
        peer.say("HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\nno");
        peer.wait_for_close();
    });
    hob::block_on(async {
        let client = Client::new();
        for length in [Some(10), None] {
            let request = client.post(server.url("/")).body_reader(Stuck, length);
            let response = request.expect_continue(false).send().await.unwrap();
            assert_eq!(response.status(), 403);
            assert_eq!(response.text().await.unwrap(), "no");
        }
    });
    assert_eq!(server.accepted(), 2, "half a request lies on each");
}

#[test]
fn a_reader_that_has_nothing_for_too_long_runs_into_the_idle_deadline() {
    hob::Builder::new().virtual_time().block_on(async {
        let url = local(async |_stream| pending::<()>().await).await;
        let client = Client::builder()
            .idle_timeout(Duration::from_secs(9))
            .build();
        let error = error_of(client.post(url).body_reader(Stuck, None)).await;
        assert!(
            error.is_timeout() && error.to_string().contains("9s"),
            "{error}"
        );
    });
}

/// Sends `/a` to `/b`, once the body is there.
fn redirecting(status: u16) -> (Server, Arc<Mutex<Vec<Vec<u8>>>>) {
    let seen: Arc<Mutex<Vec<Vec<u8>>>> = Arc::default();
    let bodies = Arc::clone(&seen);
    let server = Server::start(move |peer| {
        while let Some(head) = peer.read_head() {
            let head = String::from_utf8(head).expect("text");
            let body = match head.contains("chunked") {
                true => peer.read_chunked().expect("a body").body,
                false => Vec::new(),
            };
            bodies.lock().expect("no panic").push(body);
            peer.say(match head.contains(" /a ") {
                true => redirect(status, "/b"),
                false => ok("there"),
            });
        }
    });
    (server, seen)
}

/// U2. Broken by: `can_repeat` that is always true.
#[test]
fn a_redirect_that_wants_the_body_again_gets_it_only_if_it_can_be_made_again() {
    for status in [307, 308] {
        let (server, seen) = redirecting(status);
        hob::block_on(async {
            let client = Client::new();
            let request = client.post(server.url("/a"));
            let error = error_of(request.body_reader(Cursor::new("once"), None)).await;
            assert!(error.to_string().contains("body_with"), "{error}");
            assert_eq!(seen.lock().unwrap().len(), 1, "nothing was asked of /b");

            let made = Rc::new(Cell::new(0));
            let count = made.clone();
            let make = async move || {
                count.set(count.get() + 1);
                hob::yield_now().await;
                Ok(Cursor::new("again"))
            };
            let request = client.post(server.url("/a")).body_with(make, None);
            let response = request.expect_continue(false).send().await.unwrap();
            assert_eq!(response.text().await.unwrap(), "there");
            assert_eq!(made.get(), 2);
        });
        assert_eq!(seen.lock().unwrap()[1..], [b"again", b"again"]);
    }
}

#[test]
fn a_redirect_that_wants_no_body_does_not_care() {
    let (server, seen) = redirecting(303);
    hob::block_on(async {
        let request = Client::new().post(server.url("/a"));
        let request = request.body_reader(Cursor::new("once"), None);
        let response = request.expect_continue(false).send().await.unwrap();
        assert_eq!(response.text().await.unwrap(), "there");
    });
    assert_eq!(*seen.lock().unwrap(), [&b"once"[..], b""]);
}

/// A PUT may be repeated when its connection had died unnoticed: if its body can.
///
/// Broken by: `is_stale` that does not ask `can_repeat`.
#[test]
fn a_dead_connection_is_replaced_only_if_the_body_can_be_made_again() {
    let script = |peer: &mut Peer| {
        if peer.number == 0 {
            peer.request();
            peer.say(ok("first"));
            peer.read_head();
            return peer.reset();
        }
        let body = read_request(peer).expect("a request");
        peer.say(ok(std::str::from_utf8(&body).expect("text")));
    };
    hob::block_on(async {
        let server = Server::start(script);
        let client = Client::new();
        let first = client.get(server.url("/")).send().await.unwrap();
        first.text().await.unwrap();
        let request = client.put(server.url("/"));
        let error = error_of(request.body_reader(Cursor::new("once"), Some(4))).await;
        assert!(
            !matches!(error.kind(), ErrorKind::WrongLength { .. }),
            "{error}"
        );
        assert_eq!(server.accepted(), 1);

        let server = Server::start(script);
        let first = client.get(server.url("/")).send().await.unwrap();
        first.text().await.unwrap();
        let make = async || Ok(Cursor::new("again"));
        let request = client.put(server.url("/")).body_with(make, Some(5));
        let response = request.expect_continue(false).send().await.unwrap();
        assert_eq!(response.text().await.unwrap(), "again");
        assert_eq!(server.accepted(), 2);
    });
}

/// Broken by: leaving out `write_trailers`, or its list.
#[test]
fn trailers_follow_the_last_chunk_if_they_may() {
    let server = Server::start(|peer| {
        while peer.read_head().is_some() {
            let Some(all) = peer.read_chunked() else {
                return;
            };
            peer.say(ok(&format!("{:?} {:?}", all.sizes, all.trailers)));
        }
    });
    hob::block_on(async {
        let client = Client::new();
        let with = |name: &'static str| {
            let request = client.post(server.url("/"));
            let request = request.body_reader(Cursor::new("hello"), None);
            request.expect_continue(false).trailers(move || {
                let value = HeaderValue::from_static("5");
                HeaderMap::from_iter([(name.parse().expect("a name"), value)])
            })
        };
        let text = with("x-sum").send().await.unwrap().text().await.unwrap();
        assert_eq!(text, "[5] [\"x-sum: 5\"]");
        for name in [
            "content-length",
            "transfer-encoding",
            "authorization",
            "host",
        ] {
            let error = with(name).send().await.unwrap_err();
            assert!(matches!(error.kind(), ErrorKind::Request(_)), "{error}");
        }
        let known = client.post(server.url("/")).body("hello");
        let error = error_of(known.trailers(HeaderMap::new)).await;
        assert!(matches!(error.kind(), ErrorKind::Request(_)), "{error}");
    });
}

#[test]
fn a_file_is_a_reader() {
    let seen = Arc::default();
    let server = server(Arc::clone(&seen));
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    hob::block_on(async {
        let client = Client::new();
        let length = std::fs::metadata(path).unwrap().len();
        for length in [Some(length), None] {
            let request = client
                .put(server.url("/"))
                .body_with(async move || hob::fs::File::open(path).await, length);
            let response = request.expect_continue(false).send().await.unwrap();
            assert_eq!(response.status(), 200);
        }
    });
    let file = std::fs::read(path).unwrap();
    assert!(seen.lock().unwrap().iter().all(|body| *body == file));
}
