//! Floor 0. `crate::runtime::Runtime` in a comment or a doc link is no arrow.

use std::time::Instant;

/// ```
/// use crate::http::Client;
/// ```
pub(crate) fn now() -> Instant {
    let text = "crate::http::Client";
    let raw = r#"use crate::runtime::Runtime; ""#;
    let long = 'c'; // crate::net
    crate::trace::emit(text, raw, long); //~ later
    self::helper::help()
}

pub(in crate::clock) fn a() {}
pub(crate) fn b(at: crate::Token) {}
pub(crate) fn c() {
    crate::pin!(at);
}

mod helper {
    use crate::runtime::Runtime; //~ up
    pub(super) fn help() {
        super::super::net::listen(); //~ up
        super::now()
    }
}
