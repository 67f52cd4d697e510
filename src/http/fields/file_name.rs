//! From a stranger's text to the name of a file: a name that cannot do harm.
//!
//! Law: whoever wrote a URL or a header chose its bytes, and a file name is a command to the
//! file system: `..` climbs, a NUL ends the name early, an escape sequence repaints the
//! terminal that lists the folder, a right-to-left mark makes `gpj.exe` look like `exe.jpg`.
//! Consequence: the text is decoded *once*, and then everything that is not plainly a name is
//! taken out of it. Choice: one set of rules for all platforms, strict enough for Windows, so
//! that a folder can be carried from one to another; only the device names (`NUL`, `COM1`) are
//! touched on Windows alone. Price: `a:b` is saved as `a_b`.

use ::url::Url;

use crate::http::printable::is_trouble;
use crate::http::url::percent_decode;

/// The longest name, in bytes, that common file systems take (`NAME_MAX`).
const LONGEST: usize = 255;

/// An extension is kept when a name is cut, unless it is itself longer than this.
const LONGEST_EXTENSION: usize = 16;

/// What of `name` can be the name of a file: the last segment of it (behind the last `/` or
/// `\`), without characters that control or reorder, without what Windows forbids, no option
/// (`-rf`), at most 255 bytes long. `None` if nothing usable is left, as of `..`.
///
/// It may still begin with a dot, which hides it from a listing, and it may be the name of a
/// file that is there: neither is a matter of the name alone.
///
/// ```
/// use hob::http::safe_file_name;
/// assert_eq!(safe_file_name("..\\..\\a\u{202e}gpj.exe").unwrap(), "agpj.exe");
/// assert_eq!(safe_file_name("C:evil\0.txt. .").unwrap(), "C_evil.txt");
/// assert_eq!(safe_file_name("a/.."), None);
/// ```
pub fn safe_file_name(name: &str) -> Option<String> {
    safe(name, cfg!(windows))
}

/// The name for what a URL leads to: the last segment of its path, decoded once and made safe
/// ([`safe_file_name`]). `None` if that leaves nothing, as of `http://example.com/`.
///
/// ```
/// use hob::http::{Url, url_file_name};
/// let url = Url::parse("http://example.com/a/na%C3%AFve%2Ffile.txt?x=y/z").unwrap();
/// assert_eq!(url_file_name(&url).unwrap(), "naïve_file.txt");
/// ```
pub fn url_file_name(url: &Url) -> Option<String> {
    let last = url.path_segments()?.next_back()?;
    let decoded = percent_decode(last);
    // A decoded slash is part of the name that was meant, not a separator.
    safe_file_name(&String::from_utf8_lossy(&decoded).replace('/', "_"))
}

/// `name` in at most `limit` bytes: cut between two characters, and before its extension.
///
/// ```
/// use hob::http::shorten_file_name;
/// assert_eq!(shorten_file_name("éééé.txt", 9), "éé.txt");
/// assert_eq!(shorten_file_name("short", 9), "short");
/// ```
pub fn shorten_file_name(name: &str, limit: usize) -> String {
    if name.len() <= limit {
        return name.to_owned();
    }
    let dot = name.rfind('.').unwrap_or(name.len());
    let extension = match &name[dot..] {
        short if short.len() <= LONGEST_EXTENSION.min(limit) => short,
        _ => "",
    };
    let mut end = limit - extension.len();
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}{extension}", &name[..end])
}

fn safe(name: &str, on_windows: bool) -> Option<String> {
    let last = name.rsplit(['/', '\\']).next().unwrap_or("");
    let mut name: String = last.chars().filter(|&c| !is_trouble(c)).collect();
    name = name.replace(['<', '>', ':', '"', '|', '?', '*'], "_");
    // Windows drops these from the end by itself, and would so find another file.
    let name = without_end(name.trim_start());
    if name.is_empty() {
        return None;
    }
    let mut name = name.to_owned();
    if name.starts_with('-') {
        name.replace_range(..1, "_"); // not an option for the next tool
    }
    // The cut may bring a dot or a space to the end, and what is then trimmed may leave a device.
    name = without_end(&shorten_file_name(&name, LONGEST)).to_owned();
    if on_windows && is_device(&name) {
        name.insert(0, '_');
        name = without_end(&shorten_file_name(&name, LONGEST)).to_owned();
    }
    Some(name)
}

fn without_end(name: &str) -> &str {
    name.trim_end_matches(|c: char| c == '.' || c.is_whitespace())
}

/// The devices that Windows finds in every folder, whatever the extension. It takes raised
/// digits for digits.
fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or("").trim_end();
    let stem = stem.to_uppercase();
    let numbered = |kind: &str| {
        let digit = stem
            .strip_prefix(kind)
            .map(|rest| (rest.chars().count(), rest.chars().next()));
        matches!(digit, Some((1, Some('0'..='9' | '¹' | '²' | '³'))))
    };
    matches!(
        stem.as_str(),
        "CON" | "PRN" | "AUX" | "NUL" | "CONIN$" | "CONOUT$"
    ) || numbered("COM")
        || numbered("LPT")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(url: &str) -> Option<String> {
        url_file_name(&Url::parse(url).unwrap())
    }

    fn is(url: &str, wanted: &str) {
        assert_eq!(name(url).as_deref(), Some(wanted), "{url}");
    }

    #[test]
    fn the_last_segment_is_the_name() {
        is("http://h/a/b/c.tar.gz", "c.tar.gz");
        is("http://h/c.txt?x=/y/z#w", "c.txt");
        is("http://h/na%C3%AFve%20file.txt", "naïve file.txt");
        for without in ["http://h", "http://h/", "http://h/a/", "http://h/?q=1"] {
            assert_eq!(name(without), None, "{without}");
        }
    }

    #[test]
    fn nothing_climbs_out_of_the_folder() {
        is("http://h/a%2Fb.txt", "a_b.txt");
        is("http://h/%252e%252e%252fx", "%2e%2e%2fx");
        is("http://h/..%5C..%5Cx", "x");
        is("http://h/..%2f..%2fetc%2fpasswd", ".._.._etc_passwd");
        for nothing in ["http://h/a/%2e%2e", "http://h/%2e", "http://h/..%00"] {
            assert_eq!(name(nothing), None, "{nothing}");
        }
    }

    #[test]
    fn nothing_steers_a_terminal_or_reverses_text() {
        is("http://h/a%00.txt", "a.txt");
        is("http://h/%1b%5b2Ja.txt", "[2Ja.txt");
        is("http://h/a%0d%0ab", "ab");
        is("http://h/%c2%9b31mred", "31mred"); // C1 controls too
        is("http://h/photo%E2%80%AEgpj.exe", "photogpj.exe");
        is("http://h/%FF%FE", "\u{fffd}\u{fffd}");
    }

    #[test]
    fn a_name_is_no_option_no_device_and_no_stream() {
        is("http://h/-rf", "_rf");
        is("http://h/C:evil.exe", "C_evil.exe");
        assert_eq!(safe("a.txt. . ", false).unwrap(), "a.txt");
        assert_eq!(safe("NUL.txt", false).unwrap(), "NUL.txt");
        for device in [
            "NUL.txt",
            "con",
            "Com1.tar.gz",
            "LPT9",
            "lpt².x",
            "aux .",
            "conin$",
        ] {
            let made = safe(device, true).unwrap();
            assert!(made.starts_with('_'), "{device} became {made}");
        }
        // The cut leaves a device of what was none, because spaces at the end go.
        let cut = format!("COM1{}x", " ".repeat(300));
        assert_eq!(safe(&cut, true).unwrap(), "_COM1");
        let long = safe(&format!("NUL.{}", "x".repeat(300)), true).unwrap();
        assert!(long.starts_with("_NUL.") && long.len() == LONGEST, "{long}");
        for plain in ["COM10.txt", "console", "COM", "LPTx"] {
            assert_eq!(safe(plain, true).unwrap(), plain);
        }
    }

    /// Broken by: not trimming the end once more after the cut.
    #[test]
    fn a_long_name_is_cut_between_characters_and_keeps_its_extension() {
        let long = safe(&("a".repeat(300) + ".txt"), false).unwrap();
        assert_eq!(long, "a".repeat(251) + ".txt");
        let long = safe(&("é".repeat(200) + ".txt"), false).unwrap();
        assert_eq!(long, "é".repeat(125) + ".txt");
        let odd = safe(&("a.".to_owned() + &"é".repeat(300)), false).unwrap();
        assert!(odd.len() <= LONGEST && odd.starts_with("a.é"));
        let dots = safe(&("a".repeat(253) + "..b" + &"c".repeat(30)), false).unwrap();
        assert_eq!(dots, "a".repeat(253));
    }
}
