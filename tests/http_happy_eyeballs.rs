//! A host with several addresses, some of them dead: the first that answers is used, a quarter
//! of a second after one that stays silent, and at once after one that refuses (RFC 8305).
//!
//! The order and the times are tested in `src/http/connect/race`, without sockets. Here are real
//! ones: what is dead refuses, or takes no more connections and stays silent (Linux only).
#![cfg(feature = "http")]

mod http_support;

use std::net::{Ipv6Addr, SocketAddr};

use hob::http::{Client, ClientBuilder, ErrorKind};
use http_support::{Server, nobody, ok};

/// A client for which `h.test` has these addresses.
fn knows(addresses: impl IntoIterator<Item = SocketAddr>) -> ClientBuilder {
    Client::builder().no_proxy().resolve("h.test", addresses)
}

/// The same port, at the IPv6 loopback: nobody listens there.
fn dead_v6(addr: SocketAddr) -> SocketAddr {
    (Ipv6Addr::LOCALHOST, addr.port()).into()
}

/// Broken by: giving up after the first address.
#[test]
fn a_dead_ipv6_address_does_not_hide_a_live_ipv4_address() {
    let server = Server::always(ok("hello"));
    hob::block_on(async {
        let client = knows([dead_v6(server.addr()), server.addr()]).build();
        let response = client.get("http://h.test/").send().await.unwrap();
        assert_eq!(response.peer_addr(), Some(server.addr()));
    });
    assert_eq!(server.accepted(), 1);
}

/// Broken by: reporting only the last failure.
#[test]
fn when_no_address_answers_the_error_tells_how_each_failed() {
    let (first, second) = (nobody(), nobody());
    hob::block_on(async {
        let client = knows([first, dead_v6(first), second]).build();
        let error = client.get("http://h.test/").send().await.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Connect(_)), "{error}");
        let shown = error.to_string();
        for address in [first, dead_v6(first), second] {
            assert!(shown.contains(&format!("{address}: ")), "{shown}");
        }
        assert_eq!(error.address(), None, "there is not one that it is about");
    });
}

#[test]
fn one_address_is_named_in_front() {
    let addr = nobody();
    hob::block_on(async {
        let error = knows([addr]).build().get("http://h.test/").send().await;
        let error = error.unwrap_err();
        assert_eq!(error.address(), Some(addr));
        let start = format!("http://h.test/ ({addr}): connecting failed: ");
        assert!(error.to_string().starts_with(&start), "{error}");
    });
}

#[test]
fn connections_come_from_the_address_that_was_set() {
    let server = Server::always(ok("hello"));
    hob::block_on(async {
        let from = server.addr().ip();
        let client = knows([dead_v6(server.addr()), server.addr()]).source_address(from);
        let response = client.build().get("http://h.test/").send().await.unwrap();
        assert_eq!(response.text().await.unwrap(), "hello");
        // Only the other family's address is known.
        let client = knows([dead_v6(server.addr())]).source_address(from).build();
        let error = client.get("http://h.test/").send().await.unwrap_err();
        assert!(error.to_string().contains("source address"), "{error}");
        // An address of documentation, which no machine has.
        let client = knows([server.addr()]).source_address([192, 0, 2, 1].into());
        let error = client.build().get("http://h.test/").send().await;
        assert!(error.unwrap_err().is_connect());
    });
}

#[cfg(target_os = "linux")]
mod silent {
    use super::*;
    use hob::Builder;
    use hob::net::{TcpListener, TcpSocket, TcpStream};
    use hob::testing::cancel_at_every_poll;
    use http_support::{hear, local, patient};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    /// A listener whose queue is full: Linux forgets what else comes, without an answer.
    struct Silent {
        listener: TcpListener,
        _first: TcpStream,
    }

    impl Silent {
        async fn new() -> Silent {
            let socket = TcpSocket::new_v4().unwrap();
            socket.bind("127.42.0.2:0".parse().unwrap()).unwrap();
            let listener = socket.listen(0).unwrap();
            let first = TcpStream::connect(listener.local_addr().unwrap());
            Silent {
                _first: first.await.unwrap(),
                listener,
            }
        }

        fn addr(&self) -> SocketAddr {
            self.listener.local_addr().unwrap()
        }
    }

    /// In virtual time nobody waits in earnest, and what passes is what the client waited for.
    fn run<T>(test: impl Future<Output = T>) -> T {
        Builder::new().virtual_time().block_on(test)
    }

    async fn live() -> SocketAddr {
        let url = local(async |stream| {
            while hear(&stream).await {
                stream.write_all(ok("hello").as_bytes()).await.unwrap();
            }
        });
        let url = url.await;
        url.trim_start_matches("http://")
            .trim_matches('/')
            .parse()
            .unwrap()
    }

    /// Broken by: waiting for the first to fail, or not closing it when the second wins.
    #[test]
    fn a_silent_address_costs_a_quarter_of_a_second_and_is_let_go() {
        run(async {
            let (silent, live) = (Silent::new().await, live().await);
            let before = hob::metrics().live_sources;
            let client = knows([silent.addr(), live]).build();
            let start = hob::time::sleep(Duration::ZERO).deadline();
            let response = client.get("http://h.test/").send().await.unwrap();
            let took = hob::time::sleep(Duration::ZERO).deadline() - start;
            assert_eq!(response.peer_addr(), Some(live));
            assert_eq!(response.text().await.unwrap(), "hello");
            assert_eq!(took, Duration::from_millis(250));
            // Both ends of the live one; nothing is left of the other.
            assert_eq!(hob::metrics().live_sources, before + 2);
        });
    }

    /// Broken by: forgetting only the addresses that refused.
    #[test]
    fn silent_addresses_are_looked_up_anew_the_next_time() {
        run(async {
            let silent = Silent::new().await;
            let asked = Arc::new(AtomicUsize::new(0));
            let count = asked.clone();
            let client = Client::builder().no_proxy().resolver(move |_| {
                count.fetch_add(1, Ordering::SeqCst);
                Ok(vec![[127, 42, 0, 2].into()])
            });
            let client = client.connect_timeout(Duration::from_secs(5)).build();
            let url = format!("http://h.test:{}/", silent.addr().port());
            for wanted in [1, 2] {
                let error = client.get(&url).send().await.unwrap_err();
                assert!(error.is_timeout() && error.is_connect(), "{error}");
                assert_eq!(asked.load(Ordering::SeqCst), wanted);
            }
        });
    }

    #[test]
    fn where_all_are_silent_the_deadline_for_connecting_ends_it() {
        run(async {
            let silent = Silent::new().await;
            let before = hob::metrics();
            let client = knows([silent.addr(); 3]).connect_timeout(Duration::from_secs(5));
            let error = client
                .build()
                .get("http://h.test/")
                .send()
                .await
                .unwrap_err();
            assert!(error.is_timeout() && error.is_connect(), "{error}");
            assert_eq!(hob::metrics().live_sources, before.live_sources);
            assert_eq!(hob::metrics().live_timers, before.live_timers);
        });
    }

    #[test]
    fn a_race_may_be_given_up_at_each_poll() {
        let polls = cancel_at_every_poll(|| async {
            let silent = Silent::new().await;
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let live = listener.local_addr().unwrap();
            let serve = async {
                let (stream, _) = listener.accept().await.unwrap();
                assert!(hear(&stream).await);
                stream.write_all(ok("hello").as_bytes()).await.unwrap();
            };
            let client = patient(knows([silent.addr(), nobody(), live])).build();
            let request = async {
                let response = client.get("http://h.test/").send().await.unwrap();
                assert_eq!(response.text().await.unwrap(), "hello");
            };
            hob::join!(serve, request);
        });
        assert!(polls > 2, "{polls}");
    }
}
