//! The client against every raw response of `tests/data/http/response_vectors.json`, over real
//! sockets: whole, and in pieces of 1 and 3 bytes.
//!
//! Besides status, body and trailers this judges what nobody but a client can show: whether it
//! uses the connection again. The same vectors go through the protocol files alone, cut at
//! every byte, in `src/http/vectors.rs`.
#![cfg(feature = "http")]

mod http_support;

use std::fs;
use std::rc::Rc;

use hob::http::{Client, Method, Response};
use http_support::{Server, ok};
use serde_json::Value;

/// Vectors of codings that a build without their features cannot undo.
fn is_built(vector: &Value) -> bool {
    let coding = vector["accept_encoding"].as_str();
    let is_there = [
        ("br", cfg!(feature = "brotli")),
        ("zstd", cfg!(feature = "zstd")),
    ];
    is_there
        .iter()
        .all(|&(name, is_built)| is_built || coding != Some(name))
}

/// The vectors are about framing, and there a 204 that announces a body has none, so that the
/// connection could go on. Such a peer breaks a rule of its own (RFC 9110 §8.6, RFC 9112 §6.1)
/// and may well send the body, so this client is stricter and keeps nothing of it.
const KEPT_BY_OTHERS: [&str; 2] = ["te.in_204", "nobody.204_with_cl"];

/// Larger ones are sent in one piece only: they are about sizes, not about splits.
const LARGE: usize = 20_000;

fn vectors() -> Vec<Value> {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/data/http/response_vectors.json"
    );
    let text = fs::read_to_string(path).expect("the vectors are in the repository");
    serde_json::from_str(&text).expect("they are JSON")
}

fn text<'a>(vector: &'a Value, key: &str) -> &'a str {
    vector[key].as_str().expect("text")
}

fn raw(vector: &Value) -> Vec<u8> {
    if let Some(parts) = vector["raw_parts"].as_array() {
        let part = |part: &Value| {
            let times = part[1].as_u64().expect("a number") as usize;
            part[0].as_str().expect("text").repeat(times).into_bytes()
        };
        return parts.iter().flat_map(part).collect();
    }
    match vector["raw_b64"].as_str() {
        Some(base64) => http_support::unbase64(base64),
        None => text(vector, "raw").as_bytes().to_vec(),
    }
}

/// Says the vector's bytes on the first connection, and something plain to whatever is asked
/// after that.
fn server(vector: &Value, size: usize) -> Server {
    let bytes = raw(vector);
    let closes = vector["eof"].as_bool().expect("a bool");
    Server::start(move |peer| {
        if peer.number == 0 {
            peer.request();
            peer.say_in_pieces(&bytes, size);
            if closes {
                return peer.close();
            }
        }
        while peer.request().is_some() && peer.say(ok("second")) {}
    })
}

struct Outcome {
    status: u16,
    body: Vec<u8>,
    trailers: Vec<(String, String)>,
}

async fn read(mut response: Response) -> Result<Outcome, hob::http::Error> {
    let mut body = Vec::new();
    while let Some(piece) = response.chunk().await? {
        body.extend_from_slice(piece);
    }
    let trailers = response.trailers().into_iter().flatten();
    let text = |value: &hob::http::HeaderValue| value.to_str().expect("ASCII").to_string();
    Ok(Outcome {
        status: response.status().as_u16(),
        trailers: trailers
            .map(|(name, value)| (name.to_string(), text(value)))
            .collect(),
        body,
    })
}

async fn judge(vector: Rc<Value>, size: usize) {
    let name = format!("{} in pieces of {size}", text(&vector, "name"));
    let server = server(&vector, size);
    let mut client = Client::builder();
    if let Some(limit) = vector["limits"]["max_decoded"].as_u64() {
        client = client.max_decoded(limit);
    }
    let client = client.build();
    let method: Method = text(&vector, "request_method").parse().expect("a method");
    let outcome = match client.request(method, server.url("/v")).send().await {
        Ok(response) => read(response).await,
        Err(error) => Err(error),
    };
    match (text(&vector, "expect"), outcome) {
        ("error", Err(error)) => assert_is_clear(&name, &server, &error.to_string()),
        ("ok", Ok(outcome)) => assert_is_right(&name, &vector, &outcome),
        (expect, Ok(_)) => panic!("{name}: no error, expected {expect}"),
        (_, Err(error)) => panic!("{name}: {error}"),
    }
    assert_next_request_is_fine(&name, &vector, &client, &server).await;
}

/// One line, printable, with the URL and the address in it.
fn assert_is_clear(name: &str, server: &Server, error: &str) {
    assert!(error.contains(&server.url("/v")), "{name}: {error}");
    assert!(
        error.contains(&format!("({})", server.addr())),
        "{name}: {error}"
    );
    assert!(!error.chars().any(char::is_control), "{name}: {error:?}");
}

fn assert_is_right(name: &str, vector: &Value, outcome: &Outcome) {
    assert_eq!(outcome.status, vector["status"], "{name}");
    assert_eq!(outcome.body, text(vector, "body").as_bytes(), "{name}");
    if let Some(wanted) = vector["trailers"].as_array() {
        let lower = |field: &Value| {
            let text = |at: usize| field[at].as_str().expect("text").to_string();
            (text(0).to_lowercase(), text(1))
        };
        let wanted: Vec<_> = wanted.iter().map(lower).collect();
        assert_eq!(outcome.trailers, wanted, "{name}");
    }
}

/// Whatever came before, the next response is its own: never what was left over (N1). It comes
/// over the same connection only if the vector says that it may.
async fn assert_next_request_is_fine(name: &str, vector: &Value, client: &Client, server: &Server) {
    let response = client.get(server.url("/next")).send().await;
    let response = response.unwrap_or_else(|error| panic!("{name}, then: {error}"));
    let body = response.text().await.expect("a plain response");
    assert_eq!(body, "second", "{name}");
    let reuse = vector["reuse"] == true && !KEPT_BY_OTHERS.contains(&text(vector, "name"));
    let connections = if reuse { 1 } else { 2 };
    assert_eq!(server.accepted(), connections, "{name}: reuse");
}

/// Broken by: leaving any part of N1 out of `Conn::is_reusable`.
#[test]
fn the_client_ends_every_vector_as_the_rfcs_demand() {
    let vectors: Vec<Rc<Value>> = vectors().into_iter().map(Rc::new).collect();
    let judged: Vec<_> = vectors.into_iter().filter(|v| is_built(v)).collect();
    let missing = usize::from(!cfg!(feature = "zstd")) + 2 * usize::from(!cfg!(feature = "brotli"));
    assert_eq!(judged.len(), 156 - missing);
    hob::block_on(async {
        for size in [usize::MAX, 3, 1] {
            let fitting = judged
                .iter()
                .filter(|v| size == usize::MAX || raw(v).len() < LARGE);
            let tasks: Vec<_> = fitting
                .map(|v| hob::spawn(judge(v.clone(), size)))
                .collect();
            for task in tasks {
                task.await.expect("a vector failed, see above");
            }
        }
    });
}
