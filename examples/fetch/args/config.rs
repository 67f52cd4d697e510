//! Config files: flags in a file (`-K`, and the user's own), by curl's rules.
//!
//! ```text
//! # a comment
//! output-dir = /srv/downloads       the long name, with or without dashes, and with =, : or
//! -j 20                             a space before the value; or a letter with its dash
//! user-agent = "a b"                quotes around what has spaces; in them \" \\ \t \n \r \v
//! ```
//!
//! Unlike curl's, a value without quotes that has spaces in it is refused: curl drops what comes
//! behind the first of them.

use std::io;
use std::path::{Path, PathBuf};

use super::values;

/// Where the user's own file is, if anywhere: `fetch/config`, where the system keeps such.
pub fn usual_place() -> Option<PathBuf> {
    let variable = |name| std::env::var_os(name).map(PathBuf::from);
    // The XDG specification has relative paths ignored.
    let folder = match variable("XDG_CONFIG_HOME").filter(|path| path.is_absolute()) {
        Some(folder) => folder,
        None if cfg!(windows) => variable("APPDATA")?,
        None => std::env::home_dir()?.join(".config"),
    };
    Some(folder.join("fetch").join("config"))
}

/// One line: its number, and the word for the command line that it stands for.
#[derive(Debug, PartialEq)]
pub struct Line {
    pub number: usize,
    pub word: String,
}

/// The flags in a file; `-` is standard input.
pub fn read(path: &Path) -> io::Result<Vec<Result<Line, String>>> {
    Ok(lines(&values::read_text(path)?))
}

fn lines(text: &str) -> Vec<Result<Line, String>> {
    let text = text.trim_start_matches('\u{feff}');
    let numbered = text.lines().map(str::trim).zip(1..);
    let told = numbered.filter(|(line, _)| !line.is_empty() && !line.starts_with('#'));
    told.map(|(line, number)| match word(line) {
        Ok(word) => Ok(Line { number, word }),
        Err(why) => Err(format!("line {number}: {why}")),
    })
    .collect()
}

/// `--name`, or `--name=value`: with this, a value cannot be taken for anything else.
fn word(line: &str) -> Result<String, &'static str> {
    let is_separator = |c: char| c.is_whitespace() || c == '=' || c == ':';
    let (name, rest) = line.split_once(is_separator).unwrap_or((line, ""));
    let dashes = if name.starts_with('-') { "" } else { "--" };
    // `name = value` has more than one of them.
    let rest = rest.trim_start();
    let rest = rest.strip_prefix(['=', ':']).unwrap_or(rest).trim_start();
    match value(rest)? {
        None => Ok(format!("{dashes}{name}")),
        Some(value) => Ok(format!("{dashes}{name}={value}")),
    }
}

fn value(rest: &str) -> Result<Option<String>, &'static str> {
    let Some(quoted) = rest.strip_prefix('"') else {
        return match rest {
            "" => Ok(None),
            rest if rest.contains(char::is_whitespace) => {
                Err("a value with spaces in it needs quotes")
            }
            rest => Ok(Some(rest.to_owned())),
        };
    };
    let mut value = String::new();
    let mut letters = quoted.chars();
    loop {
        match letters.next() {
            None => return Err("the quotes have no end"),
            Some('"') if letters.as_str().trim().is_empty() => return Ok(Some(value)),
            Some('"') => return Err("there is something behind the quotes"),
            Some('\\') => value.push(match letters.next() {
                None => return Err("the quotes have no end"),
                Some('t') => '\t',
                Some('n') => '\n',
                Some('r') => '\r',
                Some('v') => '\u{b}',
                Some(other) => other,
            }),
            Some(letter) => value.push(letter),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        let words = lines(text).into_iter().map(|line| match line {
            Ok(line) => format!("{} {}", line.number, line.word),
            Err(why) => why,
        });
        words.collect()
    }

    /// As curl's manual has them, and as they are written to annoy.
    #[test]
    fn every_way_to_write_a_line_is_read() {
        let text = "\u{feff}# no\n\n url = http://h/?a=b\r\nurl=\"http://h/x y\"\nurl: u\nurl u\n\
                    --url=u\n--url u\n-j 8\n-vq\nquiet\n  silent  \nheader = \"A: \\\"b\\\\\\tc\\z\"\n\
                    referer = \"\"\n";
        let expected = [
            "3 --url=http://h/?a=b",
            "4 --url=http://h/x y",
            "5 --url=u",
            "6 --url=u",
            "7 --url=u",
            "8 --url=u",
            "9 -j=8",
            "10 -vq",
            "11 --quiet",
            "12 --silent",
            "13 --header=A: \"b\\\tcz",
            "14 --referer=",
        ];
        assert_eq!(words(text), expected);
    }

    #[test]
    fn what_cannot_be_meant_is_refused_without_its_value() {
        let text = "\nuser = a hidden\nuser = \"hidden\nuser = \"hidden\" x\nuser = \"hidden\\";
        let expected = [
            "line 2: a value with spaces in it needs quotes",
            "line 3: the quotes have no end",
            "line 4: there is something behind the quotes",
            "line 5: the quotes have no end",
        ];
        assert_eq!(words(text), expected);
    }
}
