//! What a flag is: its names and its help for `clap`, and what it does to the [`Options`].
//!
//! The flags themselves stand in `table`. Nothing here knows any of them.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::PathBuf;

use clap::builder::{PossibleValue, PossibleValuesParser, ValueParser};
use clap::{Arg, ArgAction, Command, ValueHint};

use super::Options;

/// One flag of the table.
pub struct Flag {
    /// Its names, its value and its help, in clap's words.
    pub arg: Arg,
    pub apply: Apply,
    /// Is it in the short help?
    pub is_common: bool,
}

/// What a flag does.
#[derive(Clone, Copy)]
pub enum Apply {
    /// It takes no value.
    Switch(fn(&mut Options)),
    /// Called for each time that it is given.
    Value(fn(&mut Options, Value<'_>) -> Result<(), Problem>),
    /// It names a file with more flags, which take effect at this place.
    Config,
    /// It asks for a text instead of a download: `pages` knows which.
    Page,
}

/// A word that was given as the value of a flag.
#[derive(Clone, Copy)]
pub struct Value<'a>(pub &'a OsStr);

/// What is wrong with a value, without the value. The flag's name is put in front of it.
pub struct Problem(String);

impl Flag {
    /// `--name`, without a value.
    pub fn switch(name: &'static str, help: &'static str, apply: fn(&mut Options)) -> Flag {
        let arg = Arg::new(name).long(name).help(help);
        Flag {
            // Twice is as good as once.
            arg: arg.action(ArgAction::SetTrue).overrides_with(name),
            apply: Apply::Switch(apply),
            is_common: false,
        }
    }

    /// `--name VALUE`. Whatever the next word is, it is the value, as with curl.
    pub fn value(
        name: &'static str,
        value_name: &'static str,
        help: &'static str,
        apply: fn(&mut Options, Value<'_>) -> Result<(), Problem>,
    ) -> Flag {
        let arg = Arg::new(name).long(name).value_name(value_name).help(help);
        let arg = arg.action(ArgAction::Append).allow_hyphen_values(true);
        Flag {
            arg: arg
                .value_parser(ValueParser::os_string())
                .value_hint(hint(value_name)),
            apply: Apply::Value(apply),
            is_common: false,
        }
    }

    /// A flag that names a file with flags.
    pub fn config(name: &'static str, help: &'static str) -> Flag {
        let flag = Flag::value(name, "FILE", help, |_, _| Ok(()));
        Flag {
            apply: Apply::Config,
            ..flag
        }
    }

    /// A flag that is answered with a text.
    pub fn page(arg: Arg) -> Flag {
        Flag {
            arg,
            apply: Apply::Page,
            is_common: true,
        }
    }

    pub fn short(mut self, letter: char) -> Flag {
        self.arg = self.arg.short(letter);
        self
    }

    /// Another name for the same, from curl.
    pub fn also(mut self, name: &'static str) -> Flag {
        self.arg = self.arg.visible_alias(name);
        self
    }

    /// In the short help, too.
    pub fn common(mut self) -> Flag {
        self.is_common = true;
        self
    }

    /// What the manual page says after the sentence of the help.
    pub fn more(mut self, text: &str) -> Flag {
        let help = self.arg.get_help().map(ToString::to_string);
        let help = help.unwrap_or_default();
        self.arg = self.arg.long_help(format!("{help}. {text}"));
        self
    }

    /// The only values that there are, each with what it means.
    pub fn choice(mut self, values: &[(&'static str, &'static str)]) -> Flag {
        let values = values
            .iter()
            .map(|(value, help)| PossibleValue::new(*value).help(*help));
        let values: Vec<_> = values.collect();
        self.arg = self.arg.value_parser(PossibleValuesParser::new(values));
        self
    }

    /// One word for all its spellings.
    pub fn name(&self) -> &str {
        self.arg.get_id().as_str()
    }

    /// As one writes it.
    pub fn shown(&self) -> String {
        match self.arg.get_long() {
            Some(long) => format!("--{long}"),
            None => self.name().to_owned(),
        }
    }
}

/// What a shell offers when it completes the value: the table names values after their kind.
fn hint(value_name: &str) -> ValueHint {
    match value_name {
        "FILE" | "NAME" | "PATH" => ValueHint::FilePath,
        "DIR" => ValueHint::DirPath,
        "URL" => ValueHint::Url,
        _ => ValueHint::Other,
    }
}

impl<'a> Value<'a> {
    pub fn path(self) -> Result<PathBuf, Problem> {
        match self.0.is_empty() {
            true => Err("it must not be empty".into()),
            false => Ok(self.0.into()),
        }
    }

    pub fn text(self) -> Result<&'a str, Problem> {
        self.0.to_str().ok_or("it must be UTF-8".into())
    }

    /// The value, as one of the functions in `values` reads it.
    pub fn read<T, E: Into<Problem>>(self, read: fn(&str) -> Result<T, E>) -> Result<T, Problem> {
        read(self.text()?).map_err(Into::into)
    }
}

impl From<&str> for Problem {
    fn from(why: &str) -> Problem {
        Problem(why.to_owned())
    }
}

impl From<String> for Problem {
    fn from(why: String) -> Problem {
        Problem(why)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

pub const ABOUT: &str = "many downloads at once, on one thread";

/// For the manual page.
const LONG_ABOUT: &str = "\
fetch downloads many files at once, over HTTP/1.1 and HTTPS, on one thread.
A file has its name only once it is whole; what broke goes on where it
stopped, and never mixes two versions of a file.
Without a URL there is a demonstration with a server on this machine.

Flags mean what they mean in curl, but for those of aria2: -d, -i, -j
and -q. They take effect in the order in which they are given, and the
last one wins.";

/// The whole definition, as clap wants it.
pub fn command(flags: &[Flag]) -> Command {
    Command::new("fetch")
        .version(env!("CARGO_PKG_VERSION"))
        .about(ABOUT)
        .long_about(LONG_ABOUT)
        .override_usage("fetch [OPTIONS] [URL]...")
        .no_binary_name(true)
        .disable_help_flag(true)
        .disable_version_flag(true)
        .args(flags.iter().map(|flag| flag.arg.clone()))
}

/// The URLs, which are no flag, but keep their place among the flags.
pub fn urls(apply: fn(&mut Options, Value<'_>) -> Result<(), Problem>) -> Flag {
    let arg = Arg::new("URL").value_name("URL").num_args(0..);
    let arg = arg.action(ArgAction::Append);
    Flag {
        arg: arg
            .value_parser(clap::value_parser!(OsString))
            .value_hint(ValueHint::Url),
        apply: Apply::Value(apply),
        is_common: false,
    }
}
