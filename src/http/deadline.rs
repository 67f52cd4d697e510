//! The clocks that a request runs against.
//!
//! Each wait of a request has a limit of its own (connecting, the first byte, the next bytes),
//! and the whole has one, too. An [`Alarm`] belongs to one request and minds whichever of the
//! two comes first.
//!
//! Law: most polls of a busy connection find data and wait for nothing. Consequence: the alarm
//! is set only when the thing it guards had to wait, and taken down as soon as that was ready.
//! A download that is never kept waiting reads no clock. Price: a limit counts from the first
//! poll that had to wait, some microseconds after the asking.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use crate::clock;
use crate::coop;
use crate::http::error::{Deadline, ErrorKind};
use crate::time::{Sleep, sleep_until};

/// The limits of a client. `None`: no limit.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) connect: Option<Duration>,
    pub(crate) first_byte: Option<Duration>,
    pub(crate) idle: Option<Duration>,
    pub(crate) total: Option<Duration>,
}

pub(crate) struct Alarm {
    limits: Limits,
    /// When the whole must be over.
    end: Option<Instant>,
    /// Set while something is being waited for.
    set: Option<Set>,
}

/// An alarm that was set, and what it means when it rings.
struct Set {
    sleep: Sleep,
    deadline: Deadline,
    after: Duration,
}

impl Alarm {
    /// For a request that begins now.
    pub(crate) fn new(limits: Limits) -> Alarm {
        Alarm {
            limits,
            end: limits.total.map(clock::after),
            set: None,
        }
    }

    /// What is left until the deadline for the whole. `None`: there is none.
    pub(crate) fn left(&self) -> Option<Duration> {
        let end = self.end?;
        Some(end.saturating_duration_since(clock::now()))
    }

    /// Lets `op` run, until its end or that of `deadline`, or of the whole.
    pub(crate) async fn guard<T, E: From<ErrorKind>>(
        &mut self,
        deadline: Deadline,
        mut op: impl FnMut(&mut Context<'_>) -> Poll<Result<T, E>>,
    ) -> Result<T, E> {
        debug_assert!(self.set.is_none(), "each wait takes down what it set");
        poll_fn(|cx| {
            let result = op(cx);
            self.judge(cx, deadline, result)
        })
        .await
    }

    /// To be asked with what an operation said just now: turns `Pending` into an error once
    /// the time is over. An alarm that is set stands until the operation is ready, whatever
    /// becomes of the future that polls it.
    pub(crate) fn judge<T, E: From<ErrorKind>>(
        &mut self,
        cx: &mut Context<'_>,
        deadline: Deadline,
        result: Poll<Result<T, E>>,
    ) -> Poll<Result<T, E>> {
        if result.is_ready() {
            self.set = None;
            return result;
        }
        if self.set.is_none() {
            self.set = self.next(deadline);
        }
        let Some(set) = &mut self.set else {
            return Poll::Pending;
        };
        // Even if the operation spent the budget: a deadline must be seen (trap 30).
        match coop::poll_unconstrained(Pin::new(&mut set.sleep), cx) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(()) => {
                let error = set.rung();
                self.set = None; // There may be another try.
                Poll::Ready(Err(error.into()))
            }
        }
    }

    /// The next thing to ring, if `deadline` begins to run now.
    fn next(&self, deadline: Deadline) -> Option<Set> {
        let own = match deadline {
            Deadline::Connect => self.limits.connect,
            Deadline::FirstByte => self.limits.first_byte,
            Deadline::Idle => self.limits.idle,
            Deadline::Total => None,
        };
        let own = own.map(|after| (clock::after(after), deadline, after));
        let whole = self.end.zip(self.limits.total);
        let whole = whole.map(|(end, after)| (end, Deadline::Total, after));
        let first = own.into_iter().chain(whole).min_by_key(|(at, ..)| *at);
        first.map(|(at, deadline, after)| Set {
            sleep: sleep_until(at),
            deadline,
            after,
        })
    }
}

impl Set {
    fn rung(&self) -> ErrorKind {
        ErrorKind::Timeout {
            deadline: self.deadline,
            after: self.after,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::task::ready;

    /// Trap 30. Broken by: polling the alarm with what the operation left of the budget.
    #[test]
    fn an_operation_that_eats_the_whole_budget_does_not_hide_the_deadline() {
        let total = Duration::from_millis(5);
        let limits = Limits {
            connect: None,
            first_byte: None,
            idle: None,
            total: Some(total),
        };
        let hang = clock::after(Duration::from_secs(20));
        let result: Result<(), ErrorKind> = crate::block_on(async {
            let mut alarm = Alarm::new(limits);
            let op = |cx: &mut Context<'_>| {
                while clock::now() < hang {
                    ready!(coop::poll_budget(cx).map(Ok::<(), ErrorKind>))?;
                    coop::spend();
                }
                Poll::Ready(Ok(()))
            };
            alarm.guard(Deadline::Idle, op).await
        });
        let error = result.expect_err("the deadline passed long before that");
        assert!(
            matches!(error, ErrorKind::Timeout { deadline: Deadline::Total, after } if after == total),
            "{error}"
        );
    }
}
