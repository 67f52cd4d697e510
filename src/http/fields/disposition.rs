//! `Content-Disposition`: the file name that a server proposes (RFC 6266), as it was sent.
//!
//! What comes out is the server's text, made readable and nothing else: it may be `..`, or an
//! escape sequence. [`safe_file_name`](super::safe_file_name) makes a name of it.

use crate::http::url::percent_decode_strictly;

/// The name in the value of a `Content-Disposition` field: that of `filename*` if there is a
/// good one, else that of `filename`. `None` if there is neither, or two of a kind.
///
/// `filename*` is decoded as RFC 8187 says, from UTF-8 or ISO 8859-1. In `filename`, bytes
/// beyond ASCII are taken for UTF-8, or, where they are not that, for ISO 8859-1 (RFC 6266
/// §4.3). The name is the server's: pass it through [`safe_file_name`](super::safe_file_name)
/// before it gets near a disk or a terminal.
///
/// ```
/// use hob::http::{content_disposition, safe_file_name};
/// let field = b"attachment; filename=\"x.txt\"; filename*=UTF-8''na%C3%AFve.txt";
/// assert_eq!(content_disposition(field).unwrap(), "naïve.txt");
/// let field = b"attachment; filename=\"../../.ssh/authorized_keys\"";
/// let proposed = content_disposition(field).unwrap();
/// assert_eq!(safe_file_name(&proposed).unwrap(), "authorized_keys");
/// ```
pub fn content_disposition(value: &[u8]) -> Option<String> {
    let mut parameters = Parameters { rest: value };
    // The type. Whether it is "attachment" or not says nothing about the name.
    parameters.skip_type()?;
    let (mut plain, mut extended) = (None, None);
    for (name, value) in parameters {
        let place = match name {
            _ if name.eq_ignore_ascii_case(b"filename") => &mut plain,
            _ if name.eq_ignore_ascii_case(b"filename*") => &mut extended,
            _ => continue,
        };
        if place.replace(value).is_some() {
            return None; // Two names are not a choice for us to make.
        }
    }
    let extended = extended.and_then(|value| decode_extended(&value));
    extended.or_else(|| plain.map(into_text))
}

/// The `; name=value` pairs behind the type. Ends at the first that is none.
struct Parameters<'a> {
    rest: &'a [u8],
}

impl<'a> Parameters<'a> {
    fn skip_type(&mut self) -> Option<()> {
        let kind = self.take_while(is_token);
        (!kind.is_empty()).then_some(())
    }

    fn take_while(&mut self, belongs: impl Fn(u8) -> bool) -> &'a [u8] {
        let end = self.rest.iter().position(|&byte| !belongs(byte));
        let (taken, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        self.rest = rest;
        taken
    }

    fn skip(&mut self, byte: u8) -> Option<()> {
        self.rest = self.rest.strip_prefix(&[byte])?;
        Some(())
    }

    fn skip_spaces(&mut self) {
        self.take_while(is_space);
    }

    /// RFC 9110 §5.6.4, from behind the opening quote. `None` if it never closes.
    fn quoted(&mut self) -> Option<Vec<u8>> {
        let mut text = Vec::new();
        loop {
            let (&byte, rest) = self.rest.split_first()?;
            self.rest = rest;
            match byte {
                b'"' => return Some(text),
                b'\\' => {
                    let (&escaped, rest) = self.rest.split_first()?;
                    self.rest = rest;
                    text.push(escaped);
                }
                other => text.push(other),
            }
        }
    }
}

impl<'a> Iterator for Parameters<'a> {
    type Item = (&'a [u8], Vec<u8>);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            self.skip_spaces();
            self.skip(b';')?;
            self.skip_spaces();
            let name = self.take_while(is_token);
            self.skip_spaces();
            if name.is_empty() {
                continue; // `;;`, or a semicolon at the end.
            }
            self.skip(b'=')?;
            self.skip_spaces();
            let value = match self.skip(b'"') {
                Some(()) => self.quoted()?,
                // Many servers forget the quotes around spaces: up to the semicolon.
                None => self
                    .take_while(|byte| byte != b';')
                    .trim_ascii_end()
                    .to_vec(),
            };
            return Some((name, value));
        }
    }
}

/// `charset'language'text` of RFC 8187 §3.2.1.
fn decode_extended(value: &[u8]) -> Option<String> {
    let mut parts = value.splitn(3, |&byte| byte == b'\'');
    let (charset, _language, text) = (parts.next()?, parts.next()?, parts.next()?);
    if !text.iter().all(u8::is_ascii_graphic) {
        return None;
    }
    let bytes = percent_decode_strictly(text)?;
    match charset {
        utf8 if utf8.eq_ignore_ascii_case(b"utf-8") => String::from_utf8(bytes).ok(),
        latin if latin.eq_ignore_ascii_case(b"iso-8859-1") => Some(from_latin(&bytes)),
        _ => None,
    }
}

fn into_text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_else(|error| from_latin(error.as_bytes()))
}

/// The first 256 characters of Unicode are those of ISO 8859-1.
fn from_latin(bytes: &[u8]) -> String {
    bytes.iter().copied().map(char::from).collect()
}

/// tchar of RFC 9110 §5.6.2.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(value: &str) -> Option<String> {
        content_disposition(value.as_bytes())
    }

    #[test]
    fn every_way_to_write_a_name_is_read() {
        assert_eq!(name("attachment;filename=a").unwrap(), "a");
        assert_eq!(name("attachment ; FILENAME = \"a b\" ;").unwrap(), "a b");
        assert_eq!(
            name("a; size=3; filename=a b.txt ; x=y").unwrap(),
            "a b.txt"
        );
        assert_eq!(name(r#"a; filename="a\"b\\c""#).unwrap(), r#"a"b\c"#);
        assert_eq!(
            name("a; filename=\"a;filename=b\"").unwrap(),
            "a;filename=b"
        );
        assert_eq!(name("a; filename=\"naïve\"").unwrap(), "naïve");
        assert_eq!(
            content_disposition(b"a; filename=na\xefve").unwrap(),
            "naïve"
        );
        assert_eq!(name("a; filename*=iso-8859-1'en'na%EFve").unwrap(), "naïve");
        assert_eq!(name("a; filename*=utf-8'de'a%27b").unwrap(), "a'b");
    }

    #[test]
    fn what_is_no_name_is_none_and_what_is_no_good_gives_way() {
        let none = [
            "",
            "attachment",
            "; filename=a",
            "a; filename",
            "a; filename=\"never closed",
            "a; filename=\"ends in \\",
            "a; filename=a; filename=b",
            "a; filename*=UTF-8''a; filename*=UTF-8''b",
            "a; filename*=UTF-16''a",
            "a; filename*=a",
        ];
        for value in none {
            assert_eq!(name(value), None, "{value:?}");
        }
        for bad in ["UTF-8''%FF", "UTF-8''a%2", "UTF-8'a", "x''a", "UTF-8''a b"] {
            assert_eq!(
                name(&format!("a; filename*={bad}; filename=ok")).unwrap(),
                "ok",
                "{bad}"
            );
        }
    }
}
