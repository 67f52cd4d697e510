//! At the bottom.

use std::io;
