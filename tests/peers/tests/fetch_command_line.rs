//! The manual page of fetch, read by two programs that read such, and its completions, loaded by
//! the shells they are for.

#![cfg(unix)]

#[path = "../../fetch_support/mod.rs"]
mod fetch_support;

use std::fs;
use std::process::{Command, Stdio};

use fetch_support::{Folder, Ran, finish, program};
use hob_peers::peer::installed;

/// Runs a program of somebody else in this folder; `None` where it is not installed.
fn run(folder: &Folder, name: &str, words: &[&str]) -> Option<Ran> {
    let mut command = Command::new(installed(name)?);
    command.args(words).current_dir(folder.path());
    command.env("HOME", folder.path()).env("TERM", "dumb");
    command.env("MANWIDTH", "80").env("LC_ALL", "C.UTF-8");
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    command.stderr(Stdio::piped());
    Some(finish(command.spawn().expect("it can be started")))
}

/// A folder with what `fetch words` prints, in the file `name`.
fn with_page(words: &[&str], name: &str) -> Folder {
    let folder = Folder::new();
    let ran = folder.run(words);
    fs::write(folder.join(name), &ran.succeeded().stdout).unwrap();
    folder
}

#[test]
fn mandoc_finds_nothing_to_say_about_the_manual_page() {
    let folder = with_page(&["--manual"], "fetch.1");
    if let Some(ran) = run(&folder, "mandoc", &["-T", "lint", "-W", "style", "fetch.1"]) {
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), ""), "{ran:#?}");
    }
}

#[test]
fn man_shows_the_manual_page() {
    let folder = with_page(&["--manual"], "fetch.1");
    if let Some(ran) = run(&folder, "man", &["--warnings", "-l", "fetch.1"]) {
        ran.succeeded();
        for line in [
            "       fetch - many downloads at once, on one thread",
            "       -j, --jobs N",
            "EXIT STATUS",
        ] {
            assert!(
                ran.stdout.lines().any(|found| found == line),
                "{}",
                ran.stdout
            );
        }
    }
}

/// Broken by: `-s #`, a comment to fish, as clap_complete writes it.
#[test]
fn fish_completes_flags_and_their_values() {
    let folder = with_page(&["--completions", "fish"], "fetch.fish");
    let script = "source fetch.fish; complete -C 'fetch --job'; complete -C 'fetch --fsync al'";
    if let Some(ran) = run(&folder, "fish", &["--no-config", "-c", script]) {
        ran.succeeded();
        let lines: Vec<_> = ran.stdout.lines().collect();
        assert!(lines[0].starts_with("--jobs\tat most N "), "{ran:#?}");
        assert_eq!(lines[1..], ["always\teach file by itself"]);
    }
}

#[test]
fn bash_completes_flags_and_their_values() {
    let folder = with_page(&["--completions", "bash"], "fetch.bash");
    // What bash itself does before and after it calls the function.
    let script = "compopt() { :; }; source fetch.bash; complete -p fetch
        try() { COMP_WORDS=(fetch \"$@\"); COMP_CWORD=$#; COMPREPLY=()
            _fetch fetch \"${@: -1}\" \"${COMP_WORDS[$#-1]}\"; echo \"${COMPREPLY[*]}\"; }
        try --job; try --fsync al; try --completions z";
    if let Some(ran) = run(&folder, "bash", &["--norc", "-c", script]) {
        ran.succeeded();
        let lines: Vec<_> = ran.stdout.lines().collect();
        assert!(lines[0].ends_with(" -F _fetch fetch"), "{ran:#?}");
        assert_eq!(lines[1..], ["--jobs", "always", "zsh"]);
    }
}

/// At a terminal of its own, as zsh completes nowhere else.
#[test]
fn zsh_completes_flags_and_their_values() {
    let folder = with_page(&["--completions", "zsh"], "_fetch");
    let script = r#"zmodload zsh/zpty
        zpty z 'zsh -f -i'
        zpty -w z "PS1=; fpath=($PWD \$fpath); autoload -Uz compinit; compinit -u -D; print RE''ADY"
        zpty -r z line '*READY*'
        zpty -w -n z $'fetch --fsync al\t--job\t'
        zpty -r -m z line '*always*--jobs*'
        print -r -- "${line//[^a-z -]/}""#;
    if let Some(ran) = run(&folder, "zsh", &["-f", "-c", script]) {
        assert!(
            ran.stdout.contains("always") && ran.stdout.contains("--jobs"),
            "{ran:#?}"
        );
    }
}

/// `--completions` for the others is text that nobody here can load; it is there at least.
#[test]
fn every_shell_has_a_script() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let folder = Folder::new();
        let ran = folder.run(["--completions", shell]);
        assert!(ran.succeeded().stdout.contains("jobs"), "{shell}");
    }
    assert!(program().is_file());
}
