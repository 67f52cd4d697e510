//! Floor 3c: takes a macro that is written in `task`, by the root's name.

mod tcp;
use crate::{time, task};
crate::join!();
