//! A full disk, no descriptors left, a folder that one may not write to: one clear line for
//! each download that met it, and nothing half is left.

#![cfg(all(feature = "http", target_os = "linux"))]

mod fetch_support;

use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use std::{fs, io};

use fetch_support::{Folder, Server, bytes, finish, program};

/// Serves one megabyte under each name.
fn megabytes() -> Server {
    Server::start(|exchange| exchange.ok(&bytes(1_000_000)))
}

fn am_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}

/// A small file system in memory, for as long as this lives.
struct SmallDisk<'a>(&'a Path);

impl SmallDisk<'_> {
    fn mount(at: &Path) -> Option<SmallDisk<'_>> {
        let mut mount = Command::new("mount");
        mount
            .args(["-t", "tmpfs", "-o", "size=2500k", "tmpfs"])
            .arg(at);
        let mounted = mount.output().is_ok_and(|output| output.status.success());
        mounted.then_some(SmallDisk(at))
    }
}

impl Drop for SmallDisk<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.0).status();
    }
}

#[test]
fn a_full_disk_is_told_and_leaves_no_half_file() {
    let (folder, server) = (Folder::new(), megabytes());
    let out = folder.join("out");
    fs::create_dir(&out).unwrap();
    let Some(_disk) = SmallDisk::mount(&out) else {
        println!("skipped: this user may not mount a small file system");
        return;
    };
    let mut words = ["-d", "out", "-j1"].map(String::from).to_vec();
    words.extend((0..5).map(|n| server.url(&format!("/{n}"))));
    let ran = folder.run(words);
    assert_eq!(ran.code, Some(23));
    assert_eq!(ran.failures().len(), 3, "{ran:#?}");
    for line in ran.stderr.lines() {
        assert!(
            line.contains("writing out/") && line.contains("No space left"),
            "{line}"
        );
    }
    assert_eq!(fetch_support::names_in(&out), ["0", "1"]);
    assert_eq!(fs::metadata(out.join("1")).unwrap().len(), 1_000_000);
}

#[test]
fn too_few_descriptors_fail_some_downloads_and_no_other() {
    let (folder, server) = (Folder::new(), megabytes());
    let mut limited = Command::new("prlimit");
    limited
        .arg("--nofile=40:40")
        .arg(program())
        .current_dir(folder.path());
    limited.args((0..60).map(|n| server.url(&format!("/{n}"))));
    limited
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped());
    let child = match limited.spawn() {
        Ok(child) => child,
        Err(e) => {
            println!("skipped: no prlimit here ({e})");
            return;
        }
    };
    let ran = finish(child);
    assert!(matches!(ran.code, Some(1 | 6 | 7 | 23)), "{ran:#?}");
    let failed = ran.failures().len();
    assert_eq!(ran.stderr.lines().count(), failed, "a line each: {ran:#?}");
    assert!(
        ran.failures()
            .iter()
            .all(|line| line.contains("Too many open files")),
        "{ran:#?}"
    );
    let names = folder.names();
    assert_eq!(names.len() + failed, 60, "{names:?}");
    assert!(failed > 0 && !names.is_empty());
    for name in names {
        assert_eq!(folder.read(&name).len(), 1_000_000, "{name}");
    }
}

/// Broken by: ending the server at the first error of `accept`.
#[test]
fn the_demonstrations_server_outlives_a_lack_of_descriptors() {
    let folder = Folder::new();
    let mut limited = Command::new("prlimit");
    limited
        .arg("--nofile=40:40")
        .arg(program())
        .current_dir(folder.path());
    limited
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped());
    let child = match limited.spawn() {
        Ok(child) => child,
        Err(e) => {
            println!("skipped: no prlimit here ({e})");
            return;
        }
    };
    let ran = finish(child);
    assert!(matches!(ran.code, Some(1 | 6 | 7 | 23)), "{ran:#?}");
    assert_eq!(ran.stderr.lines().count(), ran.failures().len(), "{ran:#?}");
    let lack = |line: &&str| line.contains("Too many open files");
    assert!(ran.failures().iter().all(lack), "{ran:#?}");
    assert!(ran.stdout.contains("The server had "), "{ran:#?}");
}

#[test]
fn a_folder_that_is_not_ours_is_told() {
    let (folder, server) = (Folder::new(), megabytes());
    let out = folder.join("out");
    fs::create_dir(&out).unwrap();
    fs::set_permissions(&out, fs::Permissions::from_mode(0o555)).unwrap();
    let mut run = folder.fetch(["-d", "out", &server.url("/a")]);
    if am_root() {
        run.uid(65534).gid(65534); // root may write anywhere; nobody may not
    }
    let child = match run.spawn() {
        Err(e) if e.kind() == io::ErrorKind::PermissionDenied => {
            println!("skipped: nobody may run {}", program().display());
            return;
        }
        child => child.unwrap(),
    };
    let ran = finish(child);
    assert_eq!(
        (ran.code, ran.stderr.lines().count()),
        (Some(23), 1),
        "{ran:#?}"
    );
    assert!(
        ran.stderr
            .contains("creating out/a.part: Permission denied"),
        "{ran:#?}"
    );
    assert!(server.seen().is_empty());
}
