//! The HTTP/1.1 client.

mod error;
mod url;
mod auth;
mod request;
mod head;
mod body;
mod chunked;
mod redirect;
pub use error::{Deadline, Error, ErrorKind, Phase, Violation};
#[cfg(test)]
mod vectors;
