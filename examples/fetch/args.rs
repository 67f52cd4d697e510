//! The command line: words in, [`Options`] out. Nothing here touches a file or the network.
//!
//! Flags mean what they mean in curl (`-o`, `-H`) or aria2 (`-d`, `-i`, `-j`, `-q`). Parsing is
//! `lexopt`'s, which knows the rules for `-j8`, `--jobs=8` and `--`; which flags there are,
//! and what they mean, is decided in [`parse`] and said in [`HELP`], and a test compares the
//! two. How a value is written is `values`' affair.

mod values;

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use hob::http::{HeaderMap, HeaderName, HeaderValue, header};
use lexopt::prelude::*;

use crate::job::{Fsync, Sha256Sum};
use crate::network::{Network, default_netrc};

pub const HELP: &str = include_str!("args/help.txt");

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

#[derive(Clone, PartialEq)]
pub struct Options {
    /// In the order given, as typed.
    pub urls: Vec<String>,
    /// `-i`, each of them; `-` stands for standard input.
    pub inputs: Vec<PathBuf>,
    /// `-o`, in order: the n-th names the file of the n-th URL.
    pub names: Vec<PathBuf>,
    pub dir: Option<PathBuf>,
    pub force: bool,
    pub content_disposition: bool,
    pub remote_time: bool,
    pub fsync: Fsync,
    pub retry: u32,
    /// `--sha256`, in order, as the names.
    pub sums: Vec<Sha256Sum>,
    pub checksums: Vec<PathBuf>,
    pub jobs: usize,
    pub per_host: Option<usize>,
    /// Bytes in a second.
    pub limit_rate: Option<u32>,
    /// The longest silence of a server; `None` waits for ever.
    pub timeout: Option<Duration>,
    /// `Some(None)` waits for ever; `None`: as `timeout`.
    pub connect_timeout: Option<Option<Duration>>,
    pub max_time: Option<Duration>,
    pub max_redirs: u32,
    pub headers: HeaderMap,
    pub user: Option<(String, String)>,
    pub compressed: bool,
    pub network: Network,
    pub timeline: bool,
    pub progress: bool,
    pub verbose: bool,
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
            content_disposition: true,
            remote_time: true,
            fsync: Fsync::Auto,
            retry: 0,
            sums: Vec::new(),
            checksums: Vec::new(),
            jobs: JOBS,
            per_host: None,
            limit_rate: None,
            timeout: Some(Duration::from_secs(30)),
            connect_timeout: None,
            max_time: None,
            max_redirs: 20,
            headers: HeaderMap::new(),
            user: None,
            compressed: false,
            network: Network::default(),
            timeline: false,
            progress: true,
            verbose: false,
            quiet: false,
            compare: false,
        }
    }
}

/// Some of it is secret, so none of it is shown.
impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options").finish_non_exhaustive()
    }
}

/// Reads the whole command line. The error is one line for the user.
pub fn parse(mut words: lexopt::Parser) -> Result<Command, lexopt::Error> {
    let mut options = Options::default();
    while let Some(word) = words.next()? {
        match word {
            Short('h') | Long("help") => return Ok(Command::Help),
            Short('V') | Long("version") => return Ok(Command::Version),
            Value(url) => options.urls.push(url.string()?),
            flag => options.set(Flag::of(flag)?, &mut words)?,
        }
    }
    sort_out(options)
}

/// The name of a flag, one for all its spellings.
struct Flag(String);

impl Flag {
    fn of(word: lexopt::Arg<'_>) -> Result<Flag, lexopt::Error> {
        let name = match word {
            Short('i') => "input-file",
            Short('o') => "output",
            Short('d') => "dir",
            Short('J') => "content-disposition",
            Short('R') => "remote-time",
            Short('C') => "continue-at",
            Short('j') => "jobs",
            Short('m') => "max-time",
            Short('L') => "location",
            Short('H') => "header",
            Short('u') => "user",
            Short('A') => "user-agent",
            Short('e') => "referer",
            Short('k') => "insecure",
            Short('x') => "proxy",
            Short('n') => "netrc",
            Short('v') => "verbose",
            Short('q' | 's') => "quiet",
            Long(name) => name,
            other => return Err(other.unexpected()),
        };
        Ok(Flag(name.to_owned()))
    }
}

impl Options {
    fn set(&mut self, flag: Flag, words: &mut lexopt::Parser) -> Result<(), lexopt::Error> {
        match flag.0.as_str() {
            "input-file" => self.inputs.push(words.value()?.into()),
            "output" => self.names.push(values::output_name(words.value()?)?),
            "dir" => self.dir = Some(words.value()?.into()),
            "force" => self.force = true,
            "content-disposition" => self.content_disposition = true,
            "no-content-disposition" => self.content_disposition = false,
            "remote-time" => self.remote_time = true,
            "no-remote-time" => self.remote_time = false,
            "fsync" => self.fsync = words.value()?.parse_with(values::fsync)?,
            "continue-at" => words.value()?.parse_with(values::only_dash)?,
            "retry" => self.retry = words.value()?.parse()?,
            "sha256" => self.sums.push(words.value()?.parse_with(values::sha256)?),
            "checksums" => self.checksums.push(words.value()?.into()),
            "jobs" => self.jobs = words.value()?.parse_with(values::at_least_one)?,
            "per-host" => {
                self.per_host = Some(words.value()?.parse_with(values::at_least_one)?);
            }
            "limit-rate" => self.limit_rate = Some(words.value()?.parse_with(values::rate)?),
            "timeout" => self.timeout = words.value()?.parse_with(values::limit)?,
            "connect-timeout" => {
                self.connect_timeout = Some(words.value()?.parse_with(values::limit)?);
            }
            "max-time" => self.max_time = words.value()?.parse_with(values::limit)?,
            "max-redirs" => self.max_redirs = words.value()?.parse()?,
            "location" => {}
            "header" => self.add_header(&words.value()?.string()?)?,
            "user" => self.user = Some(secret(words, "user", values::user)?),
            "user-agent" => self.set_header(header::USER_AGENT, &words.value()?.string()?)?,
            "referer" => self.set_header(header::REFERER, &words.value()?.string()?)?,
            "insecure" => self.network.insecure = true,
            "cacert" => self.network.roots.push(words.value()?.into()),
            "pinnedpubkey" => self.network.pins.push(words.value()?.string()?),
            "compressed" => self.compressed = true,
            "proxy" => self.network.proxy = Some(words.value()?.string()?),
            "noproxy" => self.network.no_proxy_for = Some(words.value()?.string()?),
            "interface" => {
                self.network.source = Some(words.value()?.parse_with(values::address)?);
            }
            "unix-socket" => self.network.unix_socket = Some(words.value()?.into()),
            "netrc" => self.network.netrc = Some(default_netrc()?),
            "netrc-file" => self.network.netrc = Some(words.value()?.into()),
            "timeline" => self.timeline = true,
            "no-progress" => self.progress = false,
            "verbose" => self.verbose = true,
            "quiet" | "silent" => self.quiet = true,
            "compare" => self.compare = true,
            unknown => return Err(lexopt::Error::UnexpectedOption(format!("--{unknown}"))),
        }
        Ok(())
    }

    fn add_header(&mut self, line: &str) -> Result<(), lexopt::Error> {
        let (name, value) = values::header(line)?;
        self.headers.append(name, value);
        Ok(())
    }

    fn set_header(&mut self, name: HeaderName, value: &str) -> Result<(), lexopt::Error> {
        let wrong = |_| format!("the value of {name} has a control character in it");
        let value = HeaderValue::try_from(value).map_err(wrong)?;
        self.headers.insert(name, value);
        Ok(())
    }
}

/// A value that no error repeats, as those of `parse_with` do.
fn secret<T>(
    words: &mut lexopt::Parser,
    flag: &str,
    read: impl Fn(&str) -> Result<T, &'static str>,
) -> Result<T, lexopt::Error> {
    let word = words.value()?;
    let text = word.to_str().ok_or("a secret must be UTF-8")?;
    read(text).map_err(|why| format!("--{flag}: {why}").into())
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

#[cfg(test)]
mod tests;
