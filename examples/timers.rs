//! Sleeping, ticking, giving up in time, and 100,000 timers at once, all on one thread.
//!
//! You will see four scenes, in about two seconds: three sleeps that take as long as the
//! longest of them; what an interval does about ticks that were missed, drawn as three
//! timelines; a slow answer that is given up; and 100,000 tasks that all wake within one
//! second, with how late they were.
//!
//! Run with: cargo run --release --example timers

use std::future::Future;
use std::time::Duration;

use hob::time::{MissedTickBehavior, interval, now, sleep, sleep_until, timeout};
use hob::{JoinError, JoinHandle, metrics, spawn};

fn main() -> Result<(), JoinError> {
    hob::block_on(async {
        sleep_three_times().await?;
        miss_ticks().await?;
        give_up().await;
        wake_a_hundred_thousand().await
    })
}

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// Starts all of `tasks`, then awaits their results in the same order.
async fn all<F>(tasks: impl Iterator<Item = F>) -> Result<Vec<F::Output>, JoinError>
where
    F: Future + 'static,
{
    let handles: Vec<JoinHandle<F::Output>> = tasks.map(spawn).collect();
    let mut results = Vec::with_capacity(handles.len());
    for handle in handles {
        results.push(handle.await?);
    }
    Ok(results)
}

/// Three waits at once: they pass beside each other.
async fn sleep_three_times() -> Result<(), JoinError> {
    println!("1. Three tasks sleep, each on its own:");
    let start = now();
    all([300, 100, 200].into_iter().map(|wait| async move {
        sleep(ms(wait)).await;
        println!("   {wait} ms have passed");
    }))
    .await?;
    println!("   together they took {:.0?}\n", start.elapsed());
    Ok(())
}

/// An interval of 50 ms, and somebody who is busy from 50 to 215 ms.
async fn miss_ticks() -> Result<(), JoinError> {
    use MissedTickBehavior::{Burst, Delay, Skip};
    println!("2. An interval of 50 ms; after its second tick (x) somebody is busy (·):");
    println!("          0    50   100  150  200  250  300  350  400 ms");
    let lines = all([Burst, Delay, Skip].into_iter().map(beat_with_a_pause)).await?;
    for line in lines {
        println!("   {line}");
    }
    println!();
    Ok(())
}

/// Draws the ticks of 400 ms, one column for each 10 ms.
async fn beat_with_a_pause(behavior: MissedTickBehavior) -> String {
    let mut columns = [' '; 45];
    let mut beat = interval(ms(50));
    beat.set_missed_tick_behavior(behavior);
    let start = beat.tick().await;
    let column = || (now() - start).as_millis() as usize / 10;
    columns[0] = 'x';
    beat.tick().await;
    columns[column()] = 'x';
    sleep(ms(165)).await;
    columns[column() - 15..column()].fill('·');
    while timeout(ms(401).saturating_sub(now() - start), beat.tick())
        .await
        .is_ok()
    {
        // Ticks of one moment stand beside each other.
        let free = columns[column()..]
            .iter()
            .position(|c| *c == ' ')
            .unwrap_or(0);
        columns[column() + free] = 'x';
    }
    format!(
        "{behavior:?}  {}",
        columns.iter().collect::<String>().trim_end()
    )
}

/// A deadline for something that has none of its own.
async fn give_up() {
    println!("3. An answer that would take an hour, and a patience of 100 ms:");
    let start = now();
    let answer = async {
        sleep(Duration::from_secs(3600)).await;
        42
    };
    match timeout(ms(100), answer).await {
        Ok(answer) => println!("   it is {answer}\n"),
        Err(elapsed) => println!("   {elapsed}, after {:.0?}\n", start.elapsed()),
    }
}

/// Deadlines that are spread over one second, in no order.
async fn wake_a_hundred_thousand() -> Result<(), JoinError> {
    const TIMERS: u64 = 100_000;
    println!("4. 100,000 tasks, each with a deadline of its own within one second:");
    let visits = metrics().counters.kernel_visits;
    let start = now() + ms(300);
    let deadlines = (0..TIMERS).map(|n| start + Duration::from_micros(n * 7_919 % 1_000_000));
    let mut late = all(deadlines.map(|deadline| async move {
        sleep_until(deadline).await;
        now() - deadline
    }))
    .await?;
    late.sort_unstable();
    let at = |percent: usize| late[(late.len() - 1) * percent / 100];
    println!(
        "   half of them woke at most {:.1?} late, 99 of 100 at most {:.1?}, and the",
        at(50),
        at(99)
    );
    println!(
        "   last one {:.1?}: the kernel counts in milliseconds, and was asked {} times",
        at(100),
        metrics().counters.kernel_visits - visits
    );
    Ok(())
}
