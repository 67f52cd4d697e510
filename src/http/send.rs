//! What the client does with a request, from the line at the pool to the response's head.
//!
//! ```text
//!   1. to 4. an exchange      request out, head in, on whichever connection (`exchange`)
//!   5. try again?             a failure that may pass: wait, and back to 1 (`retry`)
//!   6. a redirect?            change the request, and back to 1 (`redirect`)
//! ```

use std::cell::Cell;
use std::time::{Duration, SystemTime};

use ::http::StatusCode;

use crate::http::coding::Decoder;
use crate::http::config::Config;
use crate::http::deadline::Alarm;
use crate::http::error::{Error, ErrorKind, Failure, Tries};
use crate::http::exchange::{Connections, Exchanged, drain};
use crate::http::head::Head;
use crate::http::netrc::Named;
use crate::http::observe::{Ears, Step};
use crate::http::outgoing::Request;
use crate::http::redirect::{self, Hop, Trail};
use crate::http::response::{Parts, Response};
use crate::http::retry::{self, Next, Outcome, Try, retry_after};
use crate::http::url;
use crate::time::sleep;

/// What all clones of a client share: the settings and the connections.
pub(crate) struct Engine {
    config: Config,
    connections: Connections,
    /// How many requests there were: the number of the last one, for observers.
    requests: Cell<u64>,
}

impl Engine {
    /// # Panics
    /// If a limit of the pool is 0.
    #[track_caller]
    pub(crate) fn new(config: Config) -> Engine {
        let connections = Connections::new(&config);
        Engine {
            config,
            connections,
            requests: Cell::new(0),
        }
    }

    pub(crate) fn config(&self) -> &Config {
        &self.config
    }

    pub(crate) async fn execute(&self, mut request: Request) -> Result<Response, Error> {
        request.ears = self.ears(&mut request);
        let ears = request.ears.clone();
        let mut limits = self.config.deadlines;
        limits.total = request.timeout.or(limits.total);
        let mut alarm = Alarm::new(limits);
        let mut trail = Trail::default();
        let mut tries = Tries::first();
        let decode = request.may_be_coded(&self.config);
        request.add_defaults(&self.config, decode);
        request.identify(&self.config, Named::ByCaller);
        loop {
            request.bring_cookies(&self.config);
            let result = self.connections.exchange(&mut request, &mut alarm).await; // 1. to 4.
            if let Err(Failure { kind: error, .. }) = &result {
                ears.tell(|| Step::Failed { error });
            }
            self.hear_cookies(&request, &result);
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
                    let (status, to) = (head.status, &hop.url);
                    ears.tell(|| Step::Redirected { status, to });
                    drain(lease).await;
                    request.follow(hop, &self.config); // 6.
                    request.identify(&self.config, Named::ByRedirect);
                }
                Ok(None) => {
                    return Ok(Response::new(Parts {
                        url: request.url,
                        decoder: decode.then(|| self.decoder(&head)).flatten(),
                        head,
                        lease,
                        alarm,
                        tries,
                        ears,
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

    /// Who listens to the request: its own observer, or the client's.
    fn ears(&self, request: &mut Request) -> Ears {
        self.requests.set(self.requests.get() + 1);
        let observer = request.observer.take();
        let observer = observer.or_else(|| self.config.observer.clone());
        Ears::new(observer, self.requests.get())
    }

    /// Also those of a redirect, or of an answer that is not the last.
    fn hear_cookies(&self, request: &Request, result: &Exchanged) {
        if let (Some(jar), Ok((head, _))) = (&self.config.cookie_jar, result) {
            jar.hear(&request.url, &head.headers);
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
                request.ears.tell(|| Step::Retrying {
                    wait,
                    tries: tries.count,
                    result: match result {
                        Ok((head, _)) => Ok(head.status),
                        Err(failure) => Err(&failure.kind),
                    },
                });
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
}

/// Waits before another try. Whoever waits needs no connection: it goes to others meanwhile.
async fn rest(result: Exchanged, wait: Duration) {
    if let Ok((_, lease)) = result {
        drain(lease).await;
    }
    sleep(wait).await;
}
