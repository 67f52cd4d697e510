//! Floor 1: an organ.

use crate::clock;
use crate::reactor::Reactor; //~ organ
use crate::{clock::now, timers::{Timers, TimerKey}, trace}; //~ organ
use super::runtime; //~ up
use {super::trace::emit, crate::task::JoinSet}; //~ up
use crate::*; //~ whole
use crate as root; //~ whole
use crate::no_such_name; //~ untraced

macro_rules! poll {
    ($x:expr) => {
        $crate::runtime::poll($x) //~ up
    };
}

fn f() -> impl Future + use<> {
    let now = crate::clock!(); //~ up
    crate::run(async {}) //~ up
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::block_on; //~ untraced
    use crate::Runtime; //~ up

    mod deeper {
        use super::super::poll;
        use super::super::super::time::sleep; //~ up
    }
}

fn after_the_tests() {
    super::time::sleep() //~ up
}
