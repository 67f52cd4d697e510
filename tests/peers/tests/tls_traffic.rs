//! Much traffic over TLS: kept connections, resumed sessions, bodies of megabytes both ways,
//! and requests that are given up at any moment.

mod tls_support;

use std::cell::RefCell;
use std::io::{self, Read, Write};
use std::process::{Command, Stdio};
use std::rc::Rc;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use hob::http::{Client, Step};
use hob::net::TcpListener;
use rustls::{ServerConfig, ServerConnection, version};
use tls_support::{Ca, Counts, Server, Tls, hello, request};

fn trusting(ca: &Ca) -> Client {
    Client::builder().only_root_certificates(ca.roots()).build()
}

/// Trap: tickets come after the first response, when nobody reads. Broken by: `is_quiet` that
/// asks the socket alone.
#[test]
fn a_thousand_requests_need_one_handshake() {
    for version in [&version::TLS12, &version::TLS13] {
        let ca = Ca::new();
        let server = Server::tls(ca.good().config_for(&[version]), hello);
        hob::block_on(async {
            let client = trusting(&ca);
            for _ in 0..1000 {
                let response = client.get(server.url()).send().await.expect("it came");
                assert_eq!(response.text().await.expect("it came"), "hello");
            }
        });
        assert_eq!(server.counts.requests(), 1000);
        assert_eq!((server.counts.full(), server.counts.resumed()), (1, 0));
    }
}

/// Broken by: telling of a handshake only where it fails, or also over plain http.
#[test]
fn an_observer_is_told_of_each_handshake_good_or_bad() {
    let ca = Ca::new();
    let server = Server::tls(ca.good().config_for(&[&version::TLS13]), hello);
    let told = Rc::new(RefCell::new(Vec::new()));
    let (all, trusts_nobody) = (
        told.clone(),
        Client::builder().only_root_certificates(Ca::new().roots()),
    );
    hob::block_on(async {
        for client in [
            Client::builder().only_root_certificates(ca.roots()),
            trusts_nobody,
        ] {
            let all = all.clone();
            let client = client.observer(move |event| {
                if let Step::Secured { result, .. } = &event.step {
                    let version = result.map(|session| session.version().to_owned());
                    all.borrow_mut().push(version.map_err(drop));
                }
            });
            let client = client.build();
            for _ in 0..2 {
                let Ok(response) = client.get(server.url()).send().await else {
                    break;
                };
                response.text().await.expect("it came");
            }
        }
    });
    assert_eq!(told.take(), [Ok("TLSv1.3".to_owned()), Err(())]);
}

/// Tickets that come while the connection is idle: after the response was read.
#[test]
fn tickets_that_come_late_leave_the_connection_usable() {
    let ca = Ca::new();
    let mut config = ca.good().config_for(&[&version::TLS13]);
    config.send_tls13_tickets = 0;
    let server = Server::tls(config, |stream, counts| {
        let mut rounds = 0;
        while request(stream)?.is_some() {
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")?;
            stream.flush()?;
            // As good as a ticket: a message of the handshake behind the response.
            thread::sleep(Duration::from_millis(20));
            stream.conn.refresh_traffic_keys().expect("TLS 1.3");
            stream.flush()?;
            rounds += 1;
            counts
                .requests
                .store(rounds, std::sync::atomic::Ordering::SeqCst);
        }
        Ok(())
    });
    hob::block_on(async {
        let client = trusting(&ca);
        for round in 1..=5 {
            let response = client.get(server.url()).send().await.expect("it came");
            assert_eq!(response.text().await.expect("it came"), "hello");
            while server.counts.requests() < round {
                hob::time::sleep(Duration::from_millis(1)).await;
            }
        }
    });
    assert_eq!(server.counts.connections(), 1);
}

/// Broken by: a configuration for each connection.
#[test]
fn a_second_connection_goes_on_from_the_first() {
    for version in [&version::TLS12, &version::TLS13] {
        let ca = Ca::new();
        let server = Server::tls(ca.good().config_for(&[version]), |stream, _| {
            request(stream)?;
            stream.write_all(
                b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello",
            )?;
            stream.conn.send_close_notify();
            stream.flush()
        });
        let resumed = |client: Client| {
            hob::block_on(async {
                let response = client.get(server.url()).send().await.expect("it came");
                let tls = response.tls().expect("it is https").clone();
                assert_eq!(response.text().await.expect("it came"), "hello");
                tls.is_resumed()
            })
        };
        let client = trusting(&ca);
        assert!(!resumed(client.clone()));
        assert!(resumed(client));
        assert!(!resumed(trusting(&ca)), "another client trusts for itself");
    }
}

const LARGE: usize = 24 << 20;

/// Bytes that do not repeat with the size of anything.
fn pattern() -> Vec<u8> {
    let period: Vec<u8> = (0..=250).collect();
    period.iter().copied().cycle().take(LARGE).collect()
}

/// Answers with as much as it was sent, if that was right.
fn echo(stream: &mut Tls, _: &Counts) -> io::Result<()> {
    while let Some(head) = request(stream)? {
        assert!(head.contains(&format!("{LARGE}")), "{head}");
        let mut body = vec![0; LARGE];
        stream.read_exact(&mut body)?;
        let status = if body == pattern() {
            "200 OK"
        } else {
            "400 Bad"
        };
        let head = format!("HTTP/1.1 {status}\r\nContent-Length: {LARGE}\r\n\r\n");
        stream.write_all(head.as_bytes())?;
        stream.write_all(&body)?;
        stream.flush()?;
    }
    Ok(())
}

#[test]
fn large_bodies_arrive_whole_in_both_directions() {
    let wanted = pattern();
    for version in [&version::TLS12, &version::TLS13] {
        let ca = Ca::new();
        let server = Server::tls(ca.good().config_for(&[version]), echo);
        hob::block_on(async {
            let client = trusting(&ca);
            let response = client.post(server.url()).body(wanted.clone()).send().await;
            let mut response = response.expect("it came");
            assert_eq!(response.status(), 200);
            let mut count = 0;
            while let Some(piece) = response.chunk().await.expect("it comes") {
                assert!(
                    piece == &wanted[count..count + piece.len()],
                    "from {count} on"
                );
                count += piece.len();
            }
            assert_eq!(count, LARGE);
        });
        assert_eq!(server.counts.connections(), 1);
    }
}

/// A server in the loop: one connection, and one answer to each of `requests`.
async fn serve(listener: &TcpListener, config: Arc<ServerConfig>, requests: usize) {
    let (stream, _) = listener.accept().await.expect("a connection");
    let mut tls = ServerConnection::new(config).expect("a good configuration");
    let (mut heard, mut answered) = (Vec::new(), 0);
    while answered < requests || tls.wants_write() {
        while tls.wants_write() {
            let mut out = Vec::new();
            tls.write_tls(&mut out).expect("memory");
            if stream.write_all(&out).await.is_err() {
                return;
            }
        }
        if answered == requests {
            return;
        }
        let mut buf = [0; 700]; // So that some records come in two.
        let Ok(count @ 1..) = stream.read(&mut buf).await else {
            return;
        };
        tls.read_tls(&mut &buf[..count]).expect("it takes it");
        let state = tls.process_new_packets().expect("it is TLS");
        let mut plain = vec![0; state.plaintext_bytes_to_read()];
        tls.reader().read_exact(&mut plain).expect("it is there");
        heard.extend(plain);
        if heard.ends_with(b"\r\n\r\n") {
            heard.clear();
            answered += 1;
            let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
            tls.writer().write_all(answer).expect("memory");
        }
    }
}

#[test]
fn a_request_can_be_given_up_at_every_poll() {
    let ca = Ca::new();
    let config = Arc::new(ca.good().config());
    let polls = hob::testing::cancel_at_every_poll(|| async {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("https://{}/", listener.local_addr().expect("it has one"));
        let client = trusting(&ca);
        let ask = async || {
            let response = client.get(&url).send().await.expect("it came");
            assert_eq!(response.text().await.expect("it came"), "hello");
        };
        hob::join!(serve(&listener, config.clone(), 2), async {
            ask().await;
            ask().await;
        });
    });
    assert!(polls > 5, "{polls}");
}

/// A tool that is not installed is passed over, unless HOB_PEERS=required.
fn is_there(tool: &str) -> bool {
    let found = Command::new(tool).arg("version").output().is_ok();
    let required = std::env::var_os("HOB_PEERS").is_some_and(|value| value == "required");
    assert!(found || !required, "{tool} is not installed");
    if !found {
        println!("{tool} is not installed: passed over");
    }
    found
}

/// Not rustls on both sides, for once.
#[cfg(unix)]
#[test]
fn openssl_is_understood() {
    if !is_there("openssl") {
        return;
    }
    let ca = Ca::new();
    let shown = ca.good();
    let folder = std::env::temp_dir().join(format!("hob-openssl-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let pem = format!("{}{}", shown.pem, shown.key.serialize_pem());
    std::fs::write(folder.join("server.pem"), pem).expect("written");
    for version in ["-tls1_2", "-tls1_3"] {
        // A port that was free just now.
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("it has one").port();
        drop(listener);
        let mut server = Command::new("openssl")
            .args(["s_server", "-quiet", "-www", version, "-cert", "server.pem"])
            .args(["-accept", &format!("127.0.0.1:{port}")])
            .current_dir(&folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("it starts");
        let text = hob::block_on(async {
            let client = trusting(&ca);
            let url = format!("https://127.0.0.1:{port}/");
            loop {
                match client.get(&url).send().await {
                    Ok(response) => return response.text().await,
                    Err(error) if error.is_connect() && server.try_wait().is_ok() => {
                        assert!(
                            matches!(error.kind(), hob::http::ErrorKind::Connect(_)),
                            "{error}"
                        );
                        hob::time::sleep(Duration::from_millis(20)).await;
                    }
                    Err(error) => return Err(error),
                }
            }
        });
        server.kill().expect("it runs");
        server.wait().expect("it ends");
        let text = text.expect("a page");
        assert!(text.contains("s_server"), "{text}");
    }
    let _ = std::fs::remove_dir_all(folder);
}
