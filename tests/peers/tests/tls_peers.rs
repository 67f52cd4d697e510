//! Peers that are odd, old, silent or not there: `https` either works or says clearly why not,
//! and never waits for ever.

mod tls_support;

use std::io::{self, Read, Write};
use std::sync::Arc;
use std::time::Duration;

use hob::http::{Client, Deadline, Error, ErrorKind, Phase, TlsError};
use rustls::version;
use tls_support::{Ca, Counts, Server, Tls, hello, request};

fn trusting(ca: &Ca) -> Client {
    Client::builder().only_root_certificates(ca.roots()).build()
}

fn ask(client: &Client, url: &str) -> Result<String, Error> {
    hob::block_on(async { client.get(url).send().await?.text().await })
}

fn failed(url: &str) -> Error {
    ask(&trusting(&Ca::new()), url).expect_err("nobody could talk to that")
}

#[test]
fn both_versions_are_spoken_and_the_response_says_which() {
    let ca = Ca::new();
    for (version, name) in [(&version::TLS12, "TLSv1.2"), (&version::TLS13, "TLSv1.3")] {
        let server = Server::tls(ca.good().config_for(&[version]), hello);
        hob::block_on(async {
            let response = trusting(&ca)
                .get(server.url())
                .send()
                .await
                .expect("it came");
            let tls = response.tls().expect("it is https");
            assert_eq!(tls.version(), name);
            assert!(tls.cipher_suite().starts_with("TLS_"), "{tls:?}");
            assert!(!tls.is_resumed());
            assert_eq!(response.text().await.expect("it came"), "hello");
        });
    }
}

#[test]
fn http_on_the_port_of_https_is_recognized() {
    let server = Server::tcp(|mut socket, _| {
        let _hello = socket.read(&mut [0; 1024])?;
        socket.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
    });
    let error = failed(&server.url());
    assert!(
        matches!(error.kind(), ErrorKind::Tls(TlsError::NotTls)),
        "{error}"
    );
    assert!(error.to_string().contains("http://"), "{error}");
}

#[test]
fn another_protocol_that_the_server_insists_on_is_an_error() {
    let ca = Ca::new();
    let mut config = ca.good().config();
    config.alpn_protocols = vec![b"h2".to_vec()];
    let server = Server::tls(config, hello);
    let error = ask(&trusting(&ca), &server.url()).expect_err("h2 is not spoken");
    let ErrorKind::Tls(TlsError::Refused { alert }) = error.kind() else {
        panic!("{error}");
    };
    assert_eq!(alert, "NoApplicationProtocol");

    let mut config = ca.good().config();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let server = Server::tls(config, |stream, counts| {
        assert_eq!(stream.conn.alpn_protocol(), Some(&b"http/1.1"[..]));
        hello(stream, counts)
    });
    assert_eq!(
        ask(&trusting(&ca), &server.url()).expect("that one is"),
        "hello"
    );
}

#[test]
fn a_peer_that_hangs_up_in_the_handshake_is_told_apart() {
    let silent = Server::tcp(|mut socket, _| socket.read(&mut [0; 4096]).map(drop));
    let error = failed(&silent.url());
    let phase = Phase::Handshake;
    assert!(
        matches!(error.kind(), ErrorKind::Broken { phase: p, .. } if *p == phase),
        "{error}"
    );
    // An alert of TLS 1.2: "handshake failure".
    let alert = Server::tcp(|mut socket, _| {
        let _hello = socket.read(&mut [0; 4096])?;
        socket.write_all(&[21, 3, 3, 0, 2, 2, 40])
    });
    let error = failed(&alert.url());
    assert!(error.to_string().contains("HandshakeFailure"), "{error}");
    // And one that nobody has heard of.
    let odd = Server::tcp(|mut socket, _| {
        let _hello = socket.read(&mut [0; 4096])?;
        socket.write_all(&[21, 3, 3, 0, 2, 2, 199])
    });
    assert!(failed(&odd.url()).to_string().contains("alert 199"));
}

/// Broken by: taking half a record for news, of which the next look might make something.
#[test]
fn a_peer_that_stops_within_a_record_is_silent() {
    let ca = Ca::new();
    let server = Server::tls(ca.good().config(), |stream, _| {
        request(stream)?;
        let mut record = Vec::new();
        stream
            .conn
            .writer()
            .write_all(b"HTTP/1.1 204 None\r\n\r\n")?;
        stream.conn.write_tls(&mut record)?;
        stream.sock.write_all(&record[..record.len() / 2])?;
        stream.sock.read(&mut [0; 1024]).map(drop)
    });
    let limits = Client::builder().first_byte_timeout(Duration::from_millis(200));
    let limits = limits.total_timeout(Duration::from_secs(10));
    let client = limits.only_root_certificates(ca.roots()).build();
    let error = ask(&client, &server.url()).expect_err("no head ever came");
    assert!(
        matches!(
            error.kind(),
            ErrorKind::Timeout {
                deadline: Deadline::FirstByte,
                ..
            }
        ),
        "{error}"
    );
}

/// Broken by: a handshake that no deadline guards.
#[test]
fn a_handshake_that_goes_nowhere_ends_at_its_deadline() {
    // A socket that is never accepted: the kernel makes the connection, and nobody speaks.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("https://{}/", listener.local_addr().expect("it has one"));
    let ca = Ca::new();
    let limits = [(None, 30), (Some(Duration::from_secs(7)), 7)];
    for (limit, seconds) in limits {
        let mut client = Client::builder().only_root_certificates(ca.roots());
        if let Some(limit) = limit {
            client = client.tls_timeout(limit);
        }
        let client = client.build();
        let runtime = hob::Builder::new().virtual_time().worker_threads(0);
        let runtime = runtime.build().expect("a runtime");
        let error = runtime.block_on(async { client.get(&url).send().await });
        let error = error.expect_err("nobody speaks");
        assert!(
            matches!(error.kind(), ErrorKind::Timeout { deadline: Deadline::Tls, after }
                if *after == Duration::from_secs(seconds)),
            "{error}"
        );
        assert!(error.is_timeout() && error.is_connect() && error.address().is_some());
    }
}

/// One answer, and then the end, with or without a goodbye.
fn ends(
    answer: &'static [u8],
    goodbye: bool,
) -> impl Fn(&mut Tls, &Counts) -> io::Result<()> + Send + Sync + 'static {
    move |stream, _| {
        if request(stream)?.is_some() {
            stream.write_all(answer)?;
            if goodbye {
                stream.conn.send_close_notify();
            }
            stream.flush()?;
            // Or the client's goodbye, unread, would make a reset of it.
            stream.sock.shutdown(std::net::Shutdown::Write)?;
            while stream.sock.read(&mut [0; 99])? > 0 {}
        }
        Ok(())
    }
}

/// RFC 9112 §9.8. Broken by: taking each end for a good one, or none.
#[test]
fn an_end_without_goodbye_counts_only_where_the_length_is_known() {
    let ca = Ca::new();
    const UNTIL_CLOSE: &[u8] = b"HTTP/1.1 200 OK\r\n\r\nhello";
    const LENGTH: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
    const SHORT: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello";
    const CHUNKS: &[u8] =
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
    const HALF: &[u8] = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n";
    const HEAD: &[u8] = b"HTTP/1.1 200 OK\r\nCont";
    let cases = [
        (UNTIL_CLOSE, true, Ok("hello")),
        (UNTIL_CLOSE, false, Err("close_notify")),
        (LENGTH, true, Ok("hello")),
        (LENGTH, false, Ok("hello")),
        (SHORT, true, Err("5 bytes came of 9")),
        (SHORT, false, Err("5 bytes came of 9")),
        (CHUNKS, true, Ok("hello")),
        (CHUNKS, false, Ok("hello")),
        (HALF, true, Err("closed early")),
        (HALF, false, Err("closed early")),
        (HEAD, true, Err("closed early")),
        (HEAD, false, Err("close_notify")),
    ];
    for version in [&version::TLS12, &version::TLS13] {
        for (answer, goodbye, wanted) in cases {
            let config = ca.good().config_for(&[version]);
            let server = Server::tls(config, ends(answer, goodbye));
            let shown = String::from_utf8_lossy(answer);
            match (ask(&trusting(&ca), &server.url()), wanted) {
                (Ok(text), Ok(wanted)) => assert_eq!(text, wanted, "{shown}"),
                (Err(error), Err(wanted)) => {
                    assert!(
                        error.to_string().contains(wanted),
                        "{shown} {goodbye}: {error}"
                    );
                }
                (result, _) => panic!("{shown} {goodbye}: {result:?}"),
            }
        }
    }
}

/// An alert in the middle of a body says more than an end would.
#[test]
fn a_fatal_alert_in_the_middle_is_an_error_by_its_name() {
    let ca = Ca::new();
    let server = Server::tls(ca.good().config(), |stream, _| {
        request(stream)?;
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\nhalf of it")?;
        stream.flush()?;
        // What is no record makes the server's own TLS fail, and say so, as soon as the
        // client says anything; a client that only reads must not be left waiting.
        stream.sock.write_all(&[23, 3, 3, 0, 4, 1, 2, 3, 4])?;
        while stream.sock.read(&mut [0; 99])? > 0 {}
        Ok(())
    });
    let error = ask(&trusting(&ca), &server.url()).expect_err("it is broken");
    assert!(matches!(error.kind(), ErrorKind::Broken { .. }), "{error}");
    assert!(error.to_string().contains("TLS"), "{error}");
}

#[test]
fn a_redirect_leads_from_http_to_https() {
    let ca = Ca::new();
    let secure = Arc::new(Server::tls(ca.good().config(), hello));
    let target = secure.url();
    let plain = Server::tcp(move |mut socket, _| {
        request(&mut socket)?;
        let head = format!("HTTP/1.1 301 x\r\nContent-Length: 0\r\nLocation: {target}\r\n\r\n");
        socket.write_all(head.as_bytes())
    });
    let url = format!("http://{}/", plain.address);
    hob::block_on(async {
        let response = trusting(&ca).get(&url).send().await.expect("it came");
        assert_eq!(response.url().as_str(), secure.url());
        assert!(response.tls().is_some());
        assert_eq!(response.text().await.expect("it came"), "hello");
    });
}
