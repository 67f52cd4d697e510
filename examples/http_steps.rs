//! What a request goes through, as its observer is told it. You will see the first request
//! connect and follow a redirect, the second one take the kept connection, and where the time
//! goes: into the server, which thinks for 80 ms before each answer.
//!
//! Run with: `cargo run --example http_steps`, or with a URL behind it: `-- https://example.com/`

use std::io;
use std::time::{Duration, Instant};

use hob::http::{Client, Error, Event, Step};
use hob::net::{TcpListener, TcpStream};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    hob::block_on(async {
        let url = match std::env::args().nth(1) {
            Some(url) => url,
            None => serve().await?,
        };
        let start = Instant::now();
        let client = Client::builder().observer(move |event| tell(start, event));
        let client = client.build();
        for _ in 0..2 {
            get(&client, &url).await?;
        }
        Ok(())
    })
}

async fn get(client: &Client, url: &str) -> Result<(), Error> {
    let mut response = client.get(url).send().await?;
    while response.chunk().await?.is_some() {}
    Ok(())
}

/// One line for each event but the pieces of the body.
fn tell(start: Instant, event: &Event<'_>) {
    if matches!(event.step, Step::Received { .. }) {
        return;
    }
    let (at, request) = (start.elapsed().as_millis(), event.request);
    let connection = event.connection.map_or("-".to_owned(), |n| n.to_string());
    let step = &event.step;
    println!("{at:>5} ms  request {request}  connection {connection}  {step:?}");
}

/// A server on this machine that leads every request for `/` to `/there`. Returns its URL.
async fn serve() -> io::Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}/", listener.local_addr()?);
    hob::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            hob::spawn(answer(stream));
        }
    });
    Ok(url)
}

async fn answer(stream: TcpStream) -> io::Result<()> {
    let mut request = [0; 1024];
    loop {
        let count = stream.read(&mut request).await?;
        if count == 0 {
            return Ok(());
        }
        hob::time::sleep(Duration::from_millis(80)).await;
        let answer = match request.starts_with(b"GET / ") {
            true => "HTTP/1.1 302 Found\r\nLocation: /there\r\nContent-Length: 0\r\n\r\n",
            false => "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
        };
        stream.write_all(answer.as_bytes()).await?;
    }
}
