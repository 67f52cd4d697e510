//! The disk is full, the folder cannot be written to, or goes away in the middle: the tool says
//! so, ends, and leaves no half file under the final name; once there is room, the next run gets
//! the file.
//!
//! Small disks are mounted in a mount namespace of the test's own, which takes root; where that
//! does not work the test says so and passes.

#![cfg(target_os = "linux")]

#[path = "../../fetch_support/mod.rs"]
mod fetch_support;

use std::fs;
use std::process::{Command, Stdio};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex};

use fetch_support::{Folder, GUARD, Ran, Server, bytes, finish, program};
use hob_peers::peer::missing;

const SIZE: usize = 3 << 20;

fn honest() -> Server {
    let file = bytes(SIZE);
    Server::start(move |exchange| exchange.ok(&file))
}

/// Can a disk be mounted that nobody else sees?
fn can_mount() -> bool {
    let mut probe = Command::new("unshare");
    probe.args(["-m", "mount", "-t", "tmpfs", "none", "/mnt"]);
    probe.stdout(Stdio::null()).stderr(Stdio::null());
    let can = probe.status().is_ok_and(|status| status.success());
    if !can {
        missing("the right to mount a disk of one's own");
    }
    can
}

/// Runs a script of sh in a namespace of its own; `$fetch`, `$disk` and `$url` are known to it.
fn script(folder: &Folder, url: &str, lines: &str) -> Ran {
    fs::create_dir(folder.join("disk")).unwrap();
    let mut command = Command::new("unshare");
    command.args(["-m", "sh", "-c", lines]);
    command.env("fetch", program()).env("url", url);
    command.env("disk", folder.join("disk"));
    command.stdin(Stdio::null());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    finish(command.spawn().expect("unshare starts"))
}

/// Broken by: not passing on what `write` says.
#[test]
fn a_full_disk_is_told_and_with_room_the_next_run_gets_the_file() {
    if !can_mount() {
        return;
    }
    let (folder, server) = (Folder::new(), honest());
    let ran = script(
        &folder,
        &server.url("/f"),
        r#"mount -t tmpfs -o size=1m none "$disk" && cd "$disk" || exit 77
        "$fetch" -q "$url"; echo "ended $?"; [ -e f ] && echo "half a file"
        mount -o remount,size=16m "$disk" || exit 77
        "$fetch" -q "$url"; echo "ended $?"; ls -A; cp f ..
        "#,
    );
    let words: Vec<&str> = ran.stdout.lines().collect();
    assert_eq!(words.len(), 3, "{ran:#?}");
    assert!(
        words[0].starts_with("ended ") && words[0] != "ended 0",
        "{ran:#?}"
    );
    assert_eq!(words[1..], ["ended 0", "f"], "{ran:#?}");
    assert_eq!(ran.failures().len(), 1, "{ran:#?}");
    assert!(ran.stderr.contains("No space left"), "{ran:#?}");
    assert!(folder.read("f") == bytes(SIZE));
}

#[test]
fn a_folder_that_cannot_be_written_to_is_told_and_nothing_is_asked_for() {
    if !can_mount() {
        return;
    }
    let (folder, server) = (Folder::new(), honest());
    let ran = script(
        &folder,
        &server.url("/f"),
        r#"mount -t tmpfs -o ro none "$disk" && cd "$disk" || exit 77
        "$fetch" -q "$url"; echo "ended $?"; ls -A
        "#,
    );
    assert!(!ran.stdout.contains("ended 0"), "{ran:#?}");
    assert_eq!(ran.stdout.lines().count(), 1, "{ran:#?}");
    assert_eq!(ran.failures().len(), 1, "{ran:#?}");
    assert!(ran.stderr.contains("Read-only"), "{ran:#?}");
    assert!(server.seen().is_empty(), "no byte was fetched in vain");
}

/// A file may not get larger than this: as a quota, without a disk of one's own.
#[test]
fn a_file_that_may_not_grow_is_told_and_the_next_run_gets_it() {
    let (folder, server) = (Folder::new(), honest());
    let mut command = Command::new("sh");
    command.args(["-c", "trap '' XFSZ; ulimit -f 1000; exec \"$0\" -q \"$1\""]);
    command.arg(program()).arg(server.url("/f"));
    command.current_dir(folder.path()).stdin(Stdio::null());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let ran = finish(command.spawn().unwrap());
    assert_ne!(ran.code, Some(0), "{ran:#?}");
    assert_eq!(ran.failures().len(), 1, "{ran:#?}");
    assert!(ran.stderr.contains("File too large"), "{ran:#?}");
    assert!(!folder.join("f").exists());
    let ran = folder.run([server.url("/f")]);
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    assert!(folder.read("f") == bytes(SIZE));
    assert_eq!(folder.names(), ["f"]);
}

/// A server that stops in the middle until it is told to go on.
fn halting() -> (Server, Receiver<()>, Sender<()>) {
    let (in_the_middle, reached) = mpsc::channel();
    let (go_on, told) = mpsc::channel();
    let halt = Arc::new(Mutex::new(Some((in_the_middle, told))));
    let file = bytes(SIZE);
    let server = Server::start(move |exchange| {
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {SIZE}\r\n\r\n");
        exchange.raw(head.as_bytes())?;
        exchange.raw(&file[..SIZE / 2])?;
        let halt = halt.lock().unwrap().take();
        if let Some((in_the_middle, told)) = halt {
            let _ = in_the_middle.send(());
            let _ = told.recv_timeout(GUARD);
        }
        exchange.raw(&file[SIZE / 2..])
    });
    (server, reached, go_on)
}

/// What becomes of a download whose folder meets this fate in the middle.
fn a_fate_of_the_folder(fate: impl Fn(&Folder)) {
    let folder = Folder::new();
    let (server, reached, go_on) = halting();
    let url = server.url("/f");
    let child = folder.fetch(["-q", "-d", "out", &url]).spawn().unwrap();
    reached.recv_timeout(GUARD).unwrap();
    // The half file is there before the request was sent.
    assert!(folder.join("out/f.part").exists());
    fate(&folder);
    go_on.send(()).unwrap();
    let ran = finish(child);
    assert_eq!(ran.code.map(|code| code != 0), Some(true), "{ran:#?}");
    assert_eq!(ran.failures().len(), 1, "{ran:#?}");
    assert!(!folder.join("out/f").exists() && !folder.join("elsewhere/f").exists());
    let ran = folder.run(["-d", "out", &url]);
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    assert!(folder.read("out/f") == bytes(SIZE));
    assert_eq!(fetch_support::names_in(&folder.join("out")), ["f"]);
}

/// Broken by: taking a link that cannot be made for one that need not be made.
#[test]
fn a_folder_that_is_removed_in_the_middle_is_told_and_the_next_run_gets_the_file() {
    a_fate_of_the_folder(|folder| fs::remove_dir_all(folder.join("out")).unwrap());
}

#[test]
fn a_folder_that_is_renamed_in_the_middle_is_told_and_the_next_run_gets_the_file() {
    a_fate_of_the_folder(|folder| {
        fs::rename(folder.join("out"), folder.join("elsewhere")).unwrap()
    });
}

#[test]
fn a_folder_that_is_replaced_in_the_middle_is_told_and_the_next_run_gets_the_file() {
    a_fate_of_the_folder(|folder| {
        fs::rename(folder.join("out"), folder.join("elsewhere")).unwrap();
        fs::create_dir(folder.join("out")).unwrap();
        // Somebody else's half file of the same name.
        fs::write(folder.join("out/f.part"), "theirs").unwrap();
    });
}
