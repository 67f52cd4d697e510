//! What is read of a Metalink, and what is refused.

use super::*;

const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

fn metalink(files: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<metalink xmlns=\"{NAMESPACE}\">{files}\
         </metalink>"
    )
}

fn one(name: &str, inside: &str) -> Result<Vec<File>, String> {
    parse(&metalink(&format!("<file name=\"{name}\">{inside}</file>")))
}

const URL: &str = "<url>http://h/a</url>";

#[test]
fn a_file_has_its_urls_best_first_and_its_hashes() {
    let files = one(
        "dir/a.iso",
        &format!(
            "<size>25</size>
             <hash type=\"md5\">00</hash>
             <hash type=\"sha-256\"> {EMPTY}
             </hash>
             <pieces length=\"1\" type=\"sha-1\"><hash>00</hash></pieces>
             <pieces length=\"10\" type=\"sha-256\">
               <hash>{EMPTY}</hash><hash>{EMPTY}</hash><hash>{EMPTY}</hash>
             </pieces>
             <url>http://last/a</url>
             <url priority=\"2\">HTTPS://second/a</url>
             <url priority=\"1\" location=\"de\">http://first/a</url>
             <url priority=\"1\">ftp://nobody/a</url>
             <metaurl mediatype=\"torrent\">http://torrent/a</metaurl>"
        ),
    );
    let file = files.unwrap().pop().unwrap();
    assert_eq!(file.name, PathBuf::from("dir/a.iso"));
    assert_eq!(
        file.urls,
        ["http://first/a", "HTTPS://second/a", "http://last/a"]
    );
    assert_eq!(file.sum.unwrap().to_string(), EMPTY);
    let blocks = file.known.blocks.unwrap();
    assert_eq!(
        (blocks.length(), blocks.count(), file.known.size),
        (10, 3, Some(25))
    );
}

/// Broken by: taking a name as it is.
#[test]
fn no_name_leads_out_of_the_folder_or_hides_anything() {
    for out in [
        "",
        "..",
        "../a",
        "a/../../b",
        "/etc/passwd",
        "a//b",
        "a/",
        ".",
    ] {
        let error = one(out, URL).unwrap_err();
        assert!(error.contains("no name"), "{out}: {error}");
    }
    let name = |typed| one(typed, URL).unwrap().pop().unwrap().name;
    assert_eq!(name(".bashrc"), PathBuf::from("_bashrc"));
    assert_eq!(name("a/.ssh/b"), PathBuf::from("a/_ssh/b"));
}

#[test]
fn what_makes_no_sense_is_refused() {
    for (inside, why) in [
        ("", "no http or https URL"),
        ("<url>ftp://h/a</url>", "no http or https URL"),
        ("<size>ten</size>", "size is no number"),
        ("<hash type=\"sha-256\">12</hash>", "SHA-256 is none"),
        ("<hash type=\"sha-512\">zz</hash>", "SHA-512 is none"),
        ("<pieces type=\"sha-256\"/>", "no length"),
        ("<pieces length=\"0\" type=\"sha-256\"/>", "no length"),
        ("<pieces length=\"9\" type=\"sha-256\"/>", "no size"),
        (
            "<size>9</size><pieces length=\"9\" type=\"sha-256\"/>",
            "not as many",
        ),
        (
            "<size>9</size><pieces length=\"9\" type=\"sha-256\"><hash>0</hash></pieces>",
            "one of its pieces is none",
        ),
    ] {
        let url = if why.contains("URL") { "" } else { URL };
        let error = one("a", &format!("{inside}{url}")).unwrap_err();
        assert!(error.contains(why), "{inside}: {error}");
    }
    assert!(parse(&metalink("")).unwrap_err().contains("no file"));
    assert!(
        parse("<metalink/>")
            .unwrap_err()
            .contains("not a Metalink 4")
    );
    assert!(parse("<html>").unwrap_err().contains("not a Metalink"));
    let bomb = "<!DOCTYPE x [<!ENTITY a \"aaaa\">]><x>&a;</x>";
    assert!(parse(bomb).unwrap_err().contains("not a Metalink"));
}
