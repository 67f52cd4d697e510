//! Programs that the compiler has to refuse, each in `tests/fail` with the words in which it
//! does so beside it.
//!
//! The words are kept short on purpose: a type that is `!Send` because of an `Rc` deep inside is
//! reported with the whole way to it, which changes with every field. So each program asks for
//! the property itself, in a function of its own, and names the type that must not have it.
//!
//! Another compiler has other words, and that is no fault of hob's: there, this says that it
//! is skipped. `TRYBUILD=overwrite cargo test -p hob-models --test must_not_compile` writes the
//! words anew; read what changed before you commit it, and set [`WORDS_OF`].

use std::process::Command;

/// The compiler whose words stand in `tests/fail`.
const WORDS_OF: &str = "rustc 1.95.";

#[test]
fn what_must_not_compile_does_not() {
    let rustc = std::env::var_os("RUSTC").unwrap_or("rustc".into());
    let version = Command::new(rustc).arg("--version").output();
    let version = version.expect("whoever ran cargo has a rustc").stdout;
    let version = String::from_utf8_lossy(&version);
    if !version.starts_with(WORDS_OF) && std::env::var_os("TRYBUILD").is_none() {
        println!("skipped: these are the words of {WORDS_OF}x, and this is {version}");
        return;
    }
    trybuild::TestCases::new().compile_fail("tests/fail/*.rs");
}
