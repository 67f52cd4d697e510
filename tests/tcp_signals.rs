//! Signals that arrive all the time interrupt system calls, and nothing else.
//!
//! This test has no harness: a signal goes to the main thread of a process first, and that
//! must be the one that sleeps in the kernel.

#[cfg(unix)]
mod tcp_support;

#[cfg(not(unix))]
fn main() {}

/// Trap 23. Broken by: returning every error of `Poll::poll` from `Reactor::wait`.
#[cfg(unix)]
fn main() {
    use std::process::{Command, Stdio};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::time::{Duration, Instant};

    let arrived = Arc::new(AtomicBool::new(false));
    signal_hook::flag::register(signal_hook::consts::SIGUSR1, arrived.clone()).unwrap();
    let mut storm = Command::new("sh")
        .args(["-c", "while kill -USR1 \"$1\"; do :; done", "sh"])
        .arg(std::process::id().to_string())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();

    tcp_support::run(async {
        let (here, there) = tcp_support::pair().await;
        let echo = hob::spawn(async move {
            let mut buf = [0; 64];
            loop {
                let n = there.read(&mut buf).await.unwrap();
                there.write_all(&buf[..n]).await.unwrap();
            }
        });
        let mut interrupted = 0;
        while interrupted < 200 {
            let (start, wait) = (Instant::now(), Duration::from_millis(3));
            hob::time::sleep(wait).await;
            assert!(
                start.elapsed() >= wait,
                "a signal does not make a timer early"
            );
            here.write_all(b"through the storm").await.unwrap();
            let mut buf = [0; 17];
            here.read_exact(&mut buf).await.unwrap();
            assert_eq!(&buf, b"through the storm");
            interrupted += u32::from(arrived.swap(false, Ordering::Relaxed));
        }
        echo.abort();
    });
    storm.kill().unwrap();
    storm.wait().unwrap();
    println!("test signals_interrupt_system_calls_and_nothing_else ... ok");
}
