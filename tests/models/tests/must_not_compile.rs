//! Programs that the compiler has to refuse, each in `tests/fail` with the words in which it
//! does so beside it.
//!
//! The words are kept short on purpose: a type that is `!Send` because of an `Rc` deep inside is
//! reported with the whole way to it, which changes with every field. So each program asks for
//! the property itself, in a function of its own, and names the type that must not have it.
//! After a change of compiler, `TRYBUILD=overwrite cargo test -p hob-models --test
//! must_not_compile` writes them anew; read what changed before you commit it.

#[test]
fn what_must_not_compile_does_not() {
    trybuild::TestCases::new().compile_fail("tests/fail/*.rs");
}
