//! Numbers and foreign text, made fit for a line on the terminal.
//!
//! Law: a terminal obeys what is printed on it. So nothing that came from a server, a URL or
//! a list is printed before it went through [`harmless`].

use std::path::Path;
use std::time::Duration;

use console::{measure_text_width, truncate_str};
use hob::http::{Url, printable};

/// `text` with everything that could steer a terminal, or start a new line, written out.
pub fn harmless(text: &str) -> String {
    printable(text).at_most(usize::MAX).to_string()
}

/// The same of a file's name, which need not be UTF-8.
pub fn path(path: &Path) -> String {
    harmless(&path.to_string_lossy())
}

/// A URL as one may show it to others: without the password in it.
pub fn url(url: &Url) -> String {
    let mut shown = url.clone();
    // Both fail only for URLs that have no host, and so no password either.
    let _ = shown.set_username("");
    let _ = shown.set_password(None);
    harmless(shown.as_str())
}

/// `1.5 MiB`.
pub fn bytes(count: u64) -> String {
    const UNITS: [&str; 5] = ["KiB", "MiB", "GiB", "TiB", "PiB"];
    if count < 1024 {
        return format!("{count} B");
    }
    let mut size = count as f64 / 1024.0;
    let mut unit = 0;
    // Not 1024: what would round to 1024.0 is shown as 1.0 of the next unit.
    while size >= 1023.95 && unit + 1 < UNITS.len() {
        size /= 1024.0;
        unit += 1;
    }
    format!("{size:.1} {}", UNITS[unit])
}

/// `1.5 MiB/s`; `None` where there is too little to divide.
pub fn speed(count: u64, time: Duration) -> Option<String> {
    let speed = count as f64 / time.as_secs_f64();
    (count > 0 && time >= Duration::from_millis(1)).then(|| bytes(speed as u64) + "/s")
}

/// `0.42 s`, `12.3 s`, `2:05` (minutes), `1:02:05`.
pub fn seconds(time: Duration) -> String {
    let (whole, exact) = (time.as_secs(), time.as_secs_f64());
    match whole {
        0..10 => format!("{exact:.2} s"),
        10..100 => format!("{exact:.1} s"),
        100..3600 => format!("{}:{:02}", whole / 60, whole % 60),
        _ => format!("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60),
    }
}

/// Time left, in whole seconds, the one that has begun included: `1 s`, `42 s`, `2:05`.
pub fn countdown(time: Duration) -> String {
    match time.as_secs() + 1 {
        whole @ 0..100 => format!("{whole} s"),
        whole => seconds(Duration::from_secs(whole)),
    }
}

/// At most so many columns of a name, the middle left out: names in a list mostly differ at
/// their ends.
pub fn fit(name: &str, columns: usize) -> String {
    if measure_text_width(name) <= columns {
        return name.to_owned();
    }
    let Some(room) = columns.checked_sub(1) else {
        return String::new();
    };
    let head = truncate_str(name, room.div_ceil(2), "");
    let room = room - measure_text_width(&head);
    let tails = name.char_indices().map(|(at, _)| &name[at..]);
    let tail = tails.skip(1).find(|tail| measure_text_width(tail) <= room);
    format!("{head}…{}", tail.unwrap_or_default())
}

/// `1 file`, `3 files`.
pub fn files(count: usize) -> String {
    format!("{count} file{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_harmful_is_left_in_a_line() {
        assert_eq!(harmless("naïve 文件 👩‍🍳.txt"), "naïve 文件 👩‍🍳.txt");
        let hostile = "a\u{1b}[2J\r\n\u{9b}31m\u{202e}b\u{7}";
        let shown = harmless(hostile);
        assert!(!shown.chars().any(char::is_control), "{shown:?}");
        assert!(shown.contains("\\u{1b}[2J\\r\\n") && shown.contains("\\u{202e}b"));
    }

    #[test]
    fn a_long_name_keeps_its_ends() {
        let name = "debian-12.5.0-amd64-netinst.iso";
        assert_eq!(fit(name, 31), name);
        assert_eq!(fit(name, 20), "debian-12.…tinst.iso");
        assert_eq!(fit("文件文件文件", 8), "文件…件");
        assert_eq!((fit(name, 1), fit(name, 0)), ("…".into(), String::new()));
    }

    #[test]
    fn a_password_is_not_shown() {
        let given = Url::parse("http://me:secret@h/x?y").unwrap();
        assert_eq!(url(&given), "http://h/x?y");
    }

    #[test]
    fn sizes_and_times_are_short_and_round_up_into_the_next_unit() {
        let sizes = [0, 1023, 1024, 1536, 1024 * 1024 - 1, 1024 * 1024, u64::MAX];
        assert_eq!(
            sizes.map(bytes),
            [
                "0 B",
                "1023 B",
                "1.0 KiB",
                "1.5 KiB",
                "1.0 MiB",
                "1.0 MiB",
                "16384.0 PiB"
            ]
        );
        let times = [0, 420, 12_340, 59_900, 125_000, 3_725_000];
        assert_eq!(
            times.map(|ms| seconds(Duration::from_millis(ms))),
            ["0.00 s", "0.42 s", "12.3 s", "59.9 s", "2:05", "1:02:05"]
        );
        let left = [0, 999, 98_000, 99_000, 3_599_000].map(Duration::from_millis);
        assert_eq!(
            left.map(countdown),
            ["1 s", "1 s", "99 s", "1:40", "1:00:00"]
        );
        assert_eq!(speed(2048, Duration::from_secs(2)).unwrap(), "1.0 KiB/s");
        assert_eq!(speed(2048, Duration::ZERO), None);
        assert_eq!(speed(0, Duration::from_secs(2)), None);
    }
}
