//! Tests of `body`: where one ends, and what may not be taken for an end.

use super::*;
use ::http::HeaderName;

fn head(status: u16, fields: &[(&'static str, &'static str)]) -> Head {
    let mut headers = HeaderMap::new();
    for (name, value) in fields {
        let name = HeaderName::from_static(name);
        headers.append(name, HeaderValue::from_static(value));
    }
    Head {
        status: StatusCode::from_u16(status).expect("a status"),
        version: Version::HTTP_11,
        headers,
    }
}

fn length_of(values: &[&'static str]) -> Result<Option<u64>, ErrorKind> {
    let fields: Vec<_> = values
        .iter()
        .map(|value| ("content-length", *value))
        .collect();
    content_length(&head(200, &fields).headers)
}

#[test]
fn the_eight_rules_stand_in_their_order() {
    let both = [("content-length", "9"), ("transfer-encoding", "chunked")];
    let of = |method: &Method, status, fields: &[_]| {
        framing(method, &head(status, fields)).expect("clear")
    };
    for status in [100, 204, 304] {
        assert_eq!(of(&Method::GET, status, &both), Framing::Nothing);
    }
    assert_eq!(of(&Method::HEAD, 200, &both), Framing::Nothing);
    assert_eq!(of(&Method::CONNECT, 200, &both), Framing::Nothing);
    assert_eq!(of(&Method::CONNECT, 407, &both), Framing::Chunked);
    assert_eq!(of(&Method::GET, 200, &both), Framing::Chunked);
    assert_eq!(of(&Method::GET, 200, &both[..1]), Framing::Length(9));
    assert_eq!(of(&Method::GET, 200, &[]), Framing::UntilClose);
}

#[test]
fn lengths_and_chunks_together_are_suspect_and_so_are_chunks_in_1_0() {
    let both = [("content-length", "9"), ("transfer-encoding", "chunked")];
    assert!(is_suspect(&head(200, &both)));
    assert!(!is_suspect(&head(200, &both[..1])));
    assert!(!is_suspect(&head(200, &both[1..])));
    let mut old = head(200, &both[1..]);
    old.version = Version::HTTP_10;
    assert!(is_suspect(&old));
    old.headers.clear();
    assert!(!is_suspect(&old));
}

/// A 304 may say what a 200 would have been, and no more than "0 bytes" is said by many.
#[test]
fn a_body_announced_where_none_may_be_is_suspect() {
    for fields in [
        [("content-length", "9")],
        [("transfer-encoding", "chunked")],
    ] {
        for status in [103, 204] {
            assert!(is_suspect(&head(status, &fields)), "{status} {fields:?}");
        }
        assert!(!is_suspect(&head(304, &fields)), "{fields:?}");
        assert!(!is_suspect(&head(200, &fields)), "{fields:?}");
    }
    assert!(is_suspect(&head(204, &[("content-length", "x")])));
    assert!(!is_suspect(&head(204, &[("content-length", "0")])));
    assert!(!is_suspect(&head(204, &[])));
}

#[test]
fn a_length_is_one_number_however_often_it_is_said() {
    assert_eq!(length_of(&[]).ok(), Some(None));
    assert_eq!(length_of(&["0"]).ok(), Some(Some(0)));
    assert_eq!(length_of(&["5", "5, 5", "05"]).ok(), Some(Some(5)));
    assert_eq!(
        length_of(&["9223372036854775807"]).ok(),
        Some(Some(MAX_LENGTH))
    );
    for bad in [
        "", " ", "5,", ",5", "+5", "-5", "5 5", "5,6", "0x5", "5.0", "1e1",
    ] {
        assert!(length_of(&[bad]).is_err(), "{bad:?}");
    }
    let large = [
        "9223372036854775808",
        "18446744073709551616",
        "99999999999999999999999",
    ];
    for bad in large {
        assert!(length_of(&[bad]).is_err(), "{bad}");
    }
    assert!(length_of(&["5", "6"]).is_err());
    assert!(length_of(&["", ""]).is_err(), "alike, and yet no number");
}

#[test]
fn a_body_of_known_length_takes_so_many_bytes_and_leaves_the_rest() {
    let mut body = Body::new(Framing::Length(5), 0);
    assert_eq!(body.decode(b"").ok(), Some(Step::More(0)));
    assert_eq!(body.decode(b"hel").ok(), Some(Step::Data(0..3)));
    assert!(!body.is_done());
    assert_eq!(body.decode(b"loHTTP").ok(), Some(Step::Data(0..2)));
    assert!(body.is_done());
    assert_eq!(body.decode(b"HTTP").ok(), Some(Step::End(0)));
    assert!(body.eof().is_ok());
}

/// Broken by: any arm of `eof` that answers `Ok`.
#[test]
fn a_close_is_an_end_only_where_nothing_else_was_announced() {
    let mut body = Body::new(Framing::Length(10), 0);
    body.decode(b"hello").expect("content");
    let error = body.eof().unwrap_err();
    assert!(error.to_string().contains("5 bytes came of 10"), "{error}");

    let mut body = Body::new(Framing::UntilClose, 0);
    assert_eq!(body.decode(b"").ok(), Some(Step::More(0)));
    assert_eq!(body.decode(b"abc").ok(), Some(Step::Data(0..3)));
    assert!(!body.is_done(), "only the close tells");
    assert!(body.eof().is_ok());

    let mut body = Body::new(Framing::Chunked, 100);
    body.decode(b"0").expect("a size, perhaps");
    assert!(body.eof().is_err());
    body.decode(b"\r\nX: y").expect("the last chunk");
    assert!(body.eof().is_ok(), "the content is complete");
    assert!(!body.is_done(), "but the response is not");

    assert!(Body::new(Framing::Nothing, 0).eof().is_ok());
    assert!(Body::new(Framing::Length(0), 0).is_done());
}
