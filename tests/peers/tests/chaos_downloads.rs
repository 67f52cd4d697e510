//! Thousands of downloads over a bad network: each ends with every byte right, or with an error
//! that says what happened. None hangs, none leaves anything behind, and none is wrong in
//! silence where a length or a digest could tell.
//!
//! Scenarios, and how to repeat one, are told in `chaos_support`. The file holds one test, because
//! descriptors are counted and belong to the whole process.

#![cfg(unix)]

mod chaos_support;

use chaos_support::{Setting, run, were_many};
use hob::http::Client;

/// Broken by: `Body::eof` taking the end of the connection for the end of the chunks (wrong
/// files), or `Response::poll_advance` without its alarm (hangs).
#[test]
fn every_download_over_a_bad_network_is_right_or_says_that_it_is_not() {
    let told = run(Setting {
        test: "chaos_downloads",
        scheme: "http",
        tls: None,
        client: Client::builder,
    });
    for kind in ["right", "an error", "told by its digest"] {
        assert!(
            !were_many(&told) || told.contains_key(kind),
            "never: {kind}"
        );
    }
}
