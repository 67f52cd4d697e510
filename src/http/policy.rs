//! Runs the cases of `tests/data/http/policy_vectors.json` that concern this client: where a
//! redirect leads and what goes along, and what may be written into a request.
//!
//! The other kinds (file names, resuming, `Content-Range`, `Retry-After`) are about downloads
//! that this client does not do by itself.

use std::fs;

use ::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use serde_json::Value;

use crate::http::error::ErrorKind;
use crate::http::redirect::{self, Hop};
use crate::http::request::{Head, Length};
use crate::http::url;

/// Redirect cases that are about something else than where to go and what to drop.
const OTHER_REDIRECTS: [&str; 2] = [
    // No netrc file is read.
    "netrc_other_host",
    // About the body of the redirect: `tests/http_redirects.rs` has one that is endless.
    "redirect_body_bomb",
];

/// Request cases that are not about a URL on its own.
const OTHER_REQUESTS: [&str; 4] = [
    // Both are cases of their own below.
    "header_crlf",
    "method_injection",
    // `host_and_secrets_go_no_further_than_their_origin` in `redirect.rs`'s tests.
    "host_override_redirect",
    // No netrc file is read.
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
        let Some(hop) = redirect::next(&method, &from, status, &answer)? else {
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
