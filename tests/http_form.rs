//! A form with files: `multipart/form-data` arrives part by part as it was put together, with a
//! length where one can be known, and again where it can be read again.
#![cfg(feature = "http")]

mod http_support;

use std::cell::Cell;
use std::rc::Rc;
use std::sync::{Arc, Mutex};

use futures_lite::io::Cursor;
use hob::http::{Client, Error, ErrorKind, Form, FormPart, HeaderValue, StatusCode};
use http_support::{Server, ok, redirect};

/// Head and body of each request, as they came.
type Heard = Arc<Mutex<Vec<(String, String)>>>;

/// Hears requests with bodies of a known length or in chunks. `/there` is answered, everything
/// else redirected to it.
fn server() -> (Server, Heard) {
    let heard = Heard::default();
    let log = heard.clone();
    let server = Server::start(move |peer| {
        while let Some(head) = peer.read_head() {
            let head = String::from_utf8(head).expect("text");
            let length = head
                .lines()
                .find_map(|l| l.strip_prefix("content-length: "));
            let body = match length {
                Some(length) => peer.read(length.parse().expect("a number")),
                None => peer.read_chunked().map(|chunked| chunked.body),
            };
            let Some(body) = body else { return };
            let there = head.contains(" /there ");
            let body = String::from_utf8(body).expect("text");
            log.lock().expect("no panic").push((head, body));
            let answer = match there {
                true => ok("thanks"),
                false => redirect(307, "/there"),
            };
            if !peer.say(answer) {
                return;
            }
        }
    });
    (server, heard)
}

/// Sends `form` to `path`, and tells what the server heard.
fn sent(path: &str, form: Form) -> (Result<StatusCode, Error>, Vec<(String, String)>) {
    let (server, heard) = server();
    let status = hob::block_on(async {
        let request = Client::new().post(server.url(path)).multipart(form);
        let response = request.expect_continue(false).send().await?;
        Ok(response.status())
    });
    let heard = heard.lock().expect("no panic").clone();
    (status, heard)
}

/// The body of one request, with `B` in place of its boundary.
fn shown((head, body): &(String, String)) -> String {
    let kind = "content-type: multipart/form-data; boundary=";
    let boundary = head.lines().find_map(|line| line.strip_prefix(kind));
    body.replace(boundary.expect("a boundary"), "B")
}

/// Broken by: a line end less in front of a boundary or behind a head.
#[test]
fn parts_arrive_in_their_order_with_all_that_was_said_of_them() {
    let form = Form::new()
        .text("a", "one\r\ntwo")
        .part("a", FormPart::bytes("").file_name("empty.txt"))
        .part(
            "b",
            FormPart::reader(Cursor::new("read"), Some(4))
                .content_type(HeaderValue::from_static("text/plain")),
        );
    let (status, heard) = sent("/there", form);
    assert_eq!(status.unwrap(), 200);
    assert!(heard[0].0.contains("\r\ncontent-length: "), "{heard:?}");
    let wanted = "--B\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\none\r\ntwo\r\n\
         --B\r\nContent-Disposition: form-data; name=\"a\"; filename=\"empty.txt\"\r\n\
         Content-Type: application/octet-stream\r\n\r\n\r\n\
         --B\r\nContent-Disposition: form-data; name=\"b\"\r\n\
         Content-Type: text/plain\r\n\r\nread\r\n--B--\r\n";
    assert_eq!(shown(&heard[0]), wanted);
    let (status, heard) = sent("/there", Form::new());
    assert_eq!(
        (status.unwrap(), &*shown(&heard[0])),
        (StatusCode::OK, "--B--\r\n")
    );
}

/// Broken by: `length` that takes `None` for 0.
#[test]
fn one_part_of_unknown_length_makes_it_a_request_in_chunks() {
    let part = FormPart::reader(Cursor::new("as many as come"), None);
    let (status, heard) = sent("/there", Form::new().text("a", "b").part("r", part));
    assert_eq!(status.unwrap(), 200);
    assert!(
        heard[0].0.contains("\r\ntransfer-encoding: chunked"),
        "{heard:?}"
    );
    assert!(shown(&heard[0]).ends_with("\r\n\r\nas many as come\r\n--B--\r\n"));
}

/// Broken by: any character less in `push_quoted`.
#[test]
fn a_name_cannot_end_its_quotes_or_its_line() {
    let name = "a\"; filename=\"x\r\nX-Evil: b";
    let form = Form::new().part(name, FormPart::bytes("v").file_name("é\"\n"));
    let (_, heard) = sent("/there", form);
    let line = "Content-Disposition: form-data; name=\"a%22; filename=%22x%0D%0AX-Evil: b\"; \
                filename=\"é%22%0A\"";
    assert_eq!(shown(&heard[0]).lines().nth(1), Some(line));
}

/// Broken by: `can_repeat` of a form that says yes, or a boundary drawn for each try.
#[test]
fn a_redirect_gets_the_form_again_if_each_part_can_be_read_again() {
    let made = Rc::new(Cell::new(0));
    let count = made.clone();
    let make = async move || {
        count.set(count.get() + 1);
        Ok(Cursor::new("again"))
    };
    let form = Form::new().text("a", "b");
    let form = form.part("r", FormPart::reader_with(make, Some(5)));
    let (status, heard) = sent("/here", form);
    assert_eq!((status.unwrap(), made.get()), (StatusCode::OK, 2));
    assert_eq!(heard[0].1, heard[1].1);

    let once = FormPart::reader(Cursor::new("once"), Some(4));
    let (error, heard) = sent("/here", Form::new().part("r", once));
    let error = error.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Redirect(_)), "{error}");
    assert_eq!(heard.len(), 1);
}

#[test]
fn a_file_is_sent_under_its_name_and_must_stay_as_long_as_it_was() {
    let path = std::env::temp_dir().join(format!("hob-form-{}.txt", std::process::id()));
    std::fs::write(&path, "content").unwrap();
    let part = || hob::block_on(FormPart::file(&path)).unwrap();
    let (first, second) = (part(), part());
    let (status, heard) = sent("/here", Form::new().part("f", first));
    assert_eq!(status.unwrap(), 200);
    let name = path.file_name().unwrap().to_str().unwrap();
    assert!(heard[1].1.contains(&format!("; filename=\"{name}\"\r\n")));
    assert!(heard[1].1.contains("\r\n\r\ncontent\r\n--"));

    std::fs::write(&path, "con").unwrap();
    let (error, heard) = sent("/there", Form::new().part("f", second));
    let error = error.unwrap_err();
    assert!(
        matches!(error.kind(), ErrorKind::WrongLength { .. }),
        "{error}"
    );
    assert!(heard.is_empty(), "the server never had a whole request");

    std::fs::remove_file(&path).unwrap();
    let missing = hob::block_on(FormPart::file(&path)).unwrap_err();
    assert_eq!(missing.kind(), std::io::ErrorKind::NotFound);
}

#[test]
fn neither_a_form_nor_a_part_shows_what_is_in_it() {
    let part = FormPart::bytes("secret").file_name("name");
    let shown = format!("{part:?} {:?}", Form::new().text("field", "secret"));
    assert!(shown.contains("name") && shown.contains("field"), "{shown}");
    assert!(!shown.contains("secret"), "{shown}");
}
