//! How deeply JSON is nested, which decides whether everybody can read it.

/// How many levels a field's value may have. Readers of JSON have limits of their own, often of
/// 128 levels, and a record comes back some levels deeper than it was sent: one that was taken
/// at the edge would make every later pull unreadable.
pub const MAX_DEPTH: usize = 100;

/// Whether arrays and objects lie in each other more than so many levels deep. Text that is no
/// JSON may be called either; that is for a parser to tell.
#[must_use]
pub fn is_deeper_than(json: &[u8], levels: usize) -> bool {
    // This is asked of every record, and few have so many brackets at all.
    opening(json) > levels && depth(json) > levels
}

/// How many brackets open, wherever they stand.
fn opening(json: &[u8]) -> usize {
    // The two differ in this bit alone, so that one comparison does for both.
    let is_opening = |byte: &u8| u8::from(byte | 0x20 == b'{');
    let (lanes, rest) = json.as_chunks::<32>();
    let in_lane = |lane: &[u8; 32]| usize::from(lane.iter().map(is_opening).sum::<u8>());
    lanes.iter().map(in_lane).sum::<usize>() + rest.iter().map(is_opening).map(usize::from).sum::<usize>()
}

fn depth(json: &[u8]) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    let mut bytes = json.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'[' | b'{' => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            b'"' => skip_string(&mut bytes),
            _ => {}
        }
    }
    deepest
}

/// Skips the rest of a string, its closing quote included.
fn skip_string<'a>(bytes: &mut impl Iterator<Item = &'a u8>) {
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => return,
            // Whatever is escaped, a quote or a backslash, is not what it looks like.
            b'\\' => drop(bytes.next()),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_count_where_they_nest_and_not_in_strings() {
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
            assert_eq!(depth(json.as_bytes()), expected, "{json}");
            assert!(!is_deeper_than(json.as_bytes(), expected), "{json}");
            assert_eq!(is_deeper_than(json.as_bytes(), expected.wrapping_sub(1)), expected > 0, "{json}");
        }
    }
}
