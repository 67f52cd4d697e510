//! Which jobs a command line makes, and which it refuses.

use super::super::check::Sha256Sum;
use super::super::part::part_path;
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

fn with(urls: &[&str], change: impl FnOnce(&mut Options)) -> Result<Vec<Job>, Vec<String>> {
    let mut options = Options {
        urls: urls.iter().map(|&url| url.to_owned()).collect(),
        ..Options::default()
    };
    change(&mut options);
    plan(&options)
}

fn named(template: &str) -> impl FnOnce(&mut Options) {
    let template = Template::parse(template).unwrap();
    |options| options.output_template = Some(template)
}

#[test]
fn a_pattern_is_as_many_jobs_and_its_name_is_filled_for_each() {
    let jobs = planned(
        &["http://h/{a,b}/[08-10].iso", "http://h/x"],
        &["#1-#2.iso"],
    )
    .unwrap();
    let names = ["a-08", "a-09", "a-10", "b-08", "b-09", "b-10"].map(|n| format!("out/{n}.iso"));
    let expected: Vec<_> = names
        .iter()
        .map(Path::new)
        .chain([Path::new("out/x")])
        .collect();
    assert_eq!(targets(&jobs), expected);
    assert_eq!(jobs[5].url.path(), "/b/10.iso");
}

/// Broken by: reading a pattern whatever `globoff` says.
#[test]
fn without_globbing_a_brace_is_a_brace() {
    let jobs = with(&["http://h/{a,b}[1-2"], |o| o.globoff = true).unwrap();
    assert_eq!(jobs[0].url.path(), "/%7Ba,b%7D[1-2");
}

#[test]
fn a_pattern_that_makes_no_sense_is_told_without_the_password() {
    let problem = &planned(&["http://me:secret@h/[3-1]"], &[]).unwrap_err()[0];
    assert!(
        problem.contains("at character 20") && problem.contains("-g"),
        "{problem}"
    );
    assert!(!problem.contains("secret"), "{problem}");
    let clash = &planned(&["http://h/[1-2]/x"], &[]).unwrap_err()[0];
    assert!(clash.contains("would both"), "{clash}");
}

#[test]
fn a_template_names_what_has_no_name_of_its_own() {
    let urls = ["http://h/1/index", "http://h/2/index", "http://h/2/index?"];
    let jobs = with(&urls[..2], named("{host}/{path}-{index:2}/{name}")).unwrap();
    assert_eq!(
        targets(&jobs),
        ["h/1-01/index", "h/2-02/index"].map(Path::new)
    );
    assert!(jobs.iter().all(|job| job.makes_folder && !job.server_names));
    let jobs = with(&urls[..1], |options| {
        named("{index}")(options);
        options.names = vec![Name::File("mine".into())];
    });
    assert_eq!(targets(&jobs.unwrap()), [Path::new("mine")]);
}

/// Broken by: taking a second job with the same URL for another one's.
#[test]
fn the_same_url_for_the_same_file_is_one_job() {
    assert_eq!(
        planned(&["http://h/a", "h/a", "http://h/b"], &[])
            .unwrap()
            .len(),
        2
    );
    assert_eq!(
        planned(&["http://h/a", "http://h/a"], &["x", "y"])
            .unwrap()
            .len(),
        2
    );
    assert!(planned(&["http://h/a", "http://h/a?"], &[]).is_err());
}

/// Broken by: looking only for names that are there, and not for those they belong to.
#[test]
fn a_half_file_s_name_is_taken_whoever_comes_first() {
    for other in ["x.part", "x.part.meta"] {
        assert!(
            planned(&["h/1", "h/2"], &["x", other]).is_err(),
            "{other} second"
        );
        assert!(
            planned(&["h/1", "h/2"], &[other, "x"]).is_err(),
            "{other} first"
        );
    }
    assert!(planned(&["h/1", "h/2", "h/3"], &["x", "y.part", "x.meta"]).is_ok());
    // Both are cut to one half file's name; the third one is that name, uncut.
    let long = |end: &str| "n".repeat(250) + end;
    let cut = part_path(Path::new(&long("a")));
    let cut = cut.to_str().unwrap();
    let (a, b, base) = (long("a"), long("b"), cut.strip_suffix(".part").unwrap());
    for pair in [
        [&a[..], &b[..]],
        [&a[..], cut],
        [cut, &a[..]],
        [&a[..], base],
        [base, &a[..]],
    ] {
        assert!(planned(&["h/1", "h/2"], &pair).is_err(), "{pair:?}");
    }
}

#[test]
fn a_sum_is_for_one_file() {
    let sum = Sha256Sum::from_hex(&"0f".repeat(32)).unwrap();
    let problems = with(&["http://h/[1-2]"], |o| o.sums = vec![sum]).unwrap_err();
    assert!(problems[0].contains("one sum for many"), "{problems:?}");
    assert!(with(&["http://h/[1-1]"], |o| o.sums = vec![sum]).unwrap()[0].sum == Some(sum));
}

/// Broken by: not counting what is told.
#[test]
fn a_thousand_mistakes_are_not_a_thousand_lines() {
    let problems = planned(&["http://h:[1-1000]0000000/"], &[]).unwrap_err();
    assert_eq!(problems.len(), TOLD + 1);
    assert!(problems[TOLD].contains("980 more"), "{problems:?}");
}
