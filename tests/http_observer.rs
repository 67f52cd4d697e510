//! What a request goes through is told, in order and with the times that it took; and an
//! observer can neither disturb the request nor learn a secret by printing what it heard.
//!
//! Times are virtual: a wait of a second is a second to the nanosecond.
#![cfg(feature = "http")]

mod http_support;

use std::cell::{Cell, RefCell};
use std::io;
use std::net::IpAddr;
use std::rc::Rc;
use std::time::Duration;

use hob::http::{Client, ClientBuilder, Event, Step};
use hob::join;
use hob::time::sleep;
use http_support::{Server, hear, local, nobody, ok, patient, redirect};

const SECOND: Duration = Duration::from_secs(1);

/// What was told so far: for each event the request, the connection (0: none) and the step in
/// short.
#[derive(Clone, Default)]
struct Told(Rc<RefCell<Vec<String>>>);

impl Told {
    fn listen(&self, client: ClientBuilder) -> Client {
        let told = self.clone();
        client.observer(move |event| told.note(event)).build()
    }

    fn note(&self, event: &Event<'_>) {
        let what = match &event.step {
            Step::Waited { took } => format!("waited {took:?}"),
            Step::Resolved {
                host,
                cached,
                result,
                ..
            } => {
                let how = if *cached { "known" } else { "asked" };
                format!("resolved {host} {how} {}", result.map_or(0, <[_]>::len))
            }
            Step::Connected {
                took,
                result: Err(e),
                ..
            } if *took > Duration::ZERO => {
                format!("connected after {took:?} {e}")
            }
            Step::Connected { result, .. } => format!("connected {}", result.is_ok()),
            Step::Tunneled { result, .. } => format!("tunneled {}", result.is_ok()),
            Step::Sending {
                method,
                url,
                reused,
                ..
            } => {
                format!("sending {method} {} {reused}", url.path())
            }
            Step::Sent { body } => format!("sent {body}"),
            Step::Answered { status, .. } => format!("answered {}", status.as_u16()),
            Step::Failed { .. } => "failed".to_owned(),
            Step::Retrying { tries, .. } => format!("retrying {tries}"),
            Step::Redirected { status, to } => {
                format!("redirected {} {}", status.as_u16(), to.path())
            }
            Step::Received { bytes } => format!("received {bytes}"),
            Step::Finished { result } => format!("finished {}", result.is_ok()),
            other => format!("{other:?}").to_lowercase(),
        };
        let connection = event.connection.unwrap_or(0);
        let line = format!("{} {connection} {what}", event.request);
        self.0.borrow_mut().push(line);
    }

    /// What was told since the last look.
    fn take(&self) -> Vec<String> {
        self.0.take()
    }
}

fn plain() -> ClientBuilder {
    Client::builder().no_proxy()
}

/// Broken by: taking any one `tell` out.
#[test]
fn a_request_tells_each_step_and_the_next_one_that_it_reuses_the_connection() {
    let server = Server::always(ok("hello"));
    hob::block_on(async {
        let told = Told::default();
        let client = told.listen(plain().resolve("h.test", [server.addr()]));
        let url = "http://h.test/a";
        client.get(url).send().await.unwrap().text().await.unwrap();
        assert_eq!(
            told.take(),
            [
                "1 1 resolved h.test known 1",
                "1 1 connected true",
                "1 1 sending GET /a false",
                "1 1 sent 0",
                "1 1 answered 200",
                "1 1 received 5",
                "1 1 finished true",
            ]
        );
        let request = client.post(url).body("four");
        request.send().await.unwrap().text().await.unwrap();
        assert_eq!(
            told.take()[..3],
            ["2 1 sending POST /a true", "2 1 sent 4", "2 1 answered 200"]
        );
    });
}

/// Broken by: not asking `had_to_wait`, or measuring from elsewhere.
#[test]
fn who_stands_in_line_is_told_how_long_it_did() {
    hob::Builder::new().virtual_time().block_on(async {
        let url = local(async |stream| {
            while hear(&stream).await {
                sleep(SECOND).await;
                let _ = stream.write_all(ok("hello").as_bytes()).await;
            }
        });
        let url = url.await;
        let told = Told::default();
        let client = told.listen(patient(plain()).max_per_host(1));
        let get = async || client.get(&url).send().await.unwrap().text().await;
        let (first, second) = join!(get(), get());
        assert_eq!(
            (first.unwrap(), second.unwrap()),
            ("hello".into(), "hello".into())
        );
        let told = told.take();
        let waits: Vec<_> = told.iter().filter(|line| line.contains("waited")).collect();
        assert_eq!(waits, ["2 0 waited 1s"], "{told:#?}");
    });
}

#[test]
fn a_name_that_must_be_asked_for_is_told_with_its_answer_good_or_bad() {
    let server = Server::always(ok("hello"));
    hob::block_on(async {
        let told = Told::default();
        let client = told.listen(plain().resolver(|name| match name {
            "good.test" => Ok(vec![IpAddr::from([127, 0, 0, 1])]),
            _ => Err(io::Error::new(io::ErrorKind::NotFound, "no such name")),
        }));
        let url = format!("http://good.test:{}/", server.addr().port());
        client.get(&url).send().await.unwrap().text().await.unwrap();
        assert_eq!(told.take()[0], "1 1 resolved good.test asked 1");
        client.get("http://bad.test/").send().await.unwrap_err();
        assert_eq!(told.take(), ["2 2 resolved bad.test asked 0", "2 2 failed"]);
    });
}

/// Broken by: telling of a race as a whole and not of each attempt.
#[test]
fn each_attempt_to_connect_is_told() {
    let server = Server::always(ok("hello"));
    hob::block_on(async {
        let told = Told::default();
        let addresses = [nobody(), server.addr()];
        let client = told.listen(plain().resolve("h.test", addresses));
        client.get("http://h.test/").send().await.unwrap();
        let told = told.take();
        let ends: Vec<_> = told
            .iter()
            .filter(|line| line.contains("connected"))
            .collect();
        assert_eq!(ends.len(), 2, "{told:#?}");
        assert!(
            ends[0].contains("refused") || ends[0].ends_with("false"),
            "{told:#?}"
        );
        assert_eq!(ends[1], "1 1 connected true");
    });
}

#[test]
fn redirects_and_retries_are_steps_of_the_same_request() {
    let server = Server::start(|peer| {
        let busy = "HTTP/1.1 503 Busy\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n";
        for answer in [redirect(302, "/b"), busy.to_owned(), ok("hello")] {
            if peer.request().is_none() || !peer.say(answer) {
                return;
            }
        }
    });
    hob::block_on(async {
        let told = Told::default();
        let client = told.listen(
            plain()
                .retries(1)
                .retry_waits(Duration::ZERO, Duration::ZERO),
        );
        client.get(server.url("/a")).send().await.unwrap();
        assert_eq!(
            told.take(),
            [
                "1 1 connected true",
                "1 1 sending GET /a false",
                "1 1 sent 0",
                "1 1 answered 302",
                "1 1 redirected 302 /b",
                "1 1 sending GET /b true",
                "1 1 sent 0",
                "1 1 answered 503",
                "1 1 retrying 1",
                "1 1 sending GET /b true",
                "1 1 sent 0",
                "1 1 answered 200",
            ]
        );
    });
}

#[test]
fn a_kept_connection_that_died_is_told_and_replaced_by_the_next_number() {
    let server = Server::start(|peer| {
        if peer.request().is_some() && peer.say(ok("hello")) && peer.number == 0 {
            peer.request(); // heard, and never answered
            peer.reset();
        }
    });
    hob::block_on(async {
        let told = Told::default();
        let client = told.listen(plain());
        for _ in 0..2 {
            let response = client.get(server.url("/")).send().await.unwrap();
            response.text().await.unwrap();
        }
        let told = told.take();
        let at = told.iter().position(|line| line == "2 1 replaced");
        let at = at.unwrap_or_else(|| panic!("{told:#?}"));
        assert_eq!(told[at + 1], "2 2 connected true");
        assert_eq!(told[at + 2], "2 2 sending GET / false");
    });
}

/// Broken by: leaving `cut` out, or making nothing of what it cut.
#[test]
fn what_a_deadline_cuts_off_is_told_with_the_time_that_it_had() {
    hob::Builder::new().virtual_time().block_on(async {
        // A proxy that takes connections and never says a word.
        let silent = local(async |_stream| std::future::pending().await).await;
        let told = Told::default();
        let client = Client::builder().proxy(silent).no_proxy_for("");
        let client = client.always_tunnel(true).connect_timeout(SECOND);
        let client = told.listen(client);
        client.get("http://h.test/").send().await.unwrap_err();
        let expected = ["1 1 connected true", "1 1 tunneled false", "1 1 failed"];
        assert_eq!(told.take(), expected);
    });
}

#[test]
fn a_body_that_is_cut_is_told_as_over_and_not_whole() {
    let server = Server::start(|peer| {
        if peer.request().is_some() {
            peer.say("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf");
        }
    });
    hob::block_on(async {
        let told = Told::default();
        let client = told.listen(plain());
        let response = client.get(server.url("/")).send().await.unwrap();
        response.text().await.unwrap_err();
        let told = told.take();
        assert_eq!(
            told[told.len() - 2..],
            ["1 1 received 4", "1 1 finished false"]
        );
    });
}

/// Broken by: asking the client's observer first.
#[test]
fn a_requests_own_observer_stands_in_the_place_of_the_clients() {
    let server = Server::always(ok("hello"));
    hob::block_on(async {
        let (all, own) = (Told::default(), Told::default());
        let client = all.listen(plain());
        let listener = own.clone();
        let request = client.get(server.url("/"));
        let request = request.observer(move |event| listener.note(event));
        request.send().await.unwrap().text().await.unwrap();
        assert_eq!((all.take().len(), own.take().len()), (0, 6));
    });
}

/// O1. Broken by: calling the observer without `caught`.
#[test]
fn an_observer_that_panics_harms_nobody() {
    let server = Server::always(ok("hello"));
    hob::block_on(async {
        let calls = Rc::new(Cell::new(0));
        let count = calls.clone();
        let client = plain().observer(move |_| {
            count.set(count.get() + 1);
            panic!("(this panic is part of the test)");
        });
        let client = client.build();
        let response = client.get(server.url("/")).send().await.unwrap();
        assert_eq!(response.text().await.unwrap(), "hello");
        assert_eq!(calls.get(), 6);
    });
}

/// O1. Broken by: telling under a borrow of the pool, the resolver or the ears.
#[test]
fn an_observer_may_use_the_client_and_drop_what_it_likes() {
    let server = Server::always(ok("hello"));
    hob::block_on(async {
        let client = Rc::new(plain().build());
        let mine = RefCell::new(Some(client.clone()));
        let (url, others) = (server.url("/other"), Rc::new(RefCell::new(Vec::new())));
        let spawned = others.clone();
        let request = client.get(server.url("/")).observer(move |_| {
            let Some(client) = mine.take() else { return };
            let request = client.get(&url);
            spawned.borrow_mut().push(hob::spawn(async move {
                request.send().await.unwrap().text().await.unwrap()
            }));
            drop(client);
        });
        assert_eq!(request.send().await.unwrap().text().await.unwrap(), "hello");
        for other in others.take() {
            assert_eq!(other.await.unwrap(), "hello");
        }
    });
    assert_eq!(server.requests().len(), 2);
}

/// Broken by: deriving `Debug` for `Step`.
#[test]
fn what_is_printed_of_events_has_no_secret_in_it() {
    let answer = "HTTP/1.1 302 F\r\nLocation: http://u:hidden@127.0.0.1:1/\r\n\
                  Set-Cookie: a=hidden\r\nContent-Length: 0\r\n\r\n";
    let server = Server::always(answer);
    hob::block_on(async {
        let shown = Rc::new(RefCell::new(String::new()));
        let all = shown.clone();
        let client =
            plain().observer(move |event| all.borrow_mut().push_str(&format!("{event:?}\n")));
        let url = format!("http://u:hidden@{}/", server.addr());
        let request = client.build().get(url).header("cookie", "b=hidden");
        request.send().await.unwrap_err();
        let shown = shown.take();
        assert!(
            shown.contains("Redirected(302, http://127.0.0.1:1/)"),
            "{shown}"
        );
        assert!(!shown.contains("hidden"), "{shown}");
    });
}
