//! What the client does with a request, from the line at the pool to the response's head.
//!
//! ```text
//!   1. what goes out          headers that we add, the head as bytes
//!   2. a connection           a place in the line, an idle connection, or a new one (dial, TLS)
//!   3. the exchange           request out, head in           ◀─┐ once, on a new connection:
//!                             (perhaps asking first: `expect`) │
//!   4. was it stale?          the idle one had died unnoticed ─┘ only what may be repeated
//!   5. try again?             a failure that may pass: wait, and back to 1 (`retry`)
//!   6. a redirect?            change the request, and back to 1 (`redirect.rs`)
//! ```
//!
//! 4 is no retry in the sense of 5: it happens to a connection that the server was about to
//! close anyway, needs no wait, and nobody has to ask for it.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime};

use ::http::header;
use ::http::{HeaderMap, HeaderValue, Method, StatusCode};
use ::url::Url;

use crate::http::coding::{self, Decoder};
use crate::http::config::Config;
use crate::http::conn::{Ask, Conn};
use crate::http::connect::{Connector, Dialed, Key};
use crate::http::deadline::Alarm;
use crate::http::error::Tries;
use crate::http::error::{Deadline, Error, ErrorKind, Failure};
use crate::http::expect;
use crate::http::head::Head;
use crate::http::netrc::Named;
use crate::http::pool::{Lease, Place, Pool};
use crate::http::redirect::{self, Hop, Trail};
use crate::http::request;
use crate::http::response::{Parts, Response};
use crate::http::retry::retry_after;
use crate::http::retry::{self, Next, Outcome, Try};
use crate::http::tls::Tls;
use crate::http::upload::Upload;
use crate::http::url;
use crate::time::sleep;

/// The most bytes of a redirect's body that are read to save its connection.
const DRAIN: usize = 64 * 1024;

/// A request as the client sends it; redirects change it.
pub(crate) struct Request {
    pub(crate) method: Method,
    /// Without userinfo.
    pub(crate) url: Url,
    pub(crate) headers: HeaderMap,
    /// A redirect may send it once more, if it can be rewound.
    pub(crate) body: Upload,
    /// Whether to wait for a 100 before the body, if the caller said it.
    pub(crate) expect: Option<bool>,
    /// Replaces the client's own, if set.
    pub(crate) timeout: Option<Duration>,
    /// Replaces the client's own, if set.
    pub(crate) retries: Option<u32>,
    /// The same.
    pub(crate) decode: Option<bool>,
}

/// What became of one exchange.
type Exchanged = Result<(Head, Lease), Failure>;

/// What all clones of a client share: the settings and the connections.
pub(crate) struct Engine {
    config: Config,
    pool: Rc<Pool>,
    tls: Tls,
    connector: Connector,
}

impl Engine {
    /// # Panics
    /// If a limit of the pool is 0.
    pub(crate) fn new(config: Config) -> Engine {
        let pool = Pool::new(config.pool);
        let connector = Connector::new(config.connect.clone());
        let tls = Tls::new(config.tls.clone());
        Engine {
            config,
            pool,
            connector,
            tls,
        }
    }

    pub(crate) fn config(&self) -> &Config {
        &self.config
    }

    pub(crate) async fn execute(&self, mut request: Request) -> Result<Response, Error> {
        let mut limits = self.config.deadlines;
        limits.total = request.timeout.or(limits.total);
        let mut alarm = Alarm::new(limits);
        let mut trail = Trail::default();
        let mut tries = Tries::first();
        let decode = may_be_coded(&request, &self.config);
        add_defaults(&mut request.headers, &self.config, decode);
        self.identify(&mut request, Named::ByCaller);
        loop {
            let result = self.exchange(&mut request, &mut alarm).await; // 1. to 4.
            if let Some(wait) = self.wait_before_next(&request, &result, &alarm, &mut tries) {
                rest(result, wait).await; // 5.
                continue;
            }
            let (head, lease) = result.map_err(|failure| {
                let error = failure.kind.at(url::shown(&request.url), failure.address);
                error.after(tries)
            })?;
            match self.next_hop(&request, &head, &mut trail) {
                Ok(Some(hop)) => {
                    drain(lease).await;
                    follow(&mut request, hop); // 6.
                    self.identify(&mut request, Named::ByRedirect);
                }
                Ok(None) => {
                    return Ok(Response::new(Parts {
                        url: request.url,
                        decoder: decode.then(|| self.decoder(&head)).flatten(),
                        head,
                        lease,
                        alarm,
                        tries,
                        max_in_memory: self.config.max_in_memory,
                    }));
                }
                Err(kind) => {
                    let error = kind.at(url::shown(&request.url), lease.peek().peer());
                    return Err(error.after(tries));
                }
            }
        }
    }

    /// Looks up who we are for the host, unless the caller has said so.
    fn identify(&self, request: &mut Request, named: Named) {
        if let Some(netrc) = &self.config.netrc {
            netrc.authorize(&mut request.headers, &request.url, named);
        }
    }

    /// 5. How long to wait before another try, if there is to be one; `tries` counts it.
    fn wait_before_next(
        &self,
        request: &Request,
        result: &Exchanged,
        alarm: &Alarm,
        tries: &mut Tries,
    ) -> Option<Duration> {
        let mut policy = self.config.retry;
        policy.retries = request.retries.unwrap_or(policy.retries);
        if tries.count > policy.retries {
            return None; // Without a look at any clock: it is so for nearly every request.
        }
        let outcome = match result {
            Ok((head, _)) => {
                let asked = retry_after::wait(&head.headers, SystemTime::now());
                Outcome::Answered(head.status, asked)
            }
            Err(failure) => Outcome::Failed(&failure.kind),
        };
        let now = Try {
            number: tries.count,
            method: &request.method,
            can_repeat: request.body.can_repeat(),
            outcome,
            left: alarm.left(),
        };
        match policy.next(&now, retry::random()) {
            Next::Again(wait) => {
                now.log(&request.url, wait);
                tries.count += 1;
                Some(wait)
            }
            Next::GiveUp(stop) => {
                tries.stop = Some(stop);
                None
            }
            Next::Done => None,
        }
    }

    /// What undoes the codings of the body that follows `head`. A part of a coded stream means
    /// nothing by itself, so it stays as it is.
    fn decoder(&self, head: &Head) -> Option<Decoder> {
        let is_part = head.status == StatusCode::PARTIAL_CONTENT;
        let decoder = || Decoder::new(&head.headers, self.config.max_decoded);
        (!is_part).then(decoder).flatten()
    }

    fn next_hop(
        &self,
        request: &Request,
        head: &Head,
        trail: &mut Trail,
    ) -> Result<Option<Hop>, ErrorKind> {
        let limit = self.config.max_redirects;
        let (method, url) = (&request.method, &request.url);
        let may_downgrade = self.config.allow_https_downgrade;
        if limit == 0 {
            return Ok(None);
        }
        let hop = redirect::next(method, url, head.status, &head.headers, may_downgrade)?;
        if let Some(hop) = &hop {
            redirect::check_body(hop, request.body.can_repeat())?;
            trail.step(method.clone(), url.clone(), hop, limit)?;
        }
        Ok(hop)
    }

    /// One request, one response; or two, if the server refused to be asked first.
    async fn exchange(&self, request: &mut Request, alarm: &mut Alarm) -> Exchanged {
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
        let bytes = write(request, &key)?; // 1.
        let place = self.place(&key, alarm).await?; // 2.
        let place = match place.reuse() {
            Ok(mut lease) => match self
                .converse(&mut lease, request, bytes.clone(), alarm)
                .await
            {
                Ok(head) => return Ok((head, lease)),
                Err(kind) if is_stale(&lease, &kind, request) => lease.into_place(), // 4.
                Err(kind) => return Err(with_address(kind, &lease)),
            },
            Err(place) => place,
        };
        let mut lease = self.connect(place, &key, alarm).await?;
        match self.converse(&mut lease, request, bytes, alarm).await {
            Ok(head) => Ok((head, lease)),
            Err(kind) => Err(with_address(kind, &lease)),
        }
    }

    async fn place(&self, key: &Key, alarm: &mut Alarm) -> Result<Place, ErrorKind> {
        // Standing in line is bounded only by the deadline for the whole.
        let mut place = pin!(self.pool.place(key));
        let deadline = Deadline::Total;
        alarm
            .guard(deadline, |cx| place.as_mut().poll(cx).map(Ok))
            .await
    }

    async fn connect(&self, place: Place, key: &Key, alarm: &mut Alarm) -> Result<Lease, Failure> {
        place.make_room();
        let mut dial = pin!(self.connector.dial(key));
        let deadline = Deadline::Connect;
        let Dialed { io, address } = alarm.guard(deadline, |cx| dial.as_mut().poll(cx)).await?;
        let mut secure = pin!(self.tls.secure(key.guard(), key.host(), io));
        let secured = alarm.guard(Deadline::Tls, |cx| secure.as_mut().poll(cx));
        match secured.await {
            Ok(io) => Ok(place.fill(Conn::new(io, address))),
            Err(kind) => Err(Failure { kind, address }),
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
        alarm.begin_flow();
        conn.begin(Ask {
            method: request.method.clone(),
            head: bytes,
            // The writer lets no other value of it through than "close".
            is_last: request.headers.contains_key(header::CONNECTION),
            max_head: self.config.max_head,
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
        let deadline = Deadline::FirstByte;
        alarm.guard_flow(deadline, conn, Conn::poll_head).await
    }
}

impl Request {
    /// Does the body wait for a 100?
    fn expects(&self) -> bool {
        expect::is_due(self.body.length(), self.expect)
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

/// May the body come coded? See `ClientBuilder::decode`.
fn may_be_coded(request: &Request, config: &Config) -> bool {
    let asks_itself = [header::RANGE, header::ACCEPT_ENCODING]
        .iter()
        .any(|name| request.headers.contains_key(name));
    request.decode.unwrap_or(config.decode) && !asks_itself
}

fn add_defaults(headers: &mut HeaderMap, config: &Config, decode: bool) {
    // RFC 9110 §12.5.3: without it, any coding would do.
    let codings = match decode {
        true => coding::accepted(),
        false => HeaderValue::from_static("identity"),
    };
    let defaults = [
        (header::USER_AGENT, config.user_agent.clone()),
        (header::ACCEPT, HeaderValue::from_static("*/*")),
        (header::ACCEPT_ENCODING, codings),
    ];
    for (name, value) in defaults {
        headers.entry(name).or_insert(value);
    }
}

fn write(request: &Request, key: &Key) -> Result<Vec<u8>, ErrorKind> {
    let head = request::Head {
        method: &request.method,
        url: &request.url,
        headers: &request.headers,
        length: request.body.length(),
        expects: request.expects(),
    };
    match key.forward() {
        None => head.write(),
        Some(proxy) => head.write_for_proxy(proxy.authorization()),
    }
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
    is_unheard && request::is_idempotent(&request.method) && request.body.can_repeat()
}

fn with_address(kind: ErrorKind, lease: &Lease) -> Failure {
    let address = lease.peek().peer();
    Failure { kind, address }
}

/// Waits before another try. Whoever waits needs no connection: it goes to others meanwhile.
async fn rest(result: Exchanged, wait: Duration) {
    if let Ok((_, lease)) = result {
        drain(lease).await;
    }
    sleep(wait).await;
}

/// Reads the body of a redirect, or of a refusal, so far as it is here already and not long, so that the
/// connection can be used again. Waits for nothing: a new connection costs less than that.
async fn drain(mut lease: Lease) {
    poll_fn(|cx| {
        lease.conn().drain(cx, DRAIN);
        Poll::Ready(())
    })
    .await;
    lease.finish();
}

fn follow(request: &mut Request, hop: Hop) {
    redirect::strip(&mut request.headers, &request.url, &hop);
    if !hop.with_body {
        request.body = Upload::nothing();
    }
    request.method = hop.method;
    request.url = hop.url;
}
