//! Sockets: TCP, UDP and Unix, for tasks that wait instead of block.
//!
//! Every type here is a socket of mio's inside a `Source` of the reactor, and every
//! operation is the same three steps, told once in `reactor`: try, park if refused, be woken.
//! Nothing here knows the executor or the loop.
//!
//! Law: bytes arrive in pieces of the kernel's choosing, and a peer can go at any moment.
//! Consequence: `read` may give less than the buffer holds, 0 bytes mean "the peer will send
//! no more", and every operation can fail.
//!
//! The types follow tokio's in name and meaning. Where they differ:
//!
//! - Methods that wait take `&self`, and any number of tasks may be in one at once: four that
//!   `accept` on one listener, one that reads a stream while another writes it. Who does not
//!   want to share an `Rc` splits the stream instead: [`TcpStream::into_split`].
//! - Nothing is `Send`: a socket stays with the runtime that it was made in. To move it to
//!   another, take it apart with `into_std` and put it together there with `from_std`.
//! - `shutdown` does not wait, so it is not `async`.
//!
//! Inside, in reading order: names become addresses (`addr`, `dns`); what every socket shares
//! (`ready`; `pause`, for a full queue that tells nobody when it has room); what every
//! stream shares (`stream_ops` reads and writes, `connection` is what can be split, `split`
//! its halves); then the sockets themselves, `tcp_stream` first: the others repeat its pattern.

mod addr;
mod dns;
mod ready;
#[cfg(unix)]
mod pause;
pub(crate) mod stream_ops;
mod connection;
mod split;
mod tcp_stream;
mod incoming;
mod tcp_listener;
mod tcp_socket;
mod udp_socket;
mod udp_options;
#[cfg(unix)]
mod unix_stream;
#[cfg(unix)]
mod unix_listener;
#[cfg(unix)]
mod unix_datagram;

pub use addr::ToSocketAddrs;
pub use connection::Connection;
pub use dns::{LookupHost, lookup_host, lookup_host_with};
pub use incoming::Incoming;
pub use ready::{Interest, Ready};
pub use split::{OwnedReadHalf, OwnedWriteHalf, ReadHalf, ReuniteError, WriteHalf};
pub use tcp_listener::TcpListener;
pub use tcp_socket::{Keepalive, TcpSocket};
pub use tcp_stream::TcpStream;
pub use udp_socket::UdpSocket;
#[cfg(unix)]
pub use unix_datagram::UnixDatagram;
#[cfg(unix)]
pub use unix_listener::UnixListener;
#[cfg(unix)]
pub use unix_stream::UnixStream;
