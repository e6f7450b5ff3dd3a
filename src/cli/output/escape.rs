//! Escapes characters of data and server before they reach a terminal (contract 3): they could move the
//! cursor, change colours, or hide or turn around text. Lines are written in [`super::print`](mod@super::print).

use std::borrow::Cow;
use std::fmt::Write as _;

use crate::hidden_text::is_hidden;

/// The text with control characters and those that hide or turn around others as `\u{1b}` and the like.
pub(in crate::cli) fn escaped(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if is_hidden(c) {
            safe.extend(c.escape_default());
        } else {
            safe.push(c);
        }
    }
    Cow::Owned(safe)
}

/// JSON text whose strings have the same characters as `\u009b` and the like, which changes no value. JSON
/// itself escapes C0, and has of these characters only line feeds outside of strings.
pub(super) fn escaped_json(json: String) -> String {
    let is_escaped = |c: char| is_hidden(c) && !c.is_ascii_control() || c == '\u{7f}';
    if !json.chars().any(is_escaped) {
        return json;
    }
    let mut safe = String::with_capacity(json.len() + 8);
    for c in json.chars() {
        if is_escaped(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                write!(safe, r"\u{unit:04x}").expect("a String takes any text");
            }
        } else {
            safe.push(c);
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escaped_json_parses_to_the_same_value() {
        let value = serde_json::json!({"a\u{9b}": "\u{7f}\u{1b}é\u{202e}\u{e0041}"});
        let safe = escaped_json(value.to_string());
        assert_eq!(safe, r#"{"a\u009b":"\u007f\u001bé\u202e\udb40\udc41"}"#);
        assert_eq!(serde_json::from_str::<serde_json::Value>(&safe).unwrap(), value);
    }

    #[test]
    fn escapes_what_hides_text_and_nothing_else() {
        assert_eq!(escaped("Zürich – 東京 😀"), "Zürich – 東京 😀");
        assert_eq!(escaped("x\u{202e}y\u{2066}"), r"x\u{202e}y\u{2066}");
        assert_eq!(escaped("a\x1b[31m\u{7f}\u{9b}\n\0"), r"a\u{1b}[31m\u{7f}\u{9b}\n\u{0}");
    }
}
