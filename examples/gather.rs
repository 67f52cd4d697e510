//! Ten questions at once, and every answer, the failed ones too. You will see ten answers in the
//! order of the questions, three of them errors, and that all of it took as long as the slowest:
//! about half a second, where one after the other would take nearly three.
//!
//! Run with: `cargo run --example gather`

use std::time::{Duration, Instant};

fn main() {
    hob::block_on(async {
        let start = Instant::now();
        let answers = hob::gather((1..=10).map(ask)).await;
        for (number, answer) in (1..).zip(&answers) {
            match answer {
                Ok(Ok(text)) => println!("{number:>2}  {text}"),
                Ok(Err(why)) => println!("{number:>2}  no answer: {why}"),
                // A task that panicked or was aborted. The others did not notice.
                Err(error) => println!("{number:>2}  {error}"),
            }
        }
        let seconds = start.elapsed().as_secs_f64();
        println!("{} answers in {seconds:.1} s", answers.len());
    });
}

/// Takes 50 ms times its number; every third has nothing to say.
async fn ask(number: u32) -> Result<String, String> {
    hob::time::sleep(Duration::from_millis(50) * number).await;
    match number % 3 {
        0 => Err(format!("{number} is divisible by three")),
        _ => Ok(format!("the square is {}", number * number)),
    }
}
