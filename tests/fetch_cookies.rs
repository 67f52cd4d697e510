//! `-b` and `-c`: cookies are brought along, and kept, only for who asks for it.
#![cfg(all(feature = "cookies", not(windows)))]

mod fetch_support;

use std::fs;

use fetch_support::{Folder, Server};

/// `/login` sets two cookies and leads to `/in`, which answers with what was brought.
fn server() -> Server {
    Server::start(|x| {
        if x.path == "/login" {
            let set = "Set-Cookie: id=7; Max-Age=1000\r\nSet-Cookie: session=8; HttpOnly\r\n";
            let head = format!("HTTP/1.1 302 There\r\nLocation: /in\r\n{set}");
            return x.raw(format!("{head}Content-Length: 0\r\n\r\n").as_bytes());
        }
        let cookies = x
            .head
            .lines()
            .filter_map(|line| line.strip_prefix("cookie: "));
        let cookies = cookies.collect::<Vec<_>>().join(" | ");
        x.ok(cookies.as_bytes())
    })
}

/// What the server saw of a run with these flags.
fn brought(folder: &Folder, server: &Server, flags: &[&str], path: &str) -> String {
    let url = server.url(path);
    let words = flags.iter().copied().chain(["--force", "-o", "saw", &url]);
    folder.run(words).succeeded();
    String::from_utf8(folder.read("saw")).unwrap()
}

/// Broken by: a jar that nobody asked for, or values of `-b` that replace each other.
#[test]
fn cookies_on_the_command_line_are_a_header_and_turn_nothing_on() {
    let (folder, server) = (Folder::new(), server());
    let flags = ["-b", "a=1; b=2", "--cookie", "c=3"];
    assert_eq!(brought(&folder, &server, &flags, "/login"), "a=1; b=2; c=3");
    assert_eq!(brought(&folder, &server, &[], "/login"), "");
    assert_eq!(folder.names(), ["saw"]);
}

/// Broken by: `keep` before the downloads, or a file that is not read.
#[test]
fn a_jar_is_written_at_the_end_and_read_by_the_next_run() {
    let (folder, server) = (Folder::new(), server());
    let both = ["-b", "jar", "-c", "jar"];
    assert_eq!(
        brought(&folder, &server, &both, "/login"),
        "id=7; session=8"
    );
    assert_eq!(
        brought(&folder, &server, &["-b", "jar"], "/in"),
        "id=7; session=8"
    );
    let junk = ["-b", "jar", "--junk-session-cookies", "-b", "x=y"];
    assert_eq!(brought(&folder, &server, &junk, "/in"), "x=y; id=7");
    let jar = String::from_utf8(folder.read("jar")).unwrap();
    assert!(jar.starts_with("# Netscape HTTP Cookie File\n"), "{jar}");
    assert!(
        jar.contains("\n#HttpOnly_127.0.0.1\tFALSE\t/\tFALSE\t0\tsession\t8\n"),
        "{jar}"
    );
}

#[test]
fn an_empty_name_turns_cookies_on_and_a_dash_prints_them() {
    let (folder, server) = (Folder::new(), server());
    assert_eq!(
        brought(&folder, &server, &["-b", ""], "/login"),
        "id=7; session=8"
    );
    let ran = folder.run(["-q", "-c", "-", "-o", "x", &server.url("/login")]);
    ran.succeeded();
    assert!(ran.stdout.contains("\tid\t7\n"), "{ran:?}");
}

/// Broken by: a word of the file in the error.
#[test]
fn what_is_no_cookie_file_stops_the_run_and_one_that_is_missing_does_not() {
    let (folder, server) = (Folder::new(), server());
    fs::write(folder.join("page"), "<html>secret</html>").unwrap();
    let ran = folder.run(["-b", "page", &server.url("/in")]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.stderr.contains("page: cookies, line 1: "), "{ran:?}");
    assert!(!ran.stderr.contains("secret"), "{ran:?}");
    assert!(server.seen().is_empty());

    let ran = folder.run(["-b", "none", &server.url("/in")]);
    assert_eq!(ran.code, Some(0));
    assert!(ran.stderr.contains("there is no file none"), "{ran:?}");
}

/// Broken by: a cookie that `-v`, an event or a HAR shows.
#[test]
fn no_cookie_is_shown_or_written_but_into_the_jar() {
    let (folder, server) = (Folder::new(), server());
    let words = ["-v", "-b", "own=hidden", "-b", "", "--data", "pin=hidden"];
    let logs = ["--events", "events", "--summary", "summary", "--har", "har"];
    let url = server.url("/login");
    let words = words.iter().chain(&logs).copied();
    let ran = folder.run(words.chain(["-o", "page", &url]));
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let [events, summary, har] = ["events", "summary", "har"].map(|name| {
        let text = String::from_utf8(folder.read(name)).unwrap();
        assert!(text.contains("/login"), "{name}: {text}");
        text
    });
    for shown in [&ran.stdout, &ran.stderr, &events, &summary, &har] {
        let lower = shown.to_ascii_lowercase();
        assert!(
            !lower.contains("hidden") && !lower.contains("id=7"),
            "{shown}"
        );
    }
    assert!(
        String::from_utf8(folder.read("page"))
            .unwrap()
            .contains("id=7")
    );
}
