//! Metalinks (RFC 5854): an XML document that says of files what they are called, how long they
//! are, what they hash to, and where they are to be had.
//!
//! What counts here of a file: its name, its size, its SHA-256 and SHA-512, those of its pieces
//! (here: *blocks*), and its `http` and `https` URLs, best first. Other ways and hashes are
//! passed over. What is there but makes no sense is an error: who gets a Metalink gets it for
//! the sake of its hashes, and one that is misspelt protects nobody.
//!
//! A Metalink is a stranger's text, as a rule: its names stay within the folder and hide
//! nothing, and its URLs are told no secret but by the host that the Metalink itself came from.
//! `roxmltree` expands no entities of the document's own, and reads nothing else.

mod load;

use std::path::PathBuf;

use hob::http::{Url, safe_file_name};
use roxmltree::{Document, Node, ParsingOptions};

use super::blocks::Blocks;
use super::check::{Sha256Sum, unhex};

pub use load::{Text, load};

const NAMESPACE: &str = "urn:ietf:params:xml:ns:metalink";

/// No document is longer, in bytes.
pub const LONGEST: u64 = 16 << 20;

/// RFC 5854 §4.2.16.2: the priority of a URL that says none is the lowest.
const LOWEST: u32 = 999_999;

/// What is known of a file before it is fetched.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Known {
    pub size: Option<u64>,
    pub sha512: Option<[u8; 64]>,
    pub blocks: Option<Blocks>,
    /// Where the Metalink came from: the only host to be told secrets.
    pub home: Option<Url>,
}

/// One file of a Metalink.
#[derive(Debug, PartialEq)]
pub struct File {
    pub name: PathBuf,
    /// Best first, at least one.
    pub urls: Vec<String>,
    pub sum: Option<Sha256Sum>,
    pub known: Known,
}

/// The files of a Metalink. The error says what is wrong with it.
pub fn parse(text: &str) -> Result<Vec<File>, String> {
    let options = ParsingOptions {
        nodes_limit: 2_000_000,
        ..ParsingOptions::default()
    };
    let document = Document::parse_with_options(text, options);
    let document = document.map_err(|e| format!("not a Metalink: {e}"))?;
    let root = document.root_element();
    if !root.has_tag_name((NAMESPACE, "metalink")) {
        return Err("not a Metalink 4 (RFC 5854)".to_owned());
    }
    let files: Vec<_> = children(root, "file").map(file).collect::<Result<_, _>>()?;
    match files.is_empty() {
        true => Err("it names no file".to_owned()),
        false => Ok(files),
    }
}

fn children<'a>(node: Node<'a, 'a>, name: &'static str) -> impl Iterator<Item = Node<'a, 'a>> {
    node.children()
        .filter(move |child| child.has_tag_name((NAMESPACE, name)))
}

fn words<'a>(node: Node<'a, 'a>) -> &'a str {
    node.text().unwrap_or_default().trim()
}

fn file(node: Node<'_, '_>) -> Result<File, String> {
    let typed = node.attribute("name").unwrap_or_default();
    let name = name(typed).ok_or("a file of it has no name that can be used")?;
    let wrong = |what: &str| format!("{}: {what}", name.display());
    let size = match children(node, "size").next() {
        Some(size) => Some(
            words(size)
                .parse()
                .map_err(|_| wrong("its size is no number"))?,
        ),
        None => None,
    };
    let urls = urls(node);
    if urls.is_empty() {
        return Err(wrong("it has no http or https URL"));
    }
    let hash = |kind| hash_of(node, kind);
    let sum = hash("sha-256").map(unhex).transpose();
    let sha512 = hash("sha-512").map(unhex).transpose();
    let blocks = blocks(node, size).map_err(|what| wrong(&what))?;
    let known = Known {
        size,
        sha512: sha512.map_err(|()| wrong("its SHA-512 is none"))?,
        blocks,
        home: None,
    };
    let sum = sum.map_err(|()| wrong("its SHA-256 is none"))?;
    let sum = sum.map(Sha256Sum);
    Ok(File {
        name,
        urls,
        sum,
        known,
    })
}

/// RFC 5854 §4.1.2.1: it may have folders in it, but no way out of ours.
fn name(typed: &str) -> Option<PathBuf> {
    let segments = typed.split('/').map(|segment| {
        let safe = safe_file_name(segment)?;
        Some(match safe.strip_prefix('.') {
            Some(rest) => format!("_{rest}"),
            None => safe,
        })
    });
    segments.collect()
}

fn urls(node: Node<'_, '_>) -> Vec<String> {
    let mut urls: Vec<_> = children(node, "url")
        .filter(|url| {
            let scheme = words(*url).split(':').next().unwrap_or_default();
            ["http", "https"].contains(&scheme.to_ascii_lowercase().as_str())
        })
        .map(|url| {
            let priority = url.attribute("priority").and_then(|text| text.parse().ok());
            (priority.unwrap_or(LOWEST), words(url).to_owned())
        })
        .collect();
    urls.sort_by_key(|(priority, _)| *priority);
    urls.into_iter().map(|(_, url)| url).collect()
}

fn hash_of<'a>(node: Node<'a, 'a>, kind: &str) -> Option<&'a str> {
    let mut hashes = children(node, "hash");
    let hash = hashes.find(|hash| hash.attribute("type") == Some(kind))?;
    Some(words(hash))
}

/// RFC 5854 §4.1.3.
fn blocks(node: Node<'_, '_>, size: Option<u64>) -> Result<Option<Blocks>, String> {
    let of = |kind: &str| {
        let mut all = children(node, "pieces");
        all.find(|pieces| pieces.attribute("type") == Some(kind))
    };
    let (Some(pieces), kind) = (match of("sha-256") {
        Some(pieces) => (Some(pieces), "sha-256"),
        None => (of("sha-512"), "sha-512"),
    }) else {
        return Ok(None);
    };
    let length = pieces
        .attribute("length")
        .and_then(|text| text.parse().ok());
    let length = length.filter(|length| *length > 0);
    let length = length.ok_or("its pieces have no length")?;
    let size = size.ok_or("it has pieces, but no size")?;
    let hashes = children(pieces, "hash").map(words);
    let blocks = match kind {
        "sha-256" => Blocks::sha256(length, hashes.map(unhex).collect::<Result<_, _>>()),
        _ => Blocks::sha512(length, hashes.map(unhex).collect::<Result<_, _>>()),
    };
    match blocks {
        Some(blocks) if blocks.count() == size.div_ceil(length) => Ok(Some(blocks)),
        Some(_) => Err("its pieces are not as many as its size says".to_owned()),
        None => Err("the hash of one of its pieces is none".to_owned()),
    }
}

#[cfg(test)]
mod tests;
