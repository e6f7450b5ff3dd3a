//! Recognizes JSON text that is canonical already (RFC 8785), so that it can be hashed and stored as it
//! is, without a tree. It is written in [`super::canonical`].

use std::ops::Range;

use bytes::BytesMut;

use super::canonical::{compare_keys, write_double};
use super::plain_bytes::plain_length;
use crate::protocol::RESERVED_PREFIX;

/// Levels of nesting from which on text is left to the tree, which bounds the recursion.
pub(super) const MAX_DEPTH: usize = 64;

/// A member of an object.
#[derive(Debug, Clone)]
pub struct Member<'t> {
    /// The key, which has no escapes.
    pub key: &'t str,
    /// The text of the value.
    pub value: &'t str,
    /// The range of both in the text of the object, without the commas around them.
    pub range: Range<usize>,
}

/// Reads the text of a JSON object, which a parser has found to be one. If it is canonical, calls `each`
/// with its members. `None`: it is not, or only a tree can tell; `each` may have been called then.
///
/// Values are valid in every respect, also where a parser that skips them does not look: numbers are in
/// the range of doubles and surrogates in pairs. No key anywhere begins with [`RESERVED_PREFIX`], and
/// there are at most 64 levels of nesting. Text that is not JSON gives any answer, but no panic.
#[must_use]
pub fn canonical_members<'t>(text: &'t str, each: &mut dyn FnMut(Member<'t>)) -> Option<()> {
    let mut scan = Scan { text, at: 0 };
    scan.object(0, each)?;
    (scan.at == text.len()).then_some(())
}

/// The ranges of the members that are `null`, if the text is canonical, as [`canonical_members`] reads
/// it.
#[must_use]
pub fn null_members(text: &str) -> Option<Vec<Range<usize>>> {
    let mut nulls = Vec::new();
    canonical_members(text, &mut |member| {
        if member.value == "null" {
            nulls.push(member.range);
        }
    })?;
    Some(nulls)
}

/// Whether a key begins with [`RESERVED_PREFIX`].
#[inline(always)]
pub(super) fn is_reserved(key: &[u8]) -> bool {
    // A comparison of the whole prefix is a call.
    key.first() == RESERVED_PREFIX.as_bytes().first() && key.starts_with(RESERVED_PREFIX.as_bytes())
}

/// Whether a number is written in its only form, as most are: found without its value. `false`: it is not, or
/// only its value can tell.
pub(super) fn is_canonical_number(number: &[u8]) -> bool {
    let digits = number.strip_prefix(b"-").unwrap_or(number);
    let point = digits.iter().position(|byte| *byte == b'.').unwrap_or(digits.len());
    let (whole, fraction) = digits.split_at(point);
    let is_decimal = |digits: &[u8]| digits.iter().all(u8::is_ascii_digit);
    let has_one_form = matches!(whole, [b'0'] | [b'1'..=b'9', ..]) && is_decimal(whole);
    match fraction {
        // An integer that 64 bits surely hold; of zero there is another form.
        [] => has_one_form && whole.len() <= 18 && number != b"-0",
        // Of at most 15 digits no other decimal has the same double. Numbers below 0.000001 have an exponent.
        [_, fraction @ ..] => {
            has_one_form
                && is_decimal(fraction)
                && whole.len() + fraction.len() <= 15
                && matches!(fraction, [.., b'1'..=b'9'])
                && (whole != b"0" || fraction.iter().take(6).any(|digit| *digit != b'0'))
        }
    }
}

/// Reads canonical JSON from left to right. Every method is `None` where the text is something else.
struct Scan<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Scan<'t> {
    #[inline(always)]
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    #[inline(always)]
    fn take(&mut self, expected: u8) -> Option<()> {
        (self.peek()? == expected).then(|| self.at += 1)
    }

    fn value(&mut self, depth: usize) -> Option<()> {
        if depth > MAX_DEPTH {
            return None;
        }
        match self.peek()? {
            b'{' => self.object(depth, &mut |_| ()),
            b'[' => self.array(depth),
            b'"' => self.string().map(drop),
            b'-' | b'0'..=b'9' => self.number(),
            _ => {
                let rest = &self.text[self.at..];
                let word = ["null", "true", "false"].into_iter().find(|word| rest.starts_with(word))?;
                self.at += word.len();
                Some(())
            }
        }
    }

    /// Reads an object and calls `each` with every member.
    fn object(&mut self, depth: usize, each: &mut dyn FnMut(Member<'t>)) -> Option<()> {
        self.take(b'{')?;
        if self.take(b'}').is_some() {
            return Some(());
        }
        let mut last = None;
        loop {
            let start = self.at;
            let key = self.string()?;
            // Escaped keys have another order than their text.
            let is_in_order = last.is_none_or(|last| compare_keys(last, key).is_lt());
            if key.contains('\\') || !is_in_order || is_reserved(key.as_bytes()) {
                return None;
            }
            last = Some(key);
            self.take(b':')?;
            let value = self.at;
            self.value(depth + 1)?;
            each(Member { key, value: &self.text[value..self.at], range: start..self.at });
            if self.take(b',').is_none() {
                return self.take(b'}');
            }
        }
    }

    fn array(&mut self, depth: usize) -> Option<()> {
        self.take(b'[')?;
        if self.take(b']').is_some() {
            return Some(());
        }
        loop {
            self.value(depth + 1)?;
            if self.take(b',').is_none() {
                return self.take(b']');
            }
        }
    }

    /// Reads a string and returns its content, escapes included.
    fn string(&mut self) -> Option<&'t str> {
        self.take(b'"')?;
        let start = self.at;
        loop {
            self.at += plain_length::<false>(&self.text.as_bytes()[self.at..]);
            match self.peek()? {
                b'"' => {
                    self.at += 1;
                    return Some(&self.text[start..self.at - 1]);
                }
                b'\\' => self.escape()?,
                _ => return None,
            }
        }
    }

    fn escape(&mut self) -> Option<()> {
        let rest = &self.text.as_bytes()[self.at + 1..];
        self.at += match rest {
            [b'"' | b'\\' | b'b' | b'f' | b'n' | b'r' | b't', ..] => 2,
            // The characters of the short escapes are not among these.
            [b'u', b'0', b'0', b'0', b'0'..=b'7' | b'b' | b'e' | b'f', ..]
            | [b'u', b'0', b'0', b'1', b'0'..=b'9' | b'a'..=b'f', ..] => 6,
            _ => return None,
        };
        Some(())
    }

    fn number(&mut self) -> Option<()> {
        let rest = &self.text[self.at..];
        let length =
            rest.bytes().take_while(|byte| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E'));
        let number = &rest[..length.count()];
        if is_canonical_number(number.as_bytes()) {
            self.at += number.len();
            return Some(());
        }
        // Integers of 64 bits are exact (contract 3.2), all other numbers are doubles.
        let is_canonical = if number.parse::<i64>().is_ok() || number.parse::<u64>().is_ok() {
            number != "-0"
        } else {
            let mut canonical = BytesMut::with_capacity(24);
            write_double(&mut canonical, number.parse().ok().filter(|double: &f64| double.is_finite())?);
            *canonical == *number.as_bytes()
        };
        is_canonical.then(|| self.at += number.len())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::super::canonical::write_value;
    use super::*;

    fn canonical(value: &Value) -> String {
        let mut out = BytesMut::new();
        write_value(&mut out, value);
        String::from_utf8(out.into()).unwrap()
    }

    #[test]
    fn accepts_canonical_text_and_names_its_null_members() {
        for (text, nulls) in [
            ("{}", vec![]),
            (r#"{"a":1}"#, vec![]),
            (r#"{"a":null}"#, vec![r#""a":null"#]),
            (r#"{"a":null,"b":{"c":null},"d":null}"#, vec![r#""a":null"#, r#""d":null"#]),
            (r#"{"a":"null","b":[null],"e":"é\n\u0001\u001f\"\\","n":-1.5,"z":1e+22}"#, vec![]),
        ] {
            let found = null_members(text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!(found.into_iter().map(|range| &text[range]).collect::<Vec<_>>(), nulls, "{text}");
        }
    }

    #[test]
    fn leaves_every_other_text_to_the_tree() {
        for text in [
            "",
            "[]",
            "1",
            r#"{"a":1}x"#,
            r#"{"a": 1}"#,
            r#" {"a":1}"#,
            r#"{"b":1,"a":1}"#,
            r#"{"a":1,"a":1}"#,
            r#"{"a":1.0}"#,
            r#"{"a":1e2}"#,
            r#"{"a":-0}"#,
            r#"{"a":0.10}"#,
            r#"{"a":1E22}"#,
            r#"{"a":12345678901234567890123}"#,
            r#"{"a":"\/"}"#,
            r#"{"a":"\u0041"}"#,
            r#"{"a":"\u000a"}"#,
            r#"{"a":"\u001F"}"#,
            r#"{"a":"\u00e9"}"#,
            r#"{"\n":1}"#,
            r#"{"a":{"c":1,"b":1}}"#,
            r#"{"a""#,
            r#"{"a":tru"#,
            r#"{"a":"\"#,
            r#"{"$serde_json::private::RawValue":"1"}"#,
            r#"{"a":{"$serde_json::private::x":1}}"#,
        ] {
            assert_eq!(null_members(text), None, "{text}");
        }
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            (-1000_i32..1000).prop_map(|n| Value::from(f64::from(n) / 8.0)),
            any::<f64>().prop_map(Value::from),
            "[ -~\u{0}-\u{1f}é😀]{0,12}".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 24, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::vec(("[a-e\u{7f}é]{0,2}", inner), 0..5)
                    .prop_map(|entries| Value::Object(entries.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_it_accepts_is_its_own_canonical_form(value in any_json(), changed in any::<(u16, u8)>()) {
            let text = canonical(&value);
            // The text itself, and the text with one byte changed.
            let mut bytes = text.clone().into_bytes();
            let at = usize::from(changed.0) % bytes.len();
            bytes[at] = changed.1;
            for text in [Some(text), String::from_utf8(bytes).ok()].into_iter().flatten() {
                if let (Ok(read), Some(nulls)) = (serde_json::from_str::<Value>(&text), null_members(&text)) {
                    prop_assert_eq!(canonical(&read), &*text);
                    let members = read.as_object().unwrap();
                    prop_assert_eq!(nulls.len(), members.values().filter(|value| value.is_null()).count());
                }
            }
        }

        #[test]
        fn accepts_the_canonical_form_of_every_object_with_plain_keys_and_short_integers(
            entries in prop::collection::btree_map("[a-z]{1,3}", (any::<i32>(), any::<f64>(), "\\PC{0,9}"), 0..6),
        ) {
            let object = entries.into_iter().map(|(key, value)| (key, serde_json::json!(value))).collect();
            prop_assert!(null_members(&canonical(&Value::Object(object))).is_some());
        }
    }
}
