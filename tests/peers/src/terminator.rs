//! TLS before a server that has none: what comes in is opened and passed on, what comes back is
//! sealed. Like [`origin`](crate::origin) it runs on hob's loop, for the sake of virtual time.
//!
//! It is strict about the end: what the server ends in order is ended by a `close_notify`, and
//! nothing else is.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use hob::JoinSet;
use hob::net::{TcpListener, TcpStream};
use hob::time::timeout;
use rustls::{ServerConfig, ServerConnection};

/// Longer than a client waits for anything, so that it is never we who give up.
const IDLE: Duration = Duration::from_secs(120);

/// Accepts for ever. Dropping the future closes all connections.
pub async fn run(
    listener: TcpListener,
    to: SocketAddr,
    config: Arc<ServerConfig>,
) -> io::Result<()> {
    let mut connections = JoinSet::new();
    loop {
        let (client, _) = listener.accept().await?;
        let tls = ServerConnection::new(config.clone()).map_err(io::Error::other)?;
        // A client that breaks off is what all this is about.
        connections.spawn(async move { serve(client, to, tls).await.ok() });
        while connections.try_join_next().is_some() {}
    }
}

/// What came from either side.
enum Came {
    /// From the client, sealed; 0 is the end.
    Sealed(usize),
    /// From the server, open; 0 is the end.
    Open(usize),
}

/// Serves one connection. Whatever is odd ends it: the client must be able to tell.
async fn serve(client: TcpStream, to: SocketAddr, mut tls: ServerConnection) -> io::Result<()> {
    client.set_nodelay(true)?;
    let server = Rc::new(TcpStream::connect(to).await?);
    server.set_nodelay(true)?;
    let (mut sealed, mut open) = (vec![0; 16 * 1024], vec![0; 16 * 1024]);
    loop {
        let from_client = async { client.read(&mut sealed).await.map(Came::Sealed) };
        let from_server = async { server.read(&mut open).await.map(Came::Open) };
        let either = futures_lite::future::or(from_client, from_server);
        match timeout(IDLE, either).await.map_err(io::Error::other)?? {
            Came::Sealed(0) => return Ok(()),
            Came::Sealed(length) => {
                let result = unseal(&mut tls, &sealed[..length]);
                // An alert, if there is one to send.
                flush(&mut tls, &client).await?;
                let plain = result?;
                server.write_all(&plain).await?;
            }
            Came::Open(0) => {
                tls.send_close_notify();
                flush(&mut tls, &client).await?;
                client.shutdown(Shutdown::Write)?;
                // Closing with unread bytes would be a reset.
                while let Ok(Ok(1..)) = timeout(IDLE, client.read(&mut sealed)).await {}
                return Ok(());
            }
            Came::Open(length) => {
                tls.writer().write_all(&open[..length])?;
                flush(&mut tls, &client).await?;
            }
        }
    }
}

/// Takes in all of what came, and gives what was in it.
fn unseal(tls: &mut ServerConnection, mut bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut plain = Vec::new();
    while !bytes.is_empty() {
        tls.read_tls(&mut bytes)?;
        tls.process_new_packets().map_err(io::Error::other)?;
        match tls.reader().read_to_end(&mut plain) {
            Err(error) if error.kind() != io::ErrorKind::WouldBlock => return Err(error),
            _ => {}
        }
    }
    Ok(plain)
}

async fn flush(tls: &mut ServerConnection, client: &TcpStream) -> io::Result<()> {
    let mut bytes = Vec::new();
    while tls.wants_write() {
        tls.write_tls(&mut bytes)?;
    }
    client.write_all(&bytes).await
}
