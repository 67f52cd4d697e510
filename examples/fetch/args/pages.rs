//! What is made of the table of flags besides a parser: help, manual page, completions.

use clap::builder::Str;
use clap::{Arg, ArgAction, ArgMatches};
use clap_complete::Shell;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, italic, roman};

use super::flags::{self, Flag, command};
use super::table::GROUPS;

/// What is to be known beyond the flags, for `--help all` and the manual page.
const NOTES: &str = include_str!("notes.txt");

/// Of the manual page: when its words were last looked through.
const DATE: &str = "2026-11-21";

const USAGE: &str = "\
usage: fetch [OPTIONS] [URL]...
       fetch               without a URL: a demonstration with a local server";

/// Where the text about a flag begins, and where it must have ended.
const TEXT_AT: usize = 25;
const WIDTH: usize = 79;

/// Of the source of the manual page, in which some characters are written as several.
const ROFF_WIDTH: usize = 66;

/// The text that the command line asks for, if it asks for one.
pub fn asked_for(flags: &[Flag], matches: &ArgMatches) -> Result<Option<String>, String> {
    if let Some(group) = matches.get_one::<String>("help") {
        return help(flags, group).map(Some);
    }
    if matches.get_flag("version") {
        return Ok(Some(format!("fetch (hob) {}", env!("CARGO_PKG_VERSION"))));
    }
    if matches.get_flag("manual") {
        return Ok(Some(manual(flags)));
    }
    let shell = matches.get_one::<Shell>("completions");
    Ok(shell.map(|shell| completions(flags, *shell)))
}

/// `--help`: the most used flags, those of one group, or all of them and the notes.
fn help(flags: &[Flag], group: &str) -> Result<String, String> {
    let words: Vec<_> = GROUPS.iter().map(|(word, ..)| *word).collect();
    let words = words.join(", ");
    let is_shown: &dyn Fn(&Flag, &str) -> bool = match group {
        "" => &|flag, _| flag.is_common,
        "all" => &|_, _| true,
        word if GROUPS.iter().any(|(known, ..)| *known == word) => &|_, known| known == group,
        _ => return Err(format!("--help: write all, or one of {words}")),
    };
    let mut page = format!("fetch: {}\n\n{USAGE}\n", flags::ABOUT);
    for (word, heading, _) in GROUPS {
        let of_group = flags.iter().filter(|flag| is_in(flag, heading));
        let shown: Vec<_> = of_group.filter(|flag| is_shown(flag, word)).collect();
        if !shown.is_empty() {
            page += &format!("\n{heading}\n");
            page.extend(shown.into_iter().map(|flag| entry(&flag.arg)));
        }
    }
    page += &match group {
        "all" => format!("\n{}", NOTES.replace("# ", "")),
        _ => {
            format!("\nMore: fetch --help all; or fetch --help GROUP, which is one of\n{words}.\n")
        }
    };
    Ok(page)
}

fn is_in(flag: &Flag, heading: &str) -> bool {
    flag.arg.get_help_heading() == Some(heading)
}

/// The lines about one flag: its names on the left, what it does on the right.
fn entry(arg: &Arg) -> String {
    let mut left = match (arg.get_short(), arg.get_long()) {
        (Some(short), Some(long)) => format!("  -{short}, --{long}"),
        (None, Some(long)) => format!("      --{long}"),
        (short, None) => format!("  -{}", short.unwrap_or_default()),
    };
    if let Some(name) = value_name(arg) {
        left += &format!(" {name}");
    }
    let text = arg.get_help().map(ToString::to_string).unwrap_or_default() + &other_names(arg);
    let mut lines = Vec::new();
    if left.len() >= TEXT_AT {
        lines.push(std::mem::take(&mut left));
    }
    for line in wrapped(&text, WIDTH - TEXT_AT) {
        lines.push(format!("{left:TEXT_AT$}{line}"));
        left.clear();
    }
    lines.join("\n") + "\n"
}

fn value_name(arg: &Arg) -> Option<&str> {
    let takes_none = matches!(arg.get_action(), ArgAction::SetTrue);
    let names = arg.get_value_names().filter(|_| !takes_none)?;
    names.first().map(Str::as_str)
}

/// `; also --output-dir`.
fn other_names(arg: &Arg) -> String {
    let names = arg.get_visible_aliases().unwrap_or_default();
    names
        .iter()
        .map(|name| format!("; also --{name}"))
        .collect()
}

/// Broken at spaces, so that it fits into `width` columns.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let line = lines.last_mut().expect("there is one from the start on");
        if line.is_empty() {
            line.push_str(word);
        } else if line.len() + 1 + word.len() <= width {
            *line = format!("{line} {word}");
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}

/// `--manual`, in the language of `man`. clap_mangen knows how a manual page begins; the flags
/// are written out here, as it has neither other names nor lines of a length that one can read.
fn manual(flags: &[Flag]) -> String {
    let version = concat!("hob ", env!("CARGO_PKG_VERSION"));
    let man = Man::new(command(flags)).title("FETCH").source(version);
    let man = man.date(DATE).manual("User Commands");
    let mut options = Roff::new();
    for (_, heading, _) in GROUPS {
        options.control("SH", [heading.to_uppercase().as_str()]);
        let of_group = flags.iter().filter(|flag| is_in(flag, heading));
        of_group.for_each(|flag| entry_of_manual(&mut options, &flag.arg));
    }
    let mut page = Vec::new();
    let written = (man.render_title(&mut page))
        .and_then(|()| man.render_name_section(&mut page))
        .and_then(|()| man.render_synopsis_section(&mut page))
        .and_then(|()| man.render_description_section(&mut page))
        .and_then(|()| options.to_writer(&mut page))
        .and_then(|()| notes().to_writer(&mut page));
    written.expect("memory takes all that is written");
    String::from_utf8(page).expect("text was written")
}

fn entry_of_manual(page: &mut Roff, arg: &Arg) {
    let mut head = Vec::new();
    if let Some(short) = arg.get_short() {
        head.extend([bold(format!("-{short}")), roman(", ")]);
    }
    head.push(bold(format!("--{}", arg.get_long().unwrap_or_default())));
    if let Some(name) = value_name(arg) {
        head.extend([roman(" "), italic(name)]);
    }
    page.control("TP", []).text(head);
    let text = arg.get_long_help().or(arg.get_help());
    let text = text.map(ToString::to_string).unwrap_or_default() + &other_names(arg);
    for line in wrapped(&text, ROFF_WIDTH) {
        page.text([roman(line)]);
    }
    for value in arg.get_possible_values() {
        let help = value.get_help().map(ToString::to_string);
        let Some(help) = help else { continue };
        page.control("RS", []).control("TP", []);
        page.text([bold(value.get_name())]);
        for line in wrapped(&help, ROFF_WIDTH) {
            page.text([roman(line)]);
        }
        page.control("RE", []);
    }
}

/// The notes as sections of the manual page: lines that begin with `# ` are headings, and
/// indented ones stay as they are.
fn notes() -> Roff {
    let mut page = Roff::new();
    let mut lines = NOTES.lines().peekable();
    let mut is_table = false;
    while let Some(line) = lines.next() {
        let is_empty = line.is_empty();
        let indented = line.starts_with(' ');
        if !is_empty && indented != is_table {
            page.control(if indented { "nf" } else { "fi" }, []);
            is_table = indented;
        }
        // A heading is a pause already, and so is the end.
        let goes_on = lines.peek().is_some_and(|next| !next.starts_with('#'));
        match line.strip_prefix("# ") {
            Some(heading) => drop(page.control("SH", [heading.to_uppercase().as_str()])),
            None if is_empty && goes_on => drop(page.control("PP", [])),
            None if is_empty => {}
            None => drop(page.text([roman(line)])),
        }
    }
    page
}

/// `--completions`.
fn completions(flags: &[Flag], shell: Shell) -> String {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command(flags), "fetch", &mut script);
    let script = String::from_utf8(script).expect("text was written");
    match shell {
        // clap_complete 4.6 does not quote it, and to fish the rest of the line is a comment.
        Shell::Fish => script.replace(" -s # ", " -s '#' "),
        _ => script,
    }
}
