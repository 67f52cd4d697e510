//! The part of `hob::sync` that crosses threads, under the paths that it has there.

#[path = "../../../src/sync/wait_list/mod.rs"]
#[allow(dead_code, unused_imports)] // What only the primitives of one thread call is not modelled.
mod wait_list;

mod remote;
