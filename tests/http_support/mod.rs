//! A server for the tests of the client: it does exactly what a test tells it, however bad.
//!
//! It runs on plain std threads, one for each connection, so that nothing of hob is on the
//! other side of what is being tested.
//!
//! The tests ask loopback, and so does curl's rule: where `http_proxy` is set, `no_proxy` has to
//! name 127.0.0.1 for them, too.

#![allow(dead_code, reason = "each test file uses a part of it")]

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// Longer than any test takes: a test that hits it hangs, and should fail instead.
const HANG: Duration = Duration::from_secs(30);

pub(crate) struct Server {
    addr: SocketAddr,
    seen: Arc<Seen>,
}

#[derive(Default)]
struct Seen {
    accepted: AtomicUsize,
    open: AtomicUsize,
    most_open: AtomicUsize,
    requests: Mutex<Vec<String>>,
}

/// One accepted connection, from the server's side.
pub(crate) struct Peer {
    stream: TcpStream,
    /// 0 for the first that the server accepted.
    pub(crate) number: usize,
    seen: Arc<Seen>,
}

/// A body that came in chunks.
#[derive(Default)]
pub(crate) struct Chunked {
    pub(crate) sizes: Vec<usize>,
    pub(crate) body: Vec<u8>,
    pub(crate) trailers: Vec<String>,
}

impl Server {
    /// Answers each connection with `script`, on a thread of its own.
    pub(crate) fn start(script: impl Fn(&mut Peer) + Send + Sync + 'static) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback is there");
        let addr = listener.local_addr().expect("it is bound");
        let seen = Arc::new(Seen::default());
        let server = Server {
            addr,
            seen: seen.clone(),
        };
        let script = Arc::new(script);
        // Ends with the process: nobody can interrupt an accept.
        thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(stream) = stream else {
                    // No descriptor is left: Linux wants one before it waits.
                    thread::sleep(Duration::from_millis(1));
                    continue;
                };
                let number = seen.accepted.fetch_add(1, Ordering::SeqCst);
                let open = seen.open.fetch_add(1, Ordering::SeqCst) + 1;
                seen.most_open.fetch_max(open, Ordering::SeqCst);
                let (script, seen) = (script.clone(), seen.clone());
                stream.set_read_timeout(Some(HANG)).expect("a fine time");
                let mut peer = Peer {
                    stream,
                    number,
                    seen,
                };
                thread::spawn(move || script(&mut peer));
            }
        });
        server
    }

    /// Answers every request on every connection with `response`, in pieces of `size` bytes.
    pub(crate) fn always(response: impl Into<Vec<u8>>) -> Server {
        let response = response.into();
        Server::start(move |peer| while peer.request().is_some() && peer.say(&response) {})
    }

    pub(crate) fn addr(&self) -> SocketAddr {
        self.addr
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.addr)
    }

    /// Connections accepted so far.
    pub(crate) fn accepted(&self) -> usize {
        self.seen.accepted.load(Ordering::SeqCst)
    }

    /// The most connections that were open at the same time.
    pub(crate) fn most_open(&self) -> usize {
        self.seen.most_open.load(Ordering::SeqCst)
    }

    /// Connections that are open now, as far as the server has noticed.
    pub(crate) fn open(&self) -> usize {
        self.seen.open.load(Ordering::SeqCst)
    }

    /// The requests heard so far: heads, and bodies behind them.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.seen.requests.lock().expect("no panic").clone()
    }
}

impl Peer {
    /// Reads one request with its body. `None`: the client closed, or reset, before one.
    pub(crate) fn request(&mut self) -> Option<String> {
        let text = self.read_head()?;
        let head = String::from_utf8_lossy(&text).into_owned();
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "))
            .map_or(0, |length| length.parse().expect("a number"));
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).ok()?;
        let all = head + &String::from_utf8_lossy(&body);
        let mut requests = self.seen.requests.lock().expect("no panic");
        requests.push(all.clone());
        Some(all)
    }

    /// Reads one request's head, and nothing of what follows.
    pub(crate) fn read_head(&mut self) -> Option<Vec<u8>> {
        let mut text = Vec::new();
        while !text.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            match self.stream.read(&mut byte) {
                Ok(1) => text.push(byte[0]),
                _ => return None,
            }
        }
        Some(text)
    }

    /// Reads so many bytes; `None` if the client ends before.
    pub(crate) fn read(&mut self, count: usize) -> Option<Vec<u8>> {
        let mut bytes = vec![0; count];
        self.stream.read_exact(&mut bytes).ok()?;
        Some(bytes)
    }

    /// Reads a body in chunks: the sizes, what is in them together, and the trailers.
    pub(crate) fn read_chunked(&mut self) -> Option<Chunked> {
        let mut all = Chunked::default();
        loop {
            let line = self.read_line()?;
            let size = usize::from_str_radix(&line, 16).expect("a size");
            if size == 0 {
                break;
            }
            all.sizes.push(size);
            all.body.extend(self.read(size)?);
            assert_eq!(self.read(2)?, b"\r\n");
        }
        loop {
            match self.read_line()? {
                line if line.is_empty() => return Some(all),
                line => all.trailers.push(line),
            }
        }
    }

    /// Reads a line, without its end.
    fn read_line(&mut self) -> Option<String> {
        let mut line = Vec::new();
        while !line.ends_with(b"\r\n") {
            line.extend(self.read(1)?);
        }
        line.truncate(line.len() - 2);
        Some(String::from_utf8(line).expect("text"))
    }

    /// The next byte, whatever it belongs to.
    pub(crate) fn byte(&mut self) -> Option<u8> {
        let mut byte = [0];
        let read = self.stream.read(&mut byte);
        read.is_ok_and(|count| count == 1).then_some(byte[0])
    }

    /// Sends `bytes`; `false` if the client is gone.
    pub(crate) fn say(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        self.stream.write_all(bytes.as_ref()).is_ok()
    }

    /// Sends `bytes` in pieces, each a packet of its own as far as the kernel allows.
    pub(crate) fn say_in_pieces(&mut self, bytes: &[u8], size: usize) -> bool {
        self.stream.set_nodelay(true).expect("a TCP option");
        bytes.chunks(size).all(|piece| self.say(piece))
    }

    /// Says that nothing more is coming.
    pub(crate) fn end(&mut self) {
        let _ = self.stream.shutdown(Shutdown::Write);
    }

    /// Says that nothing more is coming, and waits for the client to close as well.
    pub(crate) fn close(&mut self) {
        self.end();
        self.wait_for_close();
    }

    /// Reads until the client closes, or resets.
    pub(crate) fn wait_for_close(&mut self) {
        let mut rest = [0; 4096];
        while self.stream.read(&mut rest).is_ok_and(|count| count > 0) {}
    }

    /// Ends the connection with a reset, as a crashing host does.
    pub(crate) fn reset(&mut self) {
        let socket = socket2::SockRef::from(&self.stream);
        socket
            .set_linger(Some(Duration::ZERO))
            .expect("a socket option");
        // The close follows when the script returns and drops the peer.
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.seen.open.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Waits, on this thread, for what another thread is about to bring about.
pub(crate) fn wait_until(is_so: impl Fn() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < HANG, "it never came about");
        thread::sleep(Duration::from_millis(1));
    }
}

/// An address where nobody listens.
pub(crate) fn nobody() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback is there");
    listener.local_addr().expect("it is bound")
}

/// A 200 with `body`, its length announced.
pub(crate) fn ok(body: &str) -> String {
    format!(
        "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// A redirect to `location`.
pub(crate) fn redirect(status: u16, location: &str) -> String {
    format!("HTTP/1.1 {status} Over there\r\nLocation: {location}\r\nContent-Length: 4\r\n\r\nmove")
}

/// RFC 4648, as far as the vectors need it.
pub(crate) fn unbase64(text: &str) -> Vec<u8> {
    let digit = |byte: u8| match byte {
        b'A'..=b'Z' => u32::from(byte - b'A'),
        b'a'..=b'z' => u32::from(byte - b'a') + 26,
        b'0'..=b'9' => u32::from(byte - b'0') + 52,
        b'+' => 62,
        _ => 63,
    };
    let digits: Vec<u32> = text.bytes().filter(|&b| b != b'=').map(digit).collect();
    let mut bytes = Vec::new();
    for group in digits.chunks(4) {
        let bits = (0..4).fold(0, |bits, at| bits << 6 | group.get(at).unwrap_or(&0));
        let all = [(bits >> 16) as u8, (bits >> 8) as u8, bits as u8];
        bytes.extend_from_slice(&all[..group.len() - 1]);
    }
    bytes
}

/// A server *inside* the runtime that is being tested, for tests under virtual time: there the
/// clock jumps whenever nothing happens in the loop, and a thread outside would always be late.
/// Returns its URL. Each connection is handed to `script` in a task of its own.
pub(crate) async fn local<F: AsyncFn(hob::net::TcpStream) + 'static>(script: F) -> String {
    let listener = hob::net::TcpListener::bind("127.0.0.1:0").await;
    let listener = listener.expect("loopback is there");
    let addr = listener.local_addr().expect("it is bound");
    let script = Rc::new(script);
    hob::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let script = script.clone();
            hob::spawn(async move { script(stream).await });
        }
    });
    format!("http://{addr}/")
}

/// Reads one request without a body; `false` if the client closed.
pub(crate) async fn hear(stream: &hob::net::TcpStream) -> bool {
    let mut text = Vec::new();
    let mut piece = [0; 1024];
    while !text.ends_with(b"\r\n\r\n") {
        match stream.read(&mut piece).await {
            Ok(count) if count > 0 => text.extend_from_slice(&piece[..count]),
            _ => return false,
        }
    }
    true
}

/// Without the deadlines that virtual time would jump to while bytes are still on their way,
/// as they may be on Windows.
pub(crate) fn patient(client: hob::http::ClientBuilder) -> hob::http::ClientBuilder {
    let client = client.connect_timeout(None).first_byte_timeout(None);
    client.idle_timeout(None)
}
