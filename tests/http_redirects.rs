//! Redirects are followed as far as is sensible, and carry along only what belongs there.
//! (Each rule by itself is tested in `src/http/redirect.rs`; here they meet sockets.)
#![cfg(feature = "http")]

mod http_support;

use hob::http::{Client, Error, ErrorKind};
use http_support::{Server, ok, redirect};

/// Redirects `/a` to what `to` says, with `status`, and tells of everything else which request
/// it was.
fn server(status: u16, to: impl Fn(&str) -> String + Send + Sync + 'static) -> Server {
    Server::start(move |peer| {
        while let Some(request) = peer.request() {
            let line = request.lines().next().expect("a request line").to_string();
            let path = line.split(' ').nth(1).expect("a target");
            let said = match path.strip_prefix("/a") {
                Some(rest) => peer.say(redirect(status, &to(rest))),
                None => peer.say(ok(&line)),
            };
            if !said {
                return;
            }
        }
    })
}

fn error_of(server: &Server, client: Client) -> Error {
    hob::block_on(async { client.get(server.url("/a")).send().await.unwrap_err() })
}

#[test]
fn the_response_is_that_of_the_last_url_and_says_so() {
    let server = server(302, |_| "/b?c".to_string());
    hob::block_on(async {
        let client = Client::new();
        let response = client.get(server.url("/a#part")).send().await.unwrap();
        assert_eq!(response.url().as_str(), server.url("/b?c#part"));
        assert_eq!(response.text().await.unwrap(), "GET /b?c HTTP/1.1");
    });
    assert_eq!(
        server.accepted(),
        1,
        "the redirect's body was read, the connection kept"
    );
}

#[test]
fn a_post_becomes_a_get_after_302_and_stays_a_post_after_307() {
    for (status, method, sent) in [(302, "GET", false), (307, "POST", true)] {
        let server = server(status, |_| "/b".to_string());
        hob::block_on(async {
            let request = Client::new().post(server.url("/a")).body("order");
            let request = request.header("content-type", "text/plain");
            let text = request.send().await.unwrap().text().await.unwrap();
            assert_eq!(text, format!("{method} /b HTTP/1.1"));
        });
        let second = &server.requests()[1];
        assert_eq!(second.ends_with("\r\n\r\norder"), sent, "{second}");
        assert_eq!(second.contains("content-type"), sent, "{second}");
        assert_eq!(second.contains("content-length"), sent, "{second}");
    }
}

/// Broken by: leaving `strip` out of `follow`.
#[test]
fn credentials_do_not_leave_their_origin_and_do_not_come_back() {
    let home = std::sync::Arc::new(std::sync::OnceLock::<String>::new());
    let there_home = home.clone();
    let there = server(302, move |_| there_home.get().expect("set").clone());
    let url_there = there.url("/a");
    let here = server(302, move |_| url_there.clone());
    home.set(here.url("/b")).expect("once");
    hob::block_on(async {
        let url = here.url("/a").replace("http://", "http://me:secret@");
        let client = Client::new();
        let request = client
            .get(url)
            .header("cookie", "c=d")
            .header("x-trace", "1");
        let response = request.send().await.unwrap();
        assert_eq!(response.url().as_str(), here.url("/b"));
    });
    let has = |request: &str, name: &str| request.contains(&format!("\r\n{name}: "));
    let (mine, theirs) = (here.requests(), there.requests());
    assert!(
        has(&mine[0], "authorization") && has(&mine[0], "cookie"),
        "{mine:?}"
    );
    for request in [&theirs[0], &mine[1]] {
        assert!(
            !has(request, "authorization") && !has(request, "cookie"),
            "{request}"
        );
        assert!(has(request, "x-trace"), "{request}");
        assert!(!request.contains("secret"));
    }
}

#[test]
fn credentials_stay_with_a_redirect_at_home_and_never_in_the_target() {
    let server = server(302, |_| "/b".to_string());
    hob::block_on(async {
        let url = server
            .url("/a")
            .replace("http://", "http://me:pass%20word@");
        let response = Client::new().get(url).send().await.unwrap();
        assert!(!response.url().as_str().contains("me"), "{response:?}");
    });
    for request in server.requests() {
        assert!(
            request.contains("authorization: Basic bWU6cGFzcyB3b3Jk\r\n"),
            "{request}"
        );
        assert!(!request.contains("@"), "{request}");
    }
}

#[test]
fn a_circle_is_named() {
    let server = server(302, |_| "/a".to_string());
    let error = error_of(&server, Client::new());
    assert!(
        matches!(error.kind(), ErrorKind::RedirectLoop { .. }),
        "{error}"
    );
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn a_chain_without_end_ends_at_the_limit() {
    let server = server(302, |rest| format!("/a{rest}x"));
    let error = error_of(&server, Client::builder().max_redirects(5).build());
    assert!(
        matches!(error.kind(), ErrorKind::TooManyRedirects { limit: 5 }),
        "{error}"
    );
    assert_eq!(server.requests().len(), 6);
    assert!(error.url().ends_with("/axxxxx"), "{error}");
}

#[test]
fn with_a_limit_of_none_the_redirect_is_the_response() {
    let server = server(302, |_| "/b".to_string());
    hob::block_on(async {
        let client = Client::builder().max_redirects(0).build();
        let response = client.get(server.url("/a")).send().await.unwrap();
        assert_eq!(
            (response.status().as_u16(), &response.headers()["location"]),
            (302, &"/b".parse().unwrap())
        );
        assert!(response.error_for_status().is_err());
    });
}

#[cfg(not(feature = "tls"))]
#[test]
fn a_redirect_to_https_says_what_is_missing() {
    let server = server(301, |_| "https://user:secret@example.com/b".to_string());
    let error = error_of(&server, Client::new());
    assert!(matches!(error.kind(), ErrorKind::Scheme { scheme } if scheme == "https"));
    assert_eq!(error.url(), "https://example.com/b");
    assert!(error.to_string().contains("`tls`"), "{error}");
}

#[test]
fn a_redirect_to_another_scheme_is_not_followed() {
    for to in [
        "ftp://h/",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "http://[",
        "http://h:0/",
    ] {
        let server = server(302, move |_| to.to_string());
        let error = error_of(&server, Client::new());
        assert_eq!(error.url(), server.url("/a"), "{error}");
        assert_eq!(server.requests().len(), 1);
    }
}

/// Broken by: `drain` without its patience.
#[test]
fn nobody_waits_long_for_the_body_of_a_redirect() {
    let server = Server::start(|peer| {
        let first = peer.request().unwrap_or_default();
        if first.starts_with("GET /a ") {
            peer.say("HTTP/1.1 302 Found\r\nLocation: /b\r\n\r\n");
            let water = vec![0; 64 * 1024];
            while peer.say(&water) {}
        } else if first.starts_with("GET /silent ") {
            peer.say("HTTP/1.1 302 Found\r\nLocation: /b\r\nContent-Length: 5\r\n\r\n");
            peer.wait_for_close();
        } else {
            peer.say(ok("arrived"));
        }
    });
    hob::block_on(async {
        for path in ["/a", "/silent"] {
            let response = Client::new().get(server.url(path)).send().await.unwrap();
            assert_eq!(response.text().await.unwrap(), "arrived");
        }
    });
    assert_eq!(server.accepted(), 4);
}

/// Broken by: reading it as anything but bytes.
#[test]
fn nobody_unpacks_the_body_of_a_redirect() {
    let server = Server::start(|peer| {
        let coded = "Content-Encoding: gzip\r\nContent-Length: 8\r\n\r\nno gzip!";
        while let Some(request) = peer.request() {
            let said = match request.starts_with("GET /a ") {
                true => peer.say(format!("HTTP/1.1 302 Found\r\nLocation: /b\r\n{coded}")),
                false => peer.say(ok("arrived")),
            };
            if !said {
                return;
            }
        }
    });
    hob::block_on(async {
        let response = Client::new().get(server.url("/a")).send().await.unwrap();
        assert_eq!(response.text().await.unwrap(), "arrived");
    });
    assert_eq!(server.accepted(), 1, "the connection is as good as before");
}
