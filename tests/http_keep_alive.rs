//! The client keeps connections, reuses them when that is safe, and closes them otherwise.
#![cfg(feature = "http")]

mod http_support;

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use hob::http::{Client, ErrorKind, HeaderValue, Response};
use hob::time::sleep;
use http_support::{Server, hear, local, ok, wait_until};

async fn text(client: &Client, url: String) -> String {
    let response = client.get(url).send().await.expect("a response");
    response.text().await.expect("a whole body")
}

/// Where `localhost` is `::1` as well, nobody listens there, and the other one is tried.
#[test]
fn a_host_of_several_addresses_is_reached_at_the_one_that_answers() {
    let server = Server::always(ok("hello"));
    hob::block_on(async {
        let client = Client::new();
        let url = server.url("/").replace("127.0.0.1", "localhost");
        assert_eq!(text(&client, url.clone()).await, "hello");
        assert_eq!(text(&client, url).await, "hello");
    });
    assert_eq!(server.accepted(), 1);
    assert!(
        server.requests()[0].contains(&format!("host: localhost:{}\r\n", server.addr().port()))
    );
}

/// Closes each connection after one response, without having said that it would.
fn forgetful() -> Server {
    Server::start(|peer| {
        if peer.request().is_some() {
            peer.say(ok("hello"));
        }
    })
}

/// Broken by: not calling `lay_aside` in `Lease::finish`.
#[test]
fn one_request_after_the_other_goes_over_one_connection() {
    let server = Server::always(ok("hello"));
    hob::block_on(async {
        let client = Client::new();
        for _ in 0..10 {
            assert_eq!(text(&client, server.url("/")).await, "hello");
        }
        assert_eq!(text(&client.clone(), server.url("/")).await, "hello");
    });
    assert_eq!((server.accepted(), server.requests().len()), (1, 11));
}

#[test]
fn each_host_and_port_has_connections_of_its_own() {
    let (one, two) = (Server::always(ok("one")), Server::always(ok("two")));
    hob::block_on(async {
        let client = Client::new();
        for _ in 0..3 {
            assert_eq!(text(&client, one.url("/")).await, "one");
            assert_eq!(text(&client, two.url("/")).await, "two");
        }
    });
    assert_eq!((one.accepted(), two.accepted()), (1, 1));
}

/// Both ways to notice it are needed: the look at the socket, and the repetition.
#[test]
fn a_connection_that_the_server_closed_is_replaced_without_a_word() {
    let server = forgetful();
    hob::block_on(async {
        let client = Client::new();
        for _ in 0..20 {
            assert_eq!(text(&client, server.url("/")).await, "hello");
        }
    });
    assert_eq!(server.accepted(), 20);
}

/// Under virtual time, so that a second is over only when the loop has heard all there is.
/// A POST is never repeated: it succeeds only because the look came before it.
///
/// Broken by: leaving `is_quiet` out of `take_idle`.
#[test]
fn a_connection_that_is_known_to_be_closed_or_to_speak_unasked_is_not_used() {
    hob::Builder::new().virtual_time().block_on(async {
        for unasked in ["", "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"] {
            let url = local(async move |stream| {
                hear(&stream).await;
                let _ = stream.write_all(ok("hello").as_bytes()).await;
                sleep(Duration::from_millis(1)).await;
                let _ = stream.write_all(unasked.as_bytes()).await;
                if !unasked.is_empty() {
                    std::future::pending::<()>().await;
                }
            });
            let url = url.await;
            let client = Client::new();
            for _ in 0..3 {
                let response = client.post(&url).send().await.expect("a new connection");
                assert_eq!(response.text().await.expect("whole"), "hello");
                sleep(Duration::from_secs(1)).await;
            }
        }
    });
}

/// The loop never visits the kernel between the two requests: only who asks the kernel itself
/// can know. A POST is not repeated, so it must not meet the old connection at all.
///
/// Broken by: a `TcpStream::is_quiet` that goes through `try_io`, whose answer is what the
/// loop last heard.
#[test]
fn what_the_loop_has_not_heard_of_an_idle_connection_the_kernel_is_asked_for() {
    for unasked in ["", "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"] {
        let turn = Arc::new(AtomicUsize::new(0));
        let theirs = turn.clone();
        let server = Server::start(move |peer| {
            peer.request();
            peer.say(ok("hello"));
            if peer.number > 0 {
                return peer.wait_for_close();
            }
            wait_until(|| theirs.load(SeqCst) == 1);
            if unasked.is_empty() {
                peer.end();
            } else {
                peer.say(unasked);
            }
            theirs.store(2, SeqCst);
            peer.wait_for_close();
        });
        hob::block_on(async {
            let client = Client::new();
            assert_eq!(text(&client, server.url("/")).await, "hello");
            turn.store(1, SeqCst);
            wait_until(|| turn.load(SeqCst) == 2); // On this thread, so that the loop stands.
            let response = client.post(server.url("/")).send().await.unwrap();
            assert_eq!(response.text().await.unwrap(), "hello", "{unasked:?}");
        });
        assert_eq!(server.accepted(), 2);
    }
}

/// Closes the first connection in answer to its second request, so that the client cannot
/// have known.
fn treacherous() -> Server {
    Server::start(|peer| {
        let mut left = if peer.number == 0 { 1 } else { usize::MAX };
        while peer.request().is_some() && left > 0 {
            left -= 1;
            peer.say(ok("hello"));
        }
    })
}

/// Broken by: `is_stale` always false.
#[test]
fn a_request_that_met_a_dying_connection_is_made_once_more() {
    let server = treacherous();
    hob::block_on(async {
        let client = Client::new();
        assert_eq!(text(&client, server.url("/1")).await, "hello");
        assert_eq!(text(&client, server.url("/2")).await, "hello");
    });
    assert_eq!(server.accepted(), 2);
    let asked = server.requests();
    assert_eq!(
        asked.len(),
        3,
        "the second request went out twice: {asked:?}"
    );
}

/// Broken by: leaving `is_idempotent` out of `is_stale`.
#[test]
fn what_may_not_be_repeated_is_not_repeated() {
    let server = treacherous();
    hob::block_on(async {
        let client = Client::new();
        assert_eq!(text(&client, server.url("/1")).await, "hello");
        let error = client.post(server.url("/2")).body("order").send().await;
        let error = error.unwrap_err();
        let kind = error.kind();
        assert!(
            matches!(
                kind,
                ErrorKind::EndedEarly { .. } | ErrorKind::Broken { .. }
            ),
            "{error}"
        );
    });
    assert_eq!((server.accepted(), server.requests().len()), (1, 2));
}

/// Broken by: leaving `was_heard` out of `is_stale`, or asking it for new connections, too.
#[test]
fn only_an_old_connection_that_said_nothing_counts_as_dying() {
    // Each connection dies in the middle of its second response, the new ones of their first.
    let server = Server::start(|peer| {
        if peer.number == 0 && peer.request().is_some() {
            peer.say(ok("hello"));
        }
        if peer.request().is_some() {
            peer.say("HTTP/1.1 200 O");
        }
    });
    let silent = Server::start(|peer| drop(peer.request()));
    hob::block_on(async {
        let client = Client::new();
        assert_eq!(text(&client, server.url("/1")).await, "hello");
        assert!(client.get(server.url("/2")).send().await.is_err());
        assert!(client.get(silent.url("/")).send().await.is_err());
    });
    assert_eq!((server.accepted(), server.requests().len()), (1, 2));
    assert_eq!((silent.accepted(), silent.requests().len()), (1, 1));
}

/// Broken by: `is_done` out of `Conn::is_reusable`.
#[test]
fn a_response_dropped_in_the_middle_closes_its_connection() {
    let server = Server::start(|peer| {
        while peer.request().is_some() {
            peer.say("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello");
            peer.wait_for_close();
        }
    });
    hob::block_on(async {
        let client = Client::new();
        let before = hob::metrics().live_sources;
        let mut response = client.get(server.url("/")).send().await.unwrap();
        assert_eq!(response.chunk().await.unwrap(), Some(&b"hello"[..]));
        drop(response);
        assert_eq!(hob::metrics().live_sources, before);
        client.get(server.url("/")).send().await.unwrap();
    });
    assert_eq!(server.accepted(), 2);
}

/// Broken by: not asking `decode` once more in `Conn::finish`.
#[test]
fn who_stops_after_the_last_byte_gives_the_connection_back_all_the_same() {
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
    let server = Server::always(chunked);
    let empty = Server::always("HTTP/1.1 204 No Content\r\n\r\n");
    hob::block_on(async {
        let client = Client::new();
        for _ in 0..3 {
            let mut response: Response = client.get(server.url("/")).send().await.unwrap();
            let mut length = 0;
            while length < 5 {
                length += response.chunk().await.unwrap().expect("more").len();
            }
            drop(response);
            drop(client.get(empty.url("/")).send().await.unwrap());
        }
    });
    assert_eq!((server.accepted(), empty.accepted()), (1, 1));
}

/// Whoever sends a body where none may be will send it late, too: when it is not to be told
/// from the next response any more.
///
/// Broken by: leaving `announces_in_vain` out of `is_suspect`, or the interim heads out of
/// `Conn::look_for_head`.
#[test]
fn a_body_announced_where_none_may_be_ends_the_connection() {
    let heads = [
        "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n",
        "HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 103 Early Hints\r\nContent-Length: 5\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n",
    ];
    for head in heads {
        let server = Server::always(head);
        hob::block_on(async {
            let client = Client::new();
            for _ in 0..3 {
                assert_eq!(text(&client, server.url("/")).await, "");
            }
        });
        assert_eq!(server.accepted(), 3, "{head:?}");
    }
    let legitimate = "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n";
    let server = Server::always(legitimate);
    hob::block_on(async {
        let client = Client::new();
        for _ in 0..3 {
            assert_eq!(text(&client, server.url("/")).await, "");
        }
    });
    assert_eq!(server.accepted(), 1);
}

#[test]
fn asking_for_a_close_gets_one() {
    let server = Server::always(ok("hello"));
    hob::block_on(async {
        let client = Client::new();
        for _ in 0..2 {
            let request = client.get(server.url("/")).header("connection", "close");
            assert_eq!(request.send().await.unwrap().text().await.unwrap(), "hello");
        }
    });
    assert_eq!(server.accepted(), 2);
}

/// Broken by: leaving `close_old` out of `take_idle`.
#[test]
fn a_connection_that_was_idle_for_too_long_is_closed() {
    hob::Builder::new().virtual_time().block_on(async {
        let accepted = Rc::new(Cell::new(0));
        let count = accepted.clone();
        let url = local(async move |stream| {
            count.set(count.get() + 1);
            while hear(&stream).await && stream.write_all(ok("hello").as_bytes()).await.is_ok() {}
        });
        let url = url.await;
        let minute = Duration::from_secs(60);
        let client = Client::builder().idle_connections_for(minute).build();
        text(&client, url.clone()).await;
        sleep(minute - Duration::from_millis(1)).await;
        text(&client, url.clone()).await;
        assert_eq!(accepted.get(), 1, "a minute is not over");
        sleep(minute).await;
        text(&client, url.clone()).await;
        assert_eq!(accepted.get(), 2);

        let client = Client::builder()
            .idle_connections_for(Duration::ZERO)
            .build();
        text(&client, url.clone()).await;
        text(&client, url).await;
        assert_eq!(accepted.get(), 4, "none is kept");
    });
}

#[test]
fn a_client_that_goes_takes_its_connections_with_it() {
    let server = Server::always(ok("hello"));
    hob::block_on(async {
        let before = hob::metrics();
        let client = Client::new();
        text(&client, server.url("/")).await;
        assert_eq!(hob::metrics().live_sources, before.live_sources + 1);
        drop(client);
        assert_eq!(hob::metrics().live_sources, before.live_sources);
        assert_eq!(hob::metrics().live_timers, before.live_timers);
    });
    wait_until(|| server.open() == 0);
}

#[test]
fn a_client_outlives_its_runtime_and_connects_anew_in_the_next() {
    let server = Server::always(ok("hello"));
    let client = Client::builder()
        .user_agent(HeaderValue::from_static("traveller"))
        .build();
    for _ in 0..2 {
        hob::block_on(async {
            assert_eq!(text(&client, server.url("/")).await, "hello");
        });
    }
    let asked = server.requests();
    assert!(
        asked
            .iter()
            .all(|request| request.contains("user-agent: traveller\r\n"))
    );
}
