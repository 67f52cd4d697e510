//! The clocks that a request runs against.
//!
//! Each wait of a request has a limit of its own (connecting, the first byte, the next bytes),
//! and the whole has one, too. An [`Alarm`] belongs to one request and minds whichever of the
//! two comes first. Beside that it may watch the speed of bodies ([`Speed`]).
//!
//! Law: most polls of a busy connection find data and wait for nothing. Consequence: the alarm
//! is set only when the thing it guards had to wait, and taken down as soon as that was ready.
//! A download that is never kept waiting reads no clock. Price: a limit counts from the first
//! poll that had to wait, some microseconds after the asking.
//!
//! Law: a clock says that time went by, not whose fault that was. A program that computes for a
//! minute finds each alarm rung, and the bytes that it waited for have been in the kernel all
//! the time. The loop does ask the kernel before it lets alarms ring, but it takes only so many
//! events at once, and ours may be among the rest. Consequence: before a peer is blamed, the
//! alarm asks about this very socket ([`Alarm::is_hasty`]), and one that rings late rings
//! twice. The deadline for the whole asks nobody: it is about the caller's time.
//!
//! This file is long because its tests bring a connection of their own.

mod speed;

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use crate::clock;
use crate::coop;
use crate::http::error::{Deadline, ErrorKind};
use crate::time::{Sleep, sleep_until};
use speed::Speed;

pub(crate) use speed::LowSpeed;

/// An alarm that is noticed so much after its time was not waited for by anybody.
const LATE: Duration = Duration::from_millis(50);

/// Long enough for the loop to ask the kernel, and short beside every deadline.
const SECOND_LOOK: Duration = Duration::from_millis(1);

/// The limits of a client. `None`: no limit.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) connect: Option<Duration>,
    pub(crate) tls: Option<Duration>,
    pub(crate) first_byte: Option<Duration>,
    pub(crate) idle: Option<Duration>,
    pub(crate) low_speed: Option<LowSpeed>,
    pub(crate) total: Option<Duration>,
}

/// What an alarm asks of a connection that is waited for.
pub(crate) trait Flow {
    /// The bytes that moved in this exchange, in both directions.
    fn moved(&self) -> u64;
    /// Is something to be read? The kernel is asked, whatever the loop knows.
    fn has_news(&self) -> bool;
}

/// What is waited for where there is no connection yet.
struct NoFlow;

pub(crate) struct Alarm {
    limits: Limits,
    /// When the whole must be over.
    end: Option<Instant>,
    /// Set while something is being waited for.
    set: Option<Set>,
    /// Made anew for each exchange, if there is a limit to low speed.
    speed: Option<Speed>,
    /// Set while bytes of a body are being waited for, if `speed` is.
    slow: Option<Slow>,
}

/// An alarm that was set, and what it means when it rings.
struct Set {
    sleep: Sleep,
    at: Instant,
    deadline: Deadline,
    after: Duration,
    /// It was noticed late before.
    is_second: bool,
}

/// A wait for bytes, and when it makes the body too slow.
struct Slow {
    since: Instant,
    at: Instant,
    sleep: Sleep,
}

impl Alarm {
    /// For a request that begins now.
    pub(crate) fn new(limits: Limits) -> Alarm {
        Alarm {
            limits,
            end: limits.total.map(clock::after),
            set: None,
            speed: None,
            slow: None,
        }
    }

    /// What is left until the deadline for the whole. `None`: there is none.
    pub(crate) fn left(&self) -> Option<Duration> {
        let end = self.end?;
        Some(end.saturating_duration_since(clock::now()))
    }

    /// A connection begins to move bytes, from 0 on.
    pub(crate) fn begin_flow(&mut self) {
        self.speed = self.limits.low_speed.map(Speed::new);
    }

    /// Lets `op` run, until its end or that of `deadline`, or of the whole.
    pub(crate) async fn guard<T, E: From<ErrorKind>>(
        &mut self,
        deadline: Deadline,
        mut op: impl FnMut(&mut Context<'_>) -> Poll<Result<T, E>>,
    ) -> Result<T, E> {
        self.guard_flow(deadline, &mut NoFlow, |_, cx| op(cx)).await
    }

    /// [`Alarm::guard`] for what `flow` does, with an eye on its bytes.
    pub(crate) async fn guard_flow<F: Flow, T, E: From<ErrorKind>>(
        &mut self,
        deadline: Deadline,
        flow: &mut F,
        mut op: impl FnMut(&mut F, &mut Context<'_>) -> Poll<Result<T, E>>,
    ) -> Result<T, E> {
        debug_assert!(self.set.is_none(), "each wait takes down what it set");
        poll_fn(|cx| {
            let result = op(flow, cx);
            self.judge(cx, deadline, flow, result)
        })
        .await
    }

    /// To be asked with what an operation of `flow` said just now: turns `Pending` into an
    /// error once the time is over. An alarm that is set stands until the operation is ready,
    /// whatever becomes of the future that polls it.
    pub(crate) fn judge<T, E: From<ErrorKind>>(
        &mut self,
        cx: &mut Context<'_>,
        deadline: Deadline,
        flow: &impl Flow,
        result: Poll<Result<T, E>>,
    ) -> Poll<Result<T, E>> {
        if result.is_ready() {
            self.set = None;
            self.nobody_waits();
            if let Some(speed) = &mut self.speed {
                speed.moved(flow.moved());
            }
            return result;
        }
        if self.set.is_none() {
            self.set = self.next(deadline);
        }
        if self.slow.is_none() && deadline == Deadline::Idle {
            self.slow = self.speed.as_ref().map(Slow::watch);
        }
        let Some(error) = self.poll_rung(cx) else {
            return Poll::Pending;
        };
        if self.is_hasty(cx, &error, flow) {
            return Poll::Pending;
        }
        (self.set, self.slow) = (None, None); // There may be another try.
        Poll::Ready(Err(error.into()))
    }

    /// Whoever waited does not for now, so the time that goes by is not the peer's. The
    /// deadlines run on: they are promises to the caller.
    pub(crate) fn nobody_waits(&mut self) {
        if let (Some(slow), Some(speed)) = (self.slow.take(), &mut self.speed) {
            speed.waited(clock::now().saturating_duration_since(slow.since));
        }
    }

    /// What has rung, if anything has.
    fn poll_rung(&mut self, cx: &mut Context<'_>) -> Option<ErrorKind> {
        // Even if the operation spent the budget: a deadline must be seen (trap 30).
        let mut has_rung =
            |sleep: &mut Sleep| coop::poll_unconstrained(Pin::new(sleep), cx).is_ready();
        if let Some(set) = &mut self.set
            && has_rung(&mut set.sleep)
        {
            return Some(set.rung());
        }
        let slow = self.slow.as_mut()?;
        let limit = self.speed.as_ref()?.limit();
        has_rung(&mut slow.sleep).then_some(ErrorKind::TooSlow {
            bytes_per_second: limit.bytes_per_second,
            over: limit.over,
        })
    }

    /// Would `error` blame the peer for what may be our own doing? Then both alarms ring once
    /// more a moment later, after the loop asked the kernel.
    fn is_hasty(&mut self, cx: &mut Context<'_>, error: &ErrorKind, flow: &impl Flow) -> bool {
        let is_total =
            matches!(error, ErrorKind::Timeout { deadline, .. } if *deadline == Deadline::Total);
        let is_over = self.left().is_some_and(|left| left.is_zero());
        if is_total || is_over {
            return false;
        }
        let is_late = self.set.as_mut().is_some_and(Set::is_late_first);
        if !is_late && !flow.has_news() {
            return false;
        }
        // Not earlier than they were to ring anyway: perhaps only one of them has.
        let soon = clock::after(SECOND_LOOK);
        let set = self.set.as_mut().map(|set| (&mut set.sleep, set.at));
        let slow = self.slow.as_mut().map(|slow| (&mut slow.sleep, slow.at));
        for (sleep, at) in set.into_iter().chain(slow) {
            *sleep = sleep_until(soon.max(at));
            // Over already, if the thread had to wait that long for its processor. Then no timer
            // will wake us.
            if coop::poll_unconstrained(Pin::new(sleep), cx).is_ready() {
                cx.waker().wake_by_ref();
            }
        }
        true
    }

    /// The next thing to ring, if `deadline` begins to run now.
    fn next(&self, deadline: Deadline) -> Option<Set> {
        let own = match deadline {
            Deadline::Connect => self.limits.connect,
            Deadline::Tls => self.limits.tls,
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
            at,
            deadline,
            after,
            is_second: false,
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

    /// Was it noticed late, for the first time? Only once: a program that is always late would
    /// never see the deadline.
    fn is_late_first(&mut self) -> bool {
        let is_late = clock::now().saturating_duration_since(self.at) > LATE;
        is_late && !std::mem::replace(&mut self.is_second, is_late)
    }
}

impl Slow {
    fn watch(speed: &Speed) -> Slow {
        let since = clock::now();
        let at = clock::later(since, speed.patience());
        let sleep = sleep_until(at);
        Slow { since, at, sleep }
    }
}

impl Flow for NoFlow {
    fn moved(&self) -> u64 {
        0
    }

    fn has_news(&self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::task::ready;

    const NONE: Limits = Limits {
        connect: None,
        tls: None,
        first_byte: None,
        idle: None,
        low_speed: None,
        total: None,
    };

    /// A connection of which the loop has not heard that something came.
    struct Unheard {
        polls: u32,
        has_news: bool,
    }

    impl Flow for Unheard {
        fn moved(&self) -> u64 {
            0
        }

        fn has_news(&self) -> bool {
            self.has_news
        }
    }

    /// Broken by: `is_hasty` that asks only which deadline rang.
    #[test]
    fn news_of_which_nothing_ever_comes_do_not_put_off_the_deadline_for_the_whole() {
        let second = Duration::from_secs(1);
        let limits = Limits {
            idle: Some(second),
            total: Some(2 * second),
            ..NONE
        };
        let wait = async {
            let (start, mut alarm) = (clock::now(), Alarm::new(limits));
            let mut flow = Unheard {
                polls: 0,
                has_news: true,
            };
            let op = |flow: &mut Unheard, _: &mut Context<'_>| {
                flow.polls += 1;
                assert!(flow.polls < 5000, "it looks again for ever");
                Poll::Pending::<Result<(), ErrorKind>>
            };
            let result = alarm.guard_flow(Deadline::Idle, &mut flow, op).await;
            assert!(matches!(result, Err(ErrorKind::Timeout { .. })));
            clock::now() - start
        };
        let took = crate::Builder::new().virtual_time().block_on(wait);
        assert_eq!(took, 2 * second);
    }

    /// Broken by: `is_hasty` always false.
    #[test]
    fn what_has_arrived_is_read_before_the_peer_is_blamed() {
        let second = Duration::from_secs(1);
        let limits = Limits {
            idle: Some(second),
            ..NONE
        };
        for has_news in [true, false] {
            let mut flow = Unheard { polls: 0, has_news };
            let wait = async {
                let start = clock::now();
                let op = |flow: &mut Unheard, _: &mut Context<'_>| {
                    flow.polls += 1;
                    match flow.polls > 2 {
                        true => Poll::Ready(Ok::<(), ErrorKind>(())),
                        false => Poll::Pending,
                    }
                };
                let mut alarm = Alarm::new(limits);
                let result = alarm.guard_flow(Deadline::Idle, &mut flow, op).await;
                (result.is_ok(), clock::now() - start)
            };
            let (is_ok, took) = crate::Builder::new().virtual_time().block_on(wait);
            assert_eq!(is_ok, has_news);
            let wanted = if has_news {
                second + SECOND_LOOK
            } else {
                second
            };
            assert_eq!(took, wanted);
        }
    }

    /// Trap 30. Broken by: polling the alarm with what the operation left of the budget.
    #[test]
    fn an_operation_that_eats_the_whole_budget_does_not_hide_the_deadline() {
        let total = Duration::from_millis(5);
        let limits = Limits {
            connect: None,
            tls: None,
            first_byte: None,
            idle: None,
            low_speed: None,
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
