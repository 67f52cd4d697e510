//! Many requests to one function, their answers in order: [`Map`].

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::iter::Fuse;
use std::marker::PhantomData;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use serde_core::Serialize;
use serde_core::de::DeserializeOwned;

use super::{Pool, PoolError, Shared, frame};
use crate::executor::JoinHandle;
use crate::task;

/// The stream of [`Pool::map`](super::Pool::map).
///
/// *Cancel safety*: waiting for the next answer may be given up. Dropping the stream gives up
/// all jobs that were begun.
#[must_use = "streams do nothing unless polled"]
pub struct Map<'a, I: Iterator, Resp> {
    shared: Rc<Shared>,
    name: String,
    requests: Fuse<I>,
    /// Begun, in the order of the requests. Tasks, so that they go on while nobody polls us.
    begun: VecDeque<Begun>,
    _pool: PhantomData<&'a Pool>,
    _answer: PhantomData<fn() -> Resp>,
}

/// A job that is given up with the stream.
struct Begun(JoinHandle<Result<Vec<u8>, PoolError>>);

impl Drop for Begun {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl<I: Iterator, Resp> Map<'_, I, Resp> {
    pub(super) fn new(shared: &Rc<Shared>, name: &str, requests: I) -> Self {
        Map {
            shared: shared.clone(),
            name: name.into(),
            requests: requests.fuse(),
            begun: VecDeque::new(),
            _pool: PhantomData,
            _answer: PhantomData,
        }
    }

    /// So many are begun ahead: one for each worker, and one more, so that none stands idle
    /// because the answer at the front is late.
    fn ahead(&self) -> usize {
        self.shared.config.workers * 2
    }
}

/// Nothing in here is pinned.
impl<I: Iterator, Resp> Unpin for Map<'_, I, Resp> {}

impl<I, Resp> Stream for Map<'_, I, Resp>
where
    I: Iterator<Item: Serialize>,
    Resp: DeserializeOwned,
{
    type Item = Result<Resp, PoolError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        while this.begun.len() < this.ahead() {
            let Some(request) = this.requests.next() else {
                break;
            };
            let request = frame::request(&this.name, &request, this.shared.config.max_frame_bytes);
            let shared = this.shared.clone();
            let job = task::spawn(async move { shared.ask(request?).await });
            this.begun.push_back(Begun(job));
        }
        let Some(front) = this.begun.front_mut() else {
            return Poll::Ready(None);
        };
        let answer = ready!(Pin::new(&mut front.0).poll(cx));
        this.begun.pop_front();
        let answer = answer.unwrap_or_else(|error| Err(PoolError::Io(io::Error::from(error))));
        Poll::Ready(Some(answer.and_then(|answer| frame::decode(&answer))))
    }
}

impl<I: Iterator, Resp> fmt::Debug for Map<'_, I, Resp> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Map")
            .field("begun", &self.begun.len())
            .finish_non_exhaustive()
    }
}
