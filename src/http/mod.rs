//! The HTTP/1.1 client.

mod error;
mod url;
mod auth;
mod request;
mod head;
mod body;
mod chunked;
mod redirect;
mod buffer;
mod deadline;
mod conn;
mod connect;
mod pool;
pub use error::{Deadline, Error, ErrorKind, Phase, Violation};
#[cfg(test)]
mod vectors;
