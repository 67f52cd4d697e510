//! Reading and writing at an offset, on each platform, whatever the position is.
//!
//! | | Unix | Windows |
//! |---|---|---|
//! | one such operation | leaves the position alone | moves it |
//! | several on one file | run at once | one after another |
//!
//! The position belongs to those who read and write by it, and what they have read ahead is given
//! back by going *back* from it ([`shared`](super::shared)). So on Windows it is put back, under a
//! lock, because two who do that at once would put back each other's. Price: two calls more. The
//! lock costs nothing, as the system lets in only one at a time where a handle is synchronous.
//! (Handles made by `try_clone` have one position and two locks.)

#[cfg(unix)]
pub(super) use unix::Place;
#[cfg(windows)]
pub(super) use windows::Place;

#[cfg(unix)]
mod unix {
    use std::fs::File;
    use std::io;
    use std::os::unix::fs::FileExt;

    /// Nothing is needed here.
    #[derive(Default)]
    pub(in super::super) struct Place(());

    impl Place {
        pub(in super::super) fn read_at(
            &self,
            file: &File,
            buf: &mut [u8],
            offset: u64,
        ) -> io::Result<usize> {
            file.read_at(buf, offset)
        }

        pub(in super::super) fn write_all_at(
            &self,
            file: &File,
            buf: &[u8],
            offset: u64,
        ) -> io::Result<()> {
            file.write_all_at(buf, offset)
        }
    }
}

#[cfg(windows)]
mod windows {
    use std::fs::File;
    use std::io::{self, Seek, SeekFrom};
    use std::os::windows::fs::FileExt;
    use std::sync::{Mutex, PoisonError};

    /// Held by whoever has moved the position and not put it back yet.
    #[derive(Default)]
    pub(in super::super) struct Place(Mutex<()>);

    impl Place {
        pub(in super::super) fn read_at(
            &self,
            file: &File,
            buf: &mut [u8],
            offset: u64,
        ) -> io::Result<usize> {
            self.keep(file, || file.seek_read(buf, offset))
        }

        pub(in super::super) fn write_all_at(
            &self,
            file: &File,
            buf: &[u8],
            offset: u64,
        ) -> io::Result<()> {
            self.keep(file, || write_all_at(file, buf, offset))
        }

        fn keep<T>(&self, mut file: &File, f: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
            let _alone = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let position = file.stream_position()?;
            let result = f();
            file.seek(SeekFrom::Start(position))?;
            result
        }
    }

    fn write_all_at(file: &File, mut buf: &[u8], mut offset: u64) -> io::Result<()> {
        while !buf.is_empty() {
            let n = file.seek_write(buf, offset)?;
            if n == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
            buf = &buf[n..];
            offset += n as u64;
        }
        Ok(())
    }
}
