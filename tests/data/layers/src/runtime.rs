//! Floor 2: knows all four, and nobody above.

use crate::{blocking, executor, reactor, timers};
use crate::net::TcpStream; //~ up

fn f() {
    crate::offload!();
}
