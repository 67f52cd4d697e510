//! Header fields that speak of files: what a field says, or that it says nothing we can use.
//!
//! The client itself needs none of them. Who saves what it brings does: under which name
//! ([`content_disposition`], [`safe_file_name`]), which bytes of the whole these are
//! ([`ContentRange`]), of which version ([`Validators`]), and whether they are the right ones
//! ([`Digests`]). `resume.rs` makes decisions of these.
//!
//! Law: a field is a stranger's text. Consequence: each parser here takes exactly its grammar,
//! is total (no input panics, no number overflows), and answers `None` to everything else. To
//! guess what was meant would be to let the stranger choose what we do.

mod content_range;
mod digest;
mod disposition;
mod file_name;
mod validators;

pub use content_range::ContentRange;
pub use digest::Digests;
pub use disposition::content_disposition;
pub use file_name::{safe_file_name, shorten_file_name, url_file_name};
pub use validators::Validators;

use ::http::{HeaderMap, HeaderName, HeaderValue};

/// The value of a field that may be there once. Two of them are not a choice for us to make.
pub(crate) fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a HeaderValue> {
    let mut all = headers.get_all(name).iter();
    let first = all.next()?;
    all.next().is_none().then_some(first)
}
