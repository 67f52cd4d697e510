//! What a sidecar remembers, and what of it is believed after whatever happened to it.

use super::*;

fn example() -> Sidecar {
    let mut headers = HeaderMap::new();
    headers.insert("etag", HeaderValue::from_bytes(b"\"v1\xe9\"").unwrap());
    headers.insert(
        "date",
        HeaderValue::from_static("Mon, 01 Jan 2024 00:00:00 GMT"),
    );
    headers.insert("set-cookie", HeaderValue::from_static("secret"));
    Sidecar::new("http://h/x", "http://h/x", Some(1000), &headers)
}

#[test]
fn what_was_written_is_read_again() {
    let written = example();
    assert_eq!(Sidecar::parse(&written.text()), Some(written.clone()));
    assert!(!written.text().contains("secret"));
    assert_eq!(written.resume(500).unwrap().have, 500);
}

#[test]
fn what_is_not_whole_or_not_ours_is_none() {
    let text = example().text();
    for end in 0..text.len() {
        if let Some(cut) = text.get(..end).and_then(Sidecar::parse) {
            // A cut at a line's end is a sidecar that knows less, and so promises less.
            assert!(text[..end].ends_with('\n') && cut.safe.sum() == 0, "{end}");
        }
    }
    assert_eq!(Sidecar::parse(&text.replace(", 1\n", ", 2\n")), None);
    assert_eq!(Sidecar::parse(&text.replace("safe: 0", "safe: -1")), None);
}

/// Broken by: believing the length after another boot.
#[test]
fn after_a_power_cut_only_what_was_safe_is_believed() {
    let mut sidecar = example();
    sidecar.safe = Stretches::prefix_of(300);
    sidecar.boot = Some("another".into());
    let believed = |sidecar: &Sidecar, length| sidecar.believed(length).prefix();
    assert_eq!(
        (believed(&sidecar, 500), believed(&sidecar, 200)),
        (300, 200)
    );
    sidecar.boot = None;
    assert_eq!(believed(&sidecar, 500), 300);
    sidecar.boot = boot();
    let all = if boot().is_some() { 500 } else { 300 };
    assert_eq!(believed(&sidecar, 500), all);
}

#[test]
fn a_coded_or_weak_answer_cannot_be_gone_on_with() {
    let mut headers = HeaderMap::new();
    headers.insert("etag", HeaderValue::from_static("\"v1\""));
    headers.insert("content-encoding", HeaderValue::from_static("gzip"));
    assert_eq!(
        Sidecar::new("http://h/", "http://h/", None, &headers).resume(5),
        None
    );
    headers.remove("content-encoding");
    assert!(
        Sidecar::new("http://h/", "http://h/", None, &headers)
            .resume(5)
            .is_some()
    );
}

/// One with gaps, and two lines in its journal.
fn with_gaps() -> (Sidecar, String) {
    let mut sidecar = example();
    sidecar.from = Some("http://mirror/x".into());
    sidecar.there = Stretches::parse("0-99 500-599");
    sidecar.safe = Stretches::prefix_of(50);
    let text = format!("{}100-199\n600-604\n", sidecar.text());
    (sidecar, text)
}

/// Broken by: taking the length for what is there, or leaving the journal out.
#[test]
fn of_a_file_with_gaps_the_list_and_the_journal_are_believed_but_not_the_length() {
    let (mut sidecar, text) = with_gaps();
    let read = Sidecar::parse(&text).unwrap();
    let there = read.there.clone().unwrap();
    assert_eq!(there.text(), "0-199 500-604");
    assert!(read.is_from("http://mirror/x") && !read.is_from(&read.url));
    assert_eq!(
        read.believed(550).text(),
        if boot().is_some() {
            "0-199 500-549"
        } else {
            "0-49"
        }
    );
    sidecar.boot = Some("another".into());
    assert_eq!(sidecar.believed(1000).text(), "0-49", "after a power cut");
    // What an older fetch would take for a file without gaps.
    assert!(!text.starts_with(VERSION));
}

/// A kill, and a power cut, may leave any part of a journal.
#[test]
fn a_journal_is_read_up_to_its_first_line_that_is_none() {
    let (_, text) = with_gaps();
    let head = text.find("\n\n").unwrap() + 2;
    for end in head..=text.len() {
        let there = Sidecar::parse(&text[..end]).unwrap().there.unwrap();
        let lines = text[head..end].matches('\n').count();
        let expected = ["0-99 500-599", "0-199 500-599", "0-199 500-604"][lines];
        assert_eq!(there.text(), expected, "{end}");
    }
    let zeros = text.replace("100-199", "\0\0\0\0\0\0\0");
    let there = Sidecar::parse(&zeros).unwrap().there.unwrap();
    assert_eq!(there.text(), "0-99 500-599");
    let beyond = text.replace("600-604", "600-2000");
    let there = Sidecar::parse(&beyond).unwrap().there.unwrap();
    assert_eq!(there.text(), "0-199 500-999", "there are only 1000");
    assert_eq!(Sidecar::parse(&text.replace("total: 1000\n", "")), None);
}
