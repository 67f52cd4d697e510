//! What was pressed: bytes of a terminal in, [`Key`]s out.
//!
//! A letter is a byte. An arrow is three, `ESC [ A`, or `ESC O A` in another mode of the
//! terminal; whatever else begins with `ESC [` is some other key, up to its last byte, which is
//! the first from `@` to `~` (ECMA-48 §5.4).

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    Pause,
    Up,
    Down,
    Drop,
    Slower,
    Faster,
    Help,
    Quit,
    Escape,
}

/// All that is known of what stands in `bytes`, in order. Keys that mean nothing are skipped.
pub fn keys(bytes: &[u8]) -> Vec<Key> {
    let mut keys = Vec::new();
    let mut rest = bytes;
    while let Some((&first, behind)) = rest.split_first() {
        let (key, behind) = match (first, behind) {
            (0x1b, [b'[', behind @ ..]) => sequence(behind),
            (0x1b, [b'O', last, behind @ ..]) => (arrow(&[], *last), behind),
            (byte, behind) => (letter(byte), behind),
        };
        keys.extend(key);
        rest = behind;
    }
    keys
}

/// What stands behind `ESC [`, and what behind that.
fn sequence(bytes: &[u8]) -> (Option<Key>, &[u8]) {
    let last = bytes.iter().position(|byte| (b'@'..=b'~').contains(byte));
    match last {
        Some(at) => (arrow(&bytes[..at], bytes[at]), &bytes[at + 1..]),
        None => (None, &[]),
    }
}

fn arrow(parameters: &[u8], last: u8) -> Option<Key> {
    match (parameters, last) {
        ([], b'A') => Some(Key::Up),
        ([], b'B') => Some(Key::Down),
        (b"3", b'~') => Some(Key::Drop), // Delete
        _ => None,
    }
}

fn letter(byte: u8) -> Option<Key> {
    match byte {
        b'p' | b'P' | b' ' => Some(Key::Pause),
        b'k' | b'K' => Some(Key::Up),
        b'j' | b'J' | b'\t' => Some(Key::Down),
        b'd' | b'D' => Some(Key::Drop),
        b'-' | b'_' => Some(Key::Slower),
        b'+' | b'=' => Some(Key::Faster),
        b'?' | b'h' | b'H' => Some(Key::Help),
        b'q' | b'Q' => Some(Key::Quit),
        0x1b => Some(Key::Escape),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_arrows_and_a_bare_escape_are_told_apart() {
        use Key::*;
        assert_eq!(keys(b"p+-d?q"), [Pause, Faster, Slower, Drop, Help, Quit]);
        assert_eq!(keys(b"\x1b[A\x1bOB\x1b[3~j"), [Up, Down, Drop, Down]);
        assert_eq!(keys(b"\x1b\x1b[B\x1b"), [Escape, Down, Escape]);
    }

    /// Broken by: taking only `ESC [` for the whole of an unknown key; then F5 and Ctrl-arrow
    /// would leave letters behind that mean something.
    #[test]
    fn unknown_keys_mean_nothing() {
        assert_eq!(keys(b"\x1b[15~\x1b[1;5A\x1b[200~xyz\xc3\xa4\r\n\x1b["), []);
        assert_eq!(keys(b"\x1b[<0;12;7Mp"), [Key::Pause]);
    }
}
