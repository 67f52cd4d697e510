//! hob's client against the servers of other people: each of them gives files, parts of files,
//! packed files and refusals in its own manner, and the client makes the same of it.
//!
//! One test is one server, as starting it is most of the work; [`gives_files`] is what all of
//! them have to do. Connections are counted by a proxy in between that does nothing else. Where a
//! server is not installed, a test says so and passes; with `HOB_PEERS=required` it fails instead.

#![cfg(unix)]

mod servers_support;

use hob::http::{Response, StatusCode, header};
use hob_peers::peer::Peer;
use hob_peers::servers;
use hob_peers::site::{Pattern, page};
use servers_support::{To, gives_files};

#[test]
fn nginx_gives_files() {
    let Some(peer) = servers::nginx() else { return };
    run(&peer, async |to| {
        gives_files(&to).await;
        gives_packed(&to).await;
        gives_chunks(&to).await;
        takes_files(&to, &peer).await;
    });
}

#[test]
fn apache_gives_files() {
    let Some(peer) = servers::apache() else {
        return;
    };
    run(&peer, async |to| {
        gives_files(&to).await;
        gives_packed(&to).await;
        takes_files(&to, &peer).await;
    });
}

#[test]
fn caddy_gives_files() {
    let Some(peer) = servers::caddy() else { return };
    run(&peer, async |to| {
        gives_files(&to).await;
        gives_packed(&to).await;
    });
}

#[test]
fn lighttpd_gives_files() {
    let Some(peer) = servers::lighttpd() else {
        return;
    };
    run(&peer, async |to| {
        gives_files(&to).await;
        gives_packed(&to).await;
    });
}

#[test]
fn haproxy_passes_files_on() {
    let Some(behind) = servers::nginx() else {
        return;
    };
    let Some(peer) = servers::haproxy(behind.address) else {
        return;
    };
    run(&peer, async |to| {
        gives_files(&to).await;
        gives_packed(&to).await;
        gives_chunks(&to).await;
        takes_files(&to, &behind).await;
    });
}

/// A server that has gone, behind one that is there: the answer is the one's in front.
#[test]
fn haproxy_answers_for_a_server_that_is_not_there() {
    let nobody = hob_peers::peer::free_address();
    let Some(peer) = servers::haproxy(nobody) else {
        return;
    };
    run(&peer, async |to| {
        let response = to.get("/small.txt").await;
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert!(response.text().await.unwrap().contains("503"));
    });
}

#[test]
fn httpbin_hears_what_was_said() {
    let Some(peer) = servers::httpbin() else {
        return;
    };
    run(&peer, async |to| {
        let client = &to.client;
        let asked = client
            .get(to.url("/get"))
            .query(&[("q", "two words & more")]);
        let told = json(asked.header("x-hob", "heard").send().await.unwrap()).await;
        assert_eq!(told["args"]["q"], "two words & more");
        assert_eq!(told["headers"]["X-Hob"], "heard");

        let body = Pattern::file(300_000);
        let sent = client.put(to.url("/put")).body(body.clone()).send().await;
        let told = json(sent.unwrap()).await;
        assert_eq!(told["headers"]["Content-Length"], "300000");
        // What is not text comes back in base64, four digits for three bytes.
        let data = told["data"].as_str().unwrap();
        let data = data.split(',').next_back().unwrap();
        assert_eq!(data.len(), 400_000);

        let asked = client.get(to.url("/basic-auth/me/secret"));
        let refused = asked.send().await.unwrap();
        assert_eq!(refused.status(), StatusCode::UNAUTHORIZED);
        drop(refused);
        let asked = client.get(to.url("/basic-auth/me/secret"));
        let known = asked.basic_auth("me", "secret").send().await.unwrap();
        assert_eq!(known.status(), StatusCode::OK);
        drop(known);

        for (path, status) in [
            ("/status/418", 418),
            ("/redirect/5", 200),
            ("/absolute-redirect/3", 200),
        ] {
            assert_eq!(to.get(path).await.status().as_u16(), status, "{path}");
        }
        // A hundred bytes, a piece at a time, in chunks.
        assert_eq!(
            to.get("/stream-bytes/100000?chunk_size=7")
                .await
                .bytes()
                .await
                .unwrap()
                .len(),
            100_000
        );
        let slow = to.get("/drip?numbytes=50&duration=1&delay=0").await;
        assert_eq!(slow.bytes().await.unwrap().len(), 50);
        let range = client
            .get(to.url("/range/1000"))
            .header("range", "bytes=10-19");
        let range = range.send().await.unwrap();
        assert_eq!(range.status(), StatusCode::PARTIAL_CONTENT);
        assert_eq!(range.text().await.unwrap(), "klmnopqrst");
        assert!(
            to.get("/encoding/utf8")
                .await
                .text()
                .await
                .unwrap()
                .contains("∮")
        );
        for (path, word) in [
            ("/gzip", "gzipped"),
            ("/deflate", "deflated"),
            ("/brotli", "brotli"),
        ] {
            let coded = to.get(path).await;
            assert!(coded.is_decoded(), "{path}");
            assert_eq!(json(coded).await[word], true, "{path}");
        }
        // A body of unknown length goes in chunks, and is asked for first.
        let body = futures_lite::io::Cursor::new(Pattern::file(300_000));
        let sent = client.post(to.url("/post")).body_reader(body, None);
        let told = json(sent.send().await.unwrap()).await;
        assert_eq!(told["headers"]["Transfer-Encoding"], "chunked");
        let form = client.post(to.url("/post")).form(&[("q", "é &=+")]);
        let told = json(form.send().await.unwrap()).await;
        assert_eq!(told["form"]["q"], "é &=+");
    });
}

async fn json(response: Response) -> serde_json::Value {
    assert_eq!(response.status(), StatusCode::OK);
    serde_json::from_str(&response.text().await.unwrap()).unwrap()
}

fn run(peer: &Peer, test: impl AsyncFnOnce(To)) {
    hob::block_on(async { test(To::server(peer.address).await).await });
}

/// The page, packed if the client asked for that.
async fn gives_packed(to: &To) {
    for _ in 0..2 {
        let packed = to.get("/packed/page.txt").await;
        assert_eq!(packed.status(), StatusCode::OK);
        assert!(packed.is_decoded());
        assert_eq!(packed.text().await.unwrap(), page());
    }
    // Who asks for it by himself gets it as it is.
    let asked = to.client.get(to.url("/packed/page.txt"));
    let packed = asked
        .header("accept-encoding", "gzip")
        .send()
        .await
        .unwrap();
    assert_eq!(packed.headers()[header::CONTENT_ENCODING], "gzip");
    assert!(packed.bytes().await.unwrap().len() < page().len());
}

/// The page, whose length nobody knows beforehand.
async fn gives_chunks(to: &To) {
    let before = to.connections.get();
    for _ in 0..2 {
        let response = to.get("/chunked/page.txt").await;
        assert_eq!(response.headers()[header::TRANSFER_ENCODING], "chunked");
        assert_eq!(response.content_length(), None);
        assert_eq!(response.text().await.unwrap(), page());
    }
    assert_eq!(
        to.connections.get(),
        before,
        "the end of the chunks was found"
    );
}

/// Uploads, to a server that has its files in that peer's folder.
async fn takes_files(to: &To, owner: &Peer) {
    let body = Pattern::file(3 << 20);
    let length = Some(body.len() as u64);
    let put = |name: &str| to.client.put(to.url(&format!("/put/{name}")));
    let reader = || futures_lite::io::Cursor::new(body.clone());
    let ways = [
        ("memory", put("memory").body(body.clone())),
        ("asked", put("asked").body_reader(reader(), length)),
        (
            "at-once",
            put("at-once")
                .body_reader(reader(), length)
                .expect_continue(false),
        ),
        ("chunks", put("chunks").body_reader(reader(), None)),
        (
            "chunks-at-once",
            put("chunks-at-once")
                .body_reader(reader(), None)
                .expect_continue(false),
        ),
    ];
    for (name, request) in ways {
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), StatusCode::CREATED, "{name}");
        response.bytes().await.unwrap();
        let came = servers::file_of(owner, &format!("put/{name}"));
        assert!(came == body, "{name}: {} bytes", came.len());
    }
    // Where nothing may be put, there is an answer all the same, asked or not.
    for ask in [true, false] {
        let sent = to.client.put(to.url("/small.txt")).body(body.clone());
        let refused = sent.expect_continue(ask).send().await.unwrap();
        assert!(refused.status().is_client_error(), "{refused:?}");
    }
}
