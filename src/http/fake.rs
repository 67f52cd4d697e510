//! Tests of `conn` over a transport that does what a script says, poll by poll: for what real
//! sockets do only now and then.
//!
//! This file is long because it is a list of tests, with the script that they share.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use ::http::Method;
use futures_io::{AsyncRead, AsyncWrite};

use crate::http::conn::{Ask, Conn, Transport};
use crate::http::error::{ErrorKind, Phase};
use crate::http::head::Head;
use crate::http::pipe::Pipe;
use crate::http::upload::Upload;

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

/// What the next poll in one direction does. With no step left it is `Pending`.
#[derive(Debug)]
enum Step {
    Wait,
    /// Reading: these bytes come. (Writing: so many are taken.)
    Bytes(&'static str),
    Take(usize),
    End,
    Fail(io::ErrorKind),
}

#[derive(Default)]
struct Script {
    reads: VecDeque<Step>,
    writes: VecDeque<Step>,
    written: Vec<u8>,
}

#[derive(Clone, Default)]
struct Fake(Rc<RefCell<Script>>);

impl Fake {
    fn reads(self, steps: impl IntoIterator<Item = Step>) -> Fake {
        self.0.borrow_mut().reads.extend(steps);
        self
    }

    fn writes(self, steps: impl IntoIterator<Item = Step>) -> Fake {
        self.0.borrow_mut().writes.extend(steps);
        self
    }

    fn written(&self) -> String {
        String::from_utf8(self.0.borrow().written.clone()).expect("text")
    }

    /// A connection that has begun to ask.
    fn conn(&self) -> Conn {
        let mut conn = Conn::new(Box::new(self.clone()), Some(([127, 0, 0, 1], 80).into()));
        conn.begin(ask());
        conn
    }
}

impl AsyncRead for Fake {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        into: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        match self.0.borrow_mut().reads.pop_front() {
            None | Some(Step::Wait) => Poll::Pending,
            Some(Step::Bytes(text)) => {
                into[..text.len()].copy_from_slice(text.as_bytes());
                Poll::Ready(Ok(text.len()))
            }
            Some(Step::End) => Poll::Ready(Ok(0)),
            Some(Step::Fail(kind)) => Poll::Ready(Err(kind.into())),
            Some(step) => panic!("no way to read: {step:?}"),
        }
    }
}

impl AsyncWrite for Fake {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(cx, &[IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let bytes: Vec<u8> = slices.iter().flat_map(|slice| slice.to_vec()).collect();
        let mut script = self.0.borrow_mut();
        match script.writes.pop_front() {
            None | Some(Step::Wait) => Poll::Pending,
            Some(Step::Take(count)) => {
                let count = count.min(bytes.len());
                script.written.extend_from_slice(&bytes[..count]);
                Poll::Ready(Ok(count))
            }
            Some(Step::Fail(kind)) => Poll::Ready(Err(kind.into())),
            Some(step) => panic!("no way to write: {step:?}"),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl Transport for Fake {
    fn has_news(&self) -> bool {
        !matches!(self.0.borrow().reads.front(), None | Some(Step::Wait))
    }

    fn read_now(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let mut cx = Context::from_waker(Waker::noop());
        match Pin::new(self).poll_read(&mut cx, into) {
            Poll::Ready(result) => result,
            Poll::Pending => Err(io::ErrorKind::WouldBlock.into()),
        }
    }

    /// But [`Transport::poll_pass`] is refused.
    fn can_pass(&self) -> bool {
        Pipe::IS_THERE
    }
}

fn ask() -> Ask {
    Ask {
        method: Method::POST,
        head: b"HEAD".to_vec(),
        is_last: false,
        max_head: 1000,
    }
}

/// Polls until it is ready, so many times at most.
fn poll<T>(mut op: impl FnMut(&mut Context<'_>) -> Poll<T>) -> T {
    let mut cx = Context::from_waker(Waker::noop());
    for _ in 0..100 {
        if let Poll::Ready(result) = op(&mut cx) {
            return result;
        }
    }
    panic!("it waits for ever");
}

fn send(conn: &mut Conn, body: &[u8]) -> Result<(), ErrorKind> {
    let mut body = Upload::memory(body.to_vec());
    while !conn.is_said(&body) {
        poll(|cx| conn.poll_send(cx, &mut body))?;
    }
    Ok(())
}

fn head(conn: &mut Conn) -> Result<Head, ErrorKind> {
    poll(|cx| conn.poll_head(cx))
}

fn body(conn: &mut Conn) -> Result<String, ErrorKind> {
    let mut text = String::new();
    while poll(|cx| conn.poll_chunk(cx))? {
        text.push_str(std::str::from_utf8(conn.lent()).expect("text"));
    }
    Ok(text)
}

#[test]
fn head_and_body_go_out_in_order_however_little_is_taken_at_a_time() {
    for size in 1..=9 {
        let takes = (0..20).flat_map(|_| [Step::Wait, Step::Take(size)]);
        let fake = Fake::default().writes(takes);
        let mut conn = fake.conn();
        send(&mut conn, b"body").expect("all is taken in the end");
        assert_eq!(fake.written(), "HEADbody", "{size}");
    }
}

#[test]
fn an_exchange_ends_with_a_connection_for_the_next() {
    let fake = Fake::default()
        .writes([Step::Take(99), Step::Take(99)])
        .reads([Step::Wait, Step::Bytes(OK), Step::Bytes(OK)]);
    let mut conn = fake.conn();
    for _ in 0..2 {
        send(&mut conn, b"").expect("it is taken");
        assert!(!conn.was_heard());
        assert_eq!(head(&mut conn).expect("it came").status, 200);
        assert!(conn.was_heard());
        assert_eq!(body(&mut conn).expect("it came"), "hello");
        assert!(conn.finish());
        conn.begin(ask());
    }
}

/// Broken by: `keep` that does not ask for `is_last`.
#[test]
fn after_a_last_request_there_is_no_next() {
    let fake = Fake::default().reads([Step::Bytes(OK)]);
    let mut conn = Conn::new(Box::new(fake), Some(([127, 0, 0, 1], 80).into()));
    conn.begin(Ask {
        is_last: true,
        ..ask()
    });
    head(&mut conn).expect("it came");
    assert_eq!(body(&mut conn).expect("it came"), "hello");
    assert!(!conn.finish());
}

/// Broken by: reporting a failed write at once, instead of listening.
#[test]
fn the_answer_is_heard_although_the_request_could_not_be_sent() {
    for step in [Step::Fail(io::ErrorKind::BrokenPipe), Step::Take(0)] {
        let fake = Fake::default()
            .writes([Step::Take(2), step])
            .reads([Step::Bytes(OK)]);
        let mut conn = fake.conn();
        send(&mut conn, b"body").expect("nothing is known to be wrong yet");
        head(&mut conn).expect("it came");
        assert_eq!(body(&mut conn).expect("it came"), "hello");
        assert!(!conn.finish(), "half a request lies on it");
    }
}

#[test]
fn without_an_answer_it_is_the_failed_write_that_is_reported() {
    for end in [Step::End, Step::Fail(io::ErrorKind::ConnectionReset)] {
        let writes = [Step::Fail(io::ErrorKind::BrokenPipe)];
        let mut conn = Fake::default().writes(writes).reads([end]).conn();
        send(&mut conn, b"body").expect("nothing is known to be wrong yet");
        let error = head(&mut conn).expect_err("nothing came");
        let ErrorKind::Broken { phase, source } = error else {
            panic!("{error}");
        };
        assert_eq!(
            (phase, source.kind()),
            (Phase::Request, io::ErrorKind::BrokenPipe)
        );
    }
}

/// Broken by: taking an interim response for the answer while sending.
#[test]
fn an_interim_response_does_not_stop_the_request() {
    let fake = Fake::default()
        .writes([Step::Take(5), Step::Wait, Step::Take(99)])
        .reads([
            Step::Bytes("HTTP/1.1 100 Continue\r\n\r\n"),
            Step::Wait,
            Step::Bytes(OK),
        ]);
    let mut conn = fake.conn();
    send(&mut conn, b"body").expect("all is taken in the end");
    assert_eq!(fake.written(), "HEADbody");
    assert_eq!(head(&mut conn).expect("it came").status, 200);
    assert_eq!(body(&mut conn).expect("it came"), "hello");
    assert!(conn.finish());
}

/// Broken by: leaving `keep = false` out of the early case of `poll_head`.
#[test]
fn a_final_response_stops_the_request_and_ends_the_connection() {
    let fake = Fake::default()
        .writes([Step::Take(5), Step::Wait])
        .reads([Step::Bytes(OK)]);
    let mut conn = fake.conn();
    send(&mut conn, b"body").expect("it was answered");
    assert_eq!(fake.written(), "HEADb");
    head(&mut conn).expect("it came");
    assert_eq!(body(&mut conn).expect("it came"), "hello");
    assert!(!conn.finish());
}

#[test]
fn a_close_while_sending_is_an_early_end() {
    let fake = Fake::default().writes([Step::Wait]).reads([Step::End]);
    let error = send(&mut fake.conn(), b"body").expect_err("nobody is there");
    assert!(
        matches!(error, ErrorKind::EndedEarly { got: 0, .. }),
        "{error}"
    );
}

/// Broken by: consuming `lent.start` instead of `lent.end` in `take_back`.
#[test]
fn what_is_lent_can_be_given_back_bit_by_bit() {
    let fake = Fake::default().reads([Step::Bytes(OK)]);
    let mut conn = fake.conn();
    head(&mut conn).expect("it came");
    assert!(poll(|cx| conn.poll_chunk(cx)).expect("it came"));
    assert_eq!(conn.lent(), b"hello");
    conn.give_back(2);
    assert_eq!(conn.lent(), b"llo");
    conn.give_back(99);
    assert_eq!(conn.lent(), b"");
    assert!(!poll(|cx| conn.poll_chunk(cx)).expect("it is over"));
    assert!(conn.finish());
}

/// Broken by: taking the kernel's refusal for an end or a failure, or trying it again.
#[cfg(target_os = "linux")]
#[test]
fn a_body_that_the_kernel_does_not_move_is_read() {
    const LONG: &str = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello";
    let fake = Fake::default().reads([Step::Bytes(LONG), Step::Bytes("hello")]);
    let mut conn = fake.conn();
    head(&mut conn).expect("it came");
    assert!(poll(|cx| conn.poll_chunk(cx)).expect("it came"));
    assert_eq!(conn.passable(), 5);
    let pipe = Pipe::new().expect("a pipe");
    assert_eq!(poll(|cx| conn.poll_pass(cx, &pipe)).expect("no failure"), 0);
    assert_eq!(conn.passable(), 0);
    assert_eq!(body(&mut conn).expect("it came"), "hello");
    assert!(conn.finish());
}

/// Broken by: leaving any of the three conditions out of `is_reusable`.
#[test]
fn a_connection_is_kept_only_if_the_response_ended_cleanly() {
    let responses = [
        (OK, true),
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello!", false),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello",
            false,
        ),
        ("HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello", false),
        ("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello", false),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
            true,
        ),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n",
            false,
        ),
    ];
    for (response, kept) in responses {
        let mut conn = Fake::default().reads([Step::Bytes(response)]).conn();
        head(&mut conn).expect("it came");
        // As one who stops after the last byte, before the end was looked at.
        assert!(poll(|cx| conn.poll_chunk(cx)).expect("it came"));
        assert_eq!(conn.finish(), kept, "{response:?}");
    }
}

#[test]
fn a_body_that_ends_with_the_connection_ends_the_connection() {
    let reads = [
        Step::Bytes("HTTP/1.1 200 OK\r\n\r\nhello"),
        Step::Wait,
        Step::End,
    ];
    let mut conn = Fake::default().reads(reads).conn();
    head(&mut conn).expect("it came");
    assert_eq!(body(&mut conn).expect("it is whole"), "hello");
    assert!(!poll(|cx| conn.poll_chunk(cx)).expect("over is over"));
    assert!(!conn.finish());
}

/// Broken by: `<` → `<=` in `poll_drain`, or not counting at all.
#[test]
fn what_nobody_wants_is_dropped_if_it_is_short() {
    let head_of_ten = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n";
    let cases = [
        (9, true, true),
        (10, true, true),
        (5, true, false),
        (99, false, true),
    ];
    for (most, is_there, kept) in cases {
        let wait = if is_there { None } else { Some(Step::Wait) };
        let reads = [Step::Bytes(head_of_ten), Step::Bytes("hello")];
        let reads = reads.into_iter().chain(wait).chain([Step::Bytes("there")]);
        let mut conn = Fake::default().reads(reads).conn();
        head(&mut conn).expect("it came");
        let mut dropped = 0;
        let mut cx = Context::from_waker(Waker::noop());
        let mut drained = || conn.poll_drain(&mut cx, &mut dropped, most);
        if !is_there {
            assert!(drained().is_pending(), "it may be on its way");
        }
        assert!(drained().is_ready());
        assert_eq!(conn.finish(), kept, "{most}, {is_there}");
    }
}

#[test]
fn what_breaks_says_during_what() {
    let broken = || Step::Fail(io::ErrorKind::ConnectionReset);
    let mut conn = Fake::default().reads([broken()]).conn();
    let error = head(&mut conn).expect_err("it broke");
    assert!(
        matches!(
            error,
            ErrorKind::Broken {
                phase: Phase::Head,
                ..
            }
        ),
        "{error}"
    );

    let mut conn = Fake::default()
        .reads([Step::Bytes(&OK[..40]), broken()])
        .conn();
    head(&mut conn).expect("it came");
    let error = body(&mut conn).expect_err("it broke");
    assert!(
        matches!(
            error,
            ErrorKind::Broken {
                phase: Phase::Body,
                ..
            }
        ),
        "{error}"
    );
}
