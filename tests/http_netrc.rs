//! Passwords from a netrc file reach the host that they were written down for, and no other.
//! (How the file is read is tested in `src/http/netrc.rs`.)
#![cfg(feature = "http")]

mod http_support;

use hob::http::{Client, Netrc};
use http_support::{Server, ok, redirect, unbase64};

/// What the request says in `Authorization`, decoded.
fn told(request: &str) -> Option<String> {
    let line = "\r\nauthorization: Basic ";
    let value = request.split_once(line)?.1.split("\r\n").next()?;
    Some(String::from_utf8(unbase64(value)).expect("UTF-8"))
}

fn client(netrc: &str) -> Client {
    let netrc = Netrc::parse(netrc).expect("a netrc");
    Client::builder().netrc(netrc).build()
}

/// Asks for `/` of the server, at `host` and with `user` before it; tells who it said it was.
fn asked_as(netrc: &str, user: &str) -> Option<String> {
    let server = Server::always(ok(""));
    let url = server
        .url("/")
        .replace("http://", &format!("http://{user}"));
    hob::block_on(async { client(netrc).get(url).send().await.unwrap() });
    told(&server.requests()[0])
}

const NETRC: &str = "machine 127.0.0.1 login me password \"pass wörd\" machine k login x";

/// Broken by: no `identify` before the loop in `execute`.
#[test]
fn a_request_without_credentials_gets_those_of_its_host() {
    assert_eq!(asked_as(NETRC, "").as_deref(), Some("me:pass wörd"));
    assert_eq!(asked_as("machine k login x", ""), None);
    assert_eq!(
        asked_as("default login d password e", "").as_deref(),
        Some("d:e")
    );
}

/// Broken by: leaving `password_of` out, or its name.
#[test]
fn a_url_with_a_user_gets_the_password_of_that_user_or_none() {
    let user = |user| asked_as(NETRC, user);
    assert_eq!(user("me@").as_deref(), Some("me:pass wörd"));
    assert_eq!(user("you@").as_deref(), Some("you:"));
    assert_eq!(user("me:own@").as_deref(), Some("me:own"));
    assert_eq!(user("you:own@").as_deref(), Some("you:own"));
}

#[test]
fn who_says_who_he_is_is_not_looked_up() {
    let server = Server::always(ok(""));
    hob::block_on(async {
        let request = client(NETRC).get(server.url("/")).basic_auth("a", "b");
        request.send().await.unwrap();
        let request = client(NETRC).get(server.url("/")).bearer_auth("t");
        request.send().await.unwrap();
    });
    let requests = server.requests();
    assert_eq!(told(&requests[0]).as_deref(), Some("a:b"));
    assert!(requests[1].contains("\r\nauthorization: Bearer t\r\n"));
}

/// Broken by: appending it in `RequestBuilder::header`. Of two, a server may take either.
#[test]
fn who_one_is_is_said_once_and_by_whoever_spoke_last() {
    let server = Server::always(ok(""));
    hob::block_on(async {
        let url = server.url("/").replace("//", "//you:own@");
        let request = client(NETRC).get(url).header("authorization", "Own x");
        request
            .basic_auth("a", "b")
            .header("Authorization", "Own y")
            .send()
            .await
            .unwrap();
    });
    let request = &server.requests()[0];
    assert_eq!(request.matches("authorization").count(), 1, "{request}");
    assert!(
        request.contains("\r\nauthorization: Own y\r\n"),
        "{request}"
    );
}

/// From 127.0.0.1 to localhost, which are two hosts to a netrc.
///
/// Broken by: no `strip`; no `identify` after `follow`; `Named::ByCaller` there.
#[test]
fn a_redirect_to_another_host_gets_the_entry_of_that_host_or_none() {
    let mine = "machine 127.0.0.1 login me password mine ";
    for (more, there) in [
        (
            "machine localhost login you password theirs",
            Some("you:theirs"),
        ),
        ("machine k login you password theirs", None),
        ("default login you password theirs", None),
    ] {
        let server = Server::start(|peer| {
            while let Some(request) = peer.request() {
                let said = match request.starts_with("GET /a ") {
                    true => {
                        let host = request.split_once("host: 127.0.0.1:").expect("a port").1;
                        let port = host.split("\r\n").next().expect("a line");
                        peer.say(redirect(302, &format!("http://localhost:{port}/b")))
                    }
                    false => peer.say(ok("")),
                };
                if !said {
                    return;
                }
            }
        });
        hob::block_on(async {
            let client = client(&format!("{mine}{more}"));
            client.get(server.url("/a")).send().await.unwrap();
        });
        let requests = server.requests();
        assert_eq!(told(&requests[0]).as_deref(), Some("me:mine"));
        assert_eq!(told(&requests[1]).as_deref(), there, "{more}");
    }
}

#[test]
fn a_file_that_is_none_says_where_and_not_what() {
    let path = std::env::temp_dir().join(format!("hob-netrc-{}", std::process::id()));
    std::fs::write(&path, "machine h\nlogin me password sesame open").unwrap();
    let error = hob::block_on(Netrc::load(&path)).unwrap_err();
    std::fs::remove_file(&path).unwrap();
    assert_eq!(error.to_string(), "netrc, line 2: not a keyword of netrc");
    let error = hob::block_on(Netrc::load(&path)).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::NotFound);
}
