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
use std::rc::Rc;

use hob::http::Url;

use super::Job;
use super::part::{meta_path, part_path};
use crate::show::text;

/// File systems that hold `A` and `a` for the same name.
const FOLDS_CASE: bool = cfg!(any(windows, target_os = "macos"));

/// Which file is whose; a job is known by its number in the list.
///
/// For a million jobs it holds a million names, and not three million: the name of a half file
/// is not kept, but found by looking at it from both sides. Only where it was cut, as it would
/// have been too long, it stands here itself.
#[derive(Debug, Default)]
pub struct Names {
    owners: HashMap<OsString, usize>,
    /// Folders as they were written, and what they are: many files share one, and to ask the
    /// system costs a few calls.
    folders: HashMap<PathBuf, PathBuf>,
}

impl Names {
    /// Takes `target` and what belongs to it for the job `number`. If any of it is another job's,
    /// nothing is taken, and the answer is that job's number.
    pub fn take(&mut self, target: &Path, number: usize) -> Option<usize> {
        let target = self.place(target);
        let (part, meta) = (part_path(&target), meta_path(&target));
        // The file whose half file has our name; and that whose sidecar has it.
        let (whole, noted) = (without(&target, "part"), without(&target, "meta"));
        let noted = noted.and_then(|noted| without(&noted, "part"));
        // The file that this would be the half file of, if it was not cut: ourselves.
        let base = without(&part, "part").unwrap_or_default();
        let related = [Some(&target), Some(&part), Some(&meta), Some(&base)];
        let related = related.into_iter().chain([whole.as_ref(), noted.as_ref()]);
        let mut owners = related.filter_map(|path| self.owners.get(&folded(path?)));
        if let Some(other) = owners.find(|&&owner| owner != number) {
            return Some(*other);
        }
        if base != target {
            self.owners.insert(folded(&part), number);
            self.owners.insert(folded(&meta), number);
        }
        self.owners.insert(folded(&target), number);
        None
    }

    /// The one way to write a path: two that name the same file become equal. Only the last
    /// step may be a link and is not followed, as it will be replaced and not be written through.
    fn place(&mut self, target: &Path) -> PathBuf {
        let (Some(folder), Some(name)) = (target.parent(), target.file_name()) else {
            return target.to_owned();
        };
        if let Some(known) = self.folders.get(folder) {
            return known.join(name);
        }
        let absolute = std::path::absolute(folder.join(name));
        let absolute = absolute.unwrap_or_else(|_| target.to_owned());
        let real = resolved(absolute.parent().unwrap_or(folder));
        self.folders.insert(folder.to_owned(), real.clone());
        real.join(name)
    }
}

/// The names that are taken while the downloads run.
#[derive(Debug)]
pub struct Places {
    jobs: Rc<[Job]>,
    names: RefCell<Names>,
}

impl Places {
    /// Those of jobs that do not clash.
    pub fn of(jobs: Rc<[Job]>) -> Places {
        let mut names = Names::default();
        let files = jobs.iter().enumerate().filter(|(_, job)| !job.is_stdout);
        for (number, job) in files {
            names.take(&job.target, number);
        }
        Places {
            jobs,
            names: RefCell::new(names),
        }
    }

    /// Takes `target` and what belongs to it for `job`; fails if any of it is another's.
    pub fn take(&self, job: &Job, target: &Path) -> Result<(), String> {
        let mut names = self.names.borrow_mut();
        let own = folded(&names.place(&job.target));
        let number = names.owners.get(&own).copied().unwrap_or(usize::MAX);
        match names.take(target, number) {
            None => Ok(()),
            Some(first) => Err(clash(&self.jobs[first].url, &job.url, target)),
        }
    }
}

/// What is wrong if two URLs go to one file.
pub fn clash(first: &Url, second: &Url, target: &Path) -> String {
    let target = text::path(target);
    let (first, second) = (text::url(first), text::url(second));
    format!(
        "{first} and {second} would both be saved as {target} (give one of them a name with -o)"
    )
}

/// `x` of `x.part`, if it has that extension.
fn without(path: &Path, extension: &str) -> Option<PathBuf> {
    let is_there = path.extension().is_some_and(|found| found == extension);
    is_there.then(|| path.with_extension(""))
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
