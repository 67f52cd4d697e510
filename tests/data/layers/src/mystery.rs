//! A module that stands on no floor. //~ unlisted

use crate::clock;
