//! The command line: words in, [`Options`] out. Nothing here touches a file or the network.
//!
//! Flags mean what they mean in curl (`-o`) or aria2 (`-d`, `-i`, `-j`, `-q`). Parsing is
//! `lexopt`'s, which knows the rules for `-j8`, `--jobs=8` and `--`; which flags there are,
//! and what they mean, is decided in [`parse`] and said in [`HELP`], and a test compares the
//! two.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::time::Duration;

use lexopt::prelude::*;

pub const HELP: &str = "\
fetch: many downloads at once, on one thread

usage: fetch [OPTIONS] [URL]...
       fetch               without a URL: a demonstration with a local server

what to fetch, and where to
  -i, --input-file FILE  also fetch the URLs in FILE, one on each line;
                         - is standard input
  -o, --output NAME      the file for the first URL; a second -o is for the
                         second URL, and so on (without it, the name is the
                         last part of the URL's path)
  -d, --dir DIR          the folder for the files, made if it is not there
                         (default: this one)
      --force            replace files that exist already

how
  -j, --jobs N           at most N downloads at once (default: 64)
      --per-host N       at most N connections to each host (default: as -j)
      --timeout SECS     give a download up when nothing comes for so long
                         (default: 30; also 500ms or 2m; 0 waits for ever)
      --max-redirs N     follow at most N redirects for each URL (default: 20)

what you see
      --timeline         draw who waited and who received, and when
      --no-progress      no bars, even on a terminal
  -q, --quiet            say nothing but what failed
      --compare          afterwards fetch all of it one after another as well,
                         into a folder \"one-after-another\", and compare
  -h, --help             this text
  -V, --version          the version

A file has its final name only once it is whole. Until then it is NAME.part,
which goes away when the download fails or is stopped. Ctrl-C stops all
downloads cleanly, a second Ctrl-C at once. Whatever else ends the program (a
kill, a closed terminal) leaves the .part files there: when no other fetch
runs, delete them, or let --force replace them.

exit status: 0 all arrived; 1 some did not; 2 the command line was wrong and
nothing was fetched (and after Ctrl-C what the shell makes of SIGINT: 130)
";

/// How many downloads run at once unless `-j` says otherwise: enough to hide a second of
/// waiting on each, far below the 1024 descriptors (three for each) that a process may have.
const JOBS: usize = 64;

/// What the command line asks for.
#[derive(Debug, PartialEq)]
pub enum Command {
    Help,
    Version,
    /// No URL at all: the demonstration.
    Demo(Options),
    Fetch(Options),
}

#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// In the order given, as typed.
    pub urls: Vec<String>,
    /// `-i`, each of them; `-` stands for standard input.
    pub inputs: Vec<PathBuf>,
    /// `-o`, in order: the n-th names the file of the n-th URL.
    pub names: Vec<PathBuf>,
    pub dir: Option<PathBuf>,
    pub force: bool,
    pub jobs: usize,
    pub per_host: Option<usize>,
    /// The longest silence of a server; `None` waits for ever.
    pub timeout: Option<Duration>,
    pub max_redirs: u32,
    pub timeline: bool,
    pub progress: bool,
    pub quiet: bool,
    pub compare: bool,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            urls: Vec::new(),
            inputs: Vec::new(),
            names: Vec::new(),
            dir: None,
            force: false,
            jobs: JOBS,
            per_host: None,
            timeout: Some(Duration::from_secs(30)),
            max_redirs: 20,
            timeline: false,
            progress: true,
            quiet: false,
            compare: false,
        }
    }
}

/// Reads the whole command line. The error is one line for the user.
pub fn parse(mut words: lexopt::Parser) -> Result<Command, lexopt::Error> {
    let mut options = Options::default();
    while let Some(word) = words.next()? {
        match word {
            Short('h') | Long("help") => return Ok(Command::Help),
            Short('V') | Long("version") => return Ok(Command::Version),
            Short('i') | Long("input-file") => options.inputs.push(words.value()?.into()),
            Short('o') | Long("output") => options.names.push(output_name(words.value()?)?),
            Short('d') | Long("dir") => options.dir = Some(words.value()?.into()),
            Long("force") => options.force = true,
            Short('j') | Long("jobs") => options.jobs = words.value()?.parse_with(at_least_one)?,
            Long("per-host") => {
                options.per_host = Some(words.value()?.parse_with(at_least_one)?);
            }
            Long("timeout") => options.timeout = words.value()?.parse_with(silence)?,
            Long("max-redirs") => options.max_redirs = words.value()?.parse()?,
            Long("timeline") => options.timeline = true,
            Long("no-progress") => options.progress = false,
            Short('q') | Long("quiet") => options.quiet = true,
            Long("compare") => options.compare = true,
            Value(url) => options.urls.push(url.string()?),
            _ => return Err(word.unexpected()),
        }
    }
    sort_out(options)
}

/// Demonstration or not.
fn sort_out(options: Options) -> Result<Command, lexopt::Error> {
    let given = !options.urls.is_empty() || !options.inputs.is_empty();
    if !given && !options.names.is_empty() {
        return Err("-o needs a URL whose file it names".into());
    }
    Ok(if given {
        Command::Fetch(options)
    } else {
        Command::Demo(options)
    })
}

fn output_name(name: OsString) -> Result<PathBuf, lexopt::Error> {
    match name.to_str() {
        Some("-") => Err("-o - (standard output) is not offered: fetch writes files".into()),
        _ if !ends_in_a_name(&name) => Err("-o needs the name of a file".into()),
        _ => Ok(name.into()),
    }
}

/// Not empty, and neither `..` nor `a/` nor `a/.`, which can only be folders.
fn ends_in_a_name(path: &OsStr) -> bool {
    let name = Path::new(path).file_name().map(OsStr::as_encoded_bytes);
    name.is_some_and(|name| path.as_encoded_bytes().ends_with(name))
}

fn at_least_one(text: &str) -> Result<usize, &'static str> {
    match text.parse() {
        Ok(0) | Err(_) => Err("it must be a whole number, 1 or more"),
        Ok(number) => Ok(number),
    }
}

/// `--timeout`: zero means "no timeout", as in curl.
fn silence(text: &str) -> Result<Option<Duration>, &'static str> {
    let wait = duration(text).ok_or("write it as 30, 1.5, 500ms, 30s, 2m or 1h")?;
    Ok((!wait.is_zero()).then_some(wait))
}

/// A number of seconds, or a number with its unit.
fn duration(text: &str) -> Option<Duration> {
    let unit_at = text.find(|c: char| c.is_ascii_alphabetic());
    let (number, unit) = text.split_at(unit_at.unwrap_or(text.len()));
    let seconds_each = match unit {
        "ms" => 0.001,
        "s" | "" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        _ => return None,
    };
    let number: f64 = number.parse().ok()?;
    // Refuses what is negative, not a number, or beyond what a `Duration` holds.
    Duration::try_from_secs_f64(number * seconds_each).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Command, lexopt::Error> {
        parse(lexopt::Parser::from_args(line.split_whitespace()))
    }

    fn options(line: &str) -> Options {
        match parsed(line) {
            Ok(Command::Fetch(options) | Command::Demo(options)) => options,
            other => panic!("{line:?} gave {other:?}"),
        }
    }

    fn refusal(line: &str) -> String {
        parsed(line).expect_err(line).to_string()
    }

    #[test]
    fn no_words_ask_for_the_demonstration() {
        assert_eq!(parsed("").unwrap(), Command::Demo(Options::default()));
        assert!(matches!(parsed("--compare -q"), Ok(Command::Demo(_))));
        assert!(matches!(parsed("http://a/"), Ok(Command::Fetch(_))));
        assert!(matches!(parsed("-i -"), Ok(Command::Fetch(_))));
    }

    #[test]
    fn every_way_to_write_a_value_is_read() {
        for line in ["-j8 u", "-j 8 u", "-j=8 u", "--jobs=8 u", "u --jobs 8"] {
            assert_eq!(options(line).jobs, 8, "{line}");
        }
        let all = options(
            "-o a -o b -d dir --per-host 2 --max-redirs 0 --force --no-progress --timeline u v -- -w",
        );
        assert_eq!(all.names, [PathBuf::from("a"), PathBuf::from("b")]);
        assert_eq!(all.urls, ["u", "v", "-w"]);
        assert_eq!(all.dir, Some("dir".into()));
        assert_eq!((all.per_host, all.max_redirs), (Some(2), 0));
        assert!(all.force && all.timeline && !all.progress && !all.quiet);
    }

    #[test]
    fn a_timeout_has_a_unit_and_zero_waits_for_ever() {
        let wait = |text: &str| options(&format!("--timeout {text} u")).timeout;
        assert_eq!(wait("0"), None);
        assert_eq!(wait("1.5"), Some(Duration::from_millis(1500)));
        assert_eq!(wait("500ms"), Some(Duration::from_millis(500)));
        assert_eq!(wait("2m"), Some(Duration::from_secs(120)));
        for bad in ["-1", "x", "1y", "NaN", "inf", "1e99", ""] {
            let words = ["--timeout=".to_owned() + bad, "u".to_owned()];
            let answer = parse(lexopt::Parser::from_args(words));
            assert!(answer.is_err(), "{bad:?} gave {answer:?}");
        }
    }

    #[test]
    fn what_makes_no_sense_is_refused_with_its_reason() {
        assert!(refusal("-j 0 u").contains("1 or more"));
        assert!(refusal("--per-host 0 u").contains("1 or more"));
        assert!(refusal("-o a").contains("needs a URL"));
        assert!(refusal("-o - u").contains("not offered"));
        for folder in [".", "..", "a/..", "a/", "a/.", "/"] {
            assert!(refusal(&format!("-o {folder} u")).contains("name of a file"));
        }
        assert!(refusal("--frobnicate u").contains("--frobnicate"));
        assert!(refusal("-d").contains("-d"));
    }

    /// Each flag of the help is known to `parse`, so that the two cannot drift apart.
    #[test]
    fn the_help_names_only_flags_that_work() {
        let words = HELP.split(|c: char| c.is_whitespace() || ",;:()".contains(c));
        let flags: Vec<_> = words
            .filter(|w| w.starts_with('-') && w.len() > 1)
            .collect();
        assert!(flags.len() > 20, "{flags:?}");
        assert!(HELP.lines().all(|line| line.chars().count() < 80));
        for flag in flags {
            let without = parsed(flag);
            let with = parse(lexopt::Parser::from_args([flag, "1", "u"]));
            assert!(without.is_ok() || with.is_ok(), "{flag}: {with:?}");
        }
    }
}
