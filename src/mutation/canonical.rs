//! Canonical JSON (RFC 8785), written straight into a byte buffer.
//!
//! One exception, which contract 3.2 makes: integers are written exactly, not as the
//! nearest double.

use std::cmp::Ordering;
use std::str::Utf8Error;

use serde_json::{Number, Value};

/// Appends a JSON string with RFC 8785's escapes (section 3.2.2.2): the two-character ones
/// where they exist, `\u00xx` for other control characters, everything else as it is.
pub fn write_string(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    write_content(out, text.as_bytes(), Plain::Any);
    out.push(b'"');
}

/// The same for bytes that are not known to be text yet: most of it is ASCII, and one pass
/// tells that and writes it.
///
/// # Errors
/// When they are not UTF-8; nothing is appended then.
pub fn write_utf8(out: &mut Vec<u8>, text: &[u8]) -> Result<(), Utf8Error> {
    let start = out.len();
    out.push(b'"');
    // What is left begins with the first character that is not ASCII.
    let rest = write_content(out, text, Plain::Ascii);
    match std::str::from_utf8(rest) {
        Ok(rest) => {
            write_content(out, rest.as_bytes(), Plain::Any);
            out.push(b'"');
            Ok(())
        }
        Err(error) => {
            out.truncate(start);
            Err(error)
        }
    }
}

/// Which bytes that need no escape are written as they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Plain {
    Any,
    Ascii,
}

/// Appends the content of a string, up to the first byte that is neither plain nor needs an
/// escape; returns what is left.
fn write_content<'a>(out: &mut Vec<u8>, mut text: &'a [u8], plain: Plain) -> &'a [u8] {
    loop {
        let (as_it_is, rest) = text.split_at(plain_length(text, plain));
        out.extend_from_slice(as_it_is);
        match rest.split_first() {
            Some((special, behind)) if special.is_ascii() => {
                write_escape(out, *special);
                text = behind;
            }
            _ => return rest,
        }
    }
}

/// How many bytes at the beginning are plain.
fn plain_length(text: &[u8], plain: Plain) -> usize {
    const WORD: usize = size_of::<u64>();
    let special = |word: &[u8; WORD]| special_bytes(u64::from_le_bytes(*word), plain);
    // Four words at a time, for the vector unit.
    let (lanes, _) = text.as_chunks::<{ 4 * WORD }>();
    let is_plain = |lane: &&[u8; 4 * WORD]| {
        let (words, _) = lane.as_chunks::<WORD>();
        words.iter().fold(0, |all, word| all | special(word)) == 0
    };
    let mut length = lanes.iter().take_while(is_plain).count() * 4 * WORD;
    while let Some(word) = text[length..].first_chunk() {
        match special(word) {
            0 => length += WORD,
            special => return length + special.trailing_zeros() as usize / 8,
        }
    }
    let rest = text.len() - length;
    let word = match text.last_chunk() {
        // What has been looked at is shifted out.
        Some(last) if rest > 0 => u64::from_le_bytes(*last) >> (8 * (WORD - rest)),
        Some(_) => 0,
        None => text.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte)),
    };
    // The zeros behind the text end it.
    length + special_bytes(word, plain).trailing_zeros() as usize / 8
}

/// Has the highest bit of each byte that is not plain. Others may have theirs too, but only
/// behind the first one that has it by right: what is subtracted carries upwards.
fn special_bytes(word: u64, plain: Plain) -> u64 {
    const fn each(byte: u8) -> u64 {
        u64::from_le_bytes([byte; 8])
    }
    let below = |word: u64, limit| word.wrapping_sub(each(limit));
    let escaped = below(word, b' ') | below(word ^ each(b'"'), 1) | below(word ^ each(b'\\'), 1);
    let special = match plain {
        Plain::Any => escaped & !word,
        Plain::Ascii => escaped | word,
    };
    special & each(0x80)
}

fn write_escape(out: &mut Vec<u8>, special: u8) {
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
    out.extend([b'\\', short]);
}

/// Appends an integer, exactly.
pub fn write_integer(out: &mut Vec<u8>, number: i64) {
    // Writing into a Vec cannot fail; the library's digits come faster than those of `format!`.
    let _ = serde_json::to_writer(out, &number);
}

/// Appends a finite double as ECMAScript writes it (RFC 8785, section 3.2.2.3).
///
/// JSON has no infinity: callers refuse it before (contract 1.2).
pub fn write_double(out: &mut Vec<u8>, number: f64) {
    debug_assert!(number.is_finite(), "callers refuse infinities");
    if let Some(integer) = whole(number) {
        return write_integer(out, integer);
    }
    out.extend_from_slice(ryu_js::Buffer::new().format_finite(number).as_bytes());
}

/// The integer that a double is, up to where ECMAScript writes one with all its digits and a
/// double has them all: most numbers are, and integers are written much faster.
fn whole(number: f64) -> Option<i64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if number.abs() >= EXACT || number.fract() != 0.0 {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, reason = "it has no fraction and is small enough")]
    Some(number as i64)
}

/// Appends a value, its objects' keys sorted.
pub fn write_value(out: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(true) => out.extend_from_slice(b"true"),
        Value::Bool(false) => out.extend_from_slice(b"false"),
        Value::Number(number) => write_number(out, number),
        Value::String(text) => write_string(out, text),
        Value::Array(items) => {
            out.push(b'[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                write_value(out, item);
            }
            out.push(b']');
        }
        Value::Object(object) => {
            let mut entries: Vec<_> = object.iter().collect();
            entries.sort_by(|(a, _), (b, _)| compare_keys(a, b));
            out.push(b'{');
            for (index, (key, value)) in entries.into_iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                write_string(out, key);
                out.push(b':');
                write_value(out, value);
            }
            out.push(b'}');
        }
    }
}

fn write_number(out: &mut Vec<u8>, number: &Number) {
    if number.is_f64() {
        // `is_f64` says that there is one, and serde_json's numbers are finite.
        write_double(out, number.as_f64().unwrap_or_default());
    } else {
        out.extend_from_slice(number.to_string().as_bytes());
    }
}

/// The order of keys: by UTF-16 code units (RFC 8785, section 3.2.3).
#[must_use]
pub fn compare_keys(a: &str, b: &str) -> Ordering {
    if a.is_ascii() && b.is_ascii() { a.cmp(b) } else { a.encode_utf16().cmp(b.encode_utf16()) }
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

    fn canonical(value: &Value) -> Vec<u8> {
        let mut out = Vec::new();
        write_value(&mut out, value);
        out
    }

    proptest! {
        #[test]
        fn what_is_written_means_the_same_and_is_written_the_same_again(value in any_json()) {
            let text = canonical(&value);
            let read: Value = serde_json::from_slice(&text).unwrap();
            prop_assert_eq!(canonical(&read), text);
        }

        #[test]
        fn the_order_of_insertion_makes_no_difference(
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
        fn a_string_of_any_length_reads_back_as_it_was(text in "[\u{0}-\u{7f}é😀]{0,200}") {
            let mut out = Vec::new();
            write_string(&mut out, &text);
            prop_assert_eq!(serde_json::from_slice::<String>(&out).unwrap(), text);
        }

        #[test]
        fn bytes_are_written_as_the_text_that_they_are_or_not_at_all(
            text in "[ -~\u{0}é😀\"]{0,80}",
            broken in 0..400_usize,
        ) {
            let (mut known, mut unknown) = (b"x".to_vec(), b"x".to_vec());
            write_string(&mut known, &text);
            prop_assert!(write_utf8(&mut unknown, text.as_bytes()).is_ok());
            prop_assert_eq!(&unknown, &known);
            let mut bytes = text.into_bytes();
            bytes.insert(broken % (bytes.len() + 1), 0xff);
            prop_assert!(write_utf8(&mut unknown, &bytes).is_err());
            prop_assert_eq!(unknown, known);
        }

        #[test]
        fn keys_are_in_the_order_of_their_utf_16(a in any::<String>(), b in any::<String>()) {
            let units = |text: &str| text.encode_utf16().collect::<Vec<_>>();
            prop_assert_eq!(compare_keys(&a, &b), units(&a).cmp(&units(&b)));
        }
    }
}
