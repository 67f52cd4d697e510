//! When a cookie expires: dates as servers write them, which is in every way (§5.1.1).

use std::time::{Duration, SystemTime};

/// Reads a cookie's date: a day, a month, a year and a time, in any order, with nearly
/// anything between them. `None` if one of them is missing or there is no such moment. What
/// was before 1970 is 1970: past is past.
pub(crate) fn parse(text: &[u8]) -> Option<SystemTime> {
    let (mut time, mut day, mut month, mut year) = (None, None, None, None);
    for word in text.split(|&byte| is_delimiter(byte)) {
        if time.is_none()
            && let Some(found) = time_of_day(word)
        {
            time = Some(found);
        } else if day.is_none()
            && let Some(found) = number(word, 1..=2)
        {
            day = Some(found);
        } else if month.is_none()
            && let Some(found) = month_of(word)
        {
            month = Some(found);
        } else if year.is_none()
            && let Some(found) = number(word, 2..=4)
        {
            year = Some(found);
        }
    }
    let (day, month, year) = (day?, month?, full_year(year?));
    let is_there = year >= 1601 && (1..=days_of(year, month)).contains(&day);
    let (hour, minute, second) = time?;
    if !is_there || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let Some(days) = days_since_1970(year, month, day) else {
        return Some(SystemTime::UNIX_EPOCH);
    };
    let seconds = ((days * 24 + hour) * 60 + minute) * 60 + second;
    Some(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds))
}

fn is_delimiter(byte: u8) -> bool {
    matches!(byte, 0x09 | 0x20..=0x2f | 0x3b..=0x40 | 0x5b..=0x60 | 0x7b..=0x7e)
}

/// The digits that the word begins with, if there are so many; what is no digit may follow.
fn number(word: &[u8], digits: std::ops::RangeInclusive<usize>) -> Option<u64> {
    let count = word.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if !digits.contains(&count) {
        return None;
    }
    let text = std::str::from_utf8(&word[..count]).ok()?;
    text.parse().ok()
}

/// `h:m:s`, each of one or two digits.
fn time_of_day(word: &[u8]) -> Option<(u64, u64, u64)> {
    let mut parts = word.splitn(3, |&byte| byte == b':');
    let (hour, minute, second) = (parts.next()?, parts.next()?, parts.next()?);
    let whole = |part: &[u8]| number(part, 1..=2).filter(|_| part.len() <= 2 && is_digits(part));
    Some((whole(hour)?, whole(minute)?, number(second, 1..=2)?))
}

fn is_digits(word: &[u8]) -> bool {
    word.iter().all(u8::is_ascii_digit)
}

/// 1 to 12.
fn month_of(word: &[u8]) -> Option<u64> {
    const MONTHS: [&[u8; 3]; 12] = [
        b"jan", b"feb", b"mar", b"apr", b"may", b"jun", b"jul", b"aug", b"sep", b"oct", b"nov",
        b"dec",
    ];
    let begin = word.get(..3)?.to_ascii_lowercase();
    let at = MONTHS.iter().position(|month| month[..] == begin)?;
    Some(at as u64 + 1)
}

fn full_year(year: u64) -> u64 {
    match year {
        0..=69 => year + 2000,
        70..=99 => year + 1900,
        year => year,
    }
}

fn is_leap(year: u64) -> bool {
    year.is_multiple_of(4) && !year.is_multiple_of(100) || year.is_multiple_of(400)
}

fn days_of(year: u64, month: u64) -> u64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// `None`: before that.
fn days_since_1970(year: u64, month: u64, day: u64) -> Option<u64> {
    let leaps = |years: u64| years / 4 - years / 100 + years / 400;
    let before = year.checked_sub(1970)? * 365 + leaps(year - 1) - leaps(1969);
    let months: u64 = (1..month).map(|month| days_of(year, month)).sum();
    Some(before + months + day - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Seconds since 1970, as `date -u -d … +%s` gives them.
    #[test]
    fn a_date_may_be_written_in_many_ways() {
        let ways = [
            ("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_777),
            ("Sunday, 06-Nov-94 08:49:37 GMT", 784_111_777),
            ("Sun Nov  6 08:49:37 1994", 784_111_777),
            ("08:49:37 6 november 94", 784_111_777),
            ("1994 Nov 6 8:49:37", 784_111_777),
            ("06-Nov-1994/08:49:37x", 784_111_777),
            ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
            ("01 Jan 1601 00:00:00", 0),
            ("Thu, 29 Feb 2024 23:59:59 GMT", 1_709_251_199),
            ("Fri, 31 Dec 9999 23:59:59 GMT", 253_402_300_799),
            ("1 Mar 69 00:00:00", 3_129_321_600),
            ("1 Mar 70 00:00:00", 5_097_600),
            ("1 Mar 2100 00:00:00", 4_107_542_400),
        ];
        for (text, seconds) in ways {
            let at = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
            assert_eq!(parse(text.as_bytes()), Some(at), "{text}");
        }
    }

    /// Broken by: any condition less in `parse`.
    #[test]
    fn what_is_no_moment_is_none() {
        let wrongs = [
            "",
            "tomorrow",
            "06 Nov 1994",
            "Nov 1994 08:49:37",
            "06 1994 08:49:37",
            "06 Nov 08:49:37",
            "29 Feb 2023 00:00:00",
            "31 Apr 2024 00:00:00",
            "0 Nov 1994 00:00:00",
            "32 Nov 1994 00:00:00",
            "06 Nov 1600 00:00:00",
            "06 Nov 1994 24:00:00",
            "06 Nov 1994 00:60:00",
            "06 Nov 1994 00:00:60",
            "06 Nov 1994 000:00:00",
            "06 Nov 1994 00:00",
            "06 Nov 19940 00:00:00",
        ];
        for text in wrongs {
            assert_eq!(parse(text.as_bytes()), None, "{text}");
        }
    }
}
