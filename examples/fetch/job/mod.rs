//! What is to be done: one [`Job`] for each URL, all of them known before the first starts.
//!
//! [`plan`] pairs URLs with file names and refuses, before anything is fetched, what could
//! only end badly: a URL that is none or that nobody here can connect to, or two jobs that
//! would write the same file. (To number the second file instead would be quieter, but which
//! of `a-1.iso` and `a.iso` is which would depend on the order of the list.)

mod check;
mod download;
mod own;
mod part;

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use url::Url;

use crate::args::Options;
use crate::names;
use crate::show::text;

pub use check::{Sha256Sum, sums};

pub use download::download;
pub use part::{part_path, save};

/// File systems that hold `A` and `a` for the same name.
const FOLDS_CASE: bool = cfg!(any(windows, target_os = "macos"));

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
}

impl Job {
    pub fn new(url: Url, target: PathBuf, label: &str) -> Job {
        Job {
            url,
            target,
            label: text::harmless(label),
            sum: None,
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
    let listed = listed(&options.inputs).map_err(|problem| vec![problem])?;
    let urls: Vec<&String> = options.urls.iter().chain(&listed).collect();
    if urls.is_empty() {
        return Err(vec!["the list names no URL".to_owned()]);
    }
    if urls.len() < options.names.len() {
        return Err(vec!["there are more -o than URLs".to_owned()]);
    }
    let dir = options.dir.as_deref().unwrap_or(Path::new(""));
    let mut jobs = Vec::with_capacity(urls.len());
    let mut problems = Vec::new();
    for (index, typed) in urls.iter().enumerate() {
        match parse_url(typed) {
            Ok(url) => jobs.push(job(url, dir, options.names.get(index))),
            Err(problem) => problems.push(problem),
        }
    }
    problems.extend(clashes(&jobs));
    if problems.is_empty() {
        Ok(jobs)
    } else {
        Err(problems)
    }
}

fn job(url: Url, dir: &Path, name: Option<&PathBuf>) -> Job {
    match name {
        Some(name) => Job::new(url, dir.join(name), &name.to_string_lossy()),
        None => {
            let name = names::from_url(&url);
            Job::new(url, dir.join(&name), &name)
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

/// The URLs in the files of `-i`. A line that is empty or starts with `#` is none.
fn listed(inputs: &[PathBuf]) -> Result<Vec<String>, String> {
    let mut urls = Vec::new();
    for input in inputs {
        let content = match input.to_str() {
            Some("-") => {
                let mut content = String::new();
                io::stdin().read_to_string(&mut content).map(|_| content)
            }
            _ => fs::read_to_string(input),
        };
        let content = content.map_err(|e| {
            format!(
                "cannot read {}: {e}",
                text::harmless(&input.to_string_lossy())
            )
        })?;
        let lines = content
            .trim_start_matches('\u{feff}')
            .split(['\n', '\r']) // a line end of any kind
            .map(str::trim);
        let lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
        urls.extend(lines.map(str::to_owned));
    }
    Ok(urls)
}

/// Each file is written by one job only, and so is each `.part`: `x.part` may be the name
/// of one job's file and of the half file of another.
fn clashes(jobs: &[Job]) -> Vec<String> {
    let mut owners: HashMap<OsString, usize> = HashMap::new();
    let mut problems = Vec::new();
    for (index, job) in jobs.iter().enumerate() {
        let target = place(&job.target);
        let both = [part_path(&target), target];
        let taken = both.map(|path| owners.insert(folded(&path), index));
        if let Some(first) = taken.into_iter().flatten().next() {
            problems.push(format!(
                "{} and {} would both be saved as {} (give one of them a name with -o)",
                text::url(&jobs[first].url),
                text::url(&job.url),
                text::harmless(&job.target.to_string_lossy()),
            ));
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

#[cfg(test)]
mod tests {
    use super::*;

    fn planned(urls: &[&str], names: &[&str]) -> Result<Vec<Job>, Vec<String>> {
        plan(&Options {
            urls: urls.iter().map(|&url| url.to_owned()).collect(),
            names: names.iter().map(PathBuf::from).collect(),
            dir: Some("out".into()),
            ..Options::default()
        })
    }

    fn targets(jobs: &[Job]) -> Vec<&Path> {
        jobs.iter().map(|job| job.target.as_path()).collect()
    }

    #[test]
    fn names_pair_with_urls_in_order_and_the_rest_are_derived() {
        let jobs = planned(&["http://h/a", "h/b", "http://h/"], &["first"]).unwrap();
        let expected = ["out/first", "out/b", "out/index.html"].map(Path::new);
        assert_eq!(targets(&jobs), expected);
        assert_eq!(jobs[1].url.as_str(), "http://h/b");
        assert!(planned(&["http://h/a"], &["x", "y"]).unwrap_err()[0].contains("more -o"));
    }

    #[test]
    fn two_jobs_for_one_file_are_refused_before_anything_starts() {
        let problems = planned(&["http://h/1/a", "http://user:secret@h/2/a"], &[]).unwrap_err();
        assert_eq!(problems.len(), 1);
        assert!(
            problems[0].contains("http://h/1/a and http://h/2/a would both"),
            "{problems:?}"
        );
        assert!(planned(&["http://h/a", "http://h/b"], &["b"]).is_err());
        assert!(
            planned(&["http://h/x", "http://h/x.part"], &[]).is_err(),
            "a half file's name"
        );
    }

    /// Broken by: looking for `://` anywhere.
    #[test]
    fn only_what_looks_like_a_scheme_is_one() {
        let names = ["a", "b", "c"];
        let urls = ["localhost:8000/x?u=http://y", "h/http://y", "HTTP://h/x"];
        let jobs = planned(&urls, &names).unwrap();
        let hosts = jobs.iter().map(|job| job.url.host_str().unwrap());
        assert_eq!(hosts.collect::<Vec<_>>(), ["localhost", "h", "h"]);
        assert_eq!(jobs[0].url.query(), Some("u=http://y"));
    }

    #[test]
    fn what_nobody_can_connect_to_is_refused_before_anything_starts() {
        for url in [
            "gopher://h/",
            "ftp://h/",
            "file:///x",
            "http://h:0/",
            "h:0/x",
        ] {
            assert!(planned(&[url, "http://h/ok"], &[]).is_err(), "{url}");
        }
    }

    /// Broken by: leaving them to the parser, which drops them.
    #[test]
    fn a_control_character_in_a_url_is_refused() {
        for url in [
            "http://h/a\tb",
            "http://h/a\nb",
            "http://h/a\rb",
            "\thttp://h/a",
        ] {
            let problems = planned(&[url], &[]).expect_err(url);
            assert!(problems[0].contains("control character"), "{problems:?}");
        }
    }

    /// Broken by: comparing the paths as they were typed.
    #[test]
    fn one_file_under_two_spellings_is_still_one_file() {
        let urls = ["http://h/1", "http://h/2"];
        for names in [["a", "./a"], ["a", "../out/a"], ["new/a", "new/../new/./a"]] {
            let problems = planned(&urls, &names).expect_err(names[1]);
            assert!(problems[0].contains("would both"), "{problems:?}");
        }
        let here = std::env::current_dir().unwrap().join("out/a");
        assert!(planned(&urls, &["a", here.to_str().unwrap()]).is_err());
        assert!(planned(&urls, &["a", "../a"]).is_ok());
    }

    #[test]
    fn every_bad_line_is_named_at_once() {
        let problems = planned(&["http://[", "http://h/ok", "http://\u{1b}[2J/"], &[]).unwrap_err();
        assert_eq!(problems.len(), 2, "{problems:?}");
        assert!(
            problems
                .iter()
                .all(|p| p.contains("not a URL") && !p.contains('\u{1b}'))
        );
    }
}
