//! What a file is called when the server has a say in it, and when it is dated.

#![cfg(all(feature = "http", not(windows)))]

mod fetch_support;

use std::fs;
use std::time::{Duration, SystemTime};

use fetch_support::{Folder, Server};

/// Answers each path with the path, under the name that the test wants.
fn naming(name: impl Fn(&str) -> String + Send + Sync + 'static) -> Server {
    Server::start(move |x| {
        let (body, name) = (x.path.clone(), name(&x.path));
        let length = body.len();
        let field = format!("Content-Disposition: {name}\r\nContent-Length: {length}");
        x.raw(format!("HTTP/1.1 200 OK\r\n{field}\r\n\r\n{body}").as_bytes())
    })
}

fn always(field: &'static str) -> Server {
    naming(move |_| field.to_owned())
}

/// Broken by: leaving `names::proposed` out of `attempt`.
#[test]
fn the_server_may_name_a_file_and_the_user_may_more() {
    let server = always("attachment; filename=\"x.txt\"; filename*=UTF-8''na%C3%AFve.txt");
    let folder = Folder::new();
    let ran = folder.run([server.url("/dl?id=7")]);
    assert!(
        ran.succeeded().stdout.contains("dl, as naïve.txt"),
        "{ran:#?}"
    );
    assert_eq!(folder.names(), ["naïve.txt"]);
    folder.run(["-o", "mine", &server.url("/dl")]).succeeded();
    folder
        .run(["--no-content-disposition", &server.url("/dl")])
        .succeeded();
    assert_eq!(folder.names(), ["dl", "mine", "naïve.txt"]);
}

#[test]
fn a_servers_name_neither_climbs_nor_hides() {
    for (field, name) in [
        ("attachment; filename=\"../../.bashrc\"", "_bashrc"),
        ("attachment; filename=\"..\"", "dl"),
        ("attachment; filename*=UTF-8''a%1B%5B2J%E2%80%AEb", "a[2Jb"),
    ] {
        let (folder, server) = (Folder::new(), always(field));
        let ran = folder.run(["-d", "out", &server.url("/dl")]);
        assert!(!ran.succeeded().stdout.contains('\u{1b}'), "{ran:#?}");
        assert_eq!(fetch_support::names_in(&folder.join("out")), [name]);
        assert_eq!(folder.names(), ["out/"]);
    }
}

/// The second run of a command finds what the first one saved, whatever it was called.
#[test]
fn what_is_there_under_the_servers_name_is_not_fetched_again() {
    let (folder, server) = (Folder::new(), always("attachment; filename=x"));
    folder.run([server.url("/dl")]).succeeded();
    let ran = folder.run([server.url("/dl")]);
    assert!(
        ran.succeeded().stdout.contains("there dl  3 B, already"),
        "{ran:#?}"
    );
    assert_eq!(
        (folder.names(), folder.read("x")),
        (vec!["x".into()], b"/dl".to_vec())
    );
}

/// Broken by: leaving `force` on in `rename_target`, or the look before it.
#[test]
fn a_servers_name_replaces_nothing_not_even_by_force() {
    let (folder, server) = (Folder::new(), always("attachment; filename=Makefile"));
    fs::write(folder.join("Makefile"), "precious").unwrap();
    for words in [&[][..], &["--force"]] {
        let url = server.url("/dl");
        let ran = folder.run(words.iter().copied().chain([url.as_str()]));
        assert_eq!(ran.code, Some(23), "{ran:#?}");
        assert!(
            ran.stderr.contains("the server calls it Makefile"),
            "{ran:#?}"
        );
        assert_eq!(folder.read("Makefile"), b"precious");
        assert_eq!(folder.names(), ["Makefile"]);
    }
}

/// Broken by: leaving `places` out of `proposed`.
#[test]
fn two_downloads_that_a_server_calls_the_same_do_not_meet() {
    let (folder, server) = (Folder::new(), always("attachment; filename=same"));
    let ran = folder.run([server.url("/a"), server.url("/b")]);
    assert_eq!((ran.code, ran.failures().len()), (Some(23), 1), "{ran:#?}");
    assert!(
        ran.stderr.contains("would both be saved as same"),
        "{ran:#?}"
    );
    assert_eq!(folder.names(), ["same"]);

    // Nor may one take the name that another has from its URL.
    let folder = Folder::new();
    let server = naming(|path| match path {
        "/evil" => "attachment; filename=good".into(),
        _ => "inline".into(),
    });
    let ran = folder.run([server.url("/evil"), server.url("/good")]);
    assert_eq!(ran.failures().len(), 1, "{ran:#?}");
    assert_eq!(
        (folder.names(), folder.read("good")),
        (vec!["good".into()], b"/good".to_vec())
    );
}

#[test]
fn a_file_is_as_old_as_the_server_says_and_never_of_tomorrow() {
    let server = Server::start(|x| {
        let date = match x.path.as_str() {
            "/old" => "Mon, 01 Jan 2024 00:00:00 GMT",
            _ => "Fri, 01 Jan 2100 00:00:00 GMT",
        };
        let fields = format!("Last-Modified: {date}\r\nContent-Length: 2");
        x.raw(format!("HTTP/1.1 200 OK\r\n{fields}\r\n\r\nok").as_bytes())
    });
    let folder = Folder::new();
    folder
        .run([server.url("/old"), server.url("/new")])
        .succeeded();
    let dated = |name: &str| fs::metadata(folder.join(name)).unwrap().modified().unwrap();
    let new_year = SystemTime::UNIX_EPOCH + Duration::from_secs(1_704_067_200);
    assert_eq!(dated("old"), new_year);
    assert!(dated("new") <= SystemTime::now());
    let now = ["--no-remote-time", "--force", &server.url("/old")];
    folder.run(now).succeeded();
    assert!(dated("old") > new_year);
}
