//! Durations and sizes as people write them.

use std::time::Duration;

/// `500ms`, `30s`, `2m`; a bare 0 needs no unit.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    if text.trim() == "0" {
        return Ok(Duration::ZERO);
    }
    humantime::parse_duration(text.trim())
        .map_err(|_| "must be a duration such as 500ms, 30s or 2m".to_owned())
}

/// A number of bytes, or with a unit: `512K`, `1MiB`. K is 1024, with or without `iB`.
pub(super) fn size(text: &str) -> Result<usize, String> {
    let text = text.trim();
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
    let shift = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 0,
        "k" | "kb" | "kib" => 10,
        "m" | "mb" | "mib" => 20,
        "g" | "gb" | "gib" => 30,
        _ => return Err("must be a size such as 65536, 512K or 16MiB".to_owned()),
    };
    let bytes = number.parse::<usize>().ok().and_then(|number| number.checked_mul(1 << shift));
    bytes.filter(|bytes| *bytes > 0).ok_or_else(|| "must be a size such as 65536, 512K or 16MiB".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_powers_of_1024() {
        for (text, expected) in [("7", 7), ("512K", 524_288), ("1MiB", 1_048_576), ("2 gb", 2_147_483_648)] {
            assert_eq!(size(text), Ok(expected), "{text}");
        }
        for text in ["", "K", "0", "-1", "1.5M", "1X", "99999999999G"] {
            assert!(size(text).is_err(), "{text}");
        }
    }

    #[test]
    fn durations_have_a_unit_unless_they_are_nothing() {
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(duration("2m"), Ok(Duration::from_mins(2)));
        assert_eq!(duration("0"), Ok(Duration::ZERO));
        for text in ["", "30", "-1s", "soon"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }
}
