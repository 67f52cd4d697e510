//! An honest server: what it says is right, whatever becomes of it on the way.
//!
//! `GET /FRAMING/SEED/SIZE` gives `SIZE` bytes that follow from `SEED`, framed as `FRAMING` says:
//! by `length`, by `chunked`, or by the `close` of the connection; and `packed` is in chunks, too,
//! with gzip. `X-Sha256` tells the digest of
//! the file, `ETag` which file it is, and a range, with or without an end, is given where it is
//! asked for, under `If-Range` too. Connections are kept.
//!
//! It runs on hob's loop, as under virtual time nothing may happen elsewhere; other people's
//! servers are in other tests.

use std::io::{self, Write};
use std::net::Shutdown;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use hob::JoinSet;
use hob::net::{TcpListener, TcpStream};
use hob::time::timeout;
use rustls::crypto::ring::cipher_suite::TLS13_AES_128_GCM_SHA256;

use crate::plan::Dice;

/// Longer than a client waits for anything, so that it is never we who give up.
const IDLE: Duration = Duration::from_secs(120);

/// The bytes of the file with this seed.
pub fn file(seed: u64, size: usize) -> Vec<u8> {
    let mut dice = Dice::new(seed);
    let mut bytes = vec![0; size];
    for eight in bytes.chunks_mut(8) {
        eight.copy_from_slice(&dice.roll().to_le_bytes()[..eight.len()]);
    }
    bytes
}

/// In gzip's format (RFC 1952).
fn pack(bytes: &[u8]) -> Vec<u8> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
    let written = packer.write_all(bytes).and_then(|()| packer.finish());
    written.expect("memory takes all")
}

/// SHA-256, in hexadecimal digits; by the hash that TLS brings along.
pub fn digest(bytes: &[u8]) -> String {
    let suite = TLS13_AES_128_GCM_SHA256.tls13();
    let hash = suite.expect("it is of TLS 1.3").common.hash_provider;
    let sum = hash.hash(bytes);
    let digits = sum.as_ref().iter().map(|byte| format!("{byte:02x}"));
    digits.collect()
}

/// Accepts for ever. Dropping the future closes all connections.
pub async fn run(listener: TcpListener) -> io::Result<()> {
    let mut connections = JoinSet::new();
    loop {
        let (stream, _) = listener.accept().await?;
        // A client that breaks off is what all this is about.
        connections.spawn(async move { serve(stream).await.ok() });
        while connections.try_join_next().is_some() {}
    }
}

/// Answers the requests of one connection until either side ends it.
async fn serve(stream: TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut came = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        while let Some(end) = came.windows(4).position(|four| four == b"\r\n\r\n") {
            let head: Vec<u8> = came.drain(..end + 4).collect();
            if !answer(&stream, &head).await? {
                return end_in_order(&stream).await;
            }
        }
        match timeout(IDLE, stream.read(&mut buffer)).await {
            Ok(Ok(0)) | Err(_) => return Ok(()),
            Ok(length) => came.extend_from_slice(&buffer[..length?]),
        }
        if came.len() > 64 * 1024 {
            return Ok(());
        }
    }
}

/// Closing with unread bytes would be a reset, which takes back what was sent.
async fn end_in_order(stream: &TcpStream) -> io::Result<()> {
    stream.shutdown(Shutdown::Write)?;
    let mut rest = [0; 1024];
    while let Ok(Ok(1..)) = timeout(IDLE, stream.read(&mut rest)).await {}
    Ok(())
}

/// Answers one request. True if the connection may be used again.
async fn answer(stream: &TcpStream, head: &[u8]) -> io::Result<bool> {
    let Some(asked) = Asked::read(head) else {
        let refusal = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
        stream.write_all(refusal).await?;
        return Ok(false);
    };
    let file = file(asked.seed, asked.size);
    let start = asked.start(&file);
    let packed = (asked.framing == "packed").then(|| pack(&file));
    let bytes = packed.as_ref().unwrap_or(&file);
    let bytes = match asked.range {
        Some((from, last)) => &bytes[from..=last],
        None => &bytes[..],
    };
    match asked.framing {
        "length" => {
            let head = format!("{start}Content-Length: {}\r\n\r\n", bytes.len());
            stream.write_all(&[head.as_bytes(), bytes].concat()).await?;
            Ok(true)
        }
        "chunked" | "packed" => {
            let head = format!("{start}Transfer-Encoding: chunked\r\n\r\n");
            stream.write_all(head.as_bytes()).await?;
            for piece in bytes.chunks(1000) {
                let size = format!("{:x}\r\n", piece.len());
                let chunk = [size.as_bytes(), piece, b"\r\n"].concat();
                stream.write_all(&chunk).await?;
            }
            stream.write_all(b"0\r\n\r\n").await?;
            Ok(true)
        }
        _ => {
            let head = format!("{start}Connection: close\r\n\r\n");
            stream.write_all(&[head.as_bytes(), bytes].concat()).await?;
            Ok(false)
        }
    }
}

/// What a request asks for.
struct Asked {
    framing: &'static str,
    seed: u64,
    size: usize,
    /// First and last byte, where a range is asked for and there is one.
    range: Option<(usize, usize)>,
}

impl Asked {
    /// Reads `GET /length/7/1000 HTTP/1.1` and the fields that matter; `None` for whatever else.
    fn read(head: &[u8]) -> Option<Asked> {
        let head = std::str::from_utf8(head).ok()?;
        let line = head.lines().next()?;
        let path = line.strip_prefix("GET /")?.strip_suffix(" HTTP/1.1")?;
        let mut words = path.split('/');
        let framing = match words.next()? {
            "length" => "length",
            "chunked" => "chunked",
            "packed" => "packed",
            "close" => "close",
            _ => return None,
        };
        let seed = words.next()?.parse().ok()?;
        let size: usize = words.next()?.parse().ok().filter(|size| *size <= 1 << 20)?;
        let field = |name: &str| {
            let fields = head.lines().filter_map(|line| line.split_once(": "));
            let mut found = fields.filter(|(key, _)| key.eq_ignore_ascii_case(name));
            found.next().map(|(_, value)| value)
        };
        let range = field("range").and_then(|range| range.strip_prefix("bytes="));
        let range = range.and_then(|range| {
            let (from, last) = range.split_once('-')?;
            let last = match last {
                "" => size.checked_sub(1)?,
                last => last.parse().ok().filter(|last| *last < size)?,
            };
            Some((from.parse().ok()?, last))
        });
        let mut asked = Asked {
            framing,
            seed,
            size,
            range: None,
        };
        let unchanged = field("if-range").is_none_or(|tag| tag == asked.tag());
        let ranges = framing != "packed";
        asked.range = range.filter(|(from, last)| from <= last && unchanged && ranges);
        Some(asked)
    }

    fn tag(&self) -> String {
        format!("\"{}-{}\"", self.seed, self.size)
    }

    /// The head, but for what frames the body.
    fn start(&self, file: &[u8]) -> String {
        let status = match self.range {
            None => "200 OK".to_owned(),
            Some((from, last)) => {
                let range = format!("bytes {from}-{last}/{}", self.size);
                format!("206 Partial Content\r\nContent-Range: {range}")
            }
        };
        let (tag, digest) = (self.tag(), digest(file));
        let coding = match self.framing {
            "packed" => "Content-Encoding: gzip\r\n",
            _ => "",
        };
        format!("HTTP/1.1 {status}\r\nETag: {tag}\r\nX-Sha256: {digest}\r\n{coding}")
    }
}
