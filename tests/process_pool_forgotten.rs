//! A program that forgot `worker_main` is told so, instead of hanging, or starting itself
//! without end.
//!
//! This test has no harness: its workers are this program, whose `main` does what a forgetful
//! one would. Each way to be forgetful is a run of its own.

#[cfg(not(unix))]
fn main() {}

/// Broken by: no `is_worker` in `build` (then `starts_a_pool` starts processes without end),
/// or no `timeout` in `Worker::start` (then `does_something_else` hangs).
#[cfg(unix)]
fn main() {
    use std::process::{Command, exit};
    use std::time::Duration;

    use hob::process::{Pool, PoolError};

    const ROLE: &str = "HOB_TEST_ROLE";

    let roles = [
        "starts_a_pool",
        "does_something_else",
        "ends",
        "reads_stdin",
    ];
    let Ok(role) = std::env::var(ROLE) else {
        for role in roles {
            let program = std::env::current_exe().unwrap();
            let output = Command::new(program).env(ROLE, role).output().unwrap();
            let said = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(7), "{role}: {said}");
            println!("test a_program_that_forgot_worker_main_and_{role}_is_told_so ... ok");
        }
        println!(
            "\ntest result: ok. {} passed; 0 failed; without a harness",
            roles.len()
        );
        return;
    };

    // From here on, this is the forgetful program, or its worker.
    let is_worker = std::env::var_os("HOB_PROCESS_WORKER").is_some();
    match role.as_str() {
        "does_something_else" if is_worker => loop {
            std::thread::sleep(Duration::from_secs(1));
        },
        "ends" if is_worker => return,
        "reads_stdin" if is_worker => drop(std::io::read_to_string(std::io::stdin())),
        _ => {}
    }
    let limit = match role.as_str() {
        "starts_a_pool" | "ends" => Duration::from_secs(60),
        _ => Duration::from_millis(200),
    };
    hob::block_on(async {
        let pool = Pool::builder().workers(2).start_timeout(limit).build();
        for _ in 0..2 {
            let answer: Result<u32, PoolError> = pool.run("add", &(1, 2)).await;
            let error = answer.unwrap_err();
            assert!(matches!(error, PoolError::NotServing(_)), "{error}");
            assert!(error.to_string().contains("worker_main"), "{error}");
        }
        assert!(pool.start().await.is_err());
    });
    exit(7);
}
