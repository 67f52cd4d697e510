//! What the task of one range does: it waits for a server, and passes on what that says.

use hob::http::{self, ContentRange, RequestBuilder, Response, StatusCode};
use hob::sync::mpsc::Sender;
use hob::time::{now, sleep_until};

use super::growth::{Advice, Growth};
use super::plan::Number;

/// What a range has to tell.
pub enum News {
    Head(Box<Response>),
    Bytes(Vec<u8>),
    /// Of the body. Or the request, or the body, failed.
    End(Result<(), http::Error>),
}

pub type Tell = Sender<(Number, News)>;

/// Waits until something else than to stay is advised, which may be for ever.
pub async fn advised(growth: &mut Growth, received: u64, running: usize, rest: u64) -> Advice {
    loop {
        sleep_until(growth.due()).await;
        match growth.advise(now(), received, running, rest) {
            Advice::Stay => {}
            advice => return advice,
        }
    }
}

pub fn is_part(status: StatusCode) -> bool {
    status == StatusCode::PARTIAL_CONTENT
}

/// Is its body longer than its range? Then nobody knows which bytes these are.
pub fn is_too_long(response: &Response) -> bool {
    let announced = match ContentRange::of(response.headers()) {
        Some(ContentRange::Bytes { first, last, .. }) => last - first + 1,
        _ => 0,
    };
    response
        .content_length()
        .is_some_and(|length| length > announced)
}

pub async fn ask(request: RequestBuilder, number: Number, tell: Tell) {
    let news = match request.send().await {
        Ok(response) => News::Head(Box::new(response)),
        Err(error) => News::End(Err(error)),
    };
    // Who does not listen any more has dropped us as well.
    let _ = tell.send((number, news)).await;
}

pub async fn read(mut response: Response, number: Number, tell: Tell) {
    let end = loop {
        match response.chunk().await {
            Ok(Some(bytes)) => {
                let bytes = News::Bytes(bytes.to_vec());
                if tell.send((number, bytes)).await.is_err() {
                    return;
                }
            }
            Ok(None) => break Ok(()),
            Err(error) => break Err(error),
        }
    };
    let _ = tell.send((number, News::End(end))).await;
}
