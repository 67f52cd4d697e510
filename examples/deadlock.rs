//! Two locks, taken by two tasks in two orders. You will see that both wait for ever: a
//! timeout notices it, and `hob::tasks()` tells who waits where for what the other one holds.
//! Then the mend: both take the locks in the same order, and are done at once.
//!
//! Run with: `cargo run --example deadlock`

use std::rc::Rc;
use std::time::Duration;

use hob::sync::Mutex;
use hob::time::timeout;
use hob::{JoinHandle, WaitKind};

type Account = Rc<Mutex<i64>>;

fn main() {
    hob::block_on(async {
        let (anna, bert) = (Account::default(), Account::default());

        println!("Anna pays Bert and Bert pays Anna, each locking the payer first:");
        let there = hob::spawn_named("anna to bert", pay(anna.clone(), bert.clone(), 5));
        let back = hob::spawn_named("bert to anna", pay(bert.clone(), anna.clone(), 3));
        watch(there, back).await;

        println!("\nAgain, each locking Anna first:");
        let there = hob::spawn_named("anna to bert", pay_in_order(anna.clone(), bert.clone(), 5));
        let back = hob::spawn_named("bert to anna", pay_in_order(anna.clone(), bert.clone(), -3));
        watch(there, back).await;
        println!(
            "anna has {}, bert has {}",
            anna.lock().await,
            bert.lock().await
        );
    });
}

/// Locks the payer, then the payee: whichever that is.
async fn pay(payer: Account, payee: Account, amount: i64) {
    let mut payer = payer.lock().await;
    // Anything to wait for will do: here the other task takes its own first lock.
    hob::yield_now().await;
    let mut payee = payee.lock().await;
    *payer -= amount;
    *payee += amount;
}

/// The same in a fixed order of accounts; what goes the other way is negative.
async fn pay_in_order(first: Account, second: Account, amount: i64) {
    pay(first, second, amount).await;
}

/// Waits for both, but not for ever.
async fn watch(mut there: JoinHandle<()>, mut back: JoinHandle<()>) {
    let both = async {
        (&mut there).await.expect("paying does not panic");
        (&mut back).await.expect("paying does not panic");
    };
    if timeout(Duration::from_millis(200), both).await.is_ok() {
        println!("  both are done");
        return;
    }
    println!("  after 200 ms both still wait:");
    let mut locks = Vec::new();
    for task in hob::tasks() {
        let (Some(name), Some(wait)) = (&task.name, task.wait) else {
            continue; // that is us
        };
        if wait.kind == WaitKind::Permit {
            locks.push(wait.resource);
            let (line, lock) = (wait.at.line(), locks.len());
            println!("  \"{name}\" waits at line {line} for lock {lock}, which the other holds");
        }
    }
    assert_ne!(
        locks[0], locks[1],
        "two locks, or it would be a queue and no deadlock"
    );
    // Whoever is aborted lets go of what it holds; so one would be enough.
    there.abort();
    back.abort();
}
