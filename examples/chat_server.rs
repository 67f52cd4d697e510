//! A chat room over TCP: who connects says a name, and then every line goes to all the
//! others. You will see three clients of its own have a short conversation, from where each
//! of them sits.
//!
//! Run with: `cargo run --example chat_server`
//! To serve for real: `cargo run --example chat_server -- --listen 127.0.0.1:7001`, then join
//! from several terminals with `nc 127.0.0.1 7001`. Ctrl-C ends it.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;

use futures_lite::StreamExt;
use hob::io::{BufReader, Lines, prelude::*};
use hob::net::{OwnedReadHalf, OwnedWriteHalf, TcpListener, TcpStream};
use hob::sync::mpsc::{self, Receiver, Sender, TrySendError};

fn main() -> io::Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let runtime = hob::Builder::new().cancel_on_ctrl_c(true).build()?;
    match args[..] {
        [] => runtime.block_on(demo()),
        ["--listen", addr] => runtime.block_on(async {
            let listener = TcpListener::bind(addr).await?;
            println!("listening on {}", listener.local_addr()?);
            serve(listener).await
        }),
        _ => {
            eprintln!("usage: chat_server [--listen ADDR]");
            std::process::exit(2)
        }
    }
}

// ---- the server

/// Who is in the room, by name, and the channel to each. All tasks share one thread, so a
/// `RefCell` will do: no task runs in the middle of another's line.
type Room = Rc<RefCell<BTreeMap<String, Sender<String>>>>;

/// Lines that a member may be behind. Who reads more slowly than that misses some, rather
/// than let the room wait or grow without end.
const BEHIND: usize = 100;

async fn serve(listener: TcpListener) -> io::Result<()> {
    let room = Room::default();
    loop {
        let (stream, peer) = listener.accept().await?;
        let room = room.clone();
        hob::spawn(async move {
            if let Err(error) = attend(stream, &room).await {
                eprintln!("{peer}: {error}");
            }
        });
    }
}

/// One member, from the first line to the last.
async fn attend(stream: TcpStream, room: &Room) -> io::Result<()> {
    let (reading, writing) = stream.into_split();
    let mut lines = BufReader::new(reading).lines();
    let Some(name) = lines.next().await.transpose()? else {
        return Ok(()); // connected, and said nothing
    };
    if room.borrow().contains_key(&name) {
        return writing.write_all(b"* that name is taken\n").await;
    }
    let (sender, receiver) = mpsc::channel(BEHIND);
    tell(
        &sender,
        &format!("* you are number {} here", room.borrow().len() + 1),
    );
    room.borrow_mut().insert(name.clone(), sender);
    hob::spawn(deliver(receiver, writing));

    tell_others(room, &name, &format!("* {name} is here"));
    let outcome = listen(lines, room, &name).await;
    room.borrow_mut().remove(&name); // its sender goes, and so `deliver` ends
    tell_others(room, &name, &format!("* {name} has left"));
    outcome
}

async fn listen(
    mut lines: Lines<BufReader<OwnedReadHalf>>,
    room: &Room,
    name: &str,
) -> io::Result<()> {
    while let Some(line) = lines.next().await.transpose()? {
        tell_others(room, name, &format!("{name}: {line}"));
    }
    Ok(())
}

fn tell_others(room: &Room, from: &str, line: &str) {
    for (name, member) in room.borrow().iter() {
        if name != from {
            tell(member, line);
        }
    }
}

fn tell(member: &Sender<String>, line: &str) {
    if let Err(TrySendError::Full(line)) = member.try_send(format!("{line}\n")) {
        eprint!("somebody is too far behind and misses: {line}");
    }
}

/// Writes to one member what the others say. A task of its own, so that nobody else has to
/// wait for its connection.
async fn deliver(mut receiver: Receiver<String>, writing: OwnedWriteHalf) -> io::Result<()> {
    while let Some(line) = receiver.recv().await {
        writing.write_all(line.as_bytes()).await?;
    }
    Ok(())
}

// ---- three clients

async fn demo() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let addr = listener.local_addr()?;
    hob::spawn(serve(listener));

    let mut ann = Client::join("ann", addr).await?;
    let mut bob = Client::join("bob", addr).await?;
    ann.hears().await?;
    let mut cat = Client::join("cat", addr).await?;
    ann.hears().await?;
    bob.hears().await?;

    ann.says("lunch?").await?;
    bob.hears().await?;
    cat.hears().await?;
    cat.says("in five minutes").await?;
    ann.hears().await?;
    bob.hears().await?;

    drop(bob);
    ann.hears().await?;
    cat.hears().await
}

struct Client {
    name: &'static str,
    lines: Lines<BufReader<OwnedReadHalf>>,
    writing: OwnedWriteHalf,
}

impl Client {
    async fn join(name: &'static str, addr: SocketAddr) -> io::Result<Client> {
        let (reading, writing) = TcpStream::connect(addr).await?.into_split();
        let lines = BufReader::new(reading).lines();
        let mut client = Client {
            name,
            lines,
            writing,
        };
        client.says(name).await?;
        client.hears().await?;
        Ok(client)
    }

    async fn says(&mut self, line: &str) -> io::Result<()> {
        println!("{}  > {line}", self.name);
        self.writing.write_all(format!("{line}\n").as_bytes()).await
    }

    /// Waits for the next line.
    async fn hears(&mut self) -> io::Result<()> {
        let line = self.lines.next().await.transpose()?;
        let line = line.ok_or(io::ErrorKind::UnexpectedEof)?;
        println!("{}  |{:30}{line}", self.name, "");
        Ok(())
    }
}
