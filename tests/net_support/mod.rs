//! What the tests of sockets share: a loop that notices when it hangs, and a look into it.

#![allow(dead_code, reason = "each test uses its own part")]

use std::future::Future;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// Runs `test` to its end. One that waits for a wake that never comes fails, instead of
/// standing still for ever.
#[track_caller]
pub(crate) fn run<T>(test: impl Future<Output = T>) -> T {
    let patience = Duration::from_secs(60);
    hob::block_on(async { hob::time::timeout(patience, test).await })
        .expect("it hangs: somebody sleeps who should have been woken")
}

/// Lets everybody who can go on do so, until all others sleep: several visits to the kernel.
pub(crate) async fn settle() {
    for _ in 0..20 {
        hob::yield_now().await;
    }
}

/// How many tasks of this runtime wait for a socket to become readable or writable.
pub(crate) fn asleep_on_sockets() -> usize {
    let waits = hob::tasks().into_iter().filter_map(|task| task.wait);
    let on_socket = |kind| matches!(kind, hob::WaitKind::Readable | hob::WaitKind::Writable);
    waits.filter(|wait| on_socket(wait.kind)).count()
}

/// The kind of the error in `result`.
#[track_caller]
pub(crate) fn kind<T>(result: io::Result<T>) -> io::ErrorKind {
    match result {
        Ok(_) => panic!("it should have failed"),
        Err(error) => error.kind(),
    }
}

/// A folder that goes with the test.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Folder {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("hob-{}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir(&folder).unwrap();
        Folder(folder)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub(crate) fn is_empty(&self) -> bool {
        let is_file = |path: &Path| std::fs::read_dir(path).unwrap().next().is_some();
        !is_file(&self.0)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
