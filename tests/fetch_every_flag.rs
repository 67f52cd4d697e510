//! No flag of fetch goes without an end-to-end test: this file holds the list of all flags
//! against the words that the tests give to fetch, and has the tests that no other file has.

#![cfg(all(feature = "http", not(windows)))]

mod fetch_support;

use std::collections::BTreeSet;
use std::fs;
use std::io::Read;
use std::net::SocketAddr;
use std::path::Path;

use fetch_support::{Folder, Server};
use socket2::{Domain, Socket, Type};

/// Everything in double quotes in the tests, and every word of the manual's commands.
fn tried() -> BTreeSet<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut words = BTreeSet::new();
    let mut folders = vec![root.join("tests")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let is_source = path.extension().is_some_and(|end| end == "rs");
            if path.is_dir() {
                folders.push(path);
            } else if is_source {
                let text = fs::read_to_string(path).unwrap();
                words.extend(
                    text.split('"')
                        .flat_map(str::split_whitespace)
                        .map(Into::into),
                );
            }
        }
    }
    let manual = fs::read_to_string(root.join("docs/fetch.md")).unwrap();
    let commands = manual.lines().filter(|line| line.starts_with("$ "));
    words.extend(commands.flat_map(str::split_whitespace).map(Into::into));
    words
}

/// Each line of the help that begins with a flag: `  -o, --output NAME      the file …`.
fn flags<'a>(help: &'a str) -> Vec<Vec<&'a str>> {
    let lines = help
        .lines()
        .filter(|line| line.trim_start().starts_with('-'));
    let names = |line: &'a str| {
        let words = line
            .split_whitespace()
            .take_while(|word| word.starts_with('-'));
        words.map(|word| word.trim_end_matches(',')).collect()
    };
    lines.map(names).collect()
}

/// Broken by: a new flag that nobody tries.
#[test]
fn every_flag_is_tried_by_some_test() {
    let help = Folder::new().run(["--help", "all"]).stdout;
    let (all, tried) = (flags(&help), tried());
    assert!(all.len() > 100, "{} flags", all.len());
    let is_tried = |name: &str| {
        let with_value = format!("{name}=");
        let letter = name.len() == 2;
        // `-C-`, `-j8`
        let begins =
            |word: &String| word.starts_with(&with_value) || letter && word.starts_with(name);
        tried.contains(name) || tried.iter().any(begins)
    };
    let untried = all
        .iter()
        .filter(|names| !names.iter().any(|name| is_tried(name)));
    let untried: Vec<_> = untried.collect();
    assert!(untried.is_empty(), "no test gives fetch {untried:?}");
}

#[test]
fn connect_timeout_ends_what_nobody_answers() {
    // Whoever has more in line than it takes answers no further call.
    let listener = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    let any: SocketAddr = "127.0.0.1:0".parse().unwrap();
    listener.bind(&any.into()).unwrap();
    listener.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    let callers = (0..16).map(|_| {
        let caller = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        caller.set_nonblocking(true).unwrap();
        let _ = caller.connect(&address);
        caller
    });
    let _callers: Vec<_> = callers.collect();
    let url = format!("http://{}/x", address.as_socket().unwrap());
    let ran = Folder::new().run(["--connect-timeout", "300ms", "--timeout", "0", &url]);
    assert_eq!(ran.code, Some(28), "{ran:#?}");
    assert!(ran.stderr.contains("connect"), "{ran:#?}");
}

#[test]
fn noproxy_goes_past_the_proxy() {
    let server = Server::start(|x| {
        let head = x.head.clone();
        x.ok(head.as_bytes())
    });
    let (folder, url) = (Folder::new(), server.url("/x"));
    let words = ["-x", "http://127.0.0.1:9", "--noproxy", "127.0.0.1", &url];
    folder.run(words).succeeded();
    assert!(
        folder.read("x").starts_with(b"GET /x "),
        "straight to the server"
    );
    let ran = Folder::new().run([
        "-x",
        "http://127.0.0.1:9",
        "--noproxy",
        "other.example",
        &url,
    ]);
    assert_eq!(ran.code, Some(7), "{ran:#?}");
}

/// All of 127.0.0.0/8 is this machine on Linux only.
#[cfg(target_os = "linux")]
#[test]
fn interface_is_where_the_connection_comes_from() {
    let server = Server::start(|x| {
        let from = x.stream.peer_addr()?.ip().to_string();
        x.ok(from.as_bytes())
    });
    let (folder, url) = (Folder::new(), server.url("/x"));
    folder.run(["--interface", "127.0.0.7", &url]).succeeded();
    assert_eq!(folder.read("x"), b"127.0.0.7");
}

#[test]
fn data_ascii_is_data() {
    let server = Server::start(|x| {
        let mut body = std::mem::take(&mut x.ahead);
        let mut rest = vec![0; 3 - body.len()];
        x.stream.read_exact(&mut rest)?;
        body.extend(rest);
        let method = x.head.split(' ').next().unwrap_or("").to_owned();
        x.ok(&[method.as_bytes(), b" ", &body].concat())
    });
    let ran = Folder::new().run(["--data-ascii", "a=b", &server.url("/x")]);
    assert_eq!(
        (ran.code, ran.stdout.as_str()),
        (Some(0), "POST a=b"),
        "{ran:#?}"
    );
}

#[test]
fn timeline_draws_who_waited_and_who_received() {
    let server = Server::start(|x| x.ok(b"it"));
    let (folder, url) = (Folder::new(), server.url("/x"));
    let ran = folder.run(["--timeline", &url]);
    let drawn = ran
        .succeeded()
        .stdout
        .lines()
        .find(|line| line.starts_with("  x "));
    assert!(drawn.is_some_and(|line| line.contains('━')), "{ran:#?}");
    let ran = folder.run(["--force", &url]);
    assert!(!ran.succeeded().stdout.contains('━'), "{ran:#?}");
}
