//! A process that was forked from a runtime's own must not run it, nor take it down: both
//! share the kernel's list of descriptors.
//!
//! This test has no harness: it forks, and that is for processes with one thread.

#[cfg(not(unix))]
fn main() {}

/// Trap 47. Broken by: no `refuse_copy` in `try_block_on`: the copy runs, and takes the
/// original's events; or `self.end()` for a copy, too, in the drop of `Runtime`: then the
/// copy strikes the listener off for both, and the original hangs.
#[cfg(unix)]
fn main() {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::time::Duration;

    let runtime = hob::Builder::new().worker_threads(0).build().unwrap();
    let (accepting, address) = runtime.block_on(async {
        // Taken over, so that its drop strikes it off the list.
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let listener = hob::net::TcpListener::from_std(listener).unwrap();
        let address = listener.local_addr().unwrap();
        let accepting = hob::spawn(async move { listener.accept().await.map(drop) });
        hob::yield_now().await;
        (accepting, address)
    });

    // SAFETY: this process has one thread, and its copy calls nothing but safe code of ours
    // and `_exit`.
    match unsafe { libc::fork() } {
        -1 => panic!("{}", std::io::Error::last_os_error()),
        0 => {
            let run = AssertUnwindSafe(|| runtime.block_on(async {}));
            let refused = catch_unwind(run).unwrap_err();
            let said = refused
                .downcast_ref::<String>()
                .cloned()
                .unwrap_or_default();
            drop((accepting, runtime));
            // SAFETY: it ends the process.
            unsafe { libc::_exit(if said.contains("forked") { 7 } else { 8 }) }
        }
        child => {
            let mut status = 0;
            // SAFETY: `status` is ours for the length of the call.
            let waited = unsafe { libc::waitpid(child, &mut status, 0) };
            assert_eq!((waited, libc::WEXITSTATUS(status)), (child, 7));
        }
    }
    runtime.block_on(async {
        let _stream = hob::net::TcpStream::connect(address).await.unwrap();
        let accepted = hob::time::timeout(Duration::from_secs(60), accepting).await;
        let accepted = accepted.expect("the copy took the listener out of the kernel's list");
        accepted.unwrap().unwrap();
    });
    println!("test a_forked_copy_of_a_runtime_neither_runs_nor_takes_it_down ... ok");
    println!("\ntest result: ok. 1 passed; 0 failed; without a harness");
}
