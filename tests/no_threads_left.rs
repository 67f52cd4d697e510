//! A system that gives no more threads makes jobs slow, and nothing else: the loop runs them.
#![cfg(target_os = "linux")]

use std::process::Command;

const NAME: &str = "a_system_without_threads_makes_jobs_slow_and_nothing_else";

/// Broken by: `Pool::do_without` leaving out `short_of_threads`; then every job hangs, and the
/// guard ends the child.
#[test]
fn a_system_without_threads_makes_jobs_slow_and_nothing_else() {
    // In the child a thread's stack would be larger than the address space: none starts. (Its
    // tests run on the first thread, because there is only one at a time.)
    if std::env::var_os("RUST_MIN_STACK").is_none() {
        let this = std::env::current_exe().unwrap();
        let status = Command::new("timeout")
            .arg("60")
            .arg(this)
            .args(["--exact", NAME, "--test-threads=1"])
            .env("RUST_MIN_STACK", "1000000000000000")
            .status()
            .unwrap();
        assert!(status.success());
        return;
    }
    assert!(std::thread::Builder::new().spawn(|| ()).is_err());
    hob::block_on(async {
        let here = std::thread::current().id();
        for _ in 0..3 {
            let jobs: Vec<_> = (0..3)
                .map(|_| hob::spawn_blocking(|| std::thread::current().id()))
                .collect();
            for job in jobs {
                assert_eq!(job.await.unwrap(), here);
            }
        }
        let manifest = hob::fs::read("Cargo.toml").await.unwrap();
        assert!(!manifest.is_empty());
        assert!(hob::net::lookup_host("localhost:1").await.is_ok());
    });
}
