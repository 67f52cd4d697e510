//! An honest server: what it says is right, whatever becomes of it on the way.
//!
//! `GET /FRAMING/SEED/SIZE` gives `SIZE` bytes that follow from `SEED`, framed as `FRAMING` says:
//! by `length`, by `chunked`, or by the `close` of the connection. `X-Sha256` tells their digest. Connections are
//! kept. It runs on hob's loop, as under virtual time nothing may happen elsewhere; other
//! people's servers are in other tests.

use std::io;
use std::net::Shutdown;
use std::time::Duration;

use hob::JoinSet;
use hob::net::{TcpListener, TcpStream};
use hob::time::timeout;
use sha2::{Digest, Sha256};

use crate::plan::Dice;

/// Longer than a client waits for anything, so that it is never we who give up.
const IDLE: Duration = Duration::from_secs(120);

/// The bytes of the file with this seed.
pub fn file(seed: u64, size: usize) -> Vec<u8> {
    let mut dice = Dice::new(seed);
    let rolls = (0..size.div_ceil(8)).flat_map(|_| dice.roll().to_le_bytes());
    rolls.take(size).collect()
}

/// SHA-256, in hexadecimal digits.
pub fn digest(bytes: &[u8]) -> String {
    let sum = Sha256::digest(bytes);
    sum.iter().map(|byte| format!("{byte:02x}")).collect()
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
    let Some((framing, bytes)) = asked_for(head) else {
        let refusal = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
        stream.write_all(refusal).await?;
        return Ok(false);
    };
    let start = format!("HTTP/1.1 200 OK\r\nX-Sha256: {}\r\n", digest(&bytes));
    match framing {
        "length" => {
            let head = format!("{start}Content-Length: {}\r\n\r\n", bytes.len());
            stream
                .write_all(&[head.as_bytes(), &bytes].concat())
                .await?;
            Ok(true)
        }
        "chunked" => {
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
            stream
                .write_all(&[head.as_bytes(), &bytes].concat())
                .await?;
            Ok(false)
        }
    }
}

/// What `GET /length/7/1000 HTTP/1.1` asks for; `None` for whatever else comes.
fn asked_for(head: &[u8]) -> Option<(&'static str, Vec<u8>)> {
    let line = std::str::from_utf8(head).ok()?.lines().next()?;
    let path = line.strip_prefix("GET /")?.strip_suffix(" HTTP/1.1")?;
    let mut words = path.split('/');
    let framing = match words.next()? {
        "length" => "length",
        "chunked" => "chunked",
        "close" => "close",
        _ => return None,
    };
    let seed = words.next()?.parse().ok()?;
    let size = words.next()?.parse().ok().filter(|size| *size <= 1 << 20)?;
    Some((framing, file(seed, size)))
}
