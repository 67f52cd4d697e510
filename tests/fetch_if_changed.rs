//! `--if-changed` and `-z`: what is there is fetched again only if the server has another version.
#![cfg(all(feature = "http", not(windows)))]

mod fetch_support;

use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use fetch_support::{Folder, Server};

const OLD: &str = "Wed, 20 Nov 2024 10:00:00 GMT";
const LIST: &str = ".fetch-versions";

/// A file that can be changed, and how often its bytes were sent.
struct Site {
    server: Server,
    /// `ETag` (or none), and content.
    file: Arc<Mutex<(&'static str, &'static str)>>,
    sent: Arc<AtomicUsize>,
}

impl Site {
    fn new() -> Site {
        let file = Arc::new(Mutex::new(("\"1\"", "first")));
        let sent = Arc::new(AtomicUsize::new(0));
        let (shared, count) = (file.clone(), sent.clone());
        let server = Server::start(move |x| {
            let (etag, content) = *shared.lock().unwrap();
            let head = x.head.to_ascii_lowercase();
            let known = head.contains(&format!("\r\nif-none-match: {etag}\r\n"));
            let since = format!("\r\nif-modified-since: {}\r\n", OLD.to_ascii_lowercase());
            if known || (etag.is_empty() && head.contains(&since)) {
                return x.raw(format!("HTTP/1.1 304 N\r\nETag: {etag}\r\n\r\n").as_bytes());
            }
            count.fetch_add(1, Ordering::SeqCst);
            let length = content.len();
            let mut fields = format!("Last-Modified: {OLD}\r\nContent-Length: {length}\r\n");
            if !etag.is_empty() {
                fields += &format!("ETag: {etag}\r\n");
            }
            x.raw(format!("HTTP/1.1 200 OK\r\n{fields}\r\n{content}").as_bytes())
        });
        Site { server, file, sent }
    }

    fn set(&self, etag: &'static str, content: &'static str) {
        *self.file.lock().unwrap() = (etag, content);
    }

    fn sent(&self) -> usize {
        self.sent.load(Ordering::SeqCst)
    }
}

/// Fetches `/f` with `--if-changed`, and says what it printed.
fn run(folder: &Folder, site: &Site) -> String {
    let url = site.server.url("/f");
    folder
        .run(["--if-changed", &url])
        .succeeded()
        .stdout
        .clone()
}

/// Broken by: no `note`, or a `condition` that is empty.
#[test]
fn what_did_not_change_is_not_fetched_and_not_touched() {
    let (folder, site) = (Folder::new(), Site::new());
    assert!(run(&folder, &site).starts_with("ok f"));
    let before = folder.join("f").metadata().unwrap();
    for _ in 0..2 {
        assert!(run(&folder, &site).contains("not modified"), "by its ETag");
    }
    let after = folder.join("f").metadata().unwrap();
    assert_eq!(before.modified().unwrap(), after.modified().unwrap());
    assert_eq!(
        (site.sent(), folder.names().len()),
        (1, 2),
        "{:?}",
        folder.names()
    );
    site.set("", "first");
    assert!(run(&folder, &site).contains("not modified"), "by its date");
}

/// Broken by: a claim that replaces nothing.
#[test]
fn what_changed_replaces_what_is_there_once_it_is_whole() {
    let (folder, site) = (Folder::new(), Site::new());
    run(&folder, &site);
    site.set("\"2\"", "second");
    assert!(run(&folder, &site).starts_with("ok f"));
    assert_eq!(folder.read("f"), b"second");
    assert!(
        run(&folder, &site).contains("not modified"),
        "the last line holds"
    );
    assert_eq!(site.sent(), 2);
}

/// Broken by: `is_of` without any of its conditions, or a URL that is not compared.
#[test]
fn what_somebody_else_changed_is_fetched_whole() {
    let (folder, site) = (Folder::new(), Site::new());
    run(&folder, &site);
    fs::write(folder.join("f"), "edited").unwrap();
    run(&folder, &site);
    assert_eq!((folder.read("f"), site.sent()), (b"first".to_vec(), 2));

    let dated = fs::File::options()
        .write(true)
        .open(folder.join("f"))
        .unwrap();
    dated.set_modified(std::time::SystemTime::now()).unwrap();
    run(&folder, &site);
    assert_eq!(site.sent(), 3, "of the same length, and of another date");

    fs::remove_file(folder.join("f")).unwrap();
    run(&folder, &site);
    assert_eq!((folder.read("f"), site.sent()), (b"first".to_vec(), 4));

    let other = site.server.url("/other/f");
    folder.run(["--if-changed", &other]).succeeded();
    assert_eq!(site.sent(), 5, "the same name from another URL");
}

/// Broken by: `read` that gives up at the first bad line.
#[test]
fn what_is_noted_comes_through_a_kill_and_a_long_past() {
    let (folder, site) = (Folder::new(), Site::new());
    run(&folder, &site);
    let text = String::from_utf8(folder.read(LIST)).unwrap();
    let line = text.lines().nth(1).unwrap().to_owned();
    let half = &line[..line.len() / 2];
    let long = format!("{half}\n{text}{half}\n{}", format!("{line}\n").repeat(300));
    fs::write(
        folder.join(LIST),
        text.lines().next().unwrap().to_owned() + "\n" + &long,
    )
    .unwrap();
    assert!(run(&folder, &site).contains("not modified"));
    let short = String::from_utf8(folder.read(LIST)).unwrap();
    assert_eq!(short, text, "and it was written anew");
    assert_eq!(folder.names().len(), 2);
}

/// Broken by: a list that is opened without `O_APPEND`.
#[test]
fn many_files_at_once_write_their_lines_beside_each_other() {
    let (folder, site) = (Folder::new(), Site::new());
    let urls = (0..300).map(|number| site.server.url(&format!("/{number}")));
    let urls: Vec<String> = urls.collect();
    fs::write(folder.join("urls"), urls.join("\n")).unwrap();
    for sent in [300, 300] {
        folder.run(["--if-changed", "-q", "-i", "urls"]).succeeded();
        assert_eq!(site.sent(), sent);
    }
    let list = String::from_utf8(folder.read(LIST)).unwrap();
    // The head may be there twice, where two began the list at the same moment.
    let lines = list.lines().filter(|line| line.contains(" http://"));
    assert_eq!(lines.count(), 300);
}

#[test]
fn a_list_that_is_somebody_elses_is_left_alone() {
    let (folder, site) = (Folder::new(), Site::new());
    fs::write(folder.join(LIST), "mine").unwrap();
    let ran = folder.run(["--if-changed", &site.server.url("/f")]);
    assert_eq!(ran.code, Some(23), "{ran:?}");
    assert!(ran.failures()[0].contains(LIST), "{ran:?}");
    assert_eq!(
        (folder.read(LIST), folder.read("f")),
        (b"mine".to_vec(), b"first".to_vec())
    );
}

/// A wrong file that is "not modified" is no success.
#[test]
fn a_sum_is_checked_also_where_nothing_was_fetched() {
    let (folder, site) = (Folder::new(), Site::new());
    run(&folder, &site);
    let zeros = "0".repeat(64);
    let ran = folder.run(["--if-changed", "--sha256", &zeros, &site.server.url("/f")]);
    assert_eq!((ran.code, site.sent()), (Some(32), 1), "{ran:?}");
}

#[test]
fn without_the_flag_nothing_is_noted() {
    let (folder, site) = (Folder::new(), Site::new());
    folder.run([&site.server.url("/f")]).succeeded();
    assert_eq!(folder.names(), ["f"]);
    assert!(
        run(&folder, &site).starts_with("ok f"),
        "nothing is known of it: fetched"
    );
    assert!(run(&folder, &site).contains("not modified"));
}

/// Broken by: `-z` that asks and replaces nothing, or a date read as another day.
#[test]
fn a_date_or_a_file_says_since_when() {
    let server = Server::start(|x| {
        let head = x.head.to_ascii_lowercase();
        let field = head.lines().find(|line| line.starts_with("if-"));
        let field = field.unwrap_or("none").to_owned();
        match x.path.as_str() {
            "/old" => x.raw(b"HTTP/1.1 304 N\r\n\r\n"),
            _ => x.ok(field.as_bytes()),
        }
    });
    let folder = Folder::new();
    let asked = |when: &str| {
        folder
            .run(["-z", when, "-o", "saw", &server.url("/x")])
            .succeeded();
        String::from_utf8(folder.read("saw")).unwrap()
    };
    let since = "if-modified-since: ";
    assert_eq!(asked(OLD), format!("{since}{}", OLD.to_ascii_lowercase()));
    assert_eq!(
        asked("2024-02-29"),
        format!("{since}thu, 29 feb 2024 00:00:00 gmt")
    );
    let evening = "if-unmodified-since: tue, 31 dec 2024 23:59:58 gmt";
    assert_eq!(asked("-2024-12-31 23:59:58"), evening);
    let file = fs::File::create(folder.join("file")).unwrap();
    let at = std::time::UNIX_EPOCH + std::time::Duration::from_millis(1_000_000_000_500);
    file.set_modified(at).unwrap();
    assert_eq!(
        asked("file"),
        format!("{since}sun, 09 sep 2001 01:46:40 gmt")
    );
    let ran = folder.run(["-z", "file", "-o", "new", &server.url("/old")]);
    assert!(ran.succeeded().stdout.contains("not modified"), "{ran:?}");
    folder
        .run(["-z", "missing", "-o", "missing", &server.url("/x")])
        .succeeded();
    assert_eq!(folder.read("missing"), b"none");
}
