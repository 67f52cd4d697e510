//! A file without a place in the order. //~ unlisted
