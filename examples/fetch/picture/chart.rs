//! Where the bytes and the places went over the whole run: for each of some hundred slices of
//! time, how many files were in which phase, and how many bytes came.

use std::time::Duration;

use super::phase::{PHASES, Phase, Span};
use super::rows::FileRow;
use super::story::Story;

/// As many as a narrow screen has room for.
pub const SLICES: usize = 200;

#[derive(Debug)]
pub struct Slices {
    /// By [`Phase`]: how many files were in it, on average over the slice.
    pub files: Vec<[f64; PHASES]>,
    /// Bytes in a second.
    pub speed: Vec<f64>,
}

impl Slices {
    pub fn of(story: &Story, rows: &[FileRow]) -> Slices {
        let mut slices = Slices {
            files: vec![[0.0; PHASES]; SLICES],
            speed: vec![0.0; SLICES],
        };
        let wide = story.end.as_secs_f64() / SLICES as f64;
        if wide <= 0.0 {
            return slices;
        }
        for Span { phase, from, to } in rows.iter().flat_map(|row| &row.tracks).flat_map(|l| &l.0) {
            spread(*from, *to, wide, |slice, time| {
                slices.files[slice][*phase as usize] += time / wide;
            });
        }
        for exchange in &story.exchanges {
            for (from, to, bytes) in &exchange.arrivals {
                let took = (*to - *from).as_secs_f64();
                // All at one moment: it is in the slice of that moment.
                if took <= 0.0 {
                    slices.speed[slice_at(*to, wide)] += *bytes as f64 / wide;
                }
                spread(*from, *to, wide, |slice, time| {
                    slices.speed[slice] += *bytes as f64 * time / took / wide;
                });
            }
        }
        slices
    }

    /// Files in any phase but the queue, at most.
    pub fn most_files(&self) -> f64 {
        let of = |slice: &[f64; PHASES]| slice[Phase::Blocked as usize..].iter().sum::<f64>();
        self.files.iter().map(of).fold(0.0, f64::max)
    }

    pub fn top_speed(&self) -> f64 {
        self.speed.iter().copied().fold(0.0, f64::max)
    }
}

fn slice_at(moment: Duration, wide: f64) -> usize {
    ((moment.as_secs_f64() / wide) as usize).min(SLICES - 1)
}

/// Tells each slice between two moments how many seconds of it lie between them.
fn spread(from: Duration, to: Duration, wide: f64, mut tell: impl FnMut(usize, f64)) {
    for slice in slice_at(from, wide)..=slice_at(to, wide) {
        let (begin, end) = (slice as f64 * wide, (slice + 1) as f64 * wide);
        let time = to.as_secs_f64().min(end) - from.as_secs_f64().max(begin);
        if time > 0.0 {
            tell(slice, time);
        }
    }
}
