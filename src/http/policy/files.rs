//! Runs the policy cases that are about files: names, `Content-Range`, resuming.

use ::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use ::url::Url;
use serde_json::Value;

use super::{cases, name};
use crate::http::fields::{
    ContentRange, Validators, content_disposition, safe_file_name, url_file_name,
};
use crate::http::resume::{Resume, Verdict};

/// As `examples/fetch` chooses: what the server proposes, else what the URL ends with.
fn file_name(given: &Value) -> String {
    let url = Url::parse(given["url"].as_str().expect("text")).expect("a URL");
    let proposed = given["content_disposition"].as_str();
    // Bytes that no `HeaderValue` holds are among them: the parser must stand them all the same.
    let proposed = proposed.and_then(|field| content_disposition(field.as_bytes()));
    let safe = proposed.and_then(|name| safe_file_name(&name));
    safe.or_else(|| url_file_name(&url))
        .unwrap_or_else(|| "index.html".to_owned())
}

#[test]
fn every_file_gets_the_name_that_the_cases_say() {
    for kind in ["filename", "filename_from_url"] {
        for case in cases(kind) {
            let found = file_name(&case["given"]);
            // Windows has devices that other systems do not.
            let device = cfg!(windows) && name(&case) == "reserved";
            let wanted = case["expect"].as_str().expect("text");
            let wanted = if device {
                format!("_{wanted}")
            } else {
                wanted.to_owned()
            };
            assert_eq!(found, wanted, "{}", name(&case));
        }
    }
}

#[test]
fn every_content_range_means_what_the_cases_say() {
    for case in cases("content_range") {
        let given = case["given"].as_str().expect("text");
        let found = ContentRange::parse(given.as_bytes());
        let expect = &case["expect"];
        let number = |value: &Value| value.as_u64().expect("a number");
        let wanted = match expect.as_array() {
            Some(three) => Some(ContentRange::Bytes {
                first: number(&three[0]),
                last: number(&three[1]),
                total: Some(number(&three[2])),
            }),
            None if expect == "error" => None,
            None => Some(ContentRange::Unsatisfied {
                total: number(&expect["unsatisfied"]),
            }),
        };
        assert_eq!(found, wanted, "{}", name(&case));
    }
}

/// The fields that a case gives under the names of its own.
fn fields(given: &Value) -> HeaderMap {
    let names = [
        ("etag", "etag"),
        ("last_modified", "last-modified"),
        ("date_seen", "date"),
        ("content_range", "content-range"),
        ("content_encoding", "content-encoding"),
    ];
    let mut headers = HeaderMap::new();
    for (theirs, ours) in names {
        if let Some(value) = given[theirs].as_str() {
            let value = HeaderValue::from_str(value).expect("a value");
            headers.insert(HeaderName::from_static(ours), value);
        }
    }
    headers
}

#[test]
fn every_resume_ends_as_the_cases_say() {
    for case in cases("resume") {
        let (have, response) = (&case["given"]["have"], &case["given"]["response"]);
        let resume = Resume {
            have: have["bytes"].as_u64().expect("a number"),
            total: have["total"].as_u64(),
            validators: Validators::of(&fields(have)),
        };
        let Some(status) = response["status"].as_u64() else {
            assert_what_is_asked_for(&case, resume);
            continue;
        };
        let status = StatusCode::from_u16(status as u16).expect("a status");
        // The second answer, where there is one: what comes after AskWithoutIfRange.
        let verdict = match resume.judge(true, status, &fields(response)) {
            Verdict::AskWithoutIfRange => resume.judge(false, status, &fields(response)),
            first => first,
        };
        assert_verdict(&case, &verdict);
    }
}

fn assert_verdict(case: &Value, verdict: &Verdict) {
    let expect = &case["expect"];
    let agrees = match verdict {
        Verdict::Append { at, end, total } => {
            let more = match expect["then"].as_str() {
                Some(then) => then == format!("ask again from {end}") && *total > Some(*end),
                None => *total == Some(*end),
            };
            expect["append_at"].as_u64() == Some(*at) && more
        }
        Verdict::TakeWhole | Verdict::StartAgain { .. } => expect["restart"] == true,
        // What it answers to is for the tool to say: here, that nothing is taken from it.
        Verdict::Refuse(_) => expect["error"].is_string(),
        Verdict::Complete | Verdict::AskWithoutIfRange => false,
    };
    assert!(agrees, "{}: {verdict:?}", name(case));
}

/// Cases without a response are about the next request.
fn assert_what_is_asked_for(case: &Value, mut resume: Resume) {
    let expect = &case["expect"];
    if expect["restart"] == true {
        assert_eq!(resume.request(), None, "{}", name(case));
        return;
    }
    resume.have = expect["keep_part"].as_u64().expect("a number");
    let headers = resume.request().expect("it goes on");
    let asked = format!(
        "Range: {} with If-Range",
        headers["range"].to_str().expect("text")
    );
    assert_eq!(expect["retry"], asked, "{}", name(case));
    assert_eq!(
        headers["if-range"],
        case["given"]["have"]["etag"].as_str().expect("text")
    );
}
