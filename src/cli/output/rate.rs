//! The rate of a run over its last seconds, from which the time that is left follows. The rate of a whole
//! run is in [`super::summary`](mod@super::summary).

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// The time over which the rate is measured: long enough that one slow answer does not change it much.
const WINDOW: Duration = Duration::from_secs(15);

/// Minimum time between two samples, which bounds their number.
const STEP: Duration = Duration::from_millis(500);

/// Before that a rate is too inaccurate to be shown.
const MIN_ELAPSED: Duration = Duration::from_millis(200);

/// The totals at one moment.
#[derive(Debug, Clone, Copy)]
struct Sample {
    at: Instant,
    rows: u64,
    bytes: u64,
}

/// Samples of the last [`WINDOW`], and the one before it.
#[derive(Debug, Clone)]
pub(super) struct RecentRate(VecDeque<Sample>);

impl RecentRate {
    /// A run begins.
    pub(super) fn begin(now: Instant) -> Self {
        Self(VecDeque::from([Sample { at: now, rows: 0, bytes: 0 }]))
    }

    /// The totals have changed.
    pub(super) fn record(&mut self, now: Instant, rows: u64, bytes: u64) {
        if self.0.back().is_none_or(|last| now.saturating_duration_since(last.at) >= STEP) {
            self.0.push_back(Sample { at: now, rows, bytes });
        }
        while self.0.get(1).is_some_and(|second| now.saturating_duration_since(second.at) >= WINDOW) {
            self.0.pop_front();
        }
    }

    /// Rows and bytes a second, with the totals as they are now; `None` when it is too early to say.
    pub(super) fn per_second(&self, now: Instant, rows: u64, bytes: u64) -> Option<(f64, f64)> {
        let before = |sample: &&Sample| now.saturating_duration_since(sample.at) >= WINDOW;
        let first = self.0.iter().rev().find(before).or(self.0.front())?;
        let elapsed = now.saturating_duration_since(first.at);
        let rate = |now: u64, then: u64| super::numbers::per_second(now.saturating_sub(then), elapsed);
        (elapsed >= MIN_ELAPSED).then(|| (rate(rows, first.rows), rate(bytes, first.bytes)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_that_of_the_last_seconds() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut rate = RecentRate::begin(start);
        assert_eq!(rate.per_second(start, 0, 0), None);
        // 100 rows a second for a minute, then 10.
        for second in 1..=60 {
            rate.record(at(second), second * 100, second * 1000);
        }
        assert_eq!(rate.per_second(at(60), 6000, 60_000), Some((100.0, 1000.0)));
        for second in 61..=120 {
            rate.record(at(second), 6000 + (second - 60) * 10, 60_000);
        }
        assert_eq!(rate.per_second(at(120), 6600, 60_000), Some((10.0, 0.0)));
        assert!(rate.0.len() <= 17, "{}", rate.0.len());
        // Nothing is answered any more.
        assert_eq!(rate.per_second(at(300), 6600, 60_000), Some((0.0, 0.0)));
    }
}
