//! How many, how long and how much: the limits that [`ClientBuilder`] sets.

use std::time::Duration;

use crate::http::builder::ClientBuilder;
use crate::http::deadline::LowSpeed;

/// **Limits**: how long, how many, how much.
impl ClientBuilder {
    /// The most connections in use at once for one host and port. Further requests wait in
    /// line; the hosts are served by turns. *Default*: 32. 0 makes
    /// [`build`](ClientBuilder::build) panic.
    ///
    /// ```
    /// let client = hob::http::Client::builder().max_per_host(6);
    /// assert!(format!("{client:?}").contains("max_per_host: 6"));
    /// ```
    pub fn max_per_host(mut self, connections: usize) -> ClientBuilder {
        self.config.pool.max_per_host = connections;
        self
    }

    /// The most connections at once over all, idle ones included: an idle one is closed
    /// where another is needed. *Default*: 256. 0 makes [`build`](ClientBuilder::build) panic.
    pub fn max_total(mut self, connections: usize) -> ClientBuilder {
        self.config.pool.max_total = connections;
        self
    }

    /// How long a connection that nobody uses is kept for the next request. It is closed when
    /// the client is used after that, or dropped. *Default*: 30 s. Zero keeps none.
    pub fn idle_connections_for(mut self, time: Duration) -> ClientBuilder {
        self.config.pool.idle = time;
        self
    }

    /// The limit for finding the host's address and connecting to it, through a proxy as
    /// well. *Default*: 30 s; `None`: no limit. Beyond it, a request fails with
    /// [`ErrorKind::Timeout`](crate::http::ErrorKind::Timeout), as for all deadlines.
    ///
    /// ```
    /// # use std::time::Duration;
    /// let client = hob::http::Client::builder()
    ///     .connect_timeout(Duration::from_secs(5))
    ///     .idle_timeout(None);
    /// assert!(format!("{client:?}").contains("idle: None"));
    /// ```
    pub fn connect_timeout(mut self, limit: impl Into<Option<Duration>>) -> ClientBuilder {
        self.config.deadlines.connect = limit.into();
        self
    }

    /// The limit for agreeing upon TLS with a server that took the connection (`https` only).
    /// *Default*: 30 s; `None`: no limit.
    pub fn tls_timeout(mut self, limit: impl Into<Option<Duration>>) -> ClientBuilder {
        self.config.deadlines.tls = limit.into();
        self
    }

    /// The limit from the end of the request to the end of the response's head; interim (1xx)
    /// responses do not start it anew. *Default*: 60 s; `None`: no limit.
    pub fn first_byte_timeout(mut self, limit: impl Into<Option<Duration>>) -> ClientBuilder {
        self.config.deadlines.first_byte = limit.into();
        self
    }

    /// The limit for the next bytes of a body, in either direction. It begins when they are
    /// first waited for: a program that takes its time makes no server slow. *Default*: 60 s;
    /// `None`: no limit.
    pub fn idle_timeout(mut self, limit: impl Into<Option<Duration>>) -> ClientBuilder {
        self.config.deadlines.idle = limit.into();
        self
    }

    /// The limit for a whole request: standing in line, tries and the waits between them,
    /// redirects, and the body until its end. *Default*: `None`, no limit, because a long
    /// download is not a fault. [`RequestBuilder::timeout`](crate::http::RequestBuilder::timeout)
    /// says it for one request.
    pub fn total_timeout(mut self, limit: impl Into<Option<Duration>>) -> ClientBuilder {
        self.config.deadlines.total = limit.into();
        self
    }

    /// The most bytes that the head of a response may have, interim responses included, and
    /// its trailers again; more is [`ErrorKind::TooLarge`](crate::http::ErrorKind::TooLarge).
    /// *Default*: 128 KiB.
    ///
    /// What no honest server comes near is fixed: 128 fields, 64 KiB in one line, 16 interim
    /// responses, and 1 KiB in the size line of a chunk.
    pub fn max_head(mut self, bytes: usize) -> ClientBuilder {
        self.config.max_head = bytes;
        self
    }

    /// The most bytes that [`Response::bytes`](crate::http::Response::bytes) and
    /// [`text`](crate::http::Response::text) collect, counted after unpacking; more is
    /// [`ErrorKind::TooLarge`](crate::http::ErrorKind::TooLarge). Reading by pieces has no
    /// limit. *Default*: 64 MiB.
    pub fn max_in_memory(mut self, bytes: u64) -> ClientBuilder {
        self.config.max_in_memory = bytes;
        self
    }

    /// The most bytes that one body may unpack to. *Default*: 1 GiB. A body that came as it is
    /// has no limit.
    ///
    /// It keeps a few kilobytes from filling a disk. Memory is safe without it: unpacking
    /// holds one piece and the format's window, of which brotli's may have 16 MiB, zstd's
    /// 8 MiB, and the others' 32 KiB. Beyond the limit reading fails with
    /// [`ErrorKind::TooLarge`](crate::http::ErrorKind::TooLarge).
    pub fn max_decoded(mut self, bytes: u64) -> ClientBuilder {
        self.config.max_decoded = bytes;
        self
    }

    /// Gives up a body that moves, in either direction, fewer than `bytes_per_second`, measured
    /// over each span of `over` ([`ErrorKind::TooSlow`](crate::http::ErrorKind::TooSlow)). 0 of
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
