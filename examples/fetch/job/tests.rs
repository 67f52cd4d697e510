//! Which jobs a command line makes, and which it refuses.

use super::*;

fn planned(urls: &[&str], names: &[&str]) -> Result<Vec<Job>, Vec<String>> {
    plan(&Options {
        urls: urls.iter().map(|&url| url.to_owned()).collect(),
        names: names.iter().map(|name| Name::File(name.into())).collect(),
        dir: Some("out".into()),
        ..Options::default()
    })
}

fn targets(jobs: &[Job]) -> Vec<&Path> {
    jobs.iter().map(|job| job.target.as_path()).collect()
}

#[test]
fn names_pair_with_urls_in_order_and_the_rest_are_derived() {
    let jobs = planned(&["http://h/a", "h/b", "http://h/"], &["first"]).unwrap();
    let expected = ["out/first", "out/b", "out/index.html"].map(Path::new);
    assert_eq!(targets(&jobs), expected);
    assert_eq!(jobs[1].url.as_str(), "http://h/b");
    assert!(planned(&["http://h/a"], &["x", "y"]).unwrap_err()[0].contains("more -o"));
}

#[test]
fn two_jobs_for_one_file_are_refused_before_anything_starts() {
    let problems = planned(&["http://h/1/a", "http://user:secret@h/2/a"], &[]).unwrap_err();
    assert_eq!(problems.len(), 1);
    assert!(
        problems[0].contains("http://h/1/a and http://h/2/a would both"),
        "{problems:?}"
    );
    assert!(planned(&["http://h/a", "http://h/b"], &["b"]).is_err());
    assert!(
        planned(&["http://h/x", "http://h/x.part"], &[]).is_err(),
        "a half file's name"
    );
}

/// Broken by: looking for `://` anywhere.
#[test]
fn only_what_looks_like_a_scheme_is_one() {
    let names = ["a", "b", "c"];
    let urls = ["localhost:8000/x?u=http://y", "h/http://y", "HTTP://h/x"];
    let jobs = planned(&urls, &names).unwrap();
    let hosts = jobs.iter().map(|job| job.url.host_str().unwrap());
    assert_eq!(hosts.collect::<Vec<_>>(), ["localhost", "h", "h"]);
    assert_eq!(jobs[0].url.query(), Some("u=http://y"));
}

#[test]
fn what_nobody_can_connect_to_is_refused_before_anything_starts() {
    for url in [
        "gopher://h/",
        "ftp://h/",
        "file:///x",
        "http://h:0/",
        "h:0/x",
    ] {
        assert!(planned(&[url, "http://h/ok"], &[]).is_err(), "{url}");
    }
}

/// Broken by: leaving them to the parser, which drops them.
#[test]
fn a_control_character_in_a_url_is_refused() {
    for url in [
        "http://h/a\tb",
        "http://h/a\nb",
        "http://h/a\rb",
        "\thttp://h/a",
    ] {
        let problems = planned(&[url], &[]).expect_err(url);
        assert!(problems[0].contains("control character"), "{problems:?}");
    }
}

/// Broken by: comparing the paths as they were typed.
#[test]
fn one_file_under_two_spellings_is_still_one_file() {
    let urls = ["http://h/1", "http://h/2"];
    for names in [["a", "./a"], ["a", "../out/a"], ["new/a", "new/../new/./a"]] {
        let problems = planned(&urls, &names).expect_err(names[1]);
        assert!(problems[0].contains("would both"), "{problems:?}");
    }
    let here = std::env::current_dir().unwrap().join("out/a");
    assert!(planned(&urls, &["a", here.to_str().unwrap()]).is_err());
    assert!(planned(&urls, &["a", "../a"]).is_ok());
}

#[test]
fn every_bad_line_is_named_at_once() {
    let problems = planned(&["http://[", "http://h/ok", "http://\u{1b}[2J/"], &[]).unwrap_err();
    assert_eq!(problems.len(), 2, "{problems:?}");
    assert!(
        problems
            .iter()
            .all(|p| p.contains("not a URL") && !p.contains('\u{1b}'))
    );
}
