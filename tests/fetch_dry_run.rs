//! `--dry-run`: everything is said, nothing is done.

#![cfg(all(feature = "http", not(windows)))]

mod fetch_support;

use std::fs;

use fetch_support::{Folder, Server};

fn refusing() -> Server {
    Server::start(|_| panic!("somebody asks"))
}

/// Broken by: starting the loop nevertheless; making the folder.
#[test]
fn what_would_be_done_is_told_and_neither_server_nor_disk_hears_of_it() {
    let (folder, server) = (Folder::new(), refusing());
    fs::write(folder.join("there"), "1234").unwrap();
    let ran = folder.run([
        "--dry-run",
        &server.url("/[1-2]"),
        "http://me:secret@h/there",
        "-o",
        "x#1",
    ]);
    let host = server.address;
    let expected = format!(
        "would fetch http://{host}/1 as x1\nwould fetch http://{host}/2 as x2\n\
         there there  4 B, already; would not be fetched (--force would)\n\
         3 files: 2 new, 0 half there, 1 there; nothing was fetched\n"
    );
    assert_eq!(ran.succeeded().stdout, expected);
    let ran = folder.run([
        "--dry-run",
        "--force",
        "-d",
        "new",
        "http://me:secret@h/there",
    ]);
    assert!(
        ran.succeeded()
            .stdout
            .starts_with("would fetch http://h/there as new/there\n")
    );
    assert_eq!(
        folder
            .run(["--dry-run", "-q", "http://h/"])
            .succeeded()
            .stdout,
        ""
    );
    assert_eq!(
        (folder.names(), server.seen().len()),
        (vec!["there".to_owned()], 0)
    );
}

#[test]
fn what_would_be_refused_is_refused() {
    let folder = Folder::new();
    let ran = folder.run(["--dry-run", "http://h/1/a", "http://h/2/a"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""));
    assert!(ran.stderr.contains("would both"), "{ran:#?}");
}

/// The half file is a real one. Broken by: not looking at the sidecar.
#[test]
fn a_half_file_is_told_with_what_is_there_of_it() {
    let server = Server::start(|x| {
        x.raw(b"HTTP/1.1 200 OK\r\nETag: \"1\"\r\nAccept-Ranges: bytes\r\nContent-Length: 3000000\r\n\r\n")?;
        x.raw(&[b'a'; 2_000_000])?;
        x.reset()
    });
    let folder = Folder::new();
    let url = server.url("/a");
    let ran = folder.run([&url]);
    assert!(ran.stderr.contains("are kept"), "{ran:#?}");
    let names = folder.names();
    let ran = folder.run(["--dry-run", &url]);
    assert!(
        ran.succeeded()
            .stdout
            .starts_with(&format!("would go on with {url} as a, from ")),
        "{ran:#?}"
    );
    assert!(
        ran.stdout
            .contains("\n1 file: 0 new, 1 half there, 0 there;"),
        "{ran:#?}"
    );
    assert_eq!(folder.names(), names);
    let ran = folder.run(["--dry-run", "http://other/a"]);
    assert!(
        ran.succeeded()
            .stdout
            .starts_with("would fetch http://other/a as a\n"),
        "{ran:#?}"
    );
}

#[test]
fn a_list_s_mirrors_are_read_and_counted() {
    let folder = Folder::new();
    fs::write(folder.join("list"), "h/a\thttp://m/a\tn/a\nh/b\tm/b\n").unwrap();
    let ran = folder.run(["--dry-run", "-i", "list"]);
    let said = &ran.succeeded().stdout;
    assert!(
        said.contains("fetch http://h/a (and 2 mirrors) as a\n"),
        "{said}"
    );
    assert!(
        said.contains("fetch http://h/b (and a mirror) as b\n"),
        "{said}"
    );
    fs::write(folder.join("list"), "h/a\tftp://m/a\n").unwrap();
    let ran = folder.run(["--dry-run", "-i", "list"]);
    assert!(
        ran.stderr
            .starts_with("fetch: list, line 1: ftp://m/a: ftp is not"),
        "{ran:#?}"
    );
}
