//! `Repr-Digest` and `Content-Digest`: what the bytes should hash to (RFC 9530).
//!
//! Both are dictionaries of structured fields (RFC 9651): `sha-256=:…:, sha-512=:…:`, the
//! value in base64 between colons. A field that breaks that grammar anywhere is as if it were
//! not there, which §4.2 demands. Hashing is the caller's affair: this library has no hashes.

use ::http::{HeaderMap, HeaderName, HeaderValue};

/// The digests that a field gives, of the two algorithms that RFC 9530 §5 calls active.
///
/// ```
/// use hob::http::{Digests, HeaderMap};
/// let mut headers = HeaderMap::new();
/// let value = "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:";
/// headers.insert("repr-digest", value.parse().unwrap());
/// let digests = Digests::of_representation(&headers);
/// assert_eq!(digests.sha256.unwrap()[..4], [0xe3, 0xb0, 0xc4, 0x42]);
/// assert_eq!(digests.sha512, None);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Digests {
    /// `sha-256`.
    pub sha256: Option<[u8; 32]>,
    /// `sha-512`.
    pub sha512: Option<[u8; 64]>,
}

impl Digests {
    /// `Repr-Digest`: of the whole representation as it is coded, also where the response
    /// brings only a range of it (RFC 9530 §3).
    pub fn of_representation(headers: &HeaderMap) -> Digests {
        Digests::read(headers, HeaderName::from_static("repr-digest"))
    }

    /// `Content-Digest`: of the content of this one message, of a range then (RFC 9530 §2).
    pub fn of_content(headers: &HeaderMap) -> Digests {
        Digests::read(headers, HeaderName::from_static("content-digest"))
    }

    /// Is there none at all?
    pub fn is_empty(&self) -> bool {
        *self == Digests::default()
    }

    fn read(headers: &HeaderMap, name: HeaderName) -> Digests {
        // RFC 9651 §4.2: several lines are one, with commas between.
        let lines = headers.get_all(name);
        let lines: Vec<&[u8]> = lines.iter().map(HeaderValue::as_bytes).collect();
        Dictionary {
            rest: &lines.join(&b", "[..]),
        }
        .read()
        .unwrap_or_default()
    }

    /// A later member of the same name replaces an earlier one (RFC 9651 §4.2.2). A digest of
    /// a wrong length is none.
    fn note(&mut self, key: &[u8], value: Option<&[u8]>) {
        match key {
            b"sha-256" => self.sha256 = value.and_then(|value| value.try_into().ok()),
            b"sha-512" => self.sha512 = value.and_then(|value| value.try_into().ok()),
            _ => {}
        }
    }
}

/// So much of RFC 9651 §4.2.2 as these fields need: members whose value is a bare item. Byte
/// sequences are understood; numbers, tokens and strings are stepped over.
struct Dictionary<'a> {
    rest: &'a [u8],
}

impl<'a> Dictionary<'a> {
    /// `None`: the field is to be ignored.
    fn read(mut self) -> Option<Digests> {
        let mut digests = Digests::default();
        self.skip(|byte| byte == b' ');
        while !self.rest.is_empty() {
            let key = self.key()?;
            let value = match self.eat(b'=') {
                true => self.item()?,
                false => None, // a key alone is "true"
            };
            self.parameters()?;
            digests.note(key, value.as_deref());
            self.skip(is_space);
            if self.rest.is_empty() {
                break;
            }
            if !self.eat(b',') {
                return None;
            }
            self.skip(is_space);
            if self.rest.is_empty() {
                return None; // a comma at the end
            }
        }
        Some(digests)
    }

    fn eat(&mut self, byte: u8) -> bool {
        let rest = self.rest.strip_prefix(&[byte]);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn skip(&mut self, belongs: impl Fn(u8) -> bool) -> &'a [u8] {
        let end = self.rest.iter().position(|&byte| !belongs(byte));
        let (taken, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        self.rest = rest;
        taken
    }

    fn key(&mut self) -> Option<&'a [u8]> {
        let starts = |byte: u8| byte.is_ascii_lowercase() || byte == b'*';
        if !self.rest.first().copied().is_some_and(starts) {
            return None;
        }
        Some(self.skip(|byte| starts(byte) || byte.is_ascii_digit() || b"_-.".contains(&byte)))
    }

    /// The bytes, if the item is a byte sequence; else that it is something else.
    fn item(&mut self) -> Option<Option<Vec<u8>>> {
        match self.rest.first()? {
            b':' => self.byte_sequence().map(Some),
            b'"' => self.string().map(|()| None),
            _ => {
                let plain = |byte: u8| byte.is_ascii_graphic() && !b",;\"()=".contains(&byte);
                (!self.skip(plain).is_empty()).then_some(None)
            }
        }
    }

    fn byte_sequence(&mut self) -> Option<Vec<u8>> {
        self.eat(b':');
        let text = self.skip(|byte| byte != b':');
        if !self.eat(b':') {
            return None;
        }
        decode_base64(text)
    }

    fn string(&mut self) -> Option<()> {
        self.eat(b'"');
        loop {
            let (&byte, rest) = self.rest.split_first()?;
            self.rest = rest;
            match byte {
                b'"' => return Some(()),
                b'\\' => self.rest = self.rest.split_first()?.1,
                b' '..=b'~' => {}
                _ => return None,
            }
        }
    }

    fn parameters(&mut self) -> Option<()> {
        while self.eat(b';') {
            self.skip(|byte| byte == b' ');
            self.key()?;
            if self.eat(b'=') {
                self.item()?;
            }
        }
        Some(())
    }
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// RFC 4648 §4. The padding may be missing (RFC 9651 §4.2.7).
fn decode_base64(text: &[u8]) -> Option<Vec<u8>> {
    let end = text
        .iter()
        .rposition(|&byte| byte != b'=')
        .map_or(0, |last| last + 1);
    let (digits, padding) = text.split_at(end);
    if digits.len() % 4 == 1 || padding.len() > 2 {
        return None;
    }
    let mut bytes = Vec::with_capacity(digits.len() / 4 * 3 + 2);
    for group in digits.chunks(4) {
        let mut bits = 0;
        for &digit in group {
            bits = bits << 6 | u32::from(value_of(digit)?);
        }
        // n digits hold n - 1 whole bytes, at the high end of four.
        bits <<= 6 * (4 - group.len());
        bytes.extend(&bits.to_be_bytes()[1..group.len()]);
    }
    Some(bytes)
}

fn value_of(digit: u8) -> Option<u8> {
    match digit {
        b'A'..=b'Z' => Some(digit - b'A'),
        b'a'..=b'z' => Some(digit - b'a' + 26),
        b'0'..=b'9' => Some(digit - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of `{"hello": "world"}` and a line end: RFC 9530, appendix B.
    const RFC_256: &str = "RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=";

    fn read(lines: &[&str]) -> Digests {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append("repr-digest", line.parse().expect("a value"));
        }
        Digests::of_representation(&headers)
    }

    #[test]
    fn base64_is_that_of_the_rfc() {
        let given = [
            "", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE", "Zm9vYmFy",
        ];
        let wanted = ["", "f", "fo", "foo", "foob", "fooba", "foobar"];
        for (given, wanted) in given.iter().zip(wanted) {
            assert_eq!(
                decode_base64(given.as_bytes()).expect(given),
                wanted.as_bytes()
            );
        }
        for bad in ["Z", "Zg===", "Z=g=", "Zm9-", "Zm 9", "="] {
            assert!(
                decode_base64(bad.as_bytes()).is_none_or(|bytes| bytes.is_empty()),
                "{bad}"
            );
        }
    }

    #[test]
    fn a_digest_is_found_among_others() {
        let value = format!("sha-256=:{RFC_256}:");
        let wanted = read(&[&value]);
        assert_eq!(wanted.sha256.expect("it is there")[..3], [0x44, 0xaf, 0xf4]);
        let others = [
            format!("md5=:AAAA:, {value}"),
            format!("{value},\tx"),
            format!("unixsum=3;q=\"a, \\\" b\", {value};p;r=:AA==:"),
            format!("sha-256=:AAAA:, {value}"),
        ];
        for line in &others {
            assert_eq!(read(&[line]), wanted, "{line}");
        }
        assert_eq!(read(&["a=1", &value]), wanted, "on a line of its own");
    }

    #[test]
    fn a_field_that_does_not_parse_says_nothing() {
        let value = format!("sha-256=:{RFC_256}:");
        let bad = [
            format!("{value},"),
            format!("{value} x"),
            format!(",{value}"),
            format!("SHA-256=:{RFC_256}:"),
            format!("sha-256=:{RFC_256}"),
            format!("sha-256={RFC_256}"),
            format!("sha-256=\"{RFC_256}\""),
            format!("{value}, a=(1 2)"),
            format!("{value}, a=\"never closed"),
            "sha-256=:AAAA:".into(),
            "sha-256".into(),
            "".into(),
        ];
        for line in &bad {
            assert!(read(&[line]).is_empty(), "{line}");
        }
    }
}
