//! With retries allowed, what may pass is tried again, after a wait that is the server's or a
//! random one, and never what might be done twice. (The decisions by themselves are tested in
//! `src/http/retry/mod.rs`; here they meet sockets, deadlines and a virtual clock.)
#![cfg(feature = "http")]

mod http_support;

use std::cell::{Cell, RefCell};
use std::future::{Future, pending};
use std::rc::Rc;
use std::time::Duration;

use hob::http::{Client, ClientBuilder, Deadline, ErrorKind, Method};
use hob::net::TcpStream;
use hob::time::{now, sleep};
use http_support::{Server, hear, local, nobody, ok};

const SECOND: Duration = Duration::from_secs(1);

fn in_virtual_time<T>(test: impl Future<Output = T>) -> T {
    hob::Builder::new().virtual_time().block_on(test)
}

/// A client that tries up to three times more. On Windows what was sent is not there at once,
/// and virtual time does not wait for it: no deadlines there.
fn patient() -> ClientBuilder {
    let client = Client::builder().retries(3);
    match cfg!(windows) {
        true => client.connect_timeout(None).first_byte_timeout(None),
        false => client,
    }
}

/// A status with nothing in it but `fields`.
fn refusal(status: u16, fields: &str) -> String {
    format!("HTTP/1.1 {status} No\r\n{fields}Content-Length: 0\r\n\r\n")
}

/// Gives each request the next of `answers`, and the last again and again; `None` closes.
/// Tells its URL, and how many requests it has heard.
async fn scripted(answers: Vec<Option<String>>) -> (String, Rc<Cell<usize>>) {
    let heard = Rc::new(Cell::new(0));
    let count = heard.clone();
    let url = local(async move |stream: TcpStream| {
        while hear(&stream).await {
            let number = count.replace(count.get() + 1).min(answers.len() - 1);
            let Some(answer) = &answers[number] else {
                return;
            };
            if stream.write_all(answer.as_bytes()).await.is_err() {
                return;
            }
        }
    });
    (url.await, heard)
}

async fn always(answer: String) -> (String, Rc<Cell<usize>>) {
    scripted(vec![Some(answer)]).await
}

/// Broken by: any number but 0 in `Config`.
#[test]
fn nobody_retries_who_was_not_told_to() {
    in_virtual_time(async {
        let (url, heard) = always(refusal(503, "Retry-After: 1\r\n")).await;
        let response = Client::new().get(url).send().await.unwrap();
        assert_eq!((response.status().as_u16(), response.tries()), (503, 1));
        assert_eq!(heard.get(), 1);
        let error = response.error_for_status().unwrap_err();
        assert!(!error.to_string().contains("tr"), "{error}");
    });
}

/// Broken by: no `continue` after the wait.
#[test]
fn what_passes_is_not_the_callers_affair() {
    in_virtual_time(async {
        let answers = vec![
            Some(refusal(503, "Connection: close\r\n")),
            None, // the connection ends without an answer
            Some(refusal(429, "Retry-After: 0\r\n")),
            Some(ok("at last")),
        ];
        let (url, heard) = scripted(answers).await;
        let start = now();
        let response = patient().build().get(url).send().await.unwrap();
        assert_eq!((response.tries(), heard.get()), (4, 4));
        assert_eq!(response.text().await.unwrap(), "at last");
        // Shares of 1 s, of 2 s, and of the 1 s on top of none.
        assert!(now() - start <= 4 * SECOND, "{:?}", now() - start);
    });
}

/// Broken by: an error without `after(tries)`.
#[test]
fn what_does_not_pass_is_the_last_outcome_and_tells_how_often_it_was_tried() {
    in_virtual_time(async {
        let (url, heard) = always(refusal(503, "")).await;
        let response = patient().build().get(&url).send().await.unwrap();
        assert_eq!((response.tries(), heard.get()), (4, 4));
        let error = response.error_for_status().unwrap_err();
        assert_eq!(error.tries(), 4);
        assert!(error.to_string().ends_with("(after 4 tries)"), "{error}");

        let (url, heard) = scripted(vec![None]).await;
        let request = patient().build().get(&url).retries(1);
        let error = request.send().await.unwrap_err();
        assert_eq!((error.tries(), heard.get()), (2, 2));
        assert!(
            matches!(error.kind(), ErrorKind::EndedEarly { .. }),
            "{error}"
        );
    });
}

/// Broken by: a wait that is a share of what the server asks for.
#[test]
fn a_server_that_says_when_is_taken_at_its_word() {
    in_virtual_time(async {
        let dates = "Date: Fri, 20 Nov 2026 12:00:00 GMT\r\nRetry-After: ";
        let asks = [
            "Retry-After: 40\r\n".to_string(),
            format!("{dates}Fri, 20 Nov 2026 12:00:40 GMT\r\n"),
            format!("{dates}Friday, 20-Nov-26 12:00:40 GMT\r\n"),
            format!("{dates}Fri Nov 20 12:00:40 2026\r\n"),
        ];
        for ask in asks {
            let answers = vec![Some(refusal(503, &ask)), Some(ok("now"))];
            let (url, _) = scripted(answers).await;
            let start = now();
            let response = patient().build().get(url).send().await.unwrap();
            let waited = now() - start;
            assert_eq!(response.tries(), 2);
            assert!(
                40 * SECOND <= waited && waited <= 41 * SECOND,
                "{ask}: {waited:?}"
            );
        }
    });
}

/// Broken by: sleeping the day; sleeping `max_retry_after` instead.
#[test]
fn a_server_that_asks_for_a_day_is_given_up_at_once() {
    in_virtual_time(async {
        let asks = ["121", "86400", "18446744073709551615"];
        for ask in asks {
            let ask = format!("Retry-After: {ask}\r\n");
            let (url, heard) = always(refusal(503, &ask)).await;
            let start = now();
            let response = patient().build().get(url).send().await.unwrap();
            assert!(response.retry_after() > Some(120 * SECOND));
            assert_eq!((now(), heard.get()), (start, 1));
            let error = response.error_for_status().unwrap_err().to_string();
            assert!(
                error.contains("after 1 try; the server asks to wait"),
                "{error}"
            );
        }
    });
}

/// Broken by: `left: None` in `wait_before_next`.
#[test]
fn no_wait_is_begun_that_the_total_deadline_would_end() {
    in_virtual_time(async {
        let (url, heard) = always(refusal(503, "Retry-After: 10\r\n")).await;
        let client = patient().total_timeout(25 * SECOND).build();
        let start = now();
        let response = client.get(&url).send().await.unwrap();
        // Two waits of 10 s to 11 s fit into it, a third does not, and is not tried.
        assert_eq!((response.status().as_u16(), heard.get()), (503, 3));
        assert!(now() - start <= 22 * SECOND);
        let error = response.error_for_status().unwrap_err().to_string();
        assert!(
            error.contains("(after 3 tries; the wait for the next"),
            "{error}"
        );
    });
}

/// Broken by: an alarm for each try.
#[test]
fn the_total_deadline_spans_all_tries() {
    in_virtual_time(async {
        let url = local(async |stream| {
            hear(&stream).await;
            pending::<()>().await;
        });
        let client = patient().first_byte_timeout(10 * SECOND);
        let client = client.total_timeout(25 * SECOND).build();
        let start = now();
        let error = client.get(url.await).send().await.unwrap_err();
        assert!(error.is_timeout() && error.tries() > 1, "{error}");
        assert!(now() - start <= 25 * SECOND);
    });
}

#[test]
fn each_deadline_of_a_try_is_one_to_try_again_after() {
    in_virtual_time(async {
        let number = Rc::new(Cell::new(0));
        let url = local(async move |stream: TcpStream| {
            hear(&stream).await;
            number.set(number.get() + 1);
            if number.get() == 1 {
                pending::<()>().await;
            }
            let _ = stream.write_all(ok("awake").as_bytes()).await;
        });
        let client = Client::builder().retries(1).first_byte_timeout(5 * SECOND);
        let response = client.build().get(url.await).send().await.unwrap();
        assert_eq!(response.tries(), 2);
        assert_eq!(response.text().await.unwrap(), "awake");
    });
}

/// Broken by: `is_idempotent` left out.
#[test]
fn a_post_is_made_again_only_if_nothing_was_sent() {
    in_virtual_time(async {
        let (url, heard) = always(refusal(503, "Retry-After: 1\r\n")).await;
        let client = patient().build();
        let response = client.post(&url).send().await.unwrap();
        assert_eq!((response.tries(), heard.get()), (1, 1));

        let (url, heard) = scripted(vec![None]).await;
        let error = client.post(&url).send().await.unwrap_err();
        assert_eq!((error.tries(), heard.get()), (1, 1));

        let url = format!("http://{}/", nobody());
        let error = client.post(&url).send().await.unwrap_err();
        assert!(error.is_connect(), "{error}");
        assert_eq!(error.tries(), 4);
    });
}

#[test]
fn a_put_brings_its_body_each_time() {
    let server = Server::start(|peer| {
        while peer.request().is_some() {
            let answer = match peer.number {
                0 => "HTTP/1.1 503 No\r\nConnection: close\r\nContent-Length: 0\r\n\r\n".into(),
                _ => ok("stored"),
            };
            if !peer.say(answer) || peer.number == 0 {
                return;
            }
        }
    });
    hob::block_on(async {
        let client = patient().retry_waits(SECOND / 1000, SECOND / 1000).build();
        let request = client.request(Method::PUT, server.url("/")).body("order");
        assert_eq!(
            request.send().await.unwrap().text().await.unwrap(),
            "stored"
        );
    });
    let requests = server.requests();
    assert_eq!(requests.len(), 2);
    assert!(
        requests
            .iter()
            .all(|request| request.ends_with("\r\n\r\norder")),
        "{requests:?}"
    );
}

/// Broken by: keeping the lease during the wait.
#[test]
fn who_waits_for_another_try_holds_no_connection() {
    in_virtual_time(async {
        let answers = vec![Some(refusal(503, "Retry-After: 60\r\n")), Some(ok("mine"))];
        let (url, heard) = scripted(answers).await;
        let client = patient().max_per_host(1).build();
        let waiting = client.get(&url).send();
        let waiting = hob::spawn(async move { waiting.await.unwrap().text().await });
        while heard.get() == 0 {
            sleep(SECOND / 10).await;
        }
        sleep(SECOND).await;
        let start = now();
        let other = client.get(&url).send().await.unwrap();
        assert_eq!(other.text().await.unwrap(), "mine");
        assert_eq!(now(), start, "nobody had to be waited for");
        assert_eq!(waiting.await.unwrap().unwrap(), "mine");
    });
}

/// The last hop is tried again, not the whole way; nor is it taken for a circle.
#[test]
fn a_retry_behind_a_redirect_is_no_circle() {
    in_virtual_time(async {
        let asked = Rc::new(RefCell::new(Vec::new()));
        let log = asked.clone();
        let url = local(async move |stream: TcpStream| {
            let mut text = [0; 1024];
            while let Ok(count @ 1..) = stream.read(&mut text).await {
                let request = String::from_utf8_lossy(&text[..count]).into_owned();
                let path = request.split(' ').nth(1).unwrap().to_string();
                let answer = match (path.as_str(), log.borrow().len()) {
                    ("/", _) => http_support::redirect(302, "/b"),
                    (_, 1) => refusal(503, ""),
                    _ => ok("there"),
                };
                log.borrow_mut().push(path);
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
        });
        let response = patient().build().get(url.await).send().await.unwrap();
        assert_eq!(response.text().await.unwrap(), "there");
        assert_eq!(*asked.borrow(), ["/", "/b", "/b"]);
    });
}

/// What was given out cannot be taken back: the caller has the beginning.
#[test]
fn a_body_that_breaks_off_is_not_fetched_again() {
    in_virtual_time(async {
        let half = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\nConnection: close\r\n\r\nhalf";
        let (url, heard) = scripted(vec![Some(refusal(503, "")), Some(half.into()), None]).await;
        let client = patient().idle_timeout(SECOND).build();
        let response = client.get(url).send().await.unwrap();
        let error = response.bytes().await.unwrap_err();
        assert_eq!((heard.get(), error.tries()), (2, 2));
        let is_idle = matches!(
            error.kind(),
            ErrorKind::Timeout {
                deadline: Deadline::Idle,
                ..
            }
        );
        assert!(is_idle, "{error}");
    });
}

/// Many clients that failed at the same moment do not come back at the same moment.
/// Broken by: a wait that is the whole bound.
#[test]
fn clients_that_failed_together_come_back_apart() {
    in_virtual_time(async {
        let url = format!("http://{}/", nobody());
        let client = Client::builder().retries(1).build();
        let start = now();
        let mut ends = Vec::new();
        for _ in 0..20 {
            let request = client.get(&url).send();
            ends.push(hob::spawn(async move {
                assert!(request.await.is_err());
                now() - start
            }));
        }
        let mut waits = Vec::new();
        for end in ends {
            waits.push(end.await.unwrap().as_millis());
        }
        assert!(waits.iter().all(|wait| *wait <= 1000), "{waits:?}");
        waits.sort_unstable();
        waits.dedup();
        assert!(waits.len() > 10, "{waits:?}");
    });
}
