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

use clap::{Arg, ArgMatches, Command, value_parser};
use hob::net::{TcpListener, TcpStream};
use hob::time::timeout;

use plan::Fault;
use proxy::{News, Settings};

struct Options {
    listen: SocketAddr,
    /// `None` is the demonstration.
    to: Option<SocketAddr>,
    settings: Settings,
}

fn main() -> ExitCode {
    let options = Options::of(command().get_matches());
    match hob::block_on(serve(options)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("chaos_proxy: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The command line. clap tells what is wrong with it, and ends us.
fn command() -> Command {
    let flag = |name, value, help| Arg::new(name).long(name).value_name(value).help(help);
    Command::new("chaos_proxy")
        .about("A proxy that breaks connections by a seed; without --to, a demonstration of it")
        .arg(
            flag("listen", "ADDR", "where clients come to")
                .value_parser(value_parser!(SocketAddr))
                .default_value("127.0.0.1:0"),
        )
        .arg(flag("to", "ADDR", "the server behind it").value_parser(value_parser!(SocketAddr)))
        .arg(
            flag("seed", "N", "the same seed breaks the same")
                .value_parser(value_parser!(u64))
                .default_value("6"),
        )
        .arg(
            flag(
                "faults",
                "LIST",
                "some of delay lose reset half-close drip truncate duplicate flip, with commas; \
                 all of them, if not given",
            )
            .value_parser(Fault::list),
        )
        .arg(
            flag(
                "reach",
                "BYTES",
                "how far into a stream something may break",
            )
            .value_parser(value_parser!(u64))
            .default_value("2000"),
        )
}

impl Options {
    fn of(mut matches: ArgMatches) -> Options {
        let had = "it has a default";
        Options {
            listen: matches.remove_one("listen").expect(had),
            to: matches.remove_one("to"),
            settings: Settings {
                seed: matches.remove_one("seed").expect(had),
                faults: matches.remove_one("faults").unwrap_or_else(Fault::all),
                reach: matches.remove_one("reach").expect(had),
            },
        }
    }
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
