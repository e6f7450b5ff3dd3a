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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_escaped_and_nothing_else_is() {
        assert_eq!(escaped("Zürich – 東京 😀"), "Zürich – 東京 😀");
        assert_eq!(escaped("a\x1b[31m\u{7f}\u{9b}\n\0"), r"a\u{1b}[31m\u{7f}\u{9b}\n\u{0}");
    }
}
