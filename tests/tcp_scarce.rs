//! A server that runs out of descriptors serves everybody in the end, and does not spin
//! meanwhile. It runs in a process of its own, started with room for 40 descriptors.
#![cfg(unix)]

mod tcp_support;

use std::cell::RefCell;
use std::env;
use std::io::{BufRead, BufReader, Read};
use std::net::TcpStream as Client;
use std::process::{Child, Command, Stdio};
use std::rc::Rc;
use std::time::Duration;

use futures_lite::StreamExt;
use hob::net::{TcpListener, TcpStream};
use hob::time::sleep;
use tcp_support::run;

const CLIENTS: usize = 100;

/// Which part of the server's own process this is, if it is that.
const ROLE: &str = "HOB_TEST_SCARCE_SERVER";

/// Trap 21. Broken by: `side.set_drained()` after an error in `Source::attempt` (it stalls),
/// or by leaving `rest` out of `Incoming` (it spins).
#[test]
fn incoming_outlives_a_lack_of_descriptors_without_spinning() {
    match env::var(ROLE) {
        Ok(role) if role == "incoming" => serve_incoming(),
        Ok(_) => {}
        Err(_) => flood(
            "incoming",
            "incoming_outlives_a_lack_of_descriptors_without_spinning",
        ),
    }
}

/// Trap 21. Broken by: `side.set_drained()` after an error in `Source::attempt`.
#[test]
fn accept_tries_again_by_itself_after_a_lack_of_descriptors() {
    match env::var(ROLE) {
        Ok(role) if role == "accept" => serve_accept(),
        Ok(_) => {}
        Err(_) => flood(
            "accept",
            "accept_tries_again_by_itself_after_a_lack_of_descriptors",
        ),
    }
}

/// Starts this very test again with few descriptors and connects to it, all at once.
fn flood(role: &str, test: &str) {
    let mut server = Command::new("sh")
        .args(["-c", "ulimit -n 40 && exec \"$0\" \"$@\""])
        .arg(env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture", "--test-threads=1"])
        .env(ROLE, role)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(server.stdout.take().unwrap());
    let addr = value(&mut said, "addr=");
    let clients: Vec<_> = (0..CLIENTS)
        .map(|_| Client::connect(&addr).unwrap())
        .collect();
    for mut client in clients {
        let mut byte = [0];
        client.read_exact(&mut byte).expect("everybody is served");
    }
    judge(server, &mut said);
}

fn judge(mut server: Child, said: &mut impl BufRead) {
    let number = |text: String| text.parse::<u64>().unwrap();
    let errors = number(value(said, "errors="));
    let polls = number(value(said, "polls="));
    assert!(server.wait().unwrap().success());
    assert!(errors > 0, "there was no lack at all");
    // Each error and each connection costs a few polls. A server that tries again and again
    // while nothing has changed makes thousands.
    assert!(polls < 1000, "{polls} polls for {errors} errors");
}

/// What the server printed behind `key`.
fn value(said: &mut impl BufRead, key: &str) -> String {
    loop {
        let mut line = String::new();
        assert_ne!(said.read_line(&mut line).unwrap(), 0, "the server has died");
        if let Some((_, value)) = line.trim_end().split_once(key) {
            return value.to_owned();
        }
    }
}

/// The connections that were accepted. Every 300 ms they are served and closed, all at once:
/// so that a lack lasts for a while, and long after the last client has come.
#[derive(Clone, Default)]
struct Held(Rc<RefCell<Vec<TcpStream>>>);

impl Held {
    fn add(&self, stream: TcpStream) {
        self.0.borrow_mut().push(stream);
    }

    async fn serve(self) {
        let mut served = 0;
        while served < CLIENTS {
            sleep(Duration::from_millis(300)).await;
            for stream in self.0.take() {
                stream.write_all(b"x").await.unwrap();
                served += 1;
            }
        }
    }
}

fn serve_incoming() {
    run(async {
        let (listener, held) = start().await;
        let serving = hob::spawn(held.clone().serve());
        let mut errors = 0;
        let mut incoming = listener.incoming();
        let mut accepted = 0;
        while accepted < CLIENTS {
            match incoming.next().await.unwrap() {
                Ok(stream) => {
                    held.add(stream);
                    accepted += 1;
                }
                Err(_) => errors += 1,
            }
        }
        serving.await.unwrap();
        report(errors);
    });
}

fn serve_accept() {
    run(async {
        let (listener, held) = start().await;
        let serving = hob::spawn(held.clone().serve());
        let mut errors = 0;
        let mut accepted = 0;
        while accepted < CLIENTS {
            match listener.accept().await {
                Ok((stream, _)) => {
                    held.add(stream);
                    accepted += 1;
                }
                Err(_) => {
                    errors += 1;
                    sleep(Duration::from_millis(100)).await;
                }
            }
        }
        serving.await.unwrap();
        report(errors);
    });
}

async fn start() -> (TcpListener, Held) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    println!("addr={}", listener.local_addr().unwrap());
    (listener, Held::default())
}

fn report(errors: u64) {
    println!("errors={errors}");
    println!("polls={}", hob::metrics().counters.polls);
}
