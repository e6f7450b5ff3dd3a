//! The counts of a run over time, thinned to a fixed number of intervals: when there are too many, each
//! two neighbours become one.

use crate::report::event::Progress;

/// Maximum number of intervals of a run; after thinning there are half as many.
const MAX_INTERVALS: usize = 200;

/// What happened between two moments of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::report) struct Interval {
    /// In milliseconds since the Unix epoch.
    pub(in crate::report) from: u64,
    pub(in crate::report) to: u64,
    /// Rows that were answered, and the bytes of their batches.
    pub(in crate::report) rows: u64,
    pub(in crate::report) bytes: u64,
    /// Requests that were answered.
    pub(in crate::report) answered: u64,
    /// The median of their latencies in milliseconds; of joined intervals, the mean of the medians, weighted
    /// by the requests.
    pub(in crate::report) p50: Option<u64>,
    /// The 95th percentile; of joined intervals, the highest.
    pub(in crate::report) p95: Option<u64>,
    /// The highest number of requests in flight; of earlier versions, the number at the end.
    pub(in crate::report) in_flight: u64,
}

impl Interval {
    /// Its length in milliseconds.
    pub(in crate::report) fn length(&self) -> u64 {
        self.to.saturating_sub(self.from)
    }

    fn joined(&self, next: &Self) -> Self {
        Self {
            from: self.from,
            to: next.to.max(self.to),
            rows: self.rows.saturating_add(next.rows),
            bytes: self.bytes.saturating_add(next.bytes),
            answered: self.answered.saturating_add(next.answered),
            p50: mean((self.p50, self.answered), (next.p50, next.answered)),
            p95: self.p95.max(next.p95),
            in_flight: self.in_flight.max(next.in_flight),
        }
    }
}

/// The weighted mean of two values, where there are two.
fn mean(a: (Option<u64>, u64), b: (Option<u64>, u64)) -> Option<u64> {
    let ((Some(first), of_first), (Some(second), of_second)) = (a, b) else { return a.0.or(b.0) };
    // No interval has that many requests, but a file can say so.
    let weight = |requests: u64| u128::from(requests.clamp(1, u32::MAX.into()));
    let (of_first, of_second) = (weight(of_first), weight(of_second));
    let sum = u128::from(first) * of_first + u128::from(second) * of_second;
    u64::try_from(sum / (of_first + of_second)).ok()
}

/// The counts at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Totals {
    at: u64,
    rows: u64,
    bytes: u64,
}

/// The intervals of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Series {
    intervals: Vec<Interval>,
    /// How many events make an interval.
    stride: usize,
    /// An interval that is not complete, and how many events it has.
    pending: Option<(Interval, usize)>,
    last: Option<Totals>,
}

impl Series {
    pub(super) fn new() -> Self {
        Self { intervals: Vec::new(), stride: 1, pending: None, last: None }
    }

    /// Adds what has happened since the event before; the first event is where the series begins.
    pub(super) fn add(&mut self, at: u64, progress: &Progress) {
        let totals = Totals { at, rows: progress.run.sent(), bytes: progress.run.bytes };
        let Some(last) = self.last.replace(totals) else { return };
        let interval = Interval {
            from: last.at,
            to: at.max(last.at),
            rows: totals.rows.saturating_sub(last.rows),
            bytes: totals.bytes.saturating_sub(last.bytes),
            answered: progress.interval.map_or(0, |interval| interval.answered),
            p50: progress.interval.and_then(|interval| interval.latency_ms.p50),
            p95: progress.interval.and_then(|interval| interval.latency_ms.p95),
            in_flight: progress.interval.map_or(progress.run.in_flight, |interval| interval.max_in_flight),
        };
        self.push(interval);
    }

    fn push(&mut self, interval: Interval) {
        let (joined, count) = match &self.pending {
            Some((pending, count)) => (pending.joined(&interval), count + 1),
            None => (interval, 1),
        };
        if count < self.stride {
            self.pending = Some((joined, count));
            return;
        }
        self.pending = None;
        self.intervals.push(joined);
        if self.intervals.len() == MAX_INTERVALS {
            self.intervals = joined_to(&self.intervals, MAX_INTERVALS / 2);
            self.stride *= 2;
        }
    }

    /// The intervals, the last one possibly longer than the others, joined until there are at most `max`.
    pub(super) fn intervals(&self, max: usize) -> Vec<Interval> {
        let mut all = self.intervals.clone();
        all.extend(self.pending.map(|(interval, _)| interval));
        // The counts at the end come soon after others: so short an interval says little.
        if let [.., before, last] = all.as_slice()
            && last.length() < before.length() / 2
        {
            let joined = before.joined(last);
            all.truncate(all.len() - 2);
            all.push(joined);
        }
        joined_to(&all, max)
    }
}

/// Joins neighbours until there are at most `max`.
fn joined_to(intervals: &[Interval], max: usize) -> Vec<Interval> {
    let size = intervals.len().div_ceil(max.max(1)).max(1);
    let joined = |chunk: &[Interval]| {
        let mut chunk = chunk.iter();
        let first = chunk.next().copied().unwrap_or_default();
        chunk.fold(first, |joined, next| joined.joined(next))
    };
    intervals.chunks(size).map(joined).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn second(number: u64) -> Interval {
        Interval {
            from: number * 1000,
            to: (number + 1) * 1000,
            rows: number,
            answered: 1,
            p50: Some(number),
            p95: Some(number),
            ..Interval::default()
        }
    }

    #[test]
    fn a_series_of_any_length_has_a_bounded_number_of_intervals_and_loses_no_row() {
        for count in [0, 1, 199, 200, 201, 399, 400, 401, 10_000] {
            let mut series = Series::new();
            for number in 0..count {
                series.push(second(number));
            }
            let intervals = series.intervals(MAX_INTERVALS);
            assert!(intervals.len() <= MAX_INTERVALS, "{count}: {}", intervals.len());
            assert_eq!(intervals.iter().map(|interval| interval.rows).sum::<u64>(), (0..count).sum::<u64>());
            assert!(intervals.windows(2).all(|pair| pair[0].to == pair[1].from), "{count}");
            let few = series.intervals(7);
            assert!(few.len() <= 7 && few.last().map(|last| last.to) == intervals.last().map(|last| last.to));
        }
    }

    #[test]
    fn joined_intervals_have_the_weighted_median_and_the_highest_percentile() {
        let fast = Interval { answered: 9, p50: Some(10), p95: Some(30), in_flight: 2, ..second(0) };
        let slow = Interval { answered: 1, p50: Some(110), p95: Some(200), in_flight: 7, ..second(1) };
        let joined = fast.joined(&slow);
        assert_eq!((joined.p50, joined.p95, joined.in_flight), (Some(20), Some(200), 7));
        let none = Interval { answered: 0, p50: None, p95: None, ..second(2) };
        assert_eq!((none.joined(&slow).p50, slow.joined(&none).p50), (Some(110), Some(110)));
        let huge = Interval { answered: u64::MAX, p50: Some(u64::MAX), ..second(3) };
        assert_eq!(huge.joined(&huge).p50, Some(u64::MAX));
    }
}
