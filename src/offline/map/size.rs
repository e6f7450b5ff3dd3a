//! The least size of a row as JSON, computed before it is encoded: a row that no request can carry is
//! not encoded (contract 3.1.1). Values are mapped by [`super::value`].

use rusqlite::types::ValueRef;

use crate::schema::Type;

/// Whether the values of a row can be in one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowSize {
    /// They are within the limit.
    Fits,
    /// They alone are larger than the limit.
    TooLarge {
        /// The least number of bytes that they take as JSON.
        bytes: u64,
    },
}

/// The least number of bytes that a value takes as JSON, without looking at text that is JSON:
/// that can become smaller.
pub(super) fn plain_size(value: ValueRef<'_>) -> u64 {
    match value {
        ValueRef::Text(text) => text.len() as u64,
        // Base64 takes four characters for three bytes.
        ValueRef::Blob(bytes) => bytes.len().div_ceil(3) as u64 * 4,
        ValueRef::Null | ValueRef::Integer(_) | ValueRef::Real(_) => 0,
    }
}

/// The least number of bytes that a value takes as JSON.
pub(super) fn least_size(kind: &Type, value: ValueRef<'_>) -> u64 {
    match value {
        ValueRef::Text(text) if kind.is_json() => least_json_size(text),
        value => plain_size(value),
    }
}

/// The least number of bytes that a JSON text has in its canonical form: without spaces, with
/// short numbers, and with letters in place of escapes.
pub(super) fn least_json_size(json: &[u8]) -> u64 {
    let (mut size, mut place, mut is_in_number) = (0, 0, false);
    while let Some(&byte) = json.get(place) {
        let was_in_number = std::mem::replace(&mut is_in_number, false);
        match byte {
            b'"' => {
                let (length, end) = string_size(json, place);
                (size, place) = (size + length, end);
                continue;
            }
            b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E' if was_in_number => is_in_number = true,
            b'0'..=b'9' | b'-' => (size, is_in_number) = (size + 1, true),
            b' ' | b'\t' | b'\n' | b'\r' => {}
            _ => size += 1,
        }
        place += 1;
    }
    size
}

/// The least size of the string that begins at `start`, with its quotes, and the place after it.
fn string_size(json: &[u8], start: usize) -> (u64, usize) {
    let (mut size, mut place) = (2, start + 1);
    while let Some(&byte) = json.get(place) {
        match (byte, json.get(place + 1)) {
            (b'"', _) => return (size, place + 1),
            (b'\\', Some(b'u')) => place += 6,
            (b'\\', _) => place += 2,
            _ => place += 1,
        }
        size += 1;
    }
    (size, json.len())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use bytes::BytesMut;

    use super::*;
    use crate::mutation::canonical::write_value;

    fn canonical(text: &str) -> BytesMut {
        let mut out = BytesMut::new();
        write_value(&mut out, &serde_json::from_str::<Value>(text).unwrap());
        out
    }

    #[test]
    fn the_size_of_json_is_that_of_its_shortest_form() {
        for (json, expected) in [
            (r#"{"a": [1, 22, -3.5e+10],  "b" :null}"#, 22),
            (r#""\u0041\n\"x""#, 6),
            (r#"" a  ""#, 6),
            ("[ ]", 2),
            ("  true\n", 4),
        ] {
            assert_eq!(least_json_size(json.as_bytes()), expected, "{json}");
        }
    }

    #[test]
    fn base64_counts_for_a_blob_and_nothing_for_a_number() {
        let sizes = [ValueRef::Blob(b"1234"), ValueRef::Text(b"1234"), ValueRef::Integer(1), ValueRef::Null];
        assert_eq!(sizes.map(plain_size), [8, 4, 0, 0]);
    }

    proptest! {
        #[test]
        fn the_least_size_is_never_larger_than_the_canonical_form(
            keys in prop::collection::btree_set("[a-zé\"\\\\\n]{0,4}", 0..5),
            text in any::<String>(),
            number in any::<f64>().prop_filter("JSON has no other", |number| number.is_finite()),
            integer in any::<i64>(),
        ) {
            let value: serde_json::Map<_, _> = keys
                .into_iter()
                .map(|key| (key, serde_json::json!([text, number, integer, {"x": [], "y": false}])))
                .collect();
            for json in [serde_json::to_string(&value).unwrap(), serde_json::to_string_pretty(&value).unwrap()] {
                prop_assert!(least_json_size(json.as_bytes()) <= canonical(&json).len() as u64, "{json}");
            }
        }
    }
}
