//! What a person sees of `fetch`, and what keys do, in a terminal: that of tmux, which is driven
//! and looked at by its commands. Where it is not installed the tests say so and pass, and with
//! `HOB_PEERS=required` they fail.
//!
//! The server gives its files by drops until it is told to let go, so nothing is over before it
//! was looked at, and no clock is.

#![cfg(unix)]

#[path = "../../fetch_support/mod.rs"]
mod fetch_support;
mod terminal_support;

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use fetch_support::{Exchange, Folder, GUARD, Server, bytes, program};
use terminal_support::Window;

const SIZE: usize = 400_000;

/// A server that drips, a window, and a folder to fetch into.
struct Stage {
    window: Window,
    folder: Folder,
    server: Server,
    flows: Arc<AtomicBool>,
}

impl Stage {
    fn set(lines: usize, columns: usize) -> Option<Stage> {
        let folder = Folder::new();
        let window = Window::open(lines, columns, folder.path())?;
        let flows = Arc::new(AtomicBool::new(false));
        let theirs = flows.clone();
        let server = Server::start(move |exchange| drip(exchange, &theirs));
        Some(Stage {
            window,
            folder,
            server,
            flows,
        })
    }

    /// Writes a list of so many files, and has fetch begin with it.
    fn fetch(&self, flags: &str, files: usize) {
        let urls: Vec<_> = (0..files)
            .map(|n| self.server.url(&format!("/file-{n}")))
            .collect();
        std::fs::write(self.folder.join("list"), urls.join("\n")).unwrap();
        let program = program().display();
        let fetch = format!("(echo $BASHPID >pid; exec {program} --timeout 0 {flags} -i list)");
        self.window.type_line(&fetch);
    }

    /// To the fetch that was started last.
    fn signal(&self, name: &str) {
        let id = std::fs::read_to_string(self.folder.join("pid")).unwrap();
        let kill = Command::new("kill").args(["-s", name, id.trim()]).status();
        assert!(kill.expect("there is a kill").success());
    }

    /// From now on, all comes at once.
    fn let_go(&self) {
        self.flows.store(true, Ordering::Relaxed);
    }

    fn has(&self, files: usize) -> bool {
        let whole = |n| std::fs::read(self.folder.join(&format!("file-{n}"))).ok();
        (0..files).all(|n| whole(n).is_some_and(|file| file == bytes(SIZE)))
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.let_go();
    }
}

/// A hundredth of the file every now and then, up to the half, until all may go. Ranges are given.
fn drip(exchange: &mut Exchange, flows: &AtomicBool) -> std::io::Result<()> {
    let head = exchange.head.to_ascii_lowercase();
    let from = head.split_once("range: bytes=").and_then(|(_, rest)| {
        let (from, _) = rest.split_once('-')?;
        from.parse::<usize>().ok()
    });
    let (file, from_byte) = (bytes(SIZE), from.unwrap_or(0));
    let status = match from {
        None => "200 OK".to_owned(),
        Some(from) => {
            let last = SIZE - 1;
            format!("206 Part\r\nContent-Range: bytes {from}-{last}/{SIZE}")
        }
    };
    let length = SIZE - from_byte;
    let head = format!("HTTP/1.1 {status}\r\nETag: \"v\"\r\nContent-Length: {length}\r\n\r\n");
    exchange.raw(head.as_bytes())?;
    for (n, piece) in file[from_byte..].chunks(SIZE / 100).enumerate() {
        let started = Instant::now();
        let wait = |n| {
            if n < 50 {
                Duration::from_millis(500)
            } else {
                GUARD
            }
        };
        while !flows.load(Ordering::Relaxed) && started.elapsed() < wait(n) {
            thread::sleep(Duration::from_millis(20));
        }
        exchange.raw(piece)?;
    }
    Ok(())
}

/// How many lines say this.
fn count(lines: &[String], words: &str) -> usize {
    lines.iter().filter(|line| line.contains(words)).count()
}

/// Is it the row of a file? What ended has a word in front of its name.
fn is_row(line: &str) -> bool {
    line.starts_with("  file-") || line.starts_with("> file-")
}

fn rows(lines: &[String]) -> usize {
    lines.iter().filter(|line| is_row(line)).count()
}

/// Broken by: giving all of the window to rows.
#[test]
fn half_of_the_window_has_rows_for_what_runs_and_a_line_over_all() {
    let Some(stage) = Stage::set(24, 80) else {
        return;
    };
    stage.fetch("", 40);
    let screen = stage.window.until_line(&["30 more are running"]);
    assert_eq!((rows(&screen), count(&screen, "0 of 40 files")), (10, 1));
    stage
        .window
        .until_line(&["file-0 ", "━", "% of  390.6 KiB", "KiB/s"]);
    stage.let_go();
    let screen = stage.window.until_prompt();
    assert_eq!((rows(&screen), count(&screen, "━")), (0, 0), "{screen:#?}");
    let all = stage.window.history();
    for n in 0..40 {
        assert_eq!(count(&all, &format!("ok file-{n} ")), 1, "{all:#?}");
    }
    assert_eq!((rows(&all), count(&all, "40 files, ")), (0, 1), "{all:#?}");
    assert!(stage.has(40));
    stage.window.is_restored();
}

/// A window full of lines, as a terminal that was in use is, and bars at its lower end.
fn in_use() -> Option<Stage> {
    let stage = Stage::set(24, 80)?;
    stage.window.type_line("seq 100");
    stage.fetch("", 30);
    let with_bars = |screen: &[String]| count(screen, "% of") == 10;
    stage.window.until("ten bars", with_bars);
    Some(stage)
}

/// Is the block there, each line of it once?
fn is_whole(lines: &[String]) -> bool {
    let twice = (0..30).any(|n| count(lines, &format!("file-{n} ")) > 1);
    let bars = count(lines, "━") + count(lines, "╸");
    let once = |words| count(lines, words) == 1;
    !twice && once("0 of 30 files") && once("? lists") && bars <= 2 * (rows(lines) + 1)
}

impl Stage {
    /// Has the window another size, and waits until all of it was drawn again, untorn.
    fn resize(&self, lines: usize, columns: usize) {
        self.window.resize(lines, columns);
        let is_drawn = |screen: &[String]| {
            let block = screen
                .iter()
                .filter(|line| is_row(line) || line.contains("0 of 30"));
            // A tenth of the columns is left free.
            let widest = block.map(|line| line.chars().count()).max();
            screen.len() == lines
                && widest.is_some_and(|widest| widest <= columns - columns / 10)
                && rows(screen) == lines / 2 - 2
                && is_whole(screen)
        };
        let what = format!("{columns} columns and {lines} lines, drawn and untorn");
        self.window.until(&what, is_drawn);
    }

    /// Nor is anything torn in what scrolled by.
    #[track_caller]
    fn left_nothing(&self) {
        let all = self.window.history();
        assert!(is_whole(&all), "{all:#?}");
    }
}

/// Broken by: drawing as wide as the window, or erasing the screen instead of deleting its
/// lines (that is kept, in tmux, to scroll back to).
#[test]
fn a_window_that_is_dragged_tears_nothing() {
    let Some(stage) = in_use() else {
        return;
    };
    for columns in (40..80).rev().step_by(4).chain([60, 80, 130]) {
        stage.resize(24, columns);
        stage.left_nothing();
    }
    for lines in [22, 20, 16, 12, 30, 40] {
        stage.resize(lines, 130);
        stage.left_nothing();
    }
    stage.let_go();
    stage.window.until_prompt();
    assert!(stage.has(30));
}

/// As by a pane that is opened beside it. Broken by: having the cursor wait below the block, or
/// giving rows more than half of the window.
#[test]
fn a_window_that_is_halved_tears_nothing() {
    let Some(stage) = in_use() else {
        return;
    };
    stage.resize(24, 40);
    stage.left_nothing();
    stage.let_go();
    stage.window.until_prompt();
    assert!(stage.has(30));
}

/// However it changes at once. (Then a part of the block may be pushed out at the top, before
/// anybody hears of it; a window that becomes higher again would bring that back.) Broken by:
/// having the cursor wait below the block.
#[test]
fn what_is_to_be_seen_is_untorn_in_any_size() {
    let Some(stage) = in_use() else {
        return;
    };
    let sizes = [
        (24, 30),
        (24, 200),
        (24, 60),
        (24, 45),
        (20, 100),
        (12, 30),
        (8, 120),
    ];
    for (lines, columns) in sizes {
        stage.resize(lines, columns);
    }
    stage.let_go();
    stage.window.until_prompt();
    assert!(stage.has(30));
}

/// Broken by: leaving `pause` out of `press`, or the look at it out of `Throttle::pass`.
#[test]
fn p_stops_the_reading_and_goes_on() {
    let Some(stage) = Stage::set(24, 80) else {
        return;
    };
    stage.fetch("", 3);
    stage.window.until_line(&["file-2 ", "% of"]);
    stage.window.press_character('p');
    stage.window.until_line(&["paused; ? lists the keys"]);
    // All could come now, but nobody reads it.
    stage.let_go();
    thread::sleep(Duration::from_secs(1));
    let screen = stage.window.screen();
    assert_eq!(
        (rows(&screen), count(&screen, "0 of 3 files")),
        (3, 1),
        "{screen:#?}"
    );
    stage.window.press_character('p');
    stage.window.until_prompt();
    assert!(stage.has(3));
}

/// Broken by: leaving the race with `unwanted` out of `One::run`.
#[test]
fn a_file_is_chosen_and_dropped_and_the_others_arrive() {
    let Some(stage) = Stage::set(24, 80) else {
        return;
    };
    stage.fetch("", 4);
    stage.window.until_line(&["file-3 ", "% of"]);
    stage.window.press_character('d'); // nothing is chosen: it does nothing
    stage.window.press("Down");
    stage.window.until_line(&["> file-0 "]);
    stage.window.press("Down");
    stage.window.press("Up");
    stage.window.press("j");
    stage.window.until_line(&["> file-1 "]);
    stage.window.press("Escape");
    let none = |screen: &[String]| count(screen, "> file-") == 0;
    stage.window.until("none chosen", none);
    stage.window.press("Down");
    stage.window.press("Down");
    stage.window.until_line(&["> file-1 "]);
    // Of nothing there would be nothing to keep.
    stage.window.until("some of file-1", |screen| {
        let has_some = |line: &String| line.contains("% of") && !line.contains(" 0% of");
        let mut of_it = screen.iter().filter(|line| line.contains("file-1 "));
        of_it.any(has_some)
    });
    stage.window.press("DC"); // Delete
    stage.window.until_line(&["failed file-1: dropped"]);
    stage.let_go();
    stage.window.until_prompt();
    assert_eq!(stage.window.ask("echo $?"), "42");
    let names = stage.folder.names();
    let wanted = [
        "file-0",
        "file-1.part",
        "file-1.part.meta",
        "file-2",
        "file-3",
        "list",
        "pid",
    ];
    assert_eq!(names, wanted);
    stage.fetch("", 4);
    stage.window.until_prompt();
    assert!(stage.has(4), "the same command goes on");
}

#[test]
fn the_question_mark_lists_the_keys_and_puts_them_away() {
    let Some(stage) = Stage::set(24, 80) else {
        return;
    };
    stage.fetch("", 2);
    stage.window.until_line(&["? lists the keys"]);
    stage.window.press_character('?');
    stage
        .window
        .until_line(&["p    pause all, and go on", "choose a file"]);
    stage.window.press_character('?');
    let away = |screen: &[String]| count(screen, "pause all") == 0;
    stage.window.until("no list", away);
}

/// Broken by: leaving `say_limits` or `note` out; or taking twice for half.
#[test]
fn keys_and_signals_change_the_limit_and_it_is_shown() {
    let Some(stage) = Stage::set(24, 80) else {
        return;
    };
    stage.fetch("--limit-rate 1M", 2);
    stage.window.until_line(&["at most 1.0 MiB/s; ?"]);
    stage.window.press_character('-');
    stage.window.until_line(&["at most 512.0 KiB/s"]);
    stage.window.press_character('+');
    stage.window.press_character('+');
    stage.window.until_line(&["at most 2.0 MiB/s"]);
    stage.signal("USR1");
    stage.window.until_line(&["at most 1.0 MiB/s"]);
    stage.signal("USR2");
    stage.window.until_line(&["at most 2.0 MiB/s"]);
}

/// Each way to end, and each leaves the terminal as it was. Broken by: `LET_GO` without the
/// cursor, or leaving `leave` out of both `Show::close` and the drop of `Terminal`.
#[test]
fn the_terminal_is_given_back_at_each_end() {
    let Some(stage) = Stage::set(24, 80) else {
        return;
    };
    for (end, status) in [
        ("q", "130"),
        ("C-c", "130"),
        ("TERM", "143"),
        ("HUP", "129"),
    ] {
        stage.fetch("", 3);
        stage.window.until_line(&["file-2 ", "% of"]);
        assert!(!stage.window.cursor_is_seen());
        match end {
            "q" | "C-c" => stage.window.press(end),
            signal => stage.signal(signal),
        }
        let screen = stage.window.until_prompt();
        assert_eq!(rows(&screen), 0, "{end}: {screen:#?}");
        stage
            .window
            .until_line(&["stopped: 0 of 3 files arrived; the same command goes on"]);
        assert_eq!(stage.window.ask("echo $?"), status, "{end}");
        stage.window.is_restored();
    }
    stage.fetch("", 3);
    stage.window.until_line(&["file-2 ", "% of"]);
    stage.let_go();
    stage.window.until_prompt();
    stage.window.is_restored();
    assert!(stage.has(3));
}

/// Broken by: leaving SIGTSTP out of `signals`, or `is_ours` out of `pressed` or `draw`.
#[test]
fn it_can_be_sent_to_the_background_and_brought_back() {
    let Some(stage) = Stage::set(24, 80) else {
        return;
    };
    stage.fetch("", 3);
    stage.window.until_line(&["file-2 ", "% of"]);
    stage.window.press("C-z");
    let screen = stage.window.until_prompt();
    assert_eq!(rows(&screen), 0, "{screen:#?}");
    stage.window.is_restored();
    stage.window.type_line("clear; bg");
    stage.window.until_line(&["[1]+"]);
    thread::sleep(Duration::from_secs(1));
    let screen = stage.window.screen();
    assert_eq!(
        rows(&screen),
        0,
        "somebody else is at the terminal: {screen:#?}"
    );
    stage.window.is_restored();
    stage.window.type_line("clear; fg");
    stage.window.until_line(&["file-2 ", "% of"]);
    stage.window.press_character('p');
    stage.window.until_line(&["paused"]);
    stage.window.press_character('p');
    stage.let_go();
    stage.window.until_prompt();
    stage.window.is_restored();
    assert!(stage.has(3));
}

/// What is typed meanwhile is the shell's. Broken by: leaving `options.keys` out of `Show::new`.
#[test]
fn without_keys_the_keyboard_is_left_alone() {
    let Some(stage) = Stage::set(24, 80) else {
        return;
    };
    stage.fetch("--no-keys", 2);
    stage.window.until_line(&["Ctrl-C stops"]);
    stage.window.type_line("echo typed $((40 + 2))");
    stage.let_go();
    stage.window.until_line(&["typed 42"]);
    assert!(stage.has(2));
}

/// Broken by: leaving `for_stderr` out of a style (then a pipe's answer decides), or styling by
/// hand.
#[test]
fn no_color_means_none() {
    let Some(stage) = Stage::set(24, 80) else {
        return;
    };
    stage.fetch("", 2);
    stage.window.until_line(&["file-1 ", "% of"]);
    assert!(
        stage.window.coloured().contains("\x1b[32m"),
        "the bars are green"
    );
    stage.window.press_character('q');
    stage.window.until_prompt();
    stage.window.type_line("export NO_COLOR=1; clear");
    stage.fetch("", 2);
    stage.window.until_line(&["file-1 ", "% of"]);
    stage.window.press("Down");
    stage.window.until_line(&["> file-0"]);
    assert!(
        !stage.window.coloured().contains('\x1b'),
        "no colour, no weight"
    );
}

/// Broken by: drawing in spite of it, or not speaking of what a key did.
#[test]
fn plain_says_whole_sentences_and_draws_nothing() {
    let Some(stage) = Stage::set(24, 80) else {
        return;
    };
    stage.fetch("--plain", 3);
    stage
        .window
        .until_line(&["Fetching 3 files. Press the question mark to hear"]);
    stage.window.press_character('p');
    stage.window.until_line(&["Paused. P goes on."]);
    stage.window.press_character('p');
    stage.window.until_line(&["It goes on."]);
    stage.window.press("Down");
    stage.window.until_line(&["file-0 is chosen."]);
    stage.window.press_character('d');
    stage
        .window
        .until_line(&["Failed: file-0: dropped; a half file"]);
    stage.let_go();
    let screen = stage.window.until_prompt();
    assert_eq!(count(&screen, "━") + count(&screen, "%"), 0, "{screen:#?}");
    assert_eq!(count(&screen, "2 files arrived, file-"), 1, "{screen:#?}");
    stage.window.is_restored();
}

#[test]
fn without_progress_there_are_lines() {
    let Some(stage) = Stage::set(24, 80) else {
        return;
    };
    stage.let_go();
    stage.fetch("--no-progress", 2);
    let screen = stage.window.until_prompt();
    assert_eq!(count(&screen, "ok file-"), 2, "{screen:#?}");
    stage.window.is_restored();
}
