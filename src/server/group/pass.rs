//! The rhythm of forgetting, the same for every store: passes, each in chunks of bounded time, with pauses
//! that leave most of the time to pushes.

use std::time::Duration;

use crate::server::retention::Retention;

/// Rows of the first chunk. The next ones follow the time that they took.
const FIRST_ROWS: u64 = 500;

/// Rows of any chunk.
const MIN_ROWS: u64 = 50;
const MAX_ROWS: u64 = 20_000;

/// The pause after a chunk, in times of what it took: a pass takes a fifth of the time.
const PAUSE: u32 = 4;

/// Passes while something reaches the age at which it is forgotten. A pass reads all remembered mutations,
/// so that a mutation is read that many times in its life.
const PASSES: u32 = 8;

/// The time between the beginnings of two passes.
const MIN_INTERVAL: Duration = Duration::from_secs(1);
const MAX_INTERVAL: Duration = Duration::from_hours(24);

/// The time between the beginnings of two passes; `None` if nothing is forgotten.
pub(super) fn interval(retention: &Retention) -> Option<Duration> {
    Some((retention.shortest()? / PASSES).clamp(MIN_INTERVAL, MAX_INTERVAL))
}

/// The size of chunks.
#[derive(Debug)]
pub(super) struct ChunkSize {
    rows: u64,
    /// The time that a chunk should take.
    time: Duration,
}

impl ChunkSize {
    /// Chunks that take this time.
    pub(super) fn taking(time: Duration) -> Self {
        Self { rows: FIRST_ROWS, time }
    }

    /// Rows of the next chunk.
    pub(super) fn rows(&self) -> u64 {
        self.rows
    }

    /// Follows the time that a chunk took, and returns the pause after it.
    pub(super) fn took(&mut self, took: Duration) -> Duration {
        let rows = if took > self.time {
            self.rows / 2
        } else if took < self.time / 4 {
            self.rows * 2
        } else {
            self.rows
        };
        self.rows = rows.clamp(MIN_ROWS, MAX_ROWS);
        took * PAUSE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_follow_the_time_that_they_take() {
        let time = Duration::from_millis(10);
        let mut size = ChunkSize::taking(time);
        for (took, rows) in [(time / 2, 500), (time * 2, 250), (Duration::ZERO, 500), (time / 8, 1000)] {
            assert_eq!(size.took(took), took * PAUSE);
            assert_eq!(size.rows(), rows);
        }
        for (took, rows) in [(Duration::ZERO, MAX_ROWS), (time * 2, MIN_ROWS)] {
            for _ in 0..20 {
                size.took(took);
            }
            assert_eq!(size.rows(), rows);
        }
    }

    #[test]
    fn passes_follow_the_shorter_age_within_a_second_and_a_day() {
        let day = Duration::from_hours(24);
        for (mutations, deletes, expected) in [
            (None, None, None),
            (Some(day * 365), None, Some(day)),
            (Some(day), Some(day * 30), Some(Duration::from_hours(3))),
            (None, Some(Duration::from_secs(1)), Some(Duration::from_secs(1))),
        ] {
            assert_eq!(interval(&Retention { mutations, deletes }), expected);
        }
    }
}
