//! For tests of what is built on hob: that a future which is dropped leaves nothing behind.
//!
//! A future can be dropped at each of its `.await`s, and by everybody: a timeout, a lost
//! [`select!`](crate::select!), a scope that ends. [`cancel_at_every_poll`] drops it at all of
//! them, one after the other, and looks each time whether the runtime is as it was before. How
//! that looks, [`ledger()`] tells.
//!
//! More that tests want: virtual time ([`Builder::virtual_time`](crate::Builder::virtual_time))
//! and streams without sockets ([`io::duplex`](crate::io::duplex())).

mod ledger;
mod cancel;

pub use cancel::{cancel_at_every_poll, cancel_at_every_poll_with};
pub use ledger::{Ledger, ledger};
