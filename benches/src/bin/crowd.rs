//! A crowd: 9,000 connections held open at once by one thread, each of which echoes.
//!
//! Run with: `ulimit -n 20000; cargo run --release -p hob-benches --bin crowd -- 9000`
//!
//! The process that you start is the server: one hob runtime on one thread, one task for each
//! connection. It starts itself again three times as clients, each with a third of the
//! connections and a runtime of its own. A client first opens all of its connections, then
//! sends on each a message that no other sends, and checks that just this comes back, for
//! `ROUNDS` rounds. The server answers nobody before all are there.
//!
//! It prints what the server saw, and ends with status 1 if anything was not as it should be.

use hob::net::{TcpListener, TcpStream};
use std::cell::Cell;
use std::error::Error;
use std::process::{Child, Command, ExitCode};
use std::rc::Rc;
use std::time::{Duration, Instant};
use std::{env, io};

const CLIENTS: usize = 3;
const ROUNDS: usize = 5;
/// Longer than any machine should need. What hangs is to be seen as hanging.
const PATIENCE: Duration = Duration::from_secs(120);

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.as_slice() {
        [flag, address, connections, first] if flag == "--client" => {
            let work = client(address, connections.parse()?, first.parse()?);
            hob::block_on(hob::time::timeout(PATIENCE, work))??;
            Ok(ExitCode::SUCCESS)
        }
        [] => serve(9_000),
        [connections, ..] => serve(connections.parse()?),
    }
}

/// What the server sees. Plain cells: there is one thread.
#[derive(Default)]
struct Seen {
    open: Cell<usize>,
    bytes: Cell<usize>,
}

fn serve(connections: usize) -> Result<ExitCode, Box<dyn Error>> {
    let seen = Rc::new(Seen::default());
    let start = Instant::now();
    let all_well = hob::block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let mut clients = start_clients(&listener.local_addr()?.to_string(), connections)?;
        hob::spawn(accept_all(listener, connections, seen.clone()));
        let mut all_well = true;
        for client in &mut clients {
            all_well &= wait_for(client).await?;
        }
        io::Result::Ok(all_well)
    })?;
    let expected = connections * ROUNDS * message(0, 0).len();
    println!(
        "connections open at once: {} of {connections}",
        seen.open.get()
    );
    println!("bytes echoed: {} of {expected}", seen.bytes.get());
    println!("time: {:.1} s", start.elapsed().as_secs_f64());
    let all_well = all_well && seen.open.get() == connections && seen.bytes.get() == expected;
    println!(
        "{}",
        if all_well {
            "all echoed correctly"
        } else {
            "FAILED"
        }
    );
    Ok(ExitCode::from(u8::from(!all_well)))
}

fn start_clients(address: &str, connections: usize) -> io::Result<Vec<Child>> {
    let shares = (0..CLIENTS).map(|n| {
        let (first, next) = (connections * n / CLIENTS, connections * (n + 1) / CLIENTS);
        Command::new(env::current_exe()?)
            .args(["--client", address])
            .args([(next - first).to_string(), first.to_string()])
            .spawn()
    });
    shares.collect()
}

/// Looks now and then: waiting for a child would hold up the loop.
async fn wait_for(client: &mut Child) -> io::Result<bool> {
    loop {
        match client.try_wait()? {
            Some(status) => return Ok(status.success()),
            None => hob::time::sleep(Duration::from_millis(20)).await,
        }
    }
}

/// Nobody is answered until all are there: so all are open at once, or it hangs.
async fn accept_all(listener: TcpListener, connections: usize, seen: Rc<Seen>) -> io::Result<()> {
    let mut streams = Vec::with_capacity(connections);
    while streams.len() < connections {
        streams.push(listener.accept().await?.0);
        seen.open.set(streams.len());
    }
    for stream in streams {
        let seen = seen.clone();
        hob::spawn(async move {
            if let Err(error) = echo(stream, &seen).await {
                eprintln!("a connection ended with: {error}");
            }
        });
    }
    Ok(())
}

async fn echo(stream: TcpStream, seen: &Seen) -> io::Result<()> {
    let mut buffer = [0; 64];
    loop {
        match stream.read(&mut buffer).await? {
            0 => return Ok(()),
            n => {
                stream.write_all(&buffer[..n]).await?;
                seen.bytes.set(seen.bytes.get() + n);
            }
        }
    }
}

/// Opens `connections`, the first of which has the number `first`; then all talk at once.
async fn client(address: &str, connections: usize, first: usize) -> io::Result<()> {
    let mut streams = Vec::with_capacity(connections);
    for _ in 0..connections {
        streams.push(TcpStream::connect(address).await?);
    }
    let talks = streams.into_iter().zip(first..);
    let talks: Vec<_> = talks
        .map(|(stream, number)| hob::spawn(talk(stream, number)))
        .collect();
    // The streams come back, so that every one of them is open until the last has talked.
    let mut open = Vec::new();
    for talk in talks {
        open.push(talk.await??);
    }
    Ok(())
}

async fn talk(stream: TcpStream, number: usize) -> io::Result<TcpStream> {
    for round in 0..ROUNDS {
        let message = message(number, round);
        stream.write_all(&message).await?;
        let mut answer = vec![0; message.len()];
        stream.read_exact(&mut answer).await?;
        if answer != message {
            return Err(io::Error::other(format!(
                "connection {number} got another's bytes"
            )));
        }
    }
    Ok(stream)
}

/// No two are alike.
fn message(number: usize, round: usize) -> Vec<u8> {
    format!("connection {number:08} round {round:04}").into_bytes()
}
