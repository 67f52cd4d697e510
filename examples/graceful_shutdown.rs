//! A server that is told to stop: it takes no new connections, finishes those it has, within a
//! limit, and says goodbye.
//!
//! You will see a server with three clients, of which one is quick, one is slow, and one never
//! says a word. After 300 ms a Ctrl-C is played (or press it yourself): the server closes its
//! door, the slow one is still answered, the silent one is sent home when the grace is over, and
//! at last what was deferred runs. The second Ctrl-C would end it all at once.
//!
//! Run with: cargo run --example graceful_shutdown

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use futures_lite::{AsyncReadExt, AsyncWriteExt};
use hob::net::{TcpListener, TcpStream};
use hob::time::sleep;
use hob::{Builder, Scope, ScopeError, scope};

fn main() -> io::Result<()> {
    let start = Instant::now();
    let runtime = Builder::new().cancel_on_ctrl_c(true).build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        // Clients are in this process, so that there is something to see.
        for (name, says_after) in [("quick", 100), ("slow", 600), ("silent", 60_000)] {
            hob::spawn(client(
                start,
                name,
                address,
                Duration::from_millis(says_after),
            ));
        }
        match serve(start, listener).await {
            Ok(()) => say(start, "server  has ended by itself"),
            Err(error) => say(start, &format!("server  has ended: {error}")),
        }
        sleep(Duration::from_millis(50)).await; // so that the clients can tell their end
        Ok(())
    })
}

async fn serve(start: Instant, listener: TcpListener) -> Result<(), ScopeError> {
    scope(async |s| {
        s.set_grace(Duration::from_secs(1));
        s.defer(async move { say(start, "server  writes its last words into the log") });
        // Ctrl-C does the same: its token stands above this scope's.
        let stage = s.clone();
        s.spawn(async move {
            sleep(Duration::from_millis(300)).await;
            say(start, "        (Ctrl-C)");
            stage.cancel("the show is over");
        });
        let token = s.token();
        // Accepting is cancel-safe: a connection is accepted or it is not.
        while let Some(Ok((stream, _))) = token.run_until_cancelled(listener.accept()).await {
            let connection = s.clone();
            s.spawn(async move {
                if let Err(error) = answer(stream, connection).await {
                    say(start, &format!("server  lost a connection: {error}"));
                }
            });
        }
        drop(listener);
        say(
            start,
            "server  has closed its door, and waits for those inside",
        );
    })
    .await
}

/// One question, one answer. Once the scope is cancelled it adds that this was the last.
async fn answer(mut stream: TcpStream, s: Scope<'_>) -> io::Result<()> {
    let mut question = [0; 64];
    let length = stream.read(&mut question).await?;
    stream.write_all(b"you said: ").await?;
    stream.write_all(&question[..length]).await?;
    if s.is_cancelled() {
        stream.write_all(b" (and we are closed now)").await?;
    }
    stream.close().await
}

async fn client(start: Instant, name: &'static str, address: SocketAddr, wait: Duration) {
    let talk = async {
        let mut stream = TcpStream::connect(address).await?;
        let mut answer = String::new();
        let speak = async {
            sleep(wait).await;
            Ok::<_, io::Error>("hello")
        };
        // The silent one hears of the end first.
        let hear = async {
            let mut first = [0; 1];
            stream.peek(&mut first).await?;
            Ok("")
        };
        let word = futures_lite::future::or(speak, hear).await?;
        stream.write_all(word.as_bytes()).await?;
        stream.read_to_string(&mut answer).await?;
        Ok::<_, io::Error>(answer)
    };
    match talk.await {
        Ok(answer) if answer.is_empty() => say(start, &format!("{name:<7} was sent home")),
        Ok(answer) => say(start, &format!("{name:<7} hears: {answer}")),
        Err(error) => say(start, &format!("{name:<7} was cut off: {error}")),
    }
}

fn say(start: Instant, what: &str) {
    println!("{:>5} ms  {what}", start.elapsed().as_millis());
}
