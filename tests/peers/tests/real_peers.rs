//! Strangers at the other end: hob fetches from nginx, and curl fetches from hob.
//!
//! All other tests of the network have hob, or a few lines of ours, on both ends, and one
//! mistake made twice would cancel itself out. Where nginx or curl is not installed, a test
//! says so and passes; with `HOB_PEERS=required` in the environment it fails instead.

#![cfg(unix)]

use hob::http::{Client, StatusCode};
use hob::net::{TcpListener, TcpStream};
use hob_peers::peer::{Folder, installed};
use hob_peers::servers;
use hob_peers::site::{LARGE, MEDIUM, Pattern, page};
use std::io;
use std::net::SocketAddr;
use std::process::Command;

// nginx.

#[test]
fn small_files_come_one_after_the_other_over_one_connection() {
    let Some(nginx) = servers::nginx() else {
        return;
    };
    hob::block_on(async {
        let client = Client::new();
        for count in 1..=3 {
            let response = client.get(nginx.url("/small.txt")).send().await.unwrap();
            assert_eq!(response.status(), StatusCode::OK);
            // How many requests this connection has seen, in nginx's own words.
            assert_eq!(response.headers()["x-requests"], count.to_string().as_str());
            assert_eq!(response.content_length(), Some(6));
            assert_eq!(response.text().await.unwrap(), "small\n");
        }
    });
}

#[test]
fn a_connection_that_nginx_closes_is_not_used_again() {
    let Some(nginx) = servers::nginx() else {
        return;
    };
    hob::block_on(async {
        let client = Client::new();
        for _ in 0..3 {
            let response = client
                .get(nginx.url("/close/small.txt"))
                .send()
                .await
                .unwrap();
            assert_eq!(response.headers()["x-requests"], "1");
            assert_eq!(response.text().await.unwrap(), "small\n");
        }
    });
}

#[test]
fn sixty_four_mebibytes_come_with_every_byte_in_its_place() {
    let Some(nginx) = servers::nginx() else {
        return;
    };
    hob::block_on(async {
        let mut response = hob::http::get(nginx.url("/large.bin")).await.unwrap();
        assert_eq!(response.content_length(), Some(LARGE as u64));
        let mut pattern = Pattern::new();
        while let Some(piece) = response.chunk().await.unwrap() {
            pattern.continues_with(piece);
        }
        assert_eq!(pattern.seen, LARGE);
    });
}

#[test]
fn thirty_two_downloads_at_once_do_not_mix() {
    let Some(nginx) = servers::nginx() else {
        return;
    };
    hob::block_on(async {
        let client = Client::builder().max_per_host(32).max_total(32).build();
        let fetch = |client: Client, url: String| async move {
            let mut response = client.get(url).send().await.unwrap();
            let mut pattern = Pattern::new();
            while let Some(piece) = response.chunk().await.unwrap() {
                pattern.continues_with(piece);
            }
            pattern.seen
        };
        let tasks: Vec<_> = (0..32)
            .map(|_| hob::spawn(fetch(client.clone(), nginx.url("/medium.bin"))))
            .collect();
        for task in tasks {
            assert_eq!(task.await.unwrap(), MEDIUM);
        }
    });
}

#[test]
fn what_has_no_length_comes_in_chunks_and_ends_where_it_should() {
    let Some(nginx) = servers::nginx() else {
        return;
    };
    hob::block_on(async {
        let client = Client::new();
        for count in 1..=2 {
            let response = client
                .get(nginx.url("/chunked/page.txt"))
                .send()
                .await
                .unwrap();
            assert_eq!(response.headers()["transfer-encoding"], "chunked");
            assert_eq!(response.content_length(), None);
            // The second comes over the same connection: so the end was found, to the byte.
            assert_eq!(response.headers()["x-requests"], count.to_string().as_str());
            assert_eq!(response.text().await.unwrap(), page());
        }
    });
}

#[test]
fn a_head_has_a_length_and_no_body() {
    let Some(nginx) = servers::nginx() else {
        return;
    };
    hob::block_on(async {
        let client = Client::new();
        let response = client.head(nginx.url("/large.bin")).send().await.unwrap();
        assert_eq!(response.content_length(), Some(LARGE as u64));
        assert_eq!(response.bytes().await.unwrap(), b"");
    });
}

#[test]
fn what_is_not_there_is_a_response_until_one_asks_for_an_error() {
    let Some(nginx) = servers::nginx() else {
        return;
    };
    hob::block_on(async {
        let response = hob::http::get(nginx.url("/nowhere")).await.unwrap();
        assert_eq!(response.status(), StatusCode::NOT_FOUND);
        let error = response.error_for_status().unwrap_err();
        assert!(error.to_string().contains("404"), "{error}");
        assert!(error.to_string().contains("/nowhere"), "{error}");
    });
}

#[test]
fn a_redirect_is_followed_to_the_file() {
    let Some(nginx) = servers::nginx() else {
        return;
    };
    hob::block_on(async {
        for from in ["/moved", "/moved-relative"] {
            let response = hob::http::get(nginx.url(from)).await.unwrap();
            assert_eq!(response.url().as_str(), nginx.url("/small.txt"));
            assert_eq!(response.text().await.unwrap(), "small\n");
        }
    });
}

#[test]
fn a_redirect_in_a_circle_ends_with_an_error() {
    let Some(nginx) = servers::nginx() else {
        return;
    };
    hob::block_on(async {
        let error = hob::http::get(nginx.url("/circle")).await.unwrap_err();
        assert!(error.to_string().contains("in a circle"), "{error}");
    });
}

// curl.

#[test]
fn curl_fetches_twice_over_one_connection() {
    let Some(curl) = installed("curl") else {
        return;
    };
    let answer = serve_while(|address| {
        let mut command = Command::new(curl);
        command.args(["--silent", "--show-error", "--max-time", "60"]);
        command.args(["--write-out", " %{http_code} %{num_connects};"]);
        command.args([
            format!("http://{address}/one"),
            format!("http://{address}/two"),
        ]);
        command
    });
    // The second says that no new connection was made for it.
    assert_eq!(answer, "GET /one 0 bytes 200 1;GET /two 0 bytes 200 0;");
}

/// curl asks first (`Expect: 100-continue`) before it sends as much as this.
#[test]
fn curl_sends_three_mebibytes() {
    let Some(curl) = installed("curl") else {
        return;
    };
    let folder = Folder::new();
    let file = folder.write("upload", Pattern::file(3 << 20));
    let answer = serve_while(|address| {
        let mut command = Command::new(curl);
        command.args([
            "--silent",
            "--show-error",
            "--max-time",
            "60",
            "--data-binary",
        ]);
        command.arg(format!("@{}", file.display()));
        command.arg(format!("http://{address}/upload"));
        command
    });
    drop(folder);
    assert_eq!(answer, "POST /upload 3145728 bytes");
}

/// Serves on the loop until the command, on a worker, has ended; gives what it printed.
fn serve_while(command: impl FnOnce(SocketAddr) -> Command) -> String {
    hob::block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut command = command(listener.local_addr().unwrap());
        let serving = hob::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                hob::spawn(async { answer_requests(stream).await.unwrap() });
            }
        });
        let output = hob::spawn_blocking(move || command.output())
            .await
            .unwrap()
            .unwrap();
        serving.abort();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{}: {errors}", output.status);
        String::from_utf8(output.stdout).unwrap()
    })
}

/// A server of a page: each request is answered with its method, its path and the length of
/// its body, which has to be the pattern. The connection is kept.
async fn answer_requests(stream: TcpStream) -> io::Result<()> {
    let mut bytes = Vec::new();
    while let Some(head) = read_head(&stream, &mut bytes).await? {
        let mut words = head.split(' ');
        let (method, path) = (words.next().unwrap(), words.next().unwrap());
        let field = |name: &str| {
            let mut fields = head.lines().filter_map(|line| line.split_once(": "));
            fields.find_map(|(key, value)| key.eq_ignore_ascii_case(name).then_some(value))
        };
        if field("expect").is_some() {
            stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await?;
        }
        let length = field("content-length").map_or(0, |length| length.parse().unwrap());
        while bytes.len() < length {
            read_more(&stream, &mut bytes).await?;
        }
        Pattern::new().continues_with(&bytes[..length]);
        bytes.drain(..length);
        let body = format!("{method} {path} {length} bytes");
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
        stream.write_all((head + &body).as_bytes()).await?;
    }
    Ok(())
}

/// Takes one head off the front of `bytes`, and reads until there is one. `None` at the end.
async fn read_head(stream: &TcpStream, bytes: &mut Vec<u8>) -> io::Result<Option<String>> {
    loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = bytes.drain(..end + 4).collect();
            return Ok(Some(String::from_utf8(head).map_err(io::Error::other)?));
        }
        match read_more(stream, bytes).await {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof && bytes.is_empty() => {
                return Ok(None);
            }
            more => more?,
        }
    }
}

async fn read_more(stream: &TcpStream, bytes: &mut Vec<u8>) -> io::Result<()> {
    let mut buffer = [0; 16 * 1024];
    match stream.read(&mut buffer).await? {
        0 => Err(io::ErrorKind::UnexpectedEof.into()),
        n => {
            bytes.extend_from_slice(&buffer[..n]);
            Ok(())
        }
    }
}
