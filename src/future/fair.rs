//! Who begins: the one door through which chance could come into `select!`, `join!` and `race`.
//!
//! Law: where several branches are ready, the one that is polled first wins. Consequence: if
//! that were always the first in the source, a first branch that is always ready (a busy
//! channel, say) would starve the others for ever. Choice: the start moves on with each poll,
//! by the golden section of a full turn. Steps of that size come round evenly whatever the
//! number of branches is, and also for a program that passes two `select!`s by turns and so
//! sees only every second step: there, a counter would begin at the same branch each time.
//! Price: one thread-local number, one addition and one multiplication for each poll.
//!
//! It is a rule and no dice, so a run can be repeated; a seed would go into `TURN`.

use std::cell::Cell;

/// The golden section of 2^32, the nearest odd number.
const GOLDEN: u32 = 0x9E37_79B9;

thread_local! {
    /// Where the next one begins, as a fraction of a full turn.
    static TURN: Cell<u32> = const { Cell::new(0) };
}

/// Which of so many branches to begin with, this time.
#[inline]
pub fn start(branches: u32) -> u32 {
    let turn = TURN.get();
    TURN.set(turn.wrapping_add(GOLDEN));
    ((u64::from(turn) * u64::from(branches)) >> 32) as u32
}

/// Begins from the beginning, so that a run can be repeated.
pub(crate) fn rewind() {
    TURN.set(0);
}

/// The branches once around, from a start: `2, 3, 0, 1`.
#[derive(Debug)]
pub struct Order {
    next: u32,
    left: u32,
    branches: u32,
}

impl Order {
    /// From a fair start.
    #[inline]
    pub fn fair(branches: u32) -> Order {
        Order {
            next: start(branches),
            left: branches,
            branches,
        }
    }

    /// As they stand in the source.
    #[inline]
    pub fn biased(branches: u32) -> Order {
        Order {
            next: 0,
            left: branches,
            branches,
        }
    }
}

impl Iterator for Order {
    type Item = u32;

    #[inline]
    fn next(&mut self) -> Option<u32> {
        self.left = self.left.checked_sub(1)?;
        let branch = self.next;
        self.next = if branch + 1 == self.branches {
            0
        } else {
            branch + 1
        };
        Some(branch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Broken by: `TURN.set(turn)`, or a step of one branch (`every` = `branches` fails then).
    #[test]
    fn everybody_begins_equally_often_also_if_only_every_so_many_starts_are_seen() {
        for branches in [1, 2, 3, 4, 5, 7, 8, 13, 32_u32] {
            for every in 1..=21 {
                let mut began = vec![0_u32; branches as usize];
                for _ in 0..branches * 100 {
                    began[start(branches) as usize] += 1;
                    for _ in 1..every {
                        start(branches);
                    }
                }
                let fair = began.iter().all(|&times| (50..=150).contains(&times));
                assert!(fair, "{branches} branches, each {every}. start: {began:?}");
            }
        }
    }

    #[test]
    fn an_order_goes_once_around() {
        assert_eq!(Order::biased(3).collect::<Vec<_>>(), [0, 1, 2]);
        for _ in 0..10 {
            let mut order: Vec<u32> = Order::fair(4).collect();
            assert!(order.windows(2).all(|w| w[1] == (w[0] + 1) % 4));
            order.sort_unstable();
            assert_eq!(order, [0, 1, 2, 3]);
        }
        assert_eq!(Order::fair(0).next(), None);
    }
}
