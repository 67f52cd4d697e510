//! A body can be read in every way there is, sent in one, and never faster than it is used.
#![cfg(feature = "http")]

mod http_support;

use std::cell::Cell;
use std::future::pending;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use futures_io::AsyncWrite;
use futures_lite::{AsyncBufReadExt, AsyncReadExt, StreamExt};
use hob::http::{Client, ErrorKind, Response, Version};
use http_support::{Server, local, ok};

/// Bytes that show it when some are lost, doubled or out of order.
fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|n| (n % 251) as u8).collect()
}

fn with_length(body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

fn chunked(body: &[u8], size: usize) -> Vec<u8> {
    let mut bytes = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
    for chunk in body.chunks(size) {
        bytes.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
        bytes.extend_from_slice(chunk);
        bytes.extend_from_slice(b"\r\n");
    }
    bytes.extend_from_slice(b"0\r\nx-sum: 7\r\n\r\n");
    bytes
}

async fn response(server: &Server) -> Response {
    Client::new().get(server.url("/")).send().await.unwrap()
}

#[test]
fn every_way_to_read_gives_the_same_bytes_in_every_framing() {
    let body = pattern(1_000_003);
    let until_close = [b"HTTP/1.0 200 OK\r\n\r\n".as_slice(), &body].concat();
    let framed = [
        with_length(&body),
        chunked(&body, 1_000),
        chunked(&body, 100_000),
        until_close,
    ];
    for bytes in framed {
        let server = Server::start(move |peer| {
            if peer.request().is_some() {
                peer.say(&bytes);
            }
        });
        hob::block_on(async {
            assert!(response(&server).await.bytes().await.unwrap() == body);

            let mut pieces = Vec::new();
            let mut whole = response(&server).await;
            while let Some(piece) = whole.chunk().await.unwrap() {
                assert!(!piece.is_empty() && piece.len() <= 64 * 1024);
                pieces.extend_from_slice(piece);
            }
            assert!(pieces == body);
            assert!(whole.chunk().await.unwrap().is_none(), "over is over");

            let mut copied = Vec::new();
            let count = response(&server).await.copy_to(&mut copied).await.unwrap();
            assert!(copied == body && count == body.len() as u64);

            let mut read = Vec::new();
            let mut reader = response(&server).await.into_reader();
            reader.read_to_end(&mut read).await.unwrap();
            assert!(read == body);
            assert_eq!(reader.read(&mut [0; 10]).await.unwrap(), 0, "over is over");
        });
    }
}

/// In every framing, and behind what the file holds already. An appending file takes no pages from
/// a pipe.
#[test]
fn a_body_of_any_framing_reaches_its_file_whole_and_in_its_place() {
    let body = pattern(5_000_003);
    let until_close = [b"HTTP/1.0 200 OK\r\n\r\n".as_slice(), &body].concat();
    let framed = [with_length(&body), chunked(&body, 300_000), until_close];
    let name = format!("hob-http-bodies-{}", std::process::id());
    let path = std::env::temp_dir().join(name);
    for bytes in framed {
        let server = Server::start(move |peer| {
            if peer.request().is_some() {
                peer.say(&bytes);
            }
        });
        for append in [false, true] {
            hob::block_on(async {
                let mut options = hob::fs::OpenOptions::new();
                let options = options.append(append).write(true).create(true);
                let mut file = options.open(&path).await.unwrap();
                file.write_all(b"before").await.unwrap();
                let mut response = response(&server).await;
                let count = response.copy_to_file(&mut file).await.unwrap();
                assert_eq!(count, body.len() as u64);
                assert!(response.chunk().await.unwrap().is_none(), "over is over");
                file.write_all(b"behind").await.unwrap();
                file.close().await.unwrap();
            });
            let got = std::fs::read(&path).unwrap();
            std::fs::remove_file(&path).unwrap();
            assert!(got == [b"before", &body[..], b"behind"].concat());
        }
    }
}

/// Broken by: `plain_left` without an end: then the second answer goes into the first file.
#[test]
fn what_follows_a_saved_body_is_left_to_the_next_request() {
    let body = pattern(3_000_000);
    let bytes = with_length(&body);
    let server = Server::start(move |peer| {
        while peer.request().is_some() {
            peer.say(&bytes);
        }
    });
    let name = format!("hob-http-saved-{}", std::process::id());
    let path = std::env::temp_dir().join(name);
    hob::block_on(async {
        let client = Client::new();
        for _ in 0..3 {
            let mut response = client.get(server.url("/")).send().await.unwrap();
            let mut file = hob::fs::File::create(&path).await.unwrap();
            response.copy_to_file(&mut file).await.unwrap();
            file.close().await.unwrap();
            assert!(hob::fs::read(&path).await.unwrap() == body);
        }
    });
    std::fs::remove_file(&path).unwrap();
    assert_eq!(server.accepted(), 1, "the connection is good for the next");
}

/// Broken by: not lending a piece again that a dropped copy had not written.
#[test]
fn who_gives_up_saving_and_begins_again_misses_nothing() {
    let body = pattern(3_000_000);
    let name = format!("hob-http-again-{}", std::process::id());
    let path = std::env::temp_dir().join(name);
    for bytes in [with_length(&body), chunked(&body, 300_000)] {
        let server = Server::always(bytes);
        hob::Builder::new().worker_threads(1).block_on(async {
            let mut file = hob::fs::File::create(&path).await.unwrap();
            let mut response = response(&server).await;
            // While the only worker is busy, the copy comes to a halt where it has to wait for it.
            let (go_on, told) = std::sync::mpsc::channel::<()>();
            let blocker = hob::spawn_blocking(move || told.recv());
            let saving = response.copy_to_file(&mut file);
            let limit = Duration::from_millis(500);
            assert!(hob::time::timeout(limit, saving).await.is_err());
            drop(go_on);
            assert!(blocker.await.unwrap().is_err(), "the channel is closed");
            response.copy_to_file(&mut file).await.unwrap();
            file.close().await.unwrap();
        });
        assert!(std::fs::read(&path).unwrap() == body);
    }
    std::fs::remove_file(&path).unwrap();
}

#[test]
fn a_body_that_is_cut_on_its_way_to_a_file_is_an_error() {
    let mut bytes = with_length(&pattern(3_000_000));
    bytes.truncate(2_000_000);
    let server = Server::start(move |peer| {
        if peer.request().is_some() {
            peer.say(&bytes);
        }
    });
    let name = format!("hob-http-cut-{}", std::process::id());
    let path = std::env::temp_dir().join(name);
    hob::block_on(async {
        let mut file = hob::fs::File::create(&path).await.unwrap();
        let mut response = response(&server).await;
        let error = response.copy_to_file(&mut file).await.unwrap_err();
        assert!(
            matches!(error.kind(), ErrorKind::EndedEarly { .. }),
            "{error}"
        );
        assert!(
            response.chunk().await.is_err(),
            "after an error only errors"
        );
    });
    std::fs::remove_file(&path).unwrap();
}

/// `/dev/full` takes nothing.
#[cfg(target_os = "linux")]
#[test]
fn a_file_that_takes_no_more_says_so_while_a_body_is_saved() {
    let server = Server::always(with_length(&pattern(3_000_000)));
    hob::block_on(async {
        let mut options = hob::fs::OpenOptions::new();
        let mut file = options.write(true).open("/dev/full").await.unwrap();
        let error = response(&server).await.copy_to_file(&mut file).await;
        let error = error.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Write(_)), "{error}");
    });
}

#[test]
fn a_reader_reads_lines_and_small_pieces() {
    let server = Server::always(chunked(b"one\ntwo\nthree\n", 2));
    hob::block_on(async {
        let reader = response(&server).await.into_reader();
        assert_eq!(reader.response().status(), 200);
        let lines: Vec<String> = reader.lines().map(Result::unwrap).collect().await;
        assert_eq!(lines, ["one", "two", "three"]);

        let mut reader = response(&server).await.into_reader();
        let mut text = [0; 14];
        for byte in text.chunks_mut(1) {
            reader.read_exact(byte).await.unwrap();
        }
        assert_eq!(&text, b"one\ntwo\nthree\n");
    });
}

/// Broken by: leaving `give_back` out of `into_reader`.
#[test]
fn a_reader_goes_on_where_the_pieces_ended() {
    let server = Server::always(chunked(b"hello world", 5));
    hob::block_on(async {
        let mut response = response(&server).await;
        assert_eq!(response.chunk().await.unwrap(), Some(&b"hello"[..]));
        let mut rest = String::new();
        let mut reader = response.into_reader();
        reader.read_to_string(&mut rest).await.unwrap();
        assert_eq!(rest, " world");
    });
}

#[test]
fn an_error_comes_out_of_a_reader_too_and_again() {
    let server = Server::start(|peer| {
        peer.request();
        peer.say("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello");
    });
    hob::block_on(async {
        let mut reader = response(&server).await.into_reader();
        let mut bytes = Vec::new();
        let error = reader.read_to_end(&mut bytes).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
        assert!(error.to_string().contains("5 bytes came of 10"), "{error}");
        assert_eq!(bytes, b"hello");
        assert!(
            reader.read(&mut [0; 10]).await.is_err(),
            "no end after an error"
        );
    });
}

#[test]
fn head_and_fields_are_there_before_the_body() {
    let server = Server::always("HTTP/1.1 404 No\r\nA: b\r\nA: c\r\nContent-Length: 2\r\n\r\nno");
    hob::block_on(async {
        let response = response(&server).await;
        assert_eq!(
            (response.status().as_u16(), response.version()),
            (404, Version::HTTP_11)
        );
        let values: Vec<_> = response.headers().get_all("a").iter().collect();
        assert_eq!(values, ["b", "c"]);
        assert_eq!(response.content_length(), Some(2));
        assert_eq!(response.peer_addr(), Some(server.addr()));
        let url = response.url().as_str();
        assert_eq!(
            format!("{response:?}"),
            format!("Response {{ status: 404, url: {url:?}, content_length: Some(2), .. }}")
        );
        let error = response.error_for_status().unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Status(status) if status.as_u16() == 404));
        let says = "answered 404 Not Found"; // The standard's words, not the server's "No".
        assert!(error.to_string().ends_with(says), "{error}");
    });
}

#[test]
fn an_old_server_is_known_by_its_version() {
    let server = Server::always("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n");
    hob::block_on(async {
        assert_eq!(response(&server).await.version(), Version::HTTP_10);
    });
}

#[test]
fn trailers_come_with_the_end_of_a_chunked_body() {
    let server = Server::always(chunked(b"hello", 5));
    hob::block_on(async {
        let mut response = response(&server).await;
        assert_eq!(response.content_length(), None);
        response.chunk().await.unwrap();
        assert!(response.trailers().is_none());
        assert!(response.chunk().await.unwrap().is_none());
        assert_eq!(response.trailers().unwrap()["x-sum"], "7");
    });
}

#[test]
fn the_length_after_head_is_told_and_not_waited_for() {
    let server = Server::always("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
    hob::block_on(async {
        let client = Client::new();
        for _ in 0..2 {
            let response = client.head(server.url("/")).send().await.unwrap();
            assert_eq!(response.content_length(), Some(1000));
            assert!(response.bytes().await.unwrap().is_empty());
        }
    });
    assert_eq!(server.accepted(), 1);
    assert!(server.requests()[0].starts_with("HEAD / "));
}

/// Broken by: `>` → `>=` in `bytes`.
#[test]
fn what_is_collected_in_memory_is_limited_and_pieces_are_not() {
    let server = Server::always(chunked(&pattern(1000), 100));
    hob::block_on(async {
        let client = |limit| Client::builder().max_in_memory(limit).build();
        let get = async |limit| client(limit).get(server.url("/")).send().await.unwrap();
        assert_eq!(get(1000).await.bytes().await.unwrap().len(), 1000);
        let error = get(999).await.bytes().await.unwrap_err();
        assert!(
            matches!(error.kind(), ErrorKind::TooLarge { limit: 999, .. }),
            "{error}"
        );
        let mut sink = futures_lite::io::sink();
        assert_eq!(get(999).await.copy_to(&mut sink).await.unwrap(), 1000);
    });
}

#[test]
fn text_is_text_or_an_error() {
    let (good, bad) = (
        Server::always(ok("käse")),
        Server::always(with_length(b"k\xe4se")),
    );
    hob::block_on(async {
        assert_eq!(response(&good).await.text().await.unwrap(), "käse");
        let error = response(&bad).await.text().await.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::NotText), "{error}");
    });
}

/// Takes 7 bytes, and then no more.
struct Full(usize);

impl AsyncWrite for Full {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        b: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.0 == 7 {
            return Poll::Ready(Err(io::ErrorKind::StorageFull.into()));
        }
        let count = b.len().min(7 - self.0);
        self.0 += count;
        Poll::Ready(Ok(count))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[test]
fn a_writer_that_fails_is_told_apart_from_a_server_that_fails() {
    let server = Server::always(ok("hello, world"));
    hob::block_on(async {
        let error = response(&server)
            .await
            .copy_to(&mut Full(0))
            .await
            .unwrap_err();
        let ErrorKind::Write(inside) = error.kind() else {
            panic!("{error}");
        };
        assert_eq!(inside.kind(), io::ErrorKind::StorageFull);
    });
}

/// Broken by: reading on while a piece is lent.
#[test]
fn nothing_is_read_ahead_of_the_caller() {
    let sent = Arc::new(AtomicUsize::new(0));
    let count = sent.clone();
    let server = Server::start(move |peer| {
        peer.request();
        peer.say("HTTP/1.1 200 OK\r\n\r\n");
        while peer.say([0; 4096]) {
            count.fetch_add(4096, Ordering::SeqCst);
        }
    });
    hob::block_on(async {
        let mut response = response(&server).await;
        response.chunk().await.unwrap();
        // The server comes to a stand when the kernel's buffers are full.
        let mut before = usize::MAX;
        while before != sent.load(Ordering::SeqCst) {
            before = sent.load(Ordering::SeqCst);
            hob::time::sleep(Duration::from_millis(100)).await;
        }
        // Far more than that can be read afterwards, so it was not held by us.
        let mut read = 0;
        while read < 64 << 20 {
            read += response.chunk().await.unwrap().expect("endless").len();
        }
    });
    assert!(sent.load(Ordering::SeqCst) >= 64 << 20);
}

#[test]
fn a_body_arrives_whole_with_its_length() {
    let server = Server::start(|peer| {
        while let Some(request) = peer.request() {
            let (_, body) = request.split_once("\r\n\r\n").expect("a head");
            peer.say(ok(&body.len().to_string()));
        }
    });
    hob::block_on(async {
        let client = Client::new();
        // More than all buffers of the kernel hold, so that it must be sent in many pieces.
        for length in [0, 1, 100_000, 20 << 20] {
            let request = client.put(server.url("/")).body("x".repeat(length));
            let response = request.send().await.unwrap();
            assert_eq!(response.text().await.unwrap(), length.to_string());
        }
    });
    assert_eq!(server.accepted(), 1);
}

/// Under virtual time, where waiting for ever takes no time.
///
/// Broken by: only writing in `poll_send`, or keeping the connection (`early` in `poll_head`).
#[test]
fn an_answer_that_comes_before_the_request_is_over_is_heard() {
    hob::Builder::new().virtual_time().block_on(async {
        let accepted = Rc::new(Cell::new(0));
        let count = accepted.clone();
        let url = local(async move |stream| {
            count.set(count.get() + 1);
            stream.read(&mut [0; 1024]).await.expect("a head");
            let interim = b"HTTP/1.1 100 Continue\r\n\r\n";
            stream.write_all(interim).await.expect("it listens");
            hob::time::sleep(Duration::from_secs(1)).await;
            let refusal = b"HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nno!";
            stream.write_all(refusal).await.expect("it listens");
            // Reads nothing more, and does not close either: the client must.
            pending::<()>().await;
        });
        let url = url.await;
        let client = Client::new();
        for _ in 0..2 {
            let request = client
                .post(&url)
                .body(vec![0; 64 << 20])
                .expect_continue(false);
            let response = request.send().await.unwrap();
            assert_eq!(response.status(), 413);
            assert_eq!(response.text().await.unwrap(), "no!");
        }
        assert_eq!(
            accepted.get(),
            2,
            "half a request lies on the first connection"
        );
    });
}

/// Broken by: reporting the failed write instead of the answer.
#[test]
fn an_answer_explains_better_than_a_broken_pipe() {
    let server = Server::start(|peer| {
        peer.read_head();
        peer.say("HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nno!");
        // Closes with most of the request unread, which resets the connection.
    });
    hob::block_on(async {
        let request = Client::new()
            .post(server.url("/"))
            .body(vec![0; 64 << 20])
            .expect_continue(false);
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 413);
    });
}
