//! The rest of what can be set about a client: its manners towards servers in trouble.
//!
//! A second `impl` of [`ClientBuilder`], because one for all would be longer than a reader's
//! patience.

use std::time::Duration;

use crate::http::client::ClientBuilder;
use crate::http::netrc::Netrc;
use crate::http::speed::LowSpeed;

/// When to give up.
impl ClientBuilder {
    /// Gives up a body that moves, in either direction, fewer than `bytes_per_second`, measured
    /// over each span of `over` ([`ErrorKind::TooSlow`](super::ErrorKind::TooSlow)). 0 of
    /// either: no limit. *Default*: no limit, because a stream of events may rightly be quiet; a
    /// program that fetches files should set one.
    ///
    /// Only time in which the next bytes were waited for counts. A reader that takes its time
    /// makes no server slow.
    ///
    /// ```
    /// # use std::time::Duration;
    /// // Less than 1 kB/s for half a minute: not today.
    /// let client = hob::http::Client::builder().low_speed_limit(1000, Duration::from_secs(30));
    /// assert!(format!("{client:?}").contains("bytes_per_second: 1000"));
    /// ```
    pub fn low_speed_limit(mut self, bytes_per_second: u64, over: Duration) -> ClientBuilder {
        let limit = LowSpeed {
            bytes_per_second,
            over,
        };
        self.config.deadlines.low_speed =
            (bytes_per_second > 0 && !over.is_zero()).then_some(limit);
        self
    }
}

/// Where to follow, and as whom.
impl ClientBuilder {
    /// Follows redirects from https to http, too. What is asked there, and what is answered,
    /// anyone on the way can read and change. *Default*: no; such a redirect is an error.
    ///
    /// ```
    /// let client = hob::http::Client::builder().allow_https_downgrade(true);
    /// assert!(format!("{client:?}").contains("allow_https_downgrade: true"));
    /// ```
    pub fn allow_https_downgrade(mut self, allow: bool) -> ClientBuilder {
        self.config.allow_https_downgrade = allow;
        self
    }

    /// Takes names and passwords from `netrc`, for requests that bring none: no
    /// `Authorization`, and no password in the URL. A URL with a user name and no password gets
    /// the password of that user. *Default*: none; no file is read unasked.
    ///
    /// Each host that a redirect leads to is looked up by its own name, and the `default` of
    /// the file is not for those.
    pub fn netrc(mut self, netrc: Netrc) -> ClientBuilder {
        self.config.netrc = Some(netrc);
        self
    }
}

/// When to try again.
impl ClientBuilder {
    /// How often a request that failed, or was answered "not now", is made once more.
    /// *Default*: 0. Whoever wants retries says so: they take time, and hide trouble.
    ///
    /// What is tried again:
    /// - any request for which there was no connection (nothing was sent);
    /// - a request that is idempotent (RFC 9110 §9.2.2: `GET`, `HEAD`, `PUT`, `DELETE`,
    ///   `OPTIONS`, `TRACE`) and got no answer, because the connection broke or a deadline
    ///   passed;
    /// - an idempotent one that was answered 408, 429, 500, 502, 503 or 504.
    ///
    /// The waits are random (see [`retry_waits`](ClientBuilder::retry_waits)), or what the
    /// server asks for (see [`max_retry_after`](ClientBuilder::max_retry_after)). None reaches
    /// the total deadline: then the request is over at once. If no try helps, the last outcome
    /// is the outcome: an [`Error`](super::Error) that tells how often it was tried, or a
    /// response with that status.
    ///
    /// A body that fails *after* the head of its response came is not fetched again: the
    /// beginning was given out already. That is up to whoever reads it.
    ///
    /// ```
    /// # hob::block_on(async {
    /// # let listener = hob::net::TcpListener::bind("127.0.0.1:0").await?;
    /// # let url = format!("http://{}/", listener.local_addr()?);
    /// # hob::spawn(async move {
    /// #     let (stream, _) = listener.accept().await?;
    /// #     for status in ["503 Busy", "200 OK"] {
    /// #         stream.read(&mut [0; 1024]).await?;
    /// #         let head = format!("HTTP/1.1 {status}\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n");
    /// #         stream.write_all(head.as_bytes()).await?;
    /// #     }
    /// #     std::io::Result::Ok(())
    /// # });
    /// let client = hob::http::Client::builder().retries(3).build();
    /// let response = client.get(&url).send().await?; // 503 at first
    /// assert_eq!((response.status().as_u16(), response.tries()), (200, 2));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn retries(mut self, retries: u32) -> ClientBuilder {
        self.config.retry.retries = retries;
        self
    }

    /// The bounds of the wait before a retry: `first` for the first one, twice as much for
    /// each that follows, but never more than `longest`. The wait is a random share of that,
    /// so that clients that failed together do not come back together. *Default*: 1 s, 30 s.
    pub fn retry_waits(mut self, first: Duration, longest: Duration) -> ClientBuilder {
        self.config.retry.first_wait = first;
        self.config.retry.longest_wait = longest;
        self
    }

    /// The longest wait that a server may ask for with `Retry-After` (RFC 9110 §10.2.3). It is
    /// waited for in full, and up to the first of the [`retry_waits`](ClientBuilder::retry_waits)
    /// longer. If a server asks for more than this, the request is not made again: the
    /// response is given out at once. *Default*: 120 s.
    pub fn max_retry_after(mut self, limit: Duration) -> ClientBuilder {
        self.config.retry.max_retry_after = limit;
        self
    }
}
