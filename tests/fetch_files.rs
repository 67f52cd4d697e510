//! Which URL `fetch` saves as which file, and which files it leaves alone.

#![cfg(all(feature = "http", not(windows)))]

mod fetch_support;

use std::fs;
use std::io::Write;
use std::process::Stdio;
use std::sync::{Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use fetch_support::{Folder, GUARD, Server, bytes, echo, finish};

#[test]
fn each_output_name_is_for_the_url_in_its_place() {
    let (folder, server) = (Folder::new(), echo());
    let (a, b, c) = (server.url("/a"), server.url("/b?x"), server.url("/dir/"));
    folder
        .run(["-o", "one", &a, &b, &c, "-o", "two", "-d", "deep/out"])
        .succeeded();
    assert_eq!(folder.names(), ["deep/"]);
    assert_eq!(folder.read("deep/out/one"), b"/a");
    assert_eq!(folder.read("deep/out/two"), b"/b?x");
    assert_eq!(folder.read("deep/out/index.html"), b"/dir/");
}

#[test]
fn urls_come_from_lists_and_from_standard_input() {
    let (folder, server) = (Folder::new(), echo());
    let list = format!("# mine\n\n{}  \r\n{}\n", server.url("/a"), server.url("/b"));
    fs::write(folder.join("list"), list).unwrap();
    let first = server.url("/first");
    let mut run = folder.fetch(["-i", "list", "--input-file=-", &first, "-d", "out"]);
    let mut child = run.stdin(Stdio::piped()).spawn().unwrap();
    writeln!(child.stdin.take().unwrap(), "{}", server.url("/c")).unwrap();
    finish(child).succeeded();
    assert_eq!(
        fetch_support::names_in(&folder.join("out")),
        ["a", "b", "c", "first"]
    );
}

/// Broken by: splitting with `lines`, which keeps a bare CR.
#[test]
fn every_kind_of_line_end_ends_a_url() {
    let (folder, server) = (Folder::new(), echo());
    let urls = ["/a", "/b", "/c"].map(|path| server.url(path));
    fs::write(folder.join("list"), urls.join("\r")).unwrap();
    folder.run(["-i", "list", "-d", "out"]).succeeded();
    assert_eq!(server.seen(), ["/a", "/b", "/c"]);
    let ran = folder.run([server.url("/a\nb")]);
    assert_eq!((ran.code, server.seen().len()), (Some(2), 3), "{ran:#?}");
}

#[test]
fn a_name_from_a_url_stays_in_the_folder_and_says_nothing_to_the_terminal() {
    let (folder, server) = (Folder::new(), echo());
    let climbing = server.url("/x/..%2f..%2f..%2fetc%2fpasswd");
    let painting = server.url("/%1b%5b2J%07evil%e2%80%aetxt.exe");
    let ran = folder.run(["-d", "out", &climbing, &painting]);
    ran.succeeded();
    let names = fetch_support::names_in(&folder.join("out"));
    assert_eq!(names, [".._.._.._etc_passwd", "[2Jeviltxt.exe"]);
    assert_eq!(folder.names(), ["out/"]);
    assert!(
        !ran.stdout.contains(['\u{1b}', '\u{7}', '\u{202e}']),
        "{:?}",
        ran.stdout
    );
}

/// The second run of a command fetches what the first one did not: what is there is no failure.
#[test]
fn an_existing_file_is_left_alone_and_the_server_is_not_even_asked() {
    let (folder, server) = (Folder::new(), echo());
    fs::write(folder.join("a"), "mine").unwrap();
    let ran = folder.run(["a", "c"].map(|name| server.url(&format!("/{name}"))));
    ran.succeeded();
    let told = ran
        .stdout
        .contains("there a  4 B, already; not fetched (--force would)");
    assert!(
        told && ran.stdout.contains("1 file, 2 B; 1 more there already"),
        "{ran:#?}"
    );
    assert_eq!(server.seen(), ["/c"]);
    assert_eq!(folder.names(), ["a", "c"]);
    assert_eq!(folder.read("a"), b"mine");
}

/// Broken by: taking any file of that name for a half file of ours.
#[test]
fn a_large_file_under_a_half_files_name_is_left_alone() {
    let (folder, server) = (Folder::new(), echo());
    fs::write(folder.join("b.part"), bytes(2_000_000)).unwrap();
    let ran = folder.run(["b", "c"].map(|name| server.url(&format!("/{name}"))));
    assert_eq!((ran.code, ran.failures().len()), (Some(23), 1), "{ran:#?}");
    assert!(
        ran.stderr.contains("fetch did not leave it there"),
        "{ran:#?}"
    );
    assert_eq!(server.seen(), ["/c"]);
    assert_eq!(folder.names(), ["b.part", "c"]);
    assert!(folder.read("b.part") == bytes(2_000_000));
}

#[test]
fn force_replaces_files_but_only_by_whole_ones() {
    let folder = Folder::new();
    let server = Server::start(|exchange| match exchange.path.as_str() {
        "/a" => exchange.ok(b"new"),
        _ => exchange.raw(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"),
    });
    fs::write(folder.join("a"), "old, and longer").unwrap();
    fs::write(folder.join("a.part"), "left over").unwrap();
    fs::write(folder.join("b"), "old").unwrap();
    let ran = folder.run(["--force", &server.url("/a"), &server.url("/b")]);
    assert_eq!((ran.code, ran.failures().len()), (Some(18), 1), "{ran:#?}");
    assert_eq!(folder.names(), ["a", "b"]);
    assert_eq!(folder.read("a"), b"new");
    assert_eq!(folder.read("b"), b"old");
}

/// Broken by: looking only whether the name is taken, or not at all with `--force`.
#[cfg(unix)]
#[test]
fn force_replaces_neither_folders_nor_sockets() {
    let (folder, server) = (Folder::new(), echo());
    fs::create_dir(folder.join("a")).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(folder.join("b")).unwrap();
    fs::create_dir(folder.join("c.part")).unwrap();
    let mut words = vec!["--force".to_owned()];
    words.extend(["/a", "/b", "/c"].map(|path| server.url(path)));
    let ran = folder.run(words);
    assert_eq!((ran.code, ran.failures().len()), (Some(23), 3), "{ran:#?}");
    let told = |line: &&str| line.ends_with("exists, and is no file");
    assert!(ran.failures().iter().all(told), "{ran:#?}");
    assert_eq!(folder.names(), ["a/", "b", "c.part/"]);
    assert!(server.seen().is_empty(), "nothing was asked for");
    for name in ["..", ".", "a/"] {
        let ran = folder.run(["-o", name, &server.url("/a")]);
        assert_eq!(ran.code, Some(2), "{ran:#?}");
    }
}

/// As `/dev/stdout` is one, which would be a plain file from then on. Broken by: looking at the
/// link only, and not at where it leads.
#[cfg(unix)]
#[test]
fn force_does_not_replace_a_link_to_a_folder_or_a_device() {
    let (folder, server) = (Folder::new(), echo());
    fs::create_dir(folder.join("folder")).unwrap();
    std::os::unix::fs::symlink("folder", folder.join("a")).unwrap();
    std::os::unix::fs::symlink("/dev/null", folder.join("b")).unwrap();
    for flags in [vec![], vec!["--force".to_owned()]] {
        let mut words = flags;
        words.extend(["/a", "/b"].map(|path| server.url(path)));
        let ran = folder.run(words);
        assert_eq!((ran.code, ran.failures().len()), (Some(23), 2), "{ran:#?}");
        assert!(ran.stderr.contains("leads to no file"), "{ran:#?}");
    }
    assert!(folder.join("a").is_symlink() && folder.join("b").is_symlink());
    assert!(server.seen().is_empty(), "nothing was asked for");
}

/// Broken by: opening the half file with `create` instead of `create_new`.
#[cfg(unix)]
#[test]
fn a_planted_link_is_not_followed() {
    let (folder, server) = (Folder::new(), echo());
    fs::write(folder.join("precious"), "mine").unwrap();
    std::os::unix::fs::symlink("precious", folder.join("a.part")).unwrap();
    std::os::unix::fs::symlink("precious", folder.join("b")).unwrap();
    let ran = folder.run([server.url("/a"), server.url("/b")]);
    assert_eq!(ran.failures().len(), 1, "{ran:#?}");
    assert!(ran.stderr.contains("a.part is a link"), "{ran:#?}");
    assert_eq!(folder.read("precious"), b"mine");
    // Replacing a link replaces the link, not what it points to.
    folder.run(["--force", &server.url("/b")]).succeeded();
    assert_eq!(folder.read("precious"), b"mine");
    assert_eq!(folder.read("b"), b"/b");
}

/// Broken by: leaving the lock out of `own`.
#[cfg(unix)]
#[test]
fn two_runs_cannot_write_one_half_file_not_even_by_force() {
    let folder = Folder::new();
    let (free, gate) = mpsc::channel();
    let gate = Mutex::new(gate);
    let server = Server::start(move |exchange| {
        exchange.raw(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf ")?;
        gate.lock().unwrap().recv().unwrap();
        exchange.raw(b"whole")
    });
    let words = ["-o", "x", &server.url("/a")];
    let first = folder.fetch(words).spawn().unwrap();
    let begun = Instant::now();
    // Whoever asks the server has its x.part by then.
    while server.seen().is_empty() {
        assert!(begun.elapsed() < GUARD);
        thread::sleep(Duration::from_millis(1));
    }
    for force in [&[][..], &["--force"]] {
        let ran = folder.run(words.iter().chain(force));
        assert_eq!(ran.code, Some(23), "{ran:#?}");
        assert!(
            ran.stderr
                .contains("x.part is being written by another fetch"),
            "{ran:#?}"
        );
    }
    free.send(()).unwrap();
    finish(first).succeeded();
    assert_eq!(folder.names(), ["x"]);
    assert_eq!(folder.read("x"), b"half whole");
    assert_eq!(server.seen().len(), 1);
}

#[test]
fn two_urls_for_one_file_are_refused_before_anything_is_fetched() {
    let (folder, server) = (Folder::new(), echo());
    let ran = folder.run(["/1/a", "/2/a", "/b"].map(|path| server.url(path)));
    assert_eq!(ran.code, Some(2));
    assert!(
        ran.stderr.contains("would both be saved as a "),
        "{}",
        ran.stderr
    );
    assert!(server.seen().is_empty() && folder.names().is_empty());
}

#[test]
fn a_large_body_arrives_byte_for_byte() {
    let folder = Folder::new();
    let body = bytes(3_000_000);
    let served = body.clone();
    let server = Server::start(move |exchange| match exchange.path.as_str() {
        "/length" => exchange.ok(&served),
        "/chunked" => {
            exchange.raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")?;
            for chunk in served.chunks(70_001) {
                exchange.raw(format!("{:x}\r\n", chunk.len()).as_bytes())?;
                exchange.raw(chunk)?;
                exchange.raw(b"\r\n")?;
            }
            exchange.raw(b"0\r\n\r\n")
        }
        _ => {
            exchange.raw(b"HTTP/1.1 200 OK\r\n\r\n")?;
            exchange.raw(&served)
        }
    });
    let names = ["length", "chunked", "until-close"];
    let ran = folder.run(names.map(|name| server.url(&format!("/{name}"))));
    ran.succeeded();
    for name in names {
        assert!(folder.read(name) == body, "{name}");
    }
    assert!(ran.stdout.contains("3 files, 8.6 MiB"), "{}", ran.stdout);
}

#[test]
fn a_redirect_is_followed_and_the_name_is_still_the_users() {
    let folder = Folder::new();
    let server = Server::start(|exchange| match exchange.path.as_str() {
        "/evil.sh" => exchange.ok(b"moved here"),
        _ => exchange.raw(b"HTTP/1.1 302 Found\r\nLocation: /evil.sh\r\nContent-Length: 0\r\n\r\n"),
    });
    folder.run([server.url("/good.txt")]).succeeded();
    assert_eq!(folder.names(), ["good.txt"]);
    assert_eq!(folder.read("good.txt"), b"moved here");
}

#[test]
fn compare_fetches_everything_twice() {
    let (folder, server) = (Folder::new(), echo());
    let ran = folder.run(["--compare", &server.url("/a"), &server.url("/b")]);
    ran.succeeded();
    assert_eq!(server.seen(), ["/a", "/a", "/b", "/b"]);
    assert_eq!(folder.read("one-after-another/b"), b"/b");
    for row in ["added up", "one after another, measured", "together"] {
        assert!(ran.stdout.contains(row), "{}", ran.stdout);
    }
}

#[test]
fn what_one_can_ask_for_is_told_and_what_not_is_refused() {
    let folder = Folder::new();
    let help = folder.run(["--help"]);
    assert!(help.succeeded().stdout.contains("--per-host N"));
    assert!(
        folder
            .run(["-V"])
            .succeeded()
            .stdout
            .starts_with("fetch (hob) ")
    );
    for bad in [
        &["--nonsense"][..],
        &["-j0", "http://h/"],
        &["-i", "no-such-list"],
        &["http://["],
    ] {
        let ran = folder.run(bad);
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""), "{bad:?}");
        assert!(ran.stderr.starts_with("fetch: "), "{ran:#?}");
    }
    assert!(folder.names().is_empty());
}

/// Whatever its fields say. Broken by: believing the Content-Length of a 204.
#[test]
fn a_success_without_content_is_an_empty_file() {
    for fields in ["", "Content-Length: 7\r\n"] {
        let head = format!("HTTP/1.1 204 No Content\r\n{fields}\r\n");
        let server = Server::start(move |x| x.raw(head.as_bytes()));
        let folder = Folder::new();
        folder.run([server.url("/a")]).succeeded();
        assert_eq!(folder.names(), ["a"]);
        assert_eq!(folder.read("a"), b"");
    }
}

/// Broken by: taking the settling of a half file that was found out of `Part::cut`, to `claim`.
#[test]
fn what_is_not_modified_is_no_failure_and_touches_nothing() {
    let server = Server::start(|x| {
        let head = x.head.to_ascii_lowercase();
        assert!(head.contains("if-none-match: \"v1\""));
        x.raw(b"HTTP/1.1 304 Not Modified\r\nETag: \"v1\"\r\nContent-Length: 5\r\n\r\n")
    });
    let folder = Folder::new();
    let words = [
        "-H",
        "If-None-Match: \"v1\"",
        "--force",
        &server.url("/a"),
        &server.url("/new"),
    ];
    fs::write(folder.join("a"), "here").unwrap();
    fs::write(folder.join("a.part"), "somebody's").unwrap();
    let ran = folder.run(words);
    ran.succeeded();
    assert_eq!(ran.stdout.matches("not modified").count(), 2, "{ran:#?}");
    assert_eq!(folder.names(), ["a", "a.part"]);
    assert_eq!(folder.read("a"), b"here");
    assert_eq!(folder.read("a.part"), b"somebody's");
}
