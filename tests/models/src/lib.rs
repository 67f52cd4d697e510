//! Proofs that need heavy tools, kept out of the root package so that nobody else builds them.
//!
//! - `tests/*_model.rs`: random programs of calls, run against hob's type and against a plain model
//!   of it (a `VecDeque` and some counters) at once; after each call both must tell the same.
//! - `tests/must_not_compile.rs`: programs in `tests/fail` that the compiler has to refuse, and
//!   the words it refuses them with.

#![forbid(unsafe_code)]
