//! From the command line to the list of all jobs, before the first of them starts.
//!
//! What could only end badly is refused here, and all of it at once: a URL that is none or that
//! nobody here can connect to, a name that leads out of the folder, or two jobs that would write
//! the same file. (To number the second file instead would be quieter, but which of `a-1.iso`
//! and `a.iso` is which would depend on the order of the list.) The same URL for the same file
//! twice is one job.
//!
//! An *order* is one URL or pattern with what is wanted of it; the command line's come first,
//! then those of each list. Names and sums of the command line pair with orders, in turn.

use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

use hob::http::Url;

use super::Job;
use super::entries::{Entries, Entry, Extra};
use super::glob::Glob;
use super::lists::Sums;
use super::metalink::{self, Known, Text};
use super::places::{Names, clash};
use super::template::{Facts, Template};
use crate::args::{Name, Options};
use crate::names;
use crate::show::text;

/// The schemes that this build of hob can connect to.
const SPOKEN: &[&str] = if cfg!(feature = "tls") {
    &["http", "https"]
} else {
    &["http"]
};

/// So many mistakes are told; of the rest, how many there are.
const TOLD: usize = 20;

/// The jobs of a command line, or everything that is wrong with it, a line each.
pub fn plan(options: &Options) -> Result<Vec<Job>, Vec<String>> {
    let sums = Sums::read(&options.checksums).map_err(|problem| vec![problem])?;
    let mut plan = Plan {
        options,
        sums,
        orders: 0,
        jobs: Vec::new(),
        names: Names::default(),
        problems: Problems::default(),
    };
    if !options.mirrors.is_empty() && options.urls.len() != 1 {
        return Err(vec!["--mirror: there must be exactly one URL".to_owned()]);
    }
    for url in &options.urls {
        let is_pattern = !options.globoff;
        plan.order(Entry {
            url: url.clone(),
            mirrors: options.mirrors.clone(),
            is_pattern,
            ..Entry::default()
        });
    }
    for document in &options.documents {
        plan.metalink(document);
    }
    for input in &options.inputs {
        for entry in Entries::open(input).map_err(|problem| vec![problem])? {
            plan.order(entry.map_err(|problem| vec![problem])?);
        }
    }
    plan.over()
}

struct Plan<'a> {
    options: &'a Options,
    sums: Sums,
    /// How many there were so far.
    orders: usize,
    jobs: Vec<Job>,
    /// The files of `jobs`.
    names: Names,
    problems: Problems,
}

impl Plan<'_> {
    /// The jobs of one order, or what is wrong with it.
    fn order(&mut self, mut entry: Entry) {
        let number = self.orders;
        self.orders += 1;
        let options = self.options;
        // What a list says is nearer to the URL than what stands on the command line.
        let named = options.names.get(number);
        if let (None, Some(Name::File(name))) = (&entry.out, named) {
            entry.out = Some(name.clone());
        }
        entry.is_stdout = match &entry.out {
            None => named == Some(&Name::Stdout),
            Some(out) => out.as_os_str() == "-",
        };
        // The answer to what is sent is no file to keep, unless it has a name.
        let has_name = named.is_some() || entry.out.is_some() || options.output_template.is_some();
        let upload = options.sending.files.get(number);
        entry.is_stdout |= !has_name && !options.sending.is_nothing(upload.map(PathBuf::as_path));
        entry.sum = entry.sum.or_else(|| options.sums.get(number).copied());
        let glob = match entry.is_pattern {
            false => Glob::literal(&entry.url),
            true => match Glob::parse(&entry.url) {
                Ok(glob) => glob,
                Err(wrong) => {
                    let (shown, at, what) = (without_user(&entry.url), wrong.at, wrong.what);
                    let how = "-g takes the URL as it is";
                    let problem = format!("{shown}: not a URL: at character {at}: {what} ({how})");
                    return self.problems.add(&entry.place, &problem);
                }
            },
        };
        if entry.sum.is_some() && glob.urls().nth(1).is_some() {
            let problem = "one sum for many URLs; --checksums takes a list of them";
            return self.problems.add(&entry.place, problem);
        }
        if !entry.mirrors.is_empty() && glob.urls().nth(1).is_some() {
            let problem = "a pattern for many URLs has no mirrors";
            return self.problems.add(&entry.place, problem);
        }
        let template = match (&entry.out, &options.output_template) {
            (Some(name), _) => Some(Template::of_output(name.as_os_str())),
            (None, _) if named == Some(&Name::Remote) => None,
            (None, template) => template.clone(),
        };
        for made in glob.urls() {
            if let Err(problem) = self.job(&entry, &made.text, &made.pieces, template.as_ref()) {
                self.problems.add(&entry.place, &problem);
            }
        }
    }

    /// The job for one URL of an order.
    fn job(
        &mut self,
        entry: &Entry,
        typed: &str,
        pieces: &[String],
        template: Option<&Template>,
    ) -> Result<(), String> {
        let upload = self.options.sending.files.get(self.orders - 1);
        let upload = upload.map(PathBuf::as_path);
        let sending = &self.options.sending;
        let url = sending.destination(parse_url(typed)?, upload)?;
        let mut job = match entry.is_stdout {
            true => Job {
                is_stdout: true,
                ..Job::new(url.clone(), "-".into(), &label(upload, &url))
            },
            false => {
                let named = self.named(entry, url, pieces, template);
                named.map_err(|why| format!("{}: {why}", without_user(typed)))?
            }
        };
        let mirrors = entry.mirrors.iter().map(|mirror| parse_url(mirror));
        job.mirrors = mirrors.collect::<Result<_, _>>()?;
        job.sum = entry.sum;
        job.known = entry.known.clone();
        // The command line's folder is made once for all.
        job.makes_folder = entry.dir.is_some()
            || entry.known.is_some()
            || (entry.out.is_none() && template.is_some());
        let is_extra = entry.extra != Extra::default();
        job.extra = is_extra.then(|| Box::new(entry.extra.clone()));
        if let Some(problem) = self.sums.give(&mut job) {
            return Err(problem);
        }
        job.upload = upload.map(Rc::from);
        if job.is_stdout && job.sum.is_some() && !sending.is_nothing(upload) {
            return Err("the answer to what is sent is not checked; -o names a file".to_owned());
        }
        if job.is_stdout {
            self.jobs.push(job);
            return Ok(());
        }
        match self.names.take(&job.target, self.jobs.len()) {
            None => self.jobs.push(job),
            Some(first) if self.jobs[first] == job => {}
            Some(first) => return Err(clash(&self.jobs[first].url, &job.url, &job.target)),
        }
        Ok(())
    }

    /// The job with the name of its file: of the template, if there is one, else of the URL.
    fn named(
        &self,
        entry: &Entry,
        url: Url,
        pieces: &[String],
        template: Option<&Template>,
    ) -> Result<Job, String> {
        let dir = entry.dir.as_deref().or(self.options.dir.as_deref());
        let dir = dir.unwrap_or(Path::new(""));
        let Some(template) = template else {
            let name = names::from_url(&url);
            return Ok(Job {
                // The next run must know which file it is.
                server_names: !self.options.if_changed,
                ..Job::new(url, dir.join(&name), &name)
            });
        };
        let index = self.jobs.len() + 1;
        let facts = Facts {
            url: &url,
            pieces,
            index,
        };
        let name = template.fill(&facts)?;
        let label = name.to_string_lossy().into_owned();
        Ok(Job::new(url, dir.join(name), &label))
    }

    /// An order for each of its files.
    fn metalink(&mut self, document: &Text) {
        let files = match metalink::parse(&document.text) {
            Ok(files) => files,
            Err(problem) => {
                let problem = format!("{}: {}", document.place, text::harmless(&problem));
                return self.problems.add("", &problem);
            }
        };
        for file in files {
            let mut urls = file.urls.into_iter();
            let home = document.home.clone();
            self.order(Entry {
                place: document.place.clone(),
                url: urls.next().unwrap_or_default(),
                mirrors: urls.collect(),
                out: Some(file.name),
                sum: file.sum,
                known: Some(Arc::new(Known { home, ..file.known })),
                ..Entry::default()
            });
        }
    }

    fn over(self) -> Result<Vec<Job>, Vec<String>> {
        let mut problems = self.problems;
        let (orders, options) = (self.orders, self.options);
        let named = options.names.iter().rposition(|name| *name != Name::Remote);
        if orders == 0 {
            problems.add("", "the list names no URL");
        } else if named.is_some_and(|last| orders <= last) {
            problems.add("", "there are more -o than URLs");
        } else if orders < options.sums.len() {
            problems.add("", "there are more --sha256 than URLs");
        } else if orders < options.sending.files.len() {
            problems.add("", "there are more -T than URLs");
        } else if options.told_on_stdout() > 0 && self.jobs.iter().any(|job| job.is_stdout) {
            let both = "standard output cannot have what --events, --summary or --har tell and a file, too";
            problems.add("", both);
        }
        match problems.all() {
            None => Ok(self.jobs),
            Some(problems) => Err(problems),
        }
    }
}

/// What is wrong, a line each, but not a million lines.
#[derive(Default)]
struct Problems {
    told: Vec<String>,
    untold: usize,
}

impl Problems {
    /// `place` in a list, or nothing for the command line.
    fn add(&mut self, place: &str, problem: &str) {
        if self.told.len() == TOLD {
            self.untold += 1;
            return;
        }
        self.told.push(match place {
            "" => problem.to_owned(),
            _ => format!("{place}: {problem}"),
        });
    }

    fn all(mut self) -> Option<Vec<String>> {
        if self.untold > 0 {
            let more = format!("and {} more mistakes of this kind or another", self.untold);
            self.told.push(more);
        }
        (!self.told.is_empty()).then_some(self.told)
    }
}

/// What is printed has no file: it is called as what is sent, or else as the URL.
fn label(upload: Option<&Path>, url: &Url) -> String {
    match upload.and_then(Path::file_name) {
        Some(name) => name.to_string_lossy().into_owned(),
        None => names::from_url(url),
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
