//! A request cannot be injected into: whatever is put into method, URL, header or query, the
//! server reads exactly one request with exactly the fields that were meant, or none at all.
#![cfg(feature = "http")]

mod http_support;

use std::panic::AssertUnwindSafe;

use hob::http::{Client, ErrorKind, RequestBuilder};
use http_support::{Server, ok};

/// What an attacker would like to get through, as a part of something else.
const EVIL: [&str; 16] = [
    "\r\nX-Evil: 1",
    "\nX-Evil: 1",
    "\rX-Evil: 1",
    "\r\n\r\nGET /evil HTTP/1.1\r\nHost: evil\r\n\r\n",
    " HTTP/1.1\r\nX-Evil: 1\r\n\r\n",
    "\0",
    "a\0b",
    " ",
    "a b",
    "\t",
    "\x7f",
    "\u{85}X-Evil: 1",
    "\u{2028}X-Evil: 1",
    "\u{10a}X-Evil: 1", // Cut to a byte, this one is a line feed.
    "\u{10d}\u{10a}X-Evil: 1",
    "%0d%0aX-Evil: 1",
];

/// Sends what `build` makes of each piece of evil, and then something plain. Returns, for each
/// piece, the request that arrived, if one did.
fn heard(build: impl Fn(&Client, &str, &str) -> RequestBuilder) -> Vec<Option<String>> {
    let server = Server::always(ok("fine"));
    hob::block_on(async {
        let client = Client::new();
        let mut all = Vec::new();
        for evil in EVIL {
            let before = server.requests().len();
            let result = build(&client, &server.url(""), evil).send().await;
            if let Ok(response) = result {
                response.bytes().await.unwrap();
            }
            // If more than one request went out, the answer to this one is not the last.
            let plain = client.get(server.url("/plain")).send().await.unwrap();
            plain.bytes().await.unwrap();
            let mut new = server.requests().split_off(before);
            assert!(
                new.pop()
                    .expect("the plain one")
                    .starts_with("GET /plain HTTP/1.1\r\n")
            );
            assert!(new.len() <= 1, "{evil:?}: {new:?}");
            all.push(new.pop());
        }
        all
    })
}

/// The names of the fields, in order, after checking that every line is one.
fn names(request: &str) -> Vec<&str> {
    let (head, _) = request.split_once("\r\n\r\n").expect("a blank line");
    let mut lines = head.split("\r\n");
    let first = lines.next().expect("a request line");
    assert_eq!(first.split(' ').count(), 3, "{first:?}");
    assert!(first.ends_with(" HTTP/1.1"), "{first:?}");
    assert!(
        !head.replace("\r\n", "").contains(['\r', '\n', '\0']),
        "{head:?}"
    );
    lines
        .map(|line| line.split_once(": ").expect("a field").0)
        .collect()
}

const PLAIN: [&str; 4] = ["host", "user-agent", "accept", "accept-encoding"];

fn assert_only_meant_fields(request: &str, meant: Option<&str>) {
    let mut found = names(request);
    let mut wanted = PLAIN.to_vec();
    wanted.extend(meant);
    found.sort_unstable();
    wanted.sort_unstable();
    assert_eq!(found, wanted, "{request:?}");
}

#[test]
fn nothing_gets_in_through_the_path() {
    for request in heard(|client, url, evil| client.get(format!("{url}/{evil}")))
        .iter()
        .flatten()
    {
        assert_only_meant_fields(request, None);
    }
}

#[test]
fn nothing_gets_in_through_the_query_or_the_fragment() {
    let query = heard(|client, url, evil| client.get(format!("{url}/?{evil}#{evil}")));
    let pairs = heard(|client, url, evil| client.get(url).query(&[(evil, evil)]));
    assert!(
        pairs.iter().all(Option::is_some),
        "pairs are encoded, whatever they hold"
    );
    for request in query.iter().chain(&pairs).flatten() {
        assert_only_meant_fields(request, None);
    }
}

#[test]
fn nothing_gets_in_through_the_userinfo_or_the_host() {
    let user = heard(|client, url, evil| client.get(url.replace("//", &format!("//{evil}@"))));
    for request in user.iter().flatten() {
        assert_only_meant_fields(request, Some("authorization"));
    }
    let host = heard(|client, url, evil| client.get(url.replace("127.0.0.1", evil)));
    for request in host.iter().flatten() {
        assert_only_meant_fields(request, None);
    }
}

/// Broken by: a method that is checked by nobody (`Method::try_from` is what refuses).
#[test]
fn nothing_gets_in_through_the_method() {
    let whole = heard(|client, url, evil| client.request(evil, url));
    assert!(whole.iter().all(Option::is_none), "none of them is a token");
    let part = heard(|client, url, evil| client.request(format!("GET{evil}").as_str(), url));
    assert!(part.iter().all(Option::is_none), "{part:?}");
}

#[test]
fn nothing_gets_in_through_a_header() {
    let values = heard(|client, url, evil| client.get(url).header("x-meant", evil));
    for request in values.iter().flatten() {
        assert_only_meant_fields(request, Some("x-meant"));
    }
    let bytes = heard(|client, url, evil| client.get(url).header("x-meant", evil.as_bytes()));
    for request in bytes.iter().flatten() {
        assert_only_meant_fields(request, Some("x-meant"));
    }
    let names = heard(|client, url, evil| client.get(url).header(evil, "v"));
    assert!(names.iter().all(Option::is_none));
    let names = heard(|client, url, evil| client.get(url).header(format!("x{evil}"), "v"));
    assert!(names.iter().all(Option::is_none), "{names:?}");
}

#[test]
fn nothing_gets_in_through_credentials() {
    let basic = heard(|client, url, evil| client.get(url).basic_auth(evil, evil));
    let bearer = heard(|client, url, evil| client.get(url).bearer_auth(evil));
    for request in basic.iter().chain(&bearer).flatten() {
        assert_only_meant_fields(request, Some("authorization"));
    }
}

/// Broken by: leaving `check_field` out of `Head::check`.
#[test]
fn what_frames_the_message_cannot_be_set_beside_it() {
    let server = Server::always(ok("fine"));
    hob::block_on(async {
        let client = Client::new();
        let framing = [
            ("content-length", "0"),
            ("transfer-encoding", "chunked"),
            ("Transfer-Encoding", "identity"),
            ("connection", "keep-alive, x-meant"),
            ("upgrade", "h2c"),
            ("te", "trailers"),
            ("expect", "100-continue"),
        ];
        for (name, value) in framing {
            let request = client
                .post(server.url("/"))
                .body("order")
                .header(name, value);
            let error = request.send().await.unwrap_err();
            assert!(
                matches!(error.kind(), ErrorKind::Request(_)),
                "{name}: {error}"
            );
            assert!(error.rule().is_some());
        }
        let hosts = client
            .get(server.url("/"))
            .header("host", "a")
            .header("host", "b");
        assert!(hosts.send().await.is_err());
    });
    assert_eq!(server.accepted(), 0, "nothing was sent");
}

/// Random bytes in every place at once: each request arrives as it was meant, or not at all.
#[test]
fn random_bytes_do_not_get_in_either() {
    let server = Server::always(ok("fine"));
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = move || {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed
    };
    hob::block_on(async {
        let client = Client::new();
        let mut sent = 0;
        for round in 0..2_000 {
            let mut text = || -> String {
                let alphabet = [
                    '\r', '\n', ' ', ':', 'x', '\0', '\t', '/', '%', 'é', '@', '?',
                ];
                let length = random() % 6;
                (0..length)
                    .map(|_| alphabet[random() as usize % alphabet.len()])
                    .collect()
            };
            let url = server.url(&format!("/{}", text()));
            let request = client.get(url).header("x-meant", text());
            let before = server.requests().len();
            let result = request.send().await;
            sent += usize::from(result.is_ok());
            if let Ok(response) = result {
                response.bytes().await.unwrap();
                let new = server.requests().split_off(before);
                assert_eq!(new.len(), 1, "round {round}: {new:?}");
                assert_only_meant_fields(&new[0], Some("x-meant"));
            }
            assert_eq!(server.requests().len(), sent, "round {round}");
        }
        assert!(sent > 100, "only {sent} of them were fit to be sent");
    });
}

#[test]
fn no_text_whatsoever_makes_a_request_panic() {
    let texts = EVIL
        .iter()
        .copied()
        .chain(["", "http:", "http://", "//", "http://[", "é", "http://%"]);
    for text in texts {
        let result = std::panic::catch_unwind(AssertUnwindSafe(|| {
            hob::block_on(async {
                let request = Client::new().request(text, text).header(text, text);
                let request = request.query(&[(text, text)]).basic_auth(text, text);
                request.bearer_auth(text).send().await.is_err()
            })
        }));
        assert!(result.expect("no panic"), "{text:?}");
    }
}
