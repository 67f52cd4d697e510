//! Deadlines: around one step, around many, and inside of a scope.
//!
//! You will see four scenes, in about two seconds: a step that is given up; three steps that
//! share one deadline; a deadline around a scope, which drops its tasks where they stand; and
//! a deadline inside of one, which lets them tidy up.
//!
//! Run with: cargo run --example timeouts

use std::time::{Duration, Instant};

use hob::time::{now, sleep, timeout, timeout_at};
use hob::{Scope, scope, scope_with_deadline};

fn main() {
    hob::block_on(async {
        one_step().await;
        shared_deadline().await;
        around_a_scope().await;
        inside_a_scope().await;
    });
}

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// A question to somebody who answers after `takes`.
async fn ask(takes: Duration) -> u32 {
    sleep(takes).await;
    42
}

async fn one_step() {
    println!("1. timeout(200 ms, …) around one question:");
    for takes in [50, 5_000] {
        match timeout(ms(200), ask(ms(takes))).await {
            Ok(answer) => println!("   an answer after {takes} ms: {answer}"),
            Err(elapsed) => println!("   an answer after {takes} ms: {elapsed}"),
        }
    }
    println!();
}

async fn shared_deadline() {
    println!("2. timeout_at(deadline, …) around each of three questions, 500 ms in all:");
    let deadline = now() + ms(500);
    for question in 1..=3 {
        let left = deadline - now();
        match timeout_at(deadline, ask(ms(200))).await {
            Ok(_) => println!(
                "   question {question}: answered, {} left",
                tens(left - ms(200))
            ),
            Err(_) => println!("   question {question}: {} were too little", tens(left)),
        }
    }
    println!();
}

/// Three tasks that work, and want to tidy up.
fn work(s: &Scope<'_>) {
    s.defer(async {
        sleep(ms(50)).await;
        println!("   tidied up");
    });
    for task in 1..=3 {
        let token = s.token();
        s.spawn(async move {
            match token.run_until_cancelled(sleep(ms(task * 150))).await {
                Some(()) => println!("   task {task} is done"),
                None => println!("   task {task} stops in good order"),
            }
        });
    }
}

async fn around_a_scope() {
    println!("3. timeout(200 ms, scope): all of it is dropped, in the middle of whatever it does:");
    let ended = timeout(ms(200), scope(async |s| work(&s))).await;
    match ended {
        Ok(_) => println!("   everything was done\n"),
        Err(elapsed) => println!("   {elapsed}; nobody could tidy up\n"),
    }
}

async fn inside_a_scope() {
    println!(
        "4. scope_with_deadline(200 ms, …): the tasks are asked first, and tidying up is done:"
    );
    let start = Instant::now();
    match scope_with_deadline(now() + ms(200), async |s| work(&s)).await {
        Ok(()) => println!("   nothing was cut off; it took {}", tens(start.elapsed())),
        Err(error) => println!("   {error}"),
    }
}

/// To 10 ms, so that two runs look alike.
fn tens(time: Duration) -> String {
    format!("{} ms", (time.as_millis() + 5) / 10 * 10)
}
