//! What a list of URLs (`-i`) may say of each, and what of all that reaches the server.

#![cfg(all(feature = "http", not(windows)))]

mod fetch_support;

use std::fs;
use std::io::Write;
use std::process::Stdio;

use fetch_support::{Folder, Ran, Server, finish, heads};

fn with_list(folder: &Folder, list: &str, words: &[&str]) -> Ran {
    fs::write(folder.join("list"), list).unwrap();
    let ran = folder.run(["-i", "list"].iter().chain(words));
    fs::remove_file(folder.join("list")).unwrap();
    ran
}

/// Broken by: leaving any of them out of the job or of the request.
#[test]
fn indented_lines_are_about_the_url_above_them_only() {
    let (folder, server) = (Folder::new(), heads());
    let list = format!(
        "# two of them\n{}\n  out=first\n  dir=deep/er\n  header=X-Key: 1\n  header=x-key: 2\n  \
         user=me:secret\n  user-agent=mine\n  referer=http://r/\n{}\n",
        server.url("/a"),
        server.url("/b"),
    );
    let ran = with_list(
        &folder,
        &list,
        &["-H", "X-Key: all", "-H", "X-Other: all", "-v"],
    );
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    assert!(
        !ran.stderr.contains("secret") && !ran.stderr.contains("bwU6"),
        "{ran:#?}"
    );
    assert_eq!(folder.names(), ["b", "deep/"]);
    let first = String::from_utf8(folder.read("deep/er/first")).unwrap();
    for line in [
        "x-key: 1",
        "x-key: 2",
        "x-other: all",
        "authorization: basic bwu6c2vjcmv0",
        "user-agent: mine",
        "referer: http://r/",
    ] {
        assert!(
            first.contains(&format!("\r\n{line}\r\n")),
            "{line}: {first}"
        );
    }
    assert!(!first.contains("x-key: all"), "{first}");
    let second = String::from_utf8(folder.read("b")).unwrap();
    assert!(
        second.contains("x-key: all") && !second.contains("authorization"),
        "{second}"
    );
}

#[test]
fn a_sum_in_a_list_is_checked() {
    let server = Server::start(|x| x.ok(b"body"));
    let folder = Folder::new();
    let good = "230d8358dc8e8890b4c58deeb62912ee2f20357ae92a5cc861b98e68fe31acb5";
    let bad = "0f".repeat(32);
    let (a, b) = (server.url("/a"), server.url("/b"));
    let list = format!("{a}\n sha256={good}\n{b}\n checksum=sha-256={bad}\n");
    let ran = with_list(&folder, &list, &[]);
    assert_eq!((ran.code, ran.failures().len()), (Some(32), 1), "{ran:#?}");
    assert_eq!(folder.names(), ["a"]);
}

/// Lists come from programs. Broken by: reading each URL as a pattern.
#[test]
fn a_url_in_a_list_is_a_pattern_only_if_it_says_so() {
    let (folder, server) = (Folder::new(), heads());
    let plain = server.url("/{a}[1-2]");
    with_list(
        &folder,
        &format!("{plain}\n  out=one\n{plain}\n  glob=true\n"),
        &[],
    )
    .succeeded();
    assert_eq!(folder.names(), ["a1", "a2", "one"]);
    assert_eq!(server.seen(), ["/%7Ba%7D[1-2]", "/a1", "/a2"]);
}

/// Broken by: repeating the value in the error.
#[test]
fn a_mistake_is_told_with_its_line_before_anything_is_fetched() {
    let (folder, server) = (Folder::new(), heads());
    for (option, word) in [
        ("  split=secret", "no option split"),
        ("  header=secret", "a header"),
        ("  user=secret", "NAME:PASS"),
        ("  secret", "name=value"),
    ] {
        let ran = with_list(&folder, &format!("{}\n{option}\n", server.url("/a")), &[]);
        assert_eq!(ran.code, Some(2), "{ran:#?}");
        assert!(ran.stderr.starts_with("fetch: list, line 2: "), "{ran:#?}");
        assert!(
            ran.stderr.contains(word) && !ran.stderr.contains("secret"),
            "{ran:#?}"
        );
    }
    assert!(server.seen().is_empty());
}

#[test]
fn a_url_that_is_listed_twice_is_fetched_once() {
    let (folder, server) = (Folder::new(), heads());
    let (a, b) = (server.url("/a"), server.url("/b"));
    with_list(&folder, &format!("{a}\n{b}\n{a}\n"), &[&b]).succeeded();
    assert_eq!(server.seen(), ["/a", "/b"]);
    let ran = with_list(&folder, &format!("{a}\n out=x\n{a}\n out=y\n"), &[]);
    ran.succeeded();
    assert_eq!(folder.names(), ["a", "b", "x", "y"]);
}

#[test]
fn options_come_through_standard_input_as_well() {
    let (folder, server) = (Folder::new(), heads());
    let mut child = folder
        .fetch(["-i", "-"])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let list = format!("{}\n\tout=named\n", server.url("/a"));
    child
        .stdin
        .take()
        .unwrap()
        .write_all(list.as_bytes())
        .unwrap();
    finish(child).succeeded();
    assert_eq!(folder.names(), ["named"]);
}
