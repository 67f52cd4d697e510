//! Joins a connection to what undoes the codings of its body.
//!
//! The connection lends a piece of coded bytes; the decoder takes some of it and lends what
//! that means. Only when both are used up is the connection asked for more. So a coded body
//! has the same backpressure as any other: nothing is read, and nothing unpacked, before the
//! caller comes for it.

use std::task::{Context, Poll, ready};

use crate::coop;
use crate::http::coding::Decoder;
use crate::http::conn::Conn;
use crate::http::deadline::Alarm;
use crate::http::error::{Deadline, ErrorKind};

/// Waits for a piece of the body. `true`: there is one, see [`Decoder::lent`]. `false`: the
/// body is over, and whole by its framing and by its codings.
///
/// Each piece costs a unit of the budget: what is in the buffer may unpack to thousands of
/// them without another read, and the reads are what spends elsewhere.
///
/// Megabytes of zstd may come before the first piece of what they mean. So `alarm` hears of all
/// that comes: a peer that sends is not idle.
pub(crate) fn poll_piece(
    cx: &mut Context<'_>,
    conn: &mut Conn,
    decoder: &mut Decoder,
    alarm: &mut Alarm,
) -> Poll<Result<bool, ErrorKind>> {
    ready!(coop::poll_budget(cx));
    decoder.take_back();
    loop {
        let taken = decoder.run(conn.lent())?;
        conn.give_back(taken);
        if !decoder.lent().is_empty() {
            coop::spend();
            return Poll::Ready(Ok(true));
        }
        if conn.lent().is_empty() {
            let polled = conn.poll_chunk(cx);
            if !ready!(alarm.judge(cx, Deadline::Idle, conn, polled))? {
                return Poll::Ready(decoder.finish().map(|()| false));
            }
        }
    }
}
