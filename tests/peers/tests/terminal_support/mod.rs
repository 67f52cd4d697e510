//! A terminal to try things in: tmux's, with a shell in it, driven as a person would.
//!
//! A [`Window`] has a server of its own (`tmux -L`), so no test meets another one's, nor that of
//! whoever runs them. What is on its screen is asked for again and again, until it is as it
//! should be, or the guard says that it never will.

#![allow(dead_code)] // each test binary uses its own part of this

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use hob_peers::peer::installed;

use crate::fetch_support::{Folder, GUARD};

/// The shell's: with the number of the command that it is for, so that it is told from the
/// prompt before, and from all that a program says.
fn prompt(number: u32) -> String {
    format!("READY {number}$")
}

pub(crate) struct Window {
    tmux: PathBuf,
    socket: String,
    /// Where the socket is. It goes away with this, which tmux does not see to.
    sockets: Folder,
    /// How many lines the shell was given.
    typed: Cell<u32>,
}

impl Window {
    /// With a shell in this folder. `None`, having said so, where there is no tmux.
    pub(crate) fn open(lines: usize, columns: usize, folder: &Path) -> Option<Window> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let window = Window {
            tmux: installed("tmux")?,
            socket: format!("hob-{}-{number}", std::process::id()),
            sockets: Folder::new(),
            typed: Cell::new(0),
        };
        let (lines, columns) = (lines.to_string(), columns.to_string());
        let folder = folder.to_str().expect("the folder has a plain name");
        let session = ["-u", "-f", "/dev/null", "new-session", "-d", "-c", folder];
        let size = ["-x", &columns, "-y", &lines];
        let shell = ["bash", "--norc", "--noprofile"];
        window.tmux(&[&session[..], &size[..], &shell[..]].concat());
        window.tmux(&["set-option", "-g", "history-limit", "5000"]);
        window.type_line("PS1='READY \\#$ '; clear");
        window.until("a prompt", |screen| screen[0].trim_end() == prompt(2));
        Some(window)
    }

    /// What tmux says to this command.
    fn tmux(&self, words: &[&str]) -> String {
        let mut command = Command::new(&self.tmux);
        command.args(["-L", &self.socket]).args(words);
        command.env("TMUX_TMPDIR", self.sockets.path());
        command
            .env("LC_ALL", "C.UTF-8")
            .env("TERM", "xterm-256color");
        command
            .env_remove("TMUX")
            .env_remove("NO_COLOR")
            .env_remove("RUST_LOG");
        let output = command.output().expect("tmux can be started");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "tmux {words:?}: {said}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Types into the shell.
    pub(crate) fn type_line(&self, line: &str) {
        self.typed.set(self.typed.get() + 1);
        self.tmux(&["send-keys", "-l", "--", line]);
        self.press("Enter");
    }

    /// One key, by tmux's name for it.
    pub(crate) fn press(&self, key: &str) {
        self.tmux(&["send-keys", key]);
    }

    /// One character.
    pub(crate) fn press_character(&self, character: char) {
        self.tmux(&["send-keys", "-l", "--", &character.to_string()]);
    }

    pub(crate) fn resize(&self, lines: usize, columns: usize) {
        let (lines, columns) = (lines.to_string(), columns.to_string());
        self.tmux(&["resize-window", "-x", &columns, "-y", &lines]);
    }

    /// The lines that are to be seen.
    pub(crate) fn screen(&self) -> Vec<String> {
        lines(&self.tmux(&["capture-pane", "-p"]))
    }

    /// These, and all that have scrolled by.
    pub(crate) fn history(&self) -> Vec<String> {
        lines(&self.tmux(&["capture-pane", "-p", "-S", "-"]))
    }

    /// The same with the colours in it.
    pub(crate) fn coloured(&self) -> String {
        self.tmux(&["capture-pane", "-p", "-e"])
    }

    pub(crate) fn cursor_is_seen(&self) -> bool {
        self.tmux(&["display-message", "-p", "#{cursor_flag}"])
            .trim()
            == "1"
    }

    /// Looks until it is so, and gives back what it saw.
    #[track_caller]
    pub(crate) fn until(&self, what: &str, is: impl Fn(&[String]) -> bool) -> Vec<String> {
        let started = Instant::now();
        loop {
            let screen = self.screen();
            if is(&screen) {
                return screen;
            }
            assert!(
                started.elapsed() < GUARD,
                "never: {what}\n{}",
                screen.join("\n")
            );
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Until a line has all of these words in it.
    #[track_caller]
    pub(crate) fn until_line(&self, words: &[&str]) -> Vec<String> {
        let has = |line: &String| words.iter().all(|word| line.contains(word));
        self.until(&format!("{words:?}"), |screen| screen.iter().any(has))
    }

    /// Until the shell asks for the next command.
    #[track_caller]
    pub(crate) fn until_prompt(&self) -> Vec<String> {
        self.until("a prompt", |screen| {
            let last = screen.iter().rfind(|line| !line.is_empty());
            last.is_some_and(|line| line.trim_end() == prompt(self.typed.get() + 1))
        })
    }

    /// What a command prints, in one line.
    #[track_caller]
    pub(crate) fn ask(&self, command: &str) -> String {
        // Told from an earlier answer, and from its own echo.
        let mark = format!("={}=", self.typed.get());
        self.type_line(&format!("a=$({command}); clear; echo \"{mark}$a=\""));
        let answer = |line: &String| {
            let answer = line.strip_prefix(&mark)?.strip_suffix('=')?;
            Some(answer.to_owned())
        };
        let screen = self.until(command, |screen| screen.iter().any(|l| answer(l).is_some()));
        screen.iter().find_map(answer).expect("it was just seen")
    }

    /// Is the terminal as a shell's command should leave it?
    #[track_caller]
    pub(crate) fn is_restored(&self) {
        let modes = self.ask("stty -a | grep -ow -e -icanon -e icanon -e -echo -e echo | xargs");
        assert_eq!(modes, "icanon echo");
        assert!(self.cursor_is_seen());
    }
}

fn lines(text: &str) -> Vec<String> {
    text.lines().map(str::to_owned).collect()
}

impl Drop for Window {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("on the screen:\n{}", self.screen().join("\n"));
        }
        let mut command = Command::new(&self.tmux);
        command.env("TMUX_TMPDIR", self.sockets.path());
        command.args(["-L", &self.socket, "kill-server"]);
        let _ = command.output();
    }
}
