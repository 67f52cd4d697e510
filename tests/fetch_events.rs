//! `--events` tells a program what happens while it happens, and `--summary` at the end what
//! became of each URL, however the run ends.
//!
//! That each line has the form that `docs/events.schema.json` says is checked by an independent
//! validator, in `tests/peers`. Here is what the lines say.

#![cfg(all(feature = "http", feature = "signal", not(windows)))]

mod fetch_support;

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use fetch_support::{Exchange, Folder, GUARD, Ran, Server, finish, send_signal};
use serde_json::Value;

/// SHA-256 of `good`.
const GOOD: &str = "770e607624d689265ca6c44884d0807d9b054d23c473c106c72be9de08b7376c";

fn lines(text: &str) -> Vec<Value> {
    let read = |line: &str| serde_json::from_str(line).unwrap_or_else(|e| panic!("{line}: {e}"));
    text.lines().map(read).collect()
}

/// A run with `--events` and `--summary`: how it ended, and what they say.
fn told(folder: &Folder, words: &[&str]) -> (Ran, Vec<Value>, Value) {
    let out = ["--events", "events", "--summary", "summary"];
    let ran = folder.run(out.iter().chain(words));
    let text = |name| String::from_utf8(folder.read(name)).unwrap();
    let summary = serde_json::from_str(&text("summary")).unwrap();
    (ran, lines(&text("events")), summary)
}

/// The names of the events of one file, in order.
fn of_file(events: &[Value], file: u64) -> Vec<&str> {
    let own = events.iter().filter(|event| event["file"] == file);
    own.map(|event| event["event"].as_str().unwrap()).collect()
}

fn the<'a>(events: &'a [Value], name: &str) -> Vec<&'a Value> {
    events
        .iter()
        .filter(|event| event["event"] == name)
        .collect()
}

/// Each answer closes its connection, and says so: what follows needs another one.
fn closing(x: &mut Exchange, status: &str, body: &str) -> io::Result<()> {
    let length = body.len();
    let head =
        format!("HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n");
    x.raw((head + body).as_bytes())
}

/// Broken by: leaving any one of them out.
#[test]
fn a_file_is_told_from_the_queue_over_redirect_and_retry_to_its_end() {
    let asked = AtomicUsize::new(0);
    let server = Server::start(move |x| match x.path.as_str() {
        "/a" => closing(x, "302 Found\r\nLocation: /b", ""),
        _ if asked.fetch_add(1, Ordering::SeqCst) == 0 => {
            closing(x, "503 Busy\r\nRetry-After: 0", "")
        }
        _ => closing(x, "200 OK", "good"),
    });
    let (folder, url) = (Folder::new(), server.url("/a"));
    let (ran, events, summary) = told(&folder, &["--retry", "1", "--sha256", GOOD, &url]);
    ran.succeeded();
    let (made, moved) = (
        ["connect", "request", "sent", "first_byte"],
        ["connect", "request", "sent", "first_byte", "redirect"],
    );
    let mut expected = vec!["queued", "started"];
    expected.extend(moved);
    expected.extend(made);
    expected.push("retry");
    expected.extend(moved);
    expected.extend(made);
    expected.extend(["progress", "verify", "done"]);
    assert_eq!(of_file(&events, 1), expected);
    assert_eq!(of_file(&events, 0), ["began", "ended"]);
    for name in ["connect", "request", "first_byte"] {
        let numbers = the(&events, name).into_iter();
        let numbers: Vec<_> = numbers
            .map(|e| (e["request"].as_u64(), e["connection"].as_u64()))
            .collect();
        assert_eq!(numbers, [1, 2, 3, 4].map(|n| (Some(n), Some(n))), "{name}");
    }
    assert_eq!(the(&events, "retry")[0]["tries"], 1);
    assert_eq!(the(&events, "redirect")[0]["to"], server.url("/b"));
    assert_eq!(the(&events, "verify")[0]["good"], true);
    let done = the(&events, "done")[0];
    assert_eq!(
        (&done["outcome"], &done["target"]),
        (&"arrived".into(), &"a".into())
    );
    let file = &summary["files"][0];
    assert_eq!(
        (&file["url"], &file["outcome"]),
        (&url.into(), &"arrived".into())
    );
    assert_eq!(
        (&file["requests"], &file["retries"], &file["status"]),
        (&4.into(), &1.into(), &200.into())
    );
}

/// V1 and V3. Broken by: telling an end twice, or never; or events of two clocks.
#[test]
fn time_never_goes_back_and_each_file_has_one_beginning_and_one_end() {
    let server = Server::start(|x| match x.path.as_str() {
        "/no" => x.raw(b"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n"),
        _ => x.ok(b"good"),
    });
    let folder = Folder::new();
    let paths = (0..20).map(|n| format!("/f{n}")).chain(["/no".to_owned()]);
    let urls: Vec<_> = paths.map(|path| server.url(&path)).collect();
    let words: Vec<_> = ["-j", "4"]
        .into_iter()
        .chain(urls.iter().map(String::as_str))
        .collect();
    let (ran, events, summary) = told(&folder, &words);
    assert_eq!(ran.code, Some(22));
    let times: Vec<_> = events
        .iter()
        .map(|event| event["t"].as_f64().unwrap())
        .collect();
    assert!(times.is_sorted(), "{times:?}");
    assert_eq!(
        (&events[0]["event"], &events[0]["files"]),
        (&"began".into(), &21.into())
    );
    let last = events.last().unwrap();
    assert_eq!(
        (&last["event"], &last["code"]),
        (&"ended".into(), &22.into())
    );
    for file in 1..=21 {
        let own = of_file(&events, file);
        let ends = (own.first(), own.last());
        assert_eq!(ends, (Some(&"queued"), Some(&"done")), "{own:?}");
        for once in ["queued", "started", "done"] {
            assert_eq!(
                own.iter().filter(|name| **name == once).count(),
                1,
                "{own:?}"
            );
        }
    }
    let files = summary["files"].as_array().unwrap();
    let told: Vec<_> = files
        .iter()
        .map(|file| file["url"].as_str().unwrap())
        .collect();
    assert_eq!(told, urls);
    assert_eq!(
        (&files[20]["outcome"], &files[20]["code"]),
        (&"failed".into(), &22.into())
    );
    assert!(files[20]["why"].as_str().unwrap().contains("404"));
    let totals = &summary["totals"];
    assert_eq!(
        (&totals["arrived"], &totals["failed"], &summary["code"]),
        (&20.into(), &1.into(), &22.into())
    );
}

#[test]
fn what_is_gone_on_with_and_what_is_wrong_is_told() {
    let whole = b"HTTP/1.1 200 OK\r\nETag: \"1\"\r\nContent-Length: 4\r\n\r\n";
    let server = Server::start(move |x| {
        match x.head.contains("range: bytes=2-") {
        true => x.raw(b"HTTP/1.1 206 P\r\nETag: \"1\"\r\nContent-Range: bytes 2-3/4\r\nContent-Length: 2\r\n\r\nod"),
        false => x.raw(&[&whole[..], b"go"].concat()),
    }
    });
    let (folder, url) = (Folder::new(), server.url("/a"));
    let wrong = GOOD.replace('7', "8");
    let (ran, events, _) = told(&folder, &["--retry", "2", "--sha256", &wrong, &url]);
    assert_eq!(ran.code, Some(32));
    let resume = the(&events, "resume")[0];
    assert_eq!((&resume["from"], &resume["total"]), (&2.into(), &4.into()));
    let asked = the(&events, "request");
    assert_eq!(
        asked[1]["range"],
        Value::from(vec![Value::from(2), Value::Null])
    );
    let progress = the(&events, "progress");
    let sizes: Vec<_> = progress
        .iter()
        .map(|p| (&p["received"], &p["size"]))
        .collect();
    assert_eq!(sizes, [(&2.into(), &2.into()), (&2.into(), &4.into())]);
    assert_eq!(the(&events, "verify")[0]["good"], false);
    let done = the(&events, "done")[0];
    assert_eq!(
        (&done["outcome"], &done["target"]),
        (&"failed".into(), &Value::Null)
    );
}

#[test]
fn what_is_there_and_what_has_not_changed_is_told_as_such() {
    let server = Server::start(|x| x.raw(b"HTTP/1.1 304 Not Modified\r\n\r\n"));
    let folder = Folder::new();
    std::fs::write(folder.join("a"), "good").unwrap();
    let (there, same) = (server.url("/a"), server.url("/b"));
    let (ran, events, summary) = told(&folder, &["-H", "If-None-Match: \"1\"", &there, &same]);
    ran.succeeded();
    assert_eq!(of_file(&events, 1), ["queued", "started", "done"]);
    let outcome = |n: usize| &summary["files"][n]["outcome"];
    assert_eq!(
        (outcome(0), outcome(1)),
        (&"there".into(), &"not_modified".into())
    );
}

/// Broken by: a bare `println!` for a person.
#[test]
fn on_standard_output_a_program_finds_nothing_else() {
    let server = Server::start(|x| x.ok(b"good"));
    let folder = Folder::new();
    let urls = ["/a", "/b"].map(|path| server.url(path));
    let ran = folder.run(
        ["--events", "-"]
            .into_iter()
            .chain(urls.iter().map(String::as_str)),
    );
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    let events = lines(&ran.stdout);
    assert_eq!(events.last().unwrap()["event"], "ended");
    assert!(ran.stderr.contains("ok a"), "{ran:#?}");
    let folder = Folder::new();
    let ran = folder.run(["-q", "--summary", "-", &urls[0]]);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{ran:#?}");
    let summary: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(summary["totals"]["arrived"], 1);
}

/// Broken by: letting both have it, so that nobody could tell them apart.
#[test]
fn two_things_on_standard_output_are_refused() {
    let folder = Folder::new();
    for words in [
        ["--events", "-", "--summary", "-"],
        ["--events", "-", "-o", "-"],
        ["--events", "-", "-c", "-"],
    ] {
        let ran = folder.run(words.iter().chain(&["http://h.invalid/"]));
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""), "{ran:#?}");
        assert!(ran.stderr.contains("standard output"), "{ran:#?}");
    }
}

/// Broken by: opening them at the end.
#[test]
fn what_cannot_be_written_to_is_found_out_before_anything_is_fetched() {
    let server = Server::start(|x| x.ok(b"good"));
    for flag in ["--events", "--summary"] {
        let folder = Folder::new();
        let ran = folder.run([flag, "none/such", &server.url("/a")]);
        assert_eq!((ran.code, folder.names().len()), (Some(1), 0), "{ran:#?}");
        assert!(ran.stderr.contains("none/such"), "{ran:#?}");
    }
    assert_eq!(server.seen(), [""; 0]);
}

/// Broken by: losing the first error in `Sink`.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_under_the_events_is_a_failure_and_the_files_are_fetched_all_the_same() {
    let server = Server::start(|x| x.ok(b"good"));
    let folder = Folder::new();
    let ran = folder.run(["--events", "/dev/full", &server.url("/a")]);
    assert_eq!(
        (ran.code, folder.names()),
        (Some(23), vec!["a".to_owned()]),
        "{ran:#?}"
    );
    assert!(ran.stderr.contains("writing /dev/full: "), "{ran:#?}");
}

/// V4. Broken by: header fields as they are, without `fields`, or URLs as they are.
#[test]
fn no_secret_and_nothing_that_steers_a_terminal_is_in_them() {
    let server = Server::start(|x| match x.path.as_str() {
        "/a" => {
            let to = x
                .head
                .split("host: ")
                .nth(1)
                .unwrap()
                .lines()
                .next()
                .unwrap();
            let head = format!(
                "HTTP/1.1 302 F\r\nLocation: http://you:hidden@{to}/b\r\nSet-Cookie: s=hidden\r\n\
                 X-Odd: \u{9b}2J\u{202e}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            );
            x.raw(head.as_bytes())
        }
        _ => x.raw(b"HTTP/1.1 404 \x1b[2J\xff\r\nContent-Length: 0\r\n\r\n"),
    });
    let folder = Folder::new();
    let url = server.url("/a").replace("http://", "http://me:hidden@");
    let words = ["-H", "Cookie: c=hidden", "-e", "http://me:hidden@h/"];
    let words: Vec<_> = words.into_iter().chain([url.as_str()]).collect();
    let (ran, events, _) = told(&folder, &words);
    assert_eq!(
        ran.code,
        Some(8),
        "it is told of up to the bad status line: {ran:#?}"
    );
    assert_eq!(the(&events, "request").len(), 2);
    for name in ["events", "summary"] {
        let text = String::from_utf8(folder.read(name)).unwrap();
        assert!(!text.contains("hidden"), "{text}");
        let steers = |c: char| c.is_control() && c != '\n' || c == '\u{202e}';
        assert!(!text.contains(steers), "{text}");
    }
}

/// Broken by: reading what is to be printed without saying that it is awaited.
#[test]
fn silence_is_told_of_an_answer_that_is_printed_too() {
    let server = Server::start(|x| {
        x.raw(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n.")?;
        thread::sleep(Duration::from_secs(2)); // a stall is a second
        x.raw(b".")
    });
    let folder = Folder::new();
    let words = ["--data", "a", "--events", "e", &server.url("/a")];
    assert_eq!(folder.run(words).stdout, "..");
    let lines = String::from_utf8(folder.read("e")).unwrap();
    let events: Vec<Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert!(!the(&events, "stall").is_empty(), "{events:#?}");
}

/// The server goes on only when it was told that it stalls. Broken by: not racing `watch`
/// (hangs until the guard), or telling a stall only at its end (the same).
#[test]
fn silence_is_told_as_a_stall_while_it_lasts_and_progress_at_most_four_times_a_second() {
    let (go_on, told) = mpsc::channel::<()>();
    let told = Mutex::new(told);
    let server = Server::start(move |x| {
        x.raw(b"HTTP/1.1 200 OK\r\nContent-Length: 60\r\n\r\n")?;
        for _ in 0..30 {
            x.raw(b".")?;
            thread::sleep(Duration::from_millis(20));
        }
        let _ = told.lock().unwrap().recv_timeout(GUARD);
        x.raw(&[b'.'; 30])
    });
    let folder = Folder::new();
    let words = ["--timeout", "0", "--events", "-", &server.url("/a")];
    let mut child = folder.fetch(words).spawn().unwrap();
    let mut events = Vec::new();
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        let event: Value = serde_json::from_str(&line.unwrap()).unwrap();
        if event["event"] == "stall" {
            let _ = go_on.send(());
        }
        events.push(event);
    }
    assert_eq!(finish(child).code, Some(0));
    let stalls = the(&events, "stall");
    assert!(
        stalls.len() >= 2,
        "one while it lasts, one at its end: {events:#?}"
    );
    assert!(
        stalls
            .iter()
            .all(|stall| stall["silent"].as_f64().unwrap() >= 1.0)
    );
    let progress = the(&events, "progress");
    let times: Vec<_> = progress.iter().map(|p| p["t"].as_f64().unwrap()).collect();
    let (_end, often) = times.split_last().unwrap();
    assert!(
        often.windows(2).all(|pair| pair[1] - pair[0] >= 0.25),
        "{times:?}"
    );
    assert_eq!(progress.last().unwrap()["received"], 60);
}

/// Broken by: writing them where the run ends well, and not in a drop.
#[test]
fn a_signal_leaves_a_whole_account_behind() {
    for (signal, code) in [("-INT", 130), ("-TERM", 143)] {
        let (hold, held) = mpsc::channel::<()>();
        let held = Arc::new(Mutex::new(held));
        let server = Server::start(move |x| match x.path.as_str() {
            "/whole" => x.ok(b"good"),
            _ => {
                x.raw(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf")?;
                let _ = held.lock().unwrap().recv();
                Ok(())
            }
        });
        let folder = Folder::new();
        let urls = ["/half", "/whole", "/never"].map(|path| server.url(path));
        let words = ["-j", "2", "--events", "-", "--summary", "summary"];
        let mut child = folder.fetch(words.into_iter().chain(urls.iter().map(String::as_str)));
        let mut child = child.spawn().unwrap();
        let mut read = Vec::new();
        let mut stdout = BufReader::new(child.stdout.take().unwrap()).lines();
        // Until the third one has begun: the first is half there, the second whole.
        for line in stdout.by_ref() {
            let event: Value = serde_json::from_str(&line.unwrap()).unwrap();
            read.push(event);
            let is =
                |file, name: &str| read.iter().any(|e| e["file"] == file && e["event"] == name);
            if is(1, "first_byte") && is(2, "done") && is(3, "first_byte") {
                break;
            }
        }
        send_signal(signal, &child);
        read.extend(stdout.map(|line| serde_json::from_str(&line.unwrap()).unwrap()));
        let ran = finish(child);
        drop(hold);
        assert_eq!(ran.code, None, "the signal ended it: {ran:#?}");
        let summary: Value = serde_json::from_slice(&folder.read("summary")).unwrap();
        assert_eq!(summary["code"], code);
        let outcomes: BTreeMap<_, _> = the(&read, "done")
            .iter()
            .map(|done| (done["file"].as_u64(), done["outcome"].clone()))
            .collect();
        let in_summary = summary["files"].as_array().unwrap().iter();
        let in_summary: BTreeMap<_, _> = in_summary
            .map(|f| (f["file"].as_u64(), f["outcome"].clone()))
            .collect();
        assert_eq!(outcomes, in_summary);
        let expected = ["stopped", "arrived", "stopped"].map(Value::from);
        assert_eq!(outcomes.into_values().collect::<Vec<_>>(), expected);
        assert_eq!(read.last().unwrap()["event"], "ended");
    }
}

/// Every event, and every member of one, that the schemas know.
fn members(schema: &Value) -> Vec<(String, Vec<String>)> {
    let properties = |of: &Value| of["properties"].as_object().cloned().unwrap_or_default();
    let defs = schema["$defs"].as_object().cloned().unwrap_or_default();
    let mut all: Vec<_> = defs
        .iter()
        .map(|(name, def)| (name.clone(), properties(def).keys().cloned().collect()))
        .collect();
    let parts = [
        schema,
        &schema["properties"]["totals"],
        &schema["properties"]["files"]["items"],
    ];
    let of_parts = parts
        .iter()
        .flat_map(|part| properties(part).keys().cloned().collect::<Vec<_>>());
    all.push((String::new(), of_parts.collect()));
    all
}

/// Broken by: a member that only the schema knows.
#[test]
fn the_document_speaks_of_all_that_the_schemas_have() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
    let text = std::fs::read_to_string(root.join("events.md")).unwrap();
    for name in ["events.schema.json", "summary.schema.json"] {
        let schema = std::fs::read(root.join(name)).unwrap();
        for (event, members) in members(&serde_json::from_slice(&schema).unwrap()) {
            let row = format!("| `{event}` |");
            let row = text.lines().find(|line| line.starts_with(&row));
            assert!(event.is_empty() || row.is_some(), "{event}");
            let common = ["t", "event", "file", "request", "connection"];
            for member in members {
                let named = format!("`{member}`");
                let is_told = match row {
                    Some(row) => row.contains(&named) || common.contains(&&*member),
                    None => text.contains(&named),
                };
                assert!(is_told, "{event}: {member}");
            }
        }
    }
}
