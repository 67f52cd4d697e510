//! The end of a child where nobody tells it, as on Windows: looking now and then.
//!
//! Law: std can wait for a process or kill it, each through the same exclusive reference. So a
//! thread that waits would take away the right to kill. Consequence: nobody waits; the loop
//! looks, at distances that grow from 1 to 32 ms. Price: that much lateness, some 30 looks a
//! second, and virtual time that jumps from look to look.

use std::io;
use std::process::ExitStatus;
use std::time::Duration;

use super::Look;
use crate::time::sleep;

const LONGEST: Duration = Duration::from_millis(32);

pub(super) async fn ended(mut look: impl Look) -> io::Result<ExitStatus> {
    let mut pause = Duration::from_millis(1);
    loop {
        if let Some(status) = look()? {
            return Ok(status);
        }
        sleep(pause).await;
        pause = (pause * 2).min(LONGEST);
    }
}
