//! A channel from many senders to one receiver.
//!
//! [`channel`] is bounded: when it is full, `send` waits, and so the slower side sets the
//! pace (this is what *backpressure* means). [`unbounded_channel`] never lets a sender wait,
//! and grows as long as the receiver is slower: take it only where something else limits the
//! number of messages.
//!
//! ```
//! # hob::block_on(async {
//! use hob::sync::mpsc;
//!
//! let (sender, mut receiver) = mpsc::channel(2);
//! hob::spawn(async move {
//!     for n in 1..=4 {
//!         sender.send(n).await.expect("the receiver lives");
//!     }
//! });
//! let mut sum = 0;
//! while let Some(n) = receiver.recv().await {
//!     sum += n;
//! }
//! assert_eq!(sum, 10);
//! # });
//! ```
//!
//! **How a channel ends.** When the last sender is dropped, the receiver gets what is still
//! in the channel and then `None`, for ever. When the receiver is dropped or says
//! [`close`](Receiver::close), senders get their message back in an error; those that wait
//! for a place, too. A [`Permit`] that was given out before stays good. Nothing that was sent
//! is lost while the receiver lives, and a channel that is over stays over.
//!
//! **Order.** Messages arrive in the order in which they were sent; senders that wait get
//! their places in the order in which they began to.
//!
//! The receiver is a [`Stream`](futures_core::Stream), so everything that works on streams
//! works on it.

mod chan;
mod wait;
mod permit;
mod bounded;
mod receiver;
mod unbounded;
mod weak;
mod error;

pub use bounded::{Sender, channel};
pub use error::{SendError, SendTimeoutError, TryRecvError, TrySendError};
pub use permit::{OwnedPermit, Permit, PermitIterator, Reserve, ReserveMany, ReserveOwned};
pub use receiver::Receiver;
pub use unbounded::{UnboundedReceiver, UnboundedSender, unbounded_channel};
pub use wait::{Closed, Recv, RecvMany, Send, SendTimeout};
pub use weak::{WeakSender, WeakUnboundedSender};
