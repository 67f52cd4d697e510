//! What fetch sends, as a server of other people hears it: httpbin, which tells what it was
//! asked, and curl, which says the same with the same words.

#![cfg(unix)]

#[path = "../../fetch_support/mod.rs"]
mod fetch_support;

use std::fs;
use std::process::Command;

use fetch_support::{Folder, bytes};
use hob_peers::servers;
use serde_json::Value;

/// What httpbin says that these words, fetch's or curl's, made of a request for `url`.
fn told(folder: &Folder, is_curl: bool, words: &[&str], url: &str) -> Value {
    let printed = match is_curl {
        true => {
            let mut curl = Command::new("curl");
            let ran = curl
                .arg("-sS")
                .args(words)
                .arg(url)
                .current_dir(folder.path())
                .output();
            String::from_utf8(ran.expect("curl is there").stdout).unwrap()
        }
        false => {
            let ran = folder.run(["-q", "-o", "-"].iter().chain(words).chain([&url]));
            assert_eq!(
                (ran.code, ran.stderr.as_str()),
                (Some(0), ""),
                "{words:?}: {ran:?}"
            );
            ran.stdout
        }
    };
    serde_json::from_str(&printed).unwrap_or_else(|e| panic!("{words:?}: {e}: {printed}"))
}

/// Broken by: a `Content-Type` that differs from curl's, or any flag that is read in another way.
#[test]
fn httpbin_hears_the_same_from_fetch_as_from_curl() {
    let Some(peer) = servers::httpbin() else {
        return;
    };
    let has_curl = Command::new("curl").arg("--version").output().is_ok();
    let folder = Folder::new();
    fs::write(folder.join("text"), "two\r\nlines & more\n").unwrap();
    fs::write(folder.join("image.png"), bytes(200_000)).unwrap();
    let url = |path: &str| format!("http://{}{path}", peer.address);
    let cases: &[(&[&str], &str)] = &[
        (&["--data", "a=b c", "--data", "@text"], "/post"),
        (&["--data-binary", "@text", "-X", "PUT"], "/put"),
        (
            &["--data-raw", "@text", "--data-urlencode", "n=a b&c/\u{e9}~"],
            "/post",
        ),
        (&["--data-urlencode", "text@text", "-G"], "/get?a=b"),
        (&["--json", "{\"a\": [1, 2]}"], "/post"),
        (
            &[
                "-F",
                "a=b;type=text/x",
                "-F",
                "f=@image.png",
                "-F",
                "g=<text",
            ],
            "/post",
        ),
        (
            &[
                "-F",
                "f=@text;filename=\"a;b\\\".txt\"",
                "--form-string",
                "s=@x;y",
            ],
            "/post",
        ),
        (&["-T", "image.png"], "/put"),
        (&["-X", "DELETE"], "/delete"),
        (&["-b", "one=1; two=2"], "/cookies"),
    ];
    for (words, path) in cases {
        let mut heard = told(&folder, false, words, &url(path));
        if !has_curl {
            continue;
        }
        let mut curls = told(&folder, true, words, &url(path));
        for told in [&mut heard, &mut curls] {
            // curl writes escapes with small letters there; `args` has what they mean.
            told.as_object_mut().expect("an object").remove("url");
            // Boundaries and names differ; lengths do, where a boundary is in it.
            let Some(headers) = told.get_mut("headers").and_then(Value::as_object_mut) else {
                continue;
            };
            for name in ["User-Agent", "Accept-Encoding", "Host", "Expect"] {
                headers.remove(name);
            }
            let kind = headers
                .get("Content-Type")
                .and_then(Value::as_str)
                .unwrap_or("");
            if kind.starts_with("multipart/form-data; boundary=") {
                headers.remove("Content-Type");
                headers.remove("Content-Length");
            }
        }
        assert_eq!(heard, curls, "{words:?}");
    }
}

/// Broken by: cookies that a redirect's answer sets and nobody hears.
#[test]
fn httpbin_gets_its_cookies_back_and_says_what_did_not_change() {
    let Some(peer) = servers::httpbin() else {
        return;
    };
    let folder = Folder::new();
    let url = |path: &str| format!("http://{}{path}", peer.address);
    let set = url("/cookies/set?id=7&lang=en");
    folder
        .run(["-q", "-c", "jar", "-o", "first", &set])
        .succeeded();
    let cookies = |name: &str| -> Value { serde_json::from_slice(&folder.read(name)).unwrap() };
    assert_eq!(cookies("first")["cookies"]["id"], "7");
    folder
        .run(["-q", "-b", "jar", "-o", "second", &url("/cookies")])
        .succeeded();
    assert_eq!(cookies("second"), cookies("first"));

    // Its ETags have no quotes, and so are none; its dates are.
    let file = url("/cache");
    for wanted in ["ok cache", "there cache  not modified"] {
        let ran = folder.run(["--if-changed", &file]);
        assert!(ran.succeeded().stdout.starts_with(wanted), "{ran:?}");
    }
}
