//! A histogram of latencies: percentiles of any number of them, in a fixed amount of memory. What is
//! measured is decided in [`super::counters`].

use std::time::Duration;

/// Buckets for each power of two, so that a percentile is at most 1/16 (6 %) too high.
const STEPS: usize = 16;

/// Latencies from 0 to about 19 hours, in microseconds; longer ones count as that.
const BUCKETS: usize = STEPS * 33;

/// Counts latencies by their size.
#[derive(Debug, Clone)]
pub(super) struct Latencies {
    /// Bucket by bucket.
    counts: Box<[u64; BUCKETS]>,
    count: u64,
    max: Duration,
}

impl Latencies {
    pub(super) fn new() -> Self {
        Self { counts: Box::new([0; BUCKETS]), count: 0, max: Duration::ZERO }
    }

    pub(super) fn record(&mut self, latency: Duration) {
        self.counts[bucket(latency)] += 1;
        self.count += 1;
        self.max = self.max.max(latency);
    }

    /// The longest latency; `None` when there is none.
    pub(super) fn max(&self) -> Option<Duration> {
        (self.count > 0).then_some(self.max)
    }

    /// The latency that this many percent of all do not exceed; `None` when there is none.
    pub(super) fn percentile(&self, percent: u64) -> Option<Duration> {
        let rank = (self.count * percent).div_ceil(100).max(1);
        let mut seen = 0;
        let found = self.counts.iter().position(|count| {
            seen += count;
            seen >= rank
        });
        found.map(|bucket| upper_end(bucket).min(self.max))
    }
}

/// The bucket of a latency: up to twice [`STEPS`] microseconds one each, above that [`STEPS`] for each
/// power of two.
fn bucket(latency: Duration) -> usize {
    let micros = usize::try_from(latency.as_micros()).unwrap_or(usize::MAX);
    let shift = (micros / STEPS).checked_ilog2().unwrap_or(0) as usize;
    (STEPS * shift + (micros >> shift)).min(BUCKETS - 1)
}

/// The longest latency in a bucket.
fn upper_end(bucket: usize) -> Duration {
    let shift = (bucket / STEPS).saturating_sub(1);
    let steps = (bucket - STEPS * shift + 1) as u64;
    Duration::from_micros((steps << shift) - 1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn without_latencies_there_is_no_percentile() {
        let latencies = Latencies::new();
        assert_eq!((latencies.percentile(50), latencies.max()), (None, None));
    }

    #[test]
    fn every_latency_has_a_bucket() {
        for latency in [Duration::ZERO, Duration::from_mins(1), Duration::MAX] {
            let mut latencies = Latencies::new();
            latencies.record(latency);
            assert_eq!(latencies.max(), Some(latency));
            assert!(latencies.percentile(50).unwrap() <= latency);
        }
    }

    proptest! {
        #[test]
        fn percentiles_are_the_exact_ones_or_at_most_a_sixteenth_higher(
            mut micros in prop::collection::vec(0..10_000_000_u64, 1..200),
            percent in 1..=100_u8,
        ) {
            let mut latencies = Latencies::new();
            for micros in &micros {
                latencies.record(Duration::from_micros(*micros));
            }
            micros.sort_unstable();
            let rank = (micros.len() * usize::from(percent)).div_ceil(100).max(1);
            let exact = micros[rank - 1];
            let found = latencies.percentile(percent.into()).unwrap();
            let bounds = [exact, exact + exact / 16 + 1].map(Duration::from_micros);
            prop_assert!(bounds[0] <= found && found <= bounds[1], "{exact}: {found:?}");
        }
    }
}
