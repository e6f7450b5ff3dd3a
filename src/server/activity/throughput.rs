//! How many mutations there were in each of the last seconds: a ring of counters.

/// Seconds that are kept: those of the curve.
pub(in crate::server) const WINDOW_SECONDS: usize = 300;

/// Complete seconds over which the current rate is the mean. One alone would jump with every group.
const RATE_SECONDS: usize = 5;

/// Counters of the last seconds, up to `N` of them.
#[derive(Debug, Clone)]
pub(in crate::server) struct Throughput<const N: usize> {
    counts: [u64; N],
    /// The latest second that was counted, since 1970.
    latest: u64,
}

impl<const N: usize> Default for Throughput<N> {
    fn default() -> Self {
        Self { counts: [0; N], latest: 0 }
    }
}

impl<const N: usize> Throughput<N> {
    /// Adds to a second. One that is too old is left out.
    pub(in crate::server) fn add(&mut self, second: u64, count: u64) {
        self.advance(second);
        if self.latest - second < N as u64 {
            self.counts[Self::slot(second)] += count;
        }
    }

    /// The counts of the `N - 1` complete seconds before this one, the oldest first.
    pub(in crate::server) fn complete(&self, now: u64) -> impl DoubleEndedIterator<Item = u64> + '_ {
        let oldest = self.latest.saturating_sub(N as u64 - 1);
        (now.saturating_sub(N as u64 - 1)..now).map(move |second| {
            let is_kept = (oldest..=self.latest).contains(&second);
            if is_kept { self.counts[Self::slot(second)] } else { 0 }
        })
    }

    /// The mean of the last complete seconds.
    #[expect(clippy::cast_precision_loss, reason = "counts of some seconds are small")]
    pub(in crate::server) fn rate(&self, now: u64) -> f64 {
        let last: u64 = self.complete(now).rev().take(RATE_SECONDS).sum();
        last as f64 / RATE_SECONDS as f64
    }

    /// Makes room up to a second.
    fn advance(&mut self, second: u64) {
        let first = (self.latest + 1).max(second.saturating_sub(N as u64 - 1));
        for passed in first..=second {
            self.counts[Self::slot(passed)] = 0;
        }
        self.latest = self.latest.max(second);
    }

    fn slot(second: u64) -> usize {
        usize::try_from(second % N as u64).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_of_the_last_seconds_has_its_count_and_what_is_older_is_forgotten() {
        let mut throughput = Throughput::<4>::default();
        for (second, count) in [(1000, 1), (1001, 2), (1003, 4), (1001, 8), (999, 64)] {
            throughput.add(second, count);
        }
        let complete = |throughput: &Throughput<4>, now| throughput.complete(now).collect::<Vec<_>>();
        assert_eq!(complete(&throughput, 1003), [1, 10, 0]);
        assert_eq!(complete(&throughput, 1004), [10, 0, 4]);
        assert_eq!(complete(&throughput, 1006), [4, 0, 0]);
        assert_eq!(complete(&throughput, 5000), [0, 0, 0]);
        throughput.add(5000, 3);
        assert_eq!(complete(&throughput, 5001), [0, 0, 3]);
    }

    #[test]
    fn the_rate_is_the_mean_of_complete_seconds() {
        let mut throughput = Throughput::<10>::default();
        for second in 100..=105 {
            throughput.add(second, 50);
        }
        assert!((throughput.rate(105) - 50.0).abs() < 1e-9);
        assert!((throughput.rate(108) - 30.0).abs() < 1e-9);
        assert!(throughput.rate(200).abs() < 1e-9);
    }
}
