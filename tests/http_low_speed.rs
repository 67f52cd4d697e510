//! A body that moves, but hardly, is given up; one whose reader takes its time is not. All of
//! it in virtual time. (The window by itself is tested in `src/http/deadline/speed.rs`.)
#![cfg(all(feature = "http", not(windows)))] // What was sent must be there at once.

mod http_support;

use std::future::Future;
use std::time::Duration;

use hob::http::{Client, ClientBuilder, ErrorKind, Response};
use hob::net::TcpStream;
use hob::time::{now, sleep, timeout};
use http_support::{hear, local};

const SECOND: Duration = Duration::from_secs(1);

fn in_virtual_time<T>(test: impl Future<Output = T>) -> T {
    hob::Builder::new().virtual_time().block_on(test)
}

/// At least 100 bytes a second over 40 seconds.
fn hurried() -> ClientBuilder {
    Client::builder().low_speed_limit(100, 40 * SECOND)
}

/// Says `bytes` each second, after a head without a length.
async fn dripping(bytes: usize) -> String {
    local(async move |stream: TcpStream| {
        hear(&stream).await;
        let mut said = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await;
        while said.is_ok() {
            sleep(SECOND).await;
            said = stream.write_all(&vec![b'x'; bytes]).await;
        }
    })
    .await
}

/// Broken by: no `Slow` in `judge`; a limit without an end.
#[test]
fn a_drip_that_is_never_idle_is_given_up() {
    in_virtual_time(async {
        let client = hurried().build();
        let response = client.get(dripping(10).await).send().await.unwrap();
        let start = now();
        let error = response.bytes().await.unwrap_err();
        assert_eq!(now() - start, 40 * SECOND);
        let is_slow = matches!(
            error.kind(),
            ErrorKind::TooSlow { bytes_per_second: 100, over } if *over == 40 * SECOND
        );
        assert!(is_slow && error.is_timeout(), "{error}");
        assert!(error.to_string().contains("less than 100 bytes"), "{error}");
    });
}

/// Reads whatever comes for so long.
async fn read_for(time: Duration, response: &mut Response) {
    let start = now();
    while now() - start < time {
        response.chunk().await.unwrap();
    }
}

#[test]
fn a_body_that_is_just_fast_enough_goes_on_for_ever() {
    in_virtual_time(async {
        let client = hurried().build();
        let mut response = client.get(dripping(100).await).send().await.unwrap();
        read_for(5000 * SECOND, &mut response).await;
    });
}

/// Broken by: any default but none.
#[test]
fn without_a_limit_a_drip_is_fine() {
    in_virtual_time(async {
        let client = Client::new();
        let mut response = client.get(dripping(1).await).send().await.unwrap();
        read_for(5000 * SECOND, &mut response).await;
    });
}

/// Broken by: counting the time that goes by, and not that which is waited.
#[test]
fn a_slow_reader_makes_no_server_slow() {
    in_virtual_time(async {
        let url = local(async |stream: TcpStream| {
            hear(&stream).await;
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await;
            let water = vec![b'x'; 1 << 20];
            while stream.write_all(&water).await.is_ok() {}
        });
        let client = Client::builder().low_speed_limit(1 << 20, 2 * SECOND);
        let mut response = client.build().get(url.await).send().await.unwrap();
        let start = now();
        while now() - start < 1000 * SECOND {
            response.chunk().await.unwrap();
            sleep(10 * SECOND).await;
        }
    });
}

/// The reader gives up a piece, does something else for long, and comes back.
/// Broken by: nothing in the drop of `Waiting`.
#[test]
fn time_in_which_nobody_waited_is_not_the_servers() {
    in_virtual_time(async {
        let client = hurried().idle_timeout(None).build();
        let mut response = client.get(dripping(1000).await).send().await.unwrap();
        for _ in 0..100 {
            while let Ok(piece) = timeout(SECOND / 2, response.chunk()).await {
                piece.unwrap();
            }
            sleep(30 * SECOND).await;
        }
    });
}

/// Broken by: leaving the wait of an upload out of `Deadline::Idle`, or its bytes out of
/// `moved`.
#[test]
fn an_upload_has_the_same_limit() {
    in_virtual_time(async {
        let url = local(async |stream: TcpStream| {
            let mut piece = [0; 4096];
            while stream.read(&mut piece).await.is_ok_and(|count| count > 0) {
                sleep(SECOND).await;
            }
        });
        let url = url.await;
        // The kernel takes some megabytes at once; from then on it is 4 KiB a second, in
        // whatever pieces the kernel opens its window by.
        let client = Client::builder().low_speed_limit(1 << 20, 100 * SECOND);
        let client = client.idle_timeout(None).build();
        let request = client.post(&url).body(vec![0; 64 << 20]);
        let error = request.send().await.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::TooSlow { .. }), "{error}");
    });
}

/// Thinking is not moving slowly: that is the first byte's deadline.
#[test]
fn the_wait_for_the_head_does_not_count() {
    in_virtual_time(async {
        let url = local(async |stream: TcpStream| {
            while hear(&stream).await {
                sleep(50 * SECOND).await;
                let _ = stream
                    .write_all(http_support::ok("thought").as_bytes())
                    .await;
            }
        });
        let url = url.await;
        let client = hurried().build();
        for _ in 0..3 {
            let response = client.get(&url).send().await.unwrap();
            assert_eq!(response.text().await.unwrap(), "thought");
        }
    });
}
