//! Floor 4: a folder with an order of its own.

mod body;
mod client;
mod conn;
mod error;
mod extra;

pub use client::Client;
pub use error::Error;
pub use ::http::StatusCode;

pub struct Version;
