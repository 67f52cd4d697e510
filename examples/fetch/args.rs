//! The command line: words in, [`Command`] out. Nothing here touches the network.
//!
//! Flags mean what they mean in curl (`-o`, `-H`) or aria2 (`-d`, `-i`, `-j`, `-q`). There is
//! one definition of them, in [`table`], and what a flag is at all says [`flags`]: the parser,
//! and in [`pages`] `--help`, the manual page and the completions of shells, all come from it.
//! Splitting words into flags and values is `clap`'s, which knows the rules for `-j8`,
//! `--jobs=8` and `--`. What a value may be is decided in [`values`], what flags in a file look
//! like in [`config`], and what all of them together ask for stands in [`Options`].
//!
//! Flags take effect in the order in which they were typed, so that the last one wins.

pub mod options;
mod flags;
mod table;
mod values;
mod config;
mod pages;

use std::ffi::{OsStr, OsString};
use std::path::Path;

use clap::ArgMatches;
use clap::error::{ContextKind, ContextValue, ErrorKind};

pub use config::usual_place as own_config;
use flags::{Apply, Flag, Value};
pub use options::{Name, Options};
pub use values::{header as header_line, user as name_and_password};

/// What the command line asks for.
#[derive(Debug, PartialEq)]
pub enum Command {
    /// A text for standard output: help, manual page, completions, version.
    Print(String),
    /// No URL at all: the demonstration.
    Demo(Options),
    Fetch(Options),
}

/// Config files that name each other may do so this often.
const DEEPEST: usize = 8;

/// Reads all the words that follow the program's name, and before them the user's own config
/// file, if there is one. The error is one line for the user; it repeats no value, as that may
/// be a secret.
pub fn parse<W>(
    words: impl IntoIterator<Item = W>,
    own_config: Option<&Path>,
) -> Result<Command, String>
where
    W: Into<OsString> + Clone,
{
    let flags = table::all();
    let matches = flags::command(&flags)
        .try_get_matches_from(words)
        .map_err(|error| one_line(&error))?;
    if let Some(page) = pages::asked_for(&flags, &matches)? {
        return Ok(Command::Print(page));
    }
    let mut options = Options::default();
    let own_config = own_config.filter(|_| !matches.get_flag("no-config"));
    if let Some(path) = own_config.filter(|path| path.exists()) {
        read_config(&mut options, &flags, path, DEEPEST)?;
    }
    apply(&mut options, &flags, &matches, DEEPEST)?;
    sort_out(options)
}

fn apply(
    options: &mut Options,
    flags: &[Flag],
    matches: &ArgMatches,
    depth: usize,
) -> Result<(), String> {
    for (flag, word) in in_order(flags, matches) {
        match flag.apply {
            Apply::Config => read_config(options, flags, Path::new(word), depth)?,
            _ => set(options, flag, word)?,
        }
    }
    Ok(())
}

/// Each line by itself, as if it were the command line, so that an error has its number.
fn read_config(
    options: &mut Options,
    flags: &[Flag],
    path: &Path,
    depth: usize,
) -> Result<(), String> {
    let shown = path.display();
    let Some(depth) = depth.checked_sub(1) else {
        return Err(format!("{shown}: too many config files in each other"));
    };
    let lines = config::read(path).map_err(|e| format!("cannot read {shown}: {e}"))?;
    let command = flags::command(flags);
    for line in lines {
        let line = line.map_err(|why| format!("{shown}, {why}"))?;
        let at_line = |why| format!("{shown}, line {}: {why}", line.number);
        let matches = command.clone().try_get_matches_from([&line.word]);
        let matches = matches.map_err(|error| at_line(one_line(&error)))?;
        apply(options, flags, &matches, depth).map_err(at_line)?;
    }
    Ok(())
}

/// Each flag and its value, in the order of the command line.
fn in_order<'a>(flags: &'a [Flag], matches: &'a ArgMatches) -> Vec<(&'a Flag, &'a OsStr)> {
    let mut given = Vec::new();
    for flag in flags {
        let name = flag.name();
        match flag.apply {
            Apply::Switch(_) if matches.get_flag(name) => {
                let last = matches.index_of(name);
                given.push((last.unwrap_or_default(), flag, OsStr::new("")));
            }
            Apply::Value(_) | Apply::Config => {
                let indices = matches.indices_of(name).into_iter().flatten();
                let words = matches.get_raw(name).into_iter().flatten();
                given.extend(indices.zip(words).map(|(at, word)| (at, flag, word)));
            }
            Apply::Switch(_) | Apply::Page => {}
        }
    }
    given.sort_by_key(|(at, ..)| *at);
    let given = given.into_iter();
    given.map(|(_, flag, word)| (flag, word)).collect()
}

fn set(options: &mut Options, flag: &Flag, word: &OsStr) -> Result<(), String> {
    let done = match flag.apply {
        Apply::Switch(apply) => {
            apply(options);
            Ok(())
        }
        Apply::Value(apply) => apply(options, Value(word)),
        Apply::Config | Apply::Page => Ok(()),
    };
    done.map_err(|problem| format!("{}: {problem}", flag.shown()))
}

/// Demonstration or not.
fn sort_out(mut options: Options) -> Result<Command, String> {
    for (name, value) in std::mem::take(&mut options.weak_headers) {
        let name = name.expect("each name is there once");
        options.headers.entry(name).or_insert(value);
    }
    options.sending.settle(&mut options.headers)?;
    if options.sending.head && !options.names.is_empty() {
        return Err("-I prints heads, so there is no file for -o or -O to name".into());
    }
    let keeps_on_stdout =
        (options.cookies.keep_in.as_ref()).is_some_and(|to| to.as_os_str() == "-");
    if options.told_on_stdout() + usize::from(keeps_on_stdout) > 1 {
        return Err(
            "--events, --summary, --har and -c: only one of them can have standard output".into(),
        );
    }
    for name in &options.no_headers {
        options.headers.remove(name);
    }
    let lists = !options.inputs.is_empty() || !options.metalinks.is_empty();
    let given = !options.urls.is_empty() || lists;
    if !given && options.names.iter().any(|name| *name != Name::Remote) {
        return Err("-o needs a URL whose file it names".into());
    }
    Ok(if given {
        Command::Fetch(options)
    } else {
        Command::Demo(options)
    })
}

/// What clap found wrong, without the values that its own words would repeat.
fn one_line(error: &clap::Error) -> String {
    let word = |kind| match error.get(kind) {
        Some(ContextValue::String(word)) => Some(word.as_str()),
        Some(ContextValue::Strings(words)) => words.first().map(String::as_str),
        _ => None,
    };
    // `--jobs <N>`, of which the name is enough.
    let flag = word(ContextKind::InvalidArg).unwrap_or("a flag");
    let flag = flag.split([' ', '=']).next().unwrap_or(flag);
    let given = word(ContextKind::InvalidValue).unwrap_or("");
    match (error.kind(), error.get(ContextKind::ValidValue)) {
        (ErrorKind::UnknownArgument, _) => match word(ContextKind::SuggestedArg) {
            Some(other) => format!("there is no flag {flag}; is {other} meant?"),
            None => format!("there is no flag {flag}"),
        },
        (ErrorKind::TooManyValues, _) => format!("{flag} takes no value"),
        (ErrorKind::InvalidValue, Some(ContextValue::Strings(known))) if !known.is_empty() => {
            format!("{flag}: write one of {}", known.join(", "))
        }
        (ErrorKind::InvalidValue, _) if given.is_empty() => format!("{flag} needs a value"),
        (kind, _) => format!("{flag}: {kind}"),
    }
}

#[cfg(test)]
mod tests;
