//! One URL on the command line that stands for many, and how the files are called then.

#![cfg(all(feature = "http", not(windows)))]

mod fetch_support;

use std::fs;

use fetch_support::{Folder, echo, names_in};

/// Broken by: not reading patterns at all; leaving the pieces out of the names.
#[test]
fn ranges_and_lists_are_fetched_and_their_names_filled_in() {
    let (folder, server) = (Folder::new(), echo());
    let url = server.url("/{a,b}/[08-10].iso");
    folder.run([url.as_str(), "-o", "#1-#2.iso"]).succeeded();
    let names = [
        "a-08.iso", "a-09.iso", "a-10.iso", "b-08.iso", "b-09.iso", "b-10.iso",
    ];
    assert_eq!(folder.names(), names);
    assert_eq!(folder.read("b-09.iso"), b"/b/09.iso");
    assert_eq!(server.seen().len(), 6);
}

#[test]
fn without_a_name_each_has_that_of_its_own_url() {
    let (folder, server) = (Folder::new(), echo());
    folder
        .run([server.url("/x[1-10:3]"), server.url("/y")])
        .succeeded();
    assert_eq!(folder.names(), ["x1", "x10", "x4", "x7", "y"]);
}

/// Broken by: reading patterns whatever -g says.
#[test]
fn with_globoff_a_brace_is_sent_as_it_is() {
    let (folder, server) = (Folder::new(), echo());
    let url = server.url("/[1-2]{a}");
    for flag in ["-g", "--globoff"] {
        folder.run([flag, "--force", "-o", "it", &url]).succeeded();
        assert_eq!(folder.read("it"), b"/[1-2]%7Ba%7D", "{flag}");
    }
}

#[test]
fn a_pattern_that_makes_no_sense_or_one_file_of_all_fetches_nothing() {
    let (folder, server) = (Folder::new(), echo());
    for (path, word) in [
        ("/[3-1]", "at character"),
        ("/{a", "not closed"),
        ("/[0-1000000]", "more than a million"),
        ("/{a,b}/same", "would both be saved as same"),
    ] {
        let ran = folder.run([server.url(path)]);
        assert_eq!(ran.code, Some(2), "{ran:#?}");
        assert!(ran.stderr.contains(word), "{ran:#?}");
    }
    assert!(server.seen().is_empty() && folder.names().is_empty());
}

#[test]
fn an_output_template_gives_each_url_a_place_of_its_own() {
    let (folder, server) = (Folder::new(), echo());
    let host = server.address.ip();
    let words = [
        "-d",
        "out",
        "--output-template",
        "{host}/{path}/{index:3}-{name}",
    ];
    let urls = ["/1/index.html", "/2/index.html", "/top"].map(|path| server.url(path));
    folder
        .run(words.iter().map(|&word| word.to_owned()).chain(urls))
        .succeeded();
    assert_eq!(
        folder.read(&format!("out/{host}/1/001-index.html")),
        b"/1/index.html"
    );
    assert_eq!(
        folder.read(&format!("out/{host}/2/002-index.html")),
        b"/2/index.html"
    );
    // No folders in its URL: no empty one here, and no name that begins at the root.
    let names = names_in(&folder.join(&format!("out/{host}")));
    assert_eq!(names, ["003-top", "1/", "2/"]);
    let ran = folder.run(["--output-template", "{nme}", &server.url("/a")]);
    assert_eq!(ran.code, Some(2));
    assert!(
        ran.stderr.contains("--output-template: there is no {nme}"),
        "{ran:#?}"
    );
}

/// Broken by: comparing nothing in `Template::fill`.
#[test]
fn whatever_a_pattern_or_a_url_shows_the_file_stays_in_the_folder() {
    let (folder, server) = (Folder::new(), echo());
    fs::create_dir(folder.join("out")).unwrap();
    for words in [
        ["-d", "out", "-o", "#1", "/{../x,/tmp/x}"],
        ["-d", "out", "-o", "a/#1/b", "/{..,../..}"],
        ["-d", "out", "--output-template", "{1}", "/{../x}"],
    ] {
        let [d, out, flag, name, path] = words;
        let ran = folder.run([d, out, flag, name, &server.url(path)]);
        assert_eq!(ran.code, Some(2), "{ran:#?}");
        assert!(ran.stderr.contains("out of the folder"), "{ran:#?}");
    }
    assert_eq!(
        (folder.names(), server.seen().len()),
        (vec!["out/".to_owned()], 0)
    );
    let climbing = server.url("/%2e%2e%2f%2e%2e/..%5c..%5c/x");
    folder
        .run(["-d", "out", "--output-template", "{path}/{name}", &climbing])
        .succeeded();
    assert_eq!(folder.names(), ["out/"]);
    assert_eq!(server.seen().len(), 1);
}
