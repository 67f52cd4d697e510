//! Pinned keys: the hash of the one key that a server is expected to have.

use std::fmt;
use std::io;
use std::str::FromStr;

use crate::http::auth;

/// The SHA-256 of a public key (its SubjectPublicKeyInfo, RFC 5280 §4.1), which a server's
/// certificate must hold. See [`ClientBuilder::pin_public_key`](crate::http::ClientBuilder).
///
/// It parses from what curl's `--pinnedpubkey` takes, `sha256//` and 44 digits of base64:
///
/// ```
/// let text = "sha256//47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
/// let pin: hob::http::PublicKeyPin = text.parse()?;
/// assert_eq!(pin.to_string(), text);
/// assert!("sha1//2jmj7l5rSw0yVb/vlWAYkK/YBwk=".parse::<hob::http::PublicKeyPin>().is_err());
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PublicKeyPin(pub(super) [u8; 32]);

impl PublicKeyPin {
    /// From the hash itself.
    pub fn from_sha256(hash: [u8; 32]) -> PublicKeyPin {
        PublicKeyPin(hash)
    }
}

const PREFIX: &str = "sha256//";

impl FromStr for PublicKeyPin {
    type Err = io::Error;

    fn from_str(text: &str) -> io::Result<PublicKeyPin> {
        let digits = text.strip_prefix(PREFIX);
        let hash = digits.and_then(decode).ok_or_else(|| {
            let what = "a pinned key is sha256// and 44 digits of base64, and this is not";
            io::Error::new(io::ErrorKind::InvalidInput, what)
        })?;
        Ok(PublicKeyPin(hash))
    }
}

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Base64 of just 32 bytes (RFC 4648 §4): 43 digits, the last of which has two bits too many,
/// which must be 0, and one sign of padding.
fn decode(text: &str) -> Option<[u8; 32]> {
    let digits = text.strip_suffix('=').filter(|digits| digits.len() == 43)?;
    let mut bytes = Vec::with_capacity(33);
    let (mut bits, mut count) = (0_u32, 0);
    for digit in digits.bytes() {
        let value = DIGITS.iter().position(|known| *known == digit)?;
        bits = bits << 6 | u32::try_from(value).ok()?;
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
            bits &= (1 << count) - 1;
        }
    }
    bytes.try_into().ok().filter(|_| bits == 0)
}

impl fmt::Display for PublicKeyPin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}{}", auth::base64(&self.0))
    }
}

impl fmt::Debug for PublicKeyPin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKeyPin({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Broken by: leaving out the check for the bits that are too many, or for the length.
    #[test]
    fn a_pin_is_just_what_it_shows_and_nothing_near_it() {
        let shown = PublicKeyPin([0xfb; 32]).to_string();
        let digits = "+/v7".repeat(10);
        assert_eq!(shown, format!("sha256//{digits}+/s="));
        assert_eq!(shown.parse::<PublicKeyPin>().expect("a pin").0, [0xfb; 32]);
        let nearly = [
            digits.clone(),
            format!("sha256//{digits}+/s"),
            format!("sha256//{digits}+/t="),
            format!("sha256//{digits}+/v7"),
            format!("sha256//{digits}+_s="),
            format!("sha256//{digits}+/s=="),
            format!("SHA256//{digits}+/s="),
            format!("sha256/{digits}+/s="),
            format!("sha256//{digits}é="),
        ];
        for text in nearly {
            let error = text.parse::<PublicKeyPin>().expect_err(&text);
            assert!(error.to_string().contains("sha256//"), "{error}");
        }
    }
}
