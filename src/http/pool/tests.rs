//! Tests of `pool`: who waits for whom, and for how long.

use super::*;
use crate::http::tls::{Settings, Tls};
use ::url::Url;
use futures_lite::future::{block_on, poll_once};
use std::future::{Future, poll_fn};
use std::pin::pin;

fn pool() -> Rc<Pool> {
    Pool::new(Limits {
        max_per_host: 1,
        max_total: 2,
        idle: Duration::from_secs(1),
    })
}

fn key(text: &str) -> Key {
    let tls = Tls::new(Settings::default());
    Key::of(&Url::parse(text).expect("a URL"), &tls).expect("http")
}

/// Broken by: `Seat::drop` that does nothing: the table would grow with every host.
#[test]
fn the_line_of_a_host_goes_with_the_last_who_needs_it() {
    let (pool, key) = (pool(), key("http://h/"));
    let lines = || pool.hosts.borrow().len();
    block_on(async {
        let place = pool.place(&key).await;
        let mut waiter = Box::pin(pool.place(&key));
        assert!(poll_once(&mut waiter).await.is_none());
        assert_eq!(lines(), 1);
        // The waiter gives up, the holder goes.
        drop(waiter);
        assert_eq!(lines(), 1);
        drop(place);
        assert_eq!(lines(), 0);
        // The holder goes, and the place with him; the waiter does not take it.
        let place = pool.place(&key).await;
        let mut waiter = Box::pin(pool.place(&key));
        assert!(poll_once(&mut waiter).await.is_none());
        drop(place);
        assert_eq!(lines(), 1);
        drop(waiter);
        assert_eq!(lines(), 0);
    });
    assert_eq!(pool.in_use.get(), 0);
}

/// Broken by: leaving out the turn in `Pool::place`: `b` would come after all of `a`.
#[test]
fn hosts_are_served_by_turns_however_many_requests_each_has() {
    let limits = Limits {
        max_per_host: 1000,
        max_total: 1,
        idle: Duration::from_secs(1),
    };
    let pool = Pool::new(limits);
    let [a, b, c] = ["http://a/", "http://b/", "http://c/"].map(key);
    let served = RefCell::new(Vec::new());
    let request = async |key: &Key, name: &'static str| {
        let place = pool.place(key).await;
        served.borrow_mut().push(name);
        crate::task::yield_now().await;
        drop(place);
    };
    crate::block_on(async {
        let crowd = (0..1000).map(|_| request(&a, "a"));
        let few = async {
            crate::task::yield_now().await;
            let two = crate::future::join_all([request(&b, "b"), request(&b, "b")]);
            crate::join!(two, request(&c, "c"));
        };
        crate::join!(crate::future::join_all(crowd), few);
    });
    let served = served.into_inner();
    let of_others: Vec<usize> = (0..served.len()).filter(|&n| served[n] != "a").collect();
    assert_eq!(served.len(), 1003);
    // One of `a` has its place, one of `a` stands in line; then one of each, by turns.
    assert!(of_others[2] <= 8, "{of_others:?}");
    assert_eq!(pool.in_use.get(), 0);
}

/// Broken by: a release that wakes all who wait (`Semaphore` wakes one).
#[test]
fn each_of_ten_thousand_in_line_is_polled_a_few_times_only() {
    const CROWD: usize = 10_000;
    let (pool, polls) = (pool(), Cell::new(0));
    let key = key("http://h/");
    crate::block_on(async {
        let request = async || {
            let mut place = pin!(pool.place(&key));
            let place = poll_fn(|cx| {
                polls.set(polls.get() + 1);
                place.as_mut().poll(cx)
            });
            let place = place.await;
            crate::task::yield_now().await;
            drop(place);
        };
        crate::future::join_all((0..CROWD).map(|_| request())).await;
    });
    assert!(polls.get() <= 4 * CROWD, "{}", polls.get());
    assert_eq!(pool.in_use.get(), 0);
}

#[test]
fn a_host_waits_for_itself_and_all_wait_for_the_total() {
    let (pool, hosts) = (pool(), ["http://a/", "http://b/", "http://c/"].map(key));
    block_on(async {
        let a = pool.place(&hosts[0]).await;
        assert!(poll_once(pin!(pool.place(&hosts[0]))).await.is_none());
        let b = pool.place(&hosts[1]).await;
        assert!(poll_once(pin!(pool.place(&hosts[2]))).await.is_none());
        assert_eq!(pool.in_use.get(), 2);
        drop(b);
        assert!(poll_once(pin!(pool.place(&hosts[2]))).await.is_some());
        drop(a);
        assert!(poll_once(pin!(pool.place(&hosts[0]))).await.is_some());
    });
}
