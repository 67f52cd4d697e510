//! The housekeeping that nobody remembers to do: each rule of the house that a machine can
//! check, checked on every file of the project.
//!
//! Each rule is a function from text to complaints. Its test runs it over the project, where
//! it must find nothing, and over something bad, where it must find that.

mod source;

use source::{Source, project, read_tree};
use std::collections::BTreeSet;
use std::fs;

/// Where code lives.
const FOLDERS: [&str; 4] = ["src", "examples", "tests", "benches"];

/// A file of `src` that is longer has to say why.
const LONG: usize = 350;
const REASON_FOR_LENGTH: &str = "This file is long because";

/// The traps that a test must cite: bugs that runtimes of this kind really had, listed in
/// `tests/TRAPS.md`.
const TRAPS: [(u32, u32); 2] = [(1, 24), (27, 60)];

/// Traps that no test here can catch, and why that is so.
const BEYOND_A_TEST: &[(u32, &str)] = &[];

fn code() -> Vec<Source> {
    let all = FOLDERS
        .iter()
        .flat_map(|folder| read_tree(&project(), folder));
    all.collect()
}

fn read(name: &str) -> String {
    let path = project().join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[track_caller]
fn none(complaints: &[String]) {
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
}

/// What the whole project has to hear about one rule for single files.
fn complaints(rule: impl Fn(&Source) -> Vec<String>) -> Vec<String> {
    let of_file = |file: &Source| -> Vec<String> {
        let found = rule(file).into_iter();
        found.map(|what| format!("{}: {what}", file.name)).collect()
    };
    code().iter().flat_map(of_file).collect()
}

fn file(name: &str, text: &str) -> Source {
    Source {
        name: name.into(),
        text: text.into(),
    }
}

// One file at a time.

fn opens_with_contract(file: &Source) -> Vec<String> {
    match file.text.starts_with("//!") {
        true => Vec::new(),
        false => vec!["does not open with its contract (`//!`)".into()],
    }
}

#[test]
fn every_file_opens_with_its_contract() {
    none(&complaints(opens_with_contract));
    assert_eq!(
        opens_with_contract(&file("a.rs", "use x;\n//! late")).len(),
        1
    );
}

fn says_why_it_is_long(file: &Source) -> Vec<String> {
    let lines = file.text.lines().count();
    let mut header = file.text.lines().take_while(|line| line.starts_with("//!"));
    let excused = header.any(|line| line.contains(REASON_FOR_LENGTH));
    // A file of tests is a list: it may be as long as there are things to promise.
    let counts = file.name.starts_with("src/") && !file.name.ends_with("/tests.rs");
    match counts && lines > LONG && !excused {
        true => vec![format!(
            "{lines} lines, and no \"{REASON_FOR_LENGTH} …\" in its header"
        )],
        false => Vec::new(),
    }
}

#[test]
fn a_long_file_of_src_says_why_it_is_long() {
    none(&complaints(says_why_it_is_long));
    let long = "\n".repeat(LONG + 1);
    let excuse = format!("//! {REASON_FOR_LENGTH} it is.{long}");
    assert_eq!(says_why_it_is_long(&file("src/a.rs", &long)).len(), 1);
    assert_eq!(says_why_it_is_long(&file("src/a.rs", &excuse)).len(), 0);
    assert_eq!(says_why_it_is_long(&file("tests/a.rs", &long)).len(), 0);
}

/// Looks into comments too: that is where promises stand.
fn leaves_nothing_open(file: &Source) -> Vec<String> {
    // Put together here, so that this file may pass its own test.
    let words = [
        concat!("TO", "DO"),
        concat!("FIX", "ME"),
        concat!("XX", "X"),
        concat!("to", "do!"),
        concat!("unimpl", "emented!"),
        concat!("db", "g!"),
    ];
    let mut found = Vec::new();
    for (index, line) in file.text.lines().enumerate() {
        for word in words {
            if stands_alone(line, word) {
                found.push(format!("line {}: {word}", index + 1));
            }
        }
    }
    found
}

/// `word` in `line`, and not as the end of a longer word.
fn stands_alone(line: &str, word: &str) -> bool {
    let before = |at: usize| line[..at].chars().next_back();
    let mut places = line.match_indices(word);
    places.any(|(at, _)| !before(at).is_some_and(|c| c.is_alphanumeric() || c == '_'))
}

#[test]
fn nothing_is_left_open() {
    none(&complaints(leaves_nothing_open));
    let open = concat!(
        "// TO",
        "DO: later\nlet x = db",
        "g!(1); // a mastodon, an index\n"
    );
    assert_eq!(leaves_nothing_open(&file("a.rs", open)).len(), 2);
}

/// Tests that attack the safe code from outside, with what only unsafe code can make.
const ATTACKS: &[(&str, &str)] = &[
    (
        "tests/sync_hostile_wakers.rs",
        "only a RawWakerVTable makes a waker whose clone calls back into us",
    ),
    ("tests/fork.rs", "only libc forks without an exec"),
];

fn is_safe(file: &Source) -> Vec<String> {
    if ATTACKS.iter().any(|(name, _why)| *name == file.name) {
        return Vec::new();
    }
    let tokens = file.tokens();
    let found = tokens.iter().filter(|token| token.is("unsafe"));
    found
        .map(|token| format!("line {}: unsafe code", token.line))
        .collect()
}

#[test]
fn there_is_no_unsafe_code_anywhere() {
    none(&complaints(is_safe));
    assert!(read("src/lib.rs").contains("#![forbid(unsafe_code)]"));
    let code = "// unsafe\nlet s = \"unsafe\"; unsafe { s }";
    assert_eq!(is_safe(&file("a.rs", code)), ["line 2: unsafe code"]);
}

// README's map of `src`.

/// The entries of the map: what stands first in backticks on each line between the markers,
/// without `src/` and a closing `/`.
fn map_entries(readme: &str) -> Vec<String> {
    let after = readme
        .split("<!-- map:begin -->")
        .nth(1)
        .unwrap_or_default();
    let map = after.split("<!-- map:end -->").next().unwrap_or_default();
    let names = map.lines().filter_map(|line| line.split('`').nth(1));
    names
        .map(|name| name.trim_start_matches("src/").trim_end_matches('/').into())
        .collect()
}

/// `executor/queue.rs` and `executor` belong to the module `executor`, `clock.rs` to `clock`.
fn module(entry: &str) -> String {
    let first = entry.split('/').next().unwrap_or_default();
    first.trim_end_matches(".rs").into()
}

/// `mod` lines of `lib.rs`, in order.
fn modules_of(lib: &str) -> Vec<String> {
    let lines = lib.lines().filter_map(|line| {
        let line = line.strip_prefix("pub(crate) ").unwrap_or(line);
        let line = line.strip_prefix("pub ").unwrap_or(line);
        line.strip_prefix("mod ")?.split(';').next()
    });
    lines.map(String::from).collect()
}

/// Does the entry stand for this file? `clock` and `clock.rs` do for `clock.rs`, and `executor`
/// does for all that is in the folder.
fn stands_for(entry: &str, file: &str) -> bool {
    let inside = file.strip_prefix(entry);
    inside.is_some_and(|rest| rest.is_empty() || rest == ".rs" || rest.starts_with('/'))
}

/// `tree` holds the names of all files below `src`. `lib.rs` need not be named: it is what the
/// map is a map of.
fn map_faults(readme: &str, lib: &str, tree: &BTreeSet<String>) -> Vec<String> {
    let entries = map_entries(readme);
    let mut faults = Vec::new();
    let mut seen = BTreeSet::new();
    for entry in &entries {
        if !tree.iter().any(|file| stands_for(entry, file)) {
            faults.push(format!("the map names `{entry}`, which is not there"));
        }
        if !seen.insert(entry.clone()) {
            faults.push(format!("the map names `{entry}` twice"));
        }
    }
    for file in tree.iter().filter(|file| *file != "lib.rs") {
        if !seen.iter().any(|entry| stands_for(entry, file)) {
            faults.push(format!("the map does not name `{file}`"));
        }
    }
    let mut order: Vec<String> = entries.iter().map(|entry| module(entry)).collect();
    order.dedup();
    order.retain(|module| module != "lib");
    if order != modules_of(lib) {
        faults.push(format!("the map's order is not lib.rs's: {order:?}"));
    }
    faults
}

#[test]
fn the_map_in_the_readme_is_the_tree() {
    let files = read_tree(&project(), "src").into_iter();
    let tree = files
        .map(|f| f.name.trim_start_matches("src/").into())
        .collect();
    none(&map_faults(&read("README.md"), &read("src/lib.rs"), &tree));
}

#[test]
fn a_wrong_map_is_noticed() {
    let readme = |map: &str| format!("`x.rs`\n<!-- map:begin -->\n{map}<!-- map:end -->\n`y.rs`");
    let lib = "mod a;\npub mod b;\npub(crate) mod c;\n";
    let tree = ["lib.rs", "a.rs", "b/mod.rs", "b/d.rs", "c.rs"].map(String::from);
    let tree = BTreeSet::from(tree);
    let faults = |map: &str| map_faults(&readme(map), lib, &tree);
    let good = "- `src/lib.rs`: `q`\n| `a.rs` | what? |\n* `b/`\n`c.rs`\n";
    none(&faults(good));
    none(&faults(&good.replace("`b/`", "`b/mod.rs`\n`b/d.rs`")));
    none(&faults(&good.replace(".rs", "")));
    assert_eq!(
        faults(&good.replace("`b/`", "`b/mod.rs`")).len(),
        1,
        "a file is missing"
    );
    assert_eq!(
        faults(&good.replace("`b/`", "`b/`\n`b/e.rs`")).len(),
        1,
        "one too many"
    );
    assert_eq!(
        faults(&good.replace("`b/`", "`b/`\n`b/`")).len(),
        1,
        "one twice"
    );
    let swapped = good
        .replace("a.rs", "_")
        .replace("c.rs", "a.rs")
        .replace('_', "c.rs");
    assert_eq!(faults(&swapped).len(), 1, "another order");
    assert_eq!(
        faults(&good.replace("`c.rs`", "`c.r`")).len(),
        3,
        "half a name"
    );
}

// Traps and the tests that catch them.

/// The numbers after each `Trap` or `Traps` in `text`: `Traps 5, 6 and 56.`
fn cited(text: &str) -> Vec<u32> {
    let mut numbers = Vec::new();
    for after in text.split("Trap").skip(1) {
        let after = after.strip_prefix('s').unwrap_or(after);
        for word in after.split_whitespace() {
            match word.trim_end_matches(['.', ',', ':', ';', ')']).parse() {
                Ok(number) => numbers.push(number),
                Err(_) if word == "and" => continue,
                Err(_) => break,
            }
            if !word.ends_with(',') && !word.ends_with(|c: char| c.is_ascii_digit()) {
                break;
            }
        }
    }
    numbers
}

/// The doc comment of each test in `text`, in one line.
fn docs_of_tests(text: &str) -> Vec<String> {
    let mut docs = Vec::new();
    let mut doc = String::new();
    let mut is_test = false;
    for line in text.lines().map(str::trim) {
        if let Some(more) = line.strip_prefix("///") {
            doc.push_str(more);
        } else if line.starts_with("#[") {
            is_test |= line.starts_with("#[test]");
        } else {
            // A test without a harness is a program.
            is_test |= line.starts_with("fn main()");
            if is_test && !doc.is_empty() {
                docs.push(doc.clone());
            }
            doc.clear();
            is_test = false;
        }
    }
    docs
}

/// Which traps the tests of these files cite, and which citation does not say what breaks it.
fn citations(files: &[Source]) -> (BTreeSet<u32>, Vec<String>) {
    let mut traps = BTreeSet::new();
    let mut faults = Vec::new();
    for file in files {
        for doc in docs_of_tests(&file.text) {
            let numbers = cited(&doc);
            if !numbers.is_empty() && !doc.contains("Broken by") {
                faults.push(format!("{}: no \"Broken by\" in:{doc}", file.name));
            }
            traps.extend(numbers);
        }
    }
    (traps, faults)
}

#[test]
fn every_trap_is_caught_by_a_test_that_says_what_breaks_it() {
    let (traps, mut faults) = citations(&code());
    for trap in TRAPS.iter().flat_map(|&(first, last)| first..=last) {
        let excused = BEYOND_A_TEST.iter().any(|&(number, _)| number == trap);
        if !traps.contains(&trap) && !excused {
            faults.push(format!("trap {trap} is cited by no test"));
        }
        if traps.contains(&trap) && excused {
            faults.push(format!("trap {trap} has a test: its excuse can go"));
        }
    }
    none(&faults);
}

/// The numbers of the traps that a list tells of.
fn told(list: &str) -> Vec<u32> {
    let numbers = list.lines().filter_map(|line| line.split_once(". "));
    numbers
        .filter_map(|(number, _)| number.parse().ok())
        .collect()
}

#[test]
fn the_list_of_traps_tells_of_each_once_and_in_order() {
    let told = told(&read("tests/TRAPS.md"));
    let last = TRAPS.iter().map(|&(_, last)| last).max().unwrap();
    assert_eq!(told, (1..=last).collect::<Vec<_>>());
}

#[test]
fn a_line_that_begins_with_a_number_tells_of_a_trap() {
    assert_eq!(told("7. A thing.\n17 things.\n8. More of 9. it."), [7, 8]);
}

#[test]
fn a_citation_counts_only_on_a_test() {
    // Line by line, or this file would cite these traps itself.
    let code = [
        "/// Traps 5, 6 and 56. Broken by: a thing of 99.",
        "#[test]",
        "fn a() {}",
        "/// Trap 7.",
        "/// Broken by: another.",
        "#[test]",
        "#[should_panic]",
        "fn b() {}",
        "/// Trap 8. Broken by: nothing, for it is no test.",
        "fn c() {}",
        "/// Trap 9 is named, and that is all.",
        "#[test]",
        "fn d() {}",
        "// Trap 10. Broken by: x.",
    ];
    let code = code.join("\n");
    let (traps, faults) = citations(&[file("a.rs", &code)]);
    assert_eq!(traps, BTreeSet::from([5, 6, 7, 9, 56]));
    assert_eq!(faults.len(), 1);
}
