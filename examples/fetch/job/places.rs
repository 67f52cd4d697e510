//! Each file is written by one job only: which names are taken in this run.
//!
//! A job has more than one name: that of its file, of its half file, and of what is known of
//! that. `x.part` may be the file of one job and the half file of another.
//!
//! Names that the user or a URL gives are compared before anything is fetched. A name that a
//! server proposes comes later: if it is another job's, that download is refused. (To number
//! it instead would be quieter, but which of two is `a-1.iso` would depend on the network.)

use std::cell::RefCell;
use std::collections::HashMap;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use super::Job;
use super::part::{meta_path, part_path};
use crate::show::text;

/// File systems that hold `A` and `a` for the same name.
const FOLDS_CASE: bool = cfg!(any(windows, target_os = "macos"));

/// The names that are taken, and by which URL.
#[derive(Debug, Default)]
pub struct Places {
    owners: RefCell<HashMap<OsString, String>>,
}

impl Places {
    /// Those of jobs that do not clash.
    pub fn of(jobs: &[Job]) -> Places {
        let places = Places::default();
        for job in jobs {
            let _ = places.take(job, &job.target);
        }
        places
    }

    /// Takes `target` and what belongs to it for `job`; fails if any of it is another's.
    pub fn take(&self, job: &Job, target: &Path) -> Result<(), String> {
        let place = place(target);
        let names = [part_path(&place), meta_path(&place), place].map(|path| folded(&path));
        let url = text::url(&job.url);
        let mut owners = self.owners.borrow_mut();
        let mine = owners.get(&folded(&self::place(&job.target))) == Some(&url);
        for name in &names {
            if let Some(other) = owners.get(name)
                && !(mine && *other == url)
            {
                return Err(clash(other, &url, target));
            }
        }
        owners.extend(names.map(|name| (name, url.clone())));
        Ok(())
    }
}

fn clash(first: &str, second: &str, target: &Path) -> String {
    let target = text::harmless(&target.to_string_lossy());
    format!(
        "{first} and {second} would both be saved as {target} (give one of them a name with -o)"
    )
}

/// Everything that is wrong with the names of these jobs, a line each.
pub fn clashes(jobs: &[Job]) -> Vec<String> {
    let mut owners: HashMap<OsString, usize> = HashMap::new();
    let mut problems = Vec::new();
    for (index, job) in jobs.iter().enumerate() {
        let target = place(&job.target);
        let all = [part_path(&target), meta_path(&target), target];
        let taken = all.map(|path| owners.insert(folded(&path), index));
        if let Some(first) = taken.into_iter().flatten().next() {
            let (first, second) = (text::url(&jobs[first].url), text::url(&job.url));
            problems.push(clash(&first, &second, &job.target));
        }
    }
    problems
}

/// The one way to write a path: two that name the same file become equal. Only the last
/// step may be a link and is not followed, as it will be replaced and not be written through.
fn place(target: &Path) -> PathBuf {
    let target = std::path::absolute(target).unwrap_or_else(|_| target.to_owned());
    match (target.parent(), target.file_name()) {
        (Some(folder), Some(name)) => resolved(folder).join(name),
        _ => target,
    }
}

/// `folder` without links and dots, even if it is yet to be made.
fn resolved(folder: &Path) -> PathBuf {
    match (
        fs::canonicalize(folder),
        folder.parent(),
        folder.file_name(),
    ) {
        (Ok(real), ..) => real,
        (Err(_), Some(above), Some(name)) => resolved(above).join(name),
        // It ends with `..`, and what will be made as a folder is no link.
        (Err(_), Some(above), None) => {
            let mut above = resolved(above);
            above.pop();
            above
        }
        (Err(_), None, _) => folder.to_owned(),
    }
}

fn folded(path: &Path) -> OsString {
    match path.to_str() {
        Some(path) if FOLDS_CASE => path.to_lowercase().into(),
        _ => path.as_os_str().to_owned(),
    }
}
