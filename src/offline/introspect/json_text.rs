//! Whether an upload as `json` would change a text (contract 1.2). A number is changed if the double
//! that it becomes has other digits, an object if it repeats a key or has a reserved one. What follows
//! for the type of a field is decided in [`crate::schema::infer`](fn@crate::schema::infer).

use std::collections::HashSet;
use std::fmt;

use bytes::BytesMut;
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

use crate::mutation::canonical::write_double;
use crate::offline::map::json_key::JsonKey;
use crate::offline::map::value::MAX_LEVELS;
use crate::protocol::{has_reserved_key, is_nested_deeper_than};

/// Whether a text is JSON, and whether a round trip would change it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TextKind {
    /// Not a JSON object or array.
    Plain,
    /// A JSON object or array that is equal after a round trip: parsed and written again.
    Exact,
    /// A JSON object or array that a round trip would change.
    Inexact,
    /// Not UTF-8.
    NotUtf8,
}

/// Classifies a text.
pub(super) fn text_kind(text: &[u8]) -> TextKind {
    let Ok(text) = std::str::from_utf8(text) else { return TextKind::NotUtf8 };
    let is_container = matches!(text.trim_ascii_start().as_bytes().first(), Some(b'{' | b'['));
    // The first byte decides for most text.
    if !is_container || is_nested_deeper_than(text.as_bytes(), MAX_LEVELS) {
        return TextKind::Plain;
    }
    match serde_json::from_str::<Structure>(text) {
        Err(_) => TextKind::Plain,
        Ok(Structure { repeats_key: true }) => TextKind::Inexact,
        Ok(_) if has_reserved_key(text.as_bytes()) => TextKind::Inexact,
        Ok(_) if are_numbers_exact(text.as_bytes()) => TextKind::Exact,
        Ok(_) => TextKind::Inexact,
    }
}

/// The result of parsing JSON without keeping its values.
pub(super) struct Structure {
    /// Whether an object has a key twice.
    repeats_key: bool,
}

impl<'de> Deserialize<'de> for Structure {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StructureVisitor)
    }
}

pub(super) struct StructureVisitor;

impl<'de> Visitor<'de> for StructureVisitor {
    type Value = Structure;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Structure, A::Error> {
        let (mut keys, mut repeats_key) = (HashSet::new(), false);
        while let Some((JsonKey(key), value)) = entries.next_entry::<JsonKey<'de>, Structure>()? {
            repeats_key |= !keys.insert(key) || value.repeats_key;
        }
        Ok(Structure { repeats_key })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Structure, A::Error> {
        let mut repeats_key = false;
        while let Some(value) = items.next_element::<Structure>()? {
            repeats_key |= value.repeats_key;
        }
        Ok(Structure { repeats_key })
    }

    fn visit_str<E>(self, _: &str) -> Result<Structure, E> {
        Ok(Structure { repeats_key: false })
    }

    fn visit_bool<E>(self, _: bool) -> Result<Structure, E> {
        Ok(Structure { repeats_key: false })
    }

    fn visit_u64<E>(self, _: u64) -> Result<Structure, E> {
        Ok(Structure { repeats_key: false })
    }

    fn visit_i64<E>(self, _: i64) -> Result<Structure, E> {
        Ok(Structure { repeats_key: false })
    }

    fn visit_f64<E>(self, _: f64) -> Result<Structure, E> {
        Ok(Structure { repeats_key: false })
    }

    fn visit_unit<E>(self) -> Result<Structure, E> {
        Ok(Structure { repeats_key: false })
    }
}

/// Whether every number in valid JSON keeps its digits when it is read and written again.
fn are_numbers_exact(json: &[u8]) -> bool {
    let mut place = 0;
    while let Some(byte) = json.get(place) {
        match byte {
            b'"' => place = end_of_string(json, place),
            b'-' | b'0'..=b'9' => {
                let length = json[place..]
                    .iter()
                    .take_while(|byte| matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9'))
                    .count();
                let number = std::str::from_utf8(&json[place..place + length]).expect("the bytes are ASCII");
                if !is_exact(number) {
                    return false;
                }
                place += length;
            }
            _ => place += 1,
        }
    }
    true
}

/// The place after the string that begins at `place`.
fn end_of_string(json: &[u8], mut place: usize) -> usize {
    loop {
        place += 1;
        match json.get(place) {
            None => return place,
            Some(b'"') => return place + 1,
            Some(b'\\') => place += 1,
            Some(_) => {}
        }
    }
}

/// Whether a number of JSON keeps its digits: an integer of 64 bits, or a number that its double
/// is written as. A zero and a power of ten may be written in another way, a negative zero not.
fn is_exact(number: &str) -> bool {
    if number.parse::<i64>().is_ok() || number.parse::<u64>().is_ok() {
        return number != "-0";
    }
    let Ok(double) = number.parse::<f64>() else { return false };
    let mut written = BytesMut::new();
    write_double(&mut written, double);
    let written = String::from_utf8_lossy(&written);
    decimal(number).is_some_and(|given| Some(given) == decimal(&written))
}

/// A decimal number in one form: whether it is negative, its digits without zeros at both ends, and
/// the power of ten of the last digit.
fn decimal(number: &str) -> Option<(bool, String, i64)> {
    let (is_negative, number) = match number.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, number),
    };
    let (mantissa, exponent) = number.split_once(['e', 'E']).unwrap_or((number, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let mut power = exponent.parse::<i64>().ok()?.checked_sub(i64::try_from(fraction.len()).ok()?)?;
    let digits = format!("{whole}{fraction}");
    let digits = digits.trim_start_matches('0');
    let short = digits.trim_end_matches('0');
    power = power.checked_add(i64::try_from(digits.len() - short.len()).ok()?)?;
    if short.is_empty() {
        power = 0;
    }
    Some((is_negative, short.to_owned(), power))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distinguishes_json_that_a_round_trip_keeps_from_json_that_it_changes() {
        use TextKind::{Exact, Inexact, NotUtf8, Plain};
        let deep = format!("{}{}", "[".repeat(MAX_LEVELS + 1), "]".repeat(MAX_LEVELS + 1));
        for (text, expected) in [
            (r#"{"a": [1, -2.50, 1e3, true, null, "x"], "b": {"a": 0.1}}"#, Exact),
            (" [18446744073709551615, -9223372036854775808, 1.0, 0.0, 1E-7]", Exact),
            (r#"["18446744073709551616", "-0", "\"1e999", "a\\"]"#, Exact),
            (r#"{"a":1,"b":{"a":1}}"#, Exact),
            ("[18446744073709551616]", Inexact),
            ("[-9223372036854775809]", Inexact),
            ("[0.1000000000000000055511]", Inexact),
            ("[12345678901234567.89]", Inexact),
            ("[1e-400]", Inexact),
            ("[-0]", Inexact),
            ("[-0.0]", Inexact),
            (r#"{"a":1,"a":1}"#, Inexact),
            (r#"[{"a":1,"\u0061":2}]"#, Inexact),
            (r#"[{"$serde_json::private::Number":"1"}]"#, Inexact),
            (r#"{"\u0024serde_json::private::RawValue":"1"}"#, Inexact),
            (r#"["$serde_json::private::Number"]"#, Exact),
            ("[1e400]", Plain),
            (r#"["\ud800"]"#, Plain),
            ("[1", Plain),
            ("1", Plain),
            ("", Plain),
            (&deep, Plain),
            (&deep[1..deep.len() - 1], Exact),
        ] {
            assert_eq!(text_kind(text.as_bytes()), expected, "{text}");
        }
        assert_eq!(text_kind(b"[\"\xff\"]"), NotUtf8);
    }
}
