//! What is to be done: one [`Job`] for each URL, all of them known before the first starts.
//!
//! [`plan`] pairs URLs with file names and refuses, before anything is fetched, what could
//! only end badly: a URL that is none or that nobody here can connect to, or two jobs that
//! would write the same file. (To number the second file instead would be quieter, but which
//! of `a-1.iso` and `a.iso` is which would depend on the order of the list.)

mod own;
mod sidecar;
mod check;
mod part;
mod writer;
mod settle;
mod places;
mod failure;
mod session;
mod attempt;
mod download;
mod lists;

use std::io;
use std::path::{Path, PathBuf};

use hob::http::Url;

use crate::args::{Name, Options};
use crate::names;
use crate::show::text;

pub use check::{Sha256Sum, sums};
pub use download::download;
pub use failure::{Failure, OTHER};
pub use part::save;
pub use session::Session;
pub use settle::Fsync;

/// The schemes that this build of hob can connect to.
const SPOKEN: &[&str] = if cfg!(feature = "tls") {
    &["http", "https"]
} else {
    &["http"]
};

/// One URL and the file it goes to.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    pub url: Url,
    /// Where the whole file will be.
    pub target: PathBuf,
    /// What the user sees: the target, or just its file name where that says enough.
    pub label: String,
    /// What the file must hash to, if that is known.
    pub sum: Option<Sha256Sum>,
    /// May the server propose another name? Not if the user gave one, or the name stands in a
    /// list of sums.
    pub server_names: bool,
}

impl Job {
    pub fn new(url: Url, target: PathBuf, label: &str) -> Job {
        Job {
            url,
            target,
            label: text::harmless(label),
            sum: None,
            server_names: false,
        }
    }

    /// The same once more, into a folder of its own beside the first file, which is made.
    pub async fn again(&self) -> io::Result<Job> {
        let mut target = self.target.with_file_name("one-after-another");
        let made = hob::fs::create_dir_all(&target).await;
        made.map_err(|e| io::Error::new(e.kind(), format!("{}: {e}", target.display())))?;
        target.push(self.target.file_name().unwrap_or_default());
        Ok(Job {
            target,
            ..self.clone()
        })
    }
}

/// The jobs of a command line, or everything that is wrong with it, a line each.
pub fn plan(options: &Options) -> Result<Vec<Job>, Vec<String>> {
    let listed = lists::urls(&options.inputs).map_err(|problem| vec![problem])?;
    let sums = lists::Sums::read(&options.checksums).map_err(|problem| vec![problem])?;
    let urls: Vec<&String> = options.urls.iter().chain(&listed).collect();
    if urls.is_empty() {
        return Err(vec!["the list names no URL".to_owned()]);
    }
    let named = options.names.iter().rposition(|name| *name != Name::Remote);
    if named.is_some_and(|last| urls.len() <= last) {
        return Err(vec!["there are more -o than URLs".to_owned()]);
    }
    if urls.len() < options.sums.len() {
        return Err(vec!["there are more --sha256 than URLs".to_owned()]);
    }
    let dir = options.dir.as_deref().unwrap_or(Path::new(""));
    let mut jobs = Vec::with_capacity(urls.len());
    let mut problems = Vec::new();
    for (index, typed) in urls.iter().enumerate() {
        match parse_url(typed) {
            Ok(url) => {
                let mut job = job(url, dir, options.names.get(index));
                job.sum = options.sums.get(index).copied();
                problems.extend(sums.give(&mut job));
                jobs.push(job);
            }
            Err(problem) => problems.push(problem),
        }
    }
    problems.extend(places::clashes(&jobs));
    if problems.is_empty() {
        Ok(jobs)
    } else {
        Err(problems)
    }
}

fn job(url: Url, dir: &Path, name: Option<&Name>) -> Job {
    match name {
        Some(Name::File(name)) => Job::new(url, dir.join(name), &name.to_string_lossy()),
        Some(Name::Remote) | None => {
            let name = names::from_url(&url);
            Job {
                server_names: true,
                ..Job::new(url, dir.join(&name), &name)
            }
        }
    }
}

/// As curl does, `host/path` is taken for `http://host/path`.
///
/// The URL standard has line ends and tabs dropped, wherever they are. But who has them in a
/// URL has a list that was cut in the wrong places, and would fetch something else.
fn parse_url(typed: &str) -> Result<Url, String> {
    let refused = |why: &str| format!("{}: not a URL: {why}", without_user(typed));
    if typed.contains(char::is_control) {
        return Err(refused("it has a control character in it"));
    }
    let guessed = match has_scheme(typed) {
        true => Url::parse(typed),
        false => Url::parse(&format!("http://{typed}")),
    };
    let url = guessed.map_err(|e| refused(&e.to_string()))?;
    if !SPOKEN.contains(&url.scheme()) {
        let (shown, scheme, spoken) = (without_user(typed), url.scheme(), SPOKEN.join(" and "));
        return Err(format!(
            "{shown}: {scheme} is not spoken here, only {spoken}"
        ));
    }
    if url.port() == Some(0) {
        return Err(refused("there is no port 0"));
    }
    Ok(url)
}

/// RFC 3986, 3.1: a letter, and then letters, digits, `+`, `.` and `-`. What stands before
/// another `://`, as in `host/x?u=http://y`, is no scheme.
fn has_scheme(typed: &str) -> bool {
    let in_scheme = |c: char| c.is_ascii_alphanumeric() || "+.-".contains(c);
    typed.split_once("://").is_some_and(|(scheme, _)| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic()) && scheme.chars().all(in_scheme)
    })
}

/// What was typed, to be shown, without a user's name and password. Nobody knows where they
/// end in what is no URL, so all is cut up to the last `@`.
fn without_user(typed: &str) -> String {
    match typed.rsplit_once('@') {
        Some((_secret, rest)) => format!("…@{}", text::harmless(rest)),
        None => text::harmless(typed),
    }
}

#[cfg(test)]
mod tests;
