//! Runs the cases of `tests/data/http/policy_vectors.json` that concern this client: where a
//! redirect leads and what goes along, what may be written into a request, and how long a
//! server may ask us to wait.
//!
//! The kinds that are about files (names, resuming, `Content-Range`) are in `policy/files.rs`.

mod files;

use std::fs;
use std::time::{Duration, SystemTime};

use ::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use serde_json::Value;

use crate::http::error::ErrorKind;
use crate::http::error::Stop;
use crate::http::netrc::{Named, Netrc};
use crate::http::redirect::{self, Hop};
use crate::http::request::{Head, Length};
use crate::http::retry::retry_after;
use crate::http::retry::{Next, Outcome, Policy, Try};
use crate::http::url;

/// Redirect cases that are about something else than where to go and what to drop, and the
/// test that each has.
const OTHER_REDIRECTS: [&str; 2] = [
    // `a_redirect_gets_the_password_of_its_own_host_only`, below.
    "netrc_other_host",
    // `nobody_waits_long_for_the_body_of_a_redirect` and `nobody_unpacks_the_body_of_a_redirect` in
    // `tests/http_redirects.rs`.
    "redirect_body_bomb",
];

/// Request cases that are not about a URL on its own, and the test that each has.
const OTHER_REQUESTS: [&str; 4] = [
    // Both: `neither_a_method_nor_a_header_can_bring_a_line_of_its_own`, below.
    "header_crlf",
    "method_injection",
    // `host_and_secrets_go_no_further_than_their_origin` in `redirect.rs`'s tests.
    "host_override_redirect",
    // `a_user_in_the_url_gets_the_password_of_that_user_only`, below.
    "netrc_over_url_user",
];

fn cases(kind: &str) -> Vec<Value> {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/data/http/policy_vectors.json"
    );
    let text = fs::read_to_string(path).expect("the cases are in the repository");
    let all: Vec<Value> = serde_json::from_str(&text).expect("they are JSON");
    let cases: Vec<Value> = all
        .into_iter()
        .filter(|case| case["kind"] == kind)
        .collect();
    assert!(!cases.is_empty());
    cases
}

fn name(case: &Value) -> &str {
    case["name"].as_str().expect("text")
}

fn headers_of(given: &Value) -> HeaderMap {
    let lines = given["headers"].as_array().into_iter().flatten();
    let mut headers: HeaderMap = lines
        .map(|line| {
            let line = line.as_str().expect("text");
            let (name, value) = line.split_once(": ").expect("a header");
            let name = HeaderName::from_bytes(name.as_bytes()).expect("a name");
            (name, HeaderValue::from_str(value).expect("a value"))
        })
        .collect();
    // Fields of a body, which are to go if the body does.
    headers.insert("content-type", HeaderValue::from_static("text/plain"));
    headers
}

/// Where the case's redirect leads, and the headers that are left then.
fn go(given: &Value, mut headers: HeaderMap) -> Result<Option<(Hop, HeaderMap)>, ErrorKind> {
    let text = |key: &str| given[key].as_str().expect("text");
    // "a → b": the last step is the one that is judged; the first happened before.
    let path: Vec<&str> = text("url").split(" → ").collect();
    let method: Method = text("method").parse().expect("a method");
    let status = given["status"].as_u64().expect("a number") as u16;
    let status = StatusCode::from_u16(status).expect("a status");
    let mut from = url::parse(path[0])?;
    let location = given["location"].as_str();
    for location in path[1..].iter().copied().map(Some).chain([location]) {
        let mut answer = HeaderMap::new();
        if let Some(location) = location {
            let value = HeaderValue::from_bytes(location.as_bytes()).expect("a value");
            answer.insert("location", value);
        }
        let Some(hop) = redirect::next(&method, &from, status, &answer, false)? else {
            return Ok(None);
        };
        redirect::strip(&mut headers, &from, &hop);
        from = hop.url.clone();
        if location == given["location"].as_str() {
            return Ok(Some((hop, headers)));
        }
    }
    Ok(None)
}

/// The names in a list of what is to be dropped or kept, but for "body", which is no header.
fn names(list: &Value) -> impl Iterator<Item = &str> {
    let names = list.as_array().into_iter().flatten();
    names
        .filter_map(Value::as_str)
        .filter(|name| *name != "body")
}

#[test]
fn every_redirect_leads_where_the_cases_say_and_carries_no_more() {
    let cases = cases("redirect");
    for case in cases
        .iter()
        .filter(|case| !OTHER_REDIRECTS.contains(&name(case)))
    {
        let (given, expect) = (&case["given"], &case["expect"]);
        let result = go(given, headers_of(given));
        if let Some(error) = expect["error"].as_str() {
            let text = result.expect_err(name(case)).to_string();
            let word = if error == "downgrade" {
                "https to http"
            } else {
                "no way to speak"
            };
            assert!(text.contains(word), "{}: {text}", name(case));
            continue;
        }
        let hop = result.unwrap_or_else(|error| panic!("{}: {error}", name(case)));
        if expect["final"] == true {
            assert!(hop.is_none(), "{}", name(case));
            continue;
        }
        let (hop, headers) = hop.unwrap_or_else(|| panic!("{} is final", name(case)));
        assert_eq!(hop.url.as_str(), expect["url"], "{}", name(case));
        if let Some(method) = expect["method"].as_str() {
            assert_eq!(hop.method, method, "{}", name(case));
        }
        assert_what_is_left(case, &hop, &headers);
    }
}

fn assert_what_is_left(case: &Value, hop: &Hop, headers: &HeaderMap) {
    let has = |list: &Value, what: &str| {
        list.as_array()
            .is_some_and(|list| list.iter().any(|item| item == what))
    };
    let (drop, keep) = (&case["expect"]["drop"], &case["expect"]["keep"]);
    for dropped in names(drop) {
        let prefix = dropped.trim_end_matches('*').to_lowercase();
        let left = headers
            .keys()
            .any(|name| name.as_str().starts_with(&prefix));
        assert!(!left, "{}: {dropped}", name(case));
    }
    for kept in names(keep) {
        assert!(headers.contains_key(kept), "{}: {kept}", name(case));
    }
    assert!(!(has(drop, "body") && hop.with_body), "{}", name(case));
    assert!(hop.with_body || !has(keep, "body"), "{}", name(case));
}

/// The head of a GET for `text`, or the error that it was refused with.
fn get(text: &str) -> Result<String, String> {
    let mut url = url::parse(text).map_err(|error| format!("error {error}"))?;
    url::take_credentials(&mut url);
    let head = Head {
        method: &Method::GET,
        url: &url,
        headers: &HeaderMap::new(),
        length: Length::Nothing,
        expects: false,
    };
    let bytes = head.write().map_err(|error| format!("error {error}"))?;
    Ok(String::from_utf8(bytes).expect("ASCII"))
}

/// Does the outcome of asking for a URL agree with what the case expects, in its words?
fn agrees(outcome: &Result<String, String>, expect: &str) -> bool {
    let Ok(head) = outcome else {
        // A zone is refused with its URL, which keeps it out of `Host`, too.
        return expect.contains("error") || expect == "Host without the zone";
    };
    let host = |wanted: &str| head.contains(&format!("\r\nhost: {wanted}\r\n"));
    match expect.split_once(' ') {
        Some(("GET", target)) => head.starts_with(&format!("GET {target} HTTP/1.1\r\n")),
        Some(("host" | "Host:", wanted)) => host(wanted),
        Some(("sent", _)) => head.starts_with("GET /"),
        _ => false,
    }
}

#[test]
fn every_url_becomes_the_request_that_the_cases_say_or_none() {
    let cases = cases("request");
    for case in cases
        .iter()
        .filter(|case| !OTHER_REQUESTS.contains(&name(case)))
    {
        let given = case["given"].as_str().expect("text");
        let expect = case["expect"].as_str().expect("text");
        let outcome = get(given);
        assert!(agrees(&outcome, expect), "{}: {outcome:?}", name(case));
    }
}

#[test]
fn neither_a_method_nor_a_header_can_bring_a_line_of_its_own() {
    assert!(Method::from_bytes(b"GET / HTTP/1.1\r\n").is_err());
    assert!(HeaderValue::from_str("a\r\nY: b").is_err());
    assert!(HeaderName::from_bytes(b"a\r\nY").is_err());
}

#[test]
fn every_retry_after_is_waited_for_given_up_or_ignored_as_the_cases_say() {
    // 2026-11-20 12:00:00 UTC, which the dates of the cases are about.
    let noon = SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_176_000);
    let policy = Policy {
        retries: 1,
        first_wait: Duration::ZERO,
        longest_wait: Duration::ZERO,
        max_retry_after: Duration::from_secs(120),
    };
    for case in cases("retry_after") {
        let given = case["given"].as_str().expect("text");
        let asked = retry_after::parse(given.as_bytes(), noon);
        let now = Try {
            number: 1,
            method: &Method::GET,
            can_repeat: true,
            outcome: Outcome::Answered(StatusCode::SERVICE_UNAVAILABLE, asked),
            left: None,
        };
        let agrees = match (policy.next(&now, 0), case["expect"].as_str()) {
            (Next::Again(wait), None) => case["expect"] == wait.as_secs(),
            (Next::Again(_), Some(word)) => word == "ignore" && asked.is_none(),
            (Next::GiveUp(Stop::AskedTooLong(_)), Some(word)) => word == "give up",
            _ => false,
        };
        assert!(agrees, "{}: {asked:?}", name(&case));
    }
}

/// `netrc_other_host`.
#[test]
fn a_redirect_gets_the_password_of_its_own_host_only() {
    let text = "machine h login me password for-h\nmachine k login you password for-k";
    for (text, there) in [
        (text, Some("Basic eW91OmZvci1r")), // you:for-k
        ("machine h login me password x", None),
        ("default login me password x", None),
    ] {
        let netrc = Netrc::parse(text).expect("a netrc");
        let from = url::parse("http://h/a").expect("a URL");
        let mut headers = HeaderMap::new();
        netrc.authorize(&mut headers, &from, Named::ByCaller);
        assert!(headers.contains_key("authorization"));
        let hop = Hop {
            url: url::parse("http://k/b").expect("a URL"),
            method: Method::GET,
            with_body: true,
        };
        redirect::strip(&mut headers, &from, &hop);
        netrc.authorize(&mut headers, &hop.url, Named::ByRedirect);
        let sent = headers.get("authorization").map(HeaderValue::as_bytes);
        assert_eq!(sent, there.map(str::as_bytes), "{text}");
    }
}

/// `netrc_over_url_user`; `tests/http_netrc.rs` has it on the wire.
#[test]
fn a_user_in_the_url_gets_the_password_of_that_user_only() {
    let netrc = Netrc::parse("machine h login other password x").expect("a netrc");
    assert_eq!(netrc.find("h", Some("u"), Named::ByCaller), None);
    let netrc = Netrc::parse("machine h login u password x").expect("a netrc");
    let found = netrc.find("h", Some("u"), Named::ByCaller);
    assert_eq!(found, Some(("u", "x")));
}
