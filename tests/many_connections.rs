//! One thread holds very many connections at once, and each of them echoes what was sent on it.
//!
//! With 500 connections it is a test like the others. The full measure is
//! `HOB_CONNECTIONS=9000 cargo test --release --test many_connections -- --nocapture`,
//! which also shows what it took.
//!
//! Three kinds of process do it, all of this program: the test starts the server with as many
//! descriptors as it needs (`ulimit -n`, so a Unix shell is needed), and the server starts the
//! clients, who share the connections. Nobody is answered before all connections stand.
#![cfg(unix)]

use std::process::{Child, Command};
use std::time::Duration;
use std::{env, fs, io};

use hob::JoinHandle;
use hob::net::{TcpListener, TcpStream};

const NAME: &str = "every_one_of_many_connections_echoes";
/// What the server's process finds in its environment, and what a client's does: where to
/// connect, how many times, and the number of the first connection.
const SERVER: &str = "HOB_TEST_SERVER";
const CLIENT: &str = "HOB_TEST_CLIENT";

const CLIENTS: usize = 3;
const ROUNDS: usize = 5;
/// Descriptors that are not connections.
const OTHERS: usize = 64;
/// Longer than any machine should need: what hangs shall be seen to hang.
const PATIENCE: Duration = Duration::from_secs(240);

#[test]
fn every_one_of_many_connections_echoes() {
    if let Ok(work) = env::var(CLIENT) {
        in_time(client(&work));
    } else if env::var_os(SERVER).is_some() {
        in_time(serve(connections()));
    } else {
        start_server();
    }
}

fn connections() -> usize {
    let wanted = env::var("HOB_CONNECTIONS");
    wanted.map_or(500, |n| n.parse().expect("HOB_CONNECTIONS is a number"))
}

#[track_caller]
fn in_time(work: impl Future<Output = io::Result<()>>) {
    let done = hob::block_on(async { hob::time::timeout(PATIENCE, work).await });
    done.expect("it hangs").unwrap();
}

fn start_server() {
    let descriptors = connections() + OTHERS;
    let script = format!("ulimit -n {descriptors} && exec \"$0\" --exact {NAME} --nocapture");
    let mut server = Command::new("sh");
    server
        .args(["-c", &script])
        .arg(env::current_exe().unwrap());
    let output = server.env(SERVER, "yes").output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let complained = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{said}\n{complained}\nIf the shell could not set the limit: a process must be allowed \
         {descriptors} descriptors (`ulimit -Hn`, /etc/security/limits.conf)"
    );
    for line in said.lines().filter(|line| line.starts_with("crowd: ")) {
        println!("{line}");
    }
    assert!(said.contains("crowd: all echoed"), "{said}");
}

async fn serve(connections: usize) -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let start = hob::time::now();
    let mut clients = start_clients(&listener.local_addr()?.to_string(), connections)?;
    let mut streams = Vec::with_capacity(connections);
    while streams.len() < connections {
        streams.push(listener.accept().await?.0);
    }
    let metrics = hob::metrics();
    assert_eq!(metrics.live_sources, connections + 1, "all at once");
    println!(
        "crowd: {connections} connections after {:?}",
        start.elapsed()
    );

    let echoes: Vec<_> = streams
        .into_iter()
        .map(|stream| hob::spawn(echo(stream)))
        .collect();
    let echoed = total(echoes).await?;
    for client in &mut clients {
        assert!(client.wait()?.success(), "a client was not content");
    }
    let expected = (0..connections).flat_map(|number| (0..ROUNDS).map(move |r| (number, r)));
    let expected: usize = expected.map(|(number, r)| message(number, r).len()).sum();
    assert_eq!(echoed, expected);
    println!(
        "crowd: all echoed, {echoed} bytes, after {:?}",
        start.elapsed()
    );
    println!("crowd: {:?}", hob::metrics().counters);
    print_memory();
    Ok(())
}

/// Tells the client that all are there; then sends back what comes. Answers how much it was.
async fn echo(stream: TcpStream) -> io::Result<usize> {
    stream.write_all(b"!").await?;
    let mut buf = [0; 1024];
    let mut echoed = 0;
    loop {
        let n = stream.read(&mut buf).await?;
        if n == 0 {
            return Ok(echoed);
        }
        stream.write_all(&buf[..n]).await?;
        echoed += n;
    }
}

async fn total(tasks: Vec<JoinHandle<io::Result<usize>>>) -> io::Result<usize> {
    let mut sum = 0;
    for task in tasks {
        sum += task.await.expect("nobody panics")?;
    }
    Ok(sum)
}

fn start_clients(addr: &str, connections: usize) -> io::Result<Vec<Child>> {
    let share = |n: usize| connections * n / CLIENTS;
    let start = |n: usize| {
        let (first, count) = (share(n), share(n + 1) - share(n));
        let mut client = Command::new(env::current_exe()?);
        client.args(["--exact", NAME]);
        client
            .env(CLIENT, format!("{addr} {count} {first}"))
            .spawn()
    };
    (0..CLIENTS).map(start).collect()
}

async fn client(work: &str) -> io::Result<()> {
    let words: Vec<&str> = work.split(' ').collect();
    let number = |at: usize| words[at].parse::<usize>().unwrap();
    let mut streams = Vec::new();
    for _ in 0..number(1) {
        streams.push(TcpStream::connect(words[0]).await?);
    }
    let talks: Vec<_> = streams
        .into_iter()
        .zip(number(2)..)
        .map(|(stream, number)| hob::spawn(talk(stream, number)))
        .collect();
    total(talks).await.map(drop)
}

/// What comes back must be what went out, in each round.
async fn talk(stream: TcpStream, number: usize) -> io::Result<usize> {
    let mut buf = [0];
    stream.read_exact(&mut buf).await?;
    for round in 0..ROUNDS {
        let message = message(number, round);
        stream.write_all(&message).await?;
        let mut answer = vec![0; message.len()];
        stream.read_exact(&mut answer).await?;
        assert_eq!(answer, message, "connection {number}, round {round}");
    }
    Ok(number)
}

/// No two are alike, and they are of many lengths.
fn message(number: usize, round: usize) -> Vec<u8> {
    let word = format!("connection {number}, round {round}; ");
    word.repeat(1 + (number + round) % 40).into_bytes()
}

/// As Linux tells it.
fn print_memory() {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let memory = |line: &&str| line.starts_with("VmRSS") || line.starts_with("VmHWM");
    for line in status.lines().filter(memory) {
        println!("crowd: {}", line.replace('\t', " "));
    }
}
