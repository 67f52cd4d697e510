//! Many futures of one type, each pinned in its place, polled when they were woken.
//!
//! Law: to pin the element of a slice takes `unsafe`, or a box for each of them. Choice: eight
//! futures in one box, as the eight fields of a struct: a field can be pinned with the help of
//! `pin_project`. Price: a `match` for each poll; it saves seven of eight allocations.
//!
//! [`FEW`] children or less are simply all polled with the parent's own waker. More have wakers of
//! their own (see `child_waker`), and only those are polled that were woken, in the order of
//! their wakes; where the budget of the parent's poll ends, the rest waits for the next one.

use std::future::Future;
use std::ops::ControlFlow;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use super::child_waker::ChildWakers;
use super::fair::Order;
use super::maybe_done::MaybeDone;
use crate::coop;

/// So many are polled together, whoever of them was woken.
const FEW: u32 = 8;

pin_project! {
    /// Eight places.
    struct Eight<F: Future> {
        #[pin] a: MaybeDone<F>,
        #[pin] b: MaybeDone<F>,
        #[pin] c: MaybeDone<F>,
        #[pin] d: MaybeDone<F>,
        #[pin] e: MaybeDone<F>,
        #[pin] f: MaybeDone<F>,
        #[pin] g: MaybeDone<F>,
        #[pin] h: MaybeDone<F>,
    }
}

/// The futures, and who of them is to be polled.
pub(super) struct Children<F: Future> {
    boxes: Vec<Pin<Box<Eight<F>>>>,
    len: u32,
    /// Those that run.
    running: u32,
    /// `None` for a few.
    wakers: Option<ChildWakers>,
    /// Woken and not polled yet; more than that only while, or where, a poll was cut short.
    batch: Vec<u32>,
    /// How far the batch was polled.
    polled: usize,
}

impl<F: Future> Children<F> {
    /// # Panics
    /// If there are more than 2^32 of them.
    pub(super) fn new(futures: impl Iterator<Item = F>) -> Children<F> {
        // Fused: after its end it is asked again, to fill up the last box.
        let mut futures = futures.fuse().peekable();
        let mut boxes = Vec::with_capacity(futures.size_hint().0.div_ceil(8));
        let mut len: u32 = 0;
        while futures.peek().is_some() {
            let mut next = || {
                futures.next().map_or(MaybeDone::Taken, |future| {
                    len = len.checked_add(1).expect("fewer than 2^32 futures");
                    MaybeDone::new(future)
                })
            };
            boxes.push(Box::pin(Eight {
                a: next(),
                b: next(),
                c: next(),
                d: next(),
                e: next(),
                f: next(),
                g: next(),
                h: next(),
            }));
        }
        Children {
            boxes,
            len,
            running: len,
            wakers: None,
            batch: Vec::new(),
            polled: 0,
        }
    }

    pub(super) fn len(&self) -> u32 {
        self.len
    }

    /// How many are not done.
    pub(super) fn running(&self) -> u32 {
        self.running
    }

    /// The place of a child.
    #[inline]
    fn child(&mut self, index: u32) -> Pin<&mut MaybeDone<F>> {
        let eight = self.boxes[index as usize / 8].as_mut().project();
        match index % 8 {
            0 => eight.a,
            1 => eight.b,
            2 => eight.c,
            3 => eight.d,
            4 => eight.e,
            5 => eight.f,
            6 => eight.g,
            _ => eight.h,
        }
    }

    /// The result of a child that is done; once.
    pub(super) fn take(&mut self, index: u32) -> Option<F::Output> {
        self.child(index).take()
    }

    /// Drops all of them, and what they gave.
    pub(super) fn clear(&mut self) {
        // Taken out first: a destructor may panic, and must not run twice.
        drop(std::mem::take(&mut self.boxes));
        self.wakers = None;
        self.len = 0;
        self.running = 0;
        self.batch.clear();
        self.polled = 0;
    }

    /// Polls whoever was woken, and tells `done` of each that is done by that, until it says
    /// `Break`. Pending if it never does.
    pub(super) fn poll<R>(
        &mut self,
        cx: &mut Context<'_>,
        done: impl FnMut(&mut Self, u32) -> ControlFlow<R>,
    ) -> Poll<R> {
        if self.len <= FEW {
            self.poll_all(cx, done)
        } else {
            self.poll_woken(cx, done)
        }
    }

    fn poll_all<R>(
        &mut self,
        cx: &mut Context<'_>,
        mut done: impl FnMut(&mut Self, u32) -> ControlFlow<R>,
    ) -> Poll<R> {
        for index in Order::fair(self.len) {
            if let ControlFlow::Break(result) = self.poll_one(index, cx, &mut done) {
                return Poll::Ready(result);
            }
        }
        Poll::Pending
    }

    fn poll_woken<R>(
        &mut self,
        cx: &mut Context<'_>,
        mut done: impl FnMut(&mut Self, u32) -> ControlFlow<R>,
    ) -> Poll<R> {
        let mut first_time = false;
        // Out of `self` for as long as children are polled.
        let wakers = self.wakers.take().unwrap_or_else(|| {
            first_time = true;
            ChildWakers::new(self.len)
        });
        wakers.begin(cx, &mut self.batch);
        if first_time {
            let start = Order::fair(self.len).next().unwrap_or(0);
            self.batch.rotate_left(start as usize);
        }
        while let Some(&index) = self.batch.get(self.polled) {
            if !coop::has_budget_remaining() {
                // Each of the rest would only be told to come again.
                self.batch.drain(..self.polled);
                self.polled = 0;
                self.wakers = Some(wakers);
                coop::wake_after_kernel(cx);
                return Poll::Pending;
            }
            self.polled += 1;
            let mut cx = Context::from_waker(wakers.take(index));
            if let ControlFlow::Break(result) = self.poll_one(index, &mut cx, &mut done) {
                return Poll::Ready(result);
            }
        }
        self.batch.clear();
        self.polled = 0;
        wakers.end(cx);
        self.wakers = Some(wakers);
        Poll::Pending
    }

    #[inline]
    fn poll_one<R>(
        &mut self,
        index: u32,
        cx: &mut Context<'_>,
        done: &mut impl FnMut(&mut Self, u32) -> ControlFlow<R>,
    ) -> ControlFlow<R> {
        if !self.child(index).poll(cx) {
            return ControlFlow::Continue(());
        }
        self.running -= 1;
        done(self, index)
    }
}

impl<F: Future<Output = Result<T, E>>, T, E> Children<F> {
    /// The error of a child that is done and gave one.
    pub(super) fn take_error(&mut self, index: u32) -> Option<E> {
        self.child(index).take_error()
    }
}
