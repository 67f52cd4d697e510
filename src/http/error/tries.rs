//! How often a request was made, and why not once more: what errors and responses tell of it.

use std::fmt;
use std::time::Duration;

/// The tries of one request so far. Counted by `send`, decided on by `retry`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tries {
    /// 1 for the first.
    pub(crate) count: u32,
    /// Set where there were retries left, and the last failure was one to repeat.
    pub(crate) stop: Option<Stop>,
}

/// What speaks against a try that would have been allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// The wait before it would not end before the total deadline.
    Deadline,
    /// The server asks for a longer wait (this one) than we are ready for (`max_retry_after`).
    AskedTooLong(Duration),
}

impl Tries {
    pub(crate) fn first() -> Tries {
        let (count, stop) = (1, None);
        Tries { count, stop }
    }
}

impl fmt::Display for Tries {
    /// What stands behind an error: nothing after a single try that nothing was to follow.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.count, self.stop) {
            (1, None) => return Ok(()),
            (1, Some(_)) => write!(f, " (after 1 try")?,
            (count, _) => write!(f, " (after {count} tries")?,
        }
        match self.stop {
            None => write!(f, ")"),
            Some(Stop::Deadline) => {
                write!(
                    f,
                    "; the wait for the next would outlast the total deadline)"
                )
            }
            Some(Stop::AskedTooLong(asked)) => write!(
                f,
                "; the server asks to wait {} s, more than `max_retry_after` allows)",
                asked.as_secs()
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_try_is_not_worth_a_word_unless_another_was_given_up() {
        let said = |count, stop| Tries { count, stop }.to_string();
        assert_eq!(said(1, None), "");
        assert_eq!(said(3, None), " (after 3 tries)");
        assert!(said(1, Some(Stop::Deadline)).contains("1 try; the wait for the next"));
        let day = Stop::AskedTooLong(Duration::from_secs(86_400));
        assert!(said(2, Some(day)).contains("2 tries; the server asks to wait 86400 s"));
    }
}
