//! Reserved keys: object keys with which `serde_json` marks its internal values. From an object with such
//! a key it parses another tree of values ([`serde_json::Value`]), or fails, so a client refuses to send
//! it and the server to store it.
//!
//! It works on the bytes and builds no tree: text that is not JSON is the parser's to reject. How
//! deep JSON is nested is checked in [`super::nesting`].

/// The beginning of every reserved key.
pub const RESERVED_PREFIX: &str = "$serde_json::private::";

/// Whether an object anywhere in a JSON text has a key that begins with [`RESERVED_PREFIX`],
/// escaped or not.
///
/// For text that is not JSON the answer is unspecified.
#[must_use]
pub fn has_reserved_key(json: &[u8]) -> bool {
    may_have_reserved_key(json) && finds_reserved_key(json)
}

/// Whether the text has the first letters of the prefix, or an escape by which a letter can be
/// written. Every record is checked, and few have either.
fn may_have_reserved_key(json: &[u8]) -> bool {
    let start = &RESERVED_PREFIX.as_bytes()[..11];
    let is_sign = |byte: &u8| u8::from(*byte == b'$') | u8::from(*byte == b'\\');
    let (lanes, rest) = json.as_chunks::<32>();
    // The count of a lane is what the compiler vectorizes.
    let signs = |bytes: &[u8]| bytes.iter().map(is_sign).sum::<u8>() > 0;
    let found = |from: usize, bytes: &[u8]| {
        (from..from + bytes.len()).any(|place| match json[place] {
            b'$' => json[place..].starts_with(start),
            b'\\' => json.get(place + 1) == Some(&b'u'),
            _ => false,
        })
    };
    let in_lanes = lanes.iter().enumerate().any(|(lane, bytes)| signs(bytes) && found(lane * 32, bytes));
    in_lanes || found(json.len() - rest.len(), rest)
}

/// Walks through the strings of the text: a key is one that a colon follows.
fn finds_reserved_key(json: &[u8]) -> bool {
    let mut place = 0;
    while place < json.len() {
        if json[place] != b'"' {
            place += 1;
            continue;
        }
        let start = place;
        place += 1;
        while place < json.len() && json[place] != b'"' {
            // What an escape begins is no closing quote.
            place += if json[place] == b'\\' { 2 } else { 1 };
        }
        place = (place + 1).min(json.len());
        let after = json[place..].iter().find(|byte| !byte.is_ascii_whitespace());
        if after == Some(&b':') && is_reserved(&json[start..place]) {
            return true;
        }
    }
    false
}

/// Whether a JSON string, with its quotes, begins with the prefix.
fn is_reserved(quoted: &[u8]) -> bool {
    if !quoted.contains(&b'\\') {
        return quoted[1..].starts_with(RESERVED_PREFIX.as_bytes());
    }
    serde_json::from_slice::<String>(quoted).is_ok_and(|key| key.starts_with(RESERVED_PREFIX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_reserved_keys_at_any_depth_however_they_are_written() {
        for (json, expected) in [
            (r#"{"$serde_json::private::RawValue": "1"}"#, true),
            (r#"{"a": [1, {"b": {"$serde_json::private::Number" : "1"}}]}"#, true),
            (r#"{"a": 1, "$serde_json::private::Anything": null}"#, true),
            (r#"{"\u0024serde_json::private::RawValue":"1"}"#, true),
            (
                r#"{"$serde\u005fjson::private::RawValue"
                 :"1"}"#,
                true,
            ),
            (r#"{"\"": "\\", "$serde_json::private::RawValue":"1"}"#, true),
            // Values, and text that only looks like a key.
            (r#"{"a": "$serde_json::private::RawValue"}"#, false),
            (r#"["$serde_json::private::RawValue", ":"]"#, false),
            (r#"{"a": "\"$serde_json::private::RawValue\": 1"}"#, false),
            (r#"{"$serde_json": 1, "$ref": "\u0024", "x$serde_json::private::": 1}"#, false),
            (r#"{"\\u0024serde_json::private::RawValue": 1}"#, false),
            ("{}", false),
            ("", false),
        ] {
            assert_eq!(has_reserved_key(json.as_bytes()), expected, "{json}");
            let late = format!("[\"{}\",{json}]", "x".repeat(100));
            assert_eq!(has_reserved_key(late.as_bytes()), expected, "{late}");
        }
    }

    #[test]
    fn any_text_is_searched_without_a_panic() {
        for text in ["\"", "\"\\", "\"\\u", "{\"$serde_json\\", "\u{24}serde_json\"", "\"$serde_json:\":"] {
            let _ = has_reserved_key(text.as_bytes());
        }
    }
}
