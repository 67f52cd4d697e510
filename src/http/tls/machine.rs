//! rustls' state machine with its buffers: ciphertext in, plaintext out, and the other way
//! round. No socket is here: `stream` moves the bytes.
//!
//! ```text
//!               ┌─────────── digest ────────────┐
//!   add ──▶ incoming ──▶ rustls ──ReadTraffic──▶ caller's bytes, or spare
//!                          │
//!                          └──EncodeTlsData──▶ outgoing ──▶ to_send, sent
//!                                                 ▲
//!                          caller's bytes ──encrypt
//! ```

use std::io::{self, IoSlice};
use std::sync::Arc;

use rustls::client::{ClientConnectionData, UnbufferedClientConnection};
use rustls::pki_types::ServerName;
use rustls::unbuffered::{ConnectionState, EncodeError, EncryptError, WriteTraffic};
use rustls::{ClientConfig, HandshakeKind, ProtocolVersion};

use super::reasons;
use crate::http::buffer::Buffer;
use crate::http::conn::TlsSession;
use crate::http::error::TlsError;

/// So much plaintext is encrypted at once: four records of the largest size.
const PORTION: usize = 64 * 1024;

/// What encryption adds to a portion, generously: a record's head, nonce and tag, and a key
/// update before it. Where it is not enough, rustls says how much is.
const OVERHEAD: usize = 512;

pub(super) struct Machine {
    tls: UnbufferedClientConnection,
    /// Ciphertext that came and was not digested yet: mostly part of a record.
    incoming: Buffer,
    /// rustls has seen all of it, and waits for the rest of what is left.
    is_seen: bool,
    /// Ciphertext to be sent; `sent` bytes of it have been.
    outgoing: Vec<u8>,
    sent: usize,
    /// Plaintext that found no room with the caller; `given` bytes of it were taken since.
    spare: Vec<u8>,
    given: usize,
    /// The peer said goodbye: what comes behind that is not its.
    is_closed: bool,
    /// The first error. There is nothing after it.
    failed: Option<TlsError>,
}

/// What rustls wants next, once everything at hand is digested.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Want {
    /// More bytes of the handshake.
    Handshake,
    /// Nothing: data may go both ways.
    Data,
}

impl Machine {
    pub(super) fn new(
        config: Arc<ClientConfig>,
        name: ServerName<'static>,
    ) -> Result<Machine, TlsError> {
        let tls = UnbufferedClientConnection::new(config, name);
        Ok(Machine {
            tls: tls.map_err(|error| reasons::translate(&error))?,
            incoming: Buffer::new(),
            is_seen: false,
            outgoing: Vec::new(),
            sent: 0,
            spare: Vec::new(),
            given: 0,
            is_closed: false,
            failed: None,
        })
    }

    /// Did the peer say goodbye?
    pub(super) fn is_closed(&self) -> bool {
        self.is_closed
    }

    /// Did something come that was not read, or an end? Part of a record means nothing yet: a
    /// peer that says no more than that is silent.
    pub(super) fn has_news(&self) -> bool {
        let is_over = self.is_closed || self.failed.is_some();
        let is_unseen = !self.is_seen && !self.incoming.is_empty();
        !self.spare.is_empty() || is_unseen || is_over
    }

    /// Where ciphertext may be put. To be asked when all is digested.
    pub(super) fn room(&mut self) -> &mut [u8] {
        self.incoming.room()
    }

    /// So many bytes of [`Machine::room`] are filled now.
    pub(super) fn add(&mut self, count: usize) {
        self.incoming.add(count);
        self.is_seen = false;
    }

    /// The ciphertext that waits to be sent.
    pub(super) fn to_send(&self) -> &[u8] {
        &self.outgoing[self.sent..]
    }

    /// So many bytes of [`Machine::to_send`] were sent.
    pub(super) fn sent(&mut self, count: usize) {
        self.sent += count;
        if self.sent == self.outgoing.len() {
            self.outgoing.clear();
            self.sent = 0;
        }
    }

    /// Shows rustls what came, until `into` is full or nothing is left to decrypt. What is
    /// more than `into` takes is kept (T2). Answers how much it filled, and what rustls waits
    /// for.
    pub(super) fn digest(&mut self, into: &mut [u8]) -> io::Result<(usize, Want)> {
        let mut filled = self.take_spare(into);
        loop {
            if filled > 0 && filled == into.len() {
                return Ok((filled, Want::Data));
            }
            if let Some(error) = &self.failed {
                // What came before it is good.
                return match filled {
                    0 => Err(reasons::io_error(error.clone())),
                    _ => Ok((filled, Want::Data)),
                };
            }
            match self.step(into, &mut filled) {
                Ok(None) => {}
                Ok(Some(want)) => {
                    self.is_seen = true;
                    return Ok((filled, want));
                }
                Err(error) => {
                    // It has spoken TLS before: this is no wrong port.
                    let is_late = error == TlsError::NotTls && !self.tls.is_handshaking();
                    let error = if is_late { TlsError::Misbehaved } else { error };
                    self.failed = Some(error);
                    self.say_why();
                }
            }
        }
    }

    /// One step of rustls, and what it calls for. `None`: there is more to do.
    fn step(&mut self, into: &mut [u8], filled: &mut usize) -> Result<Option<Want>, TlsError> {
        let status = self.tls.process_tls_records(self.incoming.filled_mut());
        let mut used = status.discard;
        let want = match status.state.map_err(|error| reasons::translate(&error))? {
            ConnectionState::ReadTraffic(mut traffic) => {
                while let Some(record) = traffic.next_record() {
                    let record = record.map_err(|error| reasons::translate(&error))?;
                    used += record.discard;
                    let fits = record.payload.len().min(into.len() - *filled);
                    let (now, later) = record.payload.split_at(fits);
                    into[*filled..*filled + fits].copy_from_slice(now);
                    *filled += fits;
                    self.spare.extend_from_slice(later);
                }
                None
            }
            ConnectionState::EncodeTlsData(mut data) => {
                append(&mut self.outgoing, 0, |room| data.encode(room))?;
                None
            }
            ConnectionState::TransmitTlsData(data) => {
                // It is in `outgoing`, in its order: that is as good as sent.
                data.done();
                None
            }
            ConnectionState::PeerClosed => {
                self.is_closed = true;
                None
            }
            ConnectionState::WriteTraffic(_) | ConnectionState::Closed => Some(Want::Data),
            ConnectionState::BlockedHandshake => Some(Want::Handshake),
            // Early data is for servers, and we know of nothing else.
            _ => return Err(TlsError::Unable),
        };
        self.incoming.consume(used);
        Ok(want)
    }

    fn take_spare(&mut self, into: &mut [u8]) -> usize {
        let spare = &self.spare[self.given..];
        let count = spare.len().min(into.len());
        into[..count].copy_from_slice(&spare[..count]);
        self.given += count;
        if self.given == self.spare.len() {
            self.spare.clear();
            self.given = 0;
        }
        count
    }

    /// Encrypts as much of `slices` as is sent at once. `outgoing` should be empty (T2).
    pub(super) fn encrypt(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        let mut taken = 0;
        for slice in slices {
            let portion = &slice[..slice.len().min(PORTION - taken)];
            if portion.is_empty() {
                continue;
            }
            self.digest(&mut [])?; // T3: whatever rustls has to say comes first.
            self.on_traffic(portion.len(), |traffic, room| {
                traffic.encrypt(portion, room)
            })?;
            taken += portion.len();
        }
        Ok(taken)
    }

    /// Lets `op` put something behind what is to go out. To be called when all is digested.
    fn on_traffic(
        &mut self,
        length: usize,
        mut op: impl FnMut(
            &mut WriteTraffic<'_, ClientConnectionData>,
            &mut [u8],
        ) -> Result<usize, EncryptError>,
    ) -> io::Result<()> {
        let status = self.tls.process_tls_records(self.incoming.filled_mut());
        match status.state {
            Ok(ConnectionState::WriteTraffic(mut traffic)) => {
                let added = append(&mut self.outgoing, length, |room| op(&mut traffic, room));
                added.map_err(reasons::io_error)
            }
            // After a goodbye from both sides.
            _ => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }

    /// Puts the alert that rustls has made of an error behind what is to go out. Not a step
    /// further: it would look at the bad bytes once more.
    fn say_why(&mut self) {
        while self.tls.wants_write() {
            let status = self.tls.process_tls_records(self.incoming.filled_mut());
            let Ok(ConnectionState::EncodeTlsData(mut data)) = status.state else {
                break;
            };
            if append(&mut self.outgoing, 0, |room| data.encode(room)).is_err() {
                break;
            }
        }
    }

    /// Puts our goodbye behind what is to go out.
    pub(super) fn close(&mut self) {
        let is_open = self.failed.is_none() && !self.tls.is_handshaking();
        // Not while data is unread: then this is no orderly end, and the socket will say so.
        if is_open && self.incoming.is_empty() {
            #[expect(
                clippy::redundant_closure_for_method_calls,
                reason = "the method alone is of one lifetime, and here it must be of any"
            )]
            let _ = self.on_traffic(0, |traffic, room| traffic.queue_close_notify(room));
        }
    }

    /// Lets more ciphertext come at once: what a caller gets at once is never more.
    pub(super) fn expect_much(&mut self) {
        self.incoming.expect_much();
    }

    /// Gives back the memory that only a busy connection needs.
    pub(super) fn rest(&mut self) {
        self.incoming.shrink();
        if self.outgoing.is_empty() {
            self.outgoing = Vec::new();
        }
        if self.spare.is_empty() {
            self.spare = Vec::new();
        }
    }

    /// What was agreed upon, once it was.
    pub(super) fn session(&self) -> Option<TlsSession> {
        let version = match self.tls.protocol_version()? {
            ProtocolVersion::TLSv1_2 => "TLSv1.2",
            _ => "TLSv1.3",
        };
        // rustls marks those of 1.3, and IANA does not.
        let suite = self.tls.negotiated_cipher_suite()?.suite().as_str()?;
        Some(TlsSession {
            version,
            cipher_suite: suite.replacen("TLS13_", "TLS_", 1),
            is_resumed: self.tls.handshake_kind() == Some(HandshakeKind::Resumed),
        })
    }
}

/// Has `write` put something behind `outgoing`, which is `length` bytes long and a bit more.
fn append<E: Insufficient>(
    outgoing: &mut Vec<u8>,
    length: usize,
    mut write: impl FnMut(&mut [u8]) -> Result<usize, E>,
) -> Result<(), TlsError> {
    let start = outgoing.len();
    let mut room = length + OVERHEAD;
    loop {
        outgoing.resize(start + room, 0);
        match write(&mut outgoing[start..]) {
            Ok(count) => {
                outgoing.truncate(start + count);
                return Ok(());
            }
            Err(error) => {
                outgoing.truncate(start);
                room = error
                    .required()
                    .filter(|needed| *needed > room)
                    .ok_or(TlsError::Unable)?;
            }
        }
    }
}

/// The two errors of rustls that say how much room it needs.
trait Insufficient {
    fn required(&self) -> Option<usize>;
}

impl Insufficient for EncodeError {
    fn required(&self) -> Option<usize> {
        match self {
            EncodeError::InsufficientSize(error) => Some(error.required_size),
            EncodeError::AlreadyEncoded => None,
        }
    }
}

impl Insufficient for EncryptError {
    fn required(&self) -> Option<usize> {
        match self {
            EncryptError::InsufficientSize(error) => Some(error.required_size),
            EncryptError::EncryptExhausted => None,
        }
    }
}
