//! A half file whose bytes come out of their order.

use super::*;
use crate::job::check::Sha256Sum;

const BODY: &[u8] = b"0123456789abcdefghij";

/// Half of it has a sum that all of it must have.
fn scattered(folder: &Folder) -> Box<Part> {
    let mut part = folder.ours(false);
    let mut headers = HeaderMap::new();
    headers.insert("etag", "\"v1\"".parse().unwrap());
    let sidecar = Sidecar::new(URL, URL, Some(20), &headers);
    part.begin(sidecar, wanted(BODY)).unwrap();
    part.write(0, &BODY[..3]).unwrap();
    part.scatter().unwrap();
    part
}

fn wanted(body: &[u8]) -> Wanted {
    let sum = Sha256Sum::of(std::iter::once(body.to_vec()));
    let users = Digests {
        sha256: Some(sum.0),
        sha512: None,
    };
    Wanted {
        users,
        ..Wanted::default()
    }
}

fn listed(folder: &Folder) -> String {
    folder.sidecar().there.expect("it has gaps").text()
}

/// I6. Broken by: scattering without a note.
#[test]
fn the_sidecar_lists_what_is_there_before_a_byte_is_behind_a_gap() {
    let folder = Folder::new("gaps-first");
    let mut part = scattered(&folder);
    assert_eq!(listed(&folder), "0-2");
    part.write(10, &BODY[10..14]).unwrap();
    assert_eq!(listed(&folder), "0-2 10-13");
    // As a kill would: nobody writes anything down.
    std::mem::forget(part);
    let length = fs::metadata(part_path(&folder.target())).unwrap().len();
    assert_eq!(length, 14, "which says nothing");
}

/// I7. Broken by: hashing bytes as they come, or not reading what came before its turn.
#[test]
fn the_digest_is_that_of_the_whole_in_whichever_order_it_comes() {
    let folder = Folder::new("gaps-digest");
    let mut part = scattered(&folder);
    for (from, to) in [(10, 14), (3, 5), (14, 20), (8, 10), (5, 8)] {
        assert!(part.check().is_err());
        part.write(from as u64, &BODY[from..to]).unwrap();
    }
    part.finish().unwrap();
    assert_eq!(part.check(), Ok(()));
    part.publish().unwrap();
    assert_eq!(fs::read(folder.target()).unwrap(), BODY);
    assert_eq!(folder.names(), ["a"]);
}

/// Broken by: cutting it at its first gap, or leaving the gap out of what is asked for.
#[test]
fn what_is_dropped_with_gaps_is_gone_on_with_and_asks_for_the_gap() {
    let folder = Folder::new("gaps-dropped");
    let mut part = scattered(&folder);
    part.write(10, &BODY[10..20]).unwrap();
    drop(part);
    let mut part = folder.ours(false);
    assert_eq!(part.there().text(), "0-2 10-19");
    let Some(Rest::Gap(range)) = part.rest(URL, false) else {
        panic!("there is a gap");
    };
    assert_eq!((range.first, range.end, range.total), (3, 10, Some(20)));
    part.go_on(3, Some(20), wanted(BODY)).unwrap();
    part.write(3, &BODY[3..10]).unwrap();
    part.finish().unwrap();
    assert_eq!(part.check(), Ok(()));
}

/// Its length is to speak for it again. Broken by: leaving what is behind the end of a list in
/// the file.
#[test]
fn without_a_gap_it_is_an_ordinary_half_file_again() {
    let folder = Folder::new("gaps-filled");
    let mut part = scattered(&folder);
    part.write(10, &BODY[10..20]).unwrap();
    part.there.remove(10..20); // as if that write had failed in the middle
    drop(part);
    assert_eq!(folder.sidecar().there, None);
    assert_eq!(fs::metadata(part_path(&folder.target())).unwrap().len(), 3);
    assert!(matches!(
        folder.ours(false).rest(URL, false),
        Some(Rest::Behind(_))
    ));
}

/// What came last is not believed: a power cut may have taken it.
#[test]
fn of_another_boot_only_what_was_safe_is_there() {
    let folder = Folder::new("gaps-boot");
    let mut part = scattered(&folder);
    part.write(10, &BODY[10..20]).unwrap();
    drop(part); // which makes it safe
    let meta = meta_path(&folder.target());
    let text = fs::read_to_string(&meta).unwrap();
    let text = text.replace("safe: 0-2 10-19", "safe: 0-1 12-14");
    let lines = text.split('\n').filter(|line| !line.starts_with("boot: "));
    let text: Vec<_> = lines.collect();
    fs::write(&meta, text.join("\n")).unwrap();
    assert_eq!(folder.ours(false).there().text(), "0-1 12-14");
}
