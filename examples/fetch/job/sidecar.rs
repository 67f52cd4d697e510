//! `NAME.part.meta`: which version of which file a half file is half of.
//!
//! ```text
//! hob fetch, half of a file, 1
//! url: http://example.com/image.iso
//! total: 50000000000
//! safe: 67108864
//! boot: 0d1c6b2e-…
//! etag: "5f3c-61"
//! date: Fri, 20 Nov 2026 20:39:40 GMT
//! ```
//!
//! Law: after a power cut a file may be as long as it ever was, and have zeros where the last
//! bytes belong. Consequence: the length of a half file is believed only within one run of the
//! kernel (`boot`), whose cache knows every byte that was written, whoever was killed. After
//! another start of the machine, so many bytes are believed as had been handed to the disk for
//! certain (`safe`). Where the system does not tell its boots apart, that is all there is.
//!
//! The length says nothing of a file that comes in several ranges at once, which has gaps. Its
//! sidecar is of another version, which a fetch that knows only the first one leaves alone, and
//! lists what is there:
//!
//! ```text
//! hob fetch, half of a file, 2
//! url: http://example.com/image.iso
//! total: 50000000000
//! there: 0-67108863 25000000000-25033554431
//! safe: 0-67108863
//! …
//!
//! 67108864-67174399
//! 25033554432-25033619967
//! ```
//!
//! What stands behind the empty line is a *journal*: after each write to the half file, a line is
//! added that says which bytes it was. Law: the kernel of a killed program has all that was
//! written, in its order. Consequence: a line that is there speaks of bytes that are there, and
//! a kill costs no more than the one write that had no line yet. Choice: lines are added,
//! because to write all of it anew each time would be twenty times the work; only when the
//! journal gets long is it made part of the list, in a new sidecar. A power cut may leave
//! anything of a journal, and so nothing of it is believed after another start of the machine.
//!
//! It is a small text, written beside and renamed: a reader finds the old one or the new one.
//! Nobody but its owner may read it, for there are URLs that are keys. It has no user name and
//! no password in it.

mod journal;

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};

use hob::http::{ByteRange, HeaderMap, HeaderName, HeaderValue, Resume, Validators};

use super::own;
use super::stretches::{self, Stretches};

pub use journal::Journal;

/// The first line. What begins in another way is not ours, or is of a later fetch.
const VERSION: &str = "hob fetch, half of a file, 1";

/// That of a half file with gaps.
const WITH_GAPS: &str = "hob fetch, half of a file, 2";

/// More than any of ours has.
const LONGEST: u64 = 64 * 1024;

/// What is found where a sidecar might be.
#[derive(Debug, PartialEq)]
pub enum Beside {
    Nothing,
    /// A file without a byte in it.
    Empty,
    /// A file that cannot be understood.
    Other,
    Sidecar(Box<Sidecar>),
}

/// What is known of a half file.
#[derive(Debug, Clone, PartialEq)]
pub struct Sidecar {
    /// Without user name and password.
    pub url: String,
    /// Whose the fields are, if that is another one: a mirror.
    pub from: Option<String>,
    /// How long the whole is, if the server said it.
    pub total: Option<u64>,
    /// Validators, and the digest of the whole, as the server sent them.
    pub fields: HeaderMap,
    /// These bytes survive a power cut.
    pub safe: Stretches,
    /// What is there of a file with gaps. `None`: as much as the half file is long.
    pub there: Option<Stretches>,
    /// Which run of the kernel wrote it.
    pub boot: Option<String>,
}

impl Sidecar {
    /// Of a response that begins a file.
    pub fn new(url: &str, from: &str, total: Option<u64>, headers: &HeaderMap) -> Sidecar {
        let validators = Validators::of(headers);
        let mut fields: HeaderMap = validators
            .fields()
            .map(|(name, value)| (name, value.clone()))
            .collect();
        // A coded file that was not to be coded: its ranges might be of the other form.
        if headers.contains_key("content-encoding") {
            fields.clear();
        }
        for digest in headers.get_all("repr-digest") {
            fields.append("repr-digest", digest.clone());
        }
        let (url, boot) = (url.to_owned(), boot());
        Sidecar {
            from: Some(from.to_owned()).filter(|from| *from != url),
            url,
            total,
            fields,
            safe: Stretches::default(),
            there: None,
            boot,
        }
    }

    pub fn validators(&self) -> Validators {
        Validators::of(&self.fields)
    }

    /// How to go on with a file of which `have` bytes are there, written by this boot or
    /// before. `None`: it has to be begun again.
    pub fn resume(&self, have: u64) -> Option<Resume> {
        let validators = self.validators();
        let resume = Resume {
            have,
            total: self.total,
            validators,
        };
        resume.request().map(|_| resume)
    }

    /// Are the fields those that this URL gave?
    pub fn is_from(&self, url: &str) -> bool {
        self.from.as_ref().unwrap_or(&self.url) == url
    }

    /// How to ask for one stretch of it.
    pub fn range(&self, asked: Range<u64>) -> ByteRange {
        ByteRange {
            first: asked.start,
            end: asked.end,
            total: self.total,
            version: Some(self.validators()),
        }
    }

    /// Which of the `length` bytes in the file can be believed.
    pub fn believed(&self, length: u64) -> Stretches {
        let same_boot = self.boot.is_some() && self.boot == boot();
        let mut believed = match &self.there {
            _ if !same_boot => self.safe.clone(),
            Some(there) => there.clone(),
            None => Stretches::prefix_of(length),
        };
        believed.remove(length..u64::MAX);
        believed
    }

    /// Looks at what is at `path`; one call if that is nothing.
    pub fn read(path: &Path) -> io::Result<Beside> {
        let file = match own::open(path) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Beside::Nothing),
            file => file?,
        };
        let mut text = Vec::new();
        file.take(LONGEST).read_to_end(&mut text)?;
        if text.is_empty() {
            return Ok(Beside::Empty);
        }
        let sidecar = std::str::from_utf8(&text).ok().and_then(Sidecar::parse);
        Ok(sidecar.map_or(Beside::Other, |sidecar| Beside::Sidecar(Box::new(sidecar))))
    }

    fn parse(text: &str) -> Option<Sidecar> {
        let (head, journal) = match text.split_once("\n\n") {
            Some((head, journal)) if head.starts_with(WITH_GAPS) => (head, journal),
            _ => (text.strip_suffix('\n')?, ""),
        };
        let mut lines = head.split('\n');
        let mut read = Sidecar {
            url: String::new(),
            from: None,
            total: None,
            fields: HeaderMap::new(),
            safe: Stretches::default(),
            there: match lines.next()? {
                VERSION => None,
                WITH_GAPS => Some(Stretches::default()),
                _ => return None,
            },
            boot: None,
        };
        for line in lines {
            read.parse_line(line)?;
        }
        if let Some(there) = &mut read.there {
            // A line without its end is one that a kill cut short.
            let whole = journal.rsplit_once('\n').map_or("", |(whole, _cut)| whole);
            for one in whole.split('\n').map_while(stretches::parse) {
                there.add(one);
            }
            there.remove(read.total?..u64::MAX);
        }
        (!read.url.is_empty()).then_some(read)
    }

    fn parse_line(&mut self, line: &str) -> Option<()> {
        let (name, value) = line.split_once(": ")?;
        match (name, &mut self.there) {
            ("url", _) => self.url = value.to_owned(),
            ("from", _) => self.from = Some(value.to_owned()),
            ("total", _) => self.total = Some(value.parse().ok()?),
            ("safe", None) => self.safe = Stretches::prefix_of(value.parse().ok()?),
            ("safe", Some(_)) => self.safe = Stretches::parse(value)?,
            ("there", Some(there)) => *there = Stretches::parse(value)?,
            ("boot", _) => self.boot = Some(value.to_owned()),
            (field, _) => {
                let name = HeaderName::try_from(field).ok()?;
                // Latin-1 and the like: a header's bytes are written one by one.
                let value: Option<Vec<u8>> = value.chars().map(|c| u8::try_from(c).ok()).collect();
                self.fields
                    .append(name, HeaderValue::try_from(value?).ok()?);
            }
        }
        Some(())
    }

    fn text(&self) -> String {
        let mut text = match &self.there {
            None => format!(
                "{VERSION}\nurl: {}\nsafe: {}\n",
                self.url,
                self.safe.prefix()
            ),
            Some(there) => {
                let (there, safe) = (there.text(), self.safe.text());
                format!(
                    "{WITH_GAPS}\nurl: {}\nthere: {there}\nsafe: {safe}\n",
                    self.url
                )
            }
        };
        if let Some(from) = &self.from {
            text += &format!("from: {from}\n");
        }
        if let Some(total) = self.total {
            text += &format!("total: {total}\n");
        }
        if let Some(boot) = &self.boot {
            text += &format!("boot: {boot}\n");
        }
        for (name, value) in &self.fields {
            let value: String = value.as_bytes().iter().copied().map(char::from).collect();
            text += &format!("{name}: {value}\n");
        }
        if self.there.is_some() {
            text += "\n";
        }
        text
    }

    /// Puts it at `path`, whole. With `sync`, it survives a power cut.
    pub fn write(&self, path: &Path, sync: bool) -> io::Result<()> {
        let new = beside(path);
        match fs::remove_file(&new) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
            _ => {}
        }
        let mut file = create_private(&new)?;
        file.write_all(self.text().as_bytes())?;
        if sync {
            file.sync_all()?;
        }
        drop(file);
        fs::rename(&new, path)
    }
}

/// Removes what a kill left of a sidecar while it was written, and nobody else's file.
pub fn remove_unfinished(path: &Path) {
    let path = beside(path);
    let Ok(file) = own::open(&path) else { return };
    let mut start = Vec::new();
    let read = file.take(VERSION.len() as u64).read_to_end(&mut start);
    let is_ours = [VERSION, WITH_GAPS].map(|ours| ours.as_bytes().starts_with(&start));
    if read.is_ok() && is_ours.contains(&true) {
        let _ = fs::remove_file(&path);
    }
}

/// Where a sidecar is until it is whole.
fn beside(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push("~");
    path.with_file_name(name)
}

fn create_private(path: &Path) -> io::Result<File> {
    let file = own::create_new(path)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        file.set_permissions(fs::Permissions::from_mode(0o600))?;
    }
    Ok(file)
}

/// The kernel's name for the time since it started. Only Linux has one.
fn boot() -> Option<String> {
    let id = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    Some(id.trim().to_owned()).filter(|id| !id.is_empty())
}

#[cfg(test)]
mod tests;
