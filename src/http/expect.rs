//! `Expect: 100-continue` (RFC 9110 §10.1.1): asking before a large body is sent.
//!
//! ```text
//!   head with Expect ─▶ wait ──100, or a second passed──▶ body ─▶ answer
//!                         └──── answer ──▶ the body stays here
//!                                 └─ 417 ─▶ once again, without Expect
//! ```
//!
//! Law: a server that says no (too large, not logged in) can only do so after the head; a body
//! that is under way by then was sent for nothing. Consequence: with a large body we ask, and
//! wait. But many servers do not know the question and just wait for the body themselves, so
//! after a second we send it, as curl does. Price: that second, at those servers.
//!
//! Whatever answer comes in place of the body ends the connection: a server may have begun to
//! skip what we did not send (N1 in `conn`).

use std::pin::pin;
use std::task::{Context, Poll};
use std::time::Duration;

use crate::coop;
use crate::http::conn::Conn;
use crate::http::deadline::Alarm;
use crate::http::error::{Deadline, ErrorKind};
use crate::http::request::Length;
use crate::time::sleep;

/// How long an answer is waited for. curl's, and long enough for a way around the world.
const PATIENCE: Duration = Duration::from_secs(1);

/// From here on a body is large. curl's, too.
const LARGE: u64 = 1024 * 1024;

/// Is a body of `length` to be asked for? `wish` is the caller's.
pub(crate) fn is_due(length: Length, wish: Option<bool>) -> bool {
    match length {
        // There is nothing to send, and the RFC forbids to ask.
        Length::Nothing | Length::Known(0) => false,
        Length::Known(length) => wish.unwrap_or(length > LARGE),
        Length::Chunked => wish.unwrap_or(true),
    }
}

/// Waits until the server wants the body, or has been silent for long enough. `false`: it
/// answered, and the body stays here.
pub(crate) async fn wait(conn: &mut Conn, alarm: &mut Alarm) -> Result<bool, ErrorKind> {
    let mut patience = pin!(sleep(PATIENCE));
    let op = |cx: &mut Context<'_>| match conn.poll_awaited(cx) {
        Poll::Ready(result) => Poll::Ready(result),
        Poll::Pending => coop::poll_unconstrained(patience.as_mut(), cx).map(|()| Ok(true)),
    };
    alarm.guard(Deadline::Total, op).await
}
