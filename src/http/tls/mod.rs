//! `https`: TLS between a transport and the connection that speaks HTTP over it.
//!
//! | file | holds |
//! |---|---|
//! | `settings`, `pin` | what a program can say about trust |
//! | `roots` | whom a client believes, found once |
//! | `verify` | the question whether a certificate is good |
//! | `machine`, `stream` | the state machine: bytes in, bytes out; and how it waits |
//! | `present` | the TLS of one client, and the handshake |
//! | `reasons` | rustls' errors in our words |
//! | `absent` | all that remains in a build without the feature `tls` |
//!
//! This file is the only one that knows whether there is TLS in this build. Whoever connects
//! asks [`Tls::protection_of`] how a URL is to be protected, and then [`Tls::secure`] to do it.
//!
//! TLS knows of nothing but a [`Transport`](crate::http::conn::Transport) below it, so it may
//! stand on a TCP stream, a Unix socket or a tunnel through a proxy.

#[cfg(feature = "tls")]
mod settings;
#[cfg(feature = "tls")]
mod pin;
#[cfg(feature = "tls")]
mod reasons;
#[cfg(feature = "tls")]
mod verify;
#[cfg(feature = "tls")]
mod roots;
#[cfg(feature = "tls")]
mod machine;
#[cfg(feature = "tls")]
mod stream;
#[cfg(feature = "tls")]
mod present;
#[cfg(not(feature = "tls"))]
mod absent;

#[cfg(not(feature = "tls"))]
pub(crate) use absent::{Protection, Settings, Tls};
#[cfg(feature = "tls")]
pub use pin::PublicKeyPin;
#[cfg(feature = "tls")]
pub(crate) use present::{Protection, Tls};
#[cfg(feature = "tls")]
pub(crate) use settings::Settings;
#[cfg(feature = "tls")]
pub use settings::{Certificates, Identity};

#[cfg(all(test, feature = "tls"))]
mod tests;
