//! A job whose answer goes to standard output: what answers to something sent (`-T`, `--data`,
//! `-F`, `-X`), and the heads that `-I` asks for, unless `-o` names a file.
//!
//! Law: what was printed cannot be taken back; and unlike a file, which
//! [`stream`](super::stream) prints, an answer may be another one each time. Consequences:
//! nothing is gone on with, and who has begun to print does not try again. Answers stand one
//! behind the other, each whole: who prints holds [`Session::stdout`], and the others wait with
//! theirs where they are, on the network.
//!
//! A refusal (status 400 and above) fails the job. The answer to what was sent is printed all the
//! same, once it is the last one: there it says why.

use std::time::Instant;

use hob::http::Response;
use hob::io::stdout;

use super::attempt::{Failed, refusal};
use super::download::attempts;
use super::failure::Failure;
use super::{Job, Session};
use crate::show::text;
use crate::transfer::Transfer;
use crate::turns::Turn;

/// Makes the request of `job`, as often as `--retry` allows, and prints the answer.
pub async fn print(
    session: &Session,
    job: &Job,
    transfer: &Transfer,
    turn: &mut Turn,
) -> Result<(), Failure> {
    let mut refused = None;
    let answered = attempts(session, job, transfer, turn, None, async || {
        refused = None; // and its connection is closed, if it was not heard to its end
        let response = ask(session, job, transfer).await?;
        match response.status().as_u16() {
            0..400 => Ok(response),
            _ if session.sends_nothing(job) => Err(refusal(response)),
            _ => {
                let (why, asked) = (Failure::refused(&response), response.retry_after());
                refused = Some(response);
                Err(Failed { why, asked })
            }
        }
    });
    let (response, ending) = match (answered.await, refused) {
        (Ok(response), _) => (response, Ok(())),
        (Err(failure), Some(response)) => (response, Err(failure)),
        (Err(failure), None) => return Err(failure),
    };
    print_answer(session, transfer, response).await?;
    ending
}

async fn ask(session: &Session, job: &Job, transfer: &Transfer) -> Result<Response, Failed> {
    let request = session.request(job, &job.url, None);
    let request = session.dress(job, request, transfer).await?;
    let response = transfer.observe(request).send().await?;
    session.tell_response(job, &response);
    Ok(response)
}

/// Prints the body; with `-I`, the head.
async fn print_answer(
    session: &Session,
    transfer: &Transfer,
    mut response: Response,
) -> Result<(), Failure> {
    transfer.head(response.content_length(), 0, Instant::now());
    let _turn = session.stdout.lock().await;
    let mut out = stdout();
    if session.options.sending.head {
        let head = head(&response);
        out.write_all(head.as_bytes())
            .await
            .map_err(Failure::printing)?;
    }
    while let Some(bytes) = transfer.awaiting(response.chunk()).await? {
        let count = bytes.len();
        out.write_all(bytes).await.map_err(Failure::printing)?;
        transfer.add(count);
        session.pace(transfer, count).await;
    }
    out.flush().await.map_err(Failure::printing)
}

/// Nearly as it came, but with nothing in it that steers a terminal.
pub fn head(response: &Response) -> String {
    let mut head = format!("{:?} {}\n", response.version(), response.status());
    for (name, value) in response.headers() {
        let value = text::harmless(&String::from_utf8_lossy(value.as_bytes()));
        head += &format!("{name}: {value}\n");
    }
    head + "\n"
}
