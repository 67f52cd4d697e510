//! Proofs of the HTTP client that need heavy tools or servers of other people, kept out of the
//! root package so that nobody else builds them.
//!
//! A server that is not installed is said to be missing, and its tests pass; with
//! `HOB_PEERS=required` in the environment they fail instead.
//!
//! Here is what the tests share: the bad network of `examples/chaos_proxy` (the same files, not
//! a copy) and [`origin`], an honest server to put behind it, with or without TLS
//! ([`terminator`]); [`servers`] of other people, which
//! give the files of a [`site`], each a [`peer`].

#![forbid(unsafe_code)]

#[path = "../../../examples/chaos_proxy/plan.rs"]
pub mod plan;
#[path = "../../../examples/chaos_proxy/proxy.rs"]
pub mod proxy;

pub mod origin;
pub mod terminator;
#[cfg(unix)]
pub mod peer;
pub mod site;
#[cfg(unix)]
pub mod servers;
