//! What curl 7.88 makes of the same patterns was written down from its answers, not from its
//! manual.

use super::*;

#[track_caller]
fn urls(pattern: &str) -> Vec<String> {
    let glob = Glob::parse(pattern).unwrap_or_else(|wrong| panic!("{pattern}: {wrong:?}"));
    glob.urls().map(|made| made.text).collect()
}

/// Broken by: turning the first wheel fastest.
#[test]
fn patterns_make_what_curl_makes_of_them_in_its_order() {
    for (pattern, made) in [
        ("/plain", vec!["/plain"]),
        ("/{a,b}", vec!["/a", "/b"]),
        ("/{a,}", vec!["/a", "/"]),
        ("/[1-3]", vec!["/1", "/2", "/3"]),
        ("/[8-010]", vec!["/8", "/9", "/10"]),
        ("/[001-5:2]", vec!["/001", "/003", "/005"]),
        ("/[1-10:4]", vec!["/1", "/5", "/9"]),
        ("/[00-10:5]", vec!["/00", "/05", "/10"]),
        ("/[1-1]", vec!["/1"]),
        ("/[a-e:2]", vec!["/a", "/c", "/e"]),
        ("/[y-z][0-1]", vec!["/y0", "/y1", "/z0", "/z1"]),
        ("/[0-1]{x,y}", vec!["/0x", "/0y", "/1x", "/1y"]),
        ("/\\[1-2\\]", vec!["/[1-2]"]),
        ("/{a\\,b,c}", vec!["/a,b", "/c"]),
        ("/{\\},x}", vec!["/}", "/x"]),
        ("/{a,b}\\}", vec!["/a}", "/b}"]),
        ("/a\\b", vec!["/a\\b"]),
        ("/?a[]=1", vec!["/?a[]=1"]),
        (
            "http://[::1]:80/[1-2]",
            vec!["http://[::1]:80/1", "http://[::1]:80/2"],
        ),
        ("http://[fe80::1%25lo]/", vec!["http://[fe80::1%25lo]/"]),
        ("/文{件,书}", vec!["/文件", "/文书"]),
    ] {
        assert_eq!(urls(pattern), made, "{pattern}");
    }
}

/// Broken by: counting the place in bytes; taking a step that is longer than the range.
#[test]
fn what_curl_refuses_is_refused_and_the_place_is_told() {
    for (pattern, at) in [
        ("/{}", 3),
        ("/{a{b}", 4),
        ("/{a[1-2],b}", 4),
        ("/{a]b}", 4),
        ("/{a,b", 2),
        ("/a}", 3),
        ("/文]", 3),
        ("/[3-1]", 2),
        ("/[1]", 2),
        ("/[1-2", 2),
        ("/[c-a]", 2),
        ("/[A-c]", 2),
        ("/[a-1]", 2),
        ("/[1-5:0]", 2),
        ("/[1-3:9]", 2),
        ("/[a-c:9]", 2),
        ("/[a-c:256]", 2),
        ("/[a-c:257]", 2),
        ("/[-1-3]", 2),
        ("/[+1-3]", 2),
        ("/[ 1-3]", 2),
        ("/[1-9999999999999999999999]", 2),
        ("/[1-3:]", 2),
    ] {
        let wrong = Glob::parse(pattern).expect_err(pattern);
        assert_eq!(wrong.at, at, "{pattern}: {wrong:?}");
    }
}

#[test]
fn a_pattern_tells_what_each_of_its_wheels_showed() {
    let glob = Glob::parse("/{a,b}/[01-02].txt").unwrap();
    let last = glob.urls().last().unwrap();
    assert_eq!(
        (last.text.as_str(), last.pieces.as_slice()),
        ("/b/02.txt", &["b".into(), "02".into()][..])
    );
}

/// Broken by: multiplying without looking.
#[test]
fn more_urls_than_anybody_means_are_refused_before_one_is_made() {
    assert_eq!(Glob::parse("/[1-1000000]").unwrap().count(), Some(MOST));
    let huge = format!("/[0-{}]", u64::MAX);
    for pattern in [
        "/[0-1000000]",
        "/[1-1000][1-1000]{a,b}",
        &huge,
        &huge.repeat(3),
    ] {
        let wrong = Glob::parse(pattern).expect_err(pattern);
        assert!(wrong.what.contains("million"), "{wrong:?}");
    }
}

#[test]
fn without_patterns_everything_stands_for_itself() {
    let glob = Glob::literal("/{a}[1");
    let all: Vec<_> = glob.urls().map(|made| made.text).collect();
    assert_eq!(all, ["/{a}[1"]);
}
