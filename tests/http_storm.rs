//! Thousands of small programs, each drawn from a seed: several requests at once, directly and
//! through proxies, that are given up at any moment, of peers that do whatever they like.
//!
//! Whatever happens, an answer is that to its own question, nothing is left behind (tasks,
//! sockets, timers), and the pool has all of its places for the next.
//!
//! This file is long because the peers in it have many ways to be bad.
#![cfg(all(feature = "http", not(windows)))] // What was sent must be there at once.

mod http_support;

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_lite::AsyncRead;
use futures_lite::io::Cursor;
use hob::Builder;
use hob::http::{Client, ClientBuilder, Deadline, ErrorKind, Method};
use hob::net::TcpStream;
use hob::time::{sleep, timeout};
use http_support::local;

const MILLISECOND: Duration = Duration::from_millis(1);

/// SplitMix64: numbers that a seed repeats.
#[derive(Clone)]
struct Dice(Rc<RefCell<u64>>);

impl Dice {
    fn new(seed: u64) -> Dice {
        Dice(Rc::new(RefCell::new(seed)))
    }

    /// From 0 to `sides - 1`.
    fn roll(&self, sides: u64) -> u64 {
        let mut state = self.0.borrow_mut();
        *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = *state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % sides
    }

    fn one_in(&self, sides: u64) -> bool {
        self.roll(sides) == 0
    }

    fn millis(&self, most: u64) -> Duration {
        MILLISECOND * self.roll(most) as u32
    }
}

/// What a peer does is decided by what it is asked for: `/good/…` is always answered.
struct Peer {
    stream: TcpStream,
    dice: Dice,
    heard: Vec<u8>,
    /// What is no body came as one: a request, on a connection that was not to be used again.
    is_mixed_up: Rc<Cell<bool>>,
}

impl Peer {
    /// One more byte of what the client says; `None`: it said no more.
    async fn byte(&mut self) -> Option<u8> {
        if self.heard.is_empty() {
            let mut piece = [0; 4096];
            let count = self.stream.read(&mut piece).await.ok()?;
            self.heard = piece[..count].iter().rev().copied().collect();
        }
        self.heard.pop()
    }

    async fn say(&self, text: &str) -> Option<()> {
        self.stream.write_all(text.as_bytes()).await.ok()
    }

    /// Says it in one piece, or in several with pauses between.
    async fn say_somehow(&self, text: &str) -> Option<()> {
        if self.dice.one_in(2) {
            return self.say(text).await;
        }
        let cut = self.dice.roll(text.len() as u64) as usize;
        self.say(&text[..cut]).await?;
        sleep(self.dice.millis(50)).await;
        self.say(&text[cut..]).await
    }

    async fn socks(&mut self) -> Option<()> {
        for _ in 0..self.byte().await? {
            self.byte().await?;
        }
        self.stream.write_all(&[5, 0]).await.ok()?;
        for _ in 0..4 {
            self.byte().await?;
        }
        for _ in 0..self.byte().await? + 2 {
            self.byte().await?;
        }
        sleep(self.dice.millis(20)).await;
        let reply = if self.dice.one_in(6) { 5 } else { 0 };
        let answer = [5, reply, 0, 1, 0, 0, 0, 0, 0, 0];
        self.stream.write_all(&answer).await.ok()
    }

    async fn serve(&mut self) -> Option<()> {
        let mut first = self.byte().await?;
        if first == 5 {
            self.socks().await?;
            first = self.byte().await?;
        }
        loop {
            let mut head = vec![first];
            while !head.ends_with(b"\r\n\r\n") {
                head.push(self.byte().await?);
            }
            let head = String::from_utf8(head).ok()?;
            if head.starts_with("CONNECT") {
                sleep(self.dice.millis(20)).await;
                match self.dice.roll(8) {
                    0 => return self.say("HTTP/1.1 407 No\r\n\r\n").await,
                    1 => return self.say("HTTP/1.1 503 No\r\n\r\n").await,
                    _ => self.say("HTTP/1.1 200 OK\r\n\r\n").await?,
                }
            } else {
                self.answer(&head).await?;
            }
            first = self.byte().await?;
        }
    }

    async fn hear_body(&mut self, head: &str) -> Option<()> {
        let length = head
            .lines()
            .find_map(|l| l.strip_prefix("content-length: "));
        if let Some(length) = length {
            for _ in 0..length.parse::<usize>().ok()? {
                self.byte().await?;
            }
        }
        if head.contains("chunked") {
            let mut last = Vec::new();
            while !last.ends_with(b"0\r\n\r\n") {
                let byte = self.byte().await?;
                if !b"x0123456789abcdef\r\n".contains(&byte) {
                    self.is_mixed_up.set(true);
                }
                last.push(byte);
            }
        }
        Some(())
    }

    async fn answer(&mut self, head: &str) -> Option<()> {
        let target = head.split(' ').nth(1)?;
        let path = target.find("/good").or_else(|| target.find("/any"))?;
        let path = &target[path..];
        let is_head = head.starts_with("HEAD");
        let body = if is_head { "" } else { path };
        let length = path.len();
        let ok = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{body}");
        if path.starts_with("/good") {
            self.hear_body(head).await?;
            return self.say(&ok).await;
        }
        sleep(self.dice.millis(30)).await;
        let is_early = self.dice.one_in(4);
        if !is_early {
            if head.contains("expect:") {
                match self.dice.roll(3) {
                    0 => self.say("HTTP/1.1 100 Continue\r\n\r\n").await?,
                    1 => {
                        let refused = "HTTP/1.1 417 No\r\ncontent-length: 0\r\n\r\n";
                        self.say(refused).await?;
                        return None;
                    }
                    _ => {}
                }
            }
            self.hear_body(head).await?;
        }
        sleep(self.dice.millis(30)).await;
        let chunks = format!("{length:x}\r\n{body}\r\n0\r\n\r\n");
        let chunks = if is_head { "" } else { &chunks };
        let chunked = format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{chunks}");
        let to = format!("{path}r");
        match self.dice.roll(12) {
            0 => return None,
            1 => {
                let busy = "HTTP/1.1 503 No\r\ncontent-length: 0\r\n\r\n";
                self.say_somehow(busy).await?;
            }
            2 => {
                self.say(&ok[..ok.len() / 2]).await?;
                return None;
            }
            3 if path.len() < 20 => {
                let away =
                    format!("HTTP/1.1 307 No\r\nlocation: {to}\r\ncontent-length: 0\r\n\r\n");
                self.say_somehow(&away).await?;
            }
            4 => self.say_somehow(&format!("{ok}and more")).await?,
            5 => sleep(400 * MILLISECOND).await,
            6 => {
                self.say(&ok).await?;
                sleep(self.dice.millis(5)).await;
                return None;
            }
            7 | 8 => self.say_somehow(&chunked).await?,
            _ => self.say_somehow(&ok).await?,
        }
        if is_early {
            sleep(self.dice.millis(30)).await;
            self.hear_body(head).await?;
        }
        Some(())
    }
}

/// A body that comes in pieces, with pauses between: an answer may come before its end.
struct Slow {
    left: usize,
    pause: Pin<Box<hob::time::Sleep>>,
}

impl Slow {
    fn new(bytes: &[u8]) -> Slow {
        let (left, pause) = (bytes.len(), Box::pin(sleep(MILLISECOND)));
        Slow { left, pause }
    }
}

impl AsyncRead for Slow {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        ready!(self.pause.as_mut().poll(cx));
        self.pause = Box::pin(sleep(10 * MILLISECOND));
        let count = self.left.min(into.len()).min(500);
        into[..count].fill(b'x');
        self.left -= count;
        Poll::Ready(Ok(count))
    }
}

/// A client of some kind for what listens at `addr`.
fn client(dice: &Dice, addr: &str) -> ClientBuilder {
    let limit = |most| MILLISECOND * 20 + dice.millis(most);
    let client = Client::builder()
        .max_per_host(1 + dice.roll(3) as usize)
        .max_total(1 + dice.roll(4) as usize)
        .retries(dice.roll(3) as u32)
        .retry_waits(10 * MILLISECOND, 50 * MILLISECOND)
        .first_byte_timeout(limit(200))
        .idle_timeout(limit(200))
        .idle_connections_for(limit(200));
    let client = match dice.one_in(3) {
        true => client.total_timeout(limit(300)),
        false => client,
    };
    let client = match dice.one_in(3) {
        true => client.low_speed_limit(100_000, limit(100)),
        false => client,
    };
    match dice.roll(4) {
        0 => client.proxy(format!("http://{addr}")).no_proxy_for(""),
        1 => client.proxy(format!("socks5h://{addr}")).no_proxy_for(""),
        2 => client
            .proxy(format!("http://u:p@{addr}"))
            .no_proxy_for("")
            .always_tunnel(true),
        _ => {
            let to = [addr.parse().expect("an address")];
            let client = client
                .no_proxy()
                .resolve("a.test", to)
                .resolve("b.test", to);
            client.resolve("c.test", to)
        }
    }
}

fn host(dice: &Dice) -> &'static str {
    ["a.test", "b.test", "c.test"][dice.roll(3) as usize]
}

/// One request, of which some part is wanted.
async fn ask(client: &Client, dice: &Dice, number: u64) {
    let path = format!("/any/{number:03}");
    let method =
        [Method::GET, Method::HEAD, Method::POST, Method::PUT][dice.roll(4) as usize].clone();
    let is_head = method == Method::HEAD;
    let mut request = client.request(method.clone(), format!("http://{}{path}", host(dice)));
    if method == Method::POST || method == Method::PUT {
        let bytes = vec![b'x'; dice.roll(3000) as usize];
        request = match dice.roll(5) {
            4 => request
                .body_reader(Slow::new(&bytes), None)
                .expect_continue(false),
            0 => request.body(bytes).expect_continue(true),
            1 => request.body_reader(Cursor::new(bytes), None),
            2 => {
                let length = Some(bytes.len() as u64);
                request.body_with(async move || Ok(Cursor::new(bytes.clone())), length)
            }
            _ => request.body(bytes),
        };
    }
    let Ok(mut response) = request.send().await else {
        return;
    };
    let is_ok = response.status() == 200;
    match dice.roll(4) {
        0 => {}
        1 => {
            let _ = timeout(dice.millis(30), response.chunk()).await;
            let _ = response.chunk().await;
        }
        _ => {
            if let Ok(text) = response.text().await
                && is_ok
            {
                let wanted = if is_head { "" } else { &path };
                assert_eq!(text.trim_end_matches('r'), wanted);
            }
        }
    }
}

async fn program(seed: u64) {
    let dice = Dice::new(seed);
    let is_mixed_up = Rc::new(Cell::new(false));
    let (of_peers, noted) = (dice.clone(), is_mixed_up.clone());
    let url = local(async move |stream| {
        let mut peer = Peer {
            stream,
            dice: of_peers.clone(),
            heard: Vec::new(),
            is_mixed_up: noted.clone(),
        };
        let _ = peer.serve().await;
    });
    let url = url.await;
    let addr = url.trim_start_matches("http://").trim_end_matches('/');
    sleep(MILLISECOND).await;
    let before = hob::metrics();
    let client = client(&dice, addr).build();
    let tasks: Vec<_> = (0..3 + dice.roll(8))
        .map(|number| {
            let (client, dice) = (client.clone(), dice.clone());
            hob::spawn(async move {
                sleep(dice.millis(100)).await;
                match dice.one_in(3) {
                    true => drop(timeout(dice.millis(150), ask(&client, &dice, number)).await),
                    false => ask(&client, &dice, number).await,
                }
            })
        })
        .collect();
    for task in tasks {
        if dice.one_in(6) {
            task.abort();
        }
        let _ = task
            .await
            .map_err(|error| assert!(error.is_cancelled(), "{error}"));
    }
    // As many as could be at once, and then some: each place is there.
    let last: Vec<_> = (0..6)
        .map(|number| {
            let (client, dice) = (client.clone(), dice.clone());
            hob::spawn(async move {
                let url = format!("http://{}/good/{number}", host(&dice));
                let request = client.get(url).timeout(10_000 * MILLISECOND).retries(0);
                match request.send().await {
                    Ok(response) => drop(response.text().await),
                    // A proxy may refuse; what an earlier answer had too much may come now, or
                    // keep the peer busy. Only nobody may stand in line for ever.
                    Err(error) => assert!(
                        !matches!(
                            error.kind(),
                            ErrorKind::Timeout {
                                deadline: Deadline::Total,
                                ..
                            }
                        ),
                        "{error}"
                    ),
                }
            })
        })
        .collect();
    for task in last {
        task.await.expect("it does not panic");
    }
    drop(client);
    sleep(2000 * MILLISECOND).await;
    assert!(!is_mixed_up.get(), "a request came in the body of another");
    let after = hob::metrics();
    assert_eq!(after.live_sources, before.live_sources, "sockets");
    assert_eq!(after.live_tasks, before.live_tasks, "tasks");
    assert_eq!(after.live_timers, before.live_timers, "timers");
}

/// A seed that fails is told; `HOB_SEED` runs it alone, and `HOB_SEEDS` more of them.
///
/// Broken by: leaving `keep` out of `is_reusable`.
#[test]
fn whatever_happens_answers_belong_to_their_questions_and_nothing_is_left() {
    let number = |name| std::env::var(name).ok().and_then(|text| text.parse().ok());
    let (first, count) = match number("HOB_SEED") {
        Some(seed) => (seed, 1),
        None => (0, number("HOB_SEEDS").unwrap_or(200)),
    };
    for seed in first..first + count {
        let run = || Builder::new().virtual_time().block_on(program(seed));
        if let Err(panic) = std::panic::catch_unwind(run) {
            eprintln!("HOB_SEED={seed}");
            std::panic::resume_unwind(panic);
        }
    }
}
