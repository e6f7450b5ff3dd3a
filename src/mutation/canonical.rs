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
    out.extend_from_slice(ryu_js::Buffer::new().format_finite(number).as_bytes());
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
