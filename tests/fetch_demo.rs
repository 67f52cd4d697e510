//! `fetch` without a URL: the demonstration, run as a newcomer runs it, but through pipes.

#![cfg(all(feature = "http", not(windows)))]

mod fetch_support;
#[path = "fetch_support/sums.rs"]
mod sums;

use std::collections::HashSet;
use std::fs;

use fetch_support::{Folder, names_in};
use sums::sha256;

/// As the server counted. All 36 on an idle machine; on a busy one the first may be over
/// before the last has begun.
fn most_at_once(said: &str) -> usize {
    let words: Vec<_> = said.split_whitespace().collect();
    let at = words
        .windows(2)
        .position(|two| two == ["server", "had"])
        .expect("it is told");
    words[at + 2].parse().expect("it is a number")
}

#[test]
fn three_dozen_files_arrive_at_once_and_right_in_a_fresh_folder() {
    let folder = Folder::new();
    fs::create_dir(folder.join("downloads")).unwrap();
    let ran = folder.run::<&str>([]);
    ran.succeeded();

    assert!(
        names_in(&folder.join("downloads")).is_empty(),
        "it was there before"
    );
    let fresh = folder.join("downloads-1");
    let names: HashSet<_> = names_in(&fresh).into_iter().collect();
    assert_eq!(names.len(), 37, "the files and the list of sums: {names:?}");
    let list = fs::read_to_string(fresh.join("SHA256SUMS")).unwrap();
    for line in list.lines() {
        let (sum, name) = line.split_once("  ").unwrap();
        assert_eq!(sha256(&fs::read(fresh.join(name)).unwrap()), sum, "{name}");
        let row = format!("  {name} ");
        let told = ran
            .stdout
            .lines()
            .filter(|line| line.starts_with(&row))
            .count();
        assert_eq!(told, 1, "{name} in {}", ran.stdout);
    }
    assert!(ran.stdout.contains("downloads-1"), "{}", ran.stdout);
    assert!(most_at_once(&ran.stdout) > 1, "{}", ran.stdout);
    assert!(
        !ran.stdout.contains('\u{1b}'),
        "plain lines for a pipe: {:?}",
        ran.stdout
    );
}

#[test]
fn fewer_at_once_is_fewer_at_once() {
    let folder = Folder::new();
    let ran = folder.run(["-j", "9", "-d", "here"]);
    ran.succeeded();
    assert_eq!(names_in(&folder.join("here")).len(), 37);
    assert!(
        (2..=9).contains(&most_at_once(&ran.stdout)),
        "{}",
        ran.stdout
    );
}

/// Broken by: writing the list with `fs::write`.
#[test]
fn a_list_of_sums_that_was_there_is_replaced_only_by_force() {
    let folder = Folder::new();
    fs::create_dir(folder.join("here")).unwrap();
    fs::write(folder.join("here/SHA256SUMS"), "mine").unwrap();
    let refused = folder.run(["-q", "-d", "here"]);
    assert_eq!(refused.code, Some(1), "{refused:#?}");
    assert!(
        refused.stderr.contains("SHA256SUMS exists already"),
        "{refused:#?}"
    );
    assert_eq!(folder.read("here/SHA256SUMS"), b"mine");
    folder.run(["-q", "-d", "here", "--force"]).succeeded();
    assert_ne!(folder.read("here/SHA256SUMS"), b"mine");
}

#[test]
fn quiet_says_nothing() {
    let folder = Folder::new();
    let ran = folder.run(["-q"]);
    assert_eq!(ran.succeeded().stdout, "");
    assert_eq!(names_in(&folder.join("downloads")).len(), 37);
}
