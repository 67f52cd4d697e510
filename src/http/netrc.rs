//! Reads a netrc file: names and passwords for hosts, as ftp(1) began it and curl goes on.
//!
//! Law: a password belongs to the host that it was written down for. A redirect chooses the
//! next host, and has led clients to hand one host's password to another
//! (CVE-2024-11053, CVE-2025-0167). Consequences:
//!
//! - E1: each origin is looked up by its own name; what was found for one is never carried to
//!   the next.
//! - E2: `default` speaks of hosts that the caller names. A host that only a redirect named
//!   does not get it.
//! - E3: who has said a user name gets the password of that user, or none.
//!
//! No error shows what stands in the file: most of it is secret.
//!
//! This file is long because a table of ways to write such a file is, and one of ways not to.

use std::fmt;
use std::io;
use std::path::Path;

use ::http::header::{self, HeaderMap};
use ::url::Url;

use crate::fs;
use crate::http::auth;

/// Names and passwords for hosts, read from a netrc file.
///
/// It understands `machine`, `default`, `login`, `password`, `account` (skipped) and `macdef`
/// (skipped, to the next empty line); values in double quotes, with `\"`, `\\`, `\n`, `\r` and
/// `\t` in them; and comments from a `#` to the end of the line, where a keyword could stand.
/// `Debug` shows only how many entries there are.
///
/// ```
/// let text = "machine example.com login me password \"two words\" # not for others";
/// let netrc = hob::http::Netrc::parse(text)?;
/// assert_eq!(format!("{netrc:?}"), "Netrc(1 entry)");
/// let client = hob::http::Client::builder().netrc(netrc).build();
/// # std::io::Result::Ok(())
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Netrc {
    entries: Vec<Entry>,
}

#[derive(Clone, Default, PartialEq, Eq)]
struct Entry {
    /// `None`: the `default`.
    machine: Option<String>,
    login: Option<String>,
    password: Option<String>,
}

/// Who named the host that is about to be asked?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Named {
    ByCaller,
    ByRedirect,
}

impl Netrc {
    /// Reads the text of a netrc file.
    ///
    /// # Errors
    /// `InvalidData`, with the number of the line, for what is no netrc file.
    pub fn parse(text: &str) -> io::Result<Netrc> {
        let mut words = Words {
            rest: text.strip_prefix('\u{feff}').unwrap_or(text),
            line: 1,
        };
        let mut netrc = Netrc::default();
        while let Some(keyword) = words.keyword() {
            netrc.read_entry(keyword, &mut words)?;
        }
        Ok(netrc)
    }

    /// Reads a netrc file, on a worker. Its permissions are not looked at.
    ///
    /// # Errors
    /// Those of reading it, and of [`parse`](Netrc::parse).
    ///
    /// ```
    /// # hob::block_on(async {
    /// # let path = std::env::temp_dir().join(format!("hob-doc-netrc-{}", std::process::id()));
    /// hob::fs::write(&path, "default login me password secret").await?;
    /// let netrc = hob::http::Netrc::load(&path).await?;
    /// assert_eq!(format!("{netrc:?}"), "Netrc(1 entry)");
    /// # hob::fs::remove_file(&path).await
    /// # }).unwrap();
    /// ```
    pub async fn load(path: impl AsRef<Path>) -> io::Result<Netrc> {
        Netrc::parse(&fs::read_to_string(path).await?)
    }

    fn read_entry(&mut self, keyword: &str, words: &mut Words<'_>) -> io::Result<()> {
        let keyword = keyword.to_ascii_lowercase();
        match keyword.as_str() {
            "machine" => {
                let machine = Some(words.value()?);
                self.entries.push(Entry {
                    machine,
                    ..Entry::default()
                });
            }
            "default" => self.entries.push(Entry::default()),
            "macdef" => words.skip_macro()?,
            "login" | "password" | "account" => {
                let value = words.value()?;
                let entry = self.entries.last_mut();
                let entry = entry.ok_or_else(|| words.wrong("no `machine` stands before it"))?;
                match keyword.as_str() {
                    "login" if value.contains(':') => {
                        return Err(words.wrong("a login with a colon in it (RFC 7617 §2)"));
                    }
                    "login" => entry.login = Some(value),
                    "password" => entry.password = Some(value),
                    _ => {}
                }
            }
            _ => return Err(words.wrong("not a keyword of netrc")),
        }
        Ok(())
    }

    /// The login and password for `host`; that of `login`, if one is given (E3).
    pub(crate) fn find(
        &self,
        host: &str,
        login: Option<&str>,
        named: Named,
    ) -> Option<(&str, &str)> {
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let of_host = |entry: &&Entry| {
            let machine = entry.machine.as_deref();
            machine.is_some_and(|machine| machine.eq_ignore_ascii_case(host))
        };
        let mut all = self.entries.iter();
        // One who is named has nothing to do with the default.
        let found = if self.entries.iter().any(|entry| of_host(&entry)) {
            all.find(|entry| of_host(entry) && entry.is_of(login))
        } else if named == Named::ByCaller {
            all.find(|entry| entry.machine.is_none() && entry.is_of(login))
        } else {
            None // E2
        };
        let entry = found?;
        let password = entry.password.as_deref().unwrap_or_default();
        Some((entry.login.as_deref()?, password))
    }

    /// The password of the user `name`, whom the caller's URL names (E3).
    pub(crate) fn password_of(&self, name: &[u8], url: &Url) -> Option<&str> {
        let (name, host) = (std::str::from_utf8(name).ok()?, url.host_str()?);
        let (_, password) = self.find(host, Some(name), Named::ByCaller)?;
        Some(password)
    }

    /// Adds the credentials of the URL's host to a request that has none (E1).
    pub(crate) fn authorize(&self, headers: &mut HeaderMap, url: &Url, named: Named) {
        if headers.contains_key(header::AUTHORIZATION) {
            return;
        }
        let found = url.host_str().and_then(|host| self.find(host, None, named));
        if let Some((login, password)) = found
            && let Ok(value) = auth::basic(login.as_bytes(), password.as_bytes())
        {
            headers.insert(header::AUTHORIZATION, value);
        }
    }
}

impl Entry {
    /// May it be used for `login`, or for anybody if there is none? Without a login of its own
    /// it is nobody's.
    fn is_of(&self, login: Option<&str>) -> bool {
        let own = self.login.as_deref();
        own.is_some() && (login.is_none() || own == login)
    }
}

impl fmt::Debug for Netrc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.entries.len();
        let entries = if count == 1 { "entry" } else { "entries" };
        write!(f, "Netrc({count} {entries})")
    }
}

/// The words of the file that are not read yet.
struct Words<'a> {
    rest: &'a str,
    line: usize,
}

impl<'a> Words<'a> {
    /// The next word where a keyword could stand.
    fn keyword(&mut self) -> Option<&'a str> {
        loop {
            self.skip_space();
            if !self.rest.starts_with('#') {
                break;
            }
            self.take(self.rest.find('\n').unwrap_or(self.rest.len()));
        }
        let word = self.word();
        (!word.is_empty()).then_some(word)
    }

    /// What stands behind a keyword.
    fn value(&mut self) -> io::Result<String> {
        self.skip_space();
        let value = match self.rest.starts_with('"') {
            true => self.quoted()?,
            false => match self.word() {
                "" => return Err(self.wrong("the file ends where a value should be")),
                word => word.to_string(),
            },
        };
        match value.chars().any(char::is_control) {
            // RFC 7617 §2 has none in a name or password, and no host has.
            true => Err(self.wrong("a value with a control character in it")),
            false => Ok(value),
        }
    }

    fn quoted(&mut self) -> io::Result<String> {
        let mut value = String::new();
        let mut chars = self.rest.char_indices().skip(1);
        while let Some((at, c)) = chars.next() {
            match c {
                '"' => {
                    self.take(at + 1);
                    return Ok(value);
                }
                '\n' => break,
                '\\' => match chars.next().map(|(_, escaped)| escaped) {
                    Some('n') => value.push('\n'),
                    Some('r') => value.push('\r'),
                    Some('t') => value.push('\t'),
                    Some(other) => value.push(other),
                    None => break,
                },
                c => value.push(c),
            }
        }
        Err(self.wrong("a quote that does not end on its line"))
    }

    /// A macro's name and its lines, to the first empty one.
    fn skip_macro(&mut self) -> io::Result<()> {
        self.value()?;
        self.take_line(); // What is left of the one with the name.
        while !self.rest.is_empty() && !self.take_line().trim().is_empty() {}
        Ok(())
    }

    fn take_line(&mut self) -> &'a str {
        let end = self.rest.find('\n').map_or(self.rest.len(), |at| at + 1);
        self.take(end)
    }

    fn skip_space(&mut self) {
        let space = self.rest.len() - self.rest.trim_start().len();
        self.take(space);
    }

    fn word(&mut self) -> &'a str {
        let end = self.rest.find(char::is_whitespace);
        self.take(end.unwrap_or(self.rest.len()))
    }

    fn take(&mut self, length: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at(length);
        self.line += taken.matches('\n').count();
        self.rest = rest;
        taken
    }

    fn wrong(&self, what: &str) -> io::Error {
        let text = format!("netrc, line {}: {what}", self.line);
        io::Error::new(io::ErrorKind::InvalidData, text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Netrc {
        Netrc::parse(text).unwrap_or_else(|error| panic!("{text:?}: {error}"))
    }

    fn found(text: &str, host: &str) -> Option<(String, String)> {
        let netrc = parsed(text);
        let (login, password) = netrc.find(host, None, Named::ByCaller)?;
        Some((login.to_string(), password.to_string()))
    }

    /// Each text gives `h` the login `me` and the password.
    #[test]
    fn a_file_may_be_written_in_many_ways() {
        let ways = [
            ("machine h login me password pw", "pw"),
            ("machine\nh\r\n\tlogin me\r\n\tpassword pw\r\n", "pw"),
            ("\u{feff}MACHINE H Login me PASSWORD pw", "pw"),
            (
                "machine k login x password y\nmachine h password pw login me",
                "pw",
            ),
            ("machine h login me account acc password pw", "pw"),
            ("machine h login me", ""),
            ("machine h login me password \"\"", ""),
            ("machine h login \"me\" password \"p \\\"w\\\\\"", "p \"w\\"),
            ("machine h login me password #pw", "#pw"),
            (
                "# a\nmachine h # b machine\nlogin me # c\npassword pw#d",
                "pw#d",
            ),
            ("machine h login me password p\\w", "p\\w"),
            ("machine h login me password pässwörd", "pässwörd"),
            ("default login you\nmachine h login me password pw", "pw"),
            ("default login me password pw", "pw"),
            (
                "macdef m\nmachine h login x\n\nmachine h login me password pw",
                "pw",
            ),
            ("machine h login me password pw\nmacdef init\nbye", "pw"),
            ("machine h login me password pw machine h login x", "pw"),
        ];
        for (text, password) in ways {
            let wanted = Some(("me".to_string(), password.to_string()));
            assert_eq!(found(text, "h"), wanted, "{text:?}");
        }
        assert_eq!(
            found("machine ::1 login me", "[::1]")
                .map(|(me, _)| me)
                .as_deref(),
            Some("me")
        );
        for text in [
            "",
            "# nothing",
            "machine k login me",
            "machine h password pw",
        ] {
            assert_eq!(found(text, "h"), None, "{text:?}");
        }
        let nameless = "machine h password pw\ndefault login me password other";
        assert_eq!(
            found(nameless, "h"),
            None,
            "named, and so not of the default"
        );
    }

    /// Broken by: a word of the file in `wrong`.
    #[test]
    fn what_is_no_netrc_is_refused_with_its_line_and_without_its_words() {
        let wrongs = [
            ("login me", 1),
            ("\n\npassword secret", 3),
            ("machine h\nlogin me password secret words", 2),
            ("machine h\nlogin me\npassword \"secret\n\"", 3),
            ("machine h login me password", 1),
            ("machine", 1),
            ("machine h login a:secret", 1),
            ("machine h login me password \"secret\\n\"", 1),
            ("machine h login me password secret\u{1b}", 1),
        ];
        for (text, line) in wrongs {
            let error = Netrc::parse(text).expect_err(text);
            assert_eq!(error.kind(), io::ErrorKind::InvalidData);
            let said = error.to_string();
            assert!(said.starts_with(&format!("netrc, line {line}: ")), "{said}");
            assert!(!said.contains("secret"), "{said}");
        }
        let shown = format!("{:?}", parsed("machine h login me password secret"));
        assert_eq!(shown, "Netrc(1 entry)");
    }

    /// Broken by: leaving E2 or E3 out of `find`.
    #[test]
    fn a_password_goes_to_its_host_and_user_only() {
        let netrc =
            parsed("machine h login a password 1 machine h login b password 2 default login d");
        let find = |host, login, named| netrc.find(host, login, named);
        assert_eq!(find("h", None, Named::ByRedirect), Some(("a", "1")));
        assert_eq!(find("h", Some("b"), Named::ByCaller), Some(("b", "2")));
        assert_eq!(find("h", Some("c"), Named::ByCaller), None);
        assert_eq!(find("h.k", None, Named::ByCaller), Some(("d", "")));
        assert_eq!(find("h.k", None, Named::ByRedirect), None);
        assert_eq!(find("h.k", Some("e"), Named::ByCaller), None);
    }
}
