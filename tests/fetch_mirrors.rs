//! One file from several places: bytes of two mirrors are joined only where something says that
//! they belong together, and whatever one mirror does, the file is right or the others bring it.

#![cfg(all(feature = "http", not(windows)))]

mod fetch_support;
#[path = "fetch_support/ranges.rs"]
mod ranges;
#[path = "fetch_support/sums.rs"]
mod sums;

use std::io;
use std::sync::Arc;

use fetch_support::{Exchange, Folder, Ran, Server, bytes};
use ranges::{Log, honest, mirror, script, whole};
use sums::sha256;

const SIZE: usize = 1_000_000;
const SMALL: usize = 10_000;

fn file() -> Vec<u8> {
    bytes(SIZE)
}

fn other() -> Vec<u8> {
    file().iter().map(|byte| byte ^ 0x55).collect()
}

/// The same, whose first response goes on only when `others` has been asked for something.
fn held_back(etag: &'static str, body: Vec<u8>, others: Arc<Log>) -> (Server, Arc<Log>) {
    script(move |number, asked, _, x| match number {
        0 => {
            whole(x, &format!("ETag: \"{etag}\""), &body, SMALL)?;
            others.wait_for(1);
            x.raw(&body[SMALL..])
        }
        _ => honest(x, asked, etag, &body),
    })
}

/// Runs it for `first` with these mirrors, in two ranges at once.
fn run(folder: &Folder, first: &Server, mirrors: &[&Server], more: &[&str]) -> Ran {
    let mut words = [
        "--split-after",
        "0",
        "--min-split-size",
        "100K",
        "--split",
        "2",
    ]
    .map(str::to_owned)
    .to_vec();
    words.extend(more.iter().map(|word| (*word).to_owned()));
    words.push(first.url("/x"));
    for mirror in mirrors {
        words.extend(["--mirror".to_owned(), mirror.url("/y")]);
    }
    folder.run(words)
}

#[track_caller]
fn arrived(folder: &Folder, ran: &Ran, body: &[u8]) {
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    assert_eq!(folder.names(), ["x"], "{ran:#?}");
    assert!(folder.read("x") == body, "the file is wrong: {ran:#?}");
}

/// M1. Broken by: asking only the first one for ranges.
#[test]
fn mirrors_with_the_same_strong_etag_share_the_work() {
    let (second, asked) = mirror("v1", file());
    let (first, _) = held_back("v1", file(), asked.clone());
    let folder = Folder::new();
    let ran = run(&folder, &first, &[&second], &[]);
    arrived(&folder, &ran, &file());
    let asked = &asked.all()[0];
    assert_eq!(asked.if_range.as_deref(), Some("\"v1\""));
    assert_eq!(asked.range.unwrap().1, Some(SIZE - 1));
}

/// Broken by: taking any mirror for a good one.
#[test]
fn without_a_digest_another_etag_is_another_file() {
    let (second, asked) = mirror("v2", other());
    let (first, _) = held_back("v1", file(), asked.clone());
    let folder = Folder::new();
    let ran = run(&folder, &first, &[&second], &[]);
    arrived(&folder, &ran, &file());
    assert_eq!(asked.all().len(), 1, "it is not asked again");
}

/// M2.
#[test]
fn with_a_digest_another_etag_does_not_matter() {
    let (second, asked) = mirror("v2", file());
    let (first, _) = held_back("v1", file(), asked.clone());
    let folder = Folder::new();
    let ran = run(&folder, &first, &[&second], &["--sha256", &sha256(&file())]);
    arrived(&folder, &ran, &file());
    assert_eq!(asked.all()[0].if_range, None);
}

#[test]
fn a_mirror_with_another_length_is_left_out() {
    let longer = [&file()[..], b"!"].concat();
    let (second, asked) = mirror("v2", longer);
    let (first, _) = held_back("v1", file(), asked.clone());
    let folder = Folder::new();
    let ran = run(&folder, &first, &[&second], &["--sha256", &sha256(&file())]);
    arrived(&folder, &ran, &file());
    assert_eq!(asked.all().len(), 1);
}

/// M3. Broken by: ending with the first wrong digest.
#[test]
fn a_mirror_that_lies_is_found_out_whoever_it_is() {
    for liar in 0..2 {
        let body = |n| if n == liar { other() } else { file() };
        let (second, asked) = mirror("v2", body(1));
        let (first, _) = held_back("v1", body(0), asked.clone());
        let folder = Folder::new();
        let ran = run(&folder, &first, &[&second], &["--sha256", &sha256(&file())]);
        arrived(&folder, &ran, &file());
    }
    // Both of them.
    let (second, asked) = mirror("v2", other());
    let (first, _) = held_back("v1", other(), asked.clone());
    let folder = Folder::new();
    let ran = run(&folder, &first, &[&second], &["--sha256", &sha256(&file())]);
    assert_eq!(ran.code, Some(32), "{ran:#?}");
    assert!(folder.names().is_empty());
}

/// Broken by: taking a mirror's failure for the file's.
#[test]
fn when_the_first_one_is_dead_the_next_one_is_asked() {
    let answers: [fn(&mut Exchange) -> io::Result<()>; 3] = [
        |x| x.reset(),
        |x| x.raw(b"HTTP/1.1 404 Gone\r\nContent-Length: 0\r\n\r\n"),
        |x| x.raw(b"HTTP/1.1 503 Busy\r\nRetry-After: 99\r\nContent-Length: 0\r\n\r\n"),
    ];
    for dead in answers {
        let (first, _) = script(move |_, _, _, x| dead(x));
        let (second, _) = mirror("v2", file());
        let folder = Folder::new();
        let ran = run(&folder, &first, &[&second], &[]);
        arrived(&folder, &ran, &file());
    }
}

/// Broken by: going on with another version; or beginning again though there is a digest.
#[test]
fn when_the_first_one_dies_in_the_middle_the_next_one_goes_on_or_begins_again() {
    let sum = sha256(&file());
    let vouched = ["--sha256", sum.as_str()];
    for (etag, more, goes_on) in [
        ("v1", &[][..], true),
        ("v2", &vouched[..], true),
        ("v2", &[][..], false),
    ] {
        let (first, _) = script(|_, _, _, x| whole(x, "ETag: \"v1\"", &file(), SIZE / 2));
        let body = if goes_on { file() } else { other() };
        let (second, asked) = mirror(etag, body.clone());
        let folder = Folder::new();
        let ran = run(
            &folder,
            &first,
            &[&second],
            &[more, &["--split", "1"]].concat(),
        );
        arrived(&folder, &ran, &body);
        let asked = asked.all();
        assert_eq!(asked[0].range.unwrap().0, SIZE / 2, "{asked:?}");
        assert_eq!(asked.len(), 1, "{asked:?}");
    }
}

/// Broken by: waiting for a mirror as long as for a server that is the only one.
#[test]
fn a_mirror_that_falls_silent_is_not_waited_for() {
    let (second, _) = mirror("v1", file());
    let (first, _) = script(|_, _, _, x| {
        whole(x, "ETag: \"v1\"", &file(), SMALL)?;
        io::Read::read(&mut x.stream, &mut [0]).map(drop)
    });
    let folder = Folder::new();
    // It would wait for ever.
    let ran = run(&folder, &first, &[&second], &["--timeout", "0"]);
    arrived(&folder, &ran, &file());
}

/// M4. Broken by: sending to all what is for the first.
#[test]
fn no_mirror_is_told_who_asks_the_first_one() {
    let (second, asked) = {
        let log = Arc::new(std::sync::Mutex::new(Vec::new()));
        let heads = log.clone();
        let server = Server::start(move |x| {
            heads.lock().unwrap().push(x.head.to_ascii_lowercase());
            x.ok(&file())
        });
        (server, log)
    };
    let (first, _) = script(|_, _, _, x| x.reset());
    let folder = Folder::new();
    let secrets = [
        "-u",
        "me:sesame",
        "-H",
        "Cookie: sesame=1",
        "-H",
        "Accept: x/y",
    ];
    let ran = run(&folder, &first, &[&second], &secrets);
    arrived(&folder, &ran, &file());
    let heads = asked.lock().unwrap();
    assert!(heads[0].contains("accept: x/y"), "{heads:?}");
    assert!(
        !heads[0].contains("authorization") && !heads[0].contains("cookie"),
        "{heads:?}"
    );
}

#[test]
fn mirrors_stand_on_the_line_of_a_list_or_belong_to_one_url() {
    let (first, _) = script(|_, _, _, x| x.reset());
    let (second, _) = mirror("v1", file());
    let folder = Folder::new();
    let line = format!("{}\t{}\n", first.url("/x"), second.url("/y"));
    std::fs::write(folder.join("list"), line).unwrap();
    let ran = folder.run(["-i", "list"]);
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    assert!(folder.read("x") == file());
    let ran = folder.run(["http://a/1", "http://a/2", "--mirror", "http://b/1"]);
    assert_eq!(ran.code, Some(2), "{ran:#?}");
    assert!(
        ran.stderr
            .contains("--mirror: there must be exactly one URL")
    );
}

/// Neither a mirror nor a second request gets what is sent. Broken by: not asking whether
/// anything is.
#[test]
fn what_is_sent_goes_to_the_first_one_and_only_once() {
    let (second, asked) = mirror("v1", file());
    let (first, log) = script(|_, _, _, x| {
        whole(x, "ETag: \"v1\"", &file(), SMALL)?;
        std::thread::sleep(std::time::Duration::from_millis(200));
        x.raw(&file()[SMALL..])
    });
    let folder = Folder::new();
    let ran = run(&folder, &first, &[&second], &["--data", "a=b", "-o", "x"]);
    arrived(&folder, &ran, &file());
    assert_eq!((log.all().len(), asked.all().len()), (1, 0));
    let (dead, _) = script(|_, _, _, x| x.reset());
    let ran = run(
        &Folder::new(),
        &dead,
        &[&second],
        &["--data", "a=b", "-o", "x"],
    );
    assert_eq!((ran.code, asked.all().len()), (Some(56), 0), "{ran:#?}");
}
