//! Sockets on the loopback, made with the standard library and then handed to whoever is
//! measured: the same kind for everybody.

use socket2::SockRef;
use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::unix::net::UnixStream;

/// Some kernels default to `bbr`, which paces: on loopback that measures the pacing.
const CONGESTION: &str = "cubic";

/// The bytes of a message.
pub const MESSAGE: usize = 64;

/// `count` pairs, each of a client's and a server's end, neither of which delays or blocks.
pub fn pairs(count: usize) -> Vec<(TcpStream, TcpStream)> {
    let (listener, address) = listener();
    listener.set_nonblocking(false).expect("it may block");
    let connect = || {
        let client = TcpStream::connect(address)?;
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

/// A listener that does not block, and its address. Each has a port of its own, so the
/// connections that the system still remembers from an earlier round are in nobody's way.
pub fn listener() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port of the loopback");
    // An accepted socket inherits it from its listener.
    let _ = set_congestion(&SockRef::from(&listener));
    listener.set_nonblocking(true).expect("it need not block");
    let address = listener.local_addr().expect("it is bound");
    (listener, address)
}

/// Two connected stream sockets that do not block.
pub fn unix_pair() -> (UnixStream, UnixStream) {
    let (a, b) = UnixStream::pair().expect("a pair");
    a.set_nonblocking(true).expect("it need not block");
    b.set_nonblocking(true).expect("it need not block");
    (a, b)
}

/// Two datagram sockets that are connected to each other and do not block.
pub fn udp_pair() -> (UdpSocket, UdpSocket) {
    let bind = || UdpSocket::bind("127.0.0.1:0").expect("a port of the loopback");
    let (a, b) = (bind(), bind());
    let join = |from: &UdpSocket, to: &UdpSocket| {
        from.connect(to.local_addr()?)?;
        from.set_nonblocking(true)
    };
    join(&a, &b).expect("connected");
    join(&b, &a).expect("connected");
    (a, b)
}

/// As many open files as the system lets us have: 512 connections are 1,024 of them.
pub fn many_files() {
    use nix::sys::resource::{Resource, getrlimit, setrlimit};
    if let Ok((_, most)) = getrlimit(Resource::RLIMIT_NOFILE) {
        // A refusal shows where a socket is made.
        let _ = setrlimit(Resource::RLIMIT_NOFILE, most, most);
    }
}

/// What both ends of a pair really run, as far as the system tells.
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
