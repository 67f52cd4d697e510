//! A storm of events for one direction neither drowns the other nor is drowned by it.

mod tcp_support;

use hob::net::TcpStream;
use tcp_support::{pair, pattern, run};

/// Trap 4. Broken by: one state for both sides of a slot (a refused write then puts the
/// reader to sleep on bytes that are there).
#[test]
fn both_directions_at_full_speed_lose_nothing() {
    const LEN: usize = 2 << 20;

    /// Reads in pieces of `piece` bytes while it writes, so that both sides are refused and
    /// told again all the time.
    async fn exchange(stream: TcpStream, piece: usize) -> Vec<u8> {
        let (reading, writing) = stream.into_split();
        let writer = hob::spawn(async move {
            for part in pattern(LEN).chunks(7777) {
                writing.write_all(part).await.unwrap();
            }
        });
        let (mut got, mut buf) = (Vec::new(), vec![0; piece]);
        loop {
            match reading.read(&mut buf).await.unwrap() {
                0 => break,
                n => got.extend_from_slice(&buf[..n]),
            }
        }
        writer.await.unwrap();
        got
    }

    run(async {
        let (here, there) = pair().await;
        let one = hob::spawn(exchange(here, 1000));
        let other = hob::spawn(exchange(there, 100_000));
        assert!(one.await.unwrap() == pattern(LEN));
        assert!(other.await.unwrap() == pattern(LEN));
    });
}

/// Trap 27. Broken by: leaving `coop::poll_budget` out of `Waiter::poll_io`.
#[test]
fn a_socket_that_always_has_bytes_lets_the_others_run() {
    run(async {
        let (here, there) = pair().await;
        let flood = hob::spawn(async move {
            let zeros = vec![0; 64 * 1024];
            while there.write_all(&zeros).await.is_ok() {}
        });
        let reads = std::rc::Rc::new(std::cell::Cell::new(0));
        let counter = reads.clone();
        let reader = hob::spawn(async move {
            let mut byte = [0];
            while here.read(&mut byte).await.is_ok() {
                counter.set(counter.get() + 1);
            }
        });
        let mut most = 0;
        for _ in 0..100 {
            let before = reads.get();
            hob::yield_now().await;
            most = most.max(reads.get() - before);
        }
        assert!(reads.get() > 100, "it does read");
        assert!(
            most <= 10 * 128,
            "{most} reads while another task was ready"
        );
        reader.abort();
        flood.abort();
    });
}
