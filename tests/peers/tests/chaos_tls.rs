//! Thousands of downloads over a bad network, with TLS from end to end: whatever is delayed, lost,
//! cut, said twice or flipped on the way, what the client takes for a file is the file.
//!
//! Without TLS a flipped bit in a body is seen by whoever knows a digest; here nobody has to. Also
//! what has no length is whole: its end is sealed as well (RFC 8446 §6.1). Scenarios, and how to
//! repeat one, are told in `chaos_support`. The file holds one test, because descriptors are
//! counted and belong to the whole process.

#![cfg(unix)]

mod chaos_support;
mod tls_support;

use std::sync::{Arc, OnceLock};

use chaos_support::{Setting, run, were_many};
use hob::http::{Client, ClientBuilder};
use tls_support::Ca;

fn ca() -> &'static Ca {
    static CA: OnceLock<Ca> = OnceLock::new();
    CA.get_or_init(Ca::new)
}

fn client() -> ClientBuilder {
    Client::builder().add_root_certificates(ca().roots())
}

/// Broken by: taking an end without `close_notify` for the end of a body that has no length.
#[test]
fn no_download_over_tls_is_wrong() {
    let mut config = ca().good().config();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    let told = run(Setting {
        test: "chaos_tls",
        scheme: "https",
        tls: Some(Arc::new(config)),
        client,
    });
    let only = ["right", "an error"];
    assert!(told.keys().all(|kind| only.contains(kind)), "{told:?}");
    assert!(!were_many(&told) || told.len() == only.len(), "{told:?}");
}
