//! The marks of the axes of a chart: round numbers.

use std::time::Duration;

use crate::numbers::time;

/// Maximum number of marks of the time axis that have room on a narrow screen.
const MAX_MARKS: u64 = 5;

/// Distances between the marks of the time axis, in milliseconds.
const STEPS: [u64; 24] = [
    50,
    100,
    200,
    500,
    1_000,
    2_000,
    5_000,
    10_000,
    15_000,
    30_000,
    60_000,
    120_000,
    300_000,
    600_000,
    900_000,
    1_800_000,
    3_600_000,
    7_200_000,
    14_400_000,
    21_600_000,
    43_200_000,
    86_400_000,
    172_800_000,
    604_800_000,
];

/// The marks of a time axis that is so many milliseconds long: their places and texts.
pub(super) fn time_marks(length: u64) -> Vec<(u64, String)> {
    let step = STEPS.into_iter().find(|step| length / step < MAX_MARKS);
    // No run is that long, but a file can say so.
    let step = step.unwrap_or(length / MAX_MARKS + 1);
    (0..=length / step).map(|number| (number * step, text(number * step))).collect()
}

fn text(ms: u64) -> String {
    match ms {
        0 => "0".to_owned(),
        _ if ms < 60_000 => format!("{} s", Duration::from_millis(ms).as_secs_f64()),
        _ if ms < 3_600_000 && ms.is_multiple_of(60_000) => format!("{} min", ms / 60_000),
        _ if ms.is_multiple_of(3_600_000) => format!("{} h", ms / 3_600_000),
        _ => time(Duration::from_millis(ms)),
    }
}

/// The end of an axis of counts up to `highest`: a round number, half of which is round too.
pub(super) fn top_of_counts(highest: f64) -> f64 {
    let mut power = 1.0;
    while power < 1e30 {
        for digit in [2.0, 4.0, 6.0, 8.0, 10.0] {
            if digit * power >= highest {
                return digit * power;
            }
        }
        power *= 10.0;
    }
    highest
}

/// The end of an axis of bytes up to `highest`: half of it has a short text too.
pub(super) fn top_of_bytes(highest: f64) -> f64 {
    let mut power = 2.0;
    while power < 1e30 {
        for digit in [1.0, 1.5] {
            if digit * power >= highest {
                return digit * power;
            }
        }
        power *= 2.0;
    }
    highest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_axis_has_a_few_round_marks() {
        let texts =
            |length| time_marks(length).into_iter().map(|(_, text)| text).collect::<Vec<_>>().join(" ");
        assert_eq!(texts(0), "0");
        assert_eq!(texts(340), "0 0.1 s 0.2 s 0.3 s");
        assert_eq!(texts(2_400), "0 0.5 s 1 s 1.5 s 2 s");
        assert_eq!(texts(12_345), "0 5 s 10 s");
        assert_eq!(texts(100_000), "0 30 s 1 min 1m 30s");
        assert_eq!(texts(3 * 3_600_000), "0 1 h 2 h 3 h");
        for length in [1, 49, 999, 7_777_777, 10_u64.pow(12), u64::MAX] {
            let count = time_marks(length).len() as u64;
            assert!((1..=MAX_MARKS).contains(&count), "{length}: {count}");
        }
    }

    #[test]
    fn the_other_axis_ends_at_a_round_number() {
        let highest = [0.0, 1.0, 3.0, 18_244.0, 0.3];
        let text = |top: f64| top.to_string();
        assert_eq!(highest.map(|highest| text(top_of_counts(highest))), ["2", "2", "4", "20000", "2"]);
        let highest = [0.0, 1024.0, 5_800_000.0];
        assert_eq!(highest.map(|highest| text(top_of_bytes(highest))), ["2", "1024", "6291456"]);
        assert!(top_of_counts(f64::INFINITY).is_infinite());
    }
}
