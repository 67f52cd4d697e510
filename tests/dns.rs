//! Names are looked up on threads of their own: the loop goes on meanwhile, and so does the end.

use std::cell::Cell;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::mpsc;
use std::time::Duration;

use hob::net::{TcpListener, TcpStream, lookup_host, lookup_host_with};
use hob::{Builder, block_on, spawn, yield_now};

/// No test waits that long unless it has failed already.
const HANG: Duration = Duration::from_secs(60);

/// A job that nobody frees ends by itself after so long: whoever waits for it wrongly is found
/// out, rather than hanging.
const GIVE_UP: Duration = Duration::from_secs(20);

/// Trap 50. Broken by: calling the resolver in `look_up_with` instead of on the DNS lane: then
/// nobody ticks, and the resolver gives up with its hang guard.
#[test]
fn the_loop_goes_on_while_a_name_is_looked_up() {
    block_on(async {
        let ticks = Rc::new(Cell::new(0));
        let (tick, ticked) = mpsc::channel();
        let ticker = spawn({
            let ticks = ticks.clone();
            async move {
                while tick.send(()).is_ok() {
                    ticks.set(ticks.get() + 1);
                    hob::time::sleep(Duration::from_micros(100)).await;
                }
            }
        });
        // This name server answers only once the loop has ticked ten times.
        let slow = move |_: &str, port| {
            for _ in 0..10 {
                ticked.recv_timeout(HANG).map_err(io::Error::other)?;
            }
            Ok(vec![SocketAddr::from(([127, 0, 0, 1], port))])
        };
        let addrs: Vec<_> = lookup_host_with("slow.example:7", slow)
            .await
            .unwrap()
            .collect();
        assert_eq!(addrs, ["127.0.0.1:7".parse().unwrap()]);
        assert!(ticks.get() >= 10);
        ticker.await.unwrap();
    });
}

/// Trap 39. Broken by: waiting for the DNS lane in `Pool::shutdown`.
#[test]
fn an_abandoned_lookup_does_not_delay_the_exit() {
    let (answer, told) = mpsc::channel::<()>();
    let runtime = Builder::new().build().unwrap();
    runtime.block_on(async {
        let (begin, begun) = mpsc::channel();
        let dead = move |_: &str, _| {
            begin.send(()).map_err(io::Error::other)?;
            told.recv_timeout(GIVE_UP).map_err(io::Error::other)?;
            Ok(Vec::new())
        };
        let lookup = spawn(lookup_host_with("dead.example:7", dead));
        while begun.try_recv().is_err() {
            yield_now().await;
        }
        lookup.abort();
    });
    runtime.shutdown_timeout(HANG);
    // Still there: the resolver has not come back, and nobody waited for it.
    answer.send(()).expect("the resolver is still waiting");
}

#[test]
fn a_name_that_does_not_resolve_is_one_error_that_names_it() {
    block_on(async {
        let error = TcpStream::connect("no-such-host.invalid:80")
            .await
            .unwrap_err();
        assert!(
            error.to_string().contains("no-such-host.invalid"),
            "{error}"
        );
        let error = lookup_host("").await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
        let metrics = hob::metrics();
        assert_eq!((metrics.live_sources, metrics.live_tasks), (0, 1));
    });
}

#[test]
fn a_name_can_be_connected_to() {
    block_on(async {
        let listener = TcpListener::bind("localhost:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (client, server) =
            futures_lite::future::zip(TcpStream::connect(("localhost", port)), listener.accept())
                .await;
        assert_eq!(client.unwrap().local_addr().unwrap(), server.unwrap().1);
    });
}
