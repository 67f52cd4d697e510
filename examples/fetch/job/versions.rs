//! `--if-changed`: which version of a file is there, so that only a newer one is fetched.
//!
//! ```text
//! hob fetch, versions, 1
//! a.iso 734003200 1732146000.0 http://h/a.iso "5f3c-61" Wed,%2020%20Nov%202024%2023:40:00%20GMT
//! name  bytes     dated        URL            ETag      Last-Modified
//! ```
//!
//! Law: a file carries no `ETag`, and its date may be anybody's doing. Consequence: what the server
//! said of a file is written down beside it, and believed only while the file is as long, and of
//! the same date, as we left it; else all of it is fetched. Choice: one list for each folder
//! ([`LIST`]), read once, to which a line is added when a file has its name. So thousands of
//! files cost one file to read and a short write each. The last line about a name holds; what is
//! no line (a kill may leave half of one) is skipped; a list that is mostly of the past is
//! written anew. Price: two runs that do that at the same moment lose lines of each other, and
//! with them no more than a download that need not have been.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt::Write as _;
use std::fs::{self, Metadata};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::SystemTime;

use hob::blocking;
use hob::http::{HeaderMap, HeaderValue, Validators, header};
use hob::sync::OnceCell;

use super::own;

/// What the list of a folder is called.
const LIST: &str = ".fetch-versions";

/// Its first line. What begins in another way is not ours, or is of a later fetch.
const HEAD: &str = "hob fetch, versions, 1\n";

/// A list that is longer is none of ours: a hundred bytes for each of a million files.
const LONGEST: u64 = 100_000_000;

/// The lists of the folders that this run has to do with.
#[derive(Debug, Default)]
pub struct Versions {
    folders: RefCell<HashMap<PathBuf, Rc<OnceCell<Known>>>>,
}

/// By name.
type Known = HashMap<String, Version>;

/// A file as it was when it got its name.
#[derive(Debug, Clone, PartialEq)]
struct Version {
    length: u64,
    /// Seconds and nanoseconds, as text: it is only compared.
    dated: String,
    url: String,
    fields: HeaderMap,
}

impl Versions {
    /// The fields to ask with for `target`, which comes from `url`; none if nothing is known of
    /// what is there, or nothing is there.
    pub async fn condition(&self, target: &Path, url: &str) -> HeaderMap {
        let (folder, Some(name)) = place(target) else {
            return HeaderMap::new();
        };
        let known = self.known(&folder).await;
        let Some(version) = known.get().and_then(|known| known.get(&name)).cloned() else {
            return HeaderMap::new();
        };
        let (target, url) = (target.to_owned(), url.to_owned());
        blocking::run(move || {
            let found = target.symlink_metadata();
            let is_ours = found.is_ok_and(|found| version.is_of(&found)) && version.url == url;
            match is_ours {
                true => Validators::of(&version.fields).if_changed(),
                false => HeaderMap::new(),
            }
        })
        .await
    }

    /// Writes down that `target`, which is there now, is this version of what is at `url`.
    pub async fn note(&self, target: &Path, url: &str, validators: Validators) -> io::Result<()> {
        let (folder, Some(name)) = place(target) else {
            return Ok(()); // a name that is no text is fetched anew each time
        };
        let (target, url) = (target.to_owned(), url.to_owned());
        blocking::run(move || {
            let found = target.symlink_metadata()?;
            let fields = validators
                .fields()
                .map(|(name, value)| (name, value.clone()));
            let version = Version {
                length: found.len(),
                dated: dated(&found)?,
                url,
                fields: fields.collect(),
            };
            append(&folder.join(LIST), &version.line(&name))
        })
        .await
    }

    /// The list of the folder, read by the first who asks.
    async fn known(&self, folder: &Path) -> Rc<OnceCell<Known>> {
        let cell = {
            let mut folders = self.folders.borrow_mut();
            folders.entry(folder.to_owned()).or_default().clone()
        };
        let path = folder.join(LIST);
        cell.get_or_init(|| blocking::run(move || read(&path)))
            .await;
        cell
    }
}

impl Version {
    fn is_of(&self, found: &Metadata) -> bool {
        let same_date = dated(found).is_ok_and(|dated| dated == self.dated);
        found.is_file() && found.len() == self.length && same_date
    }

    fn line(&self, name: &str) -> String {
        let field = |name| match self.fields.get(name) {
            Some(value) => escaped(value.as_bytes()),
            None => "-".to_owned(),
        };
        format!(
            "{} {} {} {} {} {}\n",
            escaped(name.as_bytes()),
            self.length,
            self.dated,
            escaped(self.url.as_bytes()),
            field(header::ETAG),
            field(header::LAST_MODIFIED),
        )
    }

    fn parse(line: &str) -> Option<(String, Version)> {
        let words: Vec<&str> = line.split(' ').collect();
        let [name, length, dated, url, etag, modified] = words.try_into().ok()?;
        let mut fields = HeaderMap::new();
        for (name, word) in [(header::ETAG, etag), (header::LAST_MODIFIED, modified)] {
            if word != "-" {
                fields.insert(name, HeaderValue::from_bytes(&unescaped(word)?).ok()?);
            }
        }
        let version = Version {
            length: length.parse().ok()?,
            dated: dated.to_owned(),
            url: String::from_utf8(unescaped(url)?).ok()?,
            fields,
        };
        Some((String::from_utf8(unescaped(name)?).ok()?, version))
    }
}

/// The folder and the name in it.
fn place(target: &Path) -> (PathBuf, Option<String>) {
    let folder = target.parent().unwrap_or(Path::new("")).to_owned();
    let name = target.file_name().and_then(|name| name.to_str());
    (folder, name.map(str::to_owned))
}

fn dated(found: &Metadata) -> io::Result<String> {
    let since = found.modified()?.duration_since(SystemTime::UNIX_EPOCH);
    let since = since.unwrap_or_default();
    Ok(format!("{}.{}", since.as_secs(), since.subsec_nanos()))
}

/// Blocks. A list that cannot be read is as good as none: then everything is fetched.
fn read(path: &Path) -> Known {
    let mut text = String::new();
    let read = own::open(path).and_then(|file| file.take(LONGEST).read_to_string(&mut text));
    let Some(lines) = read.ok().and_then(|_| text.strip_prefix(HEAD)) else {
        return Known::new();
    };
    let known: Known = lines.lines().filter_map(Version::parse).collect();
    let count = lines.lines().count();
    if count > 2 * known.len() + 100 {
        let _ = rewrite(path, &known); // it stays as it is then
    }
    known
}

/// Blocks. Workers and other runs do the same at this moment: so it is one write behind what is
/// there (`O_APPEND`), with the head in it where nothing was. (A second head is no line.)
fn append(path: &Path, line: &str) -> io::Result<()> {
    let mut file = own::open_to_append(path)?;
    let mut head = Vec::new();
    (&mut file).take(HEAD.len() as u64).read_to_end(&mut head)?;
    if head.is_empty() {
        return file.write_all(format!("{HEAD}{line}").as_bytes());
    }
    if head != HEAD.as_bytes() {
        let why = "is there, and is not fetch's: --if-changed cannot note anything";
        let why = format!("{} {why}", path.display());
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, why));
    }
    file.write_all(line.as_bytes())
}

/// Blocks.
fn rewrite(path: &Path, known: &Known) -> io::Result<()> {
    let beside = path.with_file_name(format!("{LIST}.{}~", std::process::id()));
    let mut text = HEAD.to_owned();
    let mut names: Vec<_> = known.iter().collect();
    names.sort_by_key(|(name, _)| *name);
    text.extend(names.into_iter().map(|(name, version)| version.line(name)));
    let written = own::create_new(&beside).and_then(|mut file| file.write_all(text.as_bytes()));
    let renamed = written.and_then(|()| fs::rename(&beside, path));
    if renamed.is_err() {
        let _ = fs::remove_file(&beside);
    }
    renamed
}

/// Without spaces and line ends, and never empty nor `-`.
fn escaped(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for (at, &byte) in bytes.iter().enumerate() {
        match byte {
            b'%' => text.push_str("%25"),
            b'-' if at == 0 => text.push_str("%2D"),
            b'!'..=b'~' => text.push(char::from(byte)),
            _ => write!(text, "%{byte:02X}").expect("to a string"),
        }
    }
    text
}

fn unescaped(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, behind)) = rest.split_first() {
        rest = behind;
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digits = std::str::from_utf8(rest.get(..2)?).ok()?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        rest = &rest[2..];
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(etag: &[u8]) -> Version {
        let mut fields = HeaderMap::new();
        fields.insert(header::ETAG, HeaderValue::from_bytes(etag).unwrap());
        Version {
            length: 7,
            dated: "1.2".to_owned(),
            url: "http://h/a%20b".to_owned(),
            fields,
        }
    }

    /// Broken by: any character less that is escaped.
    #[test]
    fn a_line_is_read_as_it_was_written_and_half_of_one_is_none() {
        for name in ["a", "-", "a b\n%é", "--"] {
            let version = version(b"\"\xe9 x\"");
            let line = version.line(name);
            assert_eq!(line.matches([' ', '\n']).count(), 6, "{line}");
            let line = line.trim_end();
            assert_eq!(Version::parse(line), Some((name.to_owned(), version)));
            for end in 0..line.len() - 1 {
                // What is cut in its last word knows less, and never something else.
                if let Some((_, cut)) = line.get(..end).and_then(Version::parse) {
                    assert!(cut.fields.get(header::LAST_MODIFIED).is_none(), "{end}");
                }
            }
        }
    }
}
