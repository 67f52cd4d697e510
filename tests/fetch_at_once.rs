//! How many downloads `fetch` really has under way at the same moment. The server counts;
//! nothing here depends on how fast the machine is.

#![cfg(all(feature = "http", not(windows)))]

mod fetch_support;

use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use fetch_support::{Folder, GUARD, Gate, Server};

const MOMENT: Duration = Duration::from_millis(30);

/// A server that holds each request until `enough` of them are there at once.
fn holding(enough: usize, patience: Duration) -> (Server, Arc<Gate>) {
    let gate = Arc::new(Gate::default());
    let inside = gate.clone();
    let server = Server::start(move |exchange| {
        inside.pass(enough, patience, MOMENT);
        exchange.ok(b"body")
    });
    (server, gate)
}

fn urls(server: &Server, count: usize) -> Vec<String> {
    (0..count).map(|n| server.url(&format!("/{n}"))).collect()
}

/// The server answers nobody before all 32 have asked: one after another would never end.
#[test]
fn thirty_two_downloads_wait_at_the_same_time() {
    let (server, gate) = holding(32, GUARD);
    let folder = Folder::new();
    folder.run(urls(&server, 32)).succeeded();
    assert_eq!((gate.most(), folder.names().len()), (32, 32));
}

#[test]
fn no_more_than_asked_for_run_at_once() {
    let (server, gate) = holding(5, GUARD);
    let folder = Folder::new();
    let mut words = vec!["-j5".to_owned()];
    words.extend(urls(&server, 23));
    folder.run(words).succeeded();
    assert_eq!((gate.most(), folder.names().len()), (5, 23));
}

#[test]
fn each_host_is_asked_by_no_more_than_its_share() {
    let (first, at_first) = holding(2, GUARD);
    let (second, at_second) = holding(2, GUARD);
    let folder = Folder::new();
    let mut words = vec!["--per-host=2".to_owned()];
    words.extend((0..8).map(|n| first.url(&format!("/first-{n}"))));
    words.extend((0..8).map(|n| second.url(&format!("/second-{n}"))));
    folder.run(words).succeeded();
    assert_eq!((at_first.most(), at_second.most()), (2, 2));
    assert_eq!(folder.names().len(), 16);
}

#[test]
fn a_failure_gives_its_turn_to_the_next() {
    let server = Server::start(|exchange| match exchange.path.as_str() {
        "/9" => exchange.ok(b"the last"),
        _ => exchange.reset(),
    });
    let folder = Folder::new();
    let mut words = vec!["-j1".to_owned()];
    words.extend(urls(&server, 10));
    let ran = folder.run(words);
    assert_eq!((ran.code, ran.failures().len()), (Some(56), 9), "{ran:#?}");
    assert_eq!(folder.names(), ["9"]);
}

/// The slow host holds everybody until the fast one has given all it has. Broken by: giving the
/// places to hosts in turn, so that the slow one comes to have them all.
#[test]
fn a_host_that_holds_everybody_does_not_come_to_have_all_places() {
    let given = Arc::new((Mutex::new(0), Condvar::new()));
    let wanted = given.clone();
    let fast = Server::start(move |x| {
        *given.0.lock().unwrap() += 1;
        given.1.notify_all();
        x.ok(b"body")
    });
    let slow = Server::start(move |x| {
        let count = wanted.0.lock().unwrap();
        let waited = wanted
            .1
            .wait_timeout_while(count, GUARD / 2, |count| *count < 30);
        let is_late = waited.unwrap().1.timed_out();
        if is_late { x.reset() } else { x.ok(b"body") }
    });
    let folder = Folder::new();
    let urls = [slow.url("/slow[0-19]"), fast.url("/fast[0-29]")];
    folder
        .run(["-j4".to_owned()].into_iter().chain(urls))
        .succeeded();
    assert_eq!(folder.names().len(), 50);
}
