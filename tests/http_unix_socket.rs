//! Over a Unix socket: whatever host the URL names, the file is where it leads.
#![cfg(all(unix, feature = "http"))]

mod cancel_support;
mod http_support;
mod net_support;

use std::io::ErrorKind::NotFound;
use std::os::unix::net as std_unix;
use std::thread;

use cancel_support::pause;
use futures_lite::AsyncReadExt;
use hob::http::{Client, ErrorKind};
use hob::join;
use hob::net::UnixListener;
use hob::testing::cancel_at_every_poll;
use http_support::{ok, patient};
use net_support::Folder;

async fn text(client: &Client, url: &str) -> String {
    let response = client.get(url).send().await.unwrap();
    assert_eq!(response.peer_addr(), None, "it has no such address");
    response.text().await.unwrap()
}

/// Broken by: asking the proxy first in `Connector::key`, or not laying the connection aside.
#[test]
fn any_host_is_asked_there_and_the_connection_is_kept() {
    let folder = Folder::new();
    let path = folder.path("socket");
    let listener = std_unix::UnixListener::bind(&path).unwrap();
    let server = thread::spawn(move || {
        use std::io::{Read, Write};
        let (mut stream, _) = listener.accept().unwrap();
        let mut heads = Vec::new();
        for _ in 0..3 {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                let mut byte = [0];
                stream.read_exact(&mut byte).unwrap();
                head.push(byte[0]);
            }
            stream.write_all(ok("hello").as_bytes()).unwrap();
            heads.push(String::from_utf8(head).unwrap());
        }
        heads
    });
    hob::block_on(async {
        let client = Client::builder()
            .unix_socket(&path)
            .proxy("http://127.0.0.1:1");
        let client = client.build();
        for _ in 0..3 {
            assert_eq!(text(&client, "http://docker.test/v1").await, "hello");
        }
    });
    let heads = server.join().unwrap();
    assert!(
        heads
            .iter()
            .all(|head| head.starts_with("GET /v1 HTTP/1.1\r\nhost: docker.test\r\n"))
    );
}

/// Broken by: `is_quiet` that is always true.
#[test]
fn a_connection_that_was_closed_while_idle_is_not_used_again() {
    let folder = Folder::new();
    let path = folder.path("socket");
    hob::block_on(async {
        let listener = UnixListener::bind(&path).unwrap();
        let serve = hob::spawn(async move {
            for _ in 0..2 {
                let (mut stream, _) = listener.accept().await.unwrap();
                AsyncReadExt::read(&mut stream, &mut [0; 1024])
                    .await
                    .unwrap();
                stream.write_all(ok("hello").as_bytes()).await.unwrap();
            }
        });
        let client = Client::builder().unix_socket(&path).build();
        for _ in 0..2 {
            // A POST is not made again, so it must not meet the closed connection.
            let response = client.post("http://h/").send().await.unwrap();
            assert_eq!(response.text().await.unwrap(), "hello");
            pause().await;
        }
        serve.await.unwrap();
    });
}

#[test]
fn where_nobody_listens_it_fails_and_has_no_address_to_tell() {
    let folder = Folder::new();
    hob::block_on(async {
        let client = Client::builder().unix_socket(folder.path("nobody")).build();
        let error = client.get("http://h/").send().await.unwrap_err();
        assert!(
            matches!(error.kind(), ErrorKind::Connect(e) if e.kind() == NotFound),
            "{error}"
        );
        assert_eq!(error.address(), None);
        assert!(error.is_connect());
    });
}

#[test]
fn a_request_over_a_unix_socket_may_be_given_up_at_each_poll() {
    cancel_at_every_poll(|| async {
        let folder = Folder::new();
        let path = folder.path("socket");
        let listener = UnixListener::bind(&path).unwrap();
        let serve = async {
            let (stream, _) = listener.accept().await.unwrap();
            stream.read(&mut [0; 1024]).await.unwrap();
            pause().await;
            stream.write_all(ok("hello").as_bytes()).await.unwrap();
        };
        let client = patient(Client::builder().unix_socket(&path)).build();
        join!(serve, text(&client, "http://h/"));
    });
}
