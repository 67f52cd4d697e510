//! Tests of the state machine against a rustls server in memory: every byte comes and goes
//! when the test says so.
//!
//! The certificate in `tests/data/tls` is for nobody and signed by itself; these clients take
//! any. Who is to be trusted is tested in `tests/peers`.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::{self, IoSlice, Read, Write};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use futures_io::{AsyncRead, AsyncWrite};
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ServerConfig, ServerConnection, SupportedProtocolVersion, version};

use super::roots;
use super::settings::Settings;
use super::stream::TlsStream;
use crate::http::conn::Transport;
use crate::http::error::TlsError;

/// The other side of a connection, and all that is under way.
struct Peer {
    tls: ServerConnection,
    /// Ciphertext on its way to the client.
    under_way: VecDeque<u8>,
    /// What a read and a write move at most.
    step: usize,
    /// Every other poll is refused.
    in_turns: bool,
    turn: bool,
    /// The socket takes nothing.
    is_full: bool,
    /// The socket ends behind what is under way.
    is_over: bool,
    /// Plaintext that came from the client.
    heard: Vec<u8>,
    /// How often the client wrote to the socket.
    writes: usize,
}

#[derive(Clone)]
struct Wire(Rc<RefCell<Peer>>);

impl Wire {
    fn new(versions: &[&'static SupportedProtocolVersion]) -> Wire {
        let tls = ServerConnection::new(server_config(versions)).expect("a good configuration");
        Wire(Rc::new(RefCell::new(Peer {
            tls,
            under_way: VecDeque::new(),
            step: usize::MAX,
            in_turns: false,
            turn: false,
            is_full: false,
            is_over: false,
            heard: Vec::new(),
            writes: 0,
        })))
    }

    fn change<R>(&self, f: impl FnOnce(&mut Peer) -> R) -> R {
        f(&mut self.0.borrow_mut())
    }

    /// The server says something.
    fn say(&self, bytes: &[u8]) {
        self.change(|peer| {
            peer.tls.writer().write_all(bytes).expect("it is small");
            peer.pump();
        });
    }

    fn client(&self, config: &Arc<ClientConfig>) -> TlsStream {
        let name = ServerName::try_from("localhost").expect("a name");
        TlsStream::new(Box::new(self.clone()), config.clone(), name).expect("good")
    }

    /// A client that has shaken hands.
    fn open(&self) -> TlsStream {
        let mut client = self.client(&any());
        poll(|cx| client.poll_handshake(cx)).expect("a handshake");
        client
    }
}

impl Peer {
    fn pump(&mut self) {
        while self.tls.wants_write() {
            self.tls.write_tls(&mut self.under_way).expect("memory");
        }
    }

    fn refuses(&mut self) -> bool {
        self.turn = !self.turn;
        self.in_turns && self.turn
    }

    /// Bytes that the server takes from the socket.
    fn take(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            self.tls.read_tls(&mut bytes).expect("it takes them");
            let state = self.tls.process_new_packets();
            self.pump();
            let Ok(state) = state else { return };
            let mut plain = vec![0; state.plaintext_bytes_to_read()];
            self.tls
                .reader()
                .read_exact(&mut plain)
                .expect("it is there");
            self.heard.extend(plain);
            if state.peer_has_closed() {
                return;
            }
        }
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        into: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        self.change(|peer| {
            if peer.refuses() {
                return Poll::Pending;
            }
            let count = peer.under_way.len().min(into.len()).min(peer.step);
            for (place, byte) in into.iter_mut().zip(peer.under_way.drain(..count)) {
                *place = byte;
            }
            match count {
                0 if !peer.is_over => Poll::Pending,
                count => Poll::Ready(Ok(count)),
            }
        })
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.change(|peer| {
            if peer.is_full || peer.refuses() {
                return Poll::Pending;
            }
            let count = bytes.len().min(peer.step);
            peer.take(&bytes[..count]);
            peer.writes += 1;
            Poll::Ready(Ok(count))
        })
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl Transport for Wire {
    fn has_news(&self) -> bool {
        self.change(|peer| !peer.under_way.is_empty() || peer.is_over)
    }

    fn read_now(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let mut cx = Context::from_waker(Waker::noop());
        match Pin::new(self).poll_read(&mut cx, into) {
            Poll::Ready(result) => result,
            Poll::Pending => Err(io::ErrorKind::WouldBlock.into()),
        }
    }
}

fn server_config(versions: &[&'static SupportedProtocolVersion]) -> Arc<ServerConfig> {
    let chain = CertificateDer::from_pem_slice(include_bytes!("../../../tests/data/tls/cert.pem"));
    let key = PrivateKeyDer::from_pem_slice(include_bytes!("../../../tests/data/tls/key.pem"));
    let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let builder = builder
        .with_protocol_versions(versions)
        .expect("it knows them");
    let builder = builder.with_no_client_auth();
    let config = builder.with_single_cert(vec![chain.expect("PEM")], key.expect("PEM"));
    Arc::new(config.expect("they belong together"))
}

/// A client that takes any certificate.
fn any() -> Arc<ClientConfig> {
    let accept_invalid = true;
    roots::configure(Settings {
        accept_invalid,
        ..Settings::default()
    })
    .expect("nothing is in it")
}

const BOTH: [&[&SupportedProtocolVersion]; 2] = [&[&version::TLS12], &[&version::TLS13]];

fn poll<T>(mut op: impl FnMut(&mut Context<'_>) -> Poll<T>) -> T {
    let mut cx = Context::from_waker(Waker::noop());
    for _ in 0..100_000 {
        if let Poll::Ready(result) = op(&mut cx) {
            return result;
        }
    }
    panic!("it waits for ever");
}

fn try_read(client: &mut TlsStream, into: &mut [u8]) -> Poll<io::Result<usize>> {
    let mut cx = Context::from_waker(Waker::noop());
    Pin::new(client).poll_read(&mut cx, into)
}

/// Reads `count` bytes, `most` at a time.
fn read(client: &mut TlsStream, count: usize, most: usize) -> Vec<u8> {
    let mut got = Vec::new();
    while got.len() < count {
        let mut into = vec![0; most.min(count - got.len())];
        let read = poll(|cx| Pin::new(&mut *client).poll_read(cx, &mut into)).expect("bytes");
        assert!(read > 0, "an end after {} bytes", got.len());
        got.extend_from_slice(&into[..read]);
    }
    got
}

fn write(client: &mut TlsStream, mut bytes: &[u8]) {
    while !bytes.is_empty() {
        let slices = [IoSlice::new(&[]), IoSlice::new(bytes)];
        let count = poll(|cx| Pin::new(&mut *client).poll_write_vectored(cx, &slices));
        bytes = &bytes[count.expect("taken")..];
    }
    poll(|cx| Pin::new(&mut *client).poll_flush(cx)).expect("sent");
}

fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|at| (at % 251) as u8).collect()
}

/// Broken by: `poll_fill` that gives up at the first `Pending` of many, or `sent` that clears
/// too early.
#[test]
fn both_sides_understand_each_other_however_little_comes_at_a_time() {
    for versions in BOTH {
        for step in [1, 2, 3, 7, 100, usize::MAX] {
            let wire = Wire::new(versions);
            wire.change(|peer| (peer.step, peer.in_turns) = (step, true));
            let mut client = wire.open();
            write(&mut client, b"a question");
            assert_eq!(
                wire.change(|peer| peer.heard.clone()),
                b"a question",
                "{step}"
            );
            wire.say(b"an answer");
            assert_eq!(read(&mut client, 9, 100), b"an answer", "{step}");
        }
    }
}

/// Broken by: consuming the discarded bytes of a record before all of it was there.
#[test]
fn a_record_is_read_whole_wherever_it_is_split() {
    for versions in BOTH {
        // 60 bytes and what TLS adds: at least 17 (RFC 8446 §5.2).
        for at in 1..77 {
            let wire = Wire::new(versions);
            let mut client = wire.open();
            assert!(try_read(&mut client, &mut [0; 9]).is_pending());
            wire.say(&pattern(60));
            let late = wire.change(|peer| peer.under_way.split_off(at));
            assert!(try_read(&mut client, &mut [0; 99]).is_pending(), "{at}");
            wire.change(|peer| peer.under_way.extend(late));
            assert_eq!(read(&mut client, 60, 99), pattern(60), "{at}");
        }
    }
}

/// Broken by: `spare` that is overwritten by the next record.
#[test]
fn what_was_not_read_yet_outlives_a_write() {
    let wire = Wire::new(BOTH[1]);
    let mut client = wire.open();
    for word in ["one", "two", "three"] {
        wire.say(word.as_bytes());
    }
    assert_eq!(read(&mut client, 1, 1), b"o");
    write(&mut client, b"question");
    assert_eq!(read(&mut client, 10, 4), b"netwothree");
}

/// Broken by: `take_spare` that gives from the front of `spare` each time.
#[test]
fn what_does_not_fit_is_kept_for_the_next_read() {
    let all = pattern(50_000);
    for most in [1, 10, 1000, 20_000, 65_536] {
        let wire = Wire::new(BOTH[1]);
        let mut client = wire.open();
        wire.say(&all);
        assert_eq!(read(&mut client, all.len(), most), all, "{most}");
    }
}

/// T2. Broken by: encrypting before `poll_send` is done.
#[test]
fn a_full_socket_holds_the_writer_back() {
    let wire = Wire::new(BOTH[1]);
    let mut client = wire.open();
    wire.change(|peer| peer.is_full = true);
    let bytes = pattern(1_000_000);
    let mut cx = Context::from_waker(Waker::noop());
    let mut taken = 0;
    while let Poll::Ready(count) = Pin::new(&mut client).poll_write(&mut cx, &bytes[taken..]) {
        taken += count.expect("it is not broken");
        assert!(taken < 200_000, "it holds {taken} bytes");
    }
    assert!(taken > 0);
    wire.change(|peer| peer.is_full = false);
    write(&mut client, &bytes[taken..]);
    assert!(wire.change(|peer| peer.heard == bytes));
    assert!(wire.change(|peer| peer.writes) < 40, "large pieces");
}

/// T1. Broken by: `poll_read` without `poll_send`.
#[test]
fn what_was_taken_from_the_writer_goes_out_before_a_read_waits() {
    let wire = Wire::new(BOTH[1]);
    let mut client = wire.open();
    wire.change(|peer| peer.is_full = true);
    let mut cx = Context::from_waker(Waker::noop());
    let count = Pin::new(&mut client).poll_write(&mut cx, b"question");
    assert!(matches!(count, Poll::Ready(Ok(8))), "{count:?}");
    assert!(try_read(&mut client, &mut [0; 9]).is_pending());
    assert!(wire.change(|peer| peer.heard.is_empty()));
    wire.change(|peer| peer.is_full = false);
    assert!(try_read(&mut client, &mut [0; 9]).is_pending());
    assert_eq!(wire.change(|peer| peer.heard.clone()), b"question");
}

/// T3. Broken by: passing over `EncodeTlsData` after the handshake.
#[test]
fn keys_are_renewed_in_both_directions() {
    let wire = Wire::new(BOTH[1]);
    let mut client = wire.open();
    for round in 0..5 {
        wire.change(|peer| peer.tls.refresh_traffic_keys().expect("TLS 1.3"));
        wire.say(b"new keys");
        assert_eq!(read(&mut client, 8, 8), b"new keys", "{round}");
        write(&mut client, b"heard");
    }
    assert_eq!(wire.change(|peer| peer.heard.clone()), b"heard".repeat(5));
}

/// T3. Broken by: `read_now` that looks at the socket and not at what the bytes mean.
#[test]
fn tickets_are_no_news_but_data_and_ends_are() {
    let quiet = |client: &mut TlsStream| {
        let news = client.read_now(&mut [0]);
        news.is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock)
    };
    let open = || {
        let wire = Wire::new(BOTH[1]);
        let client = wire.open();
        // rustls sends its tickets behind the handshake: they lie there unread.
        assert!(wire.change(|peer| !peer.under_way.is_empty()), "tickets");
        (wire, client)
    };
    let (_, mut client) = open();
    assert!(quiet(&mut client) && quiet(&mut client));

    let (wire, mut client) = open();
    wire.say(b"!");
    assert!(!quiet(&mut client));

    let (wire, mut client) = open();
    wire.change(|peer| {
        peer.tls.send_close_notify();
        peer.pump();
    });
    assert!(!quiet(&mut client));

    let (wire, mut client) = open();
    wire.change(|peer| peer.is_over = true);
    assert!(!quiet(&mut client) && !quiet(&mut client));

    let (wire, mut client) = open();
    wire.change(|peer| peer.under_way.extend(b"garbage, and not a little of it"));
    assert!(!quiet(&mut client));
}

/// A deadline looks for news before it blames the peer, so what never becomes any must not be.
///
/// Broken by: taking whatever stands in `incoming` for news.
#[test]
fn half_a_record_is_no_news_and_the_other_half_is() {
    for versions in BOTH {
        let wire = Wire::new(versions);
        let mut client = wire.open();
        while try_read(&mut client, &mut [0; 99]).is_ready() {} // The tickets.
        wire.say(b"hello");
        let rest = wire.change(|peer| peer.under_way.split_off(12));
        assert!(client.has_news());
        assert!(try_read(&mut client, &mut [0; 99]).is_pending());
        assert!(!client.has_news());
        wire.change(|peer| peer.under_way.extend(rest));
        assert!(client.has_news());
        assert_eq!(read(&mut client, 2, 2), b"he");
        assert!(client.has_news(), "there is more");
        assert_eq!(read(&mut client, 3, 3), b"llo");
        assert!(!client.has_news());
    }
}

/// Broken by: blaming the port for whatever is no record.
#[test]
fn garbage_on_an_open_connection_is_no_wrong_port() {
    let garbage = |wire: &Wire| wire.change(|peer| peer.under_way.extend(b"HTTP/1.1 400 Bad"));
    let wire = Wire::new(BOTH[1]);
    let mut client = wire.open();
    garbage(&wire);
    let error = end_of(&mut client).expect_err("that is no record");
    assert_eq!(reason(error), TlsError::Misbehaved);

    let wire = Wire::new(BOTH[1]);
    garbage(&wire);
    let mut client = wire.client(&any());
    let error = poll(|cx| client.poll_handshake(cx)).expect_err("that is no TLS");
    assert_eq!(reason(error), TlsError::NotTls);
}

fn reason(error: io::Error) -> TlsError {
    error.downcast().expect("TLS says why")
}

fn end_of(client: &mut TlsStream) -> io::Result<usize> {
    poll(|cx| Pin::new(&mut *client).poll_read(cx, &mut [0; 99]))
}

/// Broken by: `Ok(0)` for every end.
#[test]
fn an_end_is_an_end_only_with_a_goodbye() {
    for versions in BOTH {
        let wire = Wire::new(versions);
        let mut client = wire.open();
        wire.say(b"all of it");
        wire.change(|peer| {
            peer.tls.send_close_notify();
            peer.pump();
            peer.is_over = true;
        });
        assert_eq!(read(&mut client, 9, 9), b"all of it");
        assert_eq!(end_of(&mut client).expect("a goodbye"), 0);
        assert_eq!(end_of(&mut client).expect("it stays"), 0);

        for cut in [0, 1, 5, 20] {
            let wire = Wire::new(versions);
            let mut client = wire.open();
            assert!(try_read(&mut client, &mut [0; 9]).is_pending());
            wire.say(b"not all");
            let first = wire.change(|peer| peer.under_way.len());
            wire.say(b"of it");
            wire.change(|peer| {
                peer.under_way.truncate(first + cut);
                peer.is_over = true;
            });
            assert_eq!(read(&mut client, 7, 99), b"not all");
            for _ in 0..2 {
                let error = end_of(&mut client).expect_err("it was cut");
                assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
                assert!(error.to_string().contains("close_notify"), "{error}");
            }
        }
    }
}

/// Broken by: errors that are not kept, or data that is dropped with them.
#[test]
fn a_flipped_bit_ends_it_behind_the_good_data() {
    let wire = Wire::new(BOTH[1]);
    let mut client = wire.open();
    assert!(try_read(&mut client, &mut [0; 9]).is_pending());
    wire.say(b"good");
    let good = wire.change(|peer| peer.under_way.len());
    wire.say(b"bad");
    wire.change(|peer| peer.under_way[good + 10] ^= 1);
    assert_eq!(read(&mut client, 4, 99), b"good");
    for _ in 0..2 {
        let error = end_of(&mut client).expect_err("it is not what was sent");
        let inner = error.downcast::<TlsError>().expect("by TLS");
        assert_eq!(inner, TlsError::Misbehaved);
    }
    let mut cx = Context::from_waker(Waker::noop());
    let written = Pin::new(&mut client).poll_write(&mut cx, b"more");
    assert!(matches!(written, Poll::Ready(Err(_))), "{written:?}");
}

#[test]
fn a_client_that_goes_says_goodbye() {
    for versions in BOTH {
        let wire = Wire::new(versions);
        drop(wire.open());
        let closed = wire.change(|peer| peer.tls.process_new_packets().expect("good"));
        assert!(closed.peer_has_closed());
    }
}

/// RFC 8446 §6.2: the other side is told why.
#[test]
fn a_client_that_trusts_nobody_says_so() {
    let wire = Wire::new(BOTH[1]);
    let pem = include_bytes!("../../../tests/data/tls/cert.pem");
    let settings = Settings {
        only_added: true,
        added: vec![super::Certificates::from_pem(pem).expect("PEM")],
        pins: vec![super::PublicKeyPin::from_sha256([0; 32])],
        ..Settings::default()
    };
    let mut client = wire.client(&roots::configure(settings).expect("a root"));
    let error = poll(|cx| client.poll_handshake(cx)).expect_err("not that key");
    let why = error.downcast::<TlsError>().expect("by TLS");
    assert!(why.is_certificate(), "{why}");
    let heard = wire.change(|peer| peer.tls.process_new_packets());
    assert!(
        matches!(heard, Err(rustls::Error::AlertReceived(_))),
        "{heard:?}"
    );
}
