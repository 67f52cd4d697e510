//! Flags that curl has too: what a script for curl says has the same effect here.
//!
//! One test for each flag (or a few that belong together), from the command line to the bytes
//! that a server saw or the file that is there.

#![cfg(all(feature = "http", not(windows)))]

mod fetch_support;

use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering};

use fetch_support::{Folder, Server, bytes, heads, sent};

/// Says nothing as often as `times`, and how often it was asked.
fn breaking(times: usize) -> (Server, &'static AtomicUsize) {
    let asked: &AtomicUsize = Box::leak(Box::default());
    let server = Server::start(move |x| match asked.fetch_add(1, Ordering::Relaxed) {
        asked if asked < times => Ok(()),
        _ => x.ok(b"there"),
    });
    (server, asked)
}

#[test]
fn url_and_remote_name_are_for_the_urls_in_their_order() {
    let (folder, server) = (Folder::new(), heads());
    let (a, b, c) = (server.url("/a"), server.url("/b"), server.url("/c"));
    folder
        .run(["-o", "first", &a, "-O", "--url", &b, "-o", "third", &c])
        .succeeded();
    assert_eq!(folder.names(), ["b", "first", "third"]);
    assert!(folder.read("third").starts_with(b"get /c "));
}

#[test]
fn output_dir_is_dir_and_create_dirs_makes_the_rest() {
    let (folder, server) = (Folder::new(), heads());
    let url = server.url("/a");
    folder.run(["--output-dir", "new", &url]).succeeded();
    assert_eq!(folder.names(), ["new/"]);
    assert_eq!(folder.run(["-o", "deep/er/a", &url]).code, Some(23));
    let words = ["--create-dirs", "-o", "deep/er/a", &url];
    folder.run(words).succeeded();
    assert!(!folder.read("deep/er/a").is_empty());
}

#[test]
fn what_is_so_anyway_may_be_said() {
    let (folder, server) = (Folder::new(), heads());
    let words = "-L -f -Z -N -# --parallel-immediate --parallel-max 3 --retry-connrefused \
                 --remote-name-all --http1.1 --no-progress-meter -R -J -C -";
    let url = server.url("/a");
    folder
        .run(words.split(' ').chain([url.as_str()]))
        .succeeded();
    assert_eq!(folder.names(), ["a"]);
}

/// Broken by: `Show::Silent` that tells failures.
#[test]
fn silent_says_nothing_and_show_error_does() {
    let server = Server::start(|x| x.raw(b"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n"));
    let folder = Folder::new();
    let said = |words: &[&str]| {
        let url = server.url("/a");
        let ran = folder.run(words.iter().copied().chain([url.as_str()]));
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(22), ""), "{ran:#?}");
        ran.stderr
    };
    assert_eq!(said(&["-s"]), "");
    assert!(said(&["-sS"]).starts_with("failed a: "));
    assert!(said(&["-q"]).starts_with("failed a: "));
}

#[test]
fn headers_replace_what_other_flags_say_and_come_from_files() {
    let head = sent(&["-H", "User-Agent: mine", "-A", "other", "-e", "from"]);
    assert!(head.contains("\r\nreferer: from\r\n"), "{head}");
    assert!(head.contains("\r\nuser-agent: mine\r\n"), "{head}");
    assert!(!head.contains("other"), "{head}");
    let folder = Folder::new();
    fs::write(folder.join("lines"), "X-One: 1\n\nX-Two: 2\r\n").unwrap();
    let file = format!("@{}", folder.join("lines").display());
    let head = sent(&["-H", &file, "-H", "User-Agent:", "-H", "Accept:"]);
    assert!(head.contains("\r\nx-one: 1\r\n") && head.contains("\r\nx-two: 2\r\n"));
    assert!(
        !head.contains("user-agent") && !head.contains("\r\naccept:"),
        "{head}"
    );
    let head = sent(&["-H", "X-Empty;"]);
    assert!(head.contains("\r\nx-empty:"), "{head}");
}

#[test]
fn a_bearer_says_who_asks_and_is_not_shown() {
    let head = sent(&["--oauth2-bearer", "abc.def"]);
    assert!(head.contains("\r\nauthorization: bearer abc.def\r\n"));
    let ran = Folder::new().run(["--oauth2-bearer", "hid den", "http://h/"]);
    assert_eq!(ran.code, Some(2));
    assert!(!ran.stderr.contains("hid"), "{ran:#?}");
}

#[test]
fn a_retry_delay_is_the_pause() {
    let (server, asked) = breaking(2);
    let folder = Folder::new();
    let words = ["-v", "--retry", "3", "--retry-delay", "10ms"];
    let ran = folder.run(words.into_iter().chain([server.url("/a").as_str()]));
    assert_eq!((ran.code, folder.read("a")), (Some(0), b"there".to_vec()));
    let pauses = ran.stderr.matches("trying again in 10.0ms").count();
    assert_eq!((pauses, asked.load(Ordering::Relaxed)), (2, 3), "{ran:#?}");
}

#[test]
fn there_is_no_further_try_after_the_retry_max_time() {
    let (server, asked) = breaking(usize::MAX);
    let words = ["--retry=9", "--retry-delay=1h", "--retry-max-time=30m"];
    let url = server.url("/a");
    let ran = Folder::new().run(words.into_iter().chain([url.as_str()]));
    assert_eq!((ran.code, asked.load(Ordering::Relaxed)), (Some(52), 1));
}

#[test]
fn retry_all_errors_also_tries_again_what_the_server_refused() {
    let asked: &AtomicUsize = Box::leak(Box::default());
    let server = Server::start(|x| match asked.fetch_add(1, Ordering::Relaxed) % 2 {
        0 => x.raw(b"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n"),
        _ => x.ok(b"there"),
    });
    let (folder, url) = (Folder::new(), server.url("/a"));
    let words = ["--retry=1", "--retry-delay=1ms", &url];
    assert_eq!(folder.run(words).code, Some(22));
    asked.store(0, Ordering::Relaxed);
    let words = words.into_iter().chain(["--retry-all-errors"]);
    folder.run(words).succeeded();
    assert_eq!(folder.read("a"), b"there");
}

#[test]
fn remove_on_error_keeps_no_half_file() {
    let body = bytes(3_000_000);
    let server = Server::start(move |x| {
        x.raw(b"HTTP/1.1 200 OK\r\nETag: \"v\"\r\nContent-Length: 4000000\r\n\r\n")?;
        x.raw(&body)
    });
    let (folder, url) = (Folder::new(), server.url("/a"));
    assert_eq!(folder.run([&url]).code, Some(18));
    assert_eq!(folder.names(), ["a.part", "a.part.meta"]);
    assert_eq!(folder.run(["--remove-on-error", &url]).code, Some(18));
    assert!(folder.names().is_empty(), "{:?}", folder.names());
}

/// Announced or not. Broken by: looking at `Content-Length` only.
#[test]
fn a_file_longer_than_max_filesize_is_given_up() {
    let server = Server::start(|x| match x.path.as_str() {
        "/said" => x.ok(&bytes(2001)),
        "/unsaid" => {
            x.raw(b"HTTP/1.1 200 OK\r\n\r\n")?;
            x.raw(&bytes(2001))
        }
        _ => x.ok(&bytes(2000)),
    });
    let folder = Folder::new();
    for (path, code) in [("/said", 63), ("/unsaid", 63), ("/fits", 0)] {
        let ran = folder.run(["--max-filesize", "2000", &server.url(path)]);
        assert_eq!(ran.code, Some(code), "{ran:#?}");
    }
    assert_eq!(folder.names(), ["fits"]);
}

/// One byte, and then silence: not a second's worth of it is asked for.
#[test]
fn what_is_slower_than_the_speed_limit_is_given_up() {
    let server = Server::start(|x| {
        x.raw(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx")?;
        std::thread::sleep(fetch_support::GUARD);
        Ok(())
    });
    let words = ["-Y", "1K", "-y", "200ms", &server.url("/a")].map(str::to_owned);
    let ran = Folder::new().run(words);
    assert_eq!(ran.code, Some(28), "{ran:#?}");
    assert!(ran.stderr.contains("1024"), "{ran:#?}");
}

#[test]
fn a_resolved_host_is_asked_at_its_address_with_its_own_name() {
    let (folder, server) = (Folder::new(), heads());
    let port = server.address.port();
    let known = format!("far.example:{port}:127.0.0.1");
    let url = format!("http://far.example:{port}/x");
    folder.run(["--resolve", &known, &url]).succeeded();
    let head = String::from_utf8(folder.read("x")).unwrap();
    assert!(
        head.contains(&format!("host: far.example:{port}\r\n")),
        "{head}"
    );
    let ran = folder.run(["--resolve", "nonsense", &url]);
    assert!(ran.stderr.contains("HOST:PORT:ADDRESS"), "{ran:#?}");
}

#[test]
fn only_addresses_of_the_family_are_connected_to() {
    let (folder, server) = (Folder::new(), heads());
    let url = server.url("/x");
    folder.run(["-4", &url]).succeeded();
    let ran = folder.run(["-6", "--force", &url]);
    assert_eq!(ran.code, Some(7), "{ran:#?}");
}

#[test]
fn a_proxy_is_told_who_asks() {
    let (folder, proxy) = (Folder::new(), heads());
    let address = proxy.address.to_string();
    let words = [
        "-x",
        &address,
        "-U",
        "aladdin:open sesame",
        "http://far.example/x",
    ];
    folder.run(words).succeeded();
    let head = String::from_utf8(folder.read("x")).unwrap();
    assert!(head.starts_with("get http://far.example/x "), "{head}");
    let login = "proxy-authorization: basic ywxhzgrpbjpvcgvuihnlc2ftzq==";
    assert!(head.contains(login), "{head}");
}

#[test]
fn proxytunnel_asks_for_a_tunnel() {
    let proxy = Server::start(|x| {
        assert!(x.head.starts_with("CONNECT far.example:80 "), "{}", x.head);
        x.raw(b"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n")
    });
    let url = proxy.url("");
    let ran = Folder::new().run(["-p", "-x", &url, "http://far.example/x"]);
    assert_eq!(ran.code, Some(56), "{ran:#?}");
}

/// Broken by: taking whatever a 206 brings, or all of a file for a piece of it.
#[test]
fn a_range_is_that_piece_of_the_file_or_a_failure() {
    let body: Vec<u8> = (b'a'..=b'z').cycle().take(1000).collect();
    let served = body.clone();
    let server = Server::start(move |x| {
        let asked = x.head.to_lowercase();
        let (first, last) = match &asked {
            head if head.contains("range: bytes=10-19\r\n") => (10, 19),
            head if head.contains("range: bytes=990-\r\n") => (990, 999),
            head if head.contains("range: bytes=-5\r\n") => (995, 999),
            _ => panic!("{asked}"),
        };
        let body = &served[first..=last];
        match x.path.as_str() {
            "/all" => x.ok(&served),
            "/other" => x.raw(b"HTTP/1.1 206 P\r\nContent-Range: bytes 0-9/1000\r\n\r\n0123456789"),
            "/cut" => {
                let head = format!(
                    "HTTP/1.1 206 P\r\nETag: \"v\"\r\nContent-Range: bytes {first}-{last}/1000\r\n\
                     Content-Length: {}\r\n\r\n",
                    body.len()
                );
                x.raw(head.as_bytes())?;
                x.raw(&body[..3])
            }
            _ => {
                let head =
                    format!("HTTP/1.1 206 P\r\nContent-Range: bytes {first}-{last}/1000\r\n\r\n");
                x.raw(head.as_bytes())?;
                x.raw(body)
            }
        }
    });
    let folder = Folder::new();
    for (range, piece) in [("10-19", 10..20), ("990-", 990..1000), ("-5", 995..1000)] {
        folder
            .run(["-r", range, "--force", &server.url("/a")])
            .succeeded();
        assert_eq!(folder.read("a"), body[piece.clone()], "{range}");
        let words = ["-q", "-r", range, "-o", "-", &server.url("/a")];
        assert_eq!(folder.run(words).stdout.as_bytes(), &body[piece], "{range}");
    }
    for (path, code) in [("/all", 33), ("/other", 33), ("/cut", 18)] {
        for name in ["b", "-"] {
            let ran = folder.run(["-r10-19", "-o", name, &server.url(path)]);
            assert_eq!(ran.code, Some(code), "{path}: {ran:#?}");
        }
    }
    assert_eq!(
        folder.names(),
        ["a"],
        "half a piece is nothing to go on with"
    );
    let ran = folder.run(["-r", "0-1,5-6", &server.url("/a")]);
    assert!(ran.stderr.contains("--range: write one range"), "{ran:#?}");
}
