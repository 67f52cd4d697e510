//! Tests of `race`, with fates in the place of sockets and time that is only told.

use super::*;
use crate::runtime::Builder;
use crate::time::timeout;
use std::cell::RefCell;
use std::time::Instant;

const MS: Duration = Duration::from_millis(1);

/// What connecting to an address comes to, and after how many milliseconds.
#[derive(Clone, Copy, Debug)]
enum Fate {
    Connects(u32),
    Refuses(u32),
    Silent,
}

use Fate::{Connects, Refuses, Silent};

fn v4(n: u8) -> SocketAddr {
    ([192, 0, 2, n], 80).into()
}

fn v6(n: u16) -> SocketAddr {
    ([0x2001, 0xdb8, 0, 0, 0, 0, 0, n], 80).into()
}

struct Ran {
    result: Result<SocketAddr, Losses>,
    /// When each attempt began, in milliseconds.
    starts: Vec<u128>,
    took: u128,
    dropped: usize,
}

/// Counts the attempts that were given up.
struct Guard<'a>(&'a RefCell<usize>, bool);

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        *self.0.borrow_mut() += usize::from(!self.1);
    }
}

fn run(fates: &[Fate]) -> Ran {
    Builder::new().virtual_time().block_on(async {
        let begin: Instant = crate::clock::now();
        let since = || crate::clock::now().duration_since(begin).as_millis();
        let (starts, dropped) = (RefCell::new(Vec::new()), RefCell::new(0));
        let addresses = (0..fates.len()).map(|n| v4(n as u8)).collect();
        let connect = async |address: SocketAddr| {
            starts.borrow_mut().push(since());
            let mut guard = Guard(&dropped, false);
            let index = addresses_index(address);
            let result = match fates[index] {
                Connects(after) => {
                    sleep(after * MS).await;
                    Ok(())
                }
                Refuses(after) => {
                    sleep(after * MS).await;
                    Err(io::ErrorKind::ConnectionRefused.into())
                }
                Silent => std::future::pending().await,
            };
            guard.1 = true;
            result
        };
        let patience = Duration::from_secs(3600);
        let result = timeout(patience, race(addresses, connect)).await;
        let result = result.expect("it hangs");
        let took = since();
        Ran {
            result: result.map(|((), address)| address),
            starts: starts.take(),
            took,
            dropped: dropped.take(),
        }
    })
}

fn addresses_index(address: SocketAddr) -> usize {
    match address.ip() {
        std::net::IpAddr::V4(ip) => usize::from(ip.octets()[3]),
        std::net::IpAddr::V6(_) => unreachable!("the fakes are all IPv4"),
    }
}

/// Broken by: `is_ipv6() == true` instead of the first one's family.
#[test]
fn families_take_turns_and_the_resolvers_first_is_first() {
    let given = vec![v6(1), v6(2), v6(3), v4(1), v4(2)];
    let turns = [v6(1), v4(1), v6(2), v4(2), v6(3)];
    assert_eq!(interleave(given), turns);
    assert_eq!(interleave(vec![v4(1), v6(1), v6(2)]), [v4(1), v6(1), v6(2)]);
    assert_eq!(interleave(vec![v4(2), v4(1)]), [v4(2), v4(1)]);
    assert_eq!(interleave(Vec::new()), []);
}

/// Broken by: another `DELAY`, or starting all at once.
#[test]
fn attempts_start_a_quarter_of_a_second_apart_while_nobody_answers() {
    let ran = run(&[Silent, Silent, Connects(100), Connects(0)]);
    assert_eq!(ran.result.unwrap(), v4(2));
    assert_eq!((ran.starts, ran.took), (vec![0, 250, 500], 600));
    assert_eq!(ran.dropped, 2, "the losers are given up");
}

#[test]
fn one_that_answers_in_time_is_the_only_one_that_is_tried() {
    let ran = run(&[Connects(249), Connects(0)]);
    assert_eq!(ran.result.unwrap(), v4(0));
    assert_eq!((ran.starts, ran.took), (vec![0], 249));
}

#[test]
fn the_first_to_connect_wins_though_it_was_started_later() {
    let ran = run(&[Connects(400), Connects(100)]);
    assert_eq!(ran.result.unwrap(), v4(1));
    assert_eq!((ran.took, ran.dropped), (350, 1));
}

/// Broken by: leaving out `delay = None` in `poll_running`.
#[test]
fn a_failure_starts_the_next_at_once() {
    let ran = run(&[Refuses(10), Refuses(0), Silent, Refuses(30), Connects(5)]);
    assert_eq!(ran.result.unwrap(), v4(4));
    assert_eq!(ran.starts, [0, 10, 10, 260, 290]);
    assert_eq!((ran.took, ran.dropped), (295, 1));
}

#[test]
fn when_all_fail_the_error_tells_how_each_of_them_did() {
    let ran = run(&[Refuses(300), Refuses(1)]);
    let (error, address) = ran.result.unwrap_err().into_error();
    assert_eq!(
        (error.kind(), address),
        (io::ErrorKind::ConnectionRefused, None)
    );
    let text = error.to_string();
    // In the order in which they failed.
    assert_eq!(
        text,
        "192.0.2.1:80: connection refused; 192.0.2.0:80: connection refused"
    );
    let (error, address) = run(&[Refuses(1)]).result.unwrap_err().into_error();
    assert_eq!(address, Some(v4(0)), "one is named by whoever reports it");
    assert_eq!(error.to_string(), "connection refused");
    let many = run(&[Refuses(0); 100]).result.unwrap_err().into_error();
    let text = many.0.to_string();
    assert!(text.ends_with("; and 92 addresses more"), "{text}");
    assert!(run(&[]).result.is_err());
}

/// Broken by: leaving out R3. Each attempt holds a descriptor.
#[test]
fn a_crowd_of_silent_addresses_is_tried_sixteen_at_once() {
    let mut fates = [Silent; 101];
    fates[100] = Connects(0);
    let ran = run(&fates);
    assert_eq!(ran.result.unwrap(), v4(100));
    assert_eq!((ran.took, ran.starts.len()), (25_000, 101));
    let all = run(&[Refuses(100_000); 20]).result.unwrap_err();
    let text = all.to_string();
    assert!(text.starts_with("192.0.2.0:80: no answer"), "{text}");
}
