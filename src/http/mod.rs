//! The HTTP/1.1 client.

mod error;
mod url;
mod auth;
mod request;

pub use error::{Deadline, Error, ErrorKind, Phase, Violation};
