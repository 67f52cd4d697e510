//! Answers out: status line, header fields and body, in each of HTTP/1.1's three framings.
//!
//! The other half of [`super::request`]. Only here does the server write; when a write fails,
//! the client is gone, and so is the connection.

use std::io;
use std::time::Duration;

use hob::net::TcpStream;
use hob::time::{interval_at, sleep};

use super::catalog::{File, Framing, PIECE};
use super::request::{Method, Refusal, Request};

/// Says why, and closes.
pub async fn refuse(stream: &mut TcpStream, refusal: Refusal) -> io::Result<()> {
    let Refusal(code, phrase) = refusal;
    let head =
        format!("HTTP/1.1 {code} {phrase}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).await?;
    stream.shutdown(std::net::Shutdown::Write)
}

/// A short answer in one write.
pub async fn whole(
    stream: &mut TcpStream,
    request: &Request,
    status: &str,
    body: &[u8],
) -> io::Result<bool> {
    let framing = format!("Content-Length: {}", body.len());
    let mut bytes = head(status, &framing, request.keep_alive).into_bytes();
    if request.method == Method::Get {
        bytes.extend_from_slice(body);
    }
    stream.write_all(&bytes).await?;
    Ok(request.keep_alive)
}

/// A file: its delay, its head, and then its body at its own pace.
pub async fn file(stream: &mut TcpStream, request: &Request, file: &File) -> io::Result<bool> {
    sleep(file.think).await;
    let framing = match file.framing {
        Framing::Chunked if !request.chunks_known => Framing::UntilClose,
        as_listed => as_listed,
    };
    let (field, reusable) = match framing {
        Framing::Length => (format!("Content-Length: {}", file.size), request.keep_alive),
        Framing::Chunked => ("Transfer-Encoding: chunked".to_owned(), request.keep_alive),
        Framing::UntilClose => ("Connection: close".to_owned(), false),
    };
    stream
        .write_all(head("200 OK", &field, reusable).as_bytes())
        .await?;
    if request.method == Method::Head {
        return Ok(reusable);
    }
    let pieces = file.size.div_ceil(PIECE as u64).max(1);
    let pause = file.send / u32::try_from(pieces).unwrap_or(u32::MAX);
    // Ticks, not sleeps: what a write takes is not added to the pause.
    let mut ticks = interval_at(hob::time::now() + pause, pause.max(Duration::from_nanos(1)));
    for piece in file.pieces() {
        ticks.tick().await;
        match framing {
            Framing::Chunked => stream.write_all(&chunk(&piece)).await?,
            Framing::Length | Framing::UntilClose => stream.write_all(&piece).await?,
        }
    }
    if framing == Framing::Chunked {
        stream.write_all(b"0\r\n\r\n").await?;
    }
    Ok(reusable)
}

fn head(status: &str, framing: &str, reusable: bool) -> String {
    let connection = match reusable || framing == "Connection: close" {
        true => "",
        false => "Connection: close\r\n",
    };
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/octet-stream\r\n{framing}\r\n{connection}\r\n"
    )
}

/// RFC 9112, 7.1: size in hexadecimal, the bytes, and a line end after each.
fn chunk(piece: &[u8]) -> Vec<u8> {
    let mut chunk = format!("{:x}\r\n", piece.len()).into_bytes();
    chunk.extend_from_slice(piece);
    chunk.extend_from_slice(b"\r\n");
    chunk
}
