//! Text of data and server as a report shows it: what would be invisible, change the direction of the text
//! or overlap other lines is written as `\u{202e}`, and long texts are cut off. Characters with a meaning in
//! HTML and Markdown are escaped where those are written.

use unicode_width::UnicodeWidthChar as _;

use crate::hidden_text::is_hidden;
use crate::numbers::counted;

/// Maximum number of characters without a width, such as accents, after one another.
const MAX_STACKED: usize = 4;

/// A text of data or server that may be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Shown(String);

impl Shown {
    /// The text in at most about `max` bytes of HTML.
    pub(super) fn new(text: &str, max: usize) -> Self {
        let (mut safe, mut size, mut stacked) = (String::with_capacity(text.len().min(max)), 0, 0);
        for (at, c) in text.char_indices() {
            stacked = if c.width() == Some(0) { stacked + 1 } else { 0 };
            let is_hidden = is_hidden(c) || stacked > MAX_STACKED;
            let before = safe.len();
            if is_hidden {
                safe.extend(c.escape_default());
            } else {
                safe.push(c);
            }
            size += size_in_html(c, safe.len() - before);
            // A mark that says that it is cut off takes no less than a few more characters.
            if size > max && text.len() - at > 8 {
                safe.truncate(before);
                let count = counted(text.chars().count() as u64, "character");
                safe.extend(["… (", &count, ")"]);
                break;
            }
        }
        Self(safe)
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

/// How many bytes HTML needs for a character that takes `size` bytes as text.
fn size_in_html(c: char, size: usize) -> usize {
    match c {
        '<' | '>' => 4,
        '&' => 5,
        '"' => 6,
        _ => size,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        Shown::new(text, 100).as_str().to_owned()
    }

    #[test]
    fn hidden_characters_are_written_out_and_others_are_kept() {
        assert_eq!(shown("Zürich – 東京 👩‍💻 می‌خواهم שלום"), "Zürich – 東京 👩‍💻 می‌خواهم שלום");
        assert_eq!(shown("<script>\"&'`|"), "<script>\"&'`|");
        assert_eq!(
            shown("a\u{202e}b\u{2066}c\u{1b}[1m\n\u{9b}\u{feff}"),
            r"a\u{202e}b\u{2066}c\u{1b}[1m\n\u{9b}\u{feff}"
        );
        assert_eq!(
            shown(&format!("e{}", "\u{301}".repeat(6))),
            format!("e{}{}", "\u{301}".repeat(4), r"\u{301}".repeat(2))
        );
    }

    #[test]
    fn long_texts_are_cut_off_with_their_length() {
        assert_eq!(shown(&"a".repeat(100)), "a".repeat(100));
        assert_eq!(shown(&"a".repeat(1200)), format!("{}… (1,200 characters)", "a".repeat(100)));
        assert_eq!(shown(&"<".repeat(1200)), format!("{}… (1,200 characters)", "<".repeat(25)));
        assert_eq!(shown(&"\u{202e}".repeat(50)), format!("{}… (50 characters)", r"\u{202e}".repeat(12)));
    }
}
