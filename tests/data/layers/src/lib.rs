//! A crate that no compiler ever sees: each line marked `//~` is a bad arrow, of the kind that
//! the mark names, and `tests/layers.rs` must find these and no other.

mod clock;
mod trace;
mod executor;
mod timers;
mod reactor;
mod runtime;
mod task;
mod time;
mod net;
mod http;
mod mystery;

#[macro_use] //~ hidden
mod blocking;

pub use executor::{JoinHandle, spawn};
pub use crate::runtime::{Runtime, block_on as run};
pub use self::net::TcpStream;
pub use futures_lite::pin;
pub use ::mio::Token;
pub use task::*; //~ hidden
pub use futures_core::*;
