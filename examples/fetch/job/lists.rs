//! Lists of sums (`--checksums`): what each file must hash to.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::Job;
use super::check::{Sha256Sum, sums};
use crate::show::text;

pub fn cannot_read(path: &Path, error: &io::Error) -> String {
    format!("cannot read {}: {error}", text::path(path))
}

/// What each name must hash to, from all lists.
pub struct Sums {
    /// `None` where two lines disagree.
    by_name: HashMap<String, Option<Sha256Sum>>,
    is_asked_for: bool,
}

impl Sums {
    pub fn read(lists: &[PathBuf]) -> Result<Sums, String> {
        let mut by_name: HashMap<String, Option<Sha256Sum>> = HashMap::new();
        for list in lists {
            let content = fs::read_to_string(list).map_err(|e| cannot_read(list, &e))?;
            let lines = sums(&content).map_err(|line| {
                format!(
                    "{}, line {line}: not a SHA-256 and a name",
                    text::path(list)
                )
            })?;
            for (sum, path) in lines {
                // Lists are made in other folders than files are fetched to.
                let name = path.rsplit('/').next().unwrap_or(path);
                let entry = by_name.entry(name.to_owned()).or_insert(Some(sum));
                *entry = entry.filter(|other| *other == sum);
            }
        }
        let is_asked_for = !lists.is_empty();
        Ok(Sums {
            by_name,
            is_asked_for,
        })
    }

    /// Tells the job its sum; or says why it has none. Whoever asks for a check gets one.
    pub fn give(&self, job: &mut Job) -> Option<String> {
        if !self.is_asked_for || job.sum.is_some() {
            return None;
        }
        job.server_names = false;
        let name = job.target.file_name().unwrap_or_default().to_string_lossy();
        match self.by_name.get(&*name) {
            Some(&Some(sum)) => {
                job.sum = Some(sum);
                None
            }
            Some(None) => Some(format!(
                "--checksums: two sums for {}",
                text::harmless(&name)
            )),
            None => Some(format!("--checksums: no sum for {}", text::harmless(&name))),
        }
    }
}
