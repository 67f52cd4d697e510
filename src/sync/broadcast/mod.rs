//! A channel from many senders to many receivers, each of which gets every message.
//!
//! ```
//! # hob::block_on(async {
//! use hob::sync::broadcast;
//!
//! let (sender, mut first) = broadcast::channel(16);
//! let mut second = sender.subscribe();
//! assert_eq!(sender.send("hello"), Ok(2)); // reaches two
//! assert_eq!(first.recv().await, Ok("hello"));
//! assert_eq!(second.recv().await, Ok("hello"));
//! # });
//! ```
//!
//! **Nobody waits for the slowest.** To send never waits. The channel keeps so many messages as
//! its capacity says; one more, and the oldest goes, whoever has not received it yet. That
//! receiver is told how many it missed ([`RecvError::Lagged`]) and goes on with the oldest that
//! is left. Who must not miss any takes an [`mpsc`](super::mpsc) channel for each receiver, and
//! then the slowest sets the pace.
//!
//! **A message is cloned for each receiver** but the last, who gets the original. What is dear
//! to clone is sent as an `Rc`.
//!
//! **How it ends.** When the last sender goes, each receiver gets what is left for it and then
//! [`RecvError::Closed`], for ever. While no receiver is there, [`Sender::send`] gives the
//! message back; the channel is not over with that, for [`Sender::subscribe`] makes another.

// How the files relate: `ring` is the messages and who still wants them, without any waiting;
// `chan` adds the waiting; `sender` and `receiver` are the two ends.
mod ring;
mod chan;
mod sender;
mod receiver;
mod error;

pub use error::{Lagged, RecvError, SendError, TryRecvError};
pub use receiver::{Receiver, Recv};
pub use sender::{Closed, Sender, WeakSender};

/// A channel that keeps so many messages.
///
/// # Panics
/// If `capacity` is 0: every message would be lost at once.
///
/// ```
/// use hob::sync::broadcast::{self, TryRecvError};
///
/// let (sender, mut receiver) = broadcast::channel(2);
/// for n in 1..=3 {
///     sender.send(n).expect("the receiver lives");
/// }
/// assert_eq!(receiver.try_recv(), Err(TryRecvError::Lagged(1)));
/// assert_eq!(receiver.try_recv(), Ok(2));
/// ```
#[track_caller]
pub fn channel<T: Clone>(capacity: usize) -> (Sender<T>, Receiver<T>) {
    let sender = Sender::new(capacity);
    let receiver = sender.subscribe();
    (sender, receiver)
}
