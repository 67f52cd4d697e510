//! Names are looked up once for many: what is kept, for how long, who shares a lookup, and what
//! one who gives up takes along (nothing).
#![cfg(feature = "http")]

mod cancel_support;
mod http_support;

use std::io;
use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use cancel_support::{behind, quit_at_every_poll_for_real};
use hob::http::{Client, ClientBuilder, ErrorKind};
use hob::join;
use hob::testing::cancel_at_every_poll;
use http_support::{Server, hear, local, ok};

const LOOPBACK: [u8; 4] = [127, 0, 0, 1];
const SECOND: Duration = Duration::from_secs(1);

/// Counts how often it is asked; until it is opened, its answers are held back.
#[derive(Clone, Default)]
struct Names(Arc<Inner>);

#[derive(Default)]
struct Inner {
    asked: AtomicUsize,
    shut: Mutex<bool>,
    opened: Condvar,
}

impl Names {
    fn shut() -> Names {
        let names = Names::default();
        *names.0.shut.lock().unwrap() = true;
        names
    }

    fn open(&self) {
        *self.0.shut.lock().unwrap() = false;
        self.0.opened.notify_all();
    }

    fn asked(&self) -> usize {
        self.0.asked.load(Ordering::SeqCst)
    }

    /// A name that begins with `no` has no address.
    fn look_up(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        self.0.asked.fetch_add(1, Ordering::SeqCst);
        let mut shut = self.0.shut.lock().unwrap();
        while *shut {
            shut = self.0.opened.wait(shut).unwrap();
        }
        match name.starts_with("no") {
            true => Err(io::Error::new(io::ErrorKind::NotFound, "no such name")),
            false => Ok(vec![LOOPBACK.into()]),
        }
    }

    fn client(&self) -> ClientBuilder {
        let names = self.clone();
        let client = Client::builder().no_proxy();
        client.resolver(move |name| names.look_up(name))
    }
}

/// Asks each time on a new connection.
async fn get(client: &Client, url: String) -> Result<String, hob::http::Error> {
    let request = client.get(url).header("connection", "close");
    request.send().await?.text().await
}

fn port(server: &Server) -> u16 {
    server.addr().port()
}

/// Broken by: keeping nothing, or another clock.
#[test]
fn an_answer_is_kept_for_the_time_that_was_set() {
    let names = Names::default();
    hob::Builder::new().virtual_time().block_on(async {
        let url = local(async |stream| {
            hear(&stream).await;
            stream.write_all(ok("hello").as_bytes()).await.unwrap();
        });
        let url = url.await.replace("127.0.0.1", "a.test");
        let client = names.client().dns_cache_for(10 * SECOND).build();
        for (asked, pause) in [(1, 4), (1, 5), (1, 1), (2, 0), (2, 0)] {
            assert_eq!(get(&client, url.clone()).await.unwrap(), "hello");
            assert_eq!(names.asked(), asked);
            hob::time::sleep(pause * SECOND).await;
        }
        let forgetful = names.client().dns_cache_for(Duration::ZERO).build();
        for asked in [3, 4] {
            get(&forgetful, url.clone()).await.unwrap();
            assert_eq!(names.asked(), asked);
        }
    });
}

#[test]
fn names_are_kept_one_by_one_and_for_all_ports() {
    let (names, one, two) = (
        Names::default(),
        Server::always(ok("1")),
        Server::always(ok("2")),
    );
    hob::block_on(async {
        let client = names.client().build();
        let ask = async |name: &str, server: &Server| {
            let url = format!("http://{name}:{}/", port(server));
            get(&client, url).await.unwrap()
        };
        assert_eq!(ask("a.test", &one).await, "1");
        assert_eq!(ask("A.test", &two).await, "2");
        assert_eq!(names.asked(), 1);
        assert_eq!(ask("b.test", &two).await, "2");
        assert_eq!(names.asked(), 2);
        assert_eq!(ask("127.0.0.1", &two).await, "2");
        assert_eq!(names.asked(), 2, "an address is no name");
    });
}

/// Broken by: keeping failures.
#[test]
fn a_failure_is_not_kept() {
    let names = Names::default();
    hob::block_on(async {
        let client = names.client().build();
        for asked in [1, 2] {
            let error = get(&client, "http://no.test/".into()).await.unwrap_err();
            assert!(matches!(error.kind(), ErrorKind::Lookup(_)), "{error}");
            assert!(error.to_string().contains("no such name"), "{error}");
            assert_eq!(names.asked(), asked);
        }
    });
}

/// Broken by: not forgetting in `Connector::reach`. A host that moved would stay lost for the
/// whole time of the cache.
#[test]
fn addresses_that_do_not_answer_are_looked_up_anew() {
    let names = Names::default();
    let dead = http_support::nobody().port();
    hob::block_on(async {
        let client = names.client().build();
        for asked in [1, 2] {
            let url = format!("http://a.test:{dead}/");
            let error = get(&client, url).await.unwrap_err();
            assert!(matches!(error.kind(), ErrorKind::Connect(_)), "{error}");
            assert_eq!(names.asked(), asked);
        }
    });
}

/// Broken by: a lookup for each who asks (D1).
#[test]
fn a_hundred_who_ask_at_once_share_one_lookup() {
    let (names, server) = (Names::shut(), Server::always(ok("hello")));
    hob::block_on(async {
        let client = names.client().build();
        let url = format!("http://a.test:{}/", port(&server));
        let all = hob::future::join_all((0..100).map(|_| get(&client, url.clone())));
        let open = async {
            while names.asked() == 0 {
                hob::time::sleep(Duration::from_millis(1)).await;
            }
            names.open();
        };
        let (answers, ()) = join!(all, open);
        assert!(answers.into_iter().all(|answer| answer.unwrap() == "hello"));
    });
    assert_eq!(names.asked(), 1);
}

#[test]
fn a_failure_is_told_to_all_who_share_the_lookup() {
    let names = Names::default();
    hob::block_on(async {
        let client = names.client().build();
        let ask = || get(&client, "http://no.test/".into());
        for answer in hob::future::join_all([ask(), ask(), ask()]).await {
            let error = answer.unwrap_err();
            assert!(matches!(error.kind(), ErrorKind::Lookup(_)), "{error}");
        }
    });
    assert_eq!(names.asked(), 1);
}

/// Broken by: each query belonging to who asked first. Those behind would ask anew, or hang.
#[test]
fn one_who_gives_up_takes_the_lookup_from_nobody() {
    let server = Server::always(ok("hello"));
    let url = format!("http://a.test:{}/", port(&server));
    for first_quits in [true, false] {
        quit_at_every_poll_for_real(async |quitter| {
            let names = Names::default();
            let client = names.client().build();
            let ask = || get(&client, url.clone());
            let answer = if first_quits {
                let (_, second) = join!(quitter.run(ask()), behind(ask()));
                second
            } else {
                let (first, _) = join!(ask(), quitter.run(behind(ask())));
                first
            };
            assert_eq!(answer.unwrap(), "hello");
            assert_eq!(names.asked(), 1, "nobody asked again");
        });
    }
}

/// Broken by: leaving `abort_on_drop` out of `Resolver::ask`.
#[test]
fn a_lookup_ends_with_the_last_who_waits_for_it() {
    cancel_at_every_poll(|| async {
        let client = Names::default().client().build();
        let ask = || get(&client, "http://no.test/".into());
        let (one, two) = join!(ask(), ask());
        assert!(one.is_err() && two.is_err());
    });
}

#[test]
fn a_resolver_that_panics_is_an_error_for_all_who_wait() {
    hob::block_on(async {
        let panics = |_: &str| panic!("a resolver's own mistake");
        let client = Client::builder().no_proxy().resolver(panics).build();
        let ask = || get(&client, "http://a.test/".into());
        let (one, two) = join!(ask(), ask());
        for error in [one.unwrap_err(), two.unwrap_err()] {
            assert!(error.to_string().contains("cut off"), "{error}");
        }
    });
}
