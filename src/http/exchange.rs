//! One exchange: a connection, the request out, the response's head in.
//!
//! ```text
//!   1. what goes out      the head as bytes (`outgoing`)
//!   2. a connection       a place in the line, an idle connection, or a new one (dial, TLS)
//!   3. the conversation   request out, head in           ◀─┐ once, on a new connection:
//!                         (perhaps asking first: `expect`) │
//!   4. was it stale?      the idle one had died unnoticed ─┘ only what may be repeated
//! ```
//!
//! 4 is no retry as in `retry`: it happens to a connection that the server was about to close
//! anyway, needs no wait, and nobody has to ask for it.

use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use ::http::{StatusCode, header};

use crate::coop;
use crate::http::config::Config;
use crate::http::conn::{Ask, Conn};
use crate::http::connect::{Connector, Dialed, Key};
use crate::http::deadline::Alarm;
use crate::http::error::{Deadline, ErrorKind, Failure};
use crate::http::expect;
use crate::http::head::Head;
use crate::http::observe::{Ears, Step};
use crate::http::outgoing::Request;
use crate::http::pool::{Lease, Place, Pool};
use crate::http::tls::Tls;
use crate::http::upload::Upload;
use crate::time::sleep;

/// The most bytes of a redirect's body that are read to save its connection.
const DRAIN: usize = 64 * 1024;

/// How long they are waited for. A new connection, with TLS, costs about as much far away.
const PATIENCE: Duration = Duration::from_millis(250);

/// What became of one exchange.
pub(crate) type Exchanged = Result<(Head, Lease), Failure>;

/// A client's connections, and all that it takes to make one.
pub(crate) struct Connections {
    pool: Rc<Pool>,
    connector: Connector,
    tls: Tls,
    /// Of `ClientBuilder::max_head`.
    max_head: usize,
    /// How many were begun: the number of the last one.
    begun: Cell<u64>,
}

impl Connections {
    /// # Panics
    /// If a limit of the pool is 0.
    #[track_caller]
    pub(crate) fn new(config: &Config) -> Connections {
        Connections {
            pool: Pool::new(config.pool),
            connector: Connector::new(config.connect.clone()),
            tls: Tls::new(config.tls.clone()),
            max_head: config.max_head,
            begun: Cell::new(0),
        }
    }

    /// One request, one response; or two, if the server refused to be asked first.
    pub(crate) async fn exchange(&self, request: &mut Request, alarm: &mut Alarm) -> Exchanged {
        let (head, lease) = self.ask(request, alarm).await?;
        let is_refused = head.status == StatusCode::EXPECTATION_FAILED && request.expects();
        if !is_refused || !request.body.can_repeat() {
            return Ok((head, lease));
        }
        drain(lease).await;
        request.expect = Some(false); // RFC 9110 §10.1.1
        self.ask(request, alarm).await
    }

    async fn ask(&self, request: &mut Request, alarm: &mut Alarm) -> Exchanged {
        let key = self.connector.key(&request.url, &self.tls)?;
        let bytes = request.write(&key)?; // 1.
        let ears = request.ears.clone();
        ears.on_none();
        let place = self.place(&key, &ears, alarm).await?; // 2.
        let place = match place.reuse() {
            Ok(mut lease) => match self
                .converse(&mut lease, request, bytes.clone(), alarm)
                .await
            {
                Ok(head) => return Ok((head, lease)),
                Err(kind) if is_stale(&lease, &kind, request) => {
                    ears.tell(|| Step::Replaced);
                    lease.into_place() // 4.
                }
                Err(kind) => return Err(with_address(kind, &lease)),
            },
            Err(place) => place,
        };
        let mut lease = self.connect(place, &key, &ears, alarm).await?;
        match self.converse(&mut lease, request, bytes, alarm).await {
            Ok(head) => Ok((head, lease)),
            Err(kind) => Err(with_address(kind, &lease)),
        }
    }

    async fn place(&self, key: &Key, ears: &Ears, alarm: &mut Alarm) -> Result<Place, ErrorKind> {
        // Standing in line is bounded only by the deadline for the whole.
        let mut place = pin!(self.pool.place(key));
        let (start, mut had_to_wait) = (ears.start(), false);
        let op = |cx: &mut Context<'_>| {
            let polled = place.as_mut().poll(cx).map(Ok);
            had_to_wait |= polled.is_pending();
            polled
        };
        let place = alarm.guard(Deadline::Total, op).await;
        if had_to_wait {
            ears.took(start, |took| Step::Waited { took });
        }
        place
    }

    async fn connect(
        &self,
        place: Place,
        key: &Key,
        ears: &Ears,
        alarm: &mut Alarm,
    ) -> Result<Lease, Failure> {
        place.make_room();
        let number = self.begun.get() + 1;
        self.begun.set(number);
        ears.on(number);
        let mut dial = pin!(self.connector.dial(key, ears));
        let deadline = Deadline::Connect;
        let dialed = alarm.guard(deadline, |cx| dial.as_mut().poll(cx)).await;
        ears.cut(match &dialed {
            Ok(_) => "another address answered sooner",
            Err(_) => "the deadline for connecting passed",
        });
        let Dialed { io, address } = dialed?;
        let start = ears.start();
        let mut secure = pin!(self.tls.secure(key.protection(), key.host(), io));
        let secured = alarm.guard(Deadline::Tls, |cx| secure.as_mut().poll(cx));
        match secured.await {
            Ok(io) => {
                let session = start.and_then(|_| io.tls());
                if let Some(session) = &session {
                    let result = Ok(session);
                    ears.took(start, |took| Step::Secured { took, result });
                }
                Ok(place.fill(Conn::new(io, address).numbered(number)))
            }
            Err(kind) => {
                let result = Err(&kind);
                ears.took(start, |took| Step::Secured { took, result });
                Err(Failure { kind, address })
            }
        }
    }

    /// 3. Request out, head in.
    async fn converse(
        &self,
        lease: &mut Lease,
        request: &mut Request,
        bytes: Vec<u8>,
        alarm: &mut Alarm,
    ) -> Result<Head, ErrorKind> {
        let conn = lease.conn();
        let ears = request.ears.clone();
        ears.on(conn.number());
        ears.tell(|| Step::Sending {
            method: &request.method,
            url: &request.url,
            headers: &request.headers,
            reused: conn.is_used(),
        });
        alarm.begin_flow();
        conn.begin(Ask {
            method: request.method.clone(),
            head: bytes,
            // The writer lets no other value of it through than "close".
            is_last: request.headers.contains_key(header::CONNECTION),
            max_head: self.max_head,
        });
        let mut is_awaited = true;
        if request.expects() {
            say(conn, &mut Upload::nothing(), alarm).await?;
            is_awaited = expect::wait(conn, alarm).await?;
        }
        if is_awaited {
            rewind(&mut request.body, alarm).await?;
            say(conn, &mut request.body, alarm).await?;
        }
        if conn.has_said_all(&request.body) {
            let body = request.body.so_far();
            ears.tell(|| Step::Sent { body });
        }
        let deadline = Deadline::FirstByte;
        let head = alarm.guard_flow(deadline, conn, Conn::poll_head).await?;
        ears.tell(|| Step::Answered {
            version: head.version,
            status: head.status,
            headers: &head.headers,
        });
        Ok(head)
    }
}

/// Sends what of the head is left, and `body`.
async fn say(conn: &mut Conn, body: &mut Upload, alarm: &mut Alarm) -> Result<(), ErrorKind> {
    while !conn.is_said(body) {
        let send = |conn: &mut Conn, cx: &mut Context<'_>| conn.poll_send(cx, body);
        alarm.guard_flow(Deadline::Idle, conn, send).await?;
    }
    Ok(())
}

/// Making a reader anew is the caller's code, and may wait: for a file to be opened, say.
async fn rewind(body: &mut Upload, alarm: &mut Alarm) -> Result<(), ErrorKind> {
    let mut rewound = pin!(body.rewind());
    alarm
        .guard(Deadline::Total, |cx| rewound.as_mut().poll(cx))
        .await
}

/// Did a connection that had been idle die before it could answer? Servers close what is idle,
/// and the news may be on its way while we send. Nobody knows whether the server saw the
/// request, so it is made again only if twice is as good as once.
fn is_stale(lease: &Lease, kind: &ErrorKind, request: &Request) -> bool {
    let is_end = matches!(
        kind,
        ErrorKind::Broken { .. } | ErrorKind::EndedEarly { .. }
    );
    let is_unheard = is_end && !lease.peek().was_heard();
    is_unheard && request.can_repeat()
}

fn with_address(kind: ErrorKind, lease: &Lease) -> Failure {
    let address = lease.peek().peer();
    Failure { kind, address }
}

/// Reads the body of a redirect, or of a refusal, if it is not long and comes soon, so that
/// the connection can be used again: it may be a packet behind its head.
pub(crate) async fn drain(mut lease: Lease) {
    let mut patience = pin!(sleep(PATIENCE));
    let mut dropped = 0;
    poll_fn(|cx| {
        let drained = lease.conn().poll_drain(cx, &mut dropped, DRAIN);
        match drained {
            Poll::Ready(()) => drained,
            Poll::Pending => coop::poll_unconstrained(patience.as_mut(), cx),
        }
    })
    .await;
    lease.finish();
}
