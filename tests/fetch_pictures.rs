//! `--waterfall` and `--har`: what they write, when, and what they do where they cannot.
//!
//! That a browser can show the one and others can read the other is tested with those, in
//! `tests/peers`.

#![cfg(all(feature = "http", not(windows)))]

mod fetch_support;

use std::fs;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};

use fetch_support::{Exchange, Folder, Server, bytes};
use socket2::{Domain, Socket, Type};

/// `/missing` is not there, `/moved` is elsewhere, `/busy` is at the first time; everything else
/// is 10,000 bytes. No connection is used again: one that is closed just then would be replaced,
/// and its request be one more.
fn server() -> Server {
    let busy = AtomicBool::new(true);
    Server::start(move |exchange: &mut Exchange| {
        let (start, body) = match exchange.path.as_str() {
            "/moved" => ("302 Found\r\nLocation: /there?to=here", Vec::new()),
            "/busy" if busy.swap(false, Ordering::Relaxed) => {
                ("503 Busy\r\nRetry-After: 0", Vec::new())
            }
            "/missing" => ("404 Not Found", Vec::new()),
            _ => ("200 OK", bytes(10_000)),
        };
        let length = body.len();
        let head =
            format!("HTTP/1.1 {start}\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n");
        exchange.raw(head.as_bytes())?;
        exchange.raw(&body)
    })
}

fn text(folder: &Folder, name: &str) -> String {
    String::from_utf8(folder.read(name)).expect("it is UTF-8")
}

fn json(folder: &Folder, name: &str) -> serde_json::Value {
    serde_json::from_str(&text(folder, name)).expect("it is JSON")
}

/// Broken by: leaving `waterfalls` or `har` out of `events::run::pictures`.
#[test]
fn a_run_is_drawn_as_a_page_and_as_svg_and_recorded_as_har() {
    let (server, folder) = (server(), Folder::new());
    let flags = [
        "--waterfall",
        "a.html",
        "--waterfall",
        "a.svg",
        "--har",
        "a.har",
    ];
    let urls = ["/one.bin", "/two.bin"].map(|path| server.url(path));
    let words = flags.into_iter().chain(urls.iter().map(String::as_str));
    folder.run(words).succeeded();
    let names = ["a.har", "a.html", "a.svg", "one.bin", "two.bin"];
    assert_eq!(folder.names(), names);
    for picture in ["a.html", "a.svg"] {
        let drawn = text(&folder, picture);
        assert!(drawn.contains("2 files, 19.5 KiB, in "), "{drawn}");
        assert!(
            drawn.contains("one.bin") && drawn.contains("two.bin"),
            "{drawn}"
        );
    }
    let har = json(&folder, "a.har");
    assert_eq!(har["log"]["version"], "1.2");
    assert_eq!(har["log"]["pages"].as_array().map(Vec::len), Some(2));
}

/// Broken by: an entry for each file, or none for a request that failed.
#[test]
fn each_request_is_an_entry_of_the_har_whatever_came_of_it() {
    let (server, folder) = (server(), Folder::new());
    // Bound and not listened on: nobody else can have it meanwhile.
    let taken = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    let loopback: SocketAddr = "127.0.0.1:0".parse().unwrap();
    taken.bind(&loopback.into()).unwrap();
    let nobody = taken.local_addr().unwrap().as_socket().unwrap();
    let urls = [
        server.url("/moved"),
        server.url("/busy"),
        server.url("/missing"),
        format!("http://{nobody}/nobody"),
    ];
    let flags = [
        "--retry",
        "1",
        "-j",
        "4",
        "--har",
        "a.har",
        "--waterfall",
        "a.html",
    ];
    folder.run(flags.into_iter().chain(urls.iter().map(String::as_str)));
    let har = json(&folder, "a.har");
    let entries = har["log"]["entries"].as_array().unwrap();
    let of_page = |page: &str| {
        let of_it = entries.iter().filter(|entry| entry["pageref"] == page);
        let of_it = of_it.map(|entry| entry["response"]["status"].as_u64().unwrap());
        of_it.collect::<Vec<_>>()
    };
    assert_eq!(of_page("file_1"), [302, 200], "{har:#}");
    assert_eq!(of_page("file_2"), [503, 200], "{har:#}");
    assert_eq!(of_page("file_3"), [404], "{har:#}");
    assert_eq!(of_page("file_4"), [0, 0], "{har:#}");
    let by_url = |url: &str| {
        let found = entries.iter().find(|entry| entry["request"]["url"] == url);
        found.unwrap_or_else(|| panic!("no {url} in {har:#}"))
    };
    let (from, to) = (by_url(&urls[0]), by_url(&server.url("/there?to=here")));
    assert_eq!(
        from["response"]["redirectURL"],
        server.url("/there?to=here")
    );
    assert_eq!(to["request"]["queryString"][0]["value"], "here");
    assert_eq!(to["response"]["content"]["size"], 10_000);
    assert_eq!(to["serverIPAddress"], "127.0.0.1");
    let refused = by_url(&urls[3]);
    assert!(refused["response"]["_error"].is_string(), "{refused:#}");
    assert_eq!(refused["timings"]["ssl"], -1.0);
    let page = text(&folder, "a.html");
    assert!(
        page.contains("4 files (2 failed)") && page.contains("tried twice"),
        "{page}"
    );
}

/// Broken by: drawing only what arrived.
#[test]
fn what_failed_is_in_the_picture_and_in_the_exit_status() {
    let (server, folder) = (server(), Folder::new());
    let url = server.url("/missing");
    let ran = folder.run(["--waterfall", "a.HTML", &url]);
    assert_eq!(ran.code, Some(22), "{ran:#?}");
    let page = text(&folder, "a.HTML");
    assert!(page.contains("1 file (1 failed)"), "{page}");
    assert!(
        page.contains("404") && page.contains("exit status 22"),
        "{page}"
    );
}

/// Broken by: taking the password from the URL into an event.
#[test]
fn no_password_gets_into_a_picture() {
    let (server, folder) = (server(), Folder::new());
    let url = server.url("/a").replace("http://", "http://me:hush-one@");
    let words = [
        "-H",
        "Authorization: Bearer hush-two",
        "-H",
        "Cookie: hush=three",
    ];
    let drawn = [
        "--waterfall",
        "a.html",
        "--waterfall",
        "a.svg",
        "--har",
        "a.har",
        &url,
    ];
    folder.run(words.into_iter().chain(drawn)).succeeded();
    for name in ["a.html", "a.svg", "a.har"] {
        assert!(!text(&folder, name).contains("hush"), "{name}");
    }
}

/// Broken by: keeping the pictures for a run that comes to its end.
#[test]
fn a_run_that_is_stopped_is_drawn_as_well() {
    let (asked, wait) = std::sync::mpsc::channel();
    let asked = std::sync::Mutex::new(asked);
    let server = Server::start(move |exchange| {
        exchange.raw(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nbegun")?;
        let _ = asked.lock().unwrap().send(());
        exchange
            .stream
            .set_read_timeout(Some(fetch_support::GUARD))?;
        std::io::Read::read(&mut exchange.stream, &mut [0]).map(drop)
    });
    let folder = Folder::new();
    let url = server.url("/slow.bin");
    let words = ["--waterfall", "a.html", "--har", "a.har", &url];
    let child = folder.fetch(words).spawn().expect("fetch starts");
    wait.recv_timeout(fetch_support::GUARD).expect("it asks");
    let id = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(id, rustix::process::Signal::INT).unwrap();
    fetch_support::finish(child);
    let page = text(&folder, "a.html");
    assert!(page.contains("1 file (1 stopped)"), "{page}");
    assert!(page.contains("exit status 130"), "{page}");
    json(&folder, "a.har");
}

/// Broken by: opening it when all is done.
#[test]
fn a_picture_that_cannot_be_written_stops_the_run_before_it_begins() {
    let (server, folder) = (server(), Folder::new());
    for flag in ["--waterfall", "--har"] {
        let ran = folder.run([flag, "no-such-folder/a.html", &server.url("/a")]);
        assert_eq!(ran.code, Some(1), "{ran:#?}");
        let said = "fetch: writing no-such-folder/a.html: ";
        assert!(ran.stderr.starts_with(said), "{ran:#?}");
    }
    assert!(server.seen().is_empty());
    assert_eq!(folder.names(), [""; 0]);
}

/// Broken by: an exit status of 0 where something that was asked for is not there.
#[cfg(target_os = "linux")]
#[test]
fn a_disk_that_is_full_at_the_end_is_a_failure() {
    let (server, folder) = (server(), Folder::new());
    let ran = folder.run(["--har", "/dev/full", &server.url("/a")]);
    assert_eq!(ran.code, Some(23), "{ran:#?}");
    assert!(
        ran.stderr.starts_with("fetch: writing /dev/full: "),
        "{ran:#?}"
    );
    assert_eq!(folder.names(), ["a"]);
}

/// Broken by: words for people between those for programs.
#[test]
fn a_har_on_standard_output_has_it_to_itself() {
    let (server, folder) = (server(), Folder::new());
    let ran = folder.run(["--har", "-", &server.url("/a")]);
    let har: serde_json::Value = serde_json::from_str(&ran.stdout).expect("it is all JSON");
    assert_eq!(har["log"]["entries"][0]["response"]["status"], 200);
    assert_eq!(folder.names(), ["a"]);
}

/// Broken by: choosing a kind for a name that does not say.
#[test]
fn a_picture_of_another_kind_is_refused_before_anything_is_fetched() {
    let (server, folder) = (server(), Folder::new());
    for name in ["a.png", "html", ""] {
        let ran = folder.run(["--waterfall", name, &server.url("/a")]);
        assert_eq!(ran.code, Some(2), "{name}: {ran:#?}");
        assert!(ran.stderr.contains("--waterfall"), "{ran:#?}");
    }
    assert!(server.seen().is_empty());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}
