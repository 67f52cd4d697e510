//! What fetch sends: `-T`, `--data` and its siblings, `-F`, `-X`, `-G` and `-I` say the same on
//! the wire as with curl, and the answer is printed.
#![cfg(all(feature = "http", not(windows)))]

mod fetch_support;

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::Stdio;
use std::sync::Mutex;

use fetch_support::{Exchange, Folder, Ran, Server, bytes, finish};

/// Reads the body of a request.
fn body(x: &mut Exchange) -> Vec<u8> {
    if x.head.contains("expect: 100-continue") {
        x.raw(b"HTTP/1.1 100 Continue\r\n\r\n").unwrap();
    }
    let length = x.field("content-length").map(str::to_owned);
    let ahead = std::mem::take(&mut x.ahead);
    let mut reader =
        BufReader::new(std::io::Cursor::new(ahead).chain(x.stream.try_clone().unwrap()));
    let mut body = Vec::new();
    if let Some(length) = length {
        let length = length.parse().unwrap();
        reader.take(length).read_to_end(&mut body).unwrap();
    } else if x.head.contains("\r\ntransfer-encoding: chunked\r\n") {
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).unwrap();
            let size = u64::from_str_radix(line.trim(), 16).unwrap();
            let mut chunk = Vec::new();
            (&mut reader)
                .take(size + 2)
                .read_to_end(&mut chunk)
                .unwrap();
            body.extend_from_slice(&chunk[..chunk.len() - 2]);
            if size == 0 {
                break;
            }
        }
    }
    body
}

/// Answers with the request line, a few of its fields, and its body.
fn mirror() -> Server {
    Server::start(|x| {
        let body = body(x);
        let mut answer = x
            .head
            .lines()
            .next()
            .unwrap()
            .replace(" HTTP/1.1", "\n")
            .into_bytes();
        for name in [
            "content-type: ",
            "content-length: ",
            "transfer-encoding: ",
            "accept: ",
        ] {
            let line = x.head.lines().find(|line| line.starts_with(name));
            answer.extend(
                line.into_iter()
                    .flat_map(|line| [line, "\n"])
                    .flat_map(str::bytes),
            );
        }
        answer.extend_from_slice(&body);
        x.ok(&answer)
    })
}

/// What was told of it went to standard error.
#[track_caller]
fn well(ran: &Ran) -> &Ran {
    assert_eq!((ran.code, ran.failures().len()), (Some(0), 0), "{ran:?}");
    ran
}

/// What the server saw of a run with these flags, as the run printed it.
fn seen(folder: &Folder, words: &[&str]) -> String {
    let server = mirror();
    let url = server.url("/up?a=b");
    let ran = folder.run(words.iter().copied().chain([url.as_str()]));
    well(&ran).stdout.clone()
}

const FORM: &str = "content-type: application/x-www-form-urlencoded\n";

/// Broken by: `add` without the `&`, or `retain` in `data` and none.
#[test]
fn data_are_sent_as_a_form_and_joined() {
    let folder = Folder::new();
    fs::write(folder.join("f"), "l 1\r\nl&2\n").unwrap();
    let saw = seen(
        &folder,
        &["--data", "x=1", "--data", "@f", "--data-raw", "@f"],
    );
    assert_eq!(
        saw,
        format!("POST /up?a=b\n{FORM}content-length: 13\naccept: */*\nx=1&l 1l&2&@f")
    );
    let saw = seen(&folder, &["--data-binary", "@f", "-H", "Content-Type: a/b"]);
    let wanted = "POST /up?a=b\ncontent-type: a/b\ncontent-length: 9\naccept: */*\nl 1\r\nl&2\n";
    assert_eq!(saw, wanted);
    let saw = seen(
        &folder,
        &["--data-urlencode", "n=a b", "--data-urlencode", "n@f"],
    );
    assert!(saw.ends_with("\nn=a+b&n=l+1%0D%0Al%262%0A"), "{saw}");
    let saw = seen(&folder, &["--json", "{\"a\":", "--json", "1}"]);
    let json = "application/json\n";
    let wanted =
        format!("POST /up?a=b\ncontent-type: {json}content-length: 7\naccept: {json}{{\"a\":1}}");
    assert_eq!(saw, wanted);
    assert_eq!(folder.names(), ["f"], "no answer became a file");
}

#[test]
fn data_may_come_from_standard_input() {
    let (folder, server) = (Folder::new(), mirror());
    let mut command = folder.fetch(["--data", "@-", &server.url("/")]);
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"a=b\n").unwrap();
    let ran = finish(child);
    assert!(well(&ran).stdout.ends_with("\na=b"), "{ran:?}");
}

#[test]
fn get_puts_the_data_into_the_url_and_fetches_a_file() {
    let (folder, server) = (Folder::new(), mirror());
    let words = ["-G", "--data", "x=1", "--data-urlencode", "y=a b"];
    let url = server.url("/up?a=b");
    folder
        .run(words.iter().copied().chain([url.as_str()]))
        .succeeded();
    assert_eq!(folder.read("up"), b"GET /up?a=b&x=1&y=a+b\naccept: */*\n");
}

/// Broken by: a name that is not put behind the slash.
#[test]
fn a_file_is_put_under_its_name_or_that_of_the_url() {
    let (folder, server) = (Folder::new(), mirror());
    fs::write(folder.join("a #1.txt"), "content").unwrap();
    fs::write(folder.join("b"), "").unwrap();
    let ran = folder.run([
        "-T",
        "a #1.txt",
        "-T",
        "b",
        &server.url("/d/"),
        &server.url("/c"),
    ]);
    let (one, two) = (
        "PUT /d/a%20%231.txt\ncontent-length: 7\naccept: */*\ncontent",
        "PUT /c\ncontent-length: 0\naccept: */*\n",
    );
    let both = [format!("{one}{two}"), format!("{two}{one}")];
    assert!(both.contains(&well(&ran).stdout), "{ran:?}");
}

/// Broken by: `-T` that counts for URLs behind its own.
#[test]
fn a_url_without_a_file_of_its_own_is_fetched() {
    let (folder, server) = (Folder::new(), mirror());
    fs::write(folder.join("a"), "content").unwrap();
    let ran = folder.run(["-T", "a", &server.url("/a"), &server.url("/got")]);
    assert!(well(&ran).stdout.starts_with("PUT /a\n"), "{ran:?}");
    assert_eq!(folder.read("got"), b"GET /got\naccept: */*\n");
    assert_eq!(folder.read("a"), b"content");
}

#[test]
fn a_large_file_and_standard_input_are_streamed() {
    let (folder, server) = (Folder::new(), mirror());
    let content: Vec<u8> = bytes(3_000_000)
        .iter()
        .map(|byte| b'a' + byte % 26)
        .collect();
    fs::write(folder.join("big"), &content).unwrap();
    let ran = folder.run(["-T", "big", &server.url("/b")]);
    assert!(well(&ran).stdout.as_bytes().ends_with(&content));
    assert!(ran.stdout.starts_with("PUT /b\ncontent-length: 3000000\n"));
    assert!(
        ran.stderr
            .starts_with("ok big  2.9 MiB sent, 2.9 MiB came back, "),
        "{ran:?}"
    );

    let mut child = folder.fetch(["-T", "-", &server.url("/b")]);
    let mut child = child.stdin(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let all = content.clone();
    let writer = std::thread::spawn(move || stdin.write_all(&all));
    let ran = finish(child);
    writer.join().unwrap().unwrap();
    assert!(
        well(&ran)
            .stdout
            .starts_with("PUT /b\ntransfer-encoding: chunked\n")
    );
    assert!(ran.stdout.as_bytes().ends_with(&content));
}

#[test]
fn a_form_has_fields_and_files() {
    let folder = Folder::new();
    fs::write(folder.join("pic.png"), "image").unwrap();
    let flags = [
        "-F",
        "a=b;type=text/x",
        "-F",
        "f=@pic.png",
        "-F",
        "g=<pic.png",
        "--form-string",
        "s=@x",
    ];
    let saw = seen(&folder, &flags);
    let boundary = saw
        .split("boundary=")
        .nth(1)
        .unwrap()
        .lines()
        .next()
        .unwrap();
    let parts: Vec<&str> = saw
        .split(boundary)
        .skip(2)
        .map(|part| part.trim_matches(['\r', '\n', '-']))
        .collect();
    let wanted = [
        "Content-Disposition: form-data; name=\"a\"\r\nContent-Type: text/x\r\n\r\nb",
        "Content-Disposition: form-data; name=\"f\"; filename=\"pic.png\"\r\nContent-Type: image/png\r\n\r\nimage",
        "Content-Disposition: form-data; name=\"g\"\r\n\r\nimage",
        "Content-Disposition: form-data; name=\"s\"\r\n\r\n@x",
        "",
    ];
    assert_eq!(parts, wanted);
}

#[test]
fn a_method_may_be_chosen_and_a_head_is_printed() {
    let folder = Folder::new();
    assert!(seen(&folder, &["-X", "DELETE"]).starts_with("DELETE /up?a=b\n"));
    assert!(seen(&folder, &["-X", "PATCH", "--data", "x"]).starts_with("PATCH /up?a=b\n"));
    let server = Server::start(|x| {
        assert!(x.head.starts_with("HEAD "), "{}", x.head);
        x.raw(b"HTTP/1.1 200 OK\r\nX-Evil: a\x9bb\r\nContent-Length: 7\r\n\r\n")
    });
    let ran = folder.run(["-I", &server.url("/x")]);
    let printed = &well(&ran).stdout;
    assert!(printed.starts_with("HTTP/1.1 200 OK\n"), "{printed}");
    assert!(
        printed.contains("\ncontent-length: 7\n") && !printed.contains('\u{9b}'),
        "{printed}"
    );
    assert_eq!(folder.names(), [""; 0]);
}

/// Broken by: `is_answer` that says no.
#[test]
fn an_answer_goes_into_a_file_that_is_named() {
    let (folder, server) = (
        Folder::new(),
        Server::start(|x| {
            body(x);
            x.raw(b"HTTP/1.1 201 Created\r\nETag: \"v\"\r\nContent-Length: 4\r\n\r\ndone")
        }),
    );
    let url = server.url("/name");
    let ran = folder.run(["--data", "x", "-o", "answer", &url]);
    assert!(ran.succeeded().stdout.contains("ok"), "{ran:?}");
    folder.run(["--data", "x", "-O", &url]).succeeded();
    assert_eq!(folder.names(), ["answer", "name"]);
    assert_eq!(folder.read("answer"), b"done");
}

/// A server that answers busy, and then well; the requests that it heard.
fn busy(folder: &Folder, words: &[&str]) -> (Ran, usize) {
    let heard = Mutex::new(0);
    let server = Server::start(move |x| {
        body(x);
        let mut heard = heard.lock().unwrap();
        *heard += 1;
        match *heard {
            1 => x.raw(b"HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy"),
            _ => x.ok(b"fine"),
        }
    });
    let url = server.url("/x");
    let ran = folder.run(
        ["--retry", "3", "--retry-delay", "10ms"]
            .iter()
            .chain(words)
            .copied()
            .chain([url.as_str()]),
    );
    (ran, server.seen().len())
}

/// Broken by: `may_repeat` that says yes, or a refusal that is printed before the last try.
#[test]
fn what_may_not_be_sent_twice_is_not_and_its_refusal_is_printed() {
    let folder = Folder::new();
    fs::write(folder.join("f"), "x").unwrap();
    let (ran, heard) = busy(&folder, &["--data", "x"]);
    assert_eq!(
        (ran.code, heard, ran.stdout.as_str()),
        (Some(22), 1, "busy"),
        "{ran:?}"
    );
    assert!(ran.failures()[0].contains("503"), "{ran:?}");
    for again in [&["-T", "f"][..], &["--data", "x", "--retry-all-errors"]] {
        let (ran, heard) = busy(&folder, again);
        assert_eq!(
            (ran.code, heard, ran.stdout.as_str()),
            (Some(0), 2, "fine"),
            "{ran:?}"
        );
    }
}

/// Broken by: any condition less in `settle` or `destination`.
#[test]
fn what_cannot_be_meant_is_refused_and_no_value_is_repeated() {
    let (folder, server) = (Folder::new(), mirror());
    let url = server.url("/x");
    for words in [
        &["--data", "secret", "-F", "a=secret"][..],
        &["--data", "secret", "-T", "f"],
        &["-I", "--data", "secret"],
        &["-I", "-o", "x"],
        &["-F", "secret"],
        &["-X", "a secret"],
        &["-T", "a", "-T", "b"],
        &["--data", "@missing"],
    ] {
        let ran = folder.run(words.iter().copied().chain([url.as_str()]));
        assert_eq!(ran.code, Some(2), "{words:?}: {ran:?}");
        assert!(!ran.stderr.contains("secret"), "{ran:?}");
    }
    let ran = folder.run(["-T", "missing", &url]);
    assert_eq!(ran.code, Some(26), "{ran:?}");
    assert!(ran.failures()[0].contains("missing"), "{ran:?}");
    assert!(server.seen().is_empty());
}
