//! Nesting of JSON: how many arrays and objects enclose the innermost value of a text.
//!
//! It works on the bytes and does not parse: text that is not JSON is the parser's to reject. The
//! depth of a record in a self-referencing resource is a different thing ([`crate::offline`]).

/// Maximum nesting of a field's value, in levels of arrays and objects.
///
/// JSON parsers have limits of their own, often 128 levels, and a pull returns a record some
/// levels deeper than it was pushed: a record accepted at the parser's limit would make every
/// later pull unreadable.
pub const MAX_NESTING: usize = 100;

/// Whether arrays and objects are nested more than `levels` deep.
///
/// For text that is not JSON the answer is unspecified.
#[must_use]
pub fn is_nested_deeper_than(json: &[u8], levels: usize) -> bool {
    // Every record is checked, and few contain that many brackets at all, so the count that the
    // compiler vectorizes comes first.
    count_opening_brackets(json) > levels && nesting(json) > levels
}

/// The number of `[` and `{`, those inside strings included: an upper bound of the nesting.
fn count_opening_brackets(json: &[u8]) -> usize {
    // `[` and `{` differ in this bit only, so that one comparison finds both.
    let is_opening = |byte: &u8| u8::from(byte | 0x20 == b'{');
    let (lanes, rest) = json.as_chunks::<32>();
    let in_lane = |lane: &[u8; 32]| usize::from(lane.iter().map(is_opening).sum::<u8>());
    lanes.iter().map(in_lane).sum::<usize>() + rest.iter().map(is_opening).map(usize::from).sum::<usize>()
}

/// The exact nesting, in levels.
fn nesting(json: &[u8]) -> usize {
    let (mut open, mut deepest) = (0_usize, 0);
    let mut bytes = json.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'[' | b'{' => {
                open += 1;
                deepest = deepest.max(open);
            }
            b']' | b'}' => open = open.saturating_sub(1),
            b'"' => skip_string(&mut bytes),
            _ => {}
        }
    }
    deepest
}

/// Skips the rest of a string, including its closing quote.
fn skip_string<'a>(bytes: &mut impl Iterator<Item = &'a u8>) {
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => return,
            // An escaped quote does not end the string, an escaped backslash escapes nothing.
            b'\\' => drop(bytes.next()),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_nested_brackets_but_not_those_in_strings() {
        for (json, expected) in [
            ("1", 0),
            ("", 0),
            ("[]", 1),
            ("[[],[],{}]", 2),
            (r#"{"a":[{"b":{}}],"c":[[]]}"#, 4),
            (r#"["[[[["]"#, 1),
            (r#"["\"[[","\\",["]]"],"\\\"{{"]"#, 2),
            (r#"{"[{":"}]","x":["\u005b"]}"#, 2),
            ("]]]][", 1),
            (r#"["[["#, 1),
            (r#"["\"#, 1),
        ] {
            assert_eq!(nesting(json.as_bytes()), expected, "{json}");
            assert!(!is_nested_deeper_than(json.as_bytes(), expected), "{json}");
            assert_eq!(
                is_nested_deeper_than(json.as_bytes(), expected.wrapping_sub(1)),
                expected > 0,
                "{json}"
            );
        }
    }
}
