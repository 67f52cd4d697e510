//! How a list is read, however its bytes come.

use std::io::Read;

use super::*;

/// Gives one byte at a time.
struct Drip(io::Cursor<Vec<u8>>);

impl Read for Drip {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.0.read(&mut into[..1])
    }
}

fn read(text: impl AsRef<[u8]>) -> Result<Vec<Entry>, String> {
    let text = text.as_ref().to_vec();
    let whole = Entries::new("list", Box::new(io::Cursor::new(text.clone())));
    let dripping = BufReader::with_capacity(1, Drip(io::Cursor::new(text)));
    let one_by_one = Entries::new("list", Box::new(dripping));
    let (whole, one_by_one): (Result<Vec<_>, _>, Result<Vec<_>, _>) =
        (whole.collect(), one_by_one.collect());
    assert_eq!(format!("{whole:?}"), format!("{one_by_one:?}"));
    whole
}

fn refusal(text: &str) -> String {
    read(text).expect_err(text)
}

/// Broken by: counting `\r\n` as two lines.
#[test]
fn a_line_is_a_url_whatever_ends_it_and_knows_its_number() {
    let list = "\u{feff}http://h/a\r\nhttp://h/b\rhttp://h/c\n\n  # no option\n\r\nhttp://h/d";
    let entries = read(list).unwrap();
    let told: Vec<_> = entries
        .iter()
        .map(|e| (e.url.as_str(), e.place.as_str()))
        .collect();
    assert_eq!(
        told,
        [
            ("http://h/a", "list, line 1"),
            ("http://h/b", "list, line 2"),
            ("http://h/c", "list, line 3"),
            ("http://h/d", "list, line 7"),
        ]
    );
    assert!(read("").unwrap().is_empty());
    assert!(read("# nothing\n\n").unwrap().is_empty());
}

#[test]
fn indented_lines_are_options_of_the_url_above() {
    let sum = "0f".repeat(32);
    let list = format!(
        "http://h/a\n  out=first\n\n# between\n\tdir = d\n header=X-A: 1\n header=x-a: 2\n \
         sha256={sum}\n\nhttp://h/b\thttp://m/b\t\n user=me:se:cret\n checksum=sha-256={sum}\n \
         referer=http://r/\n user-agent=x\n glob=true\n"
    );
    let entries = read(list).unwrap();
    let [a, b] = &entries[..] else {
        panic!("{entries:?}")
    };
    assert_eq!(
        (a.out.as_deref(), a.dir.as_deref()),
        (Some(Path::new("first")), Some(Path::new("d")))
    );
    let values: Vec<_> = a.extra.headers.get_all("x-a").iter().collect();
    assert_eq!(values, ["1", "2"]);
    assert!(a.sum.is_some() && a.sum == b.sum && !a.is_pattern && a.mirrors.is_empty());
    assert_eq!(
        (b.url.as_str(), &b.mirrors[..]),
        ("http://h/b", &["http://m/b".to_owned()][..])
    );
    assert_eq!(b.extra.user, Some(("me".to_owned(), "se:cret".to_owned())));
    assert_eq!(b.extra.headers.len(), 2);
    assert!(b.is_pattern);
}

/// Broken by: naming the option's value in the error.
#[test]
fn a_mistake_is_named_with_its_line_and_without_a_secret() {
    for (list, line, word) in [
        ("  out=a\n", 1, "indented"),
        ("http://h/\n\n  split=4\n", 3, "no option split"),
        ("http://h/\n  secret\n", 2, "name=value"),
        ("http://h/\n  header=X secret\n", 2, "header"),
        ("http://h/\n  header=X: secret\u{1}\n", 2, "control"),
        ("http://h/\n  referer=secret\u{1}\n", 2, "control"),
        ("http://h/\n  user=secret\n", 2, "NAME:PASSWORD"),
        ("http://h/\n  sha256=secret\n", 2, "64"),
        ("http://h/\n  checksum=md5=secret\n", 2, "sha-256"),
        ("http://h/\n  glob=secret\n", 2, "true or false"),
    ] {
        let problem = refusal(list);
        assert!(
            problem.starts_with(&format!("list, line {line}: ")),
            "{problem}"
        );
        assert!(
            problem.contains(word) && !problem.contains("secret"),
            "{problem}"
        );
    }
    assert!(!format!("{:?}", read("http://h/\n user=me:secret").unwrap()).contains("secret"));
}

/// Broken by: looking at the length when the line is over.
#[test]
fn a_line_without_end_is_refused_and_not_held() {
    let long = "a".repeat(LONGEST);
    assert_eq!(read(&long).unwrap()[0].url.len(), LONGEST);
    let endless = BufReader::new(io::repeat(b'a'));
    let mut entries = Entries::new("list", Box::new(endless));
    assert!(
        entries
            .next()
            .unwrap()
            .unwrap_err()
            .contains("line 1: this is longer")
    );
    let problem = read(b"http://h/\n\xff\n").unwrap_err();
    assert!(problem.contains("line 2: this is not UTF-8"), "{problem}");
}
