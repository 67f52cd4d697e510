//! Lists of URLs (`-i`), in aria2's way: a URL on each line, and its options in the indented
//! lines behind it.
//!
//! ```text
//! # a comment
//! http://example.org/a.iso
//!   out=first.iso
//!   sha256=9f86d081…
//! http://example.org/b.iso <TAB> http://mirror.example/b.iso
//!   dir=elsewhere
//!   header=X-Key: secret
//! ```
//!
//! An [`Entry`] is read at a time, so a list of a million lines is never held as text. Nothing
//! of a list is believed: a line has a limit, an option that is not known is an error, and an
//! error names the line and the option, never the value, which may be a secret.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use hob::http::{HeaderMap, HeaderName, HeaderValue, header};

use super::check::Sha256Sum;
use super::lists::cannot_read;
use super::metalink::Known;
use crate::show::text;

/// No URL is longer than this, in bytes.
const LONGEST: usize = 64 * 1024;

const OFFERED: &str = "out, dir, header, user, user-agent, referer, sha256, checksum and glob";

/// An *order*: one URL, or a pattern for many, and what is wanted of it. Also that of a command
/// line, and of a file in a Metalink.
#[derive(Debug, Default)]
pub struct Entry {
    /// Where it stands, for errors: `urls.txt, line 7`.
    pub place: String,
    pub url: String,
    /// The other URLs on the line: where else the same file is.
    pub mirrors: Vec<String>,
    pub out: Option<PathBuf>,
    /// To standard output, and to no file.
    pub is_stdout: bool,
    pub dir: Option<PathBuf>,
    pub sum: Option<Sha256Sum>,
    /// Of a Metalink.
    pub known: Option<Arc<Known>>,
    /// `glob=true`: the URL is a pattern. Lists are written by programs, so here it is none
    /// unless it says so.
    pub is_pattern: bool,
    pub extra: Extra,
}

/// What one request has that others do not have.
#[derive(Clone, Default, PartialEq)]
pub struct Extra {
    /// In place of those of the same name that the command line has.
    pub headers: HeaderMap,
    /// `header=Name:`, none of these.
    pub no_headers: Vec<HeaderName>,
    pub user: Option<(String, String)>,
}

impl Extra {
    pub fn put_into(&self, headers: &mut HeaderMap) {
        for name in self.headers.keys().chain(&self.no_headers) {
            headers.remove(name);
        }
        for (name, value) in &self.headers {
            headers.append(name, value.clone());
        }
    }
}

/// Some of it is secret, so none of it is shown.
impl std::fmt::Debug for Extra {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Extra").finish_non_exhaustive()
    }
}

/// The entries of a list, one after another.
pub struct Entries {
    name: String,
    lines: Lines,
    /// The line of the next entry, read already to see that the last one has ended.
    next: Option<(usize, String)>,
}

impl Entries {
    /// `-` stands for standard input.
    pub fn open(input: &Path) -> Result<Entries, String> {
        if input.to_str() == Some("-") {
            return Ok(Entries::new("standard input", Box::new(io::stdin().lock())));
        }
        let file = File::open(input).map_err(|e| cannot_read(input, &e))?;
        Ok(Entries::new(
            &text::path(input),
            Box::new(BufReader::new(file)),
        ))
    }

    fn new(name: &str, source: Box<dyn BufRead>) -> Entries {
        Entries {
            name: name.to_owned(),
            lines: Lines {
                source,
                number: 0,
                after_return: false,
            },
            next: None,
        }
    }

    fn wrong(&self, line: usize, what: &str) -> String {
        format!("{}, line {line}: {what}", self.name)
    }

    /// The next line that says something.
    fn line(&mut self) -> Result<Option<(usize, String)>, String> {
        if let Some(line) = self.next.take() {
            return Ok(Some(line));
        }
        loop {
            match self.lines.next() {
                Err(e) if e.kind() == io::ErrorKind::InvalidData => {
                    return Err(self.wrong(self.lines.number, &e.to_string()));
                }
                Err(e) => return Err(format!("cannot read {}: {e}", self.name)),
                Ok(None) => return Ok(None),
                Ok(Some(line)) => {
                    let said = line.trim();
                    if !said.is_empty() && !said.starts_with('#') {
                        return Ok(Some((self.lines.number, line)));
                    }
                }
            }
        }
    }

    fn entry(&mut self) -> Result<Option<Entry>, String> {
        let Some((number, line)) = self.line()? else {
            return Ok(None);
        };
        if line.starts_with([' ', '\t']) {
            return Err(self.wrong(number, "an indented line is an option of a URL above it"));
        }
        let mut urls = line
            .split('\t')
            .map(str::trim)
            .filter(|url| !url.is_empty());
        let mut entry = Entry {
            place: format!("{}, line {number}", self.name),
            url: urls.next().unwrap_or_default().to_owned(),
            mirrors: urls.map(str::to_owned).collect(),
            ..Entry::default()
        };
        while let Some((number, line)) = self.line()? {
            if !line.starts_with([' ', '\t']) {
                self.next = Some((number, line));
                break;
            }
            let set = entry.set(line.trim());
            set.map_err(|what| self.wrong(number, &what))?;
        }
        Ok(Some(entry))
    }
}

impl Iterator for Entries {
    type Item = Result<Entry, String>;

    fn next(&mut self) -> Option<Self::Item> {
        self.entry().transpose()
    }
}

impl Entry {
    /// Takes an option. The error does not repeat its value.
    fn set(&mut self, option: &str) -> Result<(), String> {
        let (name, value) = option
            .split_once('=')
            .ok_or("an option is written as name=value")?;
        let (name, value) = (name.trim_end(), value.trim());
        match name {
            "out" | "output" => self.out = Some(value.into()),
            "dir" => self.dir = Some(value.into()),
            "header" => {
                let extra = &mut self.extra;
                match crate::args::header_line(value)? {
                    (name, Some(value)) => drop(extra.headers.append(name, value)),
                    (name, None) => extra.no_headers.push(name),
                }
            }
            "user-agent" => self.header(header::USER_AGENT, value)?,
            "referer" => self.header(header::REFERER, value)?,
            "user" => {
                let user = crate::args::name_and_password(value);
                self.extra.user = Some(user.map_err(|why| format!("user: {why}"))?);
            }
            "sha256" => self.sum = Some(sum(value)?),
            // aria2's way to write the same.
            "checksum" => {
                let hex = value.strip_prefix("sha-256=");
                self.sum = Some(sum(hex.ok_or("checksum: only sha-256=… is offered")?)?);
            }
            "glob" | "parameterized-uri" => {
                self.is_pattern = value
                    .parse()
                    .map_err(|_| format!("{name}: write true or false"))?;
            }
            _ => {
                return Err(format!(
                    "no option {} here, only {OFFERED}",
                    text::harmless(name)
                ));
            }
        }
        Ok(())
    }

    fn header(&mut self, name: HeaderName, value: &str) -> Result<(), String> {
        let wrong = |_| format!("the value of {name} has a control character in it");
        let value = HeaderValue::try_from(value).map_err(wrong)?;
        self.extra.headers.insert(name, value);
        Ok(())
    }
}

fn sum(hex: &str) -> Result<Sha256Sum, String> {
    Sha256Sum::from_hex(hex).ok_or_else(|| "a SHA-256 has 64 hexadecimal digits".to_owned())
}

/// Lines with any line end, none of them too long.
struct Lines {
    source: Box<dyn BufRead>,
    /// Of the line that was read last, from 1.
    number: usize,
    /// It ended with a carriage return: a line feed behind that belongs to the same end.
    after_return: bool,
}

impl Lines {
    fn next(&mut self) -> io::Result<Option<String>> {
        let mut line = Vec::new();
        let mut begun = false;
        loop {
            let there = self.source.fill_buf()?;
            if there.is_empty() && !begun {
                return Ok(None);
            }
            if std::mem::take(&mut self.after_return) && there.starts_with(b"\n") {
                self.source.consume(1);
                continue;
            }
            begun = true;
            let end = there.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
            let taken = &there[..end.unwrap_or(there.len())];
            line.extend_from_slice(taken);
            self.after_return = end.is_some_and(|end| there[end] == b'\r');
            let (is_over, count) = (end.is_some() || there.is_empty(), taken.len());
            self.source.consume(count + usize::from(end.is_some()));
            if is_over || line.len() > LONGEST {
                break;
            }
        }
        self.number += 1;
        if line.len() > LONGEST {
            return Err(invalid("this is longer than any URL"));
        }
        let line = String::from_utf8(line).map_err(|_| invalid("this is not UTF-8"))?;
        let mark = if self.number == 1 { "\u{feff}" } else { "" };
        Ok(Some(line.strip_prefix(mark).unwrap_or(&line).to_owned()))
    }
}

fn invalid(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests;
