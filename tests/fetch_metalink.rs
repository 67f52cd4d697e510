//! Metalinks: what they say of a file holds, byte for byte, whoever brings it; a block that is
//! wrong comes again, and nothing else does.

#![cfg(all(feature = "http", not(windows)))]

mod fetch_support;
#[path = "fetch_support/ranges.rs"]
mod ranges;
#[path = "fetch_support/sums.rs"]
mod sums;

use std::fs;
use std::sync::{Arc, Mutex};

use fetch_support::{Folder, Ran, Server, bytes};
use ranges::{Log, mirror, script};
use sums::sha256;

const SIZE: usize = 1_000_000;
const BLOCK: usize = 64 * 1024;

fn file() -> Vec<u8> {
    bytes(SIZE)
}

/// The file, but for one byte in the fifth block.
fn spoilt() -> Vec<u8> {
    let mut file = file();
    file[4 * BLOCK + 7] ^= 1;
    file
}

/// The element of one file: with these hashes, and one URL after the other.
fn element(name: &str, hashes: &str, urls: &[String]) -> String {
    let url = |(n, url): (usize, &String)| format!("<url priority=\"{}\">{url}</url>", n + 1);
    let urls: String = urls.iter().enumerate().map(url).collect();
    format!("<file name=\"{name}\"><size>{SIZE}</size>{hashes}{urls}</file>")
}

fn metalink(files: &str) -> String {
    format!("<metalink xmlns=\"urn:ietf:params:xml:ns:metalink\">{files}</metalink>")
}

fn blocks() -> String {
    let hashes = file()
        .chunks(BLOCK)
        .map(|block| format!("<hash>{}</hash>", sha256(block)))
        .collect::<String>();
    format!("<pieces length=\"{BLOCK}\" type=\"sha-256\">{hashes}</pieces>")
}

/// Runs it for one file with these hashes and mirrors.
fn run(folder: &Folder, hashes: &str, mirrors: &[&Server], more: &[&str]) -> Ran {
    let urls: Vec<_> = mirrors.iter().map(|mirror| mirror.url("/a")).collect();
    let text = metalink(&element("x", hashes, &urls));
    fs::write(folder.join("it.meta4"), text).unwrap();
    let words = [
        "--metalink",
        "it.meta4",
        "--split-after",
        "0",
        "--min-split-size",
        "100K",
    ];
    let ran = folder.run(words.iter().chain(more));
    fs::remove_file(folder.join("it.meta4")).unwrap();
    ran
}

#[track_caller]
fn arrived(folder: &Folder, ran: &Ran) {
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    assert_eq!(folder.names(), ["x"], "{ran:#?}");
    assert!(folder.read("x") == file(), "the file is wrong: {ran:#?}");
}

fn asked_for(log: &Log) -> Vec<(usize, Option<usize>)> {
    log.all()
        .iter()
        .map(|asked| asked.range.unwrap_or((0, None)))
        .collect()
}

#[test]
fn all_files_of_a_metalink_come_under_their_names_and_are_checked() {
    let (server, _) = mirror("v1", file());
    let hash = |body: &[u8]| format!("<hash type=\"sha-256\">{}</hash>", sha256(body));
    let (right, wrong) = (hash(&file()), hash(b"?"));
    let files = [
        element("a", &right, &[server.url("/1")]),
        element("dir/b", &right, &[server.url("/2")]),
        element("c", &wrong, &[server.url("/3")]),
    ];
    let folder = Folder::new();
    fs::write(folder.join("it.meta4"), metalink(&files.concat())).unwrap();
    let ran = folder.run(["--metalink", "it.meta4"]);
    assert_eq!(ran.code, Some(32), "{ran:#?}");
    assert_eq!(folder.names(), ["a", "dir/", "it.meta4"]);
    assert!(folder.read("a") == file() && folder.read("dir/b") == file());
    assert!(
        ran.failures()[0].starts_with("failed c: SHA-256 is"),
        "{ran:#?}"
    );
}

/// A SHA-512 counts as well as a SHA-256.
#[test]
fn a_sha_512_is_compared_too() {
    let (server, _) = mirror("v1", file());
    let hash = format!("<hash type=\"sha-512\">{}</hash>", "0".repeat(128));
    let folder = Folder::new();
    let ran = run(&folder, &hash, &[&server], &[]);
    assert_eq!(ran.code, Some(32), "{ran:#?}");
    assert!(folder.names().is_empty() && ran.stderr.contains("SHA-512 is"));
}

/// Broken by: looking at blocks only when all of them are there.
#[test]
fn the_first_wrong_block_ends_a_response_and_the_next_mirror_goes_on_from_there() {
    let (first, _) = mirror("v1", spoilt());
    let (second, asked) = mirror("v2", file());
    let folder = Folder::new();
    let ran = run(&folder, &blocks(), &[&first, &second], &["--split", "1"]);
    arrived(&folder, &ran);
    assert_eq!(asked_for(&asked)[0].0, 4 * BLOCK);
}

/// Broken by: not forgetting a wrong block, or asking whoever sent it once more.
#[test]
fn with_several_ranges_only_the_wrong_block_comes_again() {
    for liar in 0..2 {
        let body = |n| if n == liar { spoilt() } else { file() };
        let (first, _) = mirror("v1", body(0));
        let (second, _) = mirror("v2", body(1));
        let folder = Folder::new();
        let ran = run(&folder, &blocks(), &[&first, &second], &["--split", "3"]);
        arrived(&folder, &ran);
    }
}

/// Broken by: dropping the good blocks with the bad one, or hashing what was forgotten.
#[test]
fn where_all_mirrors_lie_the_good_blocks_are_kept_for_another_day() {
    let body = Arc::new(Mutex::new(spoilt()));
    let served = body.clone();
    let (server, asked) = script(move |_, asked, _, x| {
        let body = served.lock().unwrap().clone();
        ranges::honest(x, asked, "v1", &body)
    });
    let hashes = format!(
        "{}<hash type=\"sha-256\">{}</hash>",
        blocks(),
        sha256(&file())
    );
    let folder = Folder::new();
    let ran = run(&folder, &hashes, &[&server], &["--split", "2"]);
    assert_eq!(ran.code, Some(32), "{ran:#?}");
    assert!(
        ran.stderr.contains("bytes 262144 to 327679 are not those"),
        "{ran:#?}"
    );
    assert_eq!(folder.names(), ["x.part", "x.part.meta"]);
    *body.lock().unwrap() = file();
    let before = asked.all().len();
    let ran = run(&folder, &hashes, &[&server], &["--split", "1"]);
    arrived(&folder, &ran);
    assert_eq!(asked_for(&asked)[before].0, 4 * BLOCK);
}

/// What an earlier run left is looked at before it is built upon.
/// Broken by: leaving `check_old_blocks` out.
#[test]
fn a_block_that_was_spoilt_on_the_disk_comes_again() {
    let (server, asked) = script(|number, asked, _, x| match number {
        0 => ranges::whole(x, "ETag: \"v1\"", &file(), SIZE - 10),
        _ => ranges::honest(x, asked, "v1", &file()),
    });
    let folder = Folder::new();
    let ran = run(&folder, &blocks(), &[&server], &["--split", "1"]);
    assert_eq!(ran.code, Some(18), "{ran:#?}");
    let mut half = folder.read("x.part");
    half[4 * BLOCK] ^= 1;
    fs::write(folder.join("x.part"), half).unwrap();
    let ran = run(&folder, &blocks(), &[&server], &["--split", "1"]);
    arrived(&folder, &ran);
    let asked = asked_for(&asked);
    assert_eq!(asked[1], (SIZE - 10, None));
    assert_eq!(asked[2], (4 * BLOCK, Some(5 * BLOCK - 1)));
}

#[test]
fn a_mirror_whose_file_has_another_size_is_passed_over() {
    let (first, _) = mirror("v1", bytes(SIZE + 1));
    let (second, _) = mirror("v1", file());
    let folder = Folder::new();
    let ran = run(&folder, "", &[&first, &second], &[]);
    arrived(&folder, &ran);
    let ran = run(&Folder::new(), "", &[&first], &[]);
    assert_eq!(ran.code, Some(33), "{ran:#?}");
    assert!(
        ran.stderr.contains("not as long as the Metalink says"),
        "{ran:#?}"
    );
}

/// Broken by: sending to a Metalink's servers what the user said for others.
#[test]
fn a_metalink_may_be_at_a_url_and_its_servers_are_told_no_secrets() {
    let heads = Arc::new(Mutex::new(Vec::new()));
    let list = heads.clone();
    let stranger = Server::start(move |x| {
        list.lock().unwrap().push(x.head.to_ascii_lowercase());
        x.ok(&file())
    });
    let text = metalink(&element("x", "", &[stranger.url("/a")]));
    let server = Server::start(move |x| match x.head.contains("uthorization: Basic") {
        true => x.ok(text.as_bytes()),
        false => x.raw(b"HTTP/1.1 401 Who\r\nContent-Length: 0\r\n\r\n"),
    });
    let folder = Folder::new();
    let ran = folder.run(["-u", "me:sesame", "--metalink", &server.url("/it.meta4")]);
    arrived(&folder, &ran);
    let heads = heads.lock().unwrap();
    assert!(!heads[0].contains("authorization"), "{heads:?}");

    let ran = folder.run(["--metalink", &server.url("/it.meta4")]);
    assert_eq!(ran.code, Some(22), "{ran:#?}");
}

#[test]
fn what_is_no_metalink_is_told_before_anything_is_fetched() {
    let folder = Folder::new();
    fs::write(folder.join("bad"), "<html>").unwrap();
    let ran = folder.run(["--metalink", "bad"]);
    assert_eq!(ran.code, Some(2), "{ran:#?}");
    assert!(
        ran.stderr.starts_with("fetch: bad: not a Metalink"),
        "{ran:#?}"
    );
    let ran = folder.run(["--metalink", "nothing"]);
    assert_eq!(ran.code, Some(1), "{ran:#?}");
    assert!(
        ran.stderr.starts_with("fetch: cannot read nothing"),
        "{ran:#?}"
    );
}
