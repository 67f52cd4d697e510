//! Fetches each URL that stands in a line of standard input, and prints what came of it, a line
//! of JSON for each: `{"status": 200, "body": "<hex>"}` or `{"error": "…"}`. For comparing hob's
//! client with others (`differential.py`).
//!
//! A line may begin with a method: `HEAD http://…`.

use std::io::{self, BufRead};
use std::time::Duration;

use hob::http::Client;
use serde_json::{Value, json};

fn main() -> io::Result<()> {
    let lines = io::stdin().lock().lines().collect::<Result<Vec<_>, _>>()?;
    hob::block_on(async {
        for line in lines {
            println!("{}", outcome(&line).await);
        }
    });
    Ok(())
}

/// With a client of its own, so that no URL has to do with another one.
async fn outcome(line: &str) -> Value {
    let (method, url) = line.split_once(' ').unwrap_or(("GET", line));
    let client = Client::builder()
        .no_proxy()
        .decode(false)
        .max_redirects(0)
        .first_byte_timeout(Duration::from_secs(2))
        .idle_timeout(Duration::from_secs(2))
        .build();
    let fetched = async {
        let response = client.request(method, url).send().await?;
        let status = response.status().as_u16();
        Ok((status, response.bytes().await?))
    };
    match fetched.await {
        Ok((status, body)) => {
            let digits: String = body.iter().map(|byte| format!("{byte:02x}")).collect();
            json!({"status": status, "body": digits})
        }
        Err(error) => error_of(&error),
    }
}

fn error_of(error: &hob::http::Error) -> Value {
    json!({"error": error.to_string()})
}
