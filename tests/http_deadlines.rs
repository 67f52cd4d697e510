//! Each wait of a request has a deadline; whichever passes first is named, with its length.
//! All of it in virtual time: a minute passes as soon as nothing else is left to happen.
#![cfg(feature = "http")]

mod http_support;

use std::future::{Future, pending};
use std::time::Duration;

use futures_lite::AsyncReadExt;
use hob::http::{Client, ClientBuilder, Deadline, Error, ErrorKind};
use hob::net::TcpStream;
use hob::time::{now, sleep, timeout};
use http_support::{hear, local};

const SECOND: Duration = Duration::from_secs(1);

fn in_virtual_time<T>(test: impl Future<Output = T>) -> T {
    hob::Builder::new().virtual_time().block_on(test)
}

/// Fetches `url` with a client of `settings`; gives the error and how long it took to come.
async fn fails(url: &str, settings: ClientBuilder) -> (Error, Duration) {
    let before = hob::metrics();
    let client = settings.build();
    let start = now();
    let error = match client.get(url).send().await {
        Ok(response) => response.bytes().await.expect_err("it is never whole"),
        Err(error) => error,
    };
    let took = now() - start;
    drop(client);
    // By then the server has noticed, too, and rests no more.
    sleep(1000 * SECOND).await;
    assert_eq!(hob::metrics().live_timers, before.live_timers);
    assert!(error.is_timeout(), "{error}");
    (error, took)
}

fn which(error: &Error) -> (Deadline, Duration) {
    match error.kind() {
        ErrorKind::Timeout { deadline, after } => (*deadline, *after),
        _ => panic!("{error}"),
    }
}

/// `false` if the client is gone.
async fn say(stream: &TcpStream, text: &str) -> bool {
    stream.write_all(text.as_bytes()).await.is_ok()
}

/// Broken by: any other default in `Config`.
#[test]
fn a_server_that_never_answers_is_given_up_after_a_minute() {
    in_virtual_time(async {
        let url = local(async |stream| {
            hear(&stream).await;
            pending::<()>().await;
        });
        let (error, took) = fails(&url.await, Client::builder()).await;
        assert_eq!(which(&error), (Deadline::FirstByte, 60 * SECOND));
        assert_eq!(took, 60 * SECOND);
        assert!(error.to_string().contains("60s"), "{error}");
    });
}

/// Broken by: setting the alarm anew for each byte of the head.
#[test]
fn a_head_that_drips_in_is_given_up_all_the_same() {
    in_virtual_time(async {
        let url = local(async |stream| {
            hear(&stream).await;
            say(
                &stream,
                "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nA: ",
            )
            .await;
            while say(&stream, "x").await {
                sleep(SECOND).await;
            }
        });
        let settings = Client::builder().first_byte_timeout(10 * SECOND);
        let (error, took) = fails(&url.await, settings).await;
        assert_eq!(which(&error), (Deadline::FirstByte, 10 * SECOND));
        assert_eq!(took, 10 * SECOND);
    });
}

/// Broken by: not setting the alarm anew for each piece.
#[test]
fn a_body_may_take_long_but_not_stand_still() {
    in_virtual_time(async {
        let url = local(async |stream| {
            hear(&stream).await;
            say(&stream, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n").await;
            for _ in 0..50 {
                sleep(50 * SECOND).await;
                say(&stream, "x").await;
            }
            pending::<()>().await;
        });
        let (error, took) = fails(&url.await, Client::builder()).await;
        assert_eq!(which(&error), (Deadline::Idle, 60 * SECOND));
        assert_eq!(took, 50 * 50 * SECOND + 60 * SECOND);
    });
}

/// Broken by: not taking the alarm down in `judge` when something came.
#[test]
fn a_reader_too_may_take_long_but_not_stand_still() {
    in_virtual_time(async {
        let url = local(async |stream| {
            hear(&stream).await;
            say(&stream, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n").await;
            for _ in 0..3 {
                sleep(50 * SECOND).await;
                say(&stream, "x").await;
            }
        });
        let response = Client::new().get(url.await).send().await.unwrap();
        let mut text = String::new();
        let mut reader = response.into_reader();
        reader.read_to_string(&mut text).await.unwrap();
        assert_eq!(text, "xxx");
    });
}

/// A gzip header, say, means nothing by itself. Broken by: not asking `judge` in `unpack.rs`.
#[test]
fn a_coded_body_does_not_stand_still_while_its_bytes_mean_nothing_yet() {
    const HEAD: &str = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n";
    // A name of three bytes, a stored block, the checksum and the length.
    const BODY: &[u8] = b"\x1f\x8b\x08\x08\0\0\0\0\0\xffabc\0\
        \x01\x05\0\xfa\xffhello\x86\xa6\x10\x36\x05\0\0\0";
    in_virtual_time(async {
        let url = local(async |stream| {
            hear(&stream).await;
            say(&stream, HEAD).await;
            for byte in BODY {
                sleep(50 * SECOND).await;
                let _ = stream.write_all(&[*byte]).await;
            }
        });
        let response = Client::new().get(url.await).send().await.unwrap();
        assert_eq!(response.text().await.unwrap(), "hello");
    });
}

/// Broken by: taking the alarm down whenever a piece is asked for.
#[test]
fn who_gives_up_a_piece_and_asks_again_still_meets_the_idle_deadline() {
    in_virtual_time(async {
        let url = local(async |stream| {
            hear(&stream).await;
            say(&stream, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n").await;
            sleep(50 * SECOND).await;
            say(&stream, "x").await;
            pending::<()>().await;
        });
        let mut response = Client::new().get(url.await).send().await.unwrap();
        let start = now();
        let (mut ticks, mut pieces) = (0, 0);
        let error = loop {
            match timeout(7 * SECOND, response.chunk()).await {
                Err(_) => ticks += 1,
                Ok(Ok(piece)) => pieces += piece.map_or(0, <[u8]>::len),
                Ok(Err(error)) => break error,
            }
            assert!(ticks < 100, "the deadline is never met");
        };
        assert_eq!(which(&error), (Deadline::Idle, 60 * SECOND));
        assert_eq!((pieces, now() - start), (1, 110 * SECOND));
    });
}

/// The deadline has passed while nobody asked, but the piece is there.
#[test]
fn a_piece_that_is_there_is_given_out_however_late_it_is_asked_for() {
    in_virtual_time(async {
        let url = local(async |stream| {
            hear(&stream).await;
            say(&stream, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n").await;
            sleep(20 * SECOND).await;
            say(&stream, "x").await;
            sleep(200 * SECOND).await;
            say(&stream, "y").await;
        });
        let mut response = Client::new().get(url.await).send().await.unwrap();
        assert!(timeout(10 * SECOND, response.chunk()).await.is_err());
        sleep(190 * SECOND).await;
        assert_eq!(response.chunk().await.unwrap(), Some(&b"x"[..]));
        assert_eq!(response.chunk().await.unwrap(), Some(&b"y"[..]));
    });
}

/// The program computed for longer than the deadline, and the loop could not go and hear what
/// the kernel had been holding for it all the time. (`src/http/deadline/mod.rs` has the rarer case
/// in which the loop went, and did not hear of it yet.)
#[test]
fn a_program_that_did_not_look_does_not_blame_the_peer() {
    let server = http_support::Server::start(|peer| {
        peer.request();
        peer.say("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n");
        std::thread::sleep(Duration::from_millis(20));
        peer.say("xy");
        peer.wait_for_close();
    });
    hob::block_on(async {
        let limit = Duration::from_millis(100);
        let client = Client::builder().idle_timeout(limit).build();
        let mut response = client.get(server.url("/")).send().await.unwrap();
        // Both polls in one poll of the task: no turn of the loop between them.
        let first = futures_lite::future::poll_once(response.chunk()).await;
        if first.is_none() {
            std::thread::sleep(3 * limit);
            let second = response.chunk().await.unwrap();
            assert_eq!(second, Some(&b"xy"[..]));
        }
    });
}

/// Broken by: leaving `whole` out of `Alarm::next`.
#[test]
fn the_total_ends_a_body_that_never_stands_still() {
    let dripping = async || {
        local(async |stream| {
            hear(&stream).await;
            say(&stream, "HTTP/1.1 200 OK\r\n\r\n").await;
            while say(&stream, "x").await {
                sleep(SECOND).await;
            }
        })
        .await
    };
    in_virtual_time(async {
        let settings = Client::builder().total_timeout(100 * SECOND);
        let (error, took) = fails(&dripping().await, settings).await;
        assert_eq!(which(&error), (Deadline::Total, 100 * SECOND));
        assert_eq!(took, 100 * SECOND);

        let client = Client::builder().total_timeout(100 * SECOND).build();
        let request = client.get(dripping().await).timeout(5 * SECOND);
        let error = request.send().await.unwrap().bytes().await.unwrap_err();
        assert_eq!(which(&error), (Deadline::Total, 5 * SECOND));
    });
}

/// As hard as a real server can make it; `deadline.rs` has the test that is sure to eat the
/// whole budget of each poll.
#[test]
fn the_total_ends_a_body_that_is_always_ready() {
    let firehose = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(true));
    let flows = firehose.clone();
    let server = http_support::Server::start(move |peer| {
        peer.request();
        peer.say("HTTP/1.1 200 OK\r\n\r\n");
        let water = vec![0; 64 * 1024];
        while flows.load(std::sync::atomic::Ordering::SeqCst) && peer.say(&water) {}
    });
    hob::block_on(async {
        let total = Duration::from_millis(100);
        let client = Client::builder().total_timeout(total).build();
        let mut sink = futures_lite::io::sink();
        let error = match client.get(server.url("/")).send().await {
            Ok(mut response) => response.copy_to(&mut sink).await.unwrap_err(),
            // On a busy machine the time may be over before the head is there.
            Err(error) => error,
        };
        assert_eq!(which(&error), (Deadline::Total, total));
    });
    firehose.store(false, std::sync::atomic::Ordering::SeqCst);
}

/// Broken by: not guarding the wait in `Engine::place`.
#[test]
fn standing_in_line_counts_towards_the_total() {
    in_virtual_time(async {
        let url = local(async |stream| {
            hear(&stream).await;
            say(&stream, "HTTP/1.1 200 OK\r\n\r\n").await;
            pending::<()>().await;
        });
        let url = url.await;
        let client = Client::builder().max_per_host(1).idle_timeout(None).build();
        let _holder = client.get(&url).send().await.unwrap();
        let start = now();
        let error = client
            .get(&url)
            .timeout(7 * SECOND)
            .send()
            .await
            .unwrap_err();
        assert_eq!(which(&error), (Deadline::Total, 7 * SECOND));
        assert_eq!(now() - start, 7 * SECOND);
        assert_eq!(error.address(), None, "it never came to a connection");
    });
}

/// Broken by: not guarding `poll_send`.
#[test]
fn an_upload_that_nobody_takes_is_given_up() {
    in_virtual_time(async {
        let url = local(async |_stream| pending::<()>().await);
        let client = Client::builder().idle_timeout(20 * SECOND).build();
        let start = now();
        let request = client
            .post(url.await)
            .body(vec![0; 64 << 20])
            .expect_continue(false);
        let error = request.send().await.unwrap_err();
        assert_eq!(which(&error), (Deadline::Idle, 20 * SECOND));
        assert_eq!(now() - start, 20 * SECOND);
    });
}

/// Broken by: no guard around `connect`.
///
/// On Linux only: elsewhere a full backlog refuses, or is larger than it was said to be.
#[cfg(target_os = "linux")]
#[test]
fn connecting_has_a_deadline_of_its_own() {
    // Full after the first: what comes then is not even acknowledged.
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None);
    let socket = socket.unwrap();
    let any: std::net::SocketAddr = ([127, 0, 0, 1], 0).into();
    socket.bind(&any.into()).unwrap();
    socket.listen(0).unwrap();
    let addr = socket.local_addr().unwrap().as_socket().unwrap();
    in_virtual_time(async {
        let client = Client::builder().connect_timeout(3 * SECOND).build();
        let url = format!("http://{addr}/");
        let fill: Vec<_> = (0..8)
            .map(|_| {
                let (client, url) = (client.clone(), url.clone());
                hob::spawn(async move { client.get(url).send().await.unwrap_err() })
            })
            .collect();
        let mut given_up = 0;
        for task in fill {
            let error = task.await.unwrap();
            given_up += usize::from(error.is_connect());
            assert!(!error.is_connect() || which(&error) == (Deadline::Connect, 3 * SECOND));
        }
        assert!(given_up > 0, "the backlog took them all");
    });
}

/// Broken by: a limit where `None` was said.
#[test]
fn without_deadlines_a_slow_server_has_all_the_time_it_wants() {
    in_virtual_time(async {
        let url = local(async |stream| {
            hear(&stream).await;
            sleep(86_400 * SECOND).await;
            say(&stream, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no").await;
            sleep(86_400 * SECOND).await;
            say(&stream, "k").await;
            hear(&stream).await;
        });
        let client = Client::builder()
            .first_byte_timeout(None)
            .idle_timeout(None)
            .build();
        let start = now();
        let response = client.get(url.await).send().await.unwrap();
        assert_eq!(response.text().await.unwrap(), "ok");
        assert_eq!(now() - start, 2 * 86_400 * SECOND);
    });
}
