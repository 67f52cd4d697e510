//! What is left in a folder, whatever happens to a half file.

use hob::http::HeaderMap;

mod gaps;

use std::fs;

use super::*;
use crate::job::sidecar::Beside;

const URL: &str = "http://h/a";

/// A folder that goes away with the test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let name = format!("fetch-part-{}-{name}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir(&path).unwrap();
        Folder(path)
    }

    fn target(&self) -> PathBuf {
        self.0.join("a")
    }

    fn names(&self) -> Vec<String> {
        let names = fs::read_dir(&self.0).unwrap();
        let mut names: Vec<_> = names
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    fn claim(&self, force: bool) -> io::Result<Claim> {
        Part::claim(&self.target(), URL, Replace::of(force), true)
    }

    #[track_caller]
    fn ours(&self, force: bool) -> Box<Part> {
        match self.claim(force).unwrap() {
            Claim::Ours(part) => part,
            Claim::There(length) => panic!("{length} bytes are there"),
        }
    }

    #[track_caller]
    fn sidecar(&self) -> Sidecar {
        match Sidecar::read(&meta_path(&self.target())).unwrap() {
            Beside::Sidecar(sidecar) => *sidecar,
            other => panic!("{other:?}"),
        }
    }

    #[track_caller]
    fn refusal(&self, force: bool) -> String {
        self.claim(force).unwrap_err().to_string()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn begun(part: &mut Part, total: u64, etag: Option<&str>) {
    let mut headers = HeaderMap::new();
    if let Some(etag) = etag {
        headers.insert("etag", etag.parse().unwrap());
    }
    let sidecar = Sidecar::new(URL, URL, Some(total), &headers);
    part.begin(sidecar, Wanted::default()).unwrap();
}

#[test]
fn a_file_has_its_name_only_once_it_is_published() {
    for force in [false, true] {
        let folder = Folder::new(&format!("whole-{force}"));
        let mut part = folder.ours(force);
        begun(&mut part, 5, Some("\"v1\""));
        part.write(0, b"whole").unwrap();
        assert_eq!(folder.names(), ["a.part"], "a small file has no sidecar");
        part.publish().unwrap();
        assert_eq!(folder.names(), ["a"]);
        assert_eq!(fs::read(folder.target()).unwrap(), b"whole");
        assert!(matches!(folder.claim(false), Ok(Claim::There(5))));
    }
}

#[test]
fn what_nobody_could_go_on_with_is_removed() {
    let folder = Folder::new("dropped");
    drop(folder.ours(false));
    assert!(folder.names().is_empty());
    for etag in [None, Some("W/\"weak\"")] {
        let mut part = folder.ours(false);
        begun(&mut part, 100, etag);
        part.write(0, b"half").unwrap();
        drop(part);
        assert!(folder.names().is_empty());
    }
}

/// Broken by: leaving `keep` out of the drop; or the `set_len` out of `keep`.
#[test]
fn what_can_be_gone_on_with_stays_and_is_found_again() {
    let folder = Folder::new("kept");
    let mut part = folder.ours(false);
    begun(&mut part, 100, Some("\"v1\""));
    part.write(0, b"half").unwrap();
    part.file().write_all(b"of a write that failed").unwrap();
    drop(part);
    assert_eq!(folder.names(), ["a.part", "a.part.meta"]);
    assert_eq!(fs::read(folder.0.join("a.part")).unwrap(), b"half");
    let mut part = folder.ours(false);
    let Some(Rest::Behind(resume)) = part.rest(URL, false) else {
        panic!()
    };
    assert_eq!((resume.have, resume.total), (4, Some(100)));
    part.go_on(4, Some(100), Wanted::default()).unwrap();
    part.write(4, b" and rest").unwrap();
    part.publish().unwrap();
    assert_eq!(folder.names(), ["a"]);
    assert_eq!(fs::read(folder.target()).unwrap(), b"half and rest");
}

/// I5. Broken by: writing the sidecar behind the bytes, or not at all.
#[test]
fn a_long_file_has_its_sidecar_before_it_is_long() {
    let folder = Folder::new("long");
    let mut part = folder.ours(false);
    begun(&mut part, 10 << 20, Some("\"v1\""));
    part.write(0, &vec![7; SMALL as usize]).unwrap();
    assert_eq!(folder.names(), ["a.part"]);
    // Writing to it fails, so that what is there is what was there before the write.
    part.file = Some(File::open(folder.0.join("a.part")).unwrap());
    part.write(SMALL, b"!").unwrap_err();
    assert_eq!(folder.names(), ["a.part", "a.part.meta"]);
    let sidecar = folder.sidecar();
    assert_eq!((sidecar.safe.sum(), sidecar.total), (0, Some(10 << 20)));
}

/// Broken by: leaving `beside` out of `write`.
#[test]
fn a_sidecar_that_is_there_never_speaks_of_another_versions_bytes() {
    let folder = Folder::new("stale");
    let mut part = folder.ours(false);
    begun(&mut part, 100, Some("\"v1\""));
    part.write(0, b"half").unwrap();
    drop(part);
    let mut part = folder.ours(false);
    begun(&mut part, 200, Some("\"v2\""));
    part.write(0, b"h").unwrap();
    assert_eq!(folder.sidecar().total, Some(200));
}

/// Broken by: taking a long `.part` over that has no sidecar; or leaving a short one alone.
#[test]
fn what_a_kill_left_is_begun_again_and_a_strangers_file_is_left_alone() {
    let folder = Folder::new("left");
    let (half, meta) = (folder.0.join("a.part"), folder.0.join("a.part.meta"));
    let longest = vec![0; SMALL as usize];
    for (bytes, note) in [
        (&b""[..], None),
        (b"of a small file", None),
        (&longest, None),
        (b"zeros", Some("")),
        (b"", Some("")),
    ] {
        fs::write(&half, bytes).unwrap();
        if let Some(note) = note {
            fs::write(&meta, note).unwrap();
        }
        fs::write(folder.0.join("a.part.meta~"), "hob f").unwrap();
        let mut part = folder.ours(false);
        assert!(part.rest(URL, false).is_none());
        begun(&mut part, 3, None);
        part.write(0, b"new").unwrap();
        part.publish().unwrap();
        assert_eq!(folder.names(), ["a"]);
        assert_eq!(fs::read(folder.target()).unwrap(), b"new");
        fs::remove_file(folder.target()).unwrap();
    }
    fs::write(&half, vec![0; SMALL as usize + 1]).unwrap();
    let refused = folder.refusal(false);
    assert!(refused.contains("did not leave it there"), "{refused}");
    assert_eq!(folder.names(), ["a.part"]);
    assert_eq!(folder.ours(true).length(), 0, "force begins it again");
    fs::remove_file(&half).unwrap();
    fs::write(&meta, "a stranger's").unwrap();
    let refused = folder.refusal(false);
    assert!(refused.contains("is not this fetch's"), "{refused}");
    assert_eq!(folder.names(), ["a.part.meta"]);
}

/// Broken by: `tidy` removing nothing, or everything.
#[test]
fn a_sidecar_without_its_half_file_is_tidied_up_once_the_file_is_there() {
    let folder = Folder::new("orphan");
    let (meta, unfinished) = (folder.0.join("a.part.meta"), folder.0.join("a.part.meta~"));
    let note = |url| {
        let sidecar = Sidecar::new(url, url, None, &HeaderMap::new());
        sidecar.write(&meta, false).unwrap();
    };
    fs::write(folder.target(), "whole").unwrap();
    note(URL);
    fs::write(&unfinished, "hob fetch, half of a file, 1\nurl: h").unwrap();
    assert!(matches!(folder.claim(false), Ok(Claim::There(5))));
    assert_eq!(folder.names(), ["a"]);

    note("http://h/other");
    fs::write(&unfinished, "a stranger's").unwrap();
    assert!(matches!(folder.claim(false), Ok(Claim::There(5))));
    assert_eq!(folder.names(), ["a", "a.part.meta", "a.part.meta~"]);
    fs::remove_file(&unfinished).unwrap();

    note(URL);
    fs::write(folder.0.join("a.part"), "half").unwrap();
    assert!(matches!(folder.claim(false), Ok(Claim::There(5))));
    assert_eq!(
        folder.names(),
        ["a", "a.part", "a.part.meta"],
        "it has its half file"
    );
}

/// Broken by: leaving `is_by_us` out.
#[cfg(unix)]
#[test]
fn a_short_one_that_has_another_name_too_is_left_alone() {
    let folder = Folder::new("linked");
    let (half, other) = (folder.0.join("a.part"), folder.0.join("precious"));
    fs::write(&other, "mine").unwrap();
    fs::hard_link(&other, &half).unwrap();
    let refused = folder.refusal(false);
    assert!(refused.contains("did not leave it there"), "{refused}");
    assert_eq!(fs::read(&other).unwrap(), b"mine");
}

#[test]
fn half_of_another_urls_file_is_neither_used_nor_lost() {
    let folder = Folder::new("other");
    let mut part = folder.ours(false);
    begun(&mut part, 100, Some("\"v1\""));
    part.write(0, b"half").unwrap();
    drop(part);
    let claim = |force| Part::claim(&folder.target(), "http://h/other", Replace::of(force), true);
    let refused = claim(false).unwrap_err().to_string();
    assert!(refused.contains("half of another URL"), "{refused}");
    assert_eq!(folder.names(), ["a.part", "a.part.meta"]);
    let Ok(Claim::Ours(part)) = claim(true) else {
        panic!("force takes it");
    };
    assert!(part.rest(URL, false).is_none());
}

/// Broken by: publishing with `rename` instead of `hard_link`.
#[test]
fn a_file_that_came_to_exist_meanwhile_is_not_replaced() {
    let folder = Folder::new("late");
    let part = folder.ours(false);
    fs::write(folder.target(), "theirs").unwrap();
    let refused = part.publish().unwrap_err();
    assert_eq!(refused.kind(), io::ErrorKind::AlreadyExists);
    assert_eq!(fs::read(folder.target()).unwrap(), b"theirs");
    assert_eq!(folder.names(), ["a"], "and the half file is gone");
}

#[test]
fn without_hard_links_an_existing_file_is_still_not_replaced() {
    let folder = Folder::new("fat");
    let part = folder.ours(false);
    part.rename_if_free().unwrap();
    assert_eq!(folder.names(), ["a"]);
    fs::write(&part.path, "second").unwrap();
    assert!(part.rename_if_free().is_err());
    assert_eq!(fs::read(folder.target()).unwrap(), b"");
}

/// Broken by: taking a half file over without its lock.
#[cfg(unix)]
#[test]
fn what_another_fetch_writes_is_refused_even_by_force() {
    let folder = Folder::new("busy");
    let ours = folder.ours(false);
    for force in [false, true] {
        let refused = folder.refusal(force);
        assert!(
            refused.contains("being written by another fetch"),
            "{refused}"
        );
    }
    assert_eq!(folder.names(), ["a.part"]);
    drop(ours);
    drop(folder.ours(false));
}

/// Broken by: `is_at` answering true, in `publish` or in the drop.
#[cfg(unix)]
#[test]
fn a_part_that_somebody_replaced_is_neither_published_nor_removed() {
    let folder = Folder::new("replaced");
    for force in [false, true] {
        let ours = folder.ours(force);
        let half = folder.0.join("a.part");
        fs::remove_file(&half).unwrap();
        fs::write(&half, "theirs").unwrap();
        let refused = ours.publish().unwrap_err().to_string();
        assert!(refused.contains("somebody replaced"), "{refused}");
        assert_eq!(folder.names(), ["a.part"]);
        assert_eq!(fs::read(&half).unwrap(), b"theirs");
        fs::remove_file(&half).unwrap();
    }
}

/// Broken by: `tidy` removing nothing, or everything.
#[cfg(unix)]
#[test]
fn one_file_under_both_names_is_tidied_up() {
    let folder = Folder::new("both");
    let half = folder.0.join("a.part");
    fs::write(folder.target(), "whole").unwrap();
    fs::hard_link(folder.target(), &half).unwrap();
    assert!(matches!(folder.claim(false), Ok(Claim::There(5))));
    assert_eq!(folder.names(), ["a"]);
    fs::write(&half, "another").unwrap();
    assert!(matches!(folder.claim(false), Ok(Claim::There(5))));
    assert_eq!(folder.names(), ["a", "a.part"]);
}

/// Broken by: leaving `has_other_names` out of `claim`.
#[cfg(unix)]
#[test]
fn a_file_that_has_its_name_is_not_written_over_by_its_other_one() {
    let folder = Folder::new("names");
    let (half, elsewhere) = (folder.0.join("a.part"), folder.0.join("proposed"));
    // By force, where the name is the URL's; and without, where it is one that a server proposed.
    for (force, name) in [(true, folder.target()), (false, elsewhere)] {
        let mut part = folder.ours(force);
        begun(&mut part, 100, Some("\"v1\""));
        part.write(0, b"half").unwrap();
        drop(part);
        fs::hard_link(&half, &name).unwrap();
        let mut part = folder.ours(force);
        begun(&mut part, 3, Some("\"v2\""));
        part.write(0, b"new").unwrap();
        assert_eq!(fs::read(&name).unwrap(), b"half");
        fs::remove_file(&name).unwrap();
        part.discard();
    }
}

#[test]
fn the_longest_name_leaves_room_for_the_suffix() {
    let long = "a".repeat(251) + ".txt";
    for (path, suffix) in [
        (part_path(Path::new(&long)), "a.txt.part"),
        (meta_path(Path::new(&long)), "a.txt.part.meta"),
    ] {
        let name = path.to_str().unwrap();
        assert!(name.len() < 255 && name.ends_with(suffix), "{name}");
    }
}
