//! A folder for what the programs write, in memory where the system has such a place with enough
//! room, so that no disk is measured. It goes away with the value.

use nix::sys::statvfs::statvfs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

/// The size of a read or a write of a large file.
pub const PIECE: usize = 64 * 1024;
/// The size of a small file.
pub const SMALL: usize = 4096;

/// What the largest row needs: a file of 2 GB on the server, and what comes of it.
const ROOM: f64 = 5.0 * (1 << 30) as f64;

/// The folder.
pub struct Scratch(PathBuf);

impl Scratch {
    /// A new one, that nobody else has.
    #[allow(
        clippy::new_without_default,
        reason = "it makes something in the world, which `default` should not"
    )]
    pub fn new() -> Scratch {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let memory = Path::new("/dev/shm");
        // Containers often have one of a few megabytes.
        let parent = match statvfs(memory) {
            Ok(is) if is.blocks_available() as f64 * is.fragment_size() as f64 > ROOM => {
                memory.to_path_buf()
            }
            _ => std::env::temp_dir(),
        };
        let path = parent.join(format!("hob-bench-{}-{number}", std::process::id()));
        std::fs::create_dir(&path).expect("a folder for what is measured");
        Scratch(path)
    }

    /// The folder itself.
    pub fn folder(&self) -> &Path {
        &self.0
    }

    /// A file in it.
    pub fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// `count` files in it.
    pub fn paths(&self, count: usize) -> Vec<PathBuf> {
        (0..count).map(|n| self.path(&n.to_string())).collect()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What cannot be removed is small, and in a place that is emptied.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
