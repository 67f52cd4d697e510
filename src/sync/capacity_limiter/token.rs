//! Tokens, which give themselves back when they are dropped, and the futures that wait for
//! them.

use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use super::{AlreadyBorrows, Borrower, CapacityLimiter, Standing, Wish, running_task};

/// What both futures are, but for who owns the limiter.
#[derive(Debug)]
pub(super) struct Claim {
    /// `None` until the first poll: then it is the task that polls.
    borrower: Option<Borrower>,
    wish: Wish,
    /// From the first poll until it is ready: then the token answers for the entry.
    in_books: bool,
}

impl Claim {
    #[track_caller]
    pub(super) fn new(borrower: Option<Borrower>) -> Claim {
        Claim {
            borrower,
            wish: Wish::new(1),
            in_books: false,
        }
    }

    fn poll(
        &mut self,
        limiter: &CapacityLimiter,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Borrower, AlreadyBorrows>> {
        let borrower = *self.borrower.get_or_insert_with(running_task);
        if !self.in_books {
            if limiter.books.borrow().contains_key(&borrower) {
                return Poll::Ready(Err(AlreadyBorrows(())));
            }
            limiter.note(borrower, Standing::Waits);
            self.in_books = true;
        }
        let open = ready!(self.wish.poll(&limiter.gate, cx));
        debug_assert!(open, "nobody closes the gate of a limiter");
        limiter.note(borrower, Standing::Holds);
        self.in_books = false;
        Poll::Ready(Ok(borrower))
    }

    fn cancel(&mut self, limiter: &CapacityLimiter) {
        let (true, Some(borrower)) = (self.in_books, self.borrower) else {
            return;
        };
        limiter.strike_out(borrower);
        if self.wish.give_up(&limiter.gate) > 0 {
            limiter.give_back(); // not to the gate itself: it may be owed
        }
    }
}

/// Future of [`CapacityLimiter::acquire`] and its kin.
#[derive(Debug)]
#[must_use = "futures do nothing unless awaited"]
pub struct AcquireToken<'a> {
    limiter: &'a CapacityLimiter,
    claim: Claim,
}

impl<'a> AcquireToken<'a> {
    pub(super) fn new(limiter: &'a CapacityLimiter, claim: Claim) -> AcquireToken<'a> {
        AcquireToken { limiter, claim }
    }
}

impl<'a> Future for AcquireToken<'a> {
    type Output = Result<CapacityToken<'a>, AlreadyBorrows>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let limiter = self.limiter;
        let borrower = ready!(self.claim.poll(limiter, cx))?;
        Poll::Ready(Ok(CapacityToken::new(limiter, borrower)))
    }
}

impl Drop for AcquireToken<'_> {
    fn drop(&mut self) {
        self.claim.cancel(self.limiter);
    }
}

/// Future of [`CapacityLimiter::acquire_owned`] and its kin.
#[derive(Debug)]
#[must_use = "futures do nothing unless awaited"]
pub struct AcquireTokenOwned {
    limiter: Rc<CapacityLimiter>,
    claim: Claim,
}

impl AcquireTokenOwned {
    pub(super) fn new(limiter: Rc<CapacityLimiter>, claim: Claim) -> AcquireTokenOwned {
        AcquireTokenOwned { limiter, claim }
    }
}

impl Future for AcquireTokenOwned {
    type Output = Result<OwnedCapacityToken, AlreadyBorrows>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let borrower = ready!(this.claim.poll(&this.limiter, cx))?;
        Poll::Ready(Ok(OwnedCapacityToken {
            limiter: this.limiter.clone(),
            borrower,
        }))
    }
}

impl Drop for AcquireTokenOwned {
    fn drop(&mut self) {
        self.claim.cancel(&self.limiter);
    }
}

/// A token of a [`CapacityLimiter`], given back when this is dropped.
#[derive(Debug)]
#[must_use = "a token that is dropped at once permits nothing"]
pub struct CapacityToken<'a> {
    limiter: &'a CapacityLimiter,
    borrower: Borrower,
}

impl<'a> CapacityToken<'a> {
    /// For who has just taken one from the gate, and is in the books with it.
    pub(super) fn new(limiter: &'a CapacityLimiter, borrower: Borrower) -> CapacityToken<'a> {
        CapacityToken { limiter, borrower }
    }

    /// Who holds it.
    pub fn borrower(&self) -> Borrower {
        self.borrower
    }
}

impl Drop for CapacityToken<'_> {
    fn drop(&mut self) {
        self.limiter.strike_out(self.borrower);
        self.limiter.give_back();
    }
}

/// A token of a [`CapacityLimiter`] in an `Rc`, given back when this is dropped.
#[derive(Debug)]
#[must_use = "a token that is dropped at once permits nothing"]
pub struct OwnedCapacityToken {
    limiter: Rc<CapacityLimiter>,
    borrower: Borrower,
}

impl OwnedCapacityToken {
    /// Who holds it.
    pub fn borrower(&self) -> Borrower {
        self.borrower
    }
}

impl Drop for OwnedCapacityToken {
    fn drop(&mut self) {
        self.limiter.strike_out(self.borrower);
        self.limiter.give_back();
    }
}
