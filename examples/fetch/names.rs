//! From a URL to the name of its file: a name that cannot do harm.
//!
//! Law: whoever wrote the URL chose its bytes, and a file name is a command to the file
//! system: `..` climbs, a NUL ends the name early, an escape sequence repaints the terminal
//! that lists the folder, a right-to-left mark makes `gpj.exe` look like `exe.jpg`.
//! Consequence: the last segment of the path is decoded *once*, and then everything that is
//! not plainly a name is taken out of it. Choice: one set of rules for all platforms, strict
//! enough for Windows, so that a folder can be carried from one to another; only the device
//! names (`NUL`, `COM1`) are touched on Windows alone. Price: `a:b` is saved as `a_b`.
//!
//! The name comes from the URL that the user gave, never from one that a redirect led to.
//! Names given with `-o` are the user's own and are not changed.

use percent_encoding::percent_decode_str;
use url::Url;

/// What a URL without a usable last segment is called.
const FALLBACK: &str = "index.html";

/// The longest name, in bytes, that common file systems take.
pub const LONGEST: usize = 255;

/// An extension is kept when a name is cut, unless it is itself longer than this.
const LONGEST_EXTENSION: usize = 16;

/// The file name for `url`: one segment, never empty, never `.` or `..`.
pub fn from_url(url: &Url) -> String {
    let last = url.path_segments().and_then(|mut all| all.next_back());
    // A decoded slash is part of the name that was meant, not a separator.
    let decoded = percent_decode_str(last.unwrap_or("")).decode_utf8_lossy();
    safe(&decoded.replace('/', "_"), cfg!(windows)).unwrap_or_else(|| FALLBACK.to_owned())
}

/// `name` cut and cleaned, or `None` if nothing usable is left of it.
fn safe(name: &str, on_windows: bool) -> Option<String> {
    let last = name.rsplit(['/', '\\']).next().unwrap_or("");
    let mut name: String = last.chars().filter(|&c| !is_trouble(c)).collect();
    name = name.replace(['<', '>', ':', '"', '|', '?', '*'], "_");
    // Windows drops these from the end by itself, and would so find another file.
    let name = name.trim_start().trim_end_matches(['.', ' ']);
    if name.is_empty() {
        return None;
    }
    let mut name = name.to_owned();
    if name.starts_with('-') {
        name.replace_range(..1, "_"); // not an option for the next tool
    }
    if on_windows && is_device(&name) {
        name.insert(0, '_');
    }
    Some(shorten(&name, LONGEST))
}

/// Does `c` steer a terminal or reorder text, rather than show itself?
pub fn is_trouble(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{061c}' | '\u{200b}' | '\u{200e}' | '\u{200f}'   // marks without width
            | '\u{2028}'..='\u{202e}'                           // separators, embeddings
            | '\u{2060}'..='\u{206f}'                           // isolates and the like
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}')
}

/// The devices that Windows finds in every folder, whatever the extension.
fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or("").trim_end();
    let stem = stem.to_ascii_uppercase();
    let numbered = |kind: &str| {
        let rest = stem.strip_prefix(kind);
        rest.is_some_and(|n| matches!(n, "0" | "1" | "2" | "3" | "4" | "5" | "6" | "7" | "8" | "9"))
    };
    matches!(stem.as_str(), "CON" | "PRN" | "AUX" | "NUL") || numbered("COM") || numbered("LPT")
}

/// `name` in at most `limit` bytes: cut between two characters, and before its extension.
pub fn shorten(name: &str, limit: usize) -> String {
    if name.len() <= limit {
        return name.to_owned();
    }
    let dot = name.rfind('.').unwrap_or(name.len());
    let extension = match &name[dot..] {
        short if short.len() <= LONGEST_EXTENSION => short,
        _ => "",
    };
    let mut end = limit - extension.len();
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}{extension}", &name[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(url: &str) -> String {
        from_url(&Url::parse(url).unwrap())
    }

    #[test]
    fn the_last_segment_is_the_name() {
        assert_eq!(name("http://h/a/b/c.tar.gz"), "c.tar.gz");
        assert_eq!(name("http://h/c.txt?x=/y/z#w"), "c.txt");
        assert_eq!(name("http://h/na%C3%AFve%20file.txt"), "naïve file.txt");
        for without in ["http://h", "http://h/", "http://h/a/", "http://h/?q=1"] {
            assert_eq!(name(without), "index.html", "{without}");
        }
    }

    #[test]
    fn nothing_climbs_out_of_the_folder() {
        assert_eq!(name("http://h/a%2Fb.txt"), "a_b.txt");
        assert_eq!(name("http://h/a/%2e%2e"), "index.html");
        assert_eq!(name("http://h/%252e%252e%252fx"), "%2e%2e%2fx");
        assert_eq!(name("http://h/..%5C..%5Cx"), "x");
        assert_eq!(name("http://h/..%2f..%2fetc%2fpasswd"), ".._.._etc_passwd");
        assert_eq!(name("http://h/%2e"), "index.html");
        assert_eq!(name("http://h/..%00"), "index.html");
    }

    #[test]
    fn nothing_steers_a_terminal_or_reverses_text() {
        assert_eq!(name("http://h/a%00.txt"), "a.txt");
        assert_eq!(name("http://h/%1b%5b2Ja.txt"), "[2Ja.txt");
        assert_eq!(name("http://h/a%0d%0ab"), "ab");
        assert_eq!(name("http://h/%c2%9b31mred"), "31mred", "C1 controls too");
        assert_eq!(name("http://h/photo%E2%80%AEgpj.exe"), "photogpj.exe");
        assert_eq!(name("http://h/%FF%FE"), "\u{fffd}\u{fffd}");
    }

    #[test]
    fn a_name_is_no_option_no_device_and_no_stream() {
        assert_eq!(name("http://h/-rf"), "_rf");
        assert_eq!(name("http://h/C:evil.exe"), "C_evil.exe");
        assert_eq!(safe("a.txt. . ", false).unwrap(), "a.txt");
        assert_eq!(safe("NUL.txt", false).unwrap(), "NUL.txt");
        for device in ["NUL.txt", "con", "Com1.tar.gz", "LPT9", "aux ."] {
            let made = safe(device, true).unwrap();
            assert!(made.starts_with('_'), "{device} became {made}");
        }
        assert_eq!(safe("COM10.txt", true).unwrap(), "COM10.txt");
        assert_eq!(safe("console", true).unwrap(), "console");
    }

    #[test]
    fn a_long_name_is_cut_between_characters_and_keeps_its_extension() {
        let long = safe(&("a".repeat(300) + ".txt"), false).unwrap();
        assert_eq!(long, "a".repeat(251) + ".txt");
        let long = safe(&("é".repeat(200) + ".txt"), false).unwrap();
        assert_eq!(long, "é".repeat(125) + ".txt");
        let odd = safe(&("a.".to_owned() + &"é".repeat(300)), false).unwrap();
        assert!(odd.len() <= LONGEST && odd.starts_with("a.é"));
    }
}
