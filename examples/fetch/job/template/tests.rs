//! Which names come out, and which never do.

use super::*;

fn filled(template: &Template, url: &str, pieces: &[&str]) -> Result<String, String> {
    let pieces: Vec<String> = pieces.iter().map(|&piece| piece.to_owned()).collect();
    let facts = Facts {
        url: &Url::parse(url).unwrap(),
        pieces: &pieces,
        index: 7,
    };
    let path = template.fill(&facts)?;
    Ok(path.to_str().expect("the tests use no other").to_owned())
}

#[track_caller]
fn braces(template: &str, url: &str, pieces: &[&str]) -> Result<String, String> {
    filled(&Template::parse(template).unwrap(), url, pieces)
}

fn hashes(name: &str, pieces: &[&str]) -> Result<String, String> {
    filled(&Template::of_output(OsStr::new(name)), "http://h/", pieces)
}

/// What curl 7.88 does with the same names. Broken by: taking one digit only.
#[test]
fn a_number_sign_and_a_number_are_what_the_pattern_shows() {
    let two = ["a", "07"];
    assert_eq!(hashes("x_#1-#2.iso", &two).unwrap(), "x_a-07.iso");
    assert_eq!(hashes("#2#2", &two).unwrap(), "0707");
    assert_eq!(hashes("a#b#", &two).unwrap(), "a#b#");
    assert_eq!(hashes("#0#3#12", &two).unwrap(), "#0#3#12");
    assert_eq!(hashes("dir/#1", &["a/b"]).unwrap(), "dir/a/b");
    assert_eq!(hashes("#1", &[]).unwrap(), "#1");
}

#[test]
fn a_field_is_that_part_of_the_url() {
    let url = "http://Example.com/iso/v%201/disc.tar.gz?a=b/c";
    for (template, expected) in [
        ("{host}/{path}/{name}", "example.com/iso/v 1/disc.tar.gz"),
        ("{stem}-{index:4}{ext}", "disc.tar-0007.gz"),
        ("{index}", "7"),
        ("{port}_{query}", "80_a=b_c"),
        ("{1}{{{2}}}", "x{y}"),
        ("plain", "plain"),
    ] {
        assert_eq!(
            braces(template, url, &["x", "y"]).unwrap(),
            expected,
            "{template}"
        );
    }
    assert_eq!(
        braces("{path}/{name}", "http://h/", &[]).unwrap(),
        "index.html"
    );
    assert_eq!(
        braces("{path}/{name}", "http://h/a/", &[]).unwrap(),
        "a/index.html"
    );
    assert_eq!(
        braces("{host}/{port}", "https://[::1]/", &[]).unwrap(),
        "[__1]/443"
    );
}

/// Broken by: comparing nothing in `fill`.
#[test]
fn nothing_that_fills_a_gap_leads_out_of_the_folder() {
    for (name, pieces) in [
        ("out/#1", ["..", ""]),
        ("#1", ["../../etc/passwd", ""]),
        ("#1", ["/etc/passwd", ""]),
        ("#1#2/x", [".", "."]),
        (".#1/x", [".", ""]),
        ("..#1/x", ["", ""]),
        ("#1/x", ["", ""]),
        ("../#1/x", ["..", ""]),
        ("a/#1/x", ["b/../../..", ""]),
    ] {
        let problem = hashes(name, &pieces).expect_err(name);
        assert!(problem.contains("out of the folder"), "{name}: {problem}");
    }
    assert_eq!(hashes("../#1", &["up"]).unwrap(), "../up", "the user's own");
    for url in [
        "http://h/%2e%2e/%2e%2e%2f/x",
        "http://h/..%5C..%5C/x",
        "http://h/a/..%00/x",
    ] {
        let name = braces("{path}/{name}", url, &[]).unwrap();
        assert!(
            !Path::new(&name)
                .components()
                .any(|step| step == Component::ParentDir),
            "{name}"
        );
    }
}

#[test]
fn a_name_that_would_be_none_is_refused() {
    for (name, piece) in [("#1", ""), ("a/#1", ""), ("a/#1", "."), ("#1", "a/")] {
        assert!(hashes(name, &[piece]).is_err(), "{name} {piece}");
    }
    let problem = braces("a/{2}", "http://h/", &["one"]).unwrap_err();
    assert!(problem.contains("{2}"), "{problem}");
}

#[test]
fn a_template_that_makes_no_sense_is_refused_when_it_is_read() {
    for template in [
        "{nme}",
        "{",
        "a}b",
        "{name",
        "{0}",
        "{index:99}",
        "{index:x}",
        "{}",
    ] {
        assert!(Template::parse(template).is_err(), "{template}");
    }
}

#[cfg(unix)]
#[test]
fn a_name_that_is_no_text_is_left_alone() {
    use std::os::unix::ffi::OsStrExt;
    let name = OsStr::from_bytes(b"a#1\xff");
    let url = Url::parse("http://h/").unwrap();
    let facts = Facts {
        url: &url,
        pieces: &["b".to_owned()],
        index: 1,
    };
    assert_eq!(
        Template::of_output(name).fill(&facts).unwrap().as_os_str(),
        name
    );
}
