//! The futures of a queue: waiting for a place, for an item, for the end of all work.

use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use super::Queue;
use super::error::{GetError, PutError};
use crate::coop;
use crate::sync::address_of;
use crate::sync::wait_list::WaitKey;
use crate::trace::{self, WaitKind};

/// Spends a unit of the budget, or says what is waited for.
fn account<T, R>(queue: &Queue<T>, at: &'static Location<'static>, answer: &Poll<R>) {
    match answer {
        Poll::Ready(_) => coop::spend(),
        Poll::Pending => trace::waits(WaitKind::Channel, address_of(queue), at),
    }
}

/// Future of [`Queue::put`].
#[must_use = "futures do nothing unless awaited"]
pub struct Put<'a, T> {
    queue: &'a Queue<T>,
    /// Taken when it is put or given back.
    item: Option<T>,
    place: Option<WaitKey>,
    at: &'static Location<'static>,
}

impl<'a, T> Put<'a, T> {
    #[track_caller]
    pub(super) fn new(queue: &'a Queue<T>, item: T) -> Put<'a, T> {
        Put {
            queue,
            item: Some(item),
            place: None,
            at: Location::caller(),
        }
    }
}

// The item is only ever moved, never pinned.
impl<T> Unpin for Put<'_, T> {}

impl<T> Future for Put<'_, T> {
    type Output = Result<(), PutError<T>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        ready!(coop::poll_budget(cx));
        let queue = self.queue;
        let answer = queue.places.poll_acquire(1, &mut self.place, cx);
        account(queue, self.at, &answer);
        let granted = ready!(answer);
        let item = self.item.take().expect("polled again after it was ready");
        // A place granted before the queue was shut down is worth nothing after (I3).
        if !granted || queue.is_shutdown() {
            return Poll::Ready(Err(PutError(item)));
        }
        queue.insert(item);
        Poll::Ready(Ok(()))
    }
}

impl<T> Drop for Put<'_, T> {
    fn drop(&mut self) {
        self.queue.places.cancel(&mut self.place);
    }
}

/// Future of [`Queue::get`].
#[must_use = "futures do nothing unless awaited"]
pub struct Get<'a, T> {
    queue: &'a Queue<T>,
    place: Option<WaitKey>,
    at: &'static Location<'static>,
}

impl<'a, T> Get<'a, T> {
    #[track_caller]
    pub(super) fn new(queue: &'a Queue<T>) -> Get<'a, T> {
        Get {
            queue,
            place: None,
            at: Location::caller(),
        }
    }
}

impl<T> Future for Get<'_, T> {
    type Output = Result<T, GetError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        ready!(coop::poll_budget(cx));
        let queue = self.queue;
        let answer = queue.items.poll_acquire(1, &mut self.place, cx);
        account(queue, self.at, &answer);
        let permitted = ready!(answer);
        Poll::Ready(queue.take(permitted).ok_or(GetError(())))
    }
}

impl<T> Drop for Get<'_, T> {
    fn drop(&mut self) {
        self.queue.items.cancel(&mut self.place);
    }
}

/// Future of [`Queue::get_guarded`].
#[must_use = "futures do nothing unless awaited"]
pub struct GetGuarded<'a, T> {
    get: Get<'a, T>,
}

impl<'a, T> GetGuarded<'a, T> {
    #[track_caller]
    pub(super) fn new(queue: &'a Queue<T>) -> GetGuarded<'a, T> {
        let get = Get::new(queue);
        GetGuarded { get }
    }
}

impl<'a, T> Future for GetGuarded<'a, T> {
    type Output = Result<(T, TaskDone<'a, T>), GetError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let item = ready!(Pin::new(&mut self.get).poll(cx))?;
        let done = TaskDone {
            queue: self.get.queue,
        };
        Poll::Ready(Ok((item, done)))
    }
}

/// Says [`Queue::task_done`] when it is dropped. Made by [`Queue::get_guarded`].
#[must_use = "it says that the work is done when it is dropped"]
pub struct TaskDone<'a, T> {
    queue: &'a Queue<T>,
}

impl<T> Drop for TaskDone<'_, T> {
    fn drop(&mut self) {
        // Not `task_done`, which panics if it was said too often: a destructor should not.
        self.queue.finish(1);
    }
}

impl<T> fmt::Debug for TaskDone<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TaskDone")
    }
}

/// Future of [`Queue::join`].
#[must_use = "futures do nothing unless awaited"]
pub struct Join<'a, T> {
    queue: &'a Queue<T>,
    place: Option<WaitKey>,
    at: &'static Location<'static>,
}

impl<'a, T> Join<'a, T> {
    #[track_caller]
    pub(super) fn new(queue: &'a Queue<T>) -> Join<'a, T> {
        Join {
            queue,
            place: None,
            at: Location::caller(),
        }
    }
}

impl<T> Future for Join<'_, T> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        ready!(coop::poll_budget(cx));
        let queue = self.queue;
        let look = || queue.look_for_the_end();
        let answer = queue.joining.poll_until(&mut self.place, cx, look);
        account(queue, self.at, &answer);
        answer
    }
}

impl<T> Drop for Join<'_, T> {
    fn drop(&mut self) {
        self.queue.joining.leave(&mut self.place);
    }
}
