//! Floor 1: a good citizen.

use crate::{clock, trace::{self, emit}};

#[macro_export]
macro_rules! offload {
    () => { $crate::blocking::run() };
}
