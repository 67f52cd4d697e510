//! The table of decisions, each row a response to somebody who has 500 of 1000 bytes of "v1".

use super::*;

/// Names and values of header fields.
type Fields<'a> = &'a [(&'a str, &'a str)];

const ETAG: Fields<'_> = &[("etag", "\"v1\"")];
const DATED: Fields<'_> = &[
    ("last-modified", "Mon, 01 Jan 2024 00:00:00 GMT"),
    ("date", "Mon, 01 Jan 2024 00:00:09 GMT"),
];

fn headers(fields: Fields<'_>) -> HeaderMap {
    let fields = fields.iter().map(|(name, value)| {
        let name = header::HeaderName::try_from(*name).expect("a name");
        (name, HeaderValue::try_from(*value).expect("a value"))
    });
    fields.collect()
}

fn having(have: u64, total: Option<u64>, validators: Fields<'_>) -> Resume {
    let validators = Validators::of(&headers(validators));
    Resume {
        have,
        total,
        validators,
    }
}

/// One word for each verdict, so that the table can be read.
fn word(resume: &Resume, with_if_range: bool, status: u16, fields: Fields<'_>) -> &'static str {
    let status = StatusCode::from_u16(status).expect("a status");
    match resume.judge(with_if_range, status, &headers(fields)) {
        Verdict::Append { .. } => "append",
        Verdict::TakeWhole => "whole",
        Verdict::Complete => "complete",
        Verdict::AskWithoutIfRange => "ask again",
        Verdict::StartAgain { .. } => "start again",
        Verdict::Refuse(_) => "refuse",
    }
}

/// Broken by: taking any one of the comparisons out of `judge_part` or `judge_unsatisfied`.
#[test]
fn each_response_has_its_verdict() {
    let good = ("content-range", "bytes 500-999/1000");
    let v1 = ("etag", "\"v1\"");
    let v2 = ("etag", "\"v2\"");
    let other_date = ("last-modified", "Tue, 02 Jan 2024 00:00:00 GMT");
    let range = |value| ("content-range", value);
    let rows: &[(u16, Fields<'_>, &str)] = &[
        (206, &[good, v1], "append"),
        (206, &[range("bytes 500-700/1000"), v1], "append"),
        (206, &[range("bytes 500-999/*"), v1], "append"),
        (206, &[good, v1, ("content-encoding", "identity")], "append"),
        (206, &[good, v2], "start again"),
        (206, &[good], "start again"),
        (206, &[good, ("etag", "W/\"v1\"")], "start again"),
        (206, &[range("bytes 500-1000/1001"), v1], "start again"),
        (206, &[range("bytes 500-1000/*"), v1], "start again"),
        (206, &[range("bytes 0-999/1000"), v1], "refuse"),
        (206, &[range("bytes 600-999/1000"), v1], "refuse"),
        (206, &[range("bytes */1000"), v1], "refuse"),
        (206, &[good, good, v1], "refuse"),
        (206, &[v1], "refuse"),
        (
            206,
            &[v1, ("content-type", "multipart/byteranges; boundary=x")],
            "refuse",
        ),
        (206, &[good, v1, ("content-encoding", "gzip")], "refuse"),
        (200, &[v2], "whole"),
        (200, &[], "whole"),
        (203, &[other_date], "whole"),
        (299, &[], "whole"),
        (201, &[], "refuse"),
        (200, &[v1], "ask again"),
        (200, &[v1, ("accept-ranges", "none")], "whole"),
        (416, &[range("bytes */500"), v1], "start again"), // but there should be 1000
        (416, &[range("bytes */1000"), v1], "start again"),
        (416, &[], "start again"),
        (404, &[v1], "refuse"),
        (204, &[v1], "refuse"),
        (304, &[v1], "refuse"),
        (500, &[], "refuse"),
    ];
    let resume = having(500, Some(1000), ETAG);
    for (status, fields, verdict) in rows {
        assert_eq!(
            word(&resume, true, *status, fields),
            *verdict,
            "{status} {fields:?}"
        );
    }
}

#[test]
fn it_is_asked_without_if_range_only_once() {
    let resume = having(500, Some(1000), ETAG);
    assert_eq!(word(&resume, true, 200, ETAG), "ask again");
    assert_eq!(word(&resume, false, 200, ETAG), "whole");
}

/// Broken by: leaving `names_it` out.
#[test]
fn a_416_completes_what_has_no_known_length_only_if_it_names_the_version() {
    let end = ("content-range", "bytes */500");
    let resume = having(500, None, ETAG);
    assert_eq!(word(&resume, true, 416, &[end, ETAG[0]]), "complete");
    assert_eq!(word(&resume, true, 416, &[end]), "start again");
    assert_eq!(
        word(&resume, true, 416, &[end, ("etag", "\"v2\"")]),
        "start again"
    );
    let dated = having(500, None, DATED);
    assert_eq!(word(&dated, true, 416, &[end, DATED[0]]), "complete");
    assert_eq!(word(&dated, true, 416, &[end, DATED[1]]), "start again");
}

#[test]
fn a_date_has_to_be_kept_where_it_is_sent() {
    let good = ("content-range", "bytes 500-999/1000");
    let resume = having(500, Some(1000), DATED);
    assert_eq!(word(&resume, true, 206, &[good]), "append");
    assert_eq!(word(&resume, true, 206, &[good, DATED[0]]), "append");
    let changed = ("last-modified", "Tue, 02 Jan 2024 00:00:00 GMT");
    assert_eq!(word(&resume, true, 206, &[good, changed]), "start again");
}

#[test]
fn nothing_is_asked_for_that_could_not_be_joined() {
    assert_eq!(having(500, None, &[]).request(), None, "no validator");
    assert_eq!(
        having(500, None, &[("etag", "W/\"v1\"")]).request(),
        None,
        "a weak one"
    );
    assert_eq!(
        having(0, None, ETAG).request(),
        None,
        "nothing to go on with"
    );
    assert_eq!(
        having(1001, Some(1000), ETAG).request(),
        None,
        "more than there is"
    );
    assert_eq!(having(0, Some(0), ETAG).request(), None);
    let asked = having(500, None, DATED).request().expect("a strong date");
    assert_eq!(asked["if-range"], DATED[0].1);
    assert_eq!(asked["accept-encoding"], "identity");
    assert_eq!(word(&having(0, None, ETAG), true, 206, ETAG), "refuse");
}

/// Broken by: asking from `have` on, which an honest server answers with a 416.
#[test]
fn who_has_every_byte_asks_for_the_last_one() {
    let resume = having(1000, Some(1000), ETAG);
    assert_eq!(resume.request().expect("to be sure")["range"], "bytes=999-");
    let last = headers(&[("content-range", "bytes 999-999/1000"), ETAG[0]]);
    let (at, end, total) = (999, 1000, Some(1000));
    let verdict = resume.judge(true, StatusCode::PARTIAL_CONTENT, &last);
    assert_eq!(verdict, Verdict::Append { at, end, total });
}

/// Broken by: taking the version out of `ByteRange::judge`, or the end.
#[test]
fn a_range_out_of_the_middle_is_judged_as_what_is_behind_is() {
    let version = Some(Validators::of(&headers(ETAG)));
    let range = |version| ByteRange {
        first: 500,
        end: 700,
        total: Some(1000),
        version,
    };
    let asked = range(version.clone()).request().expect("a request");
    assert_eq!(
        (&asked["range"], &asked["if-range"]),
        (
            &"bytes=500-699".parse().unwrap(),
            &"\"v1\"".parse().unwrap()
        )
    );
    let append = |end| Verdict::Append {
        at: 500,
        end,
        total: Some(1000),
    };
    let part = |range: &ByteRange, says, etag| {
        let fields = headers(&[("content-range", says), ("etag", etag)]);
        range.judge(true, StatusCode::PARTIAL_CONTENT, &fields)
    };
    let ours = range(version);
    assert_eq!(part(&ours, "bytes 500-699/1000", "\"v1\""), append(700));
    assert_eq!(part(&ours, "bytes 500-599/1000", "\"v1\""), append(600));
    assert_eq!(
        part(&ours, "bytes 500-999/1000", "\"v1\""),
        append(700),
        "cut short"
    );
    let other = part(&ours, "bytes 500-699/1000", "\"v2\"");
    assert!(matches!(other, Verdict::StartAgain { .. }));
    let elsewhere = part(&ours, "bytes 0-199/1000", "\"v1\"");
    assert!(matches!(elsewhere, Verdict::Refuse(_)));
    let whole = |fields| ours.judge(true, StatusCode::OK, &headers(fields));
    assert_eq!(whole(ETAG), Verdict::AskWithoutIfRange);
    assert_eq!(whole(&[("etag", "\"v2\"")]), Verdict::TakeWhole);

    let vouched_for = range(None);
    assert!(!vouched_for.request().unwrap().contains_key("if-range"));
    assert_eq!(
        part(&vouched_for, "bytes 500-699/1000", "\"v2\""),
        append(700)
    );
    let longer = part(&vouched_for, "bytes 500-699/1001", "\"v2\"");
    assert!(matches!(longer, Verdict::StartAgain { .. }));

    let weak = Validators::of(&headers(&[("etag", "W/\"v1\"")]));
    assert_eq!(range(Some(weak)).request(), None);
    assert_eq!(
        ByteRange {
            first: 0,
            end: 0,
            total: None,
            version: None
        }
        .request(),
        None
    );
}
