//! Floor 3b.

use crate::task;
use crate::net; //~ later
use crate::timers::Timers;
