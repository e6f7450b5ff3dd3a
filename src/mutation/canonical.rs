//! Canonical JSON (RFC 8785), written straight into a byte buffer.
//!
//! One exception, which contract 3.2 makes: integers are written exactly, not as the
//! nearest double.

use std::cmp::Ordering;

use serde_json::{Number, Value};

/// Appends a JSON string with RFC 8785's escapes (section 3.2.2.2): the two-character ones
/// where they exist, `\u00xx` for other control characters, everything else as it is.
pub fn write_string(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    let mut rest = text.as_bytes();
    loop {
        let (plain, after) = rest.split_at(plain_length(rest));
        out.extend_from_slice(plain);
        let Some((special, behind)) = after.split_first() else { break };
        write_escape(out, *special);
        rest = behind;
    }
    out.push(b'"');
}

/// Appends a JSON string whose bytes are all printable ASCII without a need for escapes, which
/// is told in one pass; appends nothing and returns false for any other.
#[must_use]
#[expect(clippy::needless_bitwise_bool, reason = "a branch for each byte is what the lanes avoid")]
pub fn write_plain(out: &mut Vec<u8>, text: &[u8]) -> bool {
    let is_plain = |byte: &u8| (0x20..0x80).contains(byte) & (*byte != b'"') & (*byte != b'\\');
    let (lanes, rest) = text.as_chunks::<LANES>();
    let is_plain_lane = |lane: &[u8; LANES]| lane.iter().fold(true, |all, byte| all & is_plain(byte));
    if !(lanes.iter().all(is_plain_lane) && rest.iter().all(is_plain)) {
        return false;
    }
    out.push(b'"');
    out.extend_from_slice(text);
    out.push(b'"');
    true
}

/// How many bytes are looked at together; the compiler makes vector instructions of it.
const LANES: usize = 32;

/// How many bytes at the beginning need no escape.
#[expect(clippy::needless_bitwise_bool, reason = "a branch for each byte is what the lanes avoid")]
fn plain_length(text: &[u8]) -> usize {
    let needs_escape = |byte: &u8| (*byte == b'"') | (*byte == b'\\') | (*byte < 0x20);
    let (lanes, _) = text.as_chunks::<LANES>();
    let is_plain = |lane: &&[u8; LANES]| !lane.iter().fold(false, |any, byte| any | needs_escape(byte));
    let skipped = lanes.iter().take_while(is_plain).count() * LANES;
    let rest = &text[skipped..];
    skipped + rest.iter().position(needs_escape).unwrap_or(rest.len())
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
    use std::io::Write as _;
    // Writing into a Vec cannot fail.
    let _ = write!(out, "{number}");
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
        fn what_is_plain_is_written_the_same_and_what_is_not_is_left(text in "[ -~\u{0}é\"]{0,80}") {
            let (mut plain, mut any) = (Vec::new(), Vec::new());
            write_string(&mut any, &text);
            let is_plain = write_plain(&mut plain, text.as_bytes());
            prop_assert_eq!(is_plain, text.is_ascii() && any.len() == text.len() + 2);
            prop_assert_eq!(plain, if is_plain { any } else { Vec::new() });
        }

        #[test]
        fn keys_are_in_the_order_of_their_utf_16(a in any::<String>(), b in any::<String>()) {
            let units = |text: &str| text.encode_utf16().collect::<Vec<_>>();
            prop_assert_eq!(compare_keys(&a, &b), units(&a).cmp(&units(&b)));
        }
    }
}
