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
//! It is a small text, written beside and renamed: a reader finds the old one or the new one.
//! Nobody but its owner may read it, for there are URLs that are keys. It has no user name and
//! no password in it.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use hob::http::{HeaderMap, HeaderName, HeaderValue, Resume, Validators};

use super::own;

/// The first line. What begins in another way is not ours, or is of a later fetch.
const VERSION: &str = "hob fetch, half of a file, 1";

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
    Sidecar(Sidecar),
}

/// What is known of a half file.
#[derive(Debug, Clone, PartialEq)]
pub struct Sidecar {
    /// Without user name and password.
    pub url: String,
    /// How long the whole is, if the server said it.
    pub total: Option<u64>,
    /// Validators, and the digest of the whole, as the server sent them.
    pub fields: HeaderMap,
    /// So many bytes survive a power cut.
    pub safe: u64,
    /// Which run of the kernel wrote it.
    pub boot: Option<String>,
}

impl Sidecar {
    /// Of a response that begins a file.
    pub fn new(url: &str, total: Option<u64>, headers: &HeaderMap) -> Sidecar {
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
            url,
            total,
            fields,
            safe: 0,
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

    /// How many of the `length` bytes in the file can be believed.
    pub fn believed(&self, length: u64) -> u64 {
        let same_boot = self.boot.is_some() && self.boot == boot();
        if same_boot {
            length
        } else {
            length.min(self.safe)
        }
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
        Ok(sidecar.map_or(Beside::Other, Beside::Sidecar))
    }

    fn parse(text: &str) -> Option<Sidecar> {
        let mut lines = text.strip_suffix('\n')?.split('\n');
        if lines.next() != Some(VERSION) {
            return None;
        }
        let mut read = Sidecar {
            url: String::new(),
            total: None,
            fields: HeaderMap::new(),
            safe: 0,
            boot: None,
        };
        for line in lines {
            let (name, value) = line.split_once(": ")?;
            match name {
                "url" => read.url = value.to_owned(),
                "total" => read.total = Some(value.parse().ok()?),
                "safe" => read.safe = value.parse().ok()?,
                "boot" => read.boot = Some(value.to_owned()),
                field => {
                    let name = HeaderName::try_from(field).ok()?;
                    // Latin-1 and the like: a header's bytes are written one by one.
                    let value: Option<Vec<u8>> =
                        value.chars().map(|c| u8::try_from(c).ok()).collect();
                    read.fields
                        .append(name, HeaderValue::try_from(value?).ok()?);
                }
            }
        }
        (!read.url.is_empty()).then_some(read)
    }

    fn text(&self) -> String {
        let mut text = format!("{VERSION}\nurl: {}\nsafe: {}\n", self.url, self.safe);
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
    if read.is_ok() && VERSION.as_bytes().starts_with(&start) {
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
mod tests {
    use super::*;

    fn example() -> Sidecar {
        let mut headers = HeaderMap::new();
        headers.insert("etag", HeaderValue::from_bytes(b"\"v1\xe9\"").unwrap());
        headers.insert(
            "date",
            HeaderValue::from_static("Mon, 01 Jan 2024 00:00:00 GMT"),
        );
        headers.insert("set-cookie", HeaderValue::from_static("secret"));
        Sidecar::new("http://h/x", Some(1000), &headers)
    }

    #[test]
    fn what_was_written_is_read_again() {
        let written = example();
        assert_eq!(Sidecar::parse(&written.text()), Some(written.clone()));
        assert!(!written.text().contains("secret"));
        assert_eq!(written.resume(500).unwrap().have, 500);
    }

    #[test]
    fn what_is_not_whole_or_not_ours_is_none() {
        let text = example().text();
        for end in 0..text.len() {
            if let Some(cut) = text.get(..end).and_then(Sidecar::parse) {
                // A cut at a line's end is a sidecar that knows less, and so promises less.
                assert!(text[..end].ends_with('\n') && cut.safe == 0, "{end}");
            }
        }
        assert_eq!(Sidecar::parse(&text.replace(", 1\n", ", 2\n")), None);
        assert_eq!(Sidecar::parse(&text.replace("safe: 0", "safe: -1")), None);
    }

    /// Broken by: believing the length after another boot.
    #[test]
    fn after_a_power_cut_only_what_was_safe_is_believed() {
        let mut sidecar = example();
        sidecar.safe = 300;
        sidecar.boot = Some("another".into());
        assert_eq!((sidecar.believed(500), sidecar.believed(200)), (300, 200));
        sidecar.boot = None;
        assert_eq!(sidecar.believed(500), 300);
        sidecar.boot = boot();
        assert_eq!(
            sidecar.believed(500),
            if boot().is_some() { 500 } else { 300 }
        );
    }

    #[test]
    fn a_coded_or_weak_answer_cannot_be_gone_on_with() {
        let mut headers = HeaderMap::new();
        headers.insert("etag", HeaderValue::from_static("\"v1\""));
        headers.insert("content-encoding", HeaderValue::from_static("gzip"));
        assert_eq!(Sidecar::new("http://h/", None, &headers).resume(5), None);
        headers.remove("content-encoding");
        assert!(
            Sidecar::new("http://h/", None, &headers)
                .resume(5)
                .is_some()
        );
    }
}
