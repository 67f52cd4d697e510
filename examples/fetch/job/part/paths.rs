//! What the half file of a file is called, and its sidecar.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use hob::http::shorten_file_name;

const SUFFIX: &str = ".part";
const META: &str = ".part.meta";

/// The longest name, in bytes, and room for the `~` that a sidecar has at first.
const LONGEST: usize = 255 - 1;

/// The half file of `target`. A name so long that the suffix does not fit is cut.
pub fn part_path(target: &Path) -> PathBuf {
    with_suffix(target, SUFFIX)
}

/// What is known of the half file of `target`.
pub fn meta_path(target: &Path) -> PathBuf {
    with_suffix(target, META)
}

fn with_suffix(target: &Path, suffix: &str) -> PathBuf {
    let name = target.file_name().unwrap_or_default();
    let mut name = match name.to_str() {
        // Cut alike, whatever the suffix, so that the two of them match.
        Some(name) => OsString::from(shorten_file_name(name, LONGEST - META.len())),
        None => name.to_owned(),
    };
    name.push(suffix);
    target.with_file_name(name)
}
