//! `-w`: a line of facts for each file, also for one that failed.

#![cfg(all(feature = "http", not(windows)))]

mod fetch_support;

use std::fs;

use fetch_support::{Folder, Server};

fn server() -> Server {
    Server::start(|x| match x.path.as_str() {
        "/from" => x.raw(b"HTTP/1.1 302 F\r\nLocation: /to\r\nContent-Length: 0\r\n\r\n"),
        "/none" => x.raw(b"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n"),
        _ => x.raw(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/x\r\nX-Evil: \x9b2J\r\nSet-Cookie: hidden\r\n\
              Content-Length: 5\r\n\r\nhello",
        ),
    })
}

/// What `-w format` prints for `path`.
fn written(format: &str, path: &str) -> String {
    let server = server();
    let ran = Folder::new().run(["-s", "-w", format, &server.url(path)]);
    assert_eq!(ran.stderr, "", "{ran:#?}");
    ran.stdout.replace(&server.address.to_string(), "SERVER")
}

#[test]
fn facts_take_the_places_of_their_names() {
    let format = "%{http_code} %{size_download} %{content_type} %{num_redirects} %{url} \
                  %{url_effective} %{filename_effective} %{remote_ip} %{exitcode}\\n";
    let expected = "200 5 text/x 1 http://SERVER/from http://SERVER/to from 127.0.0.1 0\n";
    assert_eq!(written(format, "/from"), expected);
    let times = written("%{time_connect} %{time_starttransfer} %{time_total}", "/to");
    let times: Vec<f64> = times.split(' ').map(|time| time.parse().unwrap()).collect();
    assert!(times.is_sorted() && times[0] > 0.0, "{times:?}");
}

#[test]
fn a_failure_has_facts_too() {
    let format = "%{http_code} %{exitcode} %{outcome}%{onerror}: %{errormsg}";
    let text = written(format, "/none");
    assert!(
        text.starts_with("404 22 failed: http://SERVER/none"),
        "{text}"
    );
    assert_eq!(written(format, "/to"), "200 0 arrived");
}

/// Broken by: taking the fields from the response instead of from the event.
#[test]
fn fields_are_printed_without_secrets_and_steer_no_terminal() {
    let text = written(
        "%header{x-evil} %header{set-cookie} %{header_json} %{json}",
        "/to",
    );
    assert!(
        !text.contains("hidden") && !text.contains('\u{9b}'),
        "{text}"
    );
    assert!(text.contains("\"content-type\":[\"text/x\"]"), "{text}");
}

#[test]
fn the_format_may_be_in_a_file_and_the_text_go_to_standard_error() {
    let (folder, server) = (Folder::new(), server());
    fs::write(
        folder.join("format"),
        "%{http_code}\\n%{stderr}%{met\nhod}%{stdout}.\n",
    )
    .unwrap();
    let ran = folder.run(["-s", "-w", "@format", &server.url("/to")]);
    assert_eq!(
        (ran.stdout.as_str(), ran.stderr.as_str()),
        ("200\n.", "GET")
    );
    let ran = folder.run(["-w", "%{no_such}", &server.url("/to")]);
    assert_eq!(ran.code, Some(2));
    assert!(
        ran.stderr
            .contains("--write-out: %{no_such} is not known here"),
        "{ran:#?}"
    );
}

/// Behind each file's own bytes. Broken by: letting go of standard output before the end is told.
#[test]
fn what_is_printed_is_followed_by_its_facts() {
    let (folder, server) = (Folder::new(), server());
    let mut words = ["-s", "-w", "|%{urlnum}|"].map(str::to_owned).to_vec();
    for _ in 0..3 {
        words.extend(["-o".to_owned(), "-".to_owned(), server.url("/to")]);
    }
    let ran = folder.run(words);
    assert_eq!(ran.stdout, "hello|0|hello|1|hello|2|", "{ran:#?}");
}
