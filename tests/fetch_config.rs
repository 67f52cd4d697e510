//! Config files: flags out of a file have the effect that they have on the command line, and
//! the user's own file comes first, so that the command line has the last word.

#![cfg(all(feature = "http", not(windows)))]

mod fetch_support;

use std::fs;
use std::io::Write;
use std::process::Stdio;

use fetch_support::{Folder, finish, heads};

/// A folder with the user's own config file in it.
fn with_own(text: &str) -> Folder {
    let folder = Folder::new();
    fs::create_dir_all(folder.join("own/fetch")).unwrap();
    fs::write(folder.join("own/fetch/config"), text).unwrap();
    folder
}

fn read(folder: &Folder, name: &str) -> String {
    String::from_utf8(folder.read(name)).unwrap()
}

#[test]
fn flags_come_from_files_and_take_effect_at_their_place() {
    let (folder, server) = (Folder::new(), heads());
    let url = server.url("/x");
    let text = format!("# mine\nuser-agent = \"from the file\"\n-o first\nurl = {url}\n");
    fs::write(folder.join("flags"), text).unwrap();
    folder.run(["-K", "flags"]).succeeded();
    assert!(read(&folder, "first").contains("\r\nuser-agent: from the file\r\n"));
    folder
        .run(["-K", "flags", "-A", "later", "--force"])
        .succeeded();
    assert!(read(&folder, "first").contains("\r\nuser-agent: later\r\n"));
    folder
        .run(["-A", "earlier", "--config", "flags", "--force"])
        .succeeded();
    assert!(read(&folder, "first").contains("\r\nuser-agent: from the file\r\n"));
}

/// Broken by: reading it after the command line, or in spite of `--no-config`.
#[test]
fn the_users_own_file_comes_first_and_can_be_left_out() {
    let folder = with_own("user-agent = own\nreferer = http://own/\n");
    let server = heads();
    let url = server.url("/x");
    folder.run(["-A", "later", &url]).succeeded();
    let head = read(&folder, "x");
    assert!(head.contains("\r\nuser-agent: later\r\n"), "{head}");
    assert!(head.contains("\r\nreferer: http://own/\r\n"), "{head}");
    for flag in ["--no-config", "--disable"] {
        folder.run([&url, flag, "--force"]).succeeded();
        assert!(!read(&folder, "x").contains("own"), "{flag}");
    }
}

#[test]
fn a_file_may_be_standard_input() {
    let (folder, server) = (Folder::new(), heads());
    let mut child = folder
        .fetch(["-K", "-"])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    writeln!(stdin, "url = {}", server.url("/x")).unwrap();
    drop(stdin);
    finish(child).succeeded();
    assert_eq!(folder.names(), ["x"]);
}

/// Broken by: repeating the value of the line.
#[test]
fn what_is_wrong_is_told_with_its_line_and_without_its_value() {
    let folder = Folder::new();
    for (text, why) in [
        (
            "quiet\nuser = hidden\n",
            "flags, line 2: --user: write it as NAME:PASSWORD",
        ),
        (
            "usre = hidden\n",
            "flags, line 1: there is no flag --usre; is --user meant?",
        ),
        ("quiet = hidden\n", "flags, line 1: --quiet takes no value"),
        ("user = \"hidden\n", "flags, line 1: the quotes have no end"),
        ("jobs\n", "flags, line 1: --jobs needs a value"),
        (
            "config = flags\n",
            "flags: too many config files in each other",
        ),
        ("config = none\n", "flags, line 1: cannot read none: "),
    ] {
        fs::write(folder.join("flags"), text).unwrap();
        let ran = folder.run(["-K", "flags", "http://h/"]);
        assert_eq!(ran.code, Some(2), "{text}: {ran:#?}");
        assert!(ran.stderr.contains(why), "{why}: {ran:#?}");
        assert!(!ran.stderr.contains("hidden"), "{ran:#?}");
    }
    let ran = with_own("nonsense").run(["http://h/"]);
    assert!(
        ran.stderr.contains("own/fetch/config, line 1: "),
        "{ran:#?}"
    );
    let ran = with_own("nonsense").run(["--help"]);
    assert_eq!(ran.code, Some(0), "who is lost finds help");
}
