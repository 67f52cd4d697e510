//! The client keeps connections, reuses them when that is safe, and closes them otherwise.

mod http_support;

use hob::http::Client;
use http_support::{Server, ok};

#[test]
fn one_request_after_the_other_goes_over_one_connection() {
    let server = Server::always(ok("hello"));
    hob::block_on(async {
        let client = Client::new();
        for _ in 0..10 {
            let response = client.get(server.url("/")).send().await.unwrap();
            assert_eq!(response.text().await.unwrap(), "hello");
        }
    });
    assert_eq!(server.accepted(), 1);
    assert_eq!(server.requests().len(), 10);
}
