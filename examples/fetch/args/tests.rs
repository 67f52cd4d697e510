//! Every way to write the command line, and what is refused.

use std::time::Duration;

use clap::ArgAction;

use super::*;

fn parsed(line: &str) -> Result<Command, String> {
    parse(line.split_whitespace(), None)
}

fn options(line: &str) -> Options {
    match parsed(line) {
        Ok(Command::Fetch(options) | Command::Demo(options)) => options,
        other => panic!("{line:?} gave {other:?}"),
    }
}

fn refusal(line: &str) -> String {
    parsed(line).expect_err(line).to_string()
}

#[test]
fn no_words_ask_for_the_demonstration() {
    assert_eq!(parsed("").unwrap(), Command::Demo(Options::default()));
    assert!(matches!(parsed("--compare -q"), Ok(Command::Demo(_))));
    assert!(matches!(parsed("http://a/"), Ok(Command::Fetch(_))));
    assert!(matches!(parsed("-i -"), Ok(Command::Fetch(_))));
}

#[test]
fn every_way_to_write_a_value_is_read() {
    for line in ["-j8 u", "-j 8 u", "-j=8 u", "--jobs=8 u", "u --jobs 8"] {
        assert_eq!(options(line).jobs, 8, "{line}");
    }
    let all = options(
        "-o a -o b -d dir --per-host 2 --max-redirs 0 --force --no-progress --timeline u v -- -w",
    );
    assert_eq!(all.names, ["a", "b"].map(|name| Name::File(name.into())));
    assert_eq!(all.urls, ["u", "v", "-w"]);
    assert_eq!(all.dir, Some("dir".into()));
    assert_eq!((all.per_host, all.max_redirs), (Some(2), 0));
    assert!(all.force && all.timeline && !all.progress && !all.quiet);
}

#[test]
fn a_timeout_has_a_unit_and_zero_waits_for_ever() {
    let wait = |text: &str| options(&format!("--timeout {text} u")).timeout;
    assert_eq!(wait("0"), None);
    assert_eq!(wait("1.5"), Some(Duration::from_millis(1500)));
    assert_eq!(wait("500ms"), Some(Duration::from_millis(500)));
    assert_eq!(wait("2m"), Some(Duration::from_secs(120)));
    for bad in ["-1", "x", "1y", "NaN", "inf", "1e99", ""] {
        let words = ["--timeout=".to_owned() + bad, "u".to_owned()];
        let answer = parse(words, None);
        assert!(answer.is_err(), "{bad:?} gave {answer:?}");
    }
}

#[test]
fn what_makes_no_sense_is_refused_with_its_reason() {
    assert!(refusal("-j 0 u").contains("1 or more"));
    assert!(refusal("--per-host 0 u").contains("1 or more"));
    assert!(refusal("-o a").contains("needs a URL"));
    assert!(refusal("-C 500 u").contains("only - is offered"));
    assert!(refusal("--fsync maybe u").contains("auto, always, never"));
    assert!(refusal("--sha256 abc u").contains("64 hexadecimal digits"));
    assert!(refusal("-H nothing u").contains("Name: value"));
    for folder in [".", "..", "a/..", "a/", "a/.", "/"] {
        assert!(refusal(&format!("-o {folder} u")).contains("name of a file"));
    }
    assert!(refusal("--frobnicate u").contains("--frobnicate"));
    assert!(refusal("-d").contains("-d"));
}

#[test]
fn a_rate_has_curls_letters() {
    let rate = |text: &str| options(&format!("--limit-rate {text} u")).limit_rate;
    assert_eq!(rate("500"), Some(500));
    assert_eq!((rate("2K"), rate("1.5m")), (Some(2048), Some(1_572_864)));
    assert_eq!(rate("100G"), Some(u32::MAX));
    for bad in ["0", "-1", "K", "5T", "NaN", "1e-9"] {
        assert!(parsed(&format!("--limit-rate={bad} u")).is_err(), "{bad}");
    }
}

/// Broken by: `derive(Debug)`, or `parse_with` for a secret.
#[test]
fn what_is_secret_is_not_shown() {
    let words = ["-u", "me:secret", "-H", "Authorization: secret", "u"];
    let Ok(Command::Fetch(all)) = parse(words, None) else {
        panic!("it is a good line");
    };
    assert_eq!(all.user, Some(("me".into(), "secret".into())));
    assert_eq!(all.headers["authorization"], "secret");
    assert!(!format!("{all:?}").contains("secret"));
    assert!(!refusal("-u secret u").contains("secret"));
}

fn page(line: &str) -> String {
    match parsed(line) {
        Ok(Command::Print(page)) => page,
        other => panic!("{line:?} gave {other:?}"),
    }
}

/// clap's own check of the table: no two flags share a name or a letter.
#[test]
fn no_two_flags_are_the_same() {
    flags::command(&table::all()).debug_assert();
}

#[test]
fn every_flag_is_in_a_group_and_says_what_it_does() {
    let all = page("--help all");
    assert!(all.lines().all(|line| line.chars().count() < 80), "{all}");
    for flag in table::all().iter().skip(1) {
        let long = format!("--{}", flag.name());
        assert!(all.contains(&long), "{long}");
        let help = flag.arg.get_help().expect(&long).to_string();
        assert!(help.len() > 5 && !help.ends_with('.'), "{long}: {help}");
    }
}

#[test]
fn the_help_is_short_unless_more_is_asked_for() {
    let short = page("--help");
    assert!(short.lines().count() < 80, "{short}");
    assert!(short.contains("--jobs N") && !short.contains("--pinnedpubkey"));
    let way = page("--help way");
    assert!(way.contains("--pinnedpubkey PIN") && !way.contains("--jobs"));
    assert_eq!(page("-h"), short);
    assert_eq!(page("u -j 0 -h"), short);
    assert!(refusal("--help nothing").contains("files, resume"));
}

#[test]
fn the_manual_has_every_flag_and_the_exit_status() {
    let manual = page("--manual");
    for flag in table::all().iter().skip(1) {
        let name = flag.name().replace('-', "\\-");
        assert!(manual.contains(&format!("\\-\\-{name}")), "{name}");
    }
    assert!(manual.contains(".SH \"EXIT STATUS\""), "{manual}");
}

#[test]
fn the_completions_know_every_flag() {
    for shell in ["bash", "zsh", "fish"] {
        let script = page(&format!("--completions {shell}"));
        for flag in table::all().iter().skip(1) {
            assert!(script.contains(flag.name()), "{shell}: {}", flag.name());
        }
    }
    assert!(refusal("--completions tcsh").contains("bash, "));
}

/// Broken by: applying the flags in the order of the table.
#[test]
fn the_last_flag_wins() {
    assert!(options("--no-remote-time -R u").remote_time);
    assert!(!options("-R --no-remote-time u").remote_time);
    assert!(options("-R --no-remote-time -R u").remote_time);
    assert_eq!(options("-j 3 -j 4 u").jobs, 4);
    assert!(refusal("-j 0 -j 4 u").contains("--jobs"));
}

/// Whatever follows is the value, also what looks like a flag. Broken by: clap's default.
#[test]
fn the_word_after_a_flag_is_its_value() {
    for flag in table::all().iter().skip(1) {
        if matches!(flag.arg.get_action(), ArgAction::Append) {
            let known = flag.arg.get_possible_values();
            let value = known.first().map_or("-q", |value| value.get_name());
            let words = [&flag.shown(), value];
            let read = flags::command(&table::all()).try_get_matches_from(words);
            assert!(read.is_ok(), "{words:?}: {read:?}");
        }
    }
}

/// Broken by: clap's own words.
#[test]
fn no_refusal_repeats_what_was_typed_as_a_value() {
    for line in [
        "--quiet=hidden",
        "--usre=hidden",
        "--user hidden",
        "--fsync hidden",
        "--jobs=hidden",
        "--header hidden",
        "--completions hidden",
        "-o a/hidden/..",
    ] {
        let why = refusal(&format!("{line} u"));
        let flag = line.split([' ', '=']).next().unwrap();
        assert!(why.contains("--") && !why.contains("hidden"), "{why}");
        assert!(flag == "-o" || why.contains(flag), "{why}");
    }
    assert_eq!(
        refusal("--job 3 u"),
        "there is no flag --job; is --jobs meant?"
    );
    assert_eq!(refusal("--quiet=1"), "--quiet takes no value");
    assert_eq!(refusal("-j"), "--jobs needs a value");
    assert_eq!(refusal("-Q"), "there is no flag -Q");
}
