//! Several addresses, one connection: Happy Eyeballs (RFC 8305).
//!
//! Law: a host has several addresses, some of them may be dead, and a dead one mostly does not
//! say so: it stays silent for minutes. Consequence: waiting for one before trying the next
//! makes a host with a dead IPv6 address look dead, though its IPv4 address would answer at
//! once. Choice: attempts overlap, a quarter of a second apart; the first to connect wins, and
//! the others are dropped, which closes their sockets.
//!
//! ```text
//!   0 ms      250 ms     500 ms
//!   [v6] ────────────────────────────── silent ·································· dropped
//!             [v4] ── refused
//!                     [v6'] ──────── connected: it wins     (started at once, §5)
//! ```
//!
//! - R1: the order is the resolver's (RFC 6724), with the families taking turns (§4).
//! - R2: the next attempt starts [`DELAY`] after the one before, or at once when one fails.
//! - R3: at most [`MOST`] are under way. One more ends the oldest, which has had its time.
//!
//! It knows no socket: whoever calls it says how to connect. Not here: asking for both families
//! separately and starting before both answers came (§3). The system's resolver gives them
//! together.

use std::collections::VecDeque;
use std::fmt;
use std::future::{Future, poll_fn};
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use crate::time::{Sleep, sleep};

/// Connection Attempt Delay, as RFC 8305 §5 recommends it.
const DELAY: Duration = Duration::from_millis(250);

/// Attempts at once. With more addresses than that, each has four seconds.
const MOST: usize = 16;

/// How many failures an error tells apart.
const TOLD: usize = 8;

/// Lets the families take turns, beginning with that of the first address (R1).
pub(super) fn interleave(addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let count = addresses.len();
    let first_is_v6 = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let (first, second): (Vec<_>, Vec<_>) = addresses
        .into_iter()
        .partition(|address| address.is_ipv6() == first_is_v6);
    let (mut first, mut second) = (first.into_iter(), second.into_iter());
    let mut turns = Vec::with_capacity(count);
    while turns.len() < count {
        turns.extend(first.next());
        turns.extend(second.next());
    }
    turns
}

/// The first of `addresses` that `connect` succeeds with, tried in this order; or how each of
/// them failed.
pub(super) async fn race<T, C, F>(
    addresses: Vec<SocketAddr>,
    connect: C,
) -> Result<(T, SocketAddr), Losses>
where
    C: FnMut(SocketAddr) -> F,
    F: Future<Output = io::Result<T>>,
{
    let mut race = Race {
        waiting: addresses.into(),
        connect,
        running: VecDeque::new(),
        losses: Losses(Vec::new()),
        delay: None,
    };
    poll_fn(|cx| race.poll(cx)).await
}

struct Race<C, F> {
    /// Addresses that were not tried yet.
    waiting: VecDeque<SocketAddr>,
    connect: C,
    /// The oldest in front.
    running: VecDeque<(SocketAddr, Pin<Box<F>>)>,
    losses: Losses,
    /// Until the next attempt may start. `None`: at once.
    delay: Option<Sleep>,
}

impl<T, C, F> Race<C, F>
where
    C: FnMut(SocketAddr) -> F,
    F: Future<Output = io::Result<T>>,
{
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<(T, SocketAddr), Losses>> {
        loop {
            if let Some(won) = self.poll_running(cx) {
                return Poll::Ready(Ok(won));
            }
            if self.running.is_empty() && self.waiting.is_empty() {
                return Poll::Ready(Err(std::mem::take(&mut self.losses)));
            }
            if !self.is_next_due(cx) {
                return Poll::Pending;
            }
            self.start_next();
        }
    }

    fn poll_running(&mut self, cx: &mut Context<'_>) -> Option<(T, SocketAddr)> {
        let mut index = 0;
        while let Some((address, attempt)) = self.running.get_mut(index) {
            let address = *address;
            match attempt.as_mut().poll(cx) {
                Poll::Pending => index += 1,
                Poll::Ready(Ok(won)) => return Some((won, address)),
                Poll::Ready(Err(error)) => {
                    self.running.remove(index);
                    self.losses.0.push((address, error));
                    self.delay = None; // R2
                }
            }
        }
        None
    }

    fn is_next_due(&mut self, cx: &mut Context<'_>) -> bool {
        if self.waiting.is_empty() {
            return false;
        }
        match &mut self.delay {
            Some(delay) => Pin::new(delay).poll(cx).is_ready(),
            None => true,
        }
    }

    fn start_next(&mut self) {
        let Some(address) = self.waiting.pop_front() else {
            return;
        };
        if self.running.len() == MOST
            && let Some((oldest, _)) = self.running.pop_front()
        {
            self.losses.0.push((oldest, silent())); // R3
        }
        let attempt = Box::pin((self.connect)(address));
        self.running.push_back((address, attempt));
        self.delay = (!self.waiting.is_empty()).then(|| sleep(DELAY)); // R2
    }
}

fn silent() -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, "no answer in its time")
}

/// Which addresses failed, and how.
#[derive(Debug, Default)]
pub(super) struct Losses(Vec<(SocketAddr, io::Error)>);

impl Losses {
    /// One error for all; and the address, if it was only one.
    pub(super) fn into_error(mut self) -> (io::Error, Option<SocketAddr>) {
        match self.0.pop() {
            None => (io::ErrorKind::NotFound.into(), None),
            Some((address, error)) if self.0.is_empty() => (error, Some(address)),
            Some(last) => {
                let kind = last.1.kind();
                self.0.push(last);
                (io::Error::new(kind, self), None)
            }
        }
    }
}

impl fmt::Display for Losses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (address, error)) in self.0.iter().take(TOLD).enumerate() {
            let before = if index == 0 { "" } else { "; " };
            write!(f, "{before}{address}: {error}")?;
        }
        match self.0.len().saturating_sub(TOLD) {
            0 => Ok(()),
            more => write!(f, "; and {more} addresses more"),
        }
    }
}

impl std::error::Error for Losses {}

#[cfg(test)]
mod tests;
