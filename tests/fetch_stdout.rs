//! `-o -`: bytes go to standard output, each file whole, and everything else to standard error.

#![cfg(all(feature = "http", not(windows)))]

mod fetch_support;

use std::io::Read;
use std::sync::atomic::{AtomicUsize, Ordering};

use fetch_support::{Folder, Server, finish};

/// `length` letters.
fn letters(length: usize) -> String {
    ('a'..='z').cycle().take(length).collect()
}

/// The first request gets `first`, whatever it is; the others `then`.
fn in_turn(first: String, then: String) -> Server {
    let asked: &AtomicUsize = Box::leak(Box::default());
    Server::start(move |x| match asked.fetch_add(1, Ordering::Relaxed) {
        0 => x.raw(first.as_bytes()),
        _ => x.raw(then.as_bytes()),
    })
}

fn whole(etag: &str, length: usize, body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\n{etag}Content-Length: {length}\r\n\r\n{body}")
}

#[test]
fn what_is_fetched_is_printed_and_the_rest_is_told_elsewhere() {
    let server = Server::start(|x| x.ok(letters(1000).as_bytes()));
    let folder = Folder::new();
    let words = ["-o", "-", &server.url("/a"), "-o", "b", &server.url("/b")];
    let ran = folder.run(words);
    assert_eq!((ran.code, ran.stdout), (Some(0), letters(1000)));
    assert!(ran.stderr.contains("ok a  1000 B"), "{}", ran.stderr);
    assert!(ran.stderr.contains("2 files"), "{}", ran.stderr);
    assert_eq!(folder.names(), ["b"]);
    let ran = folder.run(["-q", "-o", "-", &server.url("/a")]);
    assert_eq!((ran.stdout, ran.stderr), (letters(1000), String::new()));
    let ran = folder.run(["--compare", "-o", "-", &server.url("/a")]);
    assert_eq!(ran.code, Some(2));
}

/// Each is printed in two pieces with a pause between them. Broken by: no lock.
#[test]
fn several_are_printed_one_after_the_other() {
    let server = Server::start(|x| {
        let letter = x.path[1..].repeat(1000);
        x.raw(b"HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n")?;
        x.raw(letter.as_bytes())?;
        std::thread::sleep(std::time::Duration::from_millis(30));
        x.raw(letter.as_bytes())
    });
    let folder = Folder::new();
    let mut words = vec!["-q".to_owned()];
    for letter in ["a", "b", "c", "d"] {
        words.extend([
            "-o".to_owned(),
            "-".to_owned(),
            server.url(&format!("/{letter}")),
        ]);
    }
    let ran = folder.run(words);
    let expected: String = ["a", "b", "c", "d"]
        .map(|letter| letter.repeat(2000))
        .concat();
    assert_eq!((ran.code, ran.stdout), (Some(0), expected));
    assert!(folder.names().is_empty());
}

/// Broken by: asking for all of it again.
#[test]
fn a_broken_one_goes_on_where_it_stopped_if_it_is_the_same_version() {
    let all = letters(4000);
    let etag = "ETag: \"v\"\r\n";
    let first = whole(etag, 4000, &all[..1500]);
    let rest = format!(
        "HTTP/1.1 206 P\r\n{etag}Content-Range: bytes 1500-3999/4000\r\nContent-Length: 2500\r\n\r\n{}",
        &all[1500..]
    );
    let server = in_turn(first.clone(), rest);
    let words = ["-q", "--retry=1", "--retry-delay=1ms", "-o", "-"];
    let run = |server: &Server| {
        Folder::new().run(words.iter().copied().chain([server.url("/a").as_str()]))
    };
    let ran = run(&server);
    assert_eq!(
        (ran.code, ran.stdout, ran.stderr),
        (Some(0), all.clone(), String::new())
    );
    // Another version: what was printed stands, and that is said.
    let ran = run(&in_turn(first, whole("ETag: \"w\"\r\n", 4000, &all)));
    assert_eq!((ran.code, ran.stdout.len()), (Some(33), 1500), "{ran:#?}");
    assert!(ran.stderr.contains("has changed on the server"), "{ran:#?}");
    // No version at all: it is not even asked for.
    let ran = run(&in_turn(
        whole("", 4000, &all[..1500]),
        whole("", 4000, &all),
    ));
    assert_eq!((ran.code, ran.stdout.len()), (Some(18), 1500), "{ran:#?}");
    // Nothing was printed yet: then all of it.
    let ran = run(&in_turn(String::new(), whole("", 4000, &all)));
    assert_eq!((ran.code, ran.stdout), (Some(0), all));
}

#[test]
fn the_wrong_bytes_are_a_failure_though_they_are_printed() {
    let server = Server::start(|x| x.ok(b"hello"));
    let sum = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
    let url = server.url("/a");
    let run = |sum: &str| Folder::new().run(["-q", "--sha256", sum, "-o", "-", &url]);
    assert_eq!(run(sum).code, Some(0));
    let ran = run(&sum.replace('2', "3"));
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(32), "hello"));
}

#[test]
fn a_refusal_and_a_file_too_long_print_nothing() {
    let server = Server::start(|x| match x.path.as_str() {
        "/long" => x.ok(letters(2001).as_bytes()),
        _ => x.raw(b"HTTP/1.1 404 No\r\nContent-Length: 4\r\n\r\noops"),
    });
    for (path, code) in [("/long", 63), ("/none", 22)] {
        let words = ["--max-filesize=2000", "-o", "-", &server.url(path)];
        let ran = Folder::new().run(words);
        assert_eq!(
            (ran.code, ran.stdout.as_str()),
            (Some(code), ""),
            "{ran:#?}"
        );
    }
}

/// `fetch -o - URL | head -c 5`. Broken by: taking a closed pipe for nothing.
#[test]
fn a_reader_that_goes_ends_the_download() {
    let server = Server::start(|x| {
        x.raw(b"HTTP/1.1 200 OK\r\n\r\n")?;
        loop {
            x.raw(&[b'x'; 10_000])?;
        }
    });
    let words = ["-o", "-", &server.url("/a")].map(str::to_owned);
    let mut child = Folder::new().fetch(words).spawn().unwrap();
    let mut stdout = child.stdout.take().unwrap();
    stdout.read_exact(&mut [0; 5]).unwrap();
    drop(stdout);
    let ran = finish(child);
    assert_eq!(ran.code, Some(23), "{ran:#?}");
    assert!(
        ran.stderr.contains("writing to standard output"),
        "{ran:#?}"
    );
}

/// Broken by: a request without its body, or going on with an answer.
#[test]
fn the_answer_to_what_is_sent_is_printed() {
    let server = Server::start(|x| {
        let is_post = x.head.starts_with("POST ");
        let length = x.head.to_lowercase().contains("\r\ncontent-length: 5\r\n");
        let head = "HTTP/1.1 201 C\r\nETag: \"v\"\r\nContent-Length: 8\r\n\r\n";
        let body = if x.path == "/cut" {
            "than"
        } else {
            "thanks!\n"
        };
        assert!(
            is_post && length && !x.head.contains("ange: "),
            "{}",
            x.head
        );
        x.raw(format!("{head}{body}").as_bytes())
    });
    let words = ["-s", "--retry=1", "--data", "hello", "-o", "-"];
    let run = |path: &str| {
        let url = server.url(path);
        Folder::new().run(words.into_iter().chain([url.as_str()]))
    };
    let ran = run("/good");
    assert_eq!(
        (ran.code, ran.stdout.as_str()),
        (Some(0), "thanks!\n"),
        "{ran:#?}"
    );
    let ran = run("/cut");
    assert_eq!(
        (ran.code, ran.stdout.as_str()),
        (Some(18), "than"),
        "{ran:#?}"
    );
}
