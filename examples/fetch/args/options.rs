//! What the command line asks for, as plain data that everybody reads.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use hob::http::HeaderMap;

use crate::job::{Fsync, Sha256Sum};
use crate::network::Network;

/// How many downloads run at once unless `-j` says otherwise: enough to hide a second of
/// waiting on each, far below the 1024 descriptors (three for each) that a process may have.
const JOBS: usize = 64;

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
