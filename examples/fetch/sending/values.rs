//! How what is to be sent is written on the command line: curl's ways.
//!
//! | | what of the value is sent |
//! |---|---|
//! | `--data TEXT` | the text; `@FILE`: what is in the file, without line ends |
//! | `--data-binary TEXT` | the same, with them |
//! | `--data-raw TEXT` | the text, also one that begins with `@` |
//! | `--data-urlencode` | `TEXT`, `=TEXT`, `NAME=TEXT`, `@FILE` or `NAME@FILE`; all but the name percent-encoded |
//! | `-F NAME=TEXT` | a field; `=@FILE`: a file with its name; `=<FILE`: what is in it, as a field |
//!
//! After a value of `-F` there may be `;type=KIND` and `;filename=NAME`; a value that has a `;` or
//! a quote in it is put into `"`, with `\"` and `\\` for the two. No error repeats a value.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use hob::http::HeaderValue;

use crate::show::text::harmless;

/// One part of a form.
#[derive(Clone, PartialEq)]
pub struct Field {
    pub name: String,
    pub content: Content,
    pub file_name: Option<String>,
    /// `Content-Type`.
    pub kind: Option<HeaderValue>,
}

#[derive(Clone, PartialEq)]
pub enum Content {
    Bytes(Vec<u8>),
    /// Read while it is sent.
    File(PathBuf),
}

pub fn data(text: &str) -> Result<Vec<u8>, String> {
    match text.strip_prefix('@') {
        Some(path) => {
            let mut bytes = read(path)?;
            bytes.retain(|byte| !matches!(byte, b'\r' | b'\n' | 0));
            Ok(bytes)
        }
        None => Ok(text.into()),
    }
}

pub fn data_binary(text: &str) -> Result<Vec<u8>, String> {
    match text.strip_prefix('@') {
        Some(path) => read(path),
        None => Ok(text.into()),
    }
}

pub fn data_urlencode(text: &str) -> Result<Vec<u8>, String> {
    let Some(at) = text.find(['=', '@']) else {
        return Ok(encoded(text.as_bytes()));
    };
    let (name, content) = (&text[..at], &text[at + 1..]);
    let content = match text[at..].starts_with('=') {
        true => content.as_bytes().to_vec(),
        false => read(content)?,
    };
    let between = if name.is_empty() { "" } else { "=" };
    Ok([name.as_bytes(), between.as_bytes(), &encoded(&content)].concat())
}

/// RFC 3986 §2.3, with a `+` for a space, as in forms.
fn encoded(bytes: &[u8]) -> Vec<u8> {
    let mut encoded = Vec::with_capacity(bytes.len());
    for &byte in bytes {
        match byte {
            b' ' => encoded.push(b'+'),
            _ if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) => encoded.push(byte),
            _ => encoded.extend_from_slice(format!("%{byte:02X}").as_bytes()),
        }
    }
    encoded
}

/// `-F`.
pub fn field(text: &str) -> Result<Field, String> {
    let wrong = "write it as NAME=TEXT, NAME=@FILE or NAME=<FILE";
    let (name, value) = text.split_once('=').ok_or(wrong)?;
    let (mark, value) = match value.chars().next() {
        Some(mark @ ('@' | '<')) => (mark, &value[1..]),
        _ => ('=', value),
    };
    let (value, rest) = word(value)?;
    let mut field = Field {
        name: name.to_owned(),
        content: Content::Bytes(Vec::new()),
        file_name: None,
        kind: None,
    };
    match mark {
        '@' if value == "-" => {
            field.content = Content::Bytes(read("-")?);
            field.file_name = Some("-".to_owned());
        }
        '@' => {
            let path = PathBuf::from(&value);
            let name = path
                .file_name()
                .ok_or(wrong)?
                .to_string_lossy()
                .into_owned();
            field.kind = Some(HeaderValue::from_static(kind_of(&path)));
            field.file_name = Some(name);
            field.content = Content::File(path);
        }
        '<' => field.content = Content::Bytes(read(&value)?),
        _ => field.content = Content::Bytes(value.into()),
    }
    for_each_attribute(rest, |name, value| {
        match name {
            "type" => {
                let kind = HeaderValue::try_from(value);
                field.kind = Some(kind.map_err(|_| "a type has no control character in it")?);
            }
            "filename" => field.file_name = Some(value),
            _ => return Err("after a ; only type= and filename= are offered".to_owned()),
        }
        Ok(())
    })?;
    Ok(field)
}

/// `--form-string`: the value is what it is.
pub fn form_string(text: &str) -> Result<Field, String> {
    let (name, value) = text.split_once('=').ok_or("write it as NAME=TEXT")?;
    Ok(Field {
        name: name.to_owned(),
        content: Content::Bytes(value.into()),
        file_name: None,
        kind: None,
    })
}

fn for_each_attribute(
    mut rest: &str,
    mut take: impl FnMut(&str, String) -> Result<(), String>,
) -> Result<(), String> {
    while let Some(attribute) = rest.strip_prefix(';') {
        let wrong = "what follows a ; is written as type=KIND or filename=NAME";
        let (name, value) = attribute.split_once('=').ok_or(wrong)?;
        let value = value.trim_start();
        let (value, behind) = word(value)?;
        take(name.trim(), value)?;
        rest = behind;
    }
    match rest.trim().is_empty() {
        true => Ok(()),
        false => Err("what follows a value begins with a ;".to_owned()),
    }
}

/// Up to a `;`, or what stands between quotes; and what follows.
fn word(text: &str) -> Result<(String, &str), String> {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find(';').unwrap_or(text.len());
        // A type has parameters: `text/plain; charset=utf-8`.
        let is_parameter = |rest: &str| rest[1..].trim_start().starts_with("charset=");
        let end = match text.get(end..) {
            Some(rest) if rest.starts_with(';') && is_parameter(rest) => text[end + 1..]
                .find(';')
                .map_or(text.len(), |more| end + 1 + more),
            _ => end,
        };
        return Ok((text[..end].to_owned(), &text[end..]));
    };
    let mut word = String::new();
    let mut chars = quoted.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Ok((word, &quoted[at + 1..])),
            '\\' => match chars.next() {
                Some((_, c @ ('"' | '\\'))) => word.push(c),
                Some((_, c)) => word.extend(['\\', c]),
                None => break,
            },
            c => word.push(c),
        }
    }
    Err("a quote is not closed".to_owned())
}

/// What curl says of a file by its name.
fn kind_of(path: &Path) -> &'static str {
    let ending = path.extension().unwrap_or_default().to_string_lossy();
    match ending.to_ascii_lowercase().as_str() {
        "gif" => "image/gif",
        "jpg" | "jpeg" => "image/jpeg",
        "png" => "image/png",
        "svg" => "image/svg+xml",
        "txt" => "text/plain",
        "htm" | "html" => "text/html",
        "pdf" => "application/pdf",
        "xml" => "application/xml",
        _ => "application/octet-stream",
    }
}

/// What is in the file; `-` is standard input.
fn read(path: &str) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let read = match path {
        "-" => io::stdin().read_to_end(&mut bytes).map(drop),
        _ => std::fs::read(path).map(|read| bytes = read),
    };
    read.map_err(|e| format!("cannot read {}: {e}", harmless(path)))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As curl 7.88 sends them.
    #[test]
    fn what_is_to_be_encoded_is_and_a_name_is_not() {
        let ways = [
            ("x y&\u{fc}~", "x+y%26%C3%BC~"),
            ("=a=b", "a%3Db"),
            ("n m=a b", "n m=a+b"),
            ("n=", "n="),
            ("", ""),
        ];
        for (text, wanted) in ways {
            let encoded = data_urlencode(text).unwrap();
            assert_eq!(String::from_utf8(encoded).unwrap(), wanted, "{text}");
        }
        assert!(data_urlencode("n@/no/such/file").is_err());
    }

    #[test]
    fn a_field_has_a_type_and_a_name_where_it_says_so() {
        let parts = |text: &str| {
            let field = field(text).unwrap_or_else(|problem| panic!("{text}: {problem}"));
            let content = match field.content {
                Content::Bytes(bytes) => String::from_utf8(bytes).unwrap(),
                Content::File(path) => format!("@{}", path.display()),
            };
            let kind = field.kind.map(|kind| kind.to_str().unwrap().to_owned());
            (
                content,
                field.file_name.unwrap_or_default(),
                kind.unwrap_or_default(),
            )
        };
        let ways = [
            ("a=b", ("b", "", "")),
            ("a=", ("", "", "")),
            ("a=b=c", ("b=c", "", "")),
            ("a=b;type=text/plain", ("b", "", "text/plain")),
            (
                "a=b; type=text/x; charset=utf-8;filename=n",
                ("b", "n", "text/x; charset=utf-8"),
            ),
            ("a=\"b;c\\\"d\\\\\\e\"", ("b;c\"d\\\\e", "", "")),
            ("a=@d/x.png", ("@d/x.png", "x.png", "image/png")),
            (
                "a=@x;filename=\"y;z\"",
                ("@x", "y;z", "application/octet-stream"),
            ),
            ("a=@\"x;y.TXT\";type=a/b", ("@x;y.TXT", "x;y.TXT", "a/b")),
        ];
        for (text, (content, name, kind)) in ways {
            assert_eq!(
                parts(text),
                (content.into(), name.into(), kind.into()),
                "{text}"
            );
        }
        let taken_literally = form_string("a=@b;c").unwrap().content;
        assert!(taken_literally == Content::Bytes("@b;c".into()));
    }

    /// Broken by: a value in an error.
    #[test]
    fn what_is_no_field_is_refused_without_its_value() {
        for text in [
            "secret",
            "a=\"secret",
            "a=\"x\"secret",
            "a=x;secret",
            "a=x;secret=y",
            "a=x;type=\"secret\n\"",
        ] {
            let problem = field(text).err().expect(text);
            assert!(!problem.contains("secret"), "{problem}");
        }
    }
}
