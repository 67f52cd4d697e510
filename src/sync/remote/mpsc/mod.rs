//! A channel from many senders to one receiver, in any threads.
//!
//! [`channel`] is bounded: when it is full, `send` waits, and so the slower side sets the
//! pace. [`unbounded_channel`] never lets a sender wait, and grows as long as the receiver is
//! slower. How a channel ends, and in which order messages arrive, is told at
//! [`sync::mpsc`](crate::sync::mpsc), and is the same here; so are the errors.
//!
//! ```
//! use hob::sync::remote::mpsc;
//!
//! let (sender, mut receiver) = mpsc::channel(1);
//! let thread = std::thread::spawn(move || {
//!     let mut lengths = Vec::new();
//!     while let Some(word) = receiver.blocking_recv() {
//!         lengths.push(str::len(word));
//!     }
//!     lengths
//! });
//! hob::block_on(async {
//!     for word in ["one", "three"] {
//!         sender.send(word).await.expect("the thread receives");
//!     }
//! });
//! drop(sender);
//! assert_eq!(thread.join().unwrap(), [3, 5]);
//! ```

mod wait;
mod sender;
mod receiver;

pub use crate::sync::mpsc::{SendError, TryRecvError, TrySendError};
pub use receiver::{Receiver, UnboundedReceiver};
pub use sender::{Sender, UnboundedSender};
pub use wait::{Closed, Recv, Send};

use std::panic::Location;
use std::sync::Arc;

use super::chan::Chan;

/// A channel with room for so many messages.
///
/// # Panics
/// If `capacity` is 0: there would never be a place for a message. To hand over values one
/// by one, take 1.
///
/// ```
/// let (sender, mut receiver) = hob::sync::remote::mpsc::channel(1);
/// sender.try_send("one").expect("there is a place");
/// assert!(sender.try_send("two").is_err(), "now it is full");
/// assert_eq!(receiver.try_recv(), Ok("one"));
/// ```
#[track_caller]
pub fn channel<T>(capacity: usize) -> (Sender<T>, Receiver<T>) {
    assert!(
        capacity > 0,
        "remote::mpsc::channel(0) could never hold a message: take a capacity of at least 1"
    );
    let chan = Arc::new(Chan::new(capacity));
    let receiver = Receiver::new(chan.clone(), Location::caller());
    (Sender::new(chan), receiver)
}

/// A channel that is never full. It grows as long as the receiver is slower than the senders.
///
/// ```
/// let (sender, mut receiver) = hob::sync::remote::mpsc::unbounded_channel();
/// (0..1000).for_each(|n| sender.send(n).expect("the receiver lives"));
/// assert_eq!(receiver.len(), 1000);
/// assert_eq!(receiver.try_recv(), Ok(0));
/// ```
#[track_caller]
pub fn unbounded_channel<T>() -> (UnboundedSender<T>, UnboundedReceiver<T>) {
    let chan = Arc::new(Chan::new(usize::MAX));
    let receiver = Receiver::new(chan.clone(), Location::caller());
    (UnboundedSender::new(chan), receiver)
}
