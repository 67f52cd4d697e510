//! A channel that holds one value, always the newest: settings, a state, progress.
//!
//! ```
//! # hob::block_on(async {
//! use hob::sync::watch;
//!
//! let (sender, mut receiver) = watch::channel("starting");
//! hob::spawn(async move {
//!     sender.send("running").expect("somebody watches");
//!     sender.send("done").expect("somebody watches");
//! });
//! receiver.changed().await.expect("the sender lives");
//! assert_eq!(*receiver.borrow_and_update(), "done"); // "running" was never seen
//! # });
//! ```
//!
//! Every receiver sees the newest value and knows whether it has seen it before. It may miss
//! values in between: whoever needs each of them takes [`broadcast`](super::broadcast).
//!
//! **To hold what `borrow` gave holds up nobody.** A [`Ref`] is a handle of the value as it was
//! at that moment. Kept across an `.await` it goes on showing that value, while senders send
//! and others see newer ones. (In tokio it is a lock, and a `send` meanwhile waits for it, on
//! one thread for ever.) The price is memory: the old value lives as long as its last `Ref`.
//!
//! **A change is made on a copy.** [`Sender::send_modify`] clones the value, lets the closure
//! change the clone, and publishes that. So the closure may do anything, even look at this
//! channel or send into it; a panic in it changes nothing; and nobody ever sees half a change.
//! The price is the `Clone`. Where that is too dear, share an `Rc<RefCell<T>>` and send `()`.

// How the files relate: `shared` is the value and its number; `sender` and `receiver` are the
// two views of it, with the futures of each.
mod shared;
mod sender;
mod receiver;
mod error;

pub use error::{RecvError, SendError};
pub use receiver::{Changed, Receiver, WaitFor};
pub use sender::{Closed, Sender};
pub use shared::Ref;

/// A channel that holds `value`, which the receiver counts as seen.
///
/// ```
/// let (sender, receiver) = hob::sync::watch::channel(1);
/// assert_eq!(*receiver.borrow(), 1);
/// assert_eq!(receiver.has_changed(), Ok(false));
/// sender.send(2).expect("the receiver lives");
/// assert_eq!(receiver.has_changed(), Ok(true));
/// ```
#[track_caller]
pub fn channel<T>(value: T) -> (Sender<T>, Receiver<T>) {
    let sender = Sender::new(value);
    let receiver = sender.subscribe();
    (sender, receiver)
}
