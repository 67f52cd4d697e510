//! A TCP server that says back what it hears, one task for each client. You will see it
//! serve five clients of its own at the same time, and end.
//!
//! Run with: `cargo run --example echo_server`
//! To serve for real: `cargo run --example echo_server -- --listen 127.0.0.1:7000`, then talk
//! to it with `nc 127.0.0.1 7000`. Ctrl-C ends it.

use std::io;
use std::net::{Shutdown, SocketAddr};

use hob::net::{TcpListener, TcpStream};

fn main() -> io::Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let runtime = hob::Builder::new().cancel_on_ctrl_c(true).build()?;
    match args[..] {
        [] => runtime.block_on(demo()),
        ["--listen", addr] => runtime.block_on(async {
            let listener = TcpListener::bind(addr).await?;
            println!("listening on {}", listener.local_addr()?);
            serve(listener).await
        }),
        _ => {
            eprintln!("usage: echo_server [--listen ADDR]");
            std::process::exit(2)
        }
    }
}

/// Accepts for ever. A client that fails is reported and hurts nobody else.
async fn serve(listener: TcpListener) -> io::Result<()> {
    loop {
        let (stream, peer) = listener.accept().await?;
        hob::spawn(async move {
            match echo(stream).await {
                Ok(bytes) => println!("server: {peer} said {bytes} bytes and left"),
                Err(error) => println!("server: {peer}: {error}"),
            }
        });
    }
}

/// Says back what the peer says, until it says no more.
async fn echo(stream: TcpStream) -> io::Result<u64> {
    let (reading, writing) = stream.into_split();
    hob::io::copy(reading, writing).await
}

/// A server and five clients on the same thread.
async fn demo() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let addr = listener.local_addr()?;
    hob::spawn(serve(listener));

    let clients: Vec<_> = (1..=5).map(|n| hob::spawn(client(n, addr))).collect();
    for client in clients {
        client.await??;
    }
    Ok(())
}

async fn client(number: usize, addr: SocketAddr) -> io::Result<()> {
    let stream = TcpStream::connect(addr).await?;
    let said = format!("hello, I am number {number}");
    stream.write_all(said.as_bytes()).await?;
    stream.shutdown(Shutdown::Write)?; // that was all, and now to listen
    let mut heard = Vec::new();
    stream.read_to_end(&mut heard).await?;
    println!("client {number} hears: {}", String::from_utf8_lossy(&heard));
    Ok(())
}
