//! Escapes control characters of data and server before they reach a terminal (contract 3): they could
//! move the cursor, change colours or hide text. Lines are written in [`super::print`](mod@super::print).

use std::borrow::Cow;
use std::fmt::Write as _;

/// The text with C0, DEL and C1 characters as `\u{1b}` and the like.
pub(in crate::cli) fn escaped(text: &str) -> Cow<'_, str> {
    if !text.chars().any(char::is_control) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if c.is_control() {
            safe.extend(c.escape_default());
        } else {
            safe.push(c);
        }
    }
    Cow::Owned(safe)
}

/// JSON text whose strings have DEL and C1 characters as `\u009b` and the like. JSON itself escapes only
/// C0, and has none of these characters outside of strings.
pub(super) fn escaped_json(json: String) -> String {
    if !json.chars().any(|c| matches!(c, '\u{7f}'..='\u{9f}')) {
        return json;
    }
    let mut safe = String::with_capacity(json.len() + 8);
    for c in json.chars() {
        match c {
            '\u{7f}'..='\u{9f}' => {
                write!(safe, r"\u{:04x}", u32::from(c)).expect("a String takes any text");
            }
            _ => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escaped_json_parses_to_the_same_value() {
        let value = serde_json::json!({"a\u{9b}": "\u{7f}\u{1b}é"});
        let safe = escaped_json(value.to_string());
        assert_eq!(safe, r#"{"a\u009b":"\u007f\u001bé"}"#);
        assert_eq!(serde_json::from_str::<serde_json::Value>(&safe).unwrap(), value);
    }

    #[test]
    fn escapes_control_characters_and_nothing_else() {
        assert_eq!(escaped("Zürich – 東京 😀"), "Zürich – 東京 😀");
        assert_eq!(escaped("a\x1b[31m\u{7f}\u{9b}\n\0"), r"a\u{1b}[31m\u{7f}\u{9b}\n\u{0}");
    }
}
