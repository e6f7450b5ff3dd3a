//! Numbers for people: counts with their nouns, bytes, durations, percentages. What is counted is decided
//! by the callers.

use std::time::Duration;

/// A count with a comma between each three digits: `2,000`.
pub(crate) fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A number of things: `1 record`, `2,000 records`, `3 retries`.
pub(crate) fn counted(count: u64, noun: &str) -> String {
    if count == 1 {
        return format!("1 {noun}");
    }
    match noun.strip_suffix('y') {
        Some(stem) => format!("{} {stem}ies", grouped(count)),
        None => format!("{} {noun}s", grouped(count)),
    }
}

/// A number of bytes: `7 B`, `2.5 KiB`, `12.3 MiB`.
pub(crate) fn bytes(count: u64) -> String {
    let units = [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    let unit = units.iter().find(|(unit, _)| count >= *unit);
    unit.map_or_else(|| format!("{count} B"), |(unit, name)| format!("{:.1} {name}", ratio(count, *unit)))
}

/// A duration of a run or of what is left of it: `7s`, `3m 05s`, `2h 03m`.
pub(crate) fn time(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3600 => format!("{}m {:02}s", seconds / 60, seconds % 60),
        _ => format!("{}h {:02}m", seconds / 3600, seconds % 3600 / 60),
    }
}

/// The percentage that is done, rounded down: 100 only when all is.
pub(crate) fn percent(done: u64, total: u64) -> u64 {
    if total == 0 {
        100
    } else {
        u64::try_from(u128::from(done) * 100 / u128::from(total)).unwrap_or(100).min(100)
    }
}

/// How many a second.
pub(crate) fn per_second(count: u64, elapsed: Duration) -> f64 {
    as_f64(count) / elapsed.as_secs_f64().max(0.001)
}

/// A rate as a whole number: more digits say nothing.
pub(crate) fn rounded(rate: f64) -> u64 {
    Duration::try_from_secs_f64(rate.max(0.0))
        .map_or(u64::MAX, |rate| (rate + Duration::from_millis(500)).as_secs())
}

fn ratio(count: u64, unit: u64) -> f64 {
    as_f64(count) / as_f64(unit)
}

/// A count as a number for a drawing or a rate.
#[expect(clippy::cast_precision_loss, reason = "the first 15 digits are right, and fewer are shown")]
pub(crate) fn as_f64(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_have_singular_and_plural() {
        for (count, noun, expected) in [
            (0, "record", "0 records"),
            (1, "join row", "1 join row"),
            (2000, "join row", "2,000 join rows"),
            (1, "retry", "1 retry"),
            (12, "retry", "12 retries"),
            (1_234_567, "row", "1,234,567 rows"),
        ] {
            assert_eq!(counted(count, noun), expected);
        }
    }

    #[test]
    fn bytes_times_and_percentages_are_short() {
        assert_eq!([1023, 1024, 2_663_383, 3 << 30].map(bytes), ["1023 B", "1.0 KiB", "2.5 MiB", "3.0 GiB"]);
        let times = [0, 59, 60, 3599, 3600, 90_000].map(|seconds| time(Duration::from_secs(seconds)));
        assert_eq!(times, ["0s", "59s", "1m 00s", "59m 59s", "1h 00m", "25h 00m"]);
        assert_eq!(
            [(0, 0), (0, 9), (999, 1000), (5, 5)].map(|(done, all)| percent(done, all)),
            [100, 0, 99, 100]
        );
        assert_eq!([0.4, 0.5, 1234.4, -1.0, f64::INFINITY].map(rounded), [0, 1, 1234, 0, u64::MAX]);
    }
}
