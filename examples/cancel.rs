//! Cancelling: what is lost and what is not.
//!
//! You will see six ways to stop the same work, in about two seconds: a writer that takes ten
//! lines from a queue and stores each, in two steps that belong together. Each way tells how
//! many lines it had taken and how many of them it had stored: where the two differ, a line
//! was lost.
//!
//! Run with: cargo run --example cancel

use std::cell::Cell;
use std::convert::Infallible;
use std::rc::Rc;
use std::time::Duration;

use hob::sync::mpsc::{self, UnboundedReceiver};
use hob::time::{sleep, timeout};
use hob::{CancellationToken, scope, shield, spawn};

/// When the work is stopped: in the middle of the third line.
const STOP: Duration = Duration::from_millis(125);

fn main() {
    hob::block_on(async {
        println!("Ten lines wait in a queue; to store one takes 50 ms. Stopped after 125 ms:\n");
        by_timeout().await;
        by_abort().await;
        by_token().await;
        by_scope().await;
        by_shield().await;
        by_timeout_around_the_receiving().await;
    });
}

/// What was taken from the queue, and what arrived.
#[derive(Default)]
struct Book {
    taken: Cell<u32>,
    stored: Cell<u32>,
}

impl Book {
    async fn store(&self) {
        self.taken.set(self.taken.get() + 1);
        sleep(Duration::from_millis(50)).await; // dropped here, the line is gone
        self.stored.set(self.stored.get() + 1);
    }

    fn tell(&self, way: &str, why: &str) {
        let (taken, stored) = (self.taken.get(), self.stored.get());
        let lost = match taken - stored {
            0 => "nothing lost",
            _ => "A LINE LOST ",
        };
        println!("{way:<32} {taken} taken, {stored} stored: {lost}  ({why})");
    }
}

fn lines() -> UnboundedReceiver<u32> {
    let (sender, receiver) = mpsc::unbounded_channel();
    for line in 0..10 {
        sender.send(line).expect("the receiver is here");
    }
    receiver
}

async fn write_all(mut lines: UnboundedReceiver<u32>, book: Rc<Book>) {
    while lines.recv().await.is_some() {
        book.store().await;
    }
}

async fn by_timeout() {
    let book = Rc::new(Book::default());
    let _over = timeout(STOP, write_all(lines(), book.clone())).await;
    book.tell("timeout around it all", "dropped where it stood");
}

async fn by_abort() {
    let book = Rc::new(Book::default());
    let task = spawn(write_all(lines(), book.clone()));
    sleep(STOP).await;
    task.abort();
    let _cancelled = task.await;
    book.tell("abort of its task", "the same, from outside");
}

/// The writer is asked between two lines.
async fn write_until(token: &CancellationToken, book: &Book) {
    let mut lines = lines();
    while let Some(Some(_line)) = token.run_until_cancelled(lines.recv()).await {
        book.store().await;
    }
}

async fn by_token() {
    let book = Rc::new(Book::default());
    let token = CancellationToken::new();
    let (asked, writes) = (token.clone(), book.clone());
    let task = spawn(async move { write_until(&asked, &writes).await });
    sleep(STOP).await;
    token.cancel_with("closing time");
    let _ended = task.await;
    book.tell(
        "a token, asked between lines",
        "it finished the line it was at",
    );
}

async fn by_scope() {
    let book = Book::default();
    let ended = scope(async |s| {
        let token = s.token();
        let book = &book;
        s.spawn(async move { write_until(&token, book).await });
        s.cancel_after(STOP);
    });
    let _no_error: Result<(), hob::ScopeError<Infallible>> = ended.await;
    book.tell(
        "a scope with a deadline inside",
        "its grace let the line be finished",
    );
}

async fn by_shield() {
    let book = Rc::new(Book::default());
    let writes = async {
        let mut lines = lines();
        while lines.recv().await.is_some() {
            let book = book.clone();
            shield(async move { book.store().await }).await;
        }
    };
    let _over = timeout(STOP, writes).await;
    sleep(Duration::from_millis(50)).await; // the section goes on by itself
    book.tell(
        "timeout, but store is shielded",
        "the line was finished behind its back",
    );
}

/// To receive is cancel-safe: what was not received stays in the queue.
async fn by_timeout_around_the_receiving() {
    let book = Book::default();
    let mut lines = lines();
    let deadline = hob::time::now() + STOP;
    while let Ok(Some(_line)) = hob::time::timeout_at(deadline, lines.recv()).await {
        if hob::time::now() >= deadline {
            break;
        }
        book.store().await;
    }
    book.tell(
        "timeout around recv alone",
        "see `Cancel safety` of each future",
    );
}
