//! Bodies with a `Content-Encoding`, through the real client: what is asked for, what comes out
//! of every way to read, and what is an error. (Each coder by itself, at every split, is tested
//! in `src/http/coding/tests.rs`.)
#![cfg(feature = "http")]

mod http_support;

use std::cell::Cell;
use std::io::Write;
use std::rc::Rc;

use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};
use futures_lite::AsyncReadExt;
use hob::http::{Client, ErrorKind, Method, Response, header};
use http_support::{Server, ok};

const TEXT: &str = "hello, hello, hello, hello, hello";

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = GzEncoder::new(Vec::new(), Compression::default());
    out.write_all(bytes).expect("into memory");
    out.finish().expect("into memory")
}

/// A response with `body` as it is, said to be coded.
fn coded(coding: &str, body: &[u8]) -> Vec<u8> {
    answer(200, coding, body)
}

fn answer(status: u16, coding: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status} OK\r\nContent-Encoding: {coding}\r\nContent-Length: {length}\r\n\r\n"
    );
    [head.as_bytes(), body].concat()
}

async fn get(client: &Client, server: &Server) -> Response {
    let response = client.get(server.url("/")).send().await;
    response.expect("the head is fine")
}

/// What was asked for, in each request so far.
fn asked_for(server: &Server) -> Vec<String> {
    let requests = server.requests();
    let field = |request: &String| {
        let line = request
            .lines()
            .find_map(|l| l.strip_prefix("accept-encoding: "));
        line.expect("it says what it wants").to_string()
    };
    requests.iter().map(field).collect()
}

/// Broken by: leaving any part out of `may_be_coded`.
#[test]
fn codings_are_asked_for_unless_bytes_are_wanted_as_they_are() {
    let server = Server::always(coded("gzip", &gzip(TEXT.as_bytes())));
    hob::block_on(async {
        let client = Client::new();
        let raw = Client::builder().decode(false).build();
        let get = |client: &Client| client.get(server.url("/"));
        for (request, is_decoded) in [
            (get(&client), true),
            (get(&raw).decode(true), true),
            (get(&client).decode(false), false),
            (get(&raw), false),
            (get(&client).header("range", "bytes=0-"), false),
            (get(&client).decode(true).header("range", "bytes=0-"), false),
            (get(&client).header("accept-encoding", "gzip"), false),
        ] {
            let response = request.send().await.unwrap();
            assert_eq!(response.is_decoded(), is_decoded);
            let bytes = response.bytes().await.unwrap();
            assert_eq!(bytes == TEXT.as_bytes(), is_decoded);
            assert_eq!(bytes == gzip(TEXT.as_bytes()), !is_decoded);
        }
    });
    let asked = asked_for(&server);
    for asked in &asked[..2] {
        assert!(asked.starts_with("gzip, deflate"), "{asked}");
        assert_eq!(asked.contains("br"), cfg!(feature = "brotli"));
        assert_eq!(asked.contains("zstd"), cfg!(feature = "zstd"));
    }
    assert_eq!(asked[2..6], ["identity"; 4]);
    assert_eq!(asked[6], "gzip");
}

#[test]
fn every_way_to_read_gives_what_was_meant() {
    let server = Server::always(coded("gzip", &gzip(TEXT.as_bytes())));
    hob::block_on(async {
        let client = Client::new();
        assert_eq!(get(&client, &server).await.text().await.unwrap(), TEXT);
        let bytes = get(&client, &server).await.bytes().await.unwrap();
        assert_eq!(bytes, TEXT.as_bytes());
        let mut file = Vec::new();
        let count = get(&client, &server)
            .await
            .copy_to(&mut file)
            .await
            .unwrap();
        assert_eq!((count as usize, &file[..]), (TEXT.len(), TEXT.as_bytes()));
        let mut text = String::new();
        let mut reader = get(&client, &server).await.into_reader();
        reader.read_to_string(&mut text).await.unwrap();
        assert_eq!(text, TEXT);
        let mut few = [0; 5];
        let mut reader = get(&client, &server).await.into_reader();
        reader.read_exact(&mut few).await.unwrap();
        assert_eq!(few, *b"hello");
        text.clear();
        reader.read_to_string(&mut text).await.unwrap();
        assert_eq!(text, TEXT[5..], "what was not taken is still there");
        let mut response = get(&client, &server).await;
        assert_eq!(response.chunk().await.unwrap(), Some(TEXT.as_bytes()));
        text.clear();
        let mut reader = response.into_reader();
        reader.read_to_string(&mut text).await.unwrap();
        assert_eq!(text, "", "what was taken is not");
    });
    assert_eq!(server.accepted(), 1, "each was read to its end");
}

/// Broken by: leaving `decoder.is_none()` out of `Response::new`.
#[test]
fn the_head_stays_as_it_came_and_the_length_is_not_known() {
    let packed = gzip(TEXT.as_bytes());
    let server = Server::always(coded("gzip", &packed));
    hob::block_on(async {
        for method in [Method::GET, Method::HEAD] {
            let request = Client::new().request(method, server.url("/"));
            let response = request.send().await.unwrap();
            assert_eq!(response.content_length(), None);
            let headers = response.headers();
            assert_eq!(headers[header::CONTENT_ENCODING], "gzip");
            assert_eq!(headers[header::CONTENT_LENGTH], packed.len().to_string());
        }
        let request = Client::new().get(server.url("/")).decode(false);
        let response = request.send().await.unwrap();
        assert_eq!(response.content_length(), Some(packed.len() as u64));
    });
}

#[test]
fn where_there_is_no_body_there_is_nothing_to_undo() {
    for (method, status) in [("HEAD", 200), ("GET", 204), ("GET", 304), ("GET", 200)] {
        let server = Server::always(answer(status, "gzip", b""));
        hob::block_on(async {
            let request = Client::new().request(method, server.url("/"));
            let response = request.send().await.unwrap();
            assert_eq!(response.bytes().await.unwrap(), b"", "{method} {status}");
        });
    }
}

/// Broken by: leaving out `is_part` in `Engine::decoder`.
#[test]
fn a_part_of_a_coded_body_is_handed_out_as_it_is() {
    let part = &gzip(TEXT.as_bytes())[3..9];
    let server = Server::always(answer(206, "gzip", part));
    hob::block_on(async {
        let response = get(&Client::new(), &server).await;
        assert!(!response.is_decoded());
        assert_eq!(response.bytes().await.unwrap(), part);
    });
}

/// The framing is whole in all of these. Broken by: leaving out `finish` in `unpack.rs`.
#[test]
fn a_coded_body_that_is_not_whole_is_an_error_though_all_its_bytes_came() {
    let packed = gzip(TEXT.as_bytes());
    let mut wrong = packed.clone();
    let crc = wrong.len() - 8;
    wrong[crc] ^= 1;
    let more = [&packed[..], b"more"].concat();
    for (body, words) in [
        (&packed[..packed.len() - 1], "end in the middle"),
        (&packed[..15], "end in the middle"),
        (&packed[..1], "end in the middle"),
        (&wrong, "checksum"),
        (&more, "not gzip"),
    ] {
        let server = Server::always(coded("gzip", body));
        hob::block_on(async {
            let client = Client::new();
            let mut response = get(&client, &server).await;
            let error = loop {
                match response.chunk().await {
                    Ok(Some(piece)) => assert!(TEXT.as_bytes().starts_with(piece)),
                    Ok(None) => panic!("it was taken for whole"),
                    Err(error) => break error,
                }
            };
            assert!(matches!(error.kind(), ErrorKind::Coding(_)), "{error}");
            assert!(error.to_string().contains(words), "{error}");
            assert!(response.chunk().await.is_err(), "nor is it over now");
            get(&client, &server).await;
        });
        assert_eq!(server.accepted(), 2, "its connection is not used again");
    }
}

#[test]
fn an_unknown_coding_is_an_error_only_for_who_reads() {
    let server = Server::always(coded("compress", b"\x1f\x9d what"));
    hob::block_on(async {
        let client = Client::new();
        let response = get(&client, &server).await;
        assert_eq!(response.headers()[header::CONTENT_ENCODING], "compress");
        let error = response.bytes().await.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Coding(_)), "{error}");
        let request = client.get(server.url("/")).decode(false);
        let bytes = request.send().await.unwrap().bytes().await.unwrap();
        assert_eq!(bytes, b"\x1f\x9d what");
    });
}

/// Broken by: `bytes` that counts what came and not what it means.
#[test]
fn limits_count_what_a_body_unpacks_to() {
    let server = Server::always(coded("gzip", &gzip(&[0; 1 << 20])));
    hob::block_on(async {
        let limit_of = |error: &hob::http::Error| match error.kind() {
            ErrorKind::TooLarge { limit, .. } => *limit,
            _ => panic!("{error}"),
        };
        let client = Client::builder().max_in_memory(100_000).build();
        let error = get(&client, &server).await.bytes().await.unwrap_err();
        assert_eq!(limit_of(&error), 100_000);

        let client = Client::builder().max_decoded(200_000).build();
        let mut response = get(&client, &server).await;
        let mut count = 0;
        let error = loop {
            match response.chunk().await {
                Ok(piece) => {
                    let piece = piece.expect("it is not over").len();
                    assert!(piece <= 32 * 1024);
                    count += piece;
                }
                Err(error) => break error,
            }
        };
        assert_eq!(limit_of(&error), 200_000);
        assert!(count <= 200_000, "{count} bytes were handed out");
        let whole = Client::builder().max_decoded(1 << 20).build();
        assert_eq!(
            get(&whole, &server).await.bytes().await.unwrap().len(),
            1 << 20
        );
    });
}

/// All of the coded body fits into one read. Broken by: not spending in `unpack.rs`.
#[test]
fn who_unpacks_a_bomb_lets_the_others_run() {
    // So many members cost less time than one of that size.
    let server = Server::always(coded("gzip", &gzip(&[0; 1 << 20]).repeat(32)));
    hob::block_on(async {
        let turns = Rc::new(Cell::new(0));
        let count = turns.clone();
        let ticker = hob::spawn(async move {
            loop {
                count.set(count.get() + 1);
                hob::yield_now().await;
            }
        });
        let mut response = get(&Client::new(), &server).await;
        response.chunk().await.unwrap();
        let (mut pieces, before) = (0, turns.get());
        while response.chunk().await.unwrap().is_some() {
            pieces += 1;
        }
        ticker.abort();
        // One turn for every 128 pieces, besides those in which the socket was waited for.
        assert!(turns.get() - before >= pieces / 128, "{pieces} pieces");
        assert!(pieces >= 1000);
    });
}

#[test]
fn several_codings_are_undone_in_their_order() {
    let mut inner = ZlibEncoder::new(Vec::new(), Compression::default());
    inner.write_all(TEXT.as_bytes()).expect("into memory");
    let body = gzip(&inner.finish().expect("into memory"));
    let one = coded("deflate, gzip", &body);
    let two = String::from("Content-Encoding: deflate\r\nContent-Encoding: identity, GZIP");
    let head = format!(
        "HTTP/1.1 200 OK\r\n{two}\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    for response in [one, [head.as_bytes(), &body].concat()] {
        let server = Server::always(response);
        hob::block_on(async {
            let text = get(&Client::new(), &server).await.text().await;
            assert_eq!(text.unwrap(), TEXT);
        });
    }
}

#[test]
fn chunks_trailers_and_codings_are_independent_of_each_other() {
    let packed = gzip(TEXT.as_bytes());
    let chunks = packed.chunks(7).map(|chunk| {
        let size = format!("{:x}\r\n", chunk.len());
        [size.as_bytes(), chunk, b"\r\n"].concat()
    });
    let head = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n";
    let tail = "0\r\nX-Sum: 1\r\nContent-Type: text/evil\r\nContent-Length: 3\r\n\r\n";
    let body: Vec<u8> = chunks.flatten().collect();
    let server = Server::always([head.as_bytes(), &body, tail.as_bytes()].concat());
    hob::block_on(async {
        let client = Client::new();
        for _ in 0..2 {
            let mut response = get(&client, &server).await;
            let mut text = Vec::new();
            response.copy_to(&mut text).await.unwrap();
            assert_eq!(text, TEXT.as_bytes());
            assert_eq!(response.trailers().expect("they came")["x-sum"], "1");
            // RFC 9110 §6.5.1: what comes behind the body changes nothing about it.
            assert!(!response.headers().contains_key("content-type"));
            assert_eq!(response.content_length(), None);
        }
    });
    assert_eq!(server.accepted(), 1);
}

#[test]
fn a_body_without_a_coding_is_as_it_was() {
    let server = Server::always(ok(TEXT));
    hob::block_on(async {
        let response = get(&Client::new(), &server).await;
        assert!(!response.is_decoded());
        assert_eq!(response.content_length(), Some(TEXT.len() as u64));
        assert_eq!(response.text().await.unwrap(), TEXT);
    });
}
