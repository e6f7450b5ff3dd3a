//! A JSON value that stays text until it is used: records of a page are read without a tree of values.
//! Where the texts are in a page is found in [`super::page_reader`].

use std::borrow::Cow;

use serde_json::Value;
use serde_json::value::RawValue;

use super::any_json::AnyJson;

/// Maximum length of a number without an exponent that is certainly within the range of doubles.
const SAFE_DIGITS: usize = 300;

/// The text of one JSON value, without spaces around it. It is valid in every respect: numbers are within
/// the range of doubles, surrogates come in pairs, and nesting has a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JsonText<'a>(&'a str);

impl<'a> JsonText<'a> {
    /// The value of a member that an object does not have.
    pub const NULL: Self = Self("null");

    /// Checks a value of which only the syntax has been checked.
    ///
    /// # Errors
    /// The parser's error for a number out of range, an unpaired surrogate, or nesting over its limit.
    pub fn new(raw: &'a RawValue) -> serde_json::Result<Self> {
        let text = raw.get();
        let needs_parser = match text.as_bytes().first() {
            Some(b'{' | b'[') => true,
            Some(b'"') => text.contains("\\u"),
            Some(b'-' | b'0'..=b'9') => text.len() > SAFE_DIGITS || text.contains(['e', 'E']),
            _ => false,
        };
        if needs_parser {
            serde_json::from_str::<AnyJson>(text)?;
        }
        Ok(Self(text))
    }

    /// A value that [`JsonText::new`] has checked.
    pub(super) fn checked(text: &'a str) -> Self {
        Self(text)
    }

    /// The text as it was received.
    #[must_use]
    pub fn text(self) -> &'a str {
        self.0
    }

    /// Whether it is `null`.
    #[must_use]
    pub fn is_null(self) -> bool {
        self.0 == "null"
    }

    /// The value of `true` or `false`.
    #[must_use]
    pub fn as_bool(self) -> Option<bool> {
        match self.0 {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        }
    }

    /// Whether it is a number.
    #[must_use]
    pub fn is_number(self) -> bool {
        matches!(self.0.as_bytes().first(), Some(b'-' | b'0'..=b'9'))
    }

    /// Whether it is this string, written without escapes. A string with escapes may be it as well.
    #[must_use]
    pub fn is_string(self, expected: &str) -> bool {
        let characters = self.0.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
        characters == Some(expected) && !expected.contains('\\')
    }

    /// The characters of a string, borrowed unless it has escapes.
    #[must_use]
    pub fn as_str(self) -> Option<Cow<'a, str>> {
        let characters = self.0.strip_prefix('"')?.strip_suffix('"')?;
        if characters.contains('\\') {
            // It was checked, so it can be read.
            return serde_json::from_str(self.0).ok().map(Cow::Owned);
        }
        Some(Cow::Borrowed(characters))
    }

    /// The value as a tree. `None` where an object has a key that `serde_json` reserves.
    #[must_use]
    pub fn to_value(self) -> Option<Value> {
        serde_json::from_str(self.0).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> serde_json::Result<&str> {
        let raw: &RawValue = serde_json::from_str(text)?;
        JsonText::new(raw).map(JsonText::text)
    }

    #[test]
    fn accepts_the_same_values_as_a_tree() {
        let long = "9".repeat(400);
        for text in [
            "1e999",
            "-1E400",
            "1e308",
            &long,
            &format!("0.{long}"),
            r#""\ud800""#,
            r#""\ud83d\ude00""#,
            r#""\\u""#,
            r#"["\ud800"]"#,
            r#"{"a":1e999}"#,
            r#"{"a":[1,{"b":null}]}"#,
            "true",
            " 7 ",
            &format!("{}{}", "[".repeat(200), "]".repeat(200)),
        ] {
            let is_value = serde_json::from_str::<Value>(text).is_ok();
            assert_eq!(read(text).is_ok(), is_value, "{text}");
        }
        assert_eq!(read(" 7 ").unwrap(), "7");
    }

    #[test]
    fn scalars_are_read_from_their_text() {
        assert_eq!(JsonText("true").as_bool(), Some(true));
        assert_eq!(JsonText("null").as_bool(), None);
        assert!(JsonText::NULL.is_null() && JsonText("-0.5").is_number() && !JsonText("[1]").is_number());
        assert!(matches!(JsonText("\"a b\"").as_str(), Some(Cow::Borrowed("a b"))));
        assert_eq!(JsonText(r#""a\n\u00e9\"""#).as_str().as_deref(), Some("a\né\""));
        assert_eq!(JsonText("7").as_str(), None);
        assert!(JsonText("\"a b\"").is_string("a b") && !JsonText("\"a b\"").is_string("a"));
        // An escaped n, and a backslash before one.
        assert!(!JsonText(r#""\n""#).is_string(r"\n"));
        assert_eq!(JsonText("[1, 2]").to_value(), Some(serde_json::json!([1, 2])));
    }
}
