//! Whom an `https` client believes: each way in which a certificate can be no good has an
//! error of its own, which says what to do, and each way to say otherwise works.

mod tls_support;

use std::sync::Arc;

use hob::http::{Client, ClientBuilder, Error, ErrorKind, Identity, PublicKeyPin, TlsError};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, version};
use tls_support::{Ca, Server, Shown, hello};

/// What comes of asking `url`.
fn ask(client: &Client, url: &str) -> Result<String, Error> {
    hob::block_on(async { client.get(url).send().await?.text().await })
}

fn trusts(ca: &Ca) -> ClientBuilder {
    Client::builder().only_root_certificates(ca.roots())
}

#[track_caller]
fn refused(client: &Client, url: &str) -> TlsError {
    let error = ask(client, url).expect_err("it is not good");
    assert!(error.is_connect(), "{error}");
    match error.kind() {
        ErrorKind::Tls(why) => why.clone(),
        other => panic!("{other}"),
    }
}

fn bad_ones(ca: &Ca) -> [(Shown, TlsError); 6] {
    let (other, namesake) = (Ca::named("another CA"), Ca::new());
    [
        (other.good(), TlsError::UnknownIssuer),
        (namesake.good(), TlsError::BadCertificate),
        (ca.expired(), TlsError::Expired),
        (ca.not_yet(), TlsError::NotValidYet),
        (ca.sign(&["example.com"], |_| {}), TlsError::WrongName),
        (ca.for_clients(), TlsError::BadCertificate),
    ]
}

#[test]
fn a_good_certificate_is_good_for_names_and_addresses() {
    let ca = Ca::new();
    let server = Server::tls(ca.good().config(), hello);
    let client = trusts(&ca).build();
    for host in ["localhost", "127.0.0.1", "LOCALHOST"] {
        let url = format!("https://{host}:{}/", server.address.port());
        assert_eq!(ask(&client, &url).expect("it is good"), "hello", "{host}");
    }
}

#[test]
fn a_certificate_for_a_name_is_none_for_an_address() {
    let ca = Ca::new();
    let server = Server::tls(ca.sign(&["localhost"], |_| {}).config(), hello);
    let client = trusts(&ca).build();
    assert_eq!(ask(&client, &server.url()).expect("by its name"), "hello");
    let address = format!("https://{}/", server.address);
    assert_eq!(refused(&client, &address), TlsError::WrongName);
}

/// Broken by: a `Verifier` that does not call the usual one.
#[test]
fn each_bad_certificate_has_its_own_error() {
    let ca = Ca::new();
    for (shown, wanted) in bad_ones(&ca) {
        let server = Server::tls(shown.config(), hello);
        assert_eq!(refused(&trusts(&ca).build(), &server.url()), wanted);
        assert_eq!(server.counts.requests(), 0, "nothing was asked");
    }
}

#[test]
fn who_accepts_anything_gets_it_from_anybody() {
    let ca = Ca::new();
    let client = trusts(&ca).danger_accept_invalid_certs(true).build();
    for (shown, _) in bad_ones(&ca) {
        for version in [&version::TLS12, &version::TLS13] {
            let server = Server::tls(shown.config_for(&[version]), hello);
            assert_eq!(ask(&client, &server.url()).expect("anything"), "hello");
        }
    }
}

fn pin_of(shown: &Shown) -> PublicKeyPin {
    let pin = shown.pin();
    pin.parse().expect("it is one")
}

/// Broken by: `check_pins` that says yes, or that is left out where anything is accepted.
#[test]
fn a_pinned_key_must_be_there_besides_a_good_certificate() {
    let (ca, stranger) = (Ca::new(), Ca::named("a stranger"));
    let (shown, other) = (ca.good(), ca.good());
    let server = Server::tls(shown.config(), hello);
    let url = server.url();
    let with = |pins: &[PublicKeyPin]| {
        let client = pins
            .iter()
            .fold(trusts(&ca), |b, pin| b.pin_public_key(*pin));
        client.build()
    };
    let (right, wrong) = (pin_of(&shown), pin_of(&other));
    assert_eq!(ask(&with(&[right]), &url).expect("the key"), "hello");
    assert_eq!(
        ask(&with(&[wrong, right]), &url).expect("one of two"),
        "hello"
    );
    assert_eq!(refused(&with(&[wrong]), &url), TlsError::NotPinned);

    let anything = trusts(&ca).danger_accept_invalid_certs(true);
    let client = anything.clone().pin_public_key(wrong).build();
    assert_eq!(refused(&client, &url), TlsError::NotPinned);

    let unknown = stranger.good();
    let server = Server::tls(unknown.config(), hello);
    let pin = pin_of(&unknown);
    let client = trusts(&ca).pin_public_key(pin).build();
    assert_eq!(refused(&client, &server.url()), TlsError::UnknownIssuer);
    let client = anything.pin_public_key(pin).build();
    assert_eq!(
        ask(&client, &server.url()).expect("the key will do"),
        "hello"
    );
}

/// Broken by: `only_added` that is not looked at (the first) or always taken for true (the
/// last: there is no root then, and that is another error).
#[test]
fn added_roots_stand_beside_the_systems_or_alone() {
    let (ca, other) = (Ca::new(), Ca::named("another CA"));
    let server = Server::tls(ca.good().config(), hello);
    let two = trusts(&other).add_root_certificates(ca.roots()).build();
    assert_eq!(ask(&two, &server.url()).expect("one of two"), "hello");
    let beside = Client::builder().add_root_certificates(ca.roots()).build();
    assert_eq!(ask(&beside, &server.url()).expect("an own one"), "hello");
    let client = Client::new();
    assert_eq!(refused(&client, &server.url()), TlsError::UnknownIssuer);
}

#[test]
fn a_client_shows_who_it_is_to_whom_asks_for_it() {
    let ca = Ca::new();
    let mut roots = RootCertStore::empty();
    roots.add(ca.der()).expect("a CA");
    let verifier = WebPkiClientVerifier::builder_with_provider(
        Arc::new(roots),
        Arc::new(rustls::crypto::ring::default_provider()),
    );
    let verifier = verifier.build().expect("a verifier");
    for version in [&version::TLS12, &version::TLS13] {
        let config = ca.good().config_asking(&[version], verifier.clone());
        let server = Server::tls(config, hello);
        let shown = ca.for_clients();
        let pem = format!("{}{}", shown.pem, shown.key.serialize_pem());
        let identity = Identity::from_pem(pem.as_bytes()).expect("both are in it");
        let client = trusts(&ca).identity(identity).build();
        assert_eq!(ask(&client, &server.url()).expect("it is known"), "hello");

        let error = ask(&trusts(&ca).build(), &server.url()).expect_err("a stranger");
        let text = error.to_string();
        assert!(
            text.contains("client certificate") || text.contains("identity"),
            "{text}"
        );
    }
}

#[test]
fn a_key_that_belongs_to_another_certificate_is_no_identity() {
    let ca = Ca::new();
    let server = Server::tls(ca.good().config(), hello);
    let pem = format!(
        "{}{}",
        ca.for_clients().pem,
        ca.for_clients().key.serialize_pem()
    );
    let identity = Identity::from_pem(pem.as_bytes()).expect("both are in it");
    let client = trusts(&ca).identity(identity).build();
    assert_eq!(refused(&client, &server.url()), TlsError::BadIdentity);
}
