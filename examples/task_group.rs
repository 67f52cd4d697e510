//! A breakfast: tasks that begin together, end together, and fail together.
//!
//! You will see three scenes, in about a second: a scope whose tasks borrow the shopping list
//! of the one who started them; a scope in which one thing goes wrong, and what becomes of the
//! rest; and a group of tasks that runs while its owner does something else.
//!
//! Run with: cargo run --example task_group

use std::cell::Cell;
use std::time::{Duration, Instant};

use hob::time::sleep;
use hob::{ScopeError, TaskGroup, scope, try_scope};

fn main() -> Result<(), ScopeError> {
    hob::block_on(async {
        borrow().await?;
        fail().await;
        in_the_background().await
    })
}

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// Children may borrow what was there before the scope.
async fn borrow() -> Result<(), ScopeError> {
    println!("1. Three tasks share a list and a counter, without a single clone:");
    let list = [("coffee", 120), ("eggs", 180), ("toast", 90)];
    let ready = Cell::new(0);
    let (list, ready) = (&list, &ready);
    let start = Instant::now();
    scope(async |s| {
        for (what, takes) in list {
            s.spawn(async move {
                sleep(ms(*takes)).await;
                ready.set(ready.get() + 1);
                println!(
                    "   {what:<6} is ready, the {} of {}",
                    ready.get(),
                    list.len()
                );
            });
        }
    })
    .await?;
    let took = start.elapsed().as_millis() / 10 * 10;
    println!("   The scope ended when the last of them had, after {took} ms.\n");
    Ok(())
}

/// Says what became of it, also when it is dropped half way.
struct Pan {
    what: &'static str,
    done: bool,
}

impl Drop for Pan {
    fn drop(&mut self) {
        let end = if self.done {
            "done"
        } else {
            "taken off half done"
        };
        println!("   {:<6} {end}", self.what);
    }
}

/// The first error takes the others along, and comes out.
async fn fail() {
    println!("2. One of three finds that there is no milk:");
    let ended = try_scope(async |s| {
        for (what, takes) in [("eggs", 60), ("milk", 100), ("rice", 900)] {
            s.try_spawn(async move {
                let mut pan = Pan { what, done: false };
                sleep(ms(takes)).await;
                if what == "milk" {
                    return Err("the bottle is empty");
                }
                pan.done = true;
                Ok(())
            });
        }
        s.defer(async { println!("   the kitchen is cleaned up, whatever happened") });
        Ok(())
    });
    match ended.await {
        Ok(()) => println!("   everything is ready\n"),
        Err(error) => println!("   {error}\n"),
    }
}

/// A group's tasks need nobody to await them.
async fn in_the_background() -> Result<(), ScopeError> {
    println!("3. A group works while its owner reads the paper:");
    let mut group = TaskGroup::new();
    let own = group.scope();
    group.spawn(async move {
        sleep(ms(100)).await;
        println!("   the dishes are washed, and somebody else dries them");
        own.spawn(async {
            sleep(ms(100)).await;
            println!("   the dishes are dry");
        });
    });
    sleep(ms(150)).await;
    println!("   (the owner turns a page)");
    group.join().await?;
    println!("   All is done, also what the tasks themselves had started.");
    Ok(())
}
