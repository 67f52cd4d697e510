//! The two ways to say who one is that need no conversation: Basic and Bearer.
//!
//! Both make the value of an `Authorization` field, marked as sensitive: `Debug` does not
//! show it, and a redirect to another origin drops it (`redirect.rs`).

use ::http::HeaderValue;

use crate::http::error::ErrorKind;

/// `Basic` with name and password in base64 (RFC 7617). A colon cannot be in the name: it is
/// what ends it.
pub(crate) fn basic(name: &[u8], password: &[u8]) -> Result<HeaderValue, ErrorKind> {
    if name.contains(&b':') {
        let what = "the user name has a colon in it";
        return Err(ErrorKind::request(what, "RFC 7617 §2"));
    }
    if [name, password].concat().iter().any(u8::is_ascii_control) {
        let what = "the user name or password has a control character in it";
        return Err(ErrorKind::request(what, "RFC 7617 §2"));
    }
    let pair = [name, b":", password].concat();
    sensitive(&format!("Basic {}", base64(&pair)))
}

/// `Bearer` with a token (RFC 6750).
pub(crate) fn bearer(token: &str) -> Result<HeaderValue, ErrorKind> {
    sensitive(&format!("Bearer {token}"))
}

fn sensitive(text: &str) -> Result<HeaderValue, ErrorKind> {
    let what = "the credentials have a character that no header value has";
    let value = HeaderValue::from_str(text);
    let mut value = value.map_err(|_| ErrorKind::request(what, "RFC 9110 §5.5"))?;
    value.set_sensitive(true);
    Ok(value)
}

/// RFC 4648 §4, with padding.
pub(crate) fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let byte = |at: usize| group.get(at).copied().unwrap_or(0);
        let bits = u32::from_be_bytes([0, byte(0), byte(1), byte(2)]);
        for place in 0..4 {
            let digit = DIGITS[(bits >> (18 - 6 * place)) as usize & 63];
            // n bytes fill n + 1 digits; the rest of the four is padding.
            let filled = place <= group.len();
            text.push(if filled { char::from(digit) } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_that_of_the_rfc() {
        let given = ["", "f", "fo", "foo", "foob", "fooba", "foobar"];
        let wanted = [
            "", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy",
        ];
        for (given, wanted) in given.iter().zip(wanted) {
            assert_eq!(base64(given.as_bytes()), wanted);
        }
        assert_eq!(base64(&[0xff, 0xfe, 0xfd]), "//79");
    }

    /// Broken by: leaving `set_sensitive` out.
    #[test]
    fn credentials_do_not_show_and_cannot_inject() {
        let value = basic(b"Aladdin", b"open sesame").expect("fine");
        assert_eq!(value, "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
        assert!(value.is_sensitive());
        assert!(!format!("{value:?}").contains("QWx"));
        assert!(basic(b"a:b", b"").is_err());
        assert!(bearer("t\r\nX: y").is_err());
        assert!(basic(b"a\0", b"").is_err() && basic(b"a", b"b\n").is_err());
        assert!(bearer("t\u{7f}").is_err());
    }

    /// RFC 7617 §2.1: UTF-8, whatever the realm says; and each half may be empty.
    #[test]
    fn names_and_passwords_may_be_empty_or_beyond_ascii() {
        let pair = |name: &str, password: &str| {
            let value = basic(name.as_bytes(), password.as_bytes()).expect("fine");
            value.to_str().expect("base64").to_string()
        };
        assert_eq!(pair("test", "123\u{a3}"), "Basic dGVzdDoxMjPCow==");
        assert_eq!(pair("user", ""), "Basic dXNlcjo=");
        assert_eq!(pair("", "pw"), "Basic OnB3");
        assert_eq!(pair("", ""), "Basic Og==");
        assert_eq!(pair("a", "b:c"), "Basic YTpiOmM=");
    }
}
