//! Floor 1: within a folder without an order, files may name each other.

mod source;
use source::Source;
use self::source::poll_io;
