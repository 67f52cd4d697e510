//! The terminal that the run was started from: who has it now, and what is pressed on it.
//!
//! Law: a terminal gives whole lines and shows what is typed, unless told otherwise, and it
//! stays as it was told when the program is gone. So [`Terminal`] remembers how it was, and puts
//! that back when it is dropped, on Ctrl-Z, and before it waits for anything else at the end.
//! Ctrl-C and Ctrl-Z stay signals.
//!
//! Law: one group of processes has the terminal, the *foreground*; another that reads from it,
//! or changes it, is stopped. So before either, and before each frame, it is asked who has it.
//!
//! No task waits for a key: with `VMIN` and `VTIME` at zero a read returns what is there, and
//! the ticker of `steer` looks ten times a second. (A read that waits, on a worker, would
//! stop the whole program once it is sent to the background.)

#[cfg_attr(not(unix), allow(dead_code))] // nothing is pressed there
mod keys;

pub use keys::Key;
#[cfg(not(unix))]
pub use other::Terminal;
#[cfg(unix)]
pub use unix::Terminal;

#[cfg(unix)]
mod unix {
    use std::cell::{Cell, RefCell};
    use std::fs::{File, OpenOptions};
    use std::io::Read;
    use std::os::unix::fs::OpenOptionsExt;

    use rustix::fs::OFlags;
    use rustix::process::getpgrp;
    use rustix::termios::{
        LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcgetpgrp, tcsetattr,
    };

    use super::keys::{self, Key};

    pub struct Terminal {
        /// The process's own terminal, whatever its streams are; `None`: no keys are wanted, or
        /// there is no terminal.
        tty: Option<File>,
        /// As it was; `None` while it is like that.
        before: RefCell<Option<Termios>>,
        /// Once it could not be read or set, it is left alone.
        broken: Cell<bool>,
    }

    impl Terminal {
        /// `keys`: whether keys shall be heard.
        pub fn open(keys: bool) -> Terminal {
            let open = || {
                let mut options = OpenOptions::new();
                options.read(true).write(true);
                options.custom_flags(OFlags::NOCTTY.bits() as i32);
                options.open("/dev/tty").ok()
            };
            Terminal {
                tty: if keys { open() } else { None },
                before: RefCell::default(),
                broken: Cell::new(false),
            }
        }

        pub fn has_keys(&self) -> bool {
            self.tty.is_some() && !self.broken.get()
        }

        /// May we write on it, and ask what is pressed? Where the system does not tell: yes.
        pub fn is_ours(&self) -> bool {
            let owner = match &self.tty {
                Some(tty) => tcgetpgrp(tty),
                None => tcgetpgrp(std::io::stderr()),
            };
            owner.map_or(true, |owner| owner == getpgrp())
        }

        /// What was pressed since the last call.
        pub fn pressed(&self) -> Vec<Key> {
            let Some(mut tty) = self.tty.as_ref().filter(|_| self.has_keys()) else {
                return Vec::new();
            };
            if !self.is_ours() {
                return Vec::new();
            }
            if self.listen(tty).is_err() {
                self.broken.set(true);
                return Vec::new();
            }
            let (mut bytes, mut buffer) = (Vec::new(), [0; 64]);
            // At most so much at once, whatever somebody leans on.
            while bytes.len() < 1024 {
                match tty.read(&mut buffer) {
                    Ok(0) => break,
                    Ok(count) => bytes.extend_from_slice(&buffer[..count]),
                    Err(_) => {
                        self.broken.set(true);
                        break;
                    }
                }
            }
            keys::keys(&bytes)
        }

        /// Each key by itself, at once, and unseen. A shell that had the terminal in between
        /// may have set it otherwise, so each time it is looked at.
        fn listen(&self, tty: &File) -> rustix::io::Result<()> {
            let now = tcgetattr(tty)?;
            let waits = now.special_codes[SpecialCodeIndex::VMIN] > 0;
            if !waits
                && !now
                    .local_modes
                    .intersects(LocalModes::ICANON | LocalModes::ECHO)
            {
                return Ok(());
            }
            let mut wanted = now.clone();
            wanted
                .local_modes
                .remove(LocalModes::ICANON | LocalModes::ECHO);
            wanted.special_codes[SpecialCodeIndex::VMIN] = 0;
            wanted.special_codes[SpecialCodeIndex::VTIME] = 0;
            tcsetattr(tty, OptionalActions::Now, &wanted)?;
            self.before.borrow_mut().get_or_insert(now);
            Ok(())
        }

        /// As it was before. The next [`pressed`](Terminal::pressed) takes it again.
        pub fn leave(&self) {
            let before = self.before.borrow_mut().take();
            if let (Some(tty), Some(before)) = (&self.tty, before)
                && self.is_ours()
            {
                // It may be gone for good, and then nobody misses it.
                let _ = tcsetattr(tty, OptionalActions::Now, &before);
            }
        }
    }

    impl Drop for Terminal {
        fn drop(&mut self) {
            self.leave();
        }
    }
}

/// Without keys: this system's terminals are asked in another way.
#[cfg(not(unix))]
mod other {
    use super::Key;

    pub struct Terminal;

    impl Terminal {
        pub fn open(_keys: bool) -> Terminal {
            Terminal
        }

        pub fn has_keys(&self) -> bool {
            false
        }

        pub fn is_ours(&self) -> bool {
            true
        }

        pub fn pressed(&self) -> Vec<Key> {
            Vec::new()
        }

        pub fn leave(&self) {}
    }
}
