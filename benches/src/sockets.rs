//! Pairs of connected loopback sockets, made with the standard library and then handed to
//! whoever is measured: the same kind for everybody.

use socket2::SockRef;
use std::io;
use std::net::{TcpListener, TcpStream};

/// Some kernels default to `bbr`, which paces: on loopback that measures the pacing.
const CONGESTION: &str = "cubic";

/// `count` pairs, each of a client's and a server's end, neither of which delays or blocks.
pub fn pairs(count: usize) -> Vec<(TcpStream, TcpStream)> {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port of the loopback");
    // An accepted socket inherits it from its listener.
    let _ = set_congestion(&SockRef::from(&listener));
    let connect = || {
        let client = TcpStream::connect(listener.local_addr()?)?;
        let _ = set_congestion(&SockRef::from(&client));
        let (server, _) = listener.accept()?;
        for end in [&client, &server] {
            end.set_nodelay(true)?;
            end.set_nonblocking(true)?;
        }
        io::Result::Ok((client, server))
    };
    (0..count).map(|_| connect().expect("a pair")).collect()
}

/// Which congestion control both ends of such a pair really run, as far as the system tells.
pub fn congestion() -> String {
    let (client, server) = pairs(1).pop().expect("one pair");
    let [client, server] = [client, server].map(|end| read_congestion(&SockRef::from(&end)));
    match client == server {
        true => client,
        false => format!("{client} and {server}"),
    }
}

#[cfg(target_os = "linux")]
fn set_congestion(socket: &SockRef<'_>) -> io::Result<()> {
    socket.set_tcp_congestion(CONGESTION.as_bytes())
}

#[cfg(target_os = "linux")]
fn read_congestion(socket: &SockRef<'_>) -> String {
    let name = socket.tcp_congestion().unwrap_or_default();
    let name = String::from_utf8_lossy(&name);
    name.trim_end_matches('\0').to_string()
}

#[cfg(not(target_os = "linux"))]
fn set_congestion(_socket: &SockRef<'_>) -> io::Result<()> {
    Ok(())
}

#[cfg(not(target_os = "linux"))]
fn read_congestion(_socket: &SockRef<'_>) -> String {
    "the system's".into()
}
