//! Reads Rust source as far as the judges need: the tree of files, and each file as tokens.
//!
//! `layers.rs` and `tidy.rs` ask "which paths, which words stand in *code*?". A search by
//! line cannot tell code from a comment, a doc example or a string, and a full parser does
//! not look into macro bodies. Tokens are what lies between: comments are gone, a string is
//! one token, and a macro's body is as visible as everything else.

#![allow(dead_code, reason = "each of the two tests uses its own part")]

use std::fs;
use std::path::{Path, PathBuf};

/// One file of the tree.
pub(crate) struct Source {
    /// Relative to the root that was read, with `/` on every platform.
    pub(crate) name: String,
    /// What stands in it.
    pub(crate) text: String,
}

impl Source {
    /// Its tokens, in order.
    pub(crate) fn tokens(&self) -> Vec<Token> {
        Lexer::new(&self.text).run()
    }
}

/// The root of the project.
pub(crate) fn project() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every `.rs` file under `root`/`folder`, sorted by name. `target` folders are skipped.
pub(crate) fn read_tree(root: &Path, folder: &str) -> Vec<Source> {
    let mut found = Vec::new();
    let mut folders = vec![root.join(folder)];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(&folder) else {
            continue;
        };
        for entry in entries {
            let path = entry.expect("a readable entry").path();
            if path.is_dir() && !path.ends_with("target") {
                folders.push(path);
            } else if path.extension().is_some_and(|ext| ext == "rs") {
                let name = path.strip_prefix(root).expect("it is below the root");
                found.push(Source {
                    name: name.to_string_lossy().replace('\\', "/"),
                    text: fs::read_to_string(&path).expect("readable UTF-8"),
                });
            }
        }
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    found
}

/// What sort of token it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A name or a keyword; `r#` is taken off.
    Word,
    /// A string, char or number; its text is left out, for it is not code.
    Literal,
    /// `::` in one, everything else character by character. Lifetimes count here too.
    Mark,
}

/// One token and the line it stands in, counted from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) kind: Kind,
    pub(crate) text: String,
    pub(crate) line: usize,
}

impl Token {
    /// Is it this keyword or mark?
    pub(crate) fn is(&self, text: &str) -> bool {
        self.kind != Kind::Literal && self.text == text
    }
}

struct Lexer {
    chars: Vec<char>,
    at: usize,
    line: usize,
    tokens: Vec<Token>,
}

impl Lexer {
    fn new(text: &str) -> Lexer {
        Lexer {
            chars: text.chars().collect(),
            at: 0,
            line: 1,
            tokens: Vec::new(),
        }
    }

    fn run(mut self) -> Vec<Token> {
        while let Some(c) = self.peek(0) {
            match (c, self.peek(1)) {
                ('/', Some('/')) => self.skip_while(|c| c != '\n'),
                ('/', Some('*')) => self.skip_block_comment(),
                ('"', _) => self.string(),
                ('\'', _) => self.char_or_lifetime(),
                (':', Some(':')) => self.mark(2),
                _ if c.is_whitespace() => self.skip(1),
                _ if c.is_ascii_digit() => self.number(),
                _ if is_word(c) => self.word(),
                _ => self.mark(1),
            }
        }
        self.tokens
    }

    fn peek(&self, ahead: usize) -> Option<char> {
        self.chars.get(self.at + ahead).copied()
    }

    /// Steps over `count` characters, counting lines.
    fn skip(&mut self, count: usize) {
        let end = (self.at + count).min(self.chars.len());
        self.line += self.chars[self.at..end]
            .iter()
            .filter(|&&c| c == '\n')
            .count();
        self.at = end;
    }

    fn skip_while(&mut self, goes_on: impl Fn(char) -> bool) {
        while self.peek(0).is_some_and(&goes_on) {
            self.skip(1);
        }
    }

    fn push(&mut self, kind: Kind, text: String, line: usize) {
        self.tokens.push(Token { kind, text, line });
    }

    fn mark(&mut self, length: usize) {
        let text = self.chars[self.at..self.at + length].iter().collect();
        self.push(Kind::Mark, text, self.line);
        self.skip(length);
    }

    /// Block comments nest.
    fn skip_block_comment(&mut self) {
        let mut depth = 0;
        while self.peek(0).is_some() {
            match (self.peek(0), self.peek(1)) {
                (Some('/'), Some('*')) => {
                    depth += 1;
                    self.skip(2);
                }
                (Some('*'), Some('/')) => {
                    depth -= 1;
                    self.skip(2);
                    if depth == 0 {
                        return;
                    }
                }
                _ => self.skip(1),
            }
        }
    }

    /// A string whose quote is the next character.
    fn string(&mut self) {
        self.push(Kind::Literal, String::new(), self.line);
        self.skip(1);
        while let Some(c) = self.peek(0) {
            self.skip(if c == '\\' { 2 } else { 1 });
            if c == '"' {
                return;
            }
        }
    }

    /// A raw string, at its hashes or its quote.
    fn raw_string(&mut self) {
        self.push(Kind::Literal, String::new(), self.line);
        let start = self.at;
        self.skip_while(|c| c == '#');
        let hashes = self.at - start;
        self.skip(1);
        while self.peek(0).is_some() {
            let closes =
                self.peek(0) == Some('"') && (1..=hashes).all(|n| self.peek(n) == Some('#'));
            if closes {
                self.skip(1 + hashes);
                return;
            }
            self.skip(1);
        }
    }

    fn char_or_lifetime(&mut self) {
        if self.peek(1) != Some('\\') && self.peek(2) != Some('\'') {
            let line = self.line;
            self.skip(1);
            self.skip_while(is_word);
            self.push(Kind::Mark, "'".into(), line);
            return;
        }
        self.push(Kind::Literal, String::new(), self.line);
        self.skip(1);
        while let Some(c) = self.peek(0) {
            self.skip(if c == '\\' { 2 } else { 1 });
            if c == '\'' {
                return;
            }
        }
    }

    fn number(&mut self) {
        self.push(Kind::Literal, String::new(), self.line);
        self.skip_while(is_word);
        let fraction =
            self.peek(0) == Some('.') && self.peek(1).is_some_and(|c| c.is_ascii_digit());
        if fraction {
            self.skip(1);
            self.skip_while(is_word);
        }
    }

    /// A word, unless it turns out to be the prefix of a literal: `b"…"`, `r#"…"#`, `b'…'`.
    fn word(&mut self) {
        let line = self.line;
        let start = self.at;
        self.skip_while(is_word);
        let text: String = self.chars[start..self.at].iter().collect();
        let raw = matches!(text.as_str(), "r" | "br" | "cr");
        let prefix = raw || matches!(text.as_str(), "b" | "c");
        match (self.peek(0), self.peek(1)) {
            (Some('"'), _) if raw => self.raw_string(),
            (Some('#'), Some('"' | '#')) if raw => self.raw_string(),
            (Some('"'), _) if prefix => self.string(),
            (Some('\''), _) if text == "b" => self.char_or_lifetime(),
            // `r#type`: the word itself follows.
            (Some('#'), Some(c)) if text == "r" && is_word(c) => self.skip(1),
            _ => self.push(Kind::Word, text, line),
        }
    }
}

fn is_word(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}

#[test]
fn only_code_becomes_tokens() {
    let text = r##"
        // a::b  "
        /* x::y /* nested */ ' */
        use p::q; /// doc r::s
        let c = ['"', '\'', b'x', '\u{7f}']; let l: &'static str = "u::v \" //";
        let raw = (r"w::x\", r#"y::"z"#, br"\", 1.5e3, 0..9, r#type);
        end
    "##;
    let source = Source {
        name: String::new(),
        text: text.into(),
    };
    let tokens = source.tokens();
    let words: Vec<&str> = tokens
        .iter()
        .filter(|token| token.kind == Kind::Word)
        .map(|token| token.text.as_str())
        .collect();
    assert_eq!(words.join(" "), "use p q let c let l str let raw type end");
    let literals = tokens.iter().filter(|t| t.kind == Kind::Literal).count();
    assert_eq!(literals, 4 + 1 + 3 + 3);
    assert_eq!(tokens.last().expect("`end`").line, 7);
}
