//! Floor 3c.

use crate::reactor::Source;
fn f(client: &crate::http::Client) {} //~ up

#[macro_export]
macro_rules! clock {
    () => { std::time::Instant::now() };
}
