//! The console blocks of `docs/fetch.md` are run, and must show what the manual says they show.
//!
//! A block is a fresh folder, a fresh server, and one shell. A line that begins with `$ ` is a
//! command (`> ` goes on with it); what follows, up to the next one, is what it prints, on
//! standard output and standard error together. In it, `…` stands for anything within a line,
//! and a line with nothing but `…` for any number of lines. `localhost:8080` is the server.
//!
//! What the server has stands in [`answer`]; a block that needs more adds a path there.

#![cfg(all(feature = "http", not(windows)))]

mod fetch_support;

use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use fetch_support::{Exchange, Folder, Server, bytes, finish, program};

/// The server, as the manual calls it.
const ADDRESS: &str = "localhost:8080";

/// Between what two commands print.
const MARK: &str = "\u{1}next\u{1}";

const NOTES: &[u8] = b"Bread, milk, and a lamp.\n";

/// The paths of the manual's server. `asked` counts the requests before this one.
fn answer(x: &mut Exchange, asked: u32) -> io::Result<()> {
    let path = x.path.split('?').next().unwrap_or_default().to_owned();
    match path.as_str() {
        "/notes.txt" => x.ok(NOTES),
        "/list.txt" => x.ok(b"http://localhost:8080/notes.txt\n"),
        "/old-name.txt" => {
            x.raw(b"HTTP/1.1 301 M\r\nLocation: /notes.txt\r\nContent-Length: 0\r\n\r\n")
        }
        "/private.txt" if x.head.contains("Basic bWU6c2VjcmV0") => x.ok(b"Nobody knows.\n"),
        "/private.txt" => x.raw(
            b"HTTP/1.1 401 U\r\nWWW-Authenticate: Basic realm=\"x\"\r\nContent-Length: 0\r\n\r\n",
        ),
        "/login" => x.raw(b"HTTP/1.1 200 OK\r\nSet-Cookie: id=7\r\nContent-Length: 0\r\n\r\n"),
        path if path.starts_with("/mirror") => mirror(x),
        photo if photo.ends_with(".jpg") && x.head.contains("if-none-match: \"v1\"") => {
            x.raw(b"HTTP/1.1 304 N\r\nETag: \"v1\"\r\n\r\n")
        }
        "/echo" => {
            let head = x.head.clone();
            x.ok(head.as_bytes())
        }
        "/busy.txt" if asked == 0 => {
            x.raw(b"HTTP/1.1 503 B\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n")
        }
        "/busy.txt" => x.ok(b"Now it is your turn.\n"),
        // Breaks off at the first time.
        "/big.iso" if asked == 0 => part_of(x, &bytes(3_000_000), 2_000_000),
        "/big.iso" => part_of(x, &bytes(3_000_000), usize::MAX),
        photo if photo.ends_with(".jpg") => part_of(x, &bytes(20_000), usize::MAX),
        _ => x.raw(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"),
    }
}

/// The request line, and what was sent.
fn mirror(x: &mut Exchange) -> io::Result<()> {
    let length = x.field("content-length");
    let length = length.map_or(0, |length| length.parse().expect("a number"));
    let line = x.head.lines().next().unwrap_or_default();
    let mut answer = line.replace(" HTTP/1.1", "\n").into_bytes();
    answer.append(&mut x.ahead);
    let head = line.len() - " HTTP/1.1".len() + 1;
    let rest = length + head - answer.len();
    io::Read::read_to_end(&mut io::Read::take(&x.stream, rest as u64), &mut answer)?;
    x.ok(&answer)
}

/// All of `body` or the range of it that is asked for, but at most so many bytes.
fn part_of(x: &mut Exchange, body: &[u8], most: usize) -> io::Result<()> {
    let head = x.head.to_ascii_lowercase();
    let range = head.split("\r\nrange: bytes=").nth(1);
    let range = range.and_then(|rest| rest.split("\r\n").next()?.split_once('-'));
    let (first, end) = match range {
        Some((first, last)) => (
            first.parse().unwrap_or(0),
            last.parse()
                .map_or(body.len(), |last: usize| (last + 1).min(body.len())),
        ),
        None => (0, body.len()),
    };
    let status = match range {
        Some(_) => format!(
            "206 P\r\nContent-Range: bytes {first}-{}/{}",
            end - 1,
            body.len()
        ),
        None => "200 OK".to_owned(),
    };
    let length = end - first;
    let head = format!(
        "HTTP/1.1 {status}\r\nETag: \"v1\"\r\nAccept-Ranges: bytes\r\nContent-Length: {length}\r\n\r\n"
    );
    x.raw(head.as_bytes())?;
    x.raw(&body[first..end.min(first.saturating_add(most))])
}

/// One command and what it prints.
#[derive(Debug, PartialEq)]
struct Step {
    command: String,
    shown: Vec<String>,
}

#[derive(Debug)]
struct Block {
    /// Of its first line, from 1.
    line: usize,
    steps: Vec<Step>,
}

/// The console blocks of a text in Markdown.
fn blocks(text: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut inside = false;
    for (number, line) in text.lines().enumerate() {
        match (inside, line) {
            (false, "```console") => {
                inside = true;
                let (line, steps) = (number + 2, Vec::new());
                blocks.push(Block { line, steps });
            }
            (false, _) => {}
            (true, "```") => inside = false,
            (true, line) => {
                let block = blocks.last_mut().expect("it is inside of one");
                add(block, line);
            }
        }
    }
    assert!(!inside, "a block has no end");
    blocks
}

fn add(block: &mut Block, line: &str) {
    match (line.strip_prefix("$ "), line.strip_prefix("> ")) {
        (Some(command), _) => block.steps.push(Step {
            command: command.to_owned(),
            shown: Vec::new(),
        }),
        (None, more) => {
            let step = block
                .steps
                .last_mut()
                .expect("a block begins with a command");
            match more {
                Some(more) if step.shown.is_empty() => {
                    step.command.push('\n');
                    step.command.push_str(more);
                }
                _ => step.shown.push(line.to_owned()),
            }
        }
    }
}

/// Runs a block, and gives what each of its commands printed.
fn run(block: &Block) -> Vec<String> {
    let asked = AtomicU32::new(0);
    let server = Server::start(move |x| answer(x, asked.fetch_add(1, Ordering::Relaxed)));
    let address = server.address.to_string();
    let (folder, tools) = (Folder::new(), Folder::new());
    symlink(program(), tools.join("fetch")).unwrap();
    let mut script = "exec 2>&1\n".to_owned();
    for step in &block.steps {
        let command = step.command.replace(ADDRESS, &address);
        script += &format!("{command}\n_s=$?; printf '{MARK}'; (exit $_s)\n");
    }
    let path = std::env::var("PATH").unwrap_or_default();
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(script).current_dir(folder.path());
    shell.env("PATH", format!("{}:{path}", tools.path().display()));
    for (name, _) in std::env::vars().filter(|(name, _)| name.to_lowercase().ends_with("_proxy")) {
        shell.env_remove(name);
    }
    shell
        .env("HOME", folder.path())
        .env("XDG_CONFIG_HOME", folder.path());
    shell
        .env("LC_ALL", "C")
        .env_remove("RUST_LOG")
        .env_remove("NETRC");
    shell.stdin(Stdio::null()).stdout(Stdio::piped());
    let ran = finish(shell.spawn().expect("there is a shell"));
    let printed = ran.stdout.replace(&address, ADDRESS);
    let mut printed: Vec<_> = printed.split(MARK).map(str::to_owned).collect();
    printed.pop(); // behind the last mark
    printed
}

/// Is `printed` what is `shown`?
fn fits(shown: &[String], printed: &[&str]) -> bool {
    match (shown, printed) {
        ([], []) => true,
        ([any, rest @ ..], _) if any == "…" => {
            (0..=printed.len()).any(|skipped| fits(rest, &printed[skipped..]))
        }
        ([first, rest @ ..], [line, lines @ ..]) => fits_line(first, line) && fits(rest, lines),
        _ => false,
    }
}

fn fits_line(shown: &str, line: &str) -> bool {
    match shown.split_once('…') {
        None => shown == line,
        Some((before, after)) => {
            let Some(rest) = line.strip_prefix(before) else {
                return false;
            };
            let ends = rest.char_indices().map(|(at, _)| at).chain([rest.len()]);
            ends.into_iter().any(|at| fits_line(after, &rest[at..]))
        }
    }
}

fn manual() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/fetch.md");
    fs::read_to_string(path).expect("the manual is there")
}

#[test]
fn every_console_block_of_the_manual_shows_what_happens() {
    let blocks = blocks(&manual());
    assert!(blocks.len() > 5, "there are only {}", blocks.len());
    let mut wrong = Vec::new();
    for block in &blocks {
        let printed = run(block);
        assert_eq!(
            printed.len(),
            block.steps.len(),
            "line {}: {printed:?}",
            block.line
        );
        for (step, printed) in block.steps.iter().zip(printed) {
            let lines: Vec<_> = printed.lines().collect();
            if !fits(&step.shown, &lines) {
                let (line, shown) = (block.line, step.shown.join("\n"));
                let command = &step.command;
                wrong.push(format!(
                    "docs/fetch.md, the block at line {line}: $ {command}\nshows\n{shown}\nbut \
                     prints\n{printed}"
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_block_is_commands_and_what_they_print() {
    let text =
        "a\n```console\n$ one \\\n> two\nout\n> no command\n$ three\n```\n```text\n$ no\n```";
    let blocks = blocks(text);
    assert_eq!((blocks.len(), blocks[0].line), (1, 3));
    let step = |command: &str, shown: &[&str]| Step {
        command: command.to_owned(),
        shown: shown.iter().map(|&line| line.to_owned()).collect(),
    };
    let steps = [
        step("one \\\ntwo", &["out", "> no command"]),
        step("three", &[]),
    ];
    assert_eq!(blocks[0].steps, steps);
}

#[test]
fn dots_stand_for_anything() {
    let shown = |lines: &[&str]| -> Vec<String> { lines.iter().map(|&l| l.to_owned()).collect() };
    assert!(fits(&shown(&["a … c"]), &["a b c"]));
    assert!(fits(&shown(&["…, …"]), &["1, 2, 3"]));
    assert!(!fits(&shown(&["a … c"]), &["a b"]));
    assert!(fits(&shown(&["a", "…", "z"]), &["a", "b", "c", "z"]));
    assert!(fits(&shown(&["a", "…"]), &["a"]));
    assert!(!fits(&shown(&["a"]), &["a", "b"]));
    assert!(!fits(&shown(&["a", "b"]), &["a"]));
}
