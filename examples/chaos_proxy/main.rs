//! A bad network in a box: a TCP proxy that delays, loses, resets, ends, drips, cuts, repeats
//! and flips what goes through it, at any byte, and does the same again for the same seed.
//!
//! You will see a dozen clients who ask a server through it for the same 2000 bytes. For each
//! there is a line with what the proxy has in mind, lines with what it came to do, and one with
//! what the client got of it: all, less, something else, or an error.
//!
//! Run with: `cargo run --example chaos_proxy`
//! Between a client and a server of your own:
//!
//! ```text
//! cargo run --example chaos_proxy -- --listen 127.0.0.1:8080 --to 127.0.0.1:80 --seed 7
//! cargo run --example chaos_proxy -- --to 127.0.0.1:80 --faults drip,reset --reach 1000000
//! ```
//!
//! `plan` decides what goes wrong, without a socket; `proxy` does it. Both are also part of the
//! tests, where thousands of downloads go through them.

// A program has no outside: here `pub` says what a module offers to the other ones.
#![allow(unreachable_pub)]

mod plan;
mod proxy;

use std::io;
use std::net::{Shutdown, SocketAddr};
use std::process::ExitCode;
use std::time::Duration;

use hob::net::{TcpListener, TcpStream};
use hob::time::timeout;
use lexopt::prelude::*;

use plan::Fault;
use proxy::{News, Settings};

const USAGE: &str = "usage: chaos_proxy [--listen ADDR] [--to ADDR] [--seed N] [--faults LIST]
                   [--reach BYTES]
without --to: a demonstration
faults: delay lose reset half-close drip truncate duplicate flip (all of them, if not given)";

struct Options {
    listen: SocketAddr,
    /// `None` is the demonstration.
    to: Option<SocketAddr>,
    settings: Settings,
}

fn main() -> ExitCode {
    let options = match parse(lexopt::Parser::from_env()) {
        Ok(options) => options,
        Err(problem) => {
            eprintln!("chaos_proxy: {problem}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    match hob::block_on(serve(options)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("chaos_proxy: {error}");
            ExitCode::FAILURE
        }
    }
}

fn parse(mut words: lexopt::Parser) -> Result<Options, lexopt::Error> {
    let mut options = Options {
        listen: "127.0.0.1:0".parse().expect("it is an address"),
        to: None,
        settings: Settings {
            seed: 6,
            faults: Fault::all(),
            reach: 2000,
        },
    };
    while let Some(word) = words.next()? {
        match word {
            Long("listen") => options.listen = words.value()?.parse()?,
            Long("to") => options.to = Some(words.value()?.parse()?),
            Long("seed") => options.settings.seed = words.value()?.parse()?,
            Long("faults") => options.settings.faults = words.value()?.parse_with(Fault::list)?,
            Long("reach") => options.settings.reach = words.value()?.parse()?,
            _ => return Err(word.unexpected()),
        }
    }
    Ok(options)
}

async fn serve(options: Options) -> io::Result<()> {
    let listener = TcpListener::bind(options.listen).await?;
    let here = listener.local_addr()?;
    let Some(to) = options.to else {
        return demonstrate(listener, here, options.settings).await;
    };
    let seed = options.settings.seed;
    println!("listening on {here}, to {to}, with seed {seed}");
    proxy::run(listener, to, options.settings, tell).await
}

fn tell(connection: u64, news: News<'_>) {
    match news {
        News::Planned(plan) => println!("connection {connection}: {plan}"),
        News::Happened(act) => println!("connection {connection}:   now {act}"),
    }
}

/// What everybody asks for in the demonstration.
const LENGTH: usize = 2000;

fn expected() -> Vec<u8> {
    (0..LENGTH).map(|n| (n % 251) as u8).collect()
}

async fn demonstrate(
    listener: TcpListener,
    here: SocketAddr,
    settings: Settings,
) -> io::Result<()> {
    let server = TcpListener::bind("127.0.0.1:0").await?;
    let to = server.local_addr()?;
    hob::spawn(async move {
        loop {
            let (stream, _) = server.accept().await?;
            hob::spawn(answer(stream));
        }
        #[allow(
            unreachable_code,
            reason = "it says what the `?` above makes of an error"
        )]
        io::Result::Ok(())
    });
    println!("seed {}", settings.seed);
    let proxy = hob::spawn(proxy::run(listener, to, settings, tell));
    // One after the other, so that the lines of each stand together.
    for _ in 0..12 {
        println!("              the client: {}\n", ask(here).await);
    }
    proxy.abort();
    Ok(())
}

/// The server: whoever asks, in a line, gets the bytes.
async fn answer(stream: TcpStream) -> io::Result<()> {
    let mut question = [0; 64];
    let mut length = 0;
    while !question[..length].contains(&b'\n') {
        match stream.read(&mut question[length..]).await? {
            0 => return Ok(()),
            more => length += more,
        }
    }
    stream.write_all(&expected()).await?;
    stream.shutdown(Shutdown::Write)?;
    // It waits for the client's end, as an end with unread bytes would be a reset.
    while stream.read(&mut question).await? > 0 {}
    Ok(())
}

/// The client: one line of text about what it got.
async fn ask(address: SocketAddr) -> String {
    let mut got = Vec::new();
    let talk = async {
        let stream = TcpStream::connect(address).await?;
        stream.write_all(b"the bytes, please\n").await?;
        // A piece at a time, so that what came before an error is not forgotten.
        let mut buffer = [0; 512];
        loop {
            match stream.read(&mut buffer).await? {
                0 => return io::Result::Ok(()),
                length => got.extend_from_slice(&buffer[..length]),
            }
        }
    };
    let end = match timeout(Duration::from_millis(500), talk).await {
        Ok(Ok(())) => "the end".to_owned(),
        Ok(Err(error)) => format!("an error: {error}"),
        Err(_) => "nothing for half a second".to_owned(),
    };
    let what = match expected() {
        all if got == all => "all of it".to_owned(),
        all if all.starts_with(&got) => format!("{} bytes, fine so far", got.len()),
        _ => format!("{} bytes, and not the right ones", got.len()),
    };
    format!("{what}, then {end}")
}
