//! The server of the demonstration: HTTP/1.1 on a thread and a runtime of its own.
//!
//! ```text
//!  fetch's thread          the server's thread
//!  ┌───────────┐    TCP    ┌─────────────────────────────────┐
//!  │           │ ────────▶ │ its loop: accept, and one task  │
//!  │ its loop  │ ◀──────── │ for each connection             │
//!  └───────────┘           └─────────────────────────────────┘
//!        └── Stop::raise: a wake from another thread ──▲
//! ```
//!
//! Between [`super::request`], which reads, and [`super::answer`], which writes, this file
//! knows who is connected and what goes on. Connections are kept and used again. When told
//! to stop, the server accepts no more, lets running answers end, and returns what it counted:
//! how many downloads it really had in hand at the same moment.

use std::cell::Cell;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::rc::Rc;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use futures_lite::StreamExt;
use futures_lite::future::or;
use hob::net::{TcpListener, TcpStream};
use hob::sync::Notify;
use hob::time::timeout;

use super::answer;
use super::catalog::{self, File};
use super::request::{Request, Requests};
use super::stop::Stop;

/// A connection on which nothing is asked for so long is closed.
const IDLE: Duration = Duration::from_secs(15);

/// How long running answers may take when the server is told to stop.
const GRACE: Duration = Duration::from_secs(2);

/// What the server counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    pub connections: usize,
    pub answers: usize,
    /// How many answers were under way at the same moment, at most.
    pub most_at_once: usize,
}

/// A running server. Dropped without [`Server::stop`], it ends by itself, unheard.
pub struct Server {
    pub address: SocketAddr,
    stop: Arc<Stop>,
    thread: Option<thread::JoinHandle<io::Result<Counts>>>,
}

impl Server {
    /// Starts to serve on a free port of this machine. Returns at once: what connects before
    /// the other thread runs waits in the kernel's queue.
    pub fn start() -> io::Result<Server> {
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let stop = Arc::new(Stop::default());
        let theirs = stop.clone();
        let thread = thread::Builder::new()
            .name("demo-server".to_owned())
            .spawn(move || hob::block_on(serve(listener, theirs)))?;
        Ok(Server {
            address,
            stop,
            thread: Some(thread),
        })
    }

    /// Stops it and waits until it has. Blocks.
    pub fn stop(mut self) -> io::Result<Counts> {
        self.stop.raise();
        let thread = self.thread.take().expect("only `stop` takes it");
        let panicked = |_| io::Error::other("the demonstration's server panicked");
        thread.join().map_err(panicked)?
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.raise();
    }
}

/// The server thread's main future.
async fn serve(listener: std::net::TcpListener, stop: Arc<Stop>) -> io::Result<Counts> {
    let listener = TcpListener::from_std(listener)?;
    let shop = Rc::new(Shop::default());
    or(accept_all(&listener, &shop), stop.raised()).await;
    drop(listener);
    // Idle connections end with the runtime; only answers under way are waited for.
    let _ = timeout(GRACE, shop.all_answered()).await;
    Ok(shop.counts.get())
}

/// Does not end. An error is one connection's, or a lack of descriptors that will pass:
/// `incoming` rests after it, and goes on.
async fn accept_all(listener: &TcpListener, shop: &Rc<Shop>) {
    let mut incoming = listener.incoming();
    while let Some(accepted) = incoming.next().await {
        let stream = match accepted {
            Ok(stream) => stream,
            Err(e) => {
                log::warn!("the demonstration's server could not accept: {e}");
                continue;
            }
        };
        shop.count(|counts| counts.connections += 1);
        let shop = shop.clone();
        hob::spawn(async move {
            // A client that goes away in the middle is no trouble of ours.
            if let Err(e) = connection(stream, &shop).await {
                log::debug!("a connection of the demonstration's server ended: {e}");
            }
        });
    }
}

/// Answers the requests of one connection, in order, until it ends.
async fn connection(mut stream: TcpStream, shop: &Shop) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut requests = Requests::default();
    let mut buffer = vec![0; 4096];
    loop {
        match requests.next() {
            Ok(Some(request)) => {
                let reusable = shop.answer(&mut stream, &request).await?;
                if !reusable {
                    return stream.shutdown(std::net::Shutdown::Write);
                }
            }
            Ok(None) => match timeout(IDLE, stream.read(&mut buffer)).await {
                Ok(Ok(0)) | Err(_) => return Ok(()),
                Ok(length) => requests.feed(&buffer[..length?]),
            },
            Err(refusal) => return answer::refuse(&mut stream, refusal).await,
        }
    }
}

/// What all connections share; one thread, so cells will do.
struct Shop {
    files: Vec<File>,
    counts: Cell<Counts>,
    running: Cell<usize>,
    /// Told whenever an answer has ended.
    ended: Notify,
}

impl Default for Shop {
    fn default() -> Shop {
        Shop {
            files: catalog::files(),
            counts: Cell::default(),
            running: Cell::new(0),
            ended: Notify::new(),
        }
    }
}

impl Shop {
    fn count(&self, change: impl FnOnce(&mut Counts)) {
        let mut counts = self.counts.get();
        change(&mut counts);
        self.counts.set(counts);
    }

    async fn all_answered(&self) {
        while self.running.get() > 0 {
            self.ended.notified().await;
        }
    }

    /// Answers one request. True if the connection may be used again.
    async fn answer(&self, stream: &mut TcpStream, request: &Request) -> io::Result<bool> {
        let _running = Running::new(self);
        let name = &request.path[1..];
        if name == "SHA256SUMS" {
            let files = self.files.clone();
            let list = hob::spawn_blocking(move || catalog::sums_file(&files)).await?;
            return answer::whole(stream, request, "200 OK", list.as_bytes()).await;
        }
        match self.files.iter().find(|file| file.name == name) {
            Some(file) => answer::file(stream, request, file).await,
            None => answer::whole(stream, request, "404 Not Found", b"no such file\n").await,
        }
    }
}

/// Counts an answer for as long as it is under way, however it ends.
struct Running<'a>(&'a Shop);

impl<'a> Running<'a> {
    fn new(shop: &'a Shop) -> Running<'a> {
        let running = shop.running.get() + 1;
        shop.running.set(running);
        shop.count(|counts| counts.most_at_once = counts.most_at_once.max(running));
        Running(shop)
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.running.set(self.0.running.get() - 1);
        self.0.count(|counts| counts.answers += 1);
        self.0.ended.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};

    use super::super::catalog::Framing;
    use super::*;

    /// Sends `requests` in one go and reads to the end of the connection.
    fn ask(server: &Server, requests: &str) -> Vec<u8> {
        let mut stream = std::net::TcpStream::connect(server.address).unwrap();
        stream.write_all(requests.as_bytes()).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        answer
    }

    /// One answer off the front of what came: its head, and its body of `length` bytes.
    fn take<'a>(bytes: &mut &'a [u8], length: usize) -> (String, &'a [u8]) {
        let end = bytes
            .windows(4)
            .position(|four| four == b"\r\n\r\n")
            .unwrap()
            + 4;
        let (head, rest) = bytes.split_at(end);
        let (body, rest) = rest.split_at(length);
        *bytes = rest;
        (String::from_utf8(head.to_vec()).unwrap(), body)
    }

    fn small(framing: Framing) -> File {
        let mut files = catalog::files();
        files.retain(|file| file.framing == framing && file.size > 0);
        files.into_iter().min_by_key(|file| file.size).unwrap()
    }

    fn contents(file: &File) -> Vec<u8> {
        file.pieces().flatten().collect()
    }

    #[test]
    fn pipelined_requests_are_answered_in_order_on_one_connection() {
        let server = Server::start().unwrap();
        let file = small(Framing::Length);
        let requests = format!(
            "HEAD /{0} HTTP/1.1\r\nHost: h\r\n\r\nGET /nothing HTTP/1.1\r\nHost: h\r\n\r\n\
             GET /{0} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
            file.name,
        );
        let bytes = ask(&server, &requests);
        let mut rest = &bytes[..];
        let length = format!("Content-Length: {}\r\n", file.size);
        let (head, _no_body) = take(&mut rest, 0);
        assert!(
            head.starts_with("HTTP/1.1 200 ") && head.contains(&length),
            "{head}"
        );
        let (head, body) = take(&mut rest, 13);
        assert!(
            head.starts_with("HTTP/1.1 404 ") && body == b"no such file\n",
            "{head}"
        );
        let (head, body) = take(&mut rest, file.size as usize);
        assert!(
            head.contains(&length) && head.contains("Connection: close\r\n"),
            "{head}"
        );
        assert!(body == contents(&file) && rest.is_empty());
        let counts = server.stop().unwrap();
        assert_eq!(
            (counts.connections, counts.answers, counts.most_at_once),
            (1, 3, 1)
        );
    }

    #[test]
    fn a_chunked_file_is_the_same_file_and_an_old_client_gets_it_without_chunks() {
        let server = Server::start().unwrap();
        let file = small(Framing::Chunked);
        let get = |rest| ask(&server, &format!("GET /{} {rest}\r\n\r\n", file.name));
        let new = get("HTTP/1.1\r\nHost: h\r\nConnection: close");
        let mut rest = &new[..];
        let (head, _) = take(&mut rest, 0);
        assert!(head.contains("Transfer-Encoding: chunked\r\n"), "{head}");
        let mut body = Vec::new();
        loop {
            let line = rest.windows(2).position(|two| two == b"\r\n").unwrap();
            let size = std::str::from_utf8(&rest[..line]).unwrap();
            let size = usize::from_str_radix(size, 16).unwrap();
            body.extend_from_slice(&rest[line + 2..][..size]);
            assert_eq!(&rest[line + 2 + size..][..2], b"\r\n");
            rest = &rest[line + 4 + size..];
            if size == 0 {
                break;
            }
        }
        assert!(body == contents(&file) && rest.is_empty());

        let old = get("HTTP/1.0");
        let mut rest = &old[..];
        let (head, body) = take(&mut rest, file.size as usize);
        assert!(
            !head.contains("chunked") && head.contains("Connection: close"),
            "{head}"
        );
        assert!(body == contents(&file) && rest.is_empty());
        let _ = server.stop();
    }

    #[test]
    fn what_is_no_request_is_refused_and_the_connection_closed() {
        let server = Server::start().unwrap();
        let bytes = ask(
            &server,
            "GET /almond.bin HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\n",
        );
        let answer = String::from_utf8(bytes).unwrap();
        assert!(
            answer.starts_with("HTTP/1.1 400 ") && answer.ends_with("\r\n\r\n"),
            "{answer}"
        );
        assert_eq!(answer.matches("HTTP/1.1").count(), 1);
        let _ = server.stop();
    }

    /// Stopping lets the answer that is under way end, and does not wait for idle connections.
    #[test]
    fn a_server_that_stops_ends_what_it_began() {
        let server = Server::start().unwrap();
        let file = small(Framing::Length);
        let idle = std::net::TcpStream::connect(server.address).unwrap();
        let mut stream = std::net::TcpStream::connect(server.address).unwrap();
        write!(stream, "GET /{} HTTP/1.1\r\nHost: h\r\n\r\n", file.name).unwrap();
        let mut first = [0];
        stream.read_exact(&mut first).unwrap();
        let counts = server.stop().unwrap();
        assert_eq!((counts.connections, counts.answers), (2, 1));
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).unwrap();
        assert!(rest.ends_with(&contents(&file)));
        drop(idle);
    }
}
