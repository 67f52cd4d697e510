//! `--dry-run`: what would be done, a line for each job, and nothing is.
//!
//! The command line and its lists are read and checked as ever, and the names looked at that
//! are there already. No server is asked, so what a server would say is not known: neither that
//! a file is gone, nor another name.

use std::path::Path;

use super::Job;
use super::part::{meta_path, part_path};
use super::sidecar::{Beside, Sidecar};
use crate::show::text;

/// How many there are of each kind.
#[derive(Debug, Default, PartialEq)]
pub struct Counts {
    pub new: usize,
    pub going_on: usize,
    pub there: usize,
}

/// The line for `job`. `force`: what is there is replaced.
pub fn rehearse(job: &Job, force: bool, counts: &mut Counts) -> String {
    let (url, target) = (text::url(&job.url), text::path(&job.target));
    if job.is_stdout {
        counts.new += 1;
        return format!("would print {url}");
    }
    if !force && let Ok(found) = job.target.symlink_metadata() {
        counts.there += 1;
        let size = text::bytes(found.len());
        return format!("there {target}  {size}, already; would not be fetched (--force would)");
    }
    if let Some(from) = half(&job.target, &url) {
        counts.going_on += 1;
        let from = text::bytes(from);
        return format!("would go on with {url} as {target}, from {from}");
    }
    counts.new += 1;
    let mirrors = match job.mirrors.len() {
        0 => String::new(),
        1 => " (and a mirror)".to_owned(),
        many => format!(" (and {many} mirrors)"),
    };
    format!("would fetch {url}{mirrors} as {target}")
}

impl Counts {
    /// The last line.
    pub fn line(&self) -> String {
        let all = self.new + self.going_on + self.there;
        format!(
            "{}: {} new, {} half there, {} there; nothing was fetched",
            text::files(all),
            self.new,
            self.going_on,
            self.there
        )
    }
}

/// How much of `target` an earlier run has left that this one would go on with.
fn half(target: &Path, url: &str) -> Option<u64> {
    let found = part_path(target).symlink_metadata().ok()?;
    let Ok(Beside::Sidecar(sidecar)) = Sidecar::read(&meta_path(target)) else {
        return None;
    };
    (found.is_file() && sidecar.url == url).then(|| sidecar.believed(found.len()).sum())
}
