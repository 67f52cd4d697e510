//! `--cert` and `--key`: a server that asks who the client is gets to see its certificate.

#![cfg(all(feature = "tls", not(windows)))]

mod fetch_support;

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;
use std::thread;

use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{
    DigitallySignedStruct, DistinguishedName, Error, ServerConfig, ServerConnection,
    SignatureScheme, StreamOwned,
};

use fetch_support::Folder;

/// Asks for a certificate, and takes any, and none.
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ClientCertVerifier for Anybody {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn verify_client_cert(
        &self,
        _cert: &CertificateDer<'_>,
        _chain: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<rustls::client::danger::HandshakeSignatureValid, Error> {
        let known = &self.0.signature_verification_algorithms;
        verify_tls12_signature(message, cert, signed, known)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<rustls::client::danger::HandshakeSignatureValid, Error> {
        let known = &self.0.signature_verification_algorithms;
        verify_tls13_signature(message, cert, signed, known)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

/// Answers each request with how many certificates it was shown.
fn server(data: &Path) -> u16 {
    let chain = CertificateDer::from_pem_file(data.join("cert.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_file(data.join("key.pem")).unwrap();
    let provider = Arc::new(ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(Arc::new(Anybody(provider)))
        .with_single_cert(vec![chain], key)
        .unwrap();
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let tls = ServerConnection::new(config.clone()).unwrap();
            let mut stream = StreamOwned::new(tls, stream.unwrap());
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                let mut byte = [0];
                match stream.read(&mut byte) {
                    Ok(1) => head.push(byte[0]),
                    _ => break,
                }
            }
            let shown = stream.conn.peer_certificates().map_or(0, <[_]>::len);
            let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n{shown}");
            let _ = stream.write_all(answer.as_bytes());
            stream.conn.send_close_notify();
            let _ = stream.flush();
        }
    });
    port
}

#[test]
fn a_server_is_shown_the_clients_certificate() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/tls");
    let url = format!("https://127.0.0.1:{}/x", server(&data));
    let folder = Folder::new();
    let [cert, key] = ["cert.pem", "key.pem"].map(|name| data.join(name).display().to_string());
    folder.run(["-k", "-o", "none", &url]).succeeded();
    assert_eq!(folder.read("none"), b"0");
    let words = ["-k", "-E", &cert, "--key", &key, "-o", "two", &url];
    folder.run(words).succeeded();
    assert_eq!(folder.read("two"), b"1");
    let both = fs::read_to_string(&cert).unwrap() + &fs::read_to_string(&key).unwrap();
    fs::write(folder.join("both.pem"), both).unwrap();
    folder
        .run(["-k", "--cert", "both.pem", "-o", "one", &url])
        .succeeded();
    assert_eq!(folder.read("one"), b"1");
    let ran = folder.run(["-k", "--cert", "none", &url]);
    assert_eq!(ran.code, Some(1), "it has no key in it: {ran:#?}");
}
