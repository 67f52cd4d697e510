//! The judge of the floors: every path in the code of `src` leads down.
//!
//! Law: Rust lets any module of a crate name any other, so nothing but care keeps a crate from
//! becoming one knot. Consequence: this test reads the code and judges each *arrow*, that is
//! each path from one module into another. Choice: [`FLOORS`] puts all modules into one list,
//! and an arrow may only lead to a place further up in that list. A list has no cycle, so
//! none has to be searched for. Price: a name that no path leads to (a method of a value that
//! somebody handed over) is not seen.
//!
//! A path is followed wherever it stands: `use` with nested groups, `crate::x::y` in the flow,
//! `super::`, macro bodies, unit tests (what a test may not import, its module should not
//! know). A name that `lib.rs` re-exports counts as the module it comes from. What would hide
//! an arrow (a glob over the root, `#[path]`, `#[macro_use]`, `include!`) is a fault itself.
//!
//! `tests/data/layers` is a crate full of bad arrows. Each line that is to be found there is
//! marked `//~ fault`, and the same judge must find just those: that is how we know it bites.

mod source;

use source::{Kind, Source, Token, project, read_tree};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Modules from the ground up, in the order in which `lib.rs` lists them.
#[rustfmt::skip] // one line, one thought
const FLOORS: &[Floor] = &[
    Floor {
        name: "0, knows only std",
        modules: &["current", "clock", "coop", "caught", "trace", "join_error", "prims"],
        strangers: false,
    },
    Floor {
        name: "1, the four organs",
        modules: &["executor", "timers", "reactor", "blocking"],
        strangers: true,
    },
    Floor {
        name: "2, the loop",
        modules: &["runtime"],
        strangers: false,
    },
    Floor {
        name: "3, what programs await",
        modules: &[
            "task", "task_local", "io", "future", // a
            "time", "sync", "signal", // b: what of sync has a limit in time needs time
            "structure", // c
            "net", "fs", // d
            "process", "testing", // e
        ],
        strangers: false,
    },
    Floor {
        name: "4, HTTP",
        modules: &["http"],
        strangers: false,
    },
];

/// Folders whose files have an order of their own, judged by the same rule. For HTTP: bytes in
/// and meaning out first, then what waits and what connects, then what a program holds.
#[rustfmt::skip]
const FOLDERS: &[(&str, &[&str])] = &[(
    "http",
    &[
        "printable", "error", "url", "auth", "netrc", "cookies", "redirect", "request", "retry", "head", "body", "coding", "fields", "resume", // no I/O
        "buffer", "pipe", "deadline", "upload", "form", "conn", "observe", "tls", "connect", "pool", "expect", // one connection, and many
        "response", "config", "outgoing", "exchange", "send", "request_builder", "client", "builder", // what a program holds
        "fuzzing", "vectors", "policy", "fake", "complaints", // tests
        "mod",
    ],
)];

struct Floor {
    name: &'static str,
    /// A later one may import an earlier one, unless they are strangers.
    modules: &'static [&'static str],
    /// None of this floor imports another of it.
    strangers: bool,
}

/// What can be wrong with a path. The words are those of the fixture's marks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Fault {
    /// Leads to a higher floor.
    Up,
    /// Leads from one organ to another.
    Organ,
    /// Leads to a later module of its floor, or a later file of its folder.
    Later,
    /// Takes in the whole root, so that nobody can say what is used.
    Whole,
    /// A name of the root that no module is known for.
    Untraced,
    /// Hides arrows from this test.
    Hidden,
    /// A module or file that stands in no list.
    Unlisted,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Fault::Up => "up",
            Fault::Organ => "organ",
            Fault::Later => "later",
            Fault::Whole => "whole",
            Fault::Untraced => "untraced",
            Fault::Hidden => "hidden",
            Fault::Unlisted => "unlisted",
        })
    }
}

/// One finding, and where it is.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Finding {
    file: String,
    line: usize,
    fault: Fault,
    what: String,
}

/// A path as it stands in the code, made absolute: `["reactor", "source", "Source"]`.
#[derive(Clone, Debug)]
struct Path {
    segments: Vec<String>,
    /// The name under which a `use` brings it in; `*` for a glob.
    alias: String,
    line: usize,
}

/// The crate as far as the arrows need it.
struct Crate {
    files: Vec<Source>,
    /// Where the names of the root come from: `spawn` → `["task", "spawn"]`. Names of other
    /// crates have an empty path.
    exports: BTreeMap<String, Vec<String>>,
    /// The same for each folder in [`FOLDERS`], from its `mod.rs`.
    folder_exports: BTreeMap<&'static str, BTreeMap<String, Vec<String>>>,
    /// The modules there are.
    modules: BTreeSet<String>,
}

impl Crate {
    fn read(root: &std::path::Path) -> Crate {
        let files = read_tree(root, "src");
        let modules = files.iter().map(|f| module_of(&f.name)[0].clone());
        let mut krate = Crate {
            modules: modules.filter(|module| module != "lib").collect(),
            exports: BTreeMap::new(),
            folder_exports: BTreeMap::new(),
            files,
        };
        krate.exports = krate.exports_of("src/lib.rs", &[]);
        for file in &krate.files {
            // A macro with `#[macro_export]` stands at the root, wherever it was written.
            for name in exported_macros(&file.tokens()) {
                krate.exports.insert(name, module_of(&file.name));
            }
        }
        for &(folder, _) in FOLDERS {
            let inside = [folder.to_string()];
            let exports = krate.exports_of(&format!("src/{folder}/mod.rs"), &inside);
            krate.folder_exports.insert(folder, exports);
        }
        krate
    }

    /// The names that the `use` lines of `file` bring into the module `module`.
    fn exports_of(&self, file: &str, module: &[String]) -> BTreeMap<String, Vec<String>> {
        let Some(source) = self.files.iter().find(|f| f.name == file) else {
            return BTreeMap::new();
        };
        let uses = uses(&source.tokens(), module, |first| {
            // A path without `crate::` starts at a child of this module, or at another crate.
            let child = [module, &[first.to_string()]].concat();
            self.files
                .iter()
                .any(|f| starts_with(&module_of(&f.name), &child))
        });
        uses.into_iter()
            .map(|path| (path.alias, path.segments))
            .collect()
    }

    /// Every finding in every file.
    fn judge(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        for file in &self.files {
            let module = module_of(&file.name);
            let mut found = Vec::new();
            if module[0] == "lib" {
                self.judge_root(file, &mut found);
            } else {
                self.judge_file(file, &module, &mut found);
            }
            found.extend(hidden(&file.tokens()));
            findings.extend(found.into_iter().map(|(line, fault, what)| Finding {
                file: file.name.clone(),
                line,
                fault,
                what,
            }));
        }
        findings.sort();
        findings.dedup();
        findings
    }

    /// The root may name everything, but only by name.
    fn judge_root(&self, file: &Source, found: &mut Vec<(usize, Fault, String)>) {
        for path in uses(&file.tokens(), &[], |_| true) {
            let ours = path
                .segments
                .first()
                .is_some_and(|m| self.modules.contains(m));
            if path.alias == "*" && ours {
                let what = format!("names come by {}::*", path.segments.join("::"));
                found.push((path.line, Fault::Hidden, what));
            }
        }
    }

    fn judge_file(
        &self,
        file: &Source,
        module: &[String],
        found: &mut Vec<(usize, Fault, String)>,
    ) {
        if place(&module[0]).is_none() {
            let what = format!("`{}` stands on no floor: see FLOORS", module[0]);
            found.push((1, Fault::Unlisted, what));
            return;
        }
        for path in paths(&file.tokens(), module) {
            let written = format!("crate::{}", path.segments.join("::"));
            match self.trace(&path.segments) {
                Err(fault) => found.push((path.line, fault, written)),
                Ok(Some(target)) => {
                    if let Err(fault) = arrow(&module[0], &target[0]) {
                        let [from, to] = [&module[0], &target[0]].map(|m| on_floor(m));
                        found.push((path.line, fault, format!("{from} -> {to} by {written}")));
                    } else if module[0] == target[0] {
                        let verdict = self.judge_inside(module, &target);
                        found.extend(verdict.map(|(fault, what)| (path.line, fault, what)));
                    }
                }
                Ok(None) => {}
            }
        }
        let files = folder_order(&module[0]).unwrap_or_default();
        let name = file_in_folder(module);
        if !files.is_empty() && !files.contains(&name) {
            let what = format!("`{name}` has no place in the order of {}", module[0]);
            found.push((1, Fault::Unlisted, what));
        }
    }

    /// The arrow between two files of one folder, where that folder has an order.
    fn judge_inside(&self, module: &[String], target: &[String]) -> Option<(Fault, String)> {
        let order = folder_order(&module[0])?;
        let exports = &self.folder_exports[module[0].as_str()];
        let named = target.get(1).map_or("mod", String::as_str);
        let traced = match exports.get(named) {
            _ if order.contains(&named) => named,
            // Of another crate.
            Some(path) if path.is_empty() => return None,
            Some(path) => path.get(1).map_or("mod", String::as_str),
            None => "mod",
        };
        let from = file_in_folder(module);
        let at = |name: &str| order.iter().position(|&file| file == name);
        let later = at(traced)? > at(from)?;
        later.then(|| {
            (
                Fault::Later,
                format!("{from} -> {traced} inside {}", module[0]),
            )
        })
    }

    /// Which module a path of the root leads to; `None` for a name of another crate.
    fn trace(&self, segments: &[String]) -> Result<Option<Vec<String>>, Fault> {
        let Some(first) = segments.first() else {
            return Err(Fault::Whole);
        };
        if self.modules.contains(first) && !self.is_macro(segments) {
            return Ok(Some(segments.to_vec()));
        }
        match self.exports.get(first) {
            Some(path) if path.is_empty() => Ok(None),
            Some(path) => Ok(Some(path.clone())),
            None => Err(Fault::Untraced),
        }
    }

    /// `crate::join!`: a macro, even where a module has the same name.
    fn is_macro(&self, segments: &[String]) -> bool {
        segments.len() == 2 && segments[1] == "!"
    }
}

/// May code in `from` name `to`?
fn arrow(from: &str, to: &str) -> Result<(), Fault> {
    let (from_floor, from_index) = place(from).ok_or(Fault::Unlisted)?;
    let (to_floor, to_index) = place(to).ok_or(Fault::Unlisted)?;
    if from == to || to_floor < from_floor {
        Ok(())
    } else if to_floor > from_floor {
        Err(Fault::Up)
    } else if FLOORS[to_floor].strangers {
        Err(Fault::Organ)
    } else if to_index > from_index {
        Err(Fault::Later)
    } else {
        Ok(())
    }
}

/// The floor of a module and its place there.
fn place(module: &str) -> Option<(usize, usize)> {
    FLOORS.iter().enumerate().find_map(|(number, floor)| {
        let index = floor.modules.iter().position(|&name| name == module)?;
        Some((number, index))
    })
}

/// `reactor (floor 1, the four organs)`, for messages.
fn on_floor(module: &str) -> String {
    let floor = place(module).map_or("none", |(number, _)| FLOORS[number].name);
    format!("{module} (floor {floor})")
}

fn folder_order(module: &str) -> Option<&'static [&'static str]> {
    let found = FOLDERS.iter().find(|(folder, _)| *folder == module);
    found.map(|(_, order)| *order)
}

/// `http/conn.rs` is `conn` in the order of its folder, `http/mod.rs` is `mod`.
fn file_in_folder(module: &[String]) -> &str {
    module.get(1).map_or("mod", String::as_str)
}

/// `src/reactor/source.rs` → `["reactor", "source"]`, `src/reactor/mod.rs` → `["reactor"]`.
fn module_of(file: &str) -> Vec<String> {
    let inner = file.trim_start_matches("src/").trim_end_matches(".rs");
    let inner = inner.strip_suffix("/mod").unwrap_or(inner);
    inner.split('/').map(String::from).collect()
}

fn starts_with(path: &[String], start: &[String]) -> bool {
    path.len() >= start.len() && path[..start.len()] == *start
}

/// Every path in `tokens` that starts at the root, at `super` or at `self`, made absolute.
/// `module` is where the file stands; inline modules are followed.
fn paths(tokens: &[Token], module: &[String]) -> Vec<Path> {
    let mut found = Vec::new();
    walk(tokens, module, |here, at| {
        // The second `super` of `super::super::x` belongs to the first.
        if at > 0 && tokens[at - 1].is("::") {
            return;
        }
        // In `use {crate::a, std::b}` the roots are met one by one.
        let is_root = ["crate", "super", "self", "hob"]
            .iter()
            .any(|w| tokens[at].is(w));
        // `self.field` and `&mut self` are no paths; `use super as up` is one.
        let goes_on = tokens
            .get(at + 1)
            .is_some_and(|next| next.is("::") || next.is("as"));
        if is_root && goes_on {
            let mut end = at;
            read_tree_of_names(tokens, &mut end, &[], here, &mut found);
        }
    });
    found
}

/// Every `use` in `tokens`, made absolute. A first name for which `is_child` answers no
/// belongs to another crate: its path comes out empty.
fn uses(tokens: &[Token], module: &[String], is_child: impl Fn(&str) -> bool) -> Vec<Path> {
    let mut found = Vec::new();
    walk(tokens, module, |here, at| {
        // `impl Trait + use<'a>` is something else.
        if !tokens[at].is("use") || tokens.get(at + 1).is_some_and(|t| t.is("<")) {
            return;
        }
        let foreign = tokens[at + 1].is("::");
        let rooted = ["crate", "super", "self"]
            .iter()
            .any(|w| tokens[at + 1].is(w));
        let mut tree = Vec::new();
        read_tree_of_names(
            tokens,
            &mut (at + 1 + usize::from(foreign)),
            &[],
            here,
            &mut tree,
        );
        for mut path in tree {
            if !rooted {
                let first = path.segments.first();
                let ours = !foreign && first.is_some_and(|first| is_child(first));
                path.segments = match ours {
                    true => [here, &path.segments].concat(),
                    false => Vec::new(),
                };
            }
            found.push(path);
        }
    });
    found
}

/// Calls `f` for each token with the module that it stands in.
fn walk(tokens: &[Token], module: &[String], mut f: impl FnMut(&[String], usize)) {
    let mut here = module.to_vec();
    // The brace depths at which the inline modules around us began.
    let mut began: Vec<usize> = Vec::new();
    let mut depth = 0;
    for at in 0..tokens.len() {
        let token = &tokens[at];
        if token.is("{") {
            let named = at >= 2 && tokens[at - 2].is("mod") && tokens[at - 1].kind == Kind::Word;
            if named {
                here.push(tokens[at - 1].text.clone());
                began.push(depth);
            }
            depth += 1;
        } else if token.is("}") {
            depth -= 1;
            if began.last() == Some(&depth) {
                began.pop();
                here.pop();
            }
        }
        f(&here, at);
    }
}

/// Reads one path, or one `use` tree with its groups, from `tokens[*at]` on; every leaf goes
/// to `found`. `start` is what stands before it.
fn read_tree_of_names(
    tokens: &[Token],
    at: &mut usize,
    start: &[String],
    here: &[String],
    found: &mut Vec<Path>,
) {
    let mut path = start.to_vec();
    let line = tokens.get(*at).map_or(0, |token| token.line);
    while let Some(token) = tokens.get(*at) {
        if token.is("{") {
            *at += 1;
            while tokens.get(*at).is_some_and(|t| !t.is("}")) {
                let before = *at;
                read_tree_of_names(tokens, at, &path, here, found);
                // Past the comma; and past anything that is no tree, so that we get on.
                *at += usize::from(*at == before || tokens.get(*at).is_some_and(|t| t.is(",")));
            }
            *at += 1;
            return;
        }
        if token.kind != Kind::Word && !token.is("*") {
            break;
        }
        path.push(token.text.clone());
        *at += 1;
        if tokens.get(*at).is_some_and(|t| t.is("!")) {
            path.push("!".into());
        }
        if !tokens.get(*at).is_some_and(|t| t.is("::")) {
            break;
        }
        *at += 1;
    }
    let mut alias = path.last().cloned().unwrap_or_default();
    if tokens.get(*at).is_some_and(|t| t.is("as")) {
        alias = tokens.get(*at + 1).map_or(alias, |t| t.text.clone());
        *at += 2;
    }
    if !path.is_empty() {
        let segments = absolute(&path, here);
        found.push(Path {
            segments,
            alias,
            line,
        });
    }
}

/// Resolves `crate`, `self` and `super`; drops a final `self` (`use a::{self}`) and `*`.
fn absolute(path: &[String], here: &[String]) -> Vec<String> {
    let mut absolute = match path[0].as_str() {
        "self" | "super" => here.to_vec(),
        _ => Vec::new(),
    };
    for segment in path {
        match segment.as_str() {
            "crate" | "hob" | "self" | "*" => {}
            "super" => drop(absolute.pop()),
            name => absolute.push(name.into()),
        }
    }
    absolute
}

fn exported_macros(tokens: &[Token]) -> Vec<String> {
    let mut names = Vec::new();
    let mut exported = false;
    for (at, token) in tokens.iter().enumerate() {
        exported |= token.is("macro_export");
        if exported && token.is("macro_rules") {
            // `macro_rules ! name`
            names.extend(tokens.get(at + 2).map(|name| name.text.clone()));
            exported = false;
        }
    }
    names
}

/// What would keep an arrow from being seen.
fn hidden(tokens: &[Token]) -> Vec<(usize, Fault, String)> {
    let next_is = |at: usize, text: &str| tokens.get(at + 1).is_some_and(|t| t.is(text));
    let hides = |at: usize| {
        let token = &tokens[at];
        let attribute = at > 0 && tokens[at - 1].is("[");
        (attribute && (token.is("path") || token.is("macro_use")))
            || (token.is("include") && next_is(at, "!"))
            || (token.is("extern") && next_is(at, "crate"))
    };
    let found = (0..tokens.len()).filter(|&at| hides(at));
    found
        .map(|at| (tokens[at].line, Fault::Hidden, tokens[at].text.clone()))
        .collect()
}

/// The modules in the order of their `mod` lines.
fn mod_lines(tokens: &[Token]) -> Vec<String> {
    let lines = tokens
        .windows(3)
        .filter(|w| w[0].is("mod") && w[1].kind == Kind::Word && w[2].is(";"));
    lines.map(|w| w[1].text.clone()).collect()
}

#[test]
fn every_arrow_leads_down() {
    let findings = Crate::read(&project()).judge();
    let lines: Vec<String> = findings
        .iter()
        .map(|f| format!("{}:{}: {}: {}", f.file, f.line, f.fault, f.what))
        .collect();
    assert!(lines.is_empty(), "bad arrows:\n{}", lines.join("\n"));
}

/// An empty list of faults is worth something only if the arrows were seen at all.
#[test]
fn the_judge_sees_the_arrows_that_are_there() {
    let krate = Crate::read(&project());
    let join_error = krate.files.iter().find(|f| f.name == "src/join_error.rs");
    let tokens = join_error.expect("it is on floor 0").tokens();
    let seen = paths(&tokens, &["join_error".to_string()]);
    let seen: Vec<String> = seen.iter().map(|path| path.segments.join("::")).collect();
    assert!(seen.contains(&"trace::TaskId".to_string()), "{seen:?}");
}

#[test]
fn lib_rs_lists_the_modules_from_the_ground_up() {
    let krate = Crate::read(&project());
    let root = krate.files.iter().find(|f| f.name == "src/lib.rs");
    let listed = mod_lines(&root.expect("there is a root").tokens());
    let floors = FLOORS
        .iter()
        .flat_map(|floor| floor.modules.iter().copied());
    let expected: Vec<String> = floors
        .map(String::from)
        .filter(|module| krate.modules.contains(module))
        .collect();
    assert_eq!(listed, expected);
}

/// Broken by: any line of the judge. Each mark in the fixture is one way to write a bad arrow.
#[test]
fn every_bad_arrow_of_the_fixture_is_found_and_nothing_else() {
    let krate = Crate::read(&project().join("tests/data/layers"));
    let mut marked = BTreeSet::new();
    for file in &krate.files {
        for (index, line) in file.text.lines().enumerate() {
            for fault in line
                .split("//~ ")
                .skip(1)
                .flat_map(|m| m.split_whitespace())
            {
                marked.insert((file.name.clone(), index + 1, fault.to_string()));
            }
        }
    }
    let found: BTreeSet<_> = krate
        .judge()
        .into_iter()
        .map(|f| (f.file, f.line, f.fault.to_string()))
        .collect();
    let missed: Vec<_> = marked.difference(&found).collect();
    let invented: Vec<_> = found.difference(&marked).collect();
    assert!(
        missed.is_empty() && invented.is_empty(),
        "missed: {missed:#?}\ninvented: {invented:#?}"
    );
    let kinds: BTreeSet<&str> = marked.iter().map(|(_, _, fault)| fault.as_str()).collect();
    assert_eq!(kinds.len(), 7, "one of each kind at least: {kinds:?}");
}
