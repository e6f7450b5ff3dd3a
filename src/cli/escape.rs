//! What comes from data or server reaches a terminal only with its control characters
//! escaped (contract 3): they could move the cursor, change colours or hide text.

use std::borrow::Cow;

/// The text with C0, DEL and C1 characters as `\u{1b}` and the like.
pub(super) fn escaped(text: &str) -> Cow<'_, str> {
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

/// JSON text whose strings have DEL and C1 characters as `\u009b` and the like; JSON itself
/// escapes only C0, and outside of strings there are none.
pub(super) fn escaped_json(json: String) -> String {
    if !json.chars().any(|c| matches!(c, '\u{7f}'..='\u{9f}')) {
        return json;
    }
    let mut safe = String::with_capacity(json.len() + 8);
    for c in json.chars() {
        match u32::from(c) {
            code @ 0x7f..=0x9f => safe.extend([r"\u00".to_owned(), format!("{code:02x}")]),
            _ => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_stays_the_same_json() {
        let value = serde_json::json!({"a\u{9b}": "\u{7f}\u{1b}é"});
        let safe = escaped_json(value.to_string());
        assert_eq!(safe, r#"{"a\u009b":"\u007f\u001bé"}"#);
        assert_eq!(serde_json::from_str::<serde_json::Value>(&safe).unwrap(), value);
    }

    #[test]
    fn control_characters_are_escaped_and_nothing_else_is() {
        assert_eq!(escaped("Zürich – 東京 😀"), "Zürich – 東京 😀");
        assert_eq!(escaped("a\x1b[31m\u{7f}\u{9b}\n\0"), r"a\u{1b}[31m\u{7f}\u{9b}\n\u{0}");
    }
}
