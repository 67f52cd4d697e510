//! Text that becomes a part of HTML, SVG or JSON. Names, URLs and reasons come from servers and
//! lists, and nothing of them may be taken for markup, or for a script.

use std::time::{Duration, SystemTime};

use ring::digest;

/// For the text of an element and for an attribute in double quotes, in HTML as in XML.
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out += "&amp;",
            '<' => out += "&lt;",
            '>' => out += "&gt;",
            '"' => out += "&quot;",
            '\'' => out += "&#39;",
            // XML has no way to write most of them at all.
            c if c.is_control() && c != '\n' => out.push('\u{fffd}'),
            '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

/// JSON that may stand in a `<script>` element: in it, `<` only stands in strings.
pub fn json_in_script(json: &str) -> String {
    json.replace('<', "\\u003c")
}

/// A name for the scripts of a page that nothing inside of it can know beforehand.
pub fn nonce(page: &str) -> String {
    let sum = digest::digest(&digest::SHA256, page.as_bytes());
    sum.as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// `2026-03-01T12:30:00.250Z` (RFC 3339), the way in which HAR and the page tell the time of day.
pub fn date(time: SystemTime) -> String {
    let since = time
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    let (days, seconds) = (since.as_secs() / 86_400, since.as_secs() % 86_400);
    let (year, month, day) = civil(days);
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let milliseconds = since.subsec_millis();
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milliseconds:03}Z")
}

/// The day that many days after the first of January 1970, by counting years and months off: a
/// date is asked for once in a request, and a loop is what one sees through.
fn civil(mut days: u64) -> (u64, u64, u64) {
    let leap = |year: u64| {
        year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
    };
    // 400 years have as many days always.
    let mut year = 1970 + days / 146_097 * 400;
    days %= 146_097;
    while days >= 365 + u64::from(leap(year)) {
        days -= 365 + u64::from(leap(year));
        year += 1;
    }
    let february = 28 + u64::from(leap(year));
    let mut month = 1;
    for length in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
        if days < length {
            break;
        }
        days -= length;
        month += 1;
    }
    (year, month, days + 1)
}

/// Seconds with three decimals, as the tables have them.
pub fn exact(time: Duration) -> String {
    format!("{:.3}", time.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Broken by: letting any of the five through, or a control character.
    #[test]
    fn nothing_in_a_text_is_markup() {
        let hostile = "</script><b a='x' b=\"y\">&\u{1b}\u{0}é";
        let safe = escaped(hostile);
        assert!(
            !safe.contains(['<', '>', '"', '\'', '\u{1b}', '\u{0}']),
            "{safe}"
        );
        assert!(safe.ends_with("&gt;&amp;\u{fffd}\u{fffd}é"), "{safe}");
        let json = serde_json::json!([hostile]).to_string();
        let safe = json_in_script(&json);
        assert!(!safe.contains('<'), "{safe}");
        let back: serde_json::Value = serde_json::from_str(&safe).unwrap();
        assert_eq!(back[0], hostile);
    }

    /// Broken by: counting 1900 and 2100 as leap years, or not 2000.
    #[test]
    fn a_time_of_day_is_written_as_rfc_3339_has_it() {
        let at = |seconds, ms| {
            let since = Duration::from_secs(seconds) + Duration::from_millis(ms);
            date(SystemTime::UNIX_EPOCH + since)
        };
        assert_eq!(at(0, 0), "1970-01-01T00:00:00.000Z");
        assert_eq!(at(951_782_400, 1), "2000-02-29T00:00:00.001Z");
        assert_eq!(at(1_735_689_599, 999), "2024-12-31T23:59:59.999Z");
        assert_eq!(at(4_107_542_400, 0), "2100-03-01T00:00:00.000Z");
        assert_eq!(at(12_622_780_800, 0), "2370-01-01T00:00:00.000Z");
    }
}
