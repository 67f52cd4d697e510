//! What the command line asks for, as plain data that everybody reads.

use std::fmt;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use hob::http::{HeaderMap, HeaderName};

use crate::cookies::Cookies;
use crate::events::Format;
use crate::job::{Fsync, Piece, Sha256Sum, Template, Text};
use crate::network::Network;
use crate::sending::Sending;

/// How many downloads run at once unless `-j` says otherwise: enough to hide a second of
/// waiting on each, far below the 1024 descriptors (three for each) that a process may have.
const JOBS: usize = 64;

#[derive(Clone, PartialEq)]
pub struct Options {
    /// In the order given, as typed.
    pub urls: Vec<String>,
    /// `-i`, each of them; `-` stands for standard input.
    pub inputs: Vec<PathBuf>,
    /// `--mirror`, each of them: where else the one URL's file is.
    pub mirrors: Vec<String>,
    /// `--metalink`, each of them: a path or a URL.
    pub metalinks: Vec<String>,
    /// What was found there.
    pub documents: Vec<Text>,
    /// `-o` and `-O`, in order: the n-th is for the n-th URL.
    pub names: Vec<Name>,
    /// `--output-template`: names for what has no `-o`.
    pub output_template: Option<Template>,
    /// `-g`: braces and brackets in URLs are just that.
    pub globoff: bool,
    /// Say what would be done, and do nothing.
    pub dry_run: bool,
    pub dir: Option<PathBuf>,
    pub create_dirs: bool,
    pub force: bool,
    pub content_disposition: bool,
    pub remote_time: bool,
    pub fsync: Fsync,
    pub retry: u32,
    /// `None`: it grows.
    pub retry_delay: Option<Duration>,
    pub retry_max_time: Option<Duration>,
    pub retry_all: bool,
    pub remove_on_error: bool,
    /// `--sha256`, in order, as the names.
    pub sums: Vec<Sha256Sum>,
    pub checksums: Vec<PathBuf>,
    pub jobs: usize,
    pub per_host: Option<usize>,
    /// At most so many ranges of one file at once.
    pub split: usize,
    /// No range is opened for fewer bytes.
    pub min_split_size: u64,
    /// A further range is thought of after so long; zero: all of them at once.
    pub split_after: Duration,
    /// Bytes in a second.
    pub limit_rate: Option<u32>,
    /// The same, of each file.
    pub limit_rate_per_file: Option<u32>,
    /// The longest silence of a server; `None` waits for ever.
    pub timeout: Option<Duration>,
    /// `Some(None)` waits for ever; `None`: as `timeout`.
    pub connect_timeout: Option<Option<Duration>>,
    pub max_time: Option<Duration>,
    /// Bytes.
    pub max_size: Option<u64>,
    /// Fewer bytes a second than this for so long are too few. `None`: as long as usual.
    pub slowest: (u64, Option<Duration>),
    /// `-r`.
    pub range: Option<Piece>,
    pub max_redirs: u32,
    pub headers: HeaderMap,
    /// `-A` and `-e`, which `-H` overrules.
    pub weak_headers: HeaderMap,
    /// `-H Name:`, without a value: not to be sent.
    pub no_headers: Vec<HeaderName>,
    pub user: Option<(String, String)>,
    pub bearer: Option<String>,
    /// `--if-changed`.
    pub if_changed: bool,
    /// `-z`: the field that says it, and when.
    pub since: Option<(HeaderName, SystemTime)>,
    pub cookies: Cookies,
    pub sending: Sending,
    pub compressed: bool,
    pub network: Network,
    /// `--events`: where the events go, as lines of JSON; `-` is standard output.
    pub events: Option<PathBuf>,
    /// `--summary`, the same.
    pub summary: Option<PathBuf>,
    pub timeline: bool,
    /// Where to draw the run, as HTML or as SVG, by what the name ends in.
    pub waterfalls: Vec<PathBuf>,
    pub har: Option<PathBuf>,
    pub progress: bool,
    /// Whole sentences, and no drawing.
    pub plain: bool,
    /// Shall keys be heard?
    pub keys: bool,
    pub verbose: bool,
    /// Nothing but what failed.
    pub quiet: bool,
    /// Not even that, unless `show_errors`.
    pub silent: bool,
    pub show_errors: bool,
    /// `-w`.
    pub write_out: Option<Format>,
    pub compare: bool,
}

/// Where the file of a URL goes to.
#[derive(Debug, Clone, PartialEq)]
pub enum Name {
    /// `-o`.
    File(PathBuf),
    /// `-o -`.
    Stdout,
    /// `-O`: to what the server or the URL calls it, as without any of them.
    Remote,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            urls: Vec::new(),
            inputs: Vec::new(),
            mirrors: Vec::new(),
            metalinks: Vec::new(),
            documents: Vec::new(),
            names: Vec::new(),
            output_template: None,
            globoff: false,
            dry_run: false,
            dir: None,
            create_dirs: false,
            force: false,
            content_disposition: true,
            remote_time: true,
            fsync: Fsync::Auto,
            retry: 0,
            retry_delay: None,
            retry_max_time: None,
            retry_all: false,
            remove_on_error: false,
            sums: Vec::new(),
            checksums: Vec::new(),
            jobs: JOBS,
            per_host: None,
            split: 4,
            min_split_size: 1 << 20,
            split_after: Duration::from_secs(3),
            limit_rate: None,
            limit_rate_per_file: None,
            timeout: Some(Duration::from_secs(30)),
            connect_timeout: None,
            max_time: None,
            max_size: None,
            slowest: (1, None),
            range: None,
            max_redirs: 20,
            headers: HeaderMap::new(),
            weak_headers: HeaderMap::new(),
            no_headers: Vec::new(),
            user: None,
            bearer: None,
            if_changed: false,
            since: None,
            cookies: Cookies::default(),
            sending: Sending::default(),
            compressed: false,
            network: Network::default(),
            events: None,
            summary: None,
            timeline: false,
            waterfalls: Vec::new(),
            har: None,
            progress: true,
            plain: false,
            keys: true,
            verbose: false,
            quiet: false,
            silent: false,
            show_errors: false,
            write_out: None,
            compare: false,
        }
    }
}

impl Options {
    /// Neither lines for what arrived nor a report.
    pub fn is_quiet(&self) -> bool {
        self.quiet || self.silent
    }

    /// How many of the flags for programs want standard output.
    pub fn told_on_stdout(&self) -> usize {
        let outs = [&self.events, &self.summary, &self.har];
        let outs = outs.into_iter().flatten();
        outs.filter(|path| path.as_os_str() == "-").count()
    }
}

/// Some of it is secret, so none of it is shown.
impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options").finish_non_exhaustive()
    }
}
