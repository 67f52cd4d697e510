//! A CA and certificates made for a test, and servers that speak TLS on threads of their own.
//!
//! The servers are written with rustls and the standard library alone, so that nothing of hob
//! is on both sides of a test. A server serves each connection with the same function; what
//! it counts can be looked at from outside.

#![allow(dead_code, reason = "each test takes from it what it needs")]

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, PublicKeyData as _, date_time_ymd,
};
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::danger::ClientCertVerifier;
use rustls::{
    HandshakeKind, ServerConfig, ServerConnection, StreamOwned, SupportedProtocolVersion,
};

/// A CA that signs what a test needs.
pub struct Ca {
    pem: String,
    der: CertificateDer<'static>,
    issuer: Issuer<'static, KeyPair>,
}

/// What a server shows: its certificate, and the key that only it has.
pub struct Shown {
    pub chain: Vec<CertificateDer<'static>>,
    pub key: KeyPair,
    pub pem: String,
}

impl Ca {
    pub fn new() -> Ca {
        Ca::named("a CA of a test")
    }

    pub fn named(name: &str) -> Ca {
        let mut params = CertificateParams::new(Vec::new()).expect("no names are good names");
        params.distinguished_name = named(name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = KeyPair::generate().expect("a key");
        let certificate = params.self_signed(&key).expect("signed");
        Ca {
            pem: certificate.pem(),
            der: certificate.der().clone(),
            issuer: Issuer::new(params, key),
        }
    }

    pub fn pem(&self) -> &str {
        &self.pem
    }

    pub fn der(&self) -> CertificateDer<'static> {
        self.der.clone()
    }

    pub fn roots(&self) -> hob::http::Certificates {
        hob::http::Certificates::from_pem(self.pem.as_bytes()).expect("it is a certificate")
    }

    /// A good certificate for this machine, by all its names.
    pub fn good(&self) -> Shown {
        self.sign(&["localhost", "127.0.0.1", "::1"], |_| {})
    }

    /// A certificate for `names`, with whatever `change` does to it.
    pub fn sign(&self, names: &[&str], change: impl FnOnce(&mut CertificateParams)) -> Shown {
        let names: Vec<String> = names.iter().map(|name| name.to_string()).collect();
        let mut params = CertificateParams::new(names).expect("good names");
        params.distinguished_name = named("a server of a test");
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        change(&mut params);
        let key = KeyPair::generate().expect("a key");
        let certificate = params.signed_by(&key, &self.issuer).expect("signed");
        Shown {
            chain: vec![certificate.der().clone()],
            pem: certificate.pem(),
            key,
        }
    }

    pub fn expired(&self) -> Shown {
        self.sign(&["localhost", "127.0.0.1"], |params| {
            params.not_before = date_time_ymd(2001, 1, 1);
            params.not_after = date_time_ymd(2002, 1, 1);
        })
    }

    /// Good, but to show who a client is.
    pub fn for_clients(&self) -> Shown {
        self.sign(&["localhost", "127.0.0.1"], |params| {
            params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        })
    }

    pub fn not_yet(&self) -> Shown {
        self.sign(&["localhost", "127.0.0.1"], |params| {
            params.not_before = date_time_ymd(3001, 1, 1);
            params.not_after = date_time_ymd(3002, 1, 1);
        })
    }
}

fn named(name: &str) -> DistinguishedName {
    let mut names = DistinguishedName::new();
    names.push(DnType::CommonName, name);
    names
}

impl Shown {
    fn key_der(&self) -> PrivateKeyDer<'static> {
        PrivatePkcs8KeyDer::from(self.key.serialize_der()).into()
    }

    /// As `curl --pinnedpubkey` would have it.
    pub fn pin(&self) -> String {
        let suite = ring::cipher_suite::TLS13_AES_128_GCM_SHA256;
        let suite = suite.tls13().expect("it is of 1.3");
        let hash = suite
            .common
            .hash_provider
            .hash(&self.key.subject_public_key_info());
        let hash = hash.as_ref().try_into().expect("32 bytes");
        hob::http::PublicKeyPin::from_sha256(hash).to_string()
    }

    pub fn config_asking(
        &self,
        versions: &[&'static SupportedProtocolVersion],
        verifier: Arc<dyn ClientCertVerifier>,
    ) -> ServerConfig {
        let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let builder = builder
            .with_protocol_versions(versions)
            .expect("it knows them");
        let builder = builder.with_client_cert_verifier(verifier);
        let config = builder.with_single_cert(self.chain.clone(), self.key_der());
        config.expect("they belong together")
    }

    pub fn config(&self) -> ServerConfig {
        self.config_for(rustls::ALL_VERSIONS)
    }

    pub fn config_for(&self, versions: &[&'static SupportedProtocolVersion]) -> ServerConfig {
        let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let builder = builder
            .with_protocol_versions(versions)
            .expect("it knows them");
        let builder = builder.with_no_client_auth();
        let config = builder.with_single_cert(self.chain.clone(), self.key_der());
        config.expect("they belong together")
    }
}

/// What a server has seen so far.
#[derive(Default)]
pub struct Counts {
    /// TCP connections.
    pub connections: AtomicUsize,
    /// Handshakes that were completed and went through the whole of it.
    pub full: AtomicUsize,
    /// Handshakes that went on from an earlier one.
    pub resumed: AtomicUsize,
    pub requests: AtomicUsize,
}

impl Counts {
    pub fn full(&self) -> usize {
        self.full.load(Ordering::SeqCst)
    }

    pub fn resumed(&self) -> usize {
        self.resumed.load(Ordering::SeqCst)
    }

    pub fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }

    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

pub type Tls = StreamOwned<ServerConnection, TcpStream>;

/// A server, which lives as long as the process.
pub struct Server {
    pub address: SocketAddr,
    pub counts: Arc<Counts>,
}

impl Server {
    /// Serves each connection, once the handshake is made, with `serve`.
    pub fn tls(
        config: ServerConfig,
        serve: impl Fn(&mut Tls, &Counts) -> io::Result<()> + Send + Sync + 'static,
    ) -> Server {
        let config = Arc::new(config);
        Server::tcp(move |socket, counts| {
            let tls = ServerConnection::new(config.clone()).expect("a good configuration");
            let mut stream = StreamOwned::new(tls, socket);
            while stream.conn.is_handshaking() {
                stream.conn.complete_io(&mut stream.sock)?;
            }
            let count = match stream.conn.handshake_kind() {
                Some(HandshakeKind::Resumed) => &counts.resumed,
                _ => &counts.full,
            };
            count.fetch_add(1, Ordering::SeqCst);
            serve(&mut stream, counts)
        })
    }

    /// Serves each connection as it comes, with `serve`.
    pub fn tcp(
        serve: impl Fn(TcpStream, &Counts) -> io::Result<()> + Send + Sync + 'static,
    ) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("it has one");
        let counts = Arc::new(Counts::default());
        let (seen, serve) = (counts.clone(), Arc::new(serve));
        thread::spawn(move || {
            for socket in listener.incoming().map_while(Result::ok) {
                seen.connections.fetch_add(1, Ordering::SeqCst);
                let _ = socket.set_nodelay(true);
                let (seen, serve) = (seen.clone(), serve.clone());
                // What a server meets is the client's to report.
                thread::spawn(move || drop(serve(socket, &seen)));
            }
        });
        Server { address, counts }
    }

    pub fn url(&self) -> String {
        format!("https://localhost:{}/", self.address.port())
    }
}

/// Answers requests with `hello`, as many as come, and keeps the connection.
pub fn hello(stream: &mut Tls, counts: &Counts) -> io::Result<()> {
    while request(stream)?.is_some() {
        counts.requests.fetch_add(1, Ordering::SeqCst);
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")?;
    }
    Ok(())
}

/// Reads the head of a request. `None`: there is no other.
pub fn request(stream: &mut impl Read) -> io::Result<Option<String>> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read(&mut byte) {
            Ok(0) => return Ok(None),
            Ok(_) => head.push(byte[0]),
            Err(error) => return Err(error),
        }
    }
    Ok(Some(String::from_utf8_lossy(&head).into_owned()))
}
