//! Is a request made once more, and after what wait? Policy only: no I/O and no clock.
//!
//! ```text
//!   a failure, or an answer
//!     │ may it pass by itself?         no ─▶ Done
//!     │ is twice as good as once?      no ─▶ Done      nothing was sent, or idempotent
//!     │ are there retries left?        no ─▶ Done
//!     │ how long does the server ask?  more than we are ready for ─▶ GiveUp
//!     │ how long is the wait?          to the total deadline or past it ─▶ GiveUp
//!     └─▶ Again(wait)
//! ```
//!
//! Law: nobody knows whether a server acted on a request that it did not answer. So only what
//! is idempotent (RFC 9110 §9.2.2) is made again, or what surely was never sent.
//!
//! Law: a server that falls over has many clients, and all of them saw it fall at the same
//! moment. If each waited the same time, they would knock it over together again and again.
//! Consequence: *full jitter*. The wait is a random share of a bound that doubles with each
//! try. Price: now and then two tries follow each other closely.
//!
//! Where the server says how long ([`retry_after`]), that is the least; up to one `first_wait`
//! comes on top, because it said the same to everybody. Longer than `max_retry_after` is not
//! waited at all: to come sooner than asked is rude and in vain, and to sleep for a day is not
//! what a caller expects.
//!
//! This file is long because each way to fail has a line in a table of its tests.

pub(crate) mod retry_after;

use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::Duration;

use ::http::{Method, StatusCode};
use ::url::Url;

use crate::http::error::{Deadline, ErrorKind, Phase, ProxyFault, Stop};
use crate::http::request;
use crate::http::url;

/// What `ClientBuilder` says about retries.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Policy {
    /// How many tries may follow the first.
    pub(crate) retries: u32,
    /// Bounds the first wait, and each that follows by twice the one before.
    pub(crate) first_wait: Duration,
    /// Where the doubling ends.
    pub(crate) longest_wait: Duration,
    /// The most that a server may ask for.
    pub(crate) max_retry_after: Duration,
}

/// What is known when a try is over.
pub(crate) struct Try<'a> {
    /// 1 for the first.
    pub(crate) number: u32,
    pub(crate) method: &'a Method,
    /// Is the body still there, whole?
    pub(crate) can_repeat: bool,
    pub(crate) outcome: Outcome<'a>,
    /// Until the total deadline, if there is one.
    pub(crate) left: Option<Duration>,
}

pub(crate) enum Outcome<'a> {
    Failed(&'a ErrorKind),
    /// With what the answer says in `Retry-After`.
    Answered(StatusCode, Option<Duration>),
}

/// What is to be done then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// Nothing: the outcome is for the caller.
    Done,
    /// The same, but another try would have made sense.
    GiveUp(Stop),
    /// Wait so long, and try again.
    Again(Duration),
}

impl Policy {
    /// `random` is any number, each as likely as any other.
    pub(crate) fn next(&self, now: &Try<'_>, random: u64) -> Next {
        if !now.makes_sense_again() || now.number > self.retries {
            return Next::Done;
        }
        let asked = match now.outcome {
            Outcome::Answered(_, asked) => asked,
            Outcome::Failed(_) => None,
        };
        if let Some(asked) = asked.filter(|asked| *asked > self.max_retry_after) {
            return Next::GiveUp(Stop::AskedTooLong(asked));
        }
        let wait = match asked {
            Some(asked) => asked.saturating_add(share(self.first_wait, random)),
            None => share(self.bound(now.number), random),
        };
        if now.left.is_some_and(|left| wait >= left) {
            return Next::GiveUp(Stop::Deadline);
        }
        Next::Again(wait)
    }

    /// The longest wait after try number `number`.
    fn bound(&self, number: u32) -> Duration {
        let doubled = 2_u32.saturating_pow(number - 1);
        self.first_wait
            .saturating_mul(doubled)
            .min(self.longest_wait)
    }
}

impl Try<'_> {
    /// Tells the log, at debug level, why there is another try. The URL is shown as in errors.
    pub(crate) fn log(&self, url: &Url, wait: Duration) {
        let (number, url) = (self.number, url::shown(url));
        match self.outcome {
            Outcome::Failed(kind) => log::debug!("{url}: try {number}: {kind}; again in {wait:?}"),
            Outcome::Answered(status, _) => {
                let status = status.as_u16();
                log::debug!("{url}: try {number} was answered {status}; again in {wait:?}");
            }
        }
    }

    /// May the trouble pass, and is nothing lost by making the request twice?
    fn makes_sense_again(&self) -> bool {
        let may_pass = match self.outcome {
            // Nothing was sent: any method will do.
            Outcome::Failed(kind) if kind.is_connect() => return may_pass(kind) && self.can_repeat,
            Outcome::Failed(kind) => may_pass(kind),
            Outcome::Answered(status, _) => is_passing(status),
        };
        may_pass && self.can_repeat && request::is_idempotent(self.method)
    }
}

/// No answer, by something that may be better the next time. A bad answer, or a broken rule,
/// would come again, and the total deadline stays passed.
fn may_pass(kind: &ErrorKind) -> bool {
    match kind {
        ErrorKind::Broken { phase, .. } | ErrorKind::EndedEarly { phase, .. } => {
            *phase != Phase::Body
        }
        ErrorKind::Timeout { deadline, .. } => *deadline != Deadline::Total,
        ErrorKind::Lookup(_) | ErrorKind::Connect(_) | ErrorKind::TooSlow { .. } => true,
        ErrorKind::Proxy { why, .. } => may_pass_at_proxy(why),
        // Among them TLS: who is not trusted now is not trusted in a second either.
        _ => false,
    }
}

/// A password that is wrong stays so, and asking with it again and again locks accounts.
fn may_pass_at_proxy(why: &ProxyFault) -> bool {
    match why {
        ProxyFault::Connect(_) | ProxyFault::Broken(_) | ProxyFault::Unreached(_) => true,
        ProxyFault::Status(status) => is_passing(*status),
        ProxyFault::Setting(_) | ProxyFault::Refused(_) | ProxyFault::Protocol(_) => false,
    }
}

/// The answers that say "not now" (RFC 9110 §15.5.9, §15.6, RFC 6585 §4). 500 is among them
/// because many a server says it of whatever lies behind it.
fn is_passing(status: StatusCode) -> bool {
    matches!(status.as_u16(), 408 | 429 | 500 | 502 | 503 | 504)
}

/// `random / 2⁶⁴` of `bound`.
fn share(bound: Duration, random: u64) -> Duration {
    let nanos = bound.as_nanos().min(u128::from(u64::MAX));
    Duration::from_nanos(((nanos * u128::from(random)) >> 64) as u64)
}

/// A number that no two clients have in common. The standard library draws new keys for each
/// map of a process; hashing nothing with them gives as good a number as any here.
pub(crate) fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::error::TlsError;
    use std::io;

    const SECOND: Duration = Duration::from_secs(1);
    /// The largest share: a nanosecond less than the whole.
    const MOST: u64 = u64::MAX;

    const POLICY: Policy = Policy {
        retries: 3,
        first_wait: SECOND,
        longest_wait: Duration::from_secs(30),
        max_retry_after: Duration::from_secs(60),
    };

    fn reset() -> io::Error {
        io::ErrorKind::ConnectionReset.into()
    }

    fn after<'a>(number: u32, outcome: Outcome<'a>) -> Try<'a> {
        Try {
            number,
            method: &Method::GET,
            can_repeat: true,
            outcome,
            left: None,
        }
    }

    fn status(code: u16) -> StatusCode {
        StatusCode::from_u16(code).expect("a status")
    }

    fn is_again(now: &Try<'_>) -> bool {
        matches!(POLICY.next(now, 0), Next::Again(_))
    }

    /// Broken by: any other list in `is_passing`.
    #[test]
    fn only_what_may_pass_is_asked_again() {
        let again = [408, 429, 500, 502, 503, 504];
        for code in 100..=599 {
            let answer = Outcome::Answered(status(code), None);
            assert_eq!(is_again(&after(1, answer)), again.contains(&code), "{code}");
        }
    }

    /// Each failure: is a `GET` made again, and a `POST`?
    /// Broken by: trying whatever comes before a connection again.
    #[test]
    fn a_failure_is_tried_again_if_nobody_can_have_acted_on_it_twice() {
        let timeout = |deadline| ErrorKind::Timeout {
            deadline,
            after: SECOND,
        };
        let early = |phase| ErrorKind::EndedEarly {
            phase,
            got: 0,
            wanted: None,
        };
        let proxy = |why| ErrorKind::Proxy {
            proxy: "http://p".to_string(),
            why,
        };
        let too_slow = ErrorKind::TooSlow {
            bytes_per_second: 1,
            over: SECOND,
        };
        let failures = [
            (ErrorKind::Connect(reset()), true, true),
            (ErrorKind::Lookup(reset()), true, true),
            (timeout(Deadline::Connect), true, true),
            (timeout(Deadline::Tls), true, true),
            (ErrorKind::broken(Phase::Handshake, reset()), true, true),
            (ErrorKind::Tls(TlsError::UnknownIssuer), false, false),
            (proxy(ProxyFault::Connect(reset())), true, true),
            (proxy(ProxyFault::Broken(reset())), true, true),
            (proxy(ProxyFault::Unreached("far away")), true, true),
            (proxy(ProxyFault::Status(status(503))), true, true),
            (proxy(ProxyFault::Status(status(407))), false, false),
            (proxy(ProxyFault::Refused("who are you?")), false, false),
            (proxy(ProxyFault::Setting("none")), false, false),
            (ErrorKind::broken(Phase::Request, reset()), true, false),
            (ErrorKind::broken(Phase::Head, reset()), true, false),
            (ErrorKind::broken(Phase::Body, reset()), false, false),
            (early(Phase::Head), true, false),
            (early(Phase::Body), false, false),
            (timeout(Deadline::FirstByte), true, false),
            (timeout(Deadline::Idle), true, false),
            (timeout(Deadline::Total), false, false),
            (too_slow, true, false),
            (ErrorKind::protocol("nonsense", "RFC 1"), false, false),
            (ErrorKind::Url { what: "none" }, false, false),
            (ErrorKind::NotText, false, false),
        ];
        for (kind, get, post) in failures {
            let mut now = after(1, Outcome::Failed(&kind));
            assert_eq!(is_again(&now), get, "GET: {kind}");
            now.method = &Method::POST;
            assert_eq!(is_again(&now), post, "POST: {kind}");
            now.can_repeat = false;
            assert!(!is_again(&now), "the body is gone: {kind}");
        }
    }

    #[test]
    fn a_post_that_was_answered_is_never_made_again() {
        let mut now = after(1, Outcome::Answered(status(503), Some(SECOND)));
        now.method = &Method::POST;
        assert_eq!(POLICY.next(&now, 0), Next::Done);
    }

    /// Broken by: `>` → `>=` before `self.retries`.
    #[test]
    fn there_are_as_many_retries_as_were_said_and_none_by_default() {
        let failed = || Outcome::Answered(status(503), None);
        assert!(is_again(&after(3, failed())));
        assert_eq!(POLICY.next(&after(4, failed()), 0), Next::Done);
        let none = Policy {
            retries: 0,
            ..POLICY
        };
        assert_eq!(none.next(&after(1, failed()), 0), Next::Done);
    }

    /// Broken by: a bound that does not double, or has no end.
    #[test]
    fn the_bound_of_the_wait_doubles_up_to_the_longest_and_the_wait_is_a_share_of_it() {
        let patient = Policy {
            retries: u32::MAX,
            ..POLICY
        };
        let nearly = |seconds: u32| seconds * SECOND - Duration::from_nanos(1);
        let bounds = [1, 2, 4, 8, 16, 30, 30].map(nearly);
        for (number, bound) in (1..).zip(bounds) {
            let failed = after(number, Outcome::Answered(status(503), None));
            assert_eq!(patient.next(&failed, MOST), Next::Again(bound));
            assert_eq!(patient.next(&failed, 0), Next::Again(Duration::ZERO));
        }
        let half = after(1, Outcome::Answered(status(503), None));
        assert_eq!(patient.next(&half, 1 << 63), Next::Again(SECOND / 2));
        let late = after(u32::MAX, Outcome::Answered(status(503), None));
        assert_eq!(patient.next(&late, MOST), Next::Again(nearly(30)));
    }

    /// Broken by: a wait shorter than asked; a cap that shortens instead of giving up.
    #[test]
    fn a_server_is_not_asked_sooner_than_it_said_and_not_at_all_if_that_is_too_long() {
        let asked = |wait| after(1, Outcome::Answered(status(503), Some(wait)));
        let minute = 60 * SECOND;
        assert_eq!(POLICY.next(&asked(minute), 0), Next::Again(minute));
        let Next::Again(wait) = POLICY.next(&asked(minute), MOST) else {
            panic!("a minute is not too long");
        };
        assert!(minute < wait && wait <= minute + SECOND);
        for too_long in [minute + Duration::from_nanos(1), Duration::MAX] {
            let stop = Stop::AskedTooLong(too_long);
            assert_eq!(POLICY.next(&asked(too_long), 0), Next::GiveUp(stop));
        }
        let ready_for_all = Policy {
            max_retry_after: Duration::MAX,
            ..POLICY
        };
        let longest = asked(Duration::MAX);
        assert_eq!(
            ready_for_all.next(&longest, MOST),
            Next::Again(Duration::MAX)
        );
    }

    /// Broken by: leaving `left` out.
    #[test]
    fn no_wait_reaches_the_total_deadline() {
        let mut now = after(1, Outcome::Answered(status(503), Some(5 * SECOND)));
        now.left = Some(5 * SECOND);
        assert_eq!(POLICY.next(&now, 0), Next::GiveUp(Stop::Deadline));
        now.left = Some(6 * SECOND);
        assert_eq!(POLICY.next(&now, 0), Next::Again(5 * SECOND));
    }

    #[test]
    fn no_two_draws_are_the_same() {
        let mut drawn: Vec<u64> = (0..100).map(|_| random()).collect();
        drawn.sort_unstable();
        drawn.dedup();
        assert_eq!(drawn.len(), 100);
    }
}
