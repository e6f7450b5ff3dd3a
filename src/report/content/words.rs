//! Moments, durations and rates as text, and the order of counts. Times are UTC: a report says the same everywhere.

use std::collections::BTreeMap;
use std::time::{Duration, UNIX_EPOCH};

use crate::numbers::{bytes, grouped, per_second, rounded, time};

/// The first moment that has no year of four digits, in milliseconds since the Unix epoch.
const YEAR_10000: u64 = 253_402_300_800_000;

/// Names with their counts, the highest first.
pub(super) fn highest_first(counts: &BTreeMap<String, u64>) -> Vec<(&String, u64)> {
    let mut counts: Vec<_> = counts.iter().map(|(name, count)| (name, *count)).collect();
    counts.sort_unstable_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    counts
}

/// A moment, `2026-11-26 19:22:48 UTC`.
pub(super) fn moment(ms: u64) -> String {
    let at = UNIX_EPOCH + Duration::from_millis(ms.min(YEAR_10000 - 1));
    let text = humantime::format_rfc3339_seconds(at).to_string();
    text.replace('T', " ").replace('Z', " UTC")
}

/// How long something took: `0.34 s`, `12.3 s`, `3m 05s`.
pub(super) fn duration(ms: u64) -> String {
    let duration = Duration::from_millis(ms);
    match ms {
        0..1_000 => format!("{:.2} s", duration.as_secs_f64()),
        1_000..60_000 => format!("{:.1} s", duration.as_secs_f64()),
        _ => time(duration),
    }
}

/// A latency: `20 ms`, `1,250 ms`.
pub(super) fn latency(ms: u64) -> String {
    format!("{} ms", grouped(ms))
}

/// How many of something a second, in a number of milliseconds.
pub(super) fn rate(count: u64, ms: u64) -> f64 {
    per_second(count, Duration::from_millis(ms))
}

/// A number of rows a second.
pub(super) fn row_rate(rate: f64) -> String {
    format!("{} rows/s", grouped(rounded(rate)))
}

/// A number of bytes a second.
pub(super) fn byte_rate(rate: f64) -> String {
    format!("{}/s", bytes(rounded(rate)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_moment_and_duration_has_a_text() {
        assert_eq!(moment(0), "1970-01-01 00:00:00 UTC");
        assert_eq!(moment(1_763_935_200_000), "2025-11-23 22:00:00 UTC");
        assert_eq!(moment(u64::MAX), "9999-12-31 23:59:59 UTC");
        let durations = [0, 340, 12_345, 185_000, 7_380_000].map(duration);
        assert_eq!(durations, ["0.00 s", "0.34 s", "12.3 s", "3m 05s", "2h 03m"]);
        assert!(duration(u64::MAX).ends_with('m'));
    }
}
