//! SIGTERM and SIGHUP: they end a run as the first Ctrl-C does, and as cleanly.
//!
//! A handler may do next to nothing, so it writes a byte to a socket, which wakes the loop:
//! that is a [`Signal`], and `steer` listens to others by it. Whoever raced [`asked`] against the work then drops the work where it stands, and at the
//! very end the process ends by [`end_by`], so that a shell sees what it expects. A second
//! signal of the same kind does not wait for that.
//!
//! SIGHUP is taken only where it would have ended the program: `nohup` has it ignored.

use std::io;

/// Waits for one of them, and tells which.
#[cfg(unix)]
pub async fn asked() -> io::Result<i32> {
    use signal_hook::consts::{SIGHUP, SIGTERM};
    let hang_up = async {
        match is_ignored(SIGHUP) {
            true => std::future::pending().await,
            false => heard(SIGHUP).await,
        }
    };
    futures_lite::future::or(heard(SIGTERM), hang_up).await
}

#[cfg(unix)]
async fn heard(signal: i32) -> io::Result<i32> {
    use signal_hook::flag;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    let is_second = Arc::new(AtomicBool::new(false));
    // Handlers run in this order.
    flag::register_conditional_default(signal, is_second.clone())?;
    Signal::listen(signal)?.heard().await?;
    is_second.store(true, Ordering::SeqCst);
    Ok(signal)
}

/// A signal that only means something to us.
#[cfg(unix)]
pub struct Signal {
    /// A byte for each one that came.
    came: hob::net::UnixStream,
    handler: signal_hook::SigId,
}

#[cfg(unix)]
impl Signal {
    /// From now on it does nothing else, also when nobody listens any more.
    pub fn listen(signal: i32) -> io::Result<Signal> {
        let (reader, writer) = std::os::unix::net::UnixStream::pair()?;
        reader.set_nonblocking(true)?;
        Ok(Signal {
            came: hob::net::UnixStream::from_std(reader)?,
            handler: signal_hook::low_level::pipe::register(signal, writer)?,
        })
    }

    /// Waits for the next one.
    pub async fn heard(&self) -> io::Result<()> {
        match self.came.read(&mut [0]).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }
}

#[cfg(unix)]
impl Drop for Signal {
    fn drop(&mut self) {
        signal_hook::low_level::unregister(self.handler);
    }
}

/// Was it started so that this signal does nothing? Where the system does not tell: it may have.
#[cfg(unix)]
pub fn is_ignored(signal: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_none_or(|mask| mask & (1 << (signal - 1)) != 0)
}

/// Ends the process as `signal` would have ended it.
#[cfg(unix)]
pub fn end_by(signal: i32) {
    let _ = signal_hook::low_level::emulate_default_handler(signal);
}

/// There are none.
#[cfg(not(unix))]
pub async fn asked() -> io::Result<i32> {
    std::future::pending().await
}

#[cfg(not(unix))]
pub fn end_by(_signal: i32) {}
