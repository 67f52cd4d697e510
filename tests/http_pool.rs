//! The limits on connections hold, the lines behind them are fair, and giving up costs
//! nobody their turn.
#![cfg(feature = "http")]

mod http_support;

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use hob::http::Client;
use http_support::{Server, ok};

/// Answers after a moment, so that requests overlap.
fn slow() -> Server {
    Server::start(|peer| {
        while peer.request().is_some() {
            std::thread::sleep(Duration::from_millis(5));
            peer.say(ok("hello"));
        }
    })
}

async fn get(client: Client, url: String) {
    let response = client.get(url).send().await.expect("a response");
    assert_eq!(response.text().await.expect("a body"), "hello");
}

/// Broken by: more permits in `Seat::new`.
#[test]
fn no_host_gets_more_connections_than_its_limit() {
    let server = slow();
    hob::block_on(async {
        let client = Client::builder().max_per_host(3).build();
        let tasks: Vec<_> = (0..30)
            .map(|n| hob::spawn(get(client.clone(), server.url(&format!("/{n}")))))
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
    });
    assert_eq!((server.most_open(), server.accepted()), (3, 3));
}

/// Broken by: not waiting for the line of all in `Pool::place`, or `make_room` that does
/// nothing.
#[test]
fn all_hosts_together_get_no_more_than_the_total() {
    let servers: Vec<Server> = (0..4).map(|_| slow()).collect();
    hob::block_on(async {
        let before = hob::metrics().live_sources;
        let client = Client::builder().max_per_host(2).max_total(3).build();
        let tasks: Vec<_> = (0..40)
            .map(|n| {
                let (client, url) = (client.clone(), servers[n % 4].url("/"));
                hob::spawn(async move {
                    get(client, url).await;
                    hob::metrics().live_sources
                })
            })
            .collect();
        for task in tasks {
            // Those in use, and those that are idle.
            assert!(task.await.unwrap() <= before + 3);
        }
        assert_eq!(
            hob::metrics().live_sources,
            before + 3,
            "and it uses them all"
        );
    });
}

/// Broken by: a place that is given up before its connection is laid aside (then there are
/// more connections), or waiters that are woken in another order.
#[test]
fn who_came_first_is_served_first() {
    let server = Server::always(ok("hello"));
    let order = Rc::new(RefCell::new(Vec::new()));
    hob::block_on(async {
        let client = Client::builder().max_per_host(1).build();
        let tasks: Vec<_> = (0..20)
            .map(|n| {
                let (client, url, order) = (client.clone(), server.url("/"), order.clone());
                hob::spawn(async move {
                    get(client, url).await;
                    order.borrow_mut().push(n);
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
    });
    assert_eq!(*order.borrow(), (0..20).collect::<Vec<_>>());
    assert_eq!(server.accepted(), 1);
}

/// Broken by: `push_front` in `lay_aside`, or `pop_back` in `close_oldest_if` (P2).
#[test]
fn the_connection_that_was_idle_longest_makes_room() {
    let servers: Vec<Server> = (0..3).map(|_| Server::always(ok("hello"))).collect();
    hob::block_on(async {
        let client = Client::builder().max_total(2).build();
        // 0 and 1 become idle; 2 takes the place of 0; 1 is still there; 0 has to begin anew.
        for n in [0, 1, 2, 1, 0] {
            get(client.clone(), servers[n].url("/")).await;
        }
    });
    let accepted: Vec<usize> = servers.iter().map(Server::accepted).collect();
    assert_eq!(accepted, [2, 1, 1]);
}

/// Broken by: `position` instead of `rposition` in `take_idle`.
#[test]
fn the_connection_that_became_idle_last_is_used_first() {
    let server = Server::start(|peer| {
        let number = peer.number.to_string();
        while peer.request().is_some() && peer.say(ok(&number)) {}
    });
    hob::block_on(async {
        let client = Client::new();
        let ask = async || client.get(server.url("/")).send().await.unwrap();
        let (first, second) = (ask().await, ask().await);
        let (a, b) = (first.text().await.unwrap(), second.text().await.unwrap());
        assert_eq!((a.as_str(), b.as_str()), ("0", "1"));
        for _ in 0..3 {
            assert_eq!(ask().await.text().await.unwrap(), "1");
        }
    });
}

/// Trap 41. Broken by: a place that is lost when its waiter gives up.
///
/// Sources are counted here, on our side: the server may hear of the connection that was
/// closed only after the one that was opened next.
#[test]
fn one_who_gives_up_costs_nobody_their_turn() {
    let server = slow();
    hob::block_on(async {
        let before = hob::metrics().live_sources;
        let client = Client::builder().max_per_host(1).max_total(1).build();
        let holder = client.get(server.url("/")).send().await.unwrap();
        let tasks: Vec<_> = (0..6)
            .map(|_| {
                let (client, url) = (client.clone(), server.url("/"));
                hob::spawn(async move {
                    get(client, url).await;
                    hob::metrics().live_sources
                })
            })
            .collect();
        hob::yield_now().await;
        for task in tasks.iter().step_by(2) {
            task.abort();
        }
        // In the same turn: the place goes to one that is being aborted, and must pass on.
        drop(holder);
        for (n, task) in tasks.into_iter().enumerate() {
            let sources = task.await.ok();
            assert_eq!(sources.is_none(), n % 2 == 0);
            assert!(sources.is_none_or(|sources| sources == before + 1));
        }
    });
}

/// Broken by: keeping the place while a redirect asks for another.
#[test]
fn a_redirect_under_a_total_of_one_does_not_wait_for_itself() {
    let there = Server::always(ok("hello"));
    let here = Server::always(http_support::redirect(302, &there.url("/")));
    hob::block_on(async {
        let client = Client::builder().max_total(1).build();
        get(client.clone(), here.url("/")).await;
        get(client, here.url("/")).await;
    });
}

/// Trap 48. Broken by: leaving the asserts out of `Pool::new`.
#[test]
#[should_panic(expected = "max_per_host is 0")]
fn a_limit_of_no_connections_per_host_is_refused() {
    let _ = Client::builder().max_per_host(0).build();
}

/// Trap 48. Broken by: leaving the asserts out of `Pool::new`.
#[test]
#[should_panic(expected = "max_total is 0")]
fn a_limit_of_no_connections_at_all_is_refused() {
    let _ = Client::builder().max_total(0).build();
}
