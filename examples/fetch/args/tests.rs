//! Every way to write the command line, and what is refused.

use super::*;

fn parsed(line: &str) -> Result<Command, lexopt::Error> {
    parse(lexopt::Parser::from_args(line.split_whitespace()))
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
    assert_eq!(all.names, [PathBuf::from("a"), PathBuf::from("b")]);
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
        let answer = parse(lexopt::Parser::from_args(words));
        assert!(answer.is_err(), "{bad:?} gave {answer:?}");
    }
}

#[test]
fn what_makes_no_sense_is_refused_with_its_reason() {
    assert!(refusal("-j 0 u").contains("1 or more"));
    assert!(refusal("--per-host 0 u").contains("1 or more"));
    assert!(refusal("-o a").contains("needs a URL"));
    assert!(refusal("-C 500 u").contains("only - is offered"));
    assert!(refusal("--fsync maybe u").contains("auto, always or never"));
    assert!(refusal("--sha256 abc u").contains("64 hexadecimal digits"));
    assert!(refusal("-H nothing u").contains("Name: value"));
    assert!(refusal("-o - u").contains("not offered"));
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
    let Ok(Command::Fetch(all)) = parse(lexopt::Parser::from_args(words)) else {
        panic!("it is a good line");
    };
    assert_eq!(all.user, Some(("me".into(), "secret".into())));
    assert_eq!(all.headers["authorization"], "secret");
    assert!(!format!("{all:?}").contains("secret"));
    assert!(!refusal("-u secret u").contains("secret"));
}

/// Each flag of the help is known to `parse`, so that the two cannot drift apart.
#[test]
fn the_help_names_only_flags_that_work() {
    let words = HELP.split(|c: char| c.is_whitespace() || ",;:()\"".contains(c));
    let flags: Vec<_> = words
        .filter(|w| w.starts_with('-') && w.len() > 1)
        .collect();
    assert!(flags.len() > 20, "{flags:?}");
    assert!(HELP.lines().all(|line| line.chars().count() < 80));
    for flag in flags {
        let without = parsed(flag);
        let sum = "0".repeat(64);
        let with = |value: &str| parse(lexopt::Parser::from_args([flag, value, "u"]));
        let values = ["1", "-", "auto", "a:b", "::1", &sum];
        let known = without.is_ok() || values.iter().any(|value| with(value).is_ok());
        assert!(known, "{flag}: {:?}", with("1"));
    }
}
