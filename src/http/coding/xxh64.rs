//! XXH64 with seed 0, the checksum at the end of a zstd frame (RFC 8878 §3.1.1).
//!
//! Four lanes take eight bytes each in turn; at the end they are folded into one, and what was
//! left over is mixed in. The numbers are those of the algorithm's description.

const P1: u64 = 0x9e37_79b1_85eb_ca87;
const P2: u64 = 0xc2b2_ae3d_27d4_eb4f;
const P3: u64 = 0x1656_67b1_9e37_79f9;
const P4: u64 = 0x85eb_ca77_c2b2_ae63;
const P5: u64 = 0x27d4_eb2f_1656_67c5;

const STRIPE: usize = 32;

pub(crate) struct Xxh64 {
    lanes: [u64; 4],
    /// What does not fill a stripe yet.
    rest: [u8; STRIPE],
    have: usize,
    all: u64,
}

impl Xxh64 {
    pub(crate) fn new() -> Xxh64 {
        Xxh64 {
            lanes: [P1.wrapping_add(P2), P2, 0, 0_u64.wrapping_sub(P1)],
            rest: [0; STRIPE],
            have: 0,
            all: 0,
        }
    }

    pub(crate) fn update(&mut self, mut bytes: &[u8]) {
        self.all += bytes.len() as u64;
        if self.have > 0 {
            let count = bytes.len().min(STRIPE - self.have);
            self.rest[self.have..self.have + count].copy_from_slice(&bytes[..count]);
            self.have += count;
            bytes = &bytes[count..];
            if self.have < STRIPE {
                return;
            }
            let stripe = self.rest;
            self.stripe(&stripe);
            self.have = 0;
        }
        let stripes = bytes.chunks_exact(STRIPE);
        let rest = stripes.remainder();
        for stripe in stripes {
            self.stripe(stripe);
        }
        self.rest[..rest.len()].copy_from_slice(rest);
        self.have = rest.len();
    }

    fn stripe(&mut self, stripe: &[u8]) {
        for (lane, bytes) in self.lanes.iter_mut().zip(stripe.chunks_exact(8)) {
            *lane = round(*lane, word(bytes));
        }
    }

    pub(crate) fn sum(&self) -> u64 {
        let mut sum = if self.all >= STRIPE as u64 {
            self.fold()
        } else {
            P5
        };
        sum = sum.wrapping_add(self.all);
        let words = self.rest[..self.have].chunks_exact(8);
        let mut rest = words.remainder();
        for bytes in words {
            sum ^= round(0, word(bytes));
            sum = sum.rotate_left(27).wrapping_mul(P1).wrapping_add(P4);
        }
        if let Some((bytes, fewer)) = rest.split_first_chunk::<4>() {
            sum ^= u64::from(u32::from_le_bytes(*bytes)).wrapping_mul(P1);
            sum = sum.rotate_left(23).wrapping_mul(P2).wrapping_add(P3);
            rest = fewer;
        }
        for byte in rest {
            sum ^= u64::from(*byte).wrapping_mul(P5);
            sum = sum.rotate_left(11).wrapping_mul(P1);
        }
        scatter(sum)
    }

    fn fold(&self) -> u64 {
        let turned = self.lanes.iter().zip([1, 7, 12, 18]);
        let sum = turned.fold(0_u64, |sum, (lane, by)| {
            sum.wrapping_add(lane.rotate_left(by))
        });
        self.lanes.iter().fold(sum, |sum, lane| {
            (sum ^ round(0, *lane)).wrapping_mul(P1).wrapping_add(P4)
        })
    }
}

fn word(bytes: &[u8]) -> u64 {
    u64::from_le_bytes(bytes.try_into().expect("chunks of eight"))
}

fn round(lane: u64, word: u64) -> u64 {
    lane.wrapping_add(word.wrapping_mul(P2))
        .rotate_left(31)
        .wrapping_mul(P1)
}

fn scatter(mut sum: u64) -> u64 {
    sum = (sum ^ (sum >> 33)).wrapping_mul(P2);
    sum = (sum ^ (sum >> 29)).wrapping_mul(P3);
    sum ^ (sum >> 32)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sum_of(bytes: &[u8], size: usize) -> u64 {
        let mut hash = Xxh64::new();
        bytes.chunks(size).for_each(|piece| hash.update(piece));
        hash.sum()
    }

    #[test]
    fn the_sums_are_those_that_others_print() {
        assert_eq!(sum_of(b"", 1), 0xef46_db37_51d8_e999);
        assert_eq!(sum_of(b"a", 1), 0xd24e_c4f1_a98c_6e5b);
        assert_eq!(sum_of(b"abc", 3), 0x44bc_2cf5_ad77_0999);
    }

    #[test]
    fn a_sum_does_not_depend_on_how_the_bytes_were_split() {
        let bytes: Vec<u8> = (0..200_u8).collect();
        let whole = sum_of(&bytes, bytes.len());
        for size in 1..70 {
            assert_eq!(sum_of(&bytes, size), whole, "{size}");
        }
    }
}
