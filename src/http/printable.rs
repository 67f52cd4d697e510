//! Foreign text, made fit for a line on a terminal or in a log: [`printable`].

use std::fmt;

/// The most characters that are shown unless [`Printable::at_most`] says otherwise.
const MOST: usize = 300;

/// Text from a server, to be printed: made by [`printable`].
#[derive(Clone, Copy)]
#[must_use = "it is there to be printed"]
pub struct Printable<'a> {
    bytes: &'a [u8],
    most: usize,
}

/// Shows bytes or text that came from somebody else, so that they are only seen and do nothing.
///
/// A terminal obeys what is printed on it, and text can pretend to be other text. So control
/// characters (line ends and escape sequences among them), whatever reorders text or has no
/// width, and bytes that are no UTF-8 are written out as escapes; and it ends after 300
/// characters with `…`. It is meant for people: nothing is promised about reading it back.
///
/// Every [`Error`](super::Error) of this client is printable as it is.
///
/// ```
/// use hob::http::printable;
///
/// assert_eq!(printable("näive\x1b[2J\n").to_string(), "näive\\u{1b}[2J\\n");
/// assert_eq!(printable(b"\xff!").to_string(), "\\xff!");
/// assert_eq!(printable("abcdef").at_most(3).to_string(), "abc…");
/// ```
pub fn printable<T: AsRef<[u8]> + ?Sized>(text: &T) -> Printable<'_> {
    let (bytes, most) = (text.as_ref(), MOST);
    Printable { bytes, most }
}

impl Printable<'_> {
    /// Sets the most characters of the text that are shown. An escape counts as one.
    pub fn at_most(mut self, characters: usize) -> Self {
        self.most = characters;
        self
    }
}

impl fmt::Display for Printable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut left = self.most;
        for piece in self.bytes.utf8_chunks() {
            for c in piece.valid().chars() {
                if left == 0 {
                    return f.write_str("…");
                }
                left -= 1;
                match is_trouble(c) {
                    true => write!(f, "{}", c.escape_default())?,
                    false => write!(f, "{c}")?,
                }
            }
            for byte in piece.invalid() {
                if left == 0 {
                    return f.write_str("…");
                }
                left -= 1;
                write!(f, "\\x{byte:02x}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Printable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{self}\"")
    }
}

/// Does `c` steer a terminal, reorder text or hide, rather than show itself? What Unicode calls
/// ignorable by default does; of that, the joiners of emoji and of Indic scripts (U+200C,
/// U+200D) and what chooses between two shapes of a character (U+FE00 to U+FE0F) may stay.
pub(crate) fn is_trouble(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180b}'..='\u{180f}'        // no width
            | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{17b4}' | '\u{17b5}'
            | '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}'              // empty letters
            | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
            | '\u{2028}'..='\u{202e}'                      // separators, embeddings
            | '\u{2060}'..='\u{206f}'                      // isolates and the like
            | '\u{feff}' | '\u{fff0}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e0fff}') // tags: whole sentences that nobody sees
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_shows_itself_stays_and_what_does_something_is_written_out() {
        let shown = |text: &str| printable(text).to_string();
        assert_eq!(shown("naïve 文件 👩‍🍳 a\\b"), "naïve 文件 👩‍🍳 a\\b");
        assert_eq!(shown("\r\n\t\0\x7f"), "\\r\\n\\t\\u{0}\\u{7f}");
        assert_eq!(shown("\u{9b}31m\u{202e}x"), "\\u{9b}31m\\u{202e}x");
        assert_eq!(shown("\u{e0041}\u{200b}"), "\\u{e0041}\\u{200b}");
        assert_eq!(shown("a\u{3164}\u{34f}"), "a\\u{3164}\\u{34f}");
        assert_eq!(printable(b"a\xc3(\x80").to_string(), "a\\xc3(\\x80");
        assert_eq!(format!("{:?}", printable("a\n")), "\"a\\n\"");
    }

    /// Broken by: counting bytes; showing one more than the most.
    #[test]
    fn no_text_is_so_long_that_it_is_shown_whole() {
        let long = "é".repeat(MOST);
        assert_eq!(printable(&long).to_string(), long);
        let longer = printable(&"é".repeat(MOST + 1)).to_string();
        assert_eq!(longer, long + "…");
        let raw = printable(&[0xff; 10_000]).to_string();
        assert_eq!(raw, "\\xff".repeat(MOST) + "…");
        assert_eq!(printable("abc").at_most(0).to_string(), "…");
    }
}
