//! Canonical JSON (RFC 8785), written directly into a byte buffer.
//!
//! One deviation, which contract 3.2 makes: integers are written exactly, not as the nearest
//! double. SQLite values are not known here; [`crate::offline`] maps them to these writers.
//!
//! ```
//! use synctool::internal::canonical::write_value;
//!
//! let mut out = bytes::BytesMut::new();
//! write_value(&mut out, &serde_json::json!({"b": 1.50, "a": [true, "\n"]}));
//! assert_eq!(*out, *br#"{"a":[true,"\n"],"b":1.5}"#);
//! ```

use std::cmp::Ordering;
use std::str::Utf8Error;

use bytes::{BufMut as _, BytesMut};
use serde_json::{Number, Value};

use super::plain_bytes::plain_length;

/// Appends a JSON string with the escapes of RFC 8785 (section 3.2.2.2): the two-character escapes
/// where they exist, `\u00xx` for other control characters, every other character unescaped.
pub fn write_string(out: &mut BytesMut, text: &str) {
    out.put_u8(b'"');
    write_content::<false>(out, text.as_bytes());
    out.put_u8(b'"');
}

/// Appends a JSON string, as [`write_string`] does, from bytes that may not be UTF-8.
///
/// Most text is ASCII, which is checked and written in one pass; only the rest is validated first.
///
/// # Errors
/// [`Utf8Error`] when the bytes are not UTF-8; nothing is appended then.
pub fn write_utf8(out: &mut BytesMut, text: &[u8]) -> Result<(), Utf8Error> {
    let start = out.len();
    out.put_u8(b'"');
    // The rest starts with the first byte that is not ASCII.
    let rest = write_content::<true>(out, text);
    match std::str::from_utf8(rest) {
        Ok(rest) => {
            write_content::<false>(out, rest.as_bytes());
            out.put_u8(b'"');
            Ok(())
        }
        Err(error) => {
            out.truncate(start);
            Err(error)
        }
    }
}

/// Appends the content of a string up to the first byte that is neither plain nor needs an escape.
/// Returns the rest.
#[inline]
fn write_content<'a, const ASCII: bool>(out: &mut BytesMut, mut text: &'a [u8]) -> &'a [u8] {
    loop {
        let (unescaped, rest) = text.split_at(plain_length::<ASCII>(text));
        out.extend_from_slice(unescaped);
        match rest.split_first() {
            Some((special, after)) if special.is_ascii() => {
                write_escape(out, *special);
                text = after;
            }
            _ => return rest,
        }
    }
}

/// Appends one character of a string's content.
pub(super) fn write_scalar_value(out: &mut BytesMut, character: char) {
    match u8::try_from(character) {
        Ok(special @ (b'"' | b'\\' | 0..0x20)) => write_escape(out, special),
        _ => out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes()),
    }
}

fn write_escape(out: &mut BytesMut, special: u8) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let short = match special {
        b'"' => b'"',
        b'\\' => b'\\',
        0x08 => b'b',
        b'\t' => b't',
        b'\n' => b'n',
        0x0c => b'f',
        b'\r' => b'r',
        control => {
            out.extend_from_slice(b"\\u00");
            out.extend([HEX[usize::from(control >> 4)], HEX[usize::from(control & 0xf)]]);
            return;
        }
    };
    out.put_u8(b'\\');
    out.put_u8(short);
}

/// Appends an integer, exactly (contract 3.2).
#[expect(clippy::missing_panics_doc, reason = "writing to memory cannot fail")]
#[inline]
pub fn write_integer(out: &mut BytesMut, number: i64) {
    // Faster than `format!`.
    serde_json::to_writer(out.writer(), &number).expect("writing to memory cannot fail");
}

/// Appends a finite double in ECMAScript's format (RFC 8785, section 3.2.2.3).
///
/// JSON has no infinity, so callers reject it first (contract 1.2).
pub fn write_double(out: &mut BytesMut, number: f64) {
    debug_assert!(number.is_finite(), "callers reject infinities");
    if let Some(integer) = whole(number) {
        return write_integer(out, integer);
    }
    if let Some(thousandths) = thousandths(number) {
        return write_thousandths(out, thousandths);
    }
    out.extend_from_slice(ryu_js::Buffer::new().format_finite(number).as_bytes());
}

/// The double as an integer, if it is one below 2^53, where doubles are exact and ECMAScript writes
/// all digits. Most numbers are, and integers are written much faster than doubles.
fn whole(number: f64) -> Option<i64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    #[expect(clippy::cast_possible_truncation, reason = "compared below")]
    let integer = number as i64;
    #[expect(clippy::cast_precision_loss, clippy::float_cmp, reason = "exact below 2^53")]
    let is_whole = number.abs() < EXACT && integer as f64 == number;
    is_whole.then_some(integer)
}

/// The double in thousandths, if it is the double of a decimal with at most three digits after the point, and
/// of at most 15 digits in all. No shorter decimal has the same double then, so it is what ECMAScript writes.
/// Prices and ratings are such numbers, and they are written much faster than others.
fn thousandths(number: f64) -> Option<i64> {
    const LIMIT: f64 = 1e15;
    let scaled = number * 1000.0;
    if scaled.abs() >= LIMIT {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, reason = "it is below 10^15")]
    let thousandths = (scaled + 0.5_f64.copysign(scaled)) as i64;
    #[expect(
        clippy::cast_precision_loss,
        clippy::float_cmp,
        reason = "exact below 2^53; the same double is meant"
    )]
    (thousandths as f64 / 1000.0 == number).then_some(thousandths)
}

/// Appends a number of thousandths that is not whole.
fn write_thousandths(out: &mut BytesMut, thousandths: i64) {
    if thousandths < 0 {
        out.put_u8(b'-');
    }
    let (whole, fraction) = (thousandths.unsigned_abs() / 1000, thousandths.unsigned_abs() % 1000);
    write_integer(out, whole.cast_signed());
    let digits =
        [fraction / 100, fraction / 10 % 10, fraction % 10].map(|digit| b'0' + digit.to_le_bytes()[0]);
    let length = digits.iter().rposition(|digit| *digit != b'0').map_or(0, |last| last + 1);
    out.put_u8(b'.');
    out.extend_from_slice(&digits[..length]);
}

/// Appends a value, with the keys of objects sorted by [`compare_keys`].
pub fn write_value(out: &mut BytesMut, value: &Value) {
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(true) => out.extend_from_slice(b"true"),
        Value::Bool(false) => out.extend_from_slice(b"false"),
        Value::Number(number) => write_number(out, number),
        Value::String(text) => write_string(out, text),
        Value::Array(items) => {
            out.put_u8(b'[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.put_u8(b',');
                }
                write_value(out, item);
            }
            out.put_u8(b']');
        }
        Value::Object(object) => {
            let mut entries: Vec<_> = object.iter().collect();
            entries.sort_unstable_by(|(a, _), (b, _)| compare_keys(a, b));
            out.put_u8(b'{');
            for (index, (key, value)) in entries.into_iter().enumerate() {
                if index > 0 {
                    out.put_u8(b',');
                }
                write_string(out, key);
                out.put_u8(b':');
                write_value(out, value);
            }
            out.put_u8(b'}');
        }
    }
}

/// Appends a number: integers of 64 bits exactly, all others as doubles.
pub(super) fn write_number(out: &mut BytesMut, number: &Number) {
    if number.is_f64() {
        write_double(out, number.as_f64().expect("`is_f64` is true, and serde_json's doubles are finite"));
    } else {
        out.extend_from_slice(number.to_string().as_bytes());
    }
}

/// The order of an object's keys: by UTF-16 code units (RFC 8785, section 3.2.3).
#[must_use]
#[inline]
pub fn compare_keys(a: &str, b: &str) -> Ordering {
    match (a.as_bytes(), b.as_bytes()) {
        // Most keys differ in the first letter.
        ([one, ..], [other, ..]) if one != other && (one | other).is_ascii() => one.cmp(other),
        _ if a.is_ascii() && b.is_ascii() => a.cmp(b),
        _ => a.encode_utf16().cmp(b.encode_utf16()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            any::<f64>().prop_map(|number| Number::from_f64(number).map_or(Value::Null, Value::Number)),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::vec((any::<String>(), inner), 0..6)
                    .prop_map(|entries| Value::Object(entries.into_iter().collect())),
            ]
        })
    }

    fn canonical(value: &Value) -> BytesMut {
        let mut out = BytesMut::new();
        write_value(&mut out, value);
        out
    }

    proptest! {
        #[test]
        fn every_double_is_written_as_ecmascript_writes_it(
            number in prop_oneof![
                any::<f64>(),
                prop::sample::select(vec![0.0, -0.0, 9_007_199_254_740_992.0, -9_007_199_254_740_992.0, 9e18, -1e300]),
                any::<i32>().prop_map(|number| f64::from(number) / 1000.0),
                (-2e15..2e15).prop_map(|number: f64| number.trunc() / 1000.0),
                (any::<i32>(), 0..9_i32).prop_map(|(number, places)| f64::from(number) / 10_f64.powi(places)),
            ]
            .prop_filter("JSON has no other", |number| number.is_finite()),
            steps in -2_i64..3,
        ) {
            // Also the doubles beside one with a short decimal.
            let number = f64::from_bits(number.to_bits().saturating_add_signed(steps));
            prop_assume!(number.is_finite());
            let mut out = BytesMut::new();
            write_double(&mut out, number);
            let text = String::from_utf8(out.into()).unwrap();
            let mut expected = ryu_js::Buffer::new();
            prop_assert_eq!(&text, expected.format_finite(number));
        }

        #[test]
        fn canonical_form_of_canonical_json_is_itself(value in any_json()) {
            let text = canonical(&value);
            let read: Value = serde_json::from_slice(&text).unwrap();
            prop_assert_eq!(canonical(&read), text);
        }

        #[test]
        fn insertion_order_does_not_change_the_canonical_form(
            mut entries in prop::collection::btree_map(any::<String>(), any::<i64>(), 0..8)
                .prop_map(|map| map.into_iter().collect::<Vec<_>>())
        ) {
            let object = |entries: &[(String, i64)]| {
                let entries = entries.iter().map(|(key, value)| (key.clone(), Value::from(*value)));
                canonical(&Value::Object(entries.collect()))
            };
            let forward = object(&entries);
            entries.reverse();
            prop_assert_eq!(object(&entries), forward);
        }

        #[test]
        fn a_string_of_any_length_parses_to_itself(text in "[\u{0}-\u{7f}é😀]{0,200}") {
            let mut out = BytesMut::new();
            write_string(&mut out, &text);
            prop_assert_eq!(serde_json::from_slice::<String>(&out).unwrap(), text);
        }

        #[test]
        fn utf8_bytes_are_written_like_text_and_other_bytes_not_at_all(
            text in "[ -~\u{0}é😀\"]{0,80}",
            invalid_at in 0..400_usize,
        ) {
            let (mut from_text, mut from_bytes) = (BytesMut::from("x"), BytesMut::from("x"));
            write_string(&mut from_text, &text);
            prop_assert!(write_utf8(&mut from_bytes, text.as_bytes()).is_ok());
            prop_assert_eq!(&from_bytes, &from_text);
            let mut bytes = text.into_bytes();
            bytes.insert(invalid_at % (bytes.len() + 1), 0xff);
            prop_assert!(write_utf8(&mut from_bytes, &bytes).is_err());
            prop_assert_eq!(from_bytes, from_text);
        }

        #[test]
        fn compares_keys_by_utf_16_code_units(a in any::<String>(), b in any::<String>()) {
            let units = |text: &str| text.encode_utf16().collect::<Vec<_>>();
            prop_assert_eq!(compare_keys(&a, &b), units(&a).cmp(&units(&b)));
        }
    }
}
