//! Work in processes of its own, so that what goes wrong there goes wrong there only.
//!
//! What you will see: two workers, which are this same program started again, factor six
//! numbers, and the answers come in the order of the questions. Then three jobs that would end
//! any ordinary program: one panics, one aborts, one wants more memory than it may have. Each
//! is one line here, and the work goes on: another worker has taken the place of the first.
//! (The line about a memory allocation comes from Rust itself, in the worker, on stderr.)
//!
//! Run with: cargo run --example process_pool

#[cfg(unix)]
fn main() -> Result<(), hob::process::PoolError> {
    use hob::process::{Registry, worker_main};

    // In a worker this runs jobs, and never returns. So it stands before everything else.
    worker_main(
        &Registry::new()
            .job("factor", jobs::factor)
            .job("divide", jobs::divide)
            .job("abort", jobs::abort)
            .job("remember", jobs::remember),
    );
    hob::block_on(parent::main())
}

/// What the workers do.
#[cfg(unix)]
mod jobs {
    pub(crate) fn factor(number: u64) -> Vec<u64> {
        let (mut rest, mut factors) = (number, Vec::new());
        let mut divisor = 2;
        while divisor * divisor <= rest {
            if rest.is_multiple_of(divisor) {
                factors.push(divisor);
                rest /= divisor;
            } else {
                divisor += 1;
            }
        }
        factors.push(rest);
        factors
    }

    pub(crate) fn divide((a, b): (u64, u64)) -> u64 {
        quiet();
        a / b
    }

    pub(crate) fn abort((): ()) {
        std::process::abort()
    }

    pub(crate) fn remember(bytes: usize) -> usize {
        vec![1_u8; bytes].len()
    }

    /// The panic's message goes to stderr, unless it is told not to. Here it is told: the
    /// parent prints it.
    fn quiet() {
        std::panic::set_hook(Box::new(|_| {}));
    }
}

#[cfg(unix)]
mod parent {
    use futures_lite::StreamExt;
    use hob::process::{Pool, PoolError};

    const MIB: u64 = 1024 * 1024;

    pub(crate) async fn main() -> Result<(), PoolError> {
        let pool = Pool::new(2);
        let numbers = [12, 97, 1_001, 65_536, 1_000_003, 600_851_475_143_u64];
        let mut answers = pool.map::<_, Vec<u64>, _>("factor", numbers);
        for number in numbers {
            if let Some(factors) = answers.next().await {
                let factors: Vec<String> = factors?.iter().map(u64::to_string).collect();
                println!("{number} = {}", factors.join(" × "));
            }
        }

        println!();
        say(
            "divide by zero",
            pool.run::<_, u64>("divide", &(1, 0)).await,
        );
        say("abort", pool.run::<_, ()>("abort", &()).await);
        let careful = Pool::builder().workers(1).memory_limit(64 * MIB).build();
        say(
            "remember 16 MiB",
            careful.run::<_, u64>("remember", &(16 * MIB)).await,
        );
        say(
            "remember 1 GiB",
            careful.run::<_, u64>("remember", &(1024 * MIB)).await,
        );
        say("divide again", pool.run::<_, u64>("divide", &(84, 2)).await);
        Ok(())
    }

    fn say<T: std::fmt::Debug>(what: &str, result: Result<T, PoolError>) {
        match result {
            Ok(answer) => println!("{what:<16} {answer:?}"),
            Err(error) => println!("{what:<16} {error}"),
        }
    }
}

#[cfg(not(unix))]
fn main() {
    println!("Worker processes are for Unix: see the documentation of hob::process::Pool.");
}
