//! What a file is to be called, with gaps that are filled for each URL.
//!
//! | written                                   | stands for                               |
//! |-------------------------------------------|------------------------------------------|
//! | `#1`, `#2` … in `-o`                      | what the pattern's first range or list shows in this URL, as in curl |
//! | `{1}`, `{2}` … in `--output-template`     | the same                                 |
//! | `{host}` `{port}`                         | as in the URL; the scheme's port if it has none |
//! | `{path}`                                  | the folders of its path                  |
//! | `{name}` = `{stem}{ext}`                  | the last part of its path                |
//! | `{query}`                                 | what stands behind its `?`               |
//! | `{index}`, `{index:4}`                    | its number in the list: `7`, `0007`      |
//! | `{{`, `}}`                                | a brace                                  |
//!
//! Law: a URL may come from anywhere, and a name is a command to the file system. Consequence:
//! what is put into a gap was made one harmless name, or several ([`safe_file_name`]); but what
//! a pattern shows the user has typed, so it stays as it is. Both are held to one rule: what
//! fills the gaps may lead further down, never out of the folder that the text around them
//! names ([`Template::fill`]).

use std::ffi::{OsStr, OsString};
use std::path::{Component, Path, PathBuf};

use hob::http::{Url, safe_file_name, url_file_name};

use crate::names;

/// A name with gaps.
#[derive(Debug, Clone, PartialEq)]
pub struct Template {
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq)]
enum Part {
    Text(OsString),
    Gap(Gap),
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Gap {
    /// What the n-th wheel of the pattern shows, from 1. Without that many wheels, `#n` stands
    /// for itself, as in curl; `{n}` is an error.
    Piece(usize),
    PieceOrText(usize),
    Host,
    Port,
    Path,
    Name,
    Stem,
    Extension,
    Query,
    /// With at least so many digits.
    Index(usize),
}

/// What the gaps are filled from.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    pub url: &'a Url,
    pub pieces: &'a [String],
    /// From 1.
    pub index: usize,
}

impl Template {
    /// The name of `-o`, with `#1` in it or not.
    pub fn of_output(name: &OsStr) -> Template {
        let Some(text) = name.to_str() else {
            let parts = vec![Part::Text(name.to_owned())];
            return Template { parts };
        };
        let mut pieces = text.split('#');
        let mut parts = vec![Part::Text(pieces.next().unwrap_or_default().into())];
        for piece in pieces {
            let digits = piece.bytes().take_while(u8::is_ascii_digit).count();
            let (number, rest) = piece.split_at(digits);
            match number.parse() {
                Ok(number @ 1..) => {
                    parts.push(Part::Gap(Gap::PieceOrText(number)));
                    parts.push(Part::Text(rest.into()));
                }
                _ => parts.push(Part::Text(format!("#{piece}").into())),
            }
        }
        Template { parts }
    }

    /// `--output-template`. The error is one line for the user.
    pub fn parse(text: &str) -> Result<Template, String> {
        let (mut parts, mut plain) = (Vec::new(), String::new());
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            plain.push_str(&rest[..at]);
            rest = &rest[at..];
            if let Some(after) = rest.strip_prefix("{{").or(rest.strip_prefix("}}")) {
                plain.push_str(&rest[..1]);
                rest = after;
                continue;
            }
            let inside = rest.strip_prefix('{').and_then(|rest| rest.split_once('}'));
            let (field, after) = inside.ok_or("a brace has no partner; {{ and }} mean a brace")?;
            let gap = Gap::named(field).ok_or_else(|| unknown(field))?;
            parts.push(Part::Text(std::mem::take(&mut plain).into()));
            parts.push(Part::Gap(gap));
            rest = after;
        }
        plain.push_str(rest);
        parts.push(Part::Text(plain.into()));
        Ok(Template { parts })
    }

    /// The path for these facts. The error says what is wrong with it.
    ///
    /// That nothing leads out is seen by comparing with the same name whose gaps are filled with
    /// something innocent: it must have as many `..`, and begin at the root only if that does.
    pub fn fill(&self, facts: &Facts<'_>) -> Result<PathBuf, String> {
        let filled = self.with(|gap| gap.value(facts))?;
        let innocent = self.with(|_| Ok("x".to_owned()))?;
        if way_up(&filled) > way_up(&innocent) {
            return Err("the name would lead out of the folder".to_owned());
        }
        if !names::is_of_a_file(filled.as_os_str()) {
            return Err("that leaves no name for the file".to_owned());
        }
        Ok(filled)
    }

    fn with(&self, fill: impl Fn(Gap) -> Result<String, String>) -> Result<PathBuf, String> {
        let (mut path, mut without_slash) = (OsString::new(), false);
        for part in &self.parts {
            match part {
                // No folders, no slash behind them: `{path}/x` must not become `/x`.
                Part::Text(text) if std::mem::take(&mut without_slash) => {
                    let rest = text.to_str().and_then(|text| text.strip_prefix('/'));
                    path.push(rest.map_or(text.as_os_str(), OsStr::new));
                }
                Part::Text(text) => path.push(text),
                Part::Gap(gap) => {
                    let filling = fill(*gap)?;
                    without_slash = *gap == Gap::Path && filling.is_empty();
                    path.push(filling);
                }
            }
        }
        Ok(path.into())
    }
}

impl Gap {
    fn named(field: &str) -> Option<Gap> {
        Some(match field {
            "host" => Gap::Host,
            "port" => Gap::Port,
            "path" => Gap::Path,
            "name" => Gap::Name,
            "stem" => Gap::Stem,
            "ext" => Gap::Extension,
            "query" => Gap::Query,
            "index" => Gap::Index(1),
            _ => match field.strip_prefix("index:") {
                Some(digits) => Gap::Index(digits.parse().ok().filter(|digits| *digits <= 20)?),
                None => Gap::Piece(field.parse().ok().filter(|number| *number > 0)?),
            },
        })
    }

    fn value(self, facts: &Facts<'_>) -> Result<String, String> {
        let url = facts.url;
        let name = || names::from_url(url);
        Ok(match self {
            Gap::Piece(number) => match facts.pieces.get(number - 1) {
                Some(piece) => piece.clone(),
                None => {
                    return Err(format!(
                        "the URL has no {{{number}}}: too few ranges and lists"
                    ));
                }
            },
            Gap::PieceOrText(number) => match facts.pieces.get(number - 1) {
                Some(piece) => piece.clone(),
                None => format!("#{number}"),
            },
            Gap::Host => safe(url.host_str().unwrap_or_default()),
            Gap::Port => url.port_or_known_default().unwrap_or_default().to_string(),
            Gap::Path => folders(url),
            Gap::Name => name(),
            Gap::Stem => halves(&name()).0.to_owned(),
            Gap::Extension => halves(&name()).1.to_owned(),
            Gap::Query => safe(&url.query().unwrap_or_default().replace('/', "_")),
            Gap::Index(digits) => format!("{:0digits$}", facts.index),
        })
    }
}

fn unknown(field: &str) -> String {
    format!(
        "there is no {{{field}}}, only {{host}}, {{port}}, {{path}}, {{name}}, {{stem}}, {{ext}}, \
         {{query}}, {{index}}, {{index:4}}, and {{1}} for what a range or list shows"
    )
}

fn safe(text: &str) -> String {
    safe_file_name(text).unwrap_or_default()
}

/// `a/b` of `http://host/a/b/name`, each decoded once and made harmless.
fn folders(url: &Url) -> String {
    let mut above = url.clone();
    let mut names = Vec::new();
    for _ in url.path_segments().into_iter().flatten().skip(1) {
        if let Ok(mut segments) = above.path_segments_mut() {
            segments.pop();
        }
        names.extend(url_file_name(&above));
    }
    names.reverse();
    names.join("/")
}

/// `("a.tar", ".gz")`. A dot in front begins no extension.
fn halves(name: &str) -> (&str, &str) {
    match name.rfind('.') {
        Some(dot) if dot > 0 => name.split_at(dot),
        _ => (name, ""),
    }
}

/// How many steps of a path lead up, or to a root.
fn way_up(path: &Path) -> usize {
    let is_up = |step: &Component<'_>| !matches!(step, Component::Normal(_) | Component::CurDir);
    path.components().filter(is_up).count()
}

#[cfg(test)]
mod tests;
