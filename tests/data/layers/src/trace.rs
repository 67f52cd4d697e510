//! Floor 0, behind `clock` in the list: this arrow is good.

use crate::clock::now;

#[path = "elsewhere.rs"] //~ hidden
mod elsewhere;

include!("generated.rs"); //~ hidden
extern crate self as hob; //~ hidden

fn f() {
    hob::time::sleep(now()) //~ up
}
