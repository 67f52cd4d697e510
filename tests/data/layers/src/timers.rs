//! Floor 1: an organ that takes another in by a name of the root.

use crate::spawn; //~ organ
use crate::{
    clock,
    JoinHandle as Handle, //~ organ
};
