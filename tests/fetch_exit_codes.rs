//! The exit status tells the class of the failure: that of the first URL in the list that
//! failed, whichever came first in time.

#![cfg(all(feature = "http", not(windows)))]

mod fetch_support;

use std::fs;
use std::io;
use std::net::TcpListener;
use std::time::Duration;

use fetch_support::{Exchange, Folder, GUARD, Server};

/// Each path is a way to fail.
fn failing(x: &mut Exchange) -> io::Result<()> {
    match x.path.as_str() {
        "/22" => x.raw(b"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n"),
        "/18" => x.raw(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"),
        "/52" => Ok(()),
        "/56" => x.reset(),
        "/8" => x.raw(b"SSH-2.0-nobody\r\n\r\n"),
        "/47" => x.raw(b"HTTP/1.1 302 F\r\nLocation: /47\r\nContent-Length: 0\r\n\r\n"),
        "/28" => {
            std::thread::sleep(GUARD);
            Ok(())
        }
        "/slow-22" => {
            std::thread::sleep(Duration::from_millis(200));
            x.raw(b"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n")
        }
        _ => x.ok(b"good"),
    }
}

#[test]
fn each_class_has_its_number() {
    let server = Server::start(failing);
    for code in [22, 18, 52, 56, 8, 47, 28] {
        let folder = Folder::new();
        let url = server.url(&format!("/{code}"));
        let ran = folder.run(["--timeout", "500ms", &url, &server.url("/good")]);
        assert_eq!(
            (ran.code, ran.failures().len()),
            (Some(code), 1),
            "{ran:#?}"
        );
        assert_eq!(folder.names(), ["good"]);
    }
    let folder = Folder::new();
    assert_eq!(folder.run(["http://no-such-host.invalid/x"]).code, Some(6));
    let closed = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    assert_eq!(folder.run([format!("http://{closed}/x")]).code, Some(7));
    fs::create_dir(folder.join("x")).unwrap();
    assert_eq!(folder.run([server.url("/x")]).code, Some(23));
    assert_eq!(folder.run(["--nonsense"]).code, Some(2));
}

#[test]
fn the_whole_of_a_download_has_a_limit_pauses_included() {
    let server = Server::start(failing);
    let folder = Folder::new();
    let ran = folder.run(["-m", "300ms", "--retry", "1000", &server.url("/56")]);
    assert_eq!(ran.code, Some(28), "{ran:#?}");
    assert!(
        ran.stderr.contains("longer than 300ms (--max-time)"),
        "{ran:#?}"
    );
}

/// Broken by: the status of whichever ended first.
#[test]
fn the_first_in_the_list_counts_not_the_first_in_time() {
    let server = Server::start(failing);
    for _ in 0..5 {
        let folder = Folder::new();
        let urls = ["/good", "/slow-22", "/56", "/18"].map(|path| server.url(path));
        assert_eq!(folder.run(urls).code, Some(22));
    }
}
