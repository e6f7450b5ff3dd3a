//! Texts of values, both ways: parsed where a person typed them, formatted where a default is shown.
//! Which flag takes which value is decided in [`super::resolve`].

use std::num::NonZeroUsize;
use std::str::FromStr;
use std::time::Duration;

use crate::cloneup::{Concurrency, MAX_CONCURRENCY, MaxErrors, Stage};
use crate::mutation::{RecordOperation, Shard};
use crate::remote::{Compression, Encoding, Rate};

const NOT_A_SIZE: &str = "must be a size such as 65536, 512K or 16MiB";

/// The values of `--record-operation` by their names.
pub(super) const RECORD_OPERATIONS: [(&str, RecordOperation); 3] = [
    ("merge", RecordOperation::Merge),
    ("replace", RecordOperation::Replace),
    ("insert", RecordOperation::Insert),
];

/// The values of `--compress` by their names.
pub(super) const COMPRESSIONS: [(&str, Compression); 4] = [
    ("auto", Compression::Auto),
    ("none", Compression::None),
    ("gzip", Compression::With(Encoding::Gzip)),
    ("zstd", Compression::With(Encoding::Zstd)),
];

/// The values of `--stage` by their names.
pub(super) const STAGES: [(&str, Stage); 4] = [
    ("all", Stage::All),
    ("records", Stage::Records),
    ("join-rows", Stage::JoinRows),
    ("finalize", Stage::Finalize),
];

/// The names in a table of named values.
pub(super) fn names<T, const N: usize>(table: &[(&'static str, T); N]) -> [&'static str; N] {
    std::array::from_fn(|index| table[index].0)
}

/// The value of a name; `None` where the table does not have it.
pub(super) fn named<T: Copy>(table: &[(&str, T)], name: &str) -> Option<T> {
    table.iter().find(|(known, _)| *known == name).map(|(_, value)| *value)
}

/// The name of a value.
pub(super) fn name_of<T: PartialEq>(table: &[(&'static str, T)], value: &T) -> &'static str {
    table.iter().find(|(_, known)| known == value).map(|(name, _)| *name).expect("every value has a name")
}

/// An integer above zero, of a `NonZero` type.
pub(super) fn positive<T: FromStr>(text: &str) -> Result<T, String> {
    text.trim().parse().map_err(|_| "must be a positive integer".to_owned())
}

/// An integer of zero or more.
pub(super) fn count(text: &str) -> Result<u32, String> {
    text.trim().parse().map_err(|_| "must be a non-negative integer".to_owned())
}

/// A number of requests a second, which may be a fraction.
pub(super) fn rate(text: &str) -> Result<Rate, String> {
    let number = text.trim().parse::<f64>().ok().and_then(Rate::per_second);
    number.ok_or_else(|| "must be a number above 0, such as 20 or 0.5".to_owned())
}

/// A number of errors, or a percentage with at most two decimals.
pub(super) fn max_errors(text: &str) -> Result<MaxErrors, String> {
    let invalid = || "must be a number such as 10, or a percentage such as 5% or 0.5%".to_owned();
    let Some(percentage) = text.trim().strip_suffix('%') else {
        return text.trim().parse().map(MaxErrors::Count).map_err(|_| invalid());
    };
    let (whole, decimals) = percentage.trim().split_once('.').unwrap_or((percentage.trim(), ""));
    let has_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || decimals.len() > 2 || !has_digits(whole) || !has_digits(decimals) {
        return Err(invalid());
    }
    let hundredths = format!("{whole}{decimals:0<2}").parse().map_err(|_| invalid())?;
    if hundredths > 100 * 100 { Err(invalid()) } else { Ok(MaxErrors::Percent { hundredths }) }
}

/// `auto`, or a number of requests in flight.
pub(super) fn concurrency(text: &str) -> Result<Concurrency, String> {
    if text.trim() == "auto" {
        return Ok(Concurrency::Auto);
    }
    match text.trim().parse::<NonZeroUsize>() {
        Ok(number) if number.get() > MAX_CONCURRENCY => Err(format!("must be at most {MAX_CONCURRENCY}")),
        Ok(number) => Ok(Concurrency::Fixed(number)),
        Err(_) => Err("must be auto or a positive integer".to_owned()),
    }
}

/// The text that [`concurrency`] parses to this value.
pub(super) fn concurrency_text(concurrency: Concurrency) -> String {
    match concurrency {
        Concurrency::Auto => "auto".to_owned(),
        Concurrency::Fixed(number) => number.to_string(),
    }
}

/// What the text of a shard names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ShardText {
    /// `3/8`.
    Given(Shard),
    /// `auto` or `auto/8`: the environment names the rest.
    Auto(Option<u32>),
}

/// `3/8`, `auto` or `auto/8`.
pub(super) fn shard(text: &str) -> Result<ShardText, String> {
    let number = |text: &str| {
        let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse::<u32>().ok().filter(|number| is_number && *number > 0)
    };
    let parsed = match text.trim().split_once('/') {
        None => (text.trim() == "auto").then_some(ShardText::Auto(None)),
        Some(("auto", of)) => number(of).map(|of| ShardText::Auto(Some(of))),
        Some((index, of)) => match (number(index), number(of)) {
            (Some(index), Some(of)) => Shard::new(index, of).ok().map(ShardText::Given),
            _ => None,
        },
    };
    parsed.ok_or_else(|| "must be I/N with I from 1 to N, such as 3/8, or auto or auto/N".to_owned())
}

/// `500ms`, `30s`, `2m`; 0 needs no unit.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    if text.trim() == "0" {
        return Ok(Duration::ZERO);
    }
    humantime::parse_duration(text.trim())
        .map_err(|_| "must be a duration such as 500ms, 30s or 2m".to_owned())
}

/// A duration above zero.
pub(super) fn timeout(text: &str) -> Result<Duration, String> {
    duration(text).and_then(|duration| match duration {
        Duration::ZERO => Err("must be longer than 0".to_owned()),
        duration => Ok(duration),
    })
}

/// An age above zero, in whole seconds at least: `12h`, `30d`.
#[cfg(feature = "serve")]
pub(super) fn age(text: &str) -> Result<Duration, String> {
    match humantime::parse_duration(text.trim()) {
        Ok(age) if age >= Duration::from_secs(1) => Ok(age),
        _ => Err("must be an age of at least 1s, such as 12h, 30d or 1y".to_owned()),
    }
}

/// The text that [`duration`] parses to this value: in seconds, or in milliseconds where it is not
/// whole seconds.
pub(super) fn duration_text(duration: Duration) -> String {
    match duration.subsec_millis() {
        0 => format!("{}s", duration.as_secs()),
        _ => format!("{}ms", duration.as_millis()),
    }
}

/// A number of bytes, or with a unit: `512K`, `1MiB`. K is 1024, with or without `iB`.
pub(super) fn size(text: &str) -> Result<NonZeroUsize, String> {
    let text = text.trim();
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
    let shift = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 0,
        "k" | "kb" | "kib" => 10,
        "m" | "mb" | "mib" => 20,
        "g" | "gb" | "gib" => 30,
        _ => return Err(NOT_A_SIZE.to_owned()),
    };
    let bytes = number.parse::<usize>().ok().and_then(|number| number.checked_mul(1 << shift));
    bytes.and_then(NonZeroUsize::new).ok_or_else(|| NOT_A_SIZE.to_owned())
}

/// The text that [`size`] parses to this number of bytes, with the largest unit that divides it.
pub(super) fn size_text(bytes: usize) -> String {
    let units = [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    let unit = units.iter().find(|(unit, _)| bytes >= *unit && bytes.is_multiple_of(*unit));
    unit.map_or_else(|| bytes.to_string(), |(unit, name)| format!("{}{name}", bytes / unit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_powers_of_1024() {
        for (text, expected) in [("7", 7), ("512K", 524_288), ("1MiB", 1_048_576), ("2 gb", 2_147_483_648)] {
            assert_eq!(size(text).map(NonZeroUsize::get), Ok(expected), "{text}");
        }
        for text in ["", "K", "0", "-1", "1.5M", "1X", "99999999999G"] {
            assert!(size(text).is_err(), "{text}");
        }
    }

    #[test]
    fn shards_are_numbered_from_1() {
        let given = |index, of| Ok(ShardText::Given(Shard::new(index, of).unwrap()));
        assert_eq!(shard("3/8"), given(3, 8));
        assert_eq!(shard(" 1/1 "), given(1, 1));
        assert_eq!(shard("auto"), Ok(ShardText::Auto(None)));
        assert_eq!(shard("auto/8"), Ok(ShardText::Auto(Some(8))));
        for text in ["", "3", "0/8", "9/8", "3/", "/8", "3/8/1", "+3/8", "auto/0", "auto/", "Auto", "a/b"] {
            assert!(shard(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_rate_is_any_number_above_0_that_a_clock_can_measure() {
        for text in ["20", "0.5", " 1e3 "] {
            assert!(rate(text).is_ok(), "{text}");
        }
        for text in ["", "0", "-1", "NaN", "inf", "1e-300", "1e300", "2/s"] {
            assert!(rate(text).is_err(), "{text}");
        }
    }

    #[test]
    fn max_errors_is_a_number_or_a_percentage_up_to_100() {
        for (text, expected) in [
            ("0", MaxErrors::Count(0)),
            ("10", MaxErrors::Count(10)),
            ("5%", MaxErrors::Percent { hundredths: 500 }),
            ("0.5 %", MaxErrors::Percent { hundredths: 50 }),
            ("2.25%", MaxErrors::Percent { hundredths: 225 }),
            ("100%", MaxErrors::Percent { hundredths: 10_000 }),
        ] {
            assert_eq!(max_errors(text), Ok(expected), "{text}");
        }
        for text in ["", "%", "-1", "1.5", "101%", "0.001%", "+1%", ".5%", "five"] {
            assert!(max_errors(text).is_err(), "{text}");
        }
    }

    #[test]
    fn durations_need_a_unit_except_0() {
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(duration("2m"), Ok(Duration::from_mins(2)));
        assert_eq!(duration("0"), Ok(Duration::ZERO));
        for text in ["", "30", "-1s", "soon"] {
            assert!(duration(text).is_err(), "{text}");
        }
        assert!(timeout("0").is_err() && timeout("0s").is_err() && timeout("1ms").is_ok());
    }

    #[cfg(feature = "serve")]
    #[test]
    fn ages_are_given_in_days_and_more() {
        assert_eq!(age("30d"), Ok(Duration::from_hours(30 * 24)));
        assert_eq!(age(" 12h "), Ok(Duration::from_hours(12)));
        assert!(age("1y").is_ok());
        for text in ["", "30", "0", "0s", "999ms", "-1d", "forever"] {
            assert!(age(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_formatted_value_parses_to_itself() {
        for bytes in [7, 1024, 1_048_576, 1_048_577, 3 << 30] {
            assert_eq!(size(&size_text(bytes)).map(NonZeroUsize::get), Ok(bytes));
        }
        for millis in [1, 1000, 1500, 60_000] {
            let value = Duration::from_millis(millis);
            assert_eq!(duration(&duration_text(value)), Ok(value));
        }
        for text in ["auto", "5"] {
            assert_eq!(concurrency(text).map(concurrency_text).as_deref(), Ok(text));
        }
        for (name, value) in COMPRESSIONS {
            assert_eq!((named(&COMPRESSIONS, name), name_of(&COMPRESSIONS, &value)), (Some(value), name));
        }
    }
}
