//! Through a SOCKS5 proxy (RFC 1928, 1929): what it is told, who looks up names, and what becomes
//! of a proxy that says no, or something that it must not say.
#![cfg(feature = "http")]

mod cancel_support;
mod http_support;

use std::cell::Cell;
use std::rc::Rc;

use cancel_support::pause;
use hob::http::{Client, ClientBuilder, Error, ErrorKind, ProxyFault};
use hob::join;
use hob::net::{TcpListener, TcpStream};
use hob::testing::cancel_at_every_poll;
use http_support::{Server, hear, local, ok, patient};

fn through(proxy: &str) -> ClientBuilder {
    Client::builder().proxy(proxy).no_proxy_for("")
}

async fn text(client: &Client, url: &str) -> Result<String, Error> {
    client.get(url).send().await?.text().await
}

/// What a client says and what it hears, in turns.
type Talk = &'static [(&'static [u8], &'static [u8])];

const HELLO: (&[u8], &[u8]) = (&[5, 1, 0], &[5, 0]);
const FINE: &[u8] = &[5, 0, 0, 1, 0, 0, 0, 0, 0, 0];

/// Reads what `talk` expects the client to say, and answers; `false` if it says something else.
async fn converse(stream: &TcpStream, talk: Talk) -> bool {
    for (expected, answer) in talk {
        let mut said = vec![0; expected.len()];
        if stream.read_exact(&mut said).await.is_err() {
            return false;
        }
        assert_eq!(said, *expected);
        stream.write_all(answer).await.unwrap();
    }
    true
}

/// A proxy that talks like this, and is the host behind it itself. Its URL begins with `//`.
async fn proxy(talk: Talk) -> String {
    let url = local(async |stream| {
        if converse(&stream, talk).await && hear(&stream).await {
            stream.write_all(ok("inside").as_bytes()).await.unwrap();
        }
    });
    url.await.strip_prefix("http:").expect("a URL").to_string()
}

async fn asked(scheme: &str, talk: Talk, url: &str) -> Result<String, Error> {
    let proxy = proxy(talk).await;
    text(&through(&format!("{scheme}:{proxy}")).build(), url).await
}

fn fault(error: &Error) -> &ProxyFault {
    match error.kind() {
        ErrorKind::Proxy { why, .. } => why,
        other => panic!("{other}"),
    }
}

/// Broken by: `remote_dns` the wrong way round.
#[test]
fn with_socks5h_the_proxy_is_told_the_name_and_nobody_looks_it_up_here() {
    const TALK: Talk = &[HELLO, (b"\x05\x01\x00\x03\x06h.test\x00\x51", FINE)];
    hob::block_on(async {
        let proxy = proxy(TALK).await;
        let nobody = |_: &str| panic!("it was looked up");
        let client = through(&format!("socks5h:{proxy}")).resolver(nobody);
        let answer = text(&client.build(), "http://h.test:81/").await;
        assert_eq!(answer.unwrap(), "inside");
    });
}

/// Broken by: telling it the URL's port, whatever was set.
#[test]
fn with_socks5_the_name_is_looked_up_here_and_the_proxy_is_told_an_address() {
    const TALK: Talk = &[HELLO, (&[5, 1, 0, 1, 192, 0, 2, 7, 0, 80], FINE)];
    hob::block_on(async {
        let proxy = proxy(TALK).await;
        let client = through(&format!("socks5:{proxy}"));
        let client = client.resolve("h.test", [([192, 0, 2, 7], 0).into()]);
        assert_eq!(
            text(&client.build(), "http://h.test/").await.unwrap(),
            "inside"
        );
        // An address that was set with a port keeps it, on this way as on any.
        let client = through(&format!("socks5:{proxy}"));
        let client = client.resolve("h.test", [([192, 0, 2, 7], 80).into()]);
        let answer = text(&client.build(), "http://h.test:81/").await;
        assert_eq!(answer.unwrap(), "inside");
        let client = through(&format!("socks5:{proxy}")).resolve("h.test", []);
        let error = text(&client.build(), "http://h.test/").await.unwrap_err();
        assert!(error.to_string().contains("no address"), "{error}");
        let lost = |_: &str| Err(std::io::Error::other("no such name"));
        let client = through(&format!("socks5:{proxy}")).resolver(lost).build();
        let error = text(&client, "http://h.test/").await.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Lookup(_)), "{error}");
    });
}

#[test]
fn an_address_in_the_url_is_told_as_one_and_the_answer_may_be_of_any_kind() {
    const V4: &[u8] = &[5, 1, 0, 1, 192, 0, 2, 1, 0, 80];
    const V6: &[u8] = b"\x05\x01\x00\x04\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01\x00\x50";
    const ANSWER_V6: &[u8] = &[
        5, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9, 9,
    ];
    const ANSWER_NAME: &[u8] = b"\x05\x00\x00\x03\x03abc\x09\x09";
    hob::block_on(async {
        let v4 = asked("socks5", &[HELLO, (V4, ANSWER_V6)], "http://192.0.2.1/").await;
        assert_eq!(v4.unwrap(), "inside");
        let v6 = asked(
            "socks5h",
            &[HELLO, (V6, ANSWER_NAME)],
            "http://[2001:db8::1]/",
        )
        .await;
        assert_eq!(v6.unwrap(), "inside");
    });
}

/// RFC 1929. Broken by: offering the login without having one, or sending it unasked.
#[test]
fn name_and_password_are_sent_if_the_proxy_asks_for_them() {
    const OFFER: &[u8] = &[5, 2, 0, 2];
    const LOGIN: &[u8] = b"\x01\x04user\x03p:w";
    const ASK: (&[u8], &[u8]) = (b"\x05\x01\x00\x03\x01h\x00\x50", FINE);
    const ASKS: Talk = &[(OFFER, &[5, 2]), (LOGIN, &[1, 0]), ASK];
    const DOES_NOT: Talk = &[(OFFER, &[5, 0]), ASK];
    const DOES_NOT_KNOW: Talk = &[(OFFER, &[5, 2]), (LOGIN, &[1, 1])];
    hob::block_on(async {
        for talk in [ASKS, DOES_NOT] {
            let url = proxy(talk).await.replace("//", "//user:p%3Aw@");
            let client = through(&format!("socks5h:{url}")).build();
            assert_eq!(text(&client, "http://h/").await.unwrap(), "inside");
        }
        let url = proxy(DOES_NOT_KNOW).await;
        let url = url.replace("//", "//user:p%3Aw@");
        let client = through(&format!("socks5h:{url}")).build();
        let error = text(&client, "http://h/").await.unwrap_err();
        assert!(matches!(fault(&error), ProxyFault::Refused(_)), "{error}");
        let shown = format!("{error} {error:?}");
        assert!(shown.contains("does not know this user name"), "{shown}");
        assert!(
            !shown.contains("p:w") && !shown.contains("p%3Aw"),
            "{shown}"
        );
    });
}

/// Broken by: a number out of its place in `fault`.
#[test]
fn a_refusal_is_told_in_words() {
    const ASKED: &[u8] = b"\x05\x01\x00\x03\x01h\x00\x50";
    hob::block_on(async {
        for (talk, words) in [
            (&[HELLO, (ASKED, &[5, 1, 0, 1])] as Talk, "does not say how"),
            (&[HELLO, (ASKED, &[5, 2, 0, 1])], "rules do not allow"),
            (&[HELLO, (ASKED, &[5, 3, 0, 1])], "reach the network"),
            (&[HELLO, (ASKED, &[5, 4, 0, 1])], "reach the host"),
            (&[HELLO, (ASKED, &[5, 5, 0, 1])], "refused the connection"),
            (&[HELLO, (ASKED, &[5, 6, 0, 1])], "in time"),
            (&[HELLO, (ASKED, &[5, 7, 0, 1])], "connect for others"),
            (&[HELLO, (ASKED, &[5, 8, 0, 1])], "addresses of this kind"),
            (&[HELLO, (ASKED, &[5, 9, 0, 1])], "no RFC has a name"),
            (&[(&[5, 1, 0], &[5, 0xff])], "none of our ways"),
        ] {
            let error = asked("socks5h", talk, "http://h/").await.unwrap_err();
            let is_tried = matches!(talk, [_, (_, [5, 1 | 3..=6, ..])]);
            match fault(&error) {
                ProxyFault::Unreached(_) => assert!(is_tried, "{error}"),
                ProxyFault::Refused(_) => assert!(!is_tried, "{error}"),
                _ => panic!("{error}"),
            }
            assert!(error.to_string().contains(words), "{error}");
            assert!(
                error.to_string().contains("proxy socks5h://127.0.0.1:"),
                "{error}"
            );
        }
    });
}

/// Broken by: leaving out a `check` (S2 in `socks`).
#[test]
fn a_hostile_answer_is_refused() {
    const NOT_FIVE: Talk = &[(&[5, 1, 0], &[4, 0])];
    const ASKED: &[u8] = b"\x05\x01\x00\x03\x01h\x00\x50";
    hob::block_on(async {
        for talk in [
            NOT_FIVE,
            &[(&[5, 1, 0], b"HTTP/1.1 400 Bad\r\n\r\n")],
            // Nobody offered it these.
            &[(&[5, 1, 0], &[5, 1])],
            &[(&[5, 1, 0], &[5, 2])],
            &[HELLO, (ASKED, &[4, 0, 0, 1])],
            &[HELLO, (ASKED, &[5, 0, 0, 2, 0, 0])],
        ] {
            let error = asked("socks5h", talk, "http://h/").await.unwrap_err();
            assert!(matches!(fault(&error), ProxyFault::Protocol(_)), "{error}");
            assert!(error.rule().is_some_and(|rule| rule.contains("1928")));
        }
        let long = format!("http://{}/", vec!["a".repeat(60); 5].join("."));
        let error = asked("socks5h", &[HELLO], &long).await.unwrap_err();
        assert!(error.to_string().contains("255 bytes"), "{error}");
    });
    let ends: [&[u8]; 4] = [
        b"",
        b"\x05",
        b"\x05\x00\x05\x00",
        b"\x05\x00\x05\x00\x00\x03\xff",
    ];
    for bytes in ends {
        let server = Server::start(move |peer| {
            peer.say(bytes);
            peer.close();
        });
        hob::block_on(async {
            let client = through(&format!("socks5h://{}", server.addr())).build();
            let error = text(&client, "http://h/").await.unwrap_err();
            assert!(matches!(fault(&error), ProxyFault::Broken(_)), "{error}");
        });
    }
}

/// Broken by: reading on behind the answer's last byte (S1): the host's first would be lost.
#[test]
fn bytes_may_come_one_by_one_and_the_connection_is_kept() {
    let served = Rc::new(Cell::new(0));
    hob::block_on(async {
        let count = served.clone();
        let url = local(async move |stream| {
            let asked = [3, 8].into_iter().zip([&[5, 0][..], FINE]);
            for (length, answer) in asked {
                stream.read_exact(&mut vec![0; length]).await.unwrap();
                for byte in answer {
                    stream.write_all(&[*byte]).await.unwrap();
                    hob::yield_now().await;
                }
            }
            while hear(&stream).await {
                count.set(count.get() + 1);
                stream.write_all(ok("inside").as_bytes()).await.unwrap();
            }
        });
        let client = through(&url.await.replace("http", "socks5h")).build();
        for _ in 0..3 {
            assert_eq!(text(&client, "http://h/").await.unwrap(), "inside");
        }
    });
    assert_eq!(served.get(), 3);
}

#[test]
fn a_connection_through_socks_may_be_given_up_at_each_poll() {
    const TALK: Talk = &[
        (&[5, 2, 0, 2], &[5, 2]),
        (b"\x01\x01u\x01p", &[1, 0]),
        (b"\x05\x01\x00\x03\x01h\x00\x50", FINE),
    ];
    let polls = cancel_at_every_poll(|| async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let proxy = format!("socks5h://u:p@{}", listener.local_addr().unwrap());
        let serve = async {
            let (stream, _) = listener.accept().await.unwrap();
            assert!(converse(&stream, TALK).await && hear(&stream).await);
            pause().await;
            stream.write_all(ok("inside").as_bytes()).await.unwrap();
        };
        let client = patient(through(&proxy)).build();
        let (_, inside) = join!(serve, text(&client, "http://h/"));
        assert_eq!(inside.unwrap(), "inside");
    });
    assert!(polls > 2, "{polls}");
}
