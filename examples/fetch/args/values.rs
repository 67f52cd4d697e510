//! The values of flags: how each is written, and what is said of one that is not.

use std::ffi::OsStr;
use std::io;
use std::net::{AddrParseError, IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use hob::http::{HeaderMap, HeaderName, HeaderValue, Method, Validators, header};

use super::Name;
use super::flags::Problem;
use crate::events::Format;
use crate::job::{Fsync, Sha256Sum};
use crate::names;

pub const CONTROL: &str = "a header's value has a control character in it";

pub fn output_name(name: &OsStr) -> Result<Name, Problem> {
    match name.to_str() {
        Some("-") => Ok(Name::Stdout),
        _ if !names::is_of_a_file(name) => Err("it must be the name of a file".into()),
        _ => Ok(Name::File(name.into())),
    }
}

/// What can be drawn is known by the end of its name.
pub fn picture(path: PathBuf) -> Result<PathBuf, Problem> {
    match crate::picture::Kind::of(&path) {
        Some(_) => Ok(path),
        None => Err("its name must end in .html or in .svg".into()),
    }
}

pub fn at_least_one(text: &str) -> Result<usize, &'static str> {
    match text.parse() {
        Ok(0) | Err(_) => Err("it must be a whole number, 1 or more"),
        Ok(number) => Ok(number),
    }
}

pub fn whole(text: &str) -> Result<u32, &'static str> {
    text.parse().map_err(|_| "it must be a whole number")
}

/// A limit in time: zero means "none", as in curl.
pub fn limit(text: &str) -> Result<Option<Duration>, &'static str> {
    let wait = duration(text).ok_or("write it as 30, 1.5, 500ms, 30s, 2m or 1h")?;
    Ok((!wait.is_zero()).then_some(wait))
}

/// A number of seconds, or a number with its unit.
fn duration(text: &str) -> Option<Duration> {
    let unit_at = text.find(|c: char| c.is_ascii_alphabetic());
    let (number, unit) = text.split_at(unit_at.unwrap_or(text.len()));
    let seconds_each = match unit {
        "ms" => 0.001,
        "s" | "" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        _ => return None,
    };
    let number: f64 = number.parse().ok()?;
    // Refuses what is negative, not a number, or beyond what a `Duration` holds.
    Duration::try_from_secs_f64(number * seconds_each).ok()
}

/// Bytes, with curl's letters.
pub fn size(text: &str) -> Result<u64, &'static str> {
    Ok(bytes(text).ok_or("write it as 500000, 500K, 2.5M or 1G")? as u64)
}

fn bytes(text: &str) -> Option<f64> {
    let number = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let each: f64 = match text[number.len()..].to_ascii_uppercase().as_str() {
        "" | "B" => 1.0,
        "K" => 1024.0,
        "M" => 1024.0 * 1024.0,
        "G" => 1024.0 * 1024.0 * 1024.0,
        _ => return None,
    };
    let bytes = number.parse::<f64>().ok()? * each;
    // Not a number fails this, too.
    (bytes >= 1.0).then_some(bytes)
}

/// Bytes in a second, with curl's letters. More than 4 GiB/s is no limit that anybody meets.
pub fn rate(text: &str) -> Result<u32, &'static str> {
    let wrong = "write it as 500000, 500K, 2.5M or 1G: bytes in a second";
    Ok(bytes(text).ok_or(wrong)? as u32)
}

/// A time that may be zero.
pub fn wait(text: &str) -> Result<Duration, &'static str> {
    limit(text).map(Option::unwrap_or_default)
}

pub fn fsync(text: &str) -> Result<Fsync, &'static str> {
    match text {
        "auto" => Ok(Fsync::Auto),
        "always" => Ok(Fsync::Always),
        "never" => Ok(Fsync::Never),
        _ => Err("write auto, always or never"),
    }
}

pub fn sha256(text: &str) -> Result<Sha256Sum, &'static str> {
    Sha256Sum::from_hex(text).ok_or("a SHA-256 has 64 hexadecimal digits")
}

pub fn only_dash(text: &str) -> Result<(), &'static str> {
    let offered = "only - is offered: where to go on is seen from the half file";
    if text == "-" { Ok(()) } else { Err(offered) }
}

/// `Name: value`; curl's `Name;` for an empty one, and `Name:` for none at all. The value is not
/// repeated in the error: it may be a secret.
pub fn header(line: &str) -> Result<(HeaderName, Option<HeaderValue>), &'static str> {
    let wrong = "write a header as \"Name: value\"";
    let (name, value) = match line.strip_suffix(';') {
        Some(name) if !line.contains(':') => (name, Some("")),
        _ => {
            let (name, value) = line.split_once(':').ok_or(wrong)?;
            (name, Some(value.trim()).filter(|value| !value.is_empty()))
        }
    };
    let name = HeaderName::try_from(name).map_err(|_| wrong)?;
    let value = value.map(HeaderValue::try_from).transpose();
    Ok((name, value.map_err(|_| CONTROL)?))
}

/// `NAME:PASSWORD`. Nothing is asked for on the terminal.
pub fn user(text: &str) -> Result<(String, String), &'static str> {
    let (name, password) = text.split_once(':').ok_or("write it as NAME:PASSWORD")?;
    Ok((name.to_owned(), password.to_owned()))
}

/// What can be sent as one word of a header, and is secret.
pub fn bearer(text: &str) -> Result<String, &'static str> {
    match text.bytes().all(|byte| byte.is_ascii_graphic()) && !text.is_empty() {
        true => Ok(text.to_owned()),
        false => Err("a token has neither spaces nor control characters in it"),
    }
}

/// `HOST:PORT:ADDR[,ADDR]…`; an IPv6 address may have brackets. What curl writes before the
/// host (`+`: for a time only) makes no difference here.
pub fn known_host(text: &str) -> Result<(String, Vec<SocketAddr>), &'static str> {
    let wrong = "write it as HOST:PORT:ADDRESS, or with several addresses between commas";
    let text = text.strip_prefix('+').unwrap_or(text);
    let mut words = text.splitn(3, ':');
    let (Some(host), Some(port), Some(addresses)) = (words.next(), words.next(), words.next())
    else {
        return Err(wrong);
    };
    let port: u16 = port.parse().map_err(|_| wrong)?;
    let address = |text: &str| text.trim_matches(['[', ']']).parse::<IpAddr>();
    let addresses = addresses
        .split(',')
        .map(|text| Ok((address(text)?, port).into()));
    let addresses: Result<_, AddrParseError> = addresses.collect();
    match host {
        "" | "*" => Err("it needs the name of one host; * is not offered"),
        host => Ok((format!("{host}:{port}"), addresses.map_err(|_| wrong)?)),
    }
}

/// A format, or `@` and the file that it is in (`-`: standard input).
pub fn write_out(text: &str) -> Result<Format, String> {
    let Some(path) = text.strip_prefix('@') else {
        return Format::parse(text);
    };
    let format = read_text(Path::new(path));
    let format = format.map_err(|e| format!("cannot read {path}: {e}"))?;
    // As with curl: line ends are written \n, and real ones keep lines short.
    Format::parse(&format.replace(['\n', '\r'], ""))
}

/// What is in a file; `-` is standard input.
pub fn read_text(path: &Path) -> io::Result<String> {
    match path.to_str() {
        Some("-") => io::read_to_string(io::stdin()),
        _ => std::fs::read_to_string(path),
    }
}

/// The text in a file that a value names.
pub fn file(path: &str) -> Result<String, Problem> {
    std::fs::read_to_string(path).map_err(|e| format!("cannot read {path}: {e}").into())
}

/// `-z`: a date as HTTP writes it, or a day of the form 2024-12-31, or the file whose date it is.
/// `None`: the file is not there, so that nothing is old.
pub fn since(text: &str) -> Result<Option<(HeaderName, SystemTime)>, &'static str> {
    let (name, text) = match text.strip_prefix('-') {
        Some(rest) => (header::IF_UNMODIFIED_SINCE, rest),
        None => (header::IF_MODIFIED_SINCE, text),
    };
    if let Some(at) = date(text) {
        return Ok(Some((name, at)));
    }
    match std::fs::metadata(text) {
        Ok(found) => Ok(found.modified().ok().map(|at| (name, at))),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(_) => Err("that file cannot be looked at"),
    }
}

fn date(text: &str) -> Option<SystemTime> {
    let http = |text: &str| {
        let mut fields = HeaderMap::new();
        fields.insert(header::LAST_MODIFIED, text.try_into().ok()?);
        Validators::of(&fields).last_modified()
    };
    http(text).or_else(|| {
        let (day, time) = text.split_once(' ').unwrap_or((text, "00:00:00"));
        let words: Vec<&str> = day.split('-').collect();
        let [year, month, day] = words.try_into().ok()?;
        const MONTHS: &str = "JanFebMarAprMayJunJulAugSepOctNovDec";
        let at = 3 * month.parse::<usize>().ok()?.checked_sub(1)?;
        let month = MONTHS.get(at..at + 3)?;
        // HTTP wants the day of the week, too, and only one of the seven is right.
        let days = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
        let mut days = days.into_iter();
        days.find_map(|name| http(&format!("{name}, {day} {month} {year} {time} GMT")))
    })
}

/// As it goes out: methods are told apart by case.
pub fn method(text: &str) -> Result<Method, &'static str> {
    match Method::try_from(text) {
        Ok(Method::CONNECT) => Err("CONNECT is for proxies; -p makes a tunnel"),
        Ok(method) => Ok(method),
        Err(_) => Err("a method is one word, such as PUT"),
    }
}

/// An address of this machine. Names of interfaces are not looked up.
pub fn address(text: &str) -> Result<IpAddr, &'static str> {
    let wrong = "write the address of an interface, such as 192.168.1.2";
    text.parse().map_err(|_| wrong)
}
