//! Through an HTTP proxy: which form a request takes, who gets to see the credentials, and what
//! becomes of a proxy that says no, or something that it must not say.
#![cfg(feature = "http")]

mod cancel_support;
mod http_support;

use std::time::Duration;

use cancel_support::{pause, quit_at_every_poll_for_real};
use hob::http::{Client, ClientBuilder, Error, ErrorKind, ProxyFault};
use hob::join;
use hob::net::TcpListener;
use hob::testing::cancel_at_every_poll;
use http_support::{Server, hear, local, nobody, ok, patient, redirect, wait_until};

/// `user:pw`, as Basic has it.
const BASIC: &str = "Basic dXNlcjpwdw==";

/// A client for this proxy that takes nothing from the environment.
fn through(proxy: &str) -> ClientBuilder {
    Client::builder().proxy(proxy).no_proxy_for("")
}

/// The URL of a server as a proxy, with credentials.
fn secret(server: &Server) -> String {
    format!("http://user:pw@{}", server.addr())
}

fn plain(server: &Server) -> String {
    format!("http://{}", server.addr())
}

async fn text(client: &Client, url: impl AsRef<str>) -> Result<String, Error> {
    client.get(url).send().await?.text().await
}

/// What the proxy did wrong, out of the error.
fn fault(error: &Error) -> &ProxyFault {
    match error.kind() {
        ErrorKind::Proxy { why, .. } => why,
        other => panic!("{other}"),
    }
}

/// A proxy that makes every tunnel, and is the host behind it itself.
fn tunnels() -> Server {
    Server::start(|peer| {
        if peer.request().is_some() && peer.say("HTTP/1.1 200 Connected\r\n\r\n") {
            while peer.request().is_some() && peer.say(ok("inside")) {}
        }
    })
}

/// Answers each request for a tunnel with these bytes.
fn answers(bytes: impl Into<Vec<u8>>) -> Server {
    let bytes = bytes.into();
    Server::start(move |peer| {
        if peer.request().is_some() {
            peer.say(&bytes);
            peer.close();
        }
    })
}

async fn failure_of_tunnel(server: &Server) -> Error {
    let client = through(&secret(server)).always_tunnel(true).build();
    let error = text(&client, "http://h.test/").await.unwrap_err();
    let shown = format!("{error} {error:?}");
    assert!(
        shown.contains(&format!("proxy http://{}: ", server.addr())),
        "{shown}"
    );
    assert!(
        !shown.contains("pw") && !shown.contains("dXNlcjpwdw"),
        "{shown}"
    );
    error
}

// Forwarding.

/// RFC 9112 §3.2.2. Broken by: writing the origin-form, or a `Host` other than the URL's.
#[test]
fn a_request_to_forward_has_the_whole_url_in_it() {
    let proxy = Server::always(ok("forwarded"));
    hob::block_on(async {
        let client = through(&secret(&proxy)).build();
        let url = "http://me:mine@H.test:81/a?b#c";
        assert_eq!(text(&client, url).await.unwrap(), "forwarded");
    });
    let [request] = &proxy.requests()[..] else {
        panic!("{:?}", proxy.requests());
    };
    assert!(request.starts_with("GET http://h.test:81/a?b HTTP/1.1\r\nhost: h.test:81\r\n"));
    assert!(request.contains(&format!("\r\nproxy-authorization: {BASIC}\r\n")));
    assert!(
        !request.contains("me:mine") && !request.contains("#c"),
        "{request}"
    );
}

#[test]
fn a_proxy_without_credentials_gets_none_and_its_connections_are_kept() {
    let proxy = Server::always(ok("forwarded"));
    hob::block_on(async {
        let client = through(&plain(&proxy)).build();
        for _ in 0..3 {
            assert_eq!(text(&client, "http://h.test/").await.unwrap(), "forwarded");
        }
        let response = client.get("http://h.test/").send().await.unwrap();
        assert_eq!(response.peer_addr(), Some(proxy.addr()));
    });
    assert_eq!(proxy.accepted(), 1);
    assert!(proxy.requests().iter().all(|r| !r.contains("proxy-")));
}

/// Broken by: leaving `Proxy-Authorization` out of `OWN` in `request.rs`: it would reach the
/// host. And by: letting a request for a proxy have its own `Host`, which the proxy ignores.
#[test]
fn neither_credentials_for_a_proxy_nor_another_host_can_be_set_by_hand() {
    let proxy = Server::always(ok("forwarded"));
    hob::block_on(async {
        let client = through(&plain(&proxy)).build();
        let by_hand = |name, value| client.get("http://h.test/").header(name, value).send();
        for (name, value) in [("Proxy-Authorization", BASIC), ("Host", "other.test")] {
            let error = by_hand(name, value).await.unwrap_err();
            assert!(matches!(error.kind(), ErrorKind::Request(_)), "{error}");
        }
    });
    assert_eq!(proxy.accepted(), 0);
}

/// Broken by: writing `Proxy-Authorization` into the request's own headers.
#[test]
fn a_redirect_to_a_host_that_is_asked_directly_takes_no_credentials_along() {
    let host = Server::always(ok("direct"));
    let proxy = Server::always(redirect(302, &host.url("/there")));
    hob::block_on(async {
        let client = through(&secret(&proxy)).no_proxy_for("127.0.0.1").build();
        assert_eq!(text(&client, "http://h.test/").await.unwrap(), "direct");
    });
    assert_eq!((proxy.accepted(), host.accepted()), (1, 1));
    let request = host.requests().concat();
    assert!(request.starts_with("GET /there HTTP/1.1\r\n"), "{request}");
    assert!(!request.contains("proxy-") && !request.contains(BASIC));
}

#[test]
fn what_a_forwarding_proxy_answers_is_the_response() {
    let proxy = Server::always("HTTP/1.1 407 Who?\r\nContent-Length: 0\r\n\r\n");
    hob::block_on(async {
        let client = through(&plain(&proxy)).build();
        let response = client.get("http://h.test/").send().await.unwrap();
        assert_eq!(response.status(), 407);
    });
}

#[test]
fn exceptions_go_directly_and_no_proxy_asks_nobody() {
    let (host, proxy) = (Server::always(ok("direct")), Server::always(ok("proxy")));
    hob::block_on(async {
        let except = through(&plain(&proxy)).no_proxy_for("127.0.0.0/8").build();
        assert_eq!(text(&except, host.url("/")).await.unwrap(), "direct");
        let none = through(&plain(&proxy)).no_proxy().build();
        assert_eq!(text(&none, host.url("/")).await.unwrap(), "direct");
        let all = through(&plain(&proxy)).build();
        assert_eq!(text(&all, host.url("/")).await.unwrap(), "proxy");
    });
}

#[test]
fn a_proxy_that_is_not_there_is_named() {
    let addr = nobody();
    hob::block_on(async {
        let client = through(&format!("http://user:pw@{addr}")).build();
        let error = text(&client, "http://h.test/").await.unwrap_err();
        assert!(matches!(fault(&error), ProxyFault::Connect(_)), "{error}");
        assert!(error.is_connect() && error.address() == Some(addr));
        assert!(error.to_string().contains(&format!("proxy http://{addr}")));
        let lost = |_: &str| Err(std::io::Error::other("no such name"));
        let client = through("http://lost.test:1").resolver(lost).build();
        let error = text(&client, "http://h.test/").await.unwrap_err();
        let shown = error.to_string();
        assert!(
            shown.contains("proxy http://lost.test:1") && shown.contains("no such"),
            "{shown}"
        );
    });
}

// Tunnels.

/// RFC 9110 §9.3.6. Broken by: credentials written into the request inside (T3 in `tunnel`).
#[test]
fn a_tunnel_is_asked_for_once_and_the_proxys_credentials_stay_outside() {
    let proxy = tunnels();
    hob::block_on(async {
        let client = through(&secret(&proxy)).always_tunnel(true).build();
        for _ in 0..2 {
            assert_eq!(text(&client, "http://h.test/a?b").await.unwrap(), "inside");
        }
        let v6 = text(&client, "http://[2001:db8::1]:81/").await.unwrap();
        assert_eq!(v6, "inside");
    });
    let requests = proxy.requests();
    assert_eq!((proxy.accepted(), requests.len()), (2, 5));
    assert_eq!(
        requests[0],
        format!(
            "CONNECT h.test:80 HTTP/1.1\r\nhost: h.test:80\r\nproxy-authorization: {BASIC}\r\n\r\n"
        )
    );
    assert!(requests[1].starts_with("GET /a?b HTTP/1.1\r\nhost: h.test\r\n"));
    assert!(requests[3].starts_with("CONNECT [2001:db8::1]:81 HTTP/1.1\r\n"));
    for inside in [&requests[1], &requests[2], &requests[4]] {
        assert!(!inside.contains("proxy-") && !inside.contains(BASIC));
    }
}

/// Broken by: `Scheme::of` that is always `Http`. The proxy would be asked to forward, and would
/// see everything.
#[cfg(feature = "tls")]
#[test]
fn https_goes_through_a_tunnel_and_nothing_but_tls_goes_into_it() {
    let (sender, first_byte) = std::sync::mpsc::channel();
    let proxy = Server::start(move |peer| {
        if peer.request().is_some() && peer.say("HTTP/1.1 200 Connected\r\n\r\n") {
            sender.send(peer.byte()).unwrap();
        }
    });
    hob::block_on(async {
        let client = through(&secret(&proxy)).build();
        let url = "https://h.test/?secret";
        assert!(text(&client, url).await.unwrap_err().is_connect());
    });
    let connect = proxy.requests().concat();
    assert!(
        connect.starts_with("CONNECT h.test:443 HTTP/1.1\r\nhost: h.test:443\r\n"),
        "{connect}"
    );
    assert!(!connect.contains("secret"));
    // RFC 8446 §5.1: a record of the handshake.
    assert_eq!(first_byte.recv().unwrap(), Some(22));
}

/// Broken by: taking any final answer for a tunnel, or following a redirect of the proxy.
#[test]
fn a_proxy_that_makes_no_tunnel_says_why_by_its_status() {
    hob::block_on(async {
        for status in [407, 502, 302, 403] {
            let body = "x".repeat(100_000);
            let length = body.len();
            let proxy = answers(format!(
                "HTTP/1.1 {status} Their words\r\nLocation: http://evil.test/\r\n\
                 Content-Length: {length}\r\n\r\n{body}"
            ));
            let error = failure_of_tunnel(&proxy).await;
            let ProxyFault::Status(code) = fault(&error) else {
                panic!("{error}");
            };
            assert_eq!(code.as_u16(), status);
            assert!(!error.to_string().contains("Their words"));
            assert_eq!(error.address(), Some(proxy.addr()));
        }
    });
}

#[test]
fn a_tunnel_begins_behind_the_head_whatever_the_head_says_of_a_body() {
    for head in [
        "HTTP/1.0 200 Connection established\r\n\r\n",
        "HTTP/1.1 204 Fine\r\nContent-Length: 77\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n",
        "HTTP/1.1 100 Wait\r\n\r\nHTTP/1.1 103 Wait\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
    ] {
        for size in [1, 3, 1000] {
            let proxy = Server::start(move |peer| {
                if peer.request().is_some() && peer.say_in_pieces(head.as_bytes(), size) {
                    while peer.request().is_some() && peer.say(ok("inside")) {}
                }
            });
            hob::block_on(async {
                let client = through(&plain(&proxy)).always_tunnel(true).build();
                let inside = text(&client, "http://h.test/").await;
                assert_eq!(inside.unwrap(), "inside", "{head:?}");
            });
        }
    }
}

/// Broken by: not comparing lengths in `tunnel::answer` (T2): the proxy's words would be the
/// host's. The limits are those of `HeadReader`.
#[test]
fn a_hostile_answer_to_connect_is_refused() {
    let early = format!("HTTP/1.1 200 OK\r\n\r\n{}", ok("forged"));
    let endless = format!("HTTP/1.1 200 OK\r\n{}\r\n", "a: b\r\n".repeat(10_000));
    let waits = "HTTP/1.1 100 Wait\r\n\r\n".repeat(1000);
    hob::block_on(async {
        for (bytes, words) in [
            (early.as_str(), "says more after its answer"),
            (&endless, "too long"),
            (&waits, "too long"),
            ("SSH-2.0-hello\r\n\r\n", "HTTP/1."),
            ("HTTP/1.1 200 OK\r\na b: c\r\n\r\n", "bad answer"),
            ("HTTP/1.1 101 Switch\r\n\r\n", "protocol"),
        ] {
            let error = failure_of_tunnel(&answers(bytes)).await;
            assert!(matches!(fault(&error), ProxyFault::Protocol(_)), "{error}");
            assert!(error.to_string().contains(words), "{error}");
            assert!(error.rule().is_some());
        }
        for bytes in ["", "HTTP/1.1 200", "HTTP/1.1 200 OK\r\n"] {
            let error = failure_of_tunnel(&answers(bytes)).await;
            assert!(matches!(fault(&error), ProxyFault::Broken(_)), "{error}");
        }
    });
}

/// The deadline is one for all the steps. Broken by: leaving the handshake out of `connect`.
#[test]
fn a_silent_proxy_runs_into_the_deadline_for_connecting() {
    hob::Builder::new().virtual_time().block_on(async {
        let proxy = local(async |stream| {
            hear(&stream).await;
            std::future::pending::<()>().await;
        })
        .await;
        let limit = Duration::from_secs(7);
        let client = through(&proxy).always_tunnel(true).connect_timeout(limit);
        let error = text(&client.build(), "http://h.test/").await.unwrap_err();
        assert!(error.is_timeout() && error.is_connect(), "{error}");
        assert!(error.to_string().contains("connecting took longer than 7s"));
    });
}

// Giving up.

#[test]
fn a_tunnel_may_be_given_up_at_each_poll() {
    let polls = cancel_at_every_poll(|| async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let proxy = format!("http://{}", listener.local_addr().unwrap());
        let serve = async {
            let (stream, _) = listener.accept().await.unwrap();
            for answer in ["HTTP/1.1 200 OK\r\n\r\n".to_string(), ok("inside")] {
                assert!(hear(&stream).await);
                pause().await;
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
        };
        let client = patient(through(&proxy)).always_tunnel(true).build();
        let (_, inside) = join!(serve, text(&client, "http://h.test/"));
        assert_eq!(inside.unwrap(), "inside");
    });
    assert!(polls > 2, "{polls}");
}

#[test]
fn a_request_through_a_proxy_that_is_given_up_leaves_the_next_in_peace() {
    for tunnel in [false, true] {
        let proxy = if tunnel {
            tunnels()
        } else {
            Server::always(ok("inside"))
        };
        quit_at_every_poll_for_real(async |quitter| {
            let client = through(&secret(&proxy)).always_tunnel(tunnel).build();
            let given_up = quitter.run(text(&client, "http://h.test/1")).await;
            assert!(given_up.is_none_or(|text| text.unwrap() == "inside"));
            assert_eq!(text(&client, "http://h.test/2").await.unwrap(), "inside");
        });
        wait_until(|| proxy.open() == 0);
    }
}

/// Broken by: reading the environment with `var`, which finds nothing there.
#[cfg(unix)]
#[test]
fn a_setting_that_is_no_text_is_a_mistake_and_not_the_way_past_the_proxy() {
    use std::os::unix::ffi::OsStrExt;

    const NAME: &str = "a_setting_that_is_no_text_is_a_mistake_and_not_the_way_past_the_proxy";
    if std::env::var_os("http_proxy").is_none_or(|value| value.to_str().is_some()) {
        let status = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", NAME])
            .env("http_proxy", std::ffi::OsStr::from_bytes(b"http://\xff:1"))
            .env_remove("no_proxy")
            .env_remove("NO_PROXY")
            .status();
        assert!(status.unwrap().success());
        return;
    }
    let server = Server::always(ok("past it"));
    let asked = hob::block_on(Client::new().get(server.url("/")).send());
    let error = asked.unwrap_err();
    assert!(
        matches!(
            error.kind(),
            ErrorKind::Proxy {
                why: ProxyFault::Setting(_),
                ..
            }
        ),
        "{error}"
    );
    assert_eq!(server.accepted(), 0);
}
