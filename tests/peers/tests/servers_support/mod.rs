//! What servers of files have to do, whatever lies between them and the client.

#![allow(dead_code, reason = "each test file uses a part of it")]

use std::cell::Cell;
use std::net::SocketAddr;
use std::rc::Rc;

use hob::AbortOnDrop;
use hob::http::{Client, ClientBuilder, Response, StatusCode, header};
use hob::net::TcpListener;
use hob_peers::proxy::{self, News, Settings};
use hob_peers::site::{LARGE, MEDIUM, Pattern, SMALL, page};

/// The way to a server: a client, and somebody in between who counts connections.
pub(crate) struct To {
    pub(crate) client: Client,
    /// What stands before each path.
    pub(crate) base: String,
    pub(crate) connections: Rc<Cell<u64>>,
    /// Does whoever we connect to let us ask again?
    pub(crate) keeps: bool,
    _counter: AbortOnDrop<std::io::Result<()>>,
}

impl To {
    /// Straight to the server at this address.
    pub(crate) async fn server(address: SocketAddr) -> To {
        let (counter, connections, running) = counter(address).await;
        To {
            client: Client::builder().no_proxy().build(),
            base: format!("http://{counter}"),
            connections,
            keeps: true,
            _counter: running,
        }
    }

    /// The same over TLS, with a client that trusts the server.
    pub(crate) async fn server_with_tls(builder: ClientBuilder, address: SocketAddr) -> To {
        let (counter, connections, running) = counter(address).await;
        To {
            client: builder.no_proxy().build(),
            base: format!("https://{counter}"),
            connections,
            keeps: true,
            _counter: running,
        }
    }

    /// To `base`, through the proxy at this address, which speaks `scheme`.
    pub(crate) async fn through(
        builder: ClientBuilder,
        scheme: &str,
        proxy: SocketAddr,
        base: String,
    ) -> To {
        let (counter, connections, running) = counter(proxy).await;
        // Nothing is an exception, whatever the environment says.
        let builder = builder
            .no_proxy_for("")
            .proxy(format!("{scheme}://{counter}"));
        To {
            client: builder.build(),
            base,
            connections,
            keeps: true,
            _counter: running,
        }
    }
}

/// A proxy that does nothing but count.
async fn counter(to: SocketAddr) -> (SocketAddr, Rc<Cell<u64>>, AbortOnDrop<std::io::Result<()>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let connections = Rc::new(Cell::new(0));
    let count = connections.clone();
    let no_faults = Settings {
        seed: 0,
        faults: Vec::new(),
        reach: 0,
    };
    let tell = move |_: u64, news: News<'_>| {
        let more = u64::from(matches!(news, News::Planned(_)));
        count.set(count.get() + more);
    };
    let running = hob::spawn(proxy::run(listener, to, no_faults, tell));
    (address, connections, running.abort_on_drop())
}

impl To {
    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    #[track_caller]
    pub(crate) fn get(&self, path: &str) -> impl Future<Output = Response> {
        let sent = self.client.get(self.url(path)).send();
        let path = path.to_owned();
        async move { sent.await.unwrap_or_else(|error| panic!("{path}: {error}")) }
    }

    /// Asks for a range, under a condition if there is one.
    pub(crate) async fn range(&self, path: &str, range: &str, if_range: Option<&str>) -> Response {
        let asked = self.client.get(self.url(path)).header("range", range);
        let asked = match if_range {
            Some(validator) => asked.header("if-range", validator),
            None => asked,
        };
        asked.send().await.unwrap()
    }
}

/// The whole body, which must be the pattern from this place on; gives where it ended.
pub(crate) async fn pattern(mut response: Response, from: usize) -> usize {
    let mut pattern = Pattern::at(from);
    while let Some(piece) = response.chunk().await.unwrap() {
        pattern.continues_with(piece);
    }
    pattern.seen
}

/// What every server of files does.
pub(crate) async fn gives_files(to: &To) {
    // Whole files, all over one connection.
    for _ in 0..3 {
        let response = to.get("/small.txt").await;
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.content_length(), Some(SMALL.len() as u64));
        assert_eq!(response.text().await.unwrap(), SMALL);
    }
    assert_eq!(to.get("/empty.txt").await.bytes().await.unwrap(), b"");
    assert_eq!(to.get("/page.txt").await.text().await.unwrap(), page());
    let head = to.client.head(to.url("/large.bin")).send().await.unwrap();
    assert_eq!(head.content_length(), Some(LARGE as u64));
    assert_eq!(head.bytes().await.unwrap(), b"");
    let large = to.get("/large.bin").await;
    assert_eq!(large.content_length(), Some(LARGE as u64));
    assert_eq!(pattern(large, 0).await, LARGE);
    gives_parts(to).await;

    // What is not there, and what is elsewhere.
    let nothing = to.get("/nowhere").await;
    assert_eq!(nothing.status(), StatusCode::NOT_FOUND);
    nothing.bytes().await.unwrap();
    let moved = to.get("/moved").await;
    assert_eq!(moved.url().path(), "/small.txt");
    assert_eq!(moved.text().await.unwrap(), SMALL);
    assert!(
        !to.keeps || to.connections.get() == 1,
        "{:?}",
        to.connections
    );

    // Whoever is let go in the middle costs one connection, and no more.
    drop(to.get("/large.bin").await);
    assert_eq!(to.get("/small.txt").await.text().await.unwrap(), SMALL);
    assert!(
        !to.keeps || to.connections.get() == 2,
        "{:?}",
        to.connections
    );
    many_at_once(to).await;
}

/// Parts of a file, as resuming asks for them.
pub(crate) async fn gives_parts(to: &To) {
    let whole = to.client.head(to.url("/medium.bin")).send().await.unwrap();
    let validator = whole
        .headers()
        .get(header::ETAG)
        .or(whole.headers().get(header::LAST_MODIFIED));
    let validator = validator.expect("an ETag or a Last-Modified").clone();
    let validator = validator.to_str().unwrap();
    drop(whole);
    let from = 123_456;
    let range = format!("bytes={from}-");
    for condition in [None, Some(validator)] {
        let part = to.range("/medium.bin", &range, condition).await;
        assert_eq!(part.status(), StatusCode::PARTIAL_CONTENT, "{condition:?}");
        let came = &part.headers()[header::CONTENT_RANGE];
        let should = format!("bytes {from}-{}/{MEDIUM}", MEDIUM - 1);
        assert_eq!(came, should.as_str());
        assert_eq!(part.content_length(), Some((MEDIUM - from) as u64));
        assert_eq!(pattern(part, from).await, MEDIUM);
    }
    // Another file by now: all of it.
    let changed = to.range("/medium.bin", &range, Some("\"another\"")).await;
    assert_eq!(changed.status(), StatusCode::OK);
    assert_eq!(pattern(changed, 0).await, MEDIUM);
    let beyond = format!("bytes={MEDIUM}-");
    let beyond = to.range("/medium.bin", &beyond, None).await;
    assert_eq!(beyond.status(), StatusCode::RANGE_NOT_SATISFIABLE);
    // It should say how long the file is (RFC 9110 §15.5.17); lighttpd does not.
    if let Some(unsatisfied) = beyond.headers().get(header::CONTENT_RANGE) {
        assert_eq!(unsatisfied, format!("bytes */{MEDIUM}").as_str());
    }
    beyond.bytes().await.unwrap();
}

pub(crate) async fn many_at_once(to: &To) {
    let tasks: Vec<_> = (0..16)
        .map(|_| to.client.get(to.url("/medium.bin")).send())
        .map(|sent| hob::spawn(async { pattern(sent.await.unwrap(), 0).await }))
        .collect();
    for task in tasks {
        assert_eq!(task.await.unwrap(), MEDIUM);
    }
}
