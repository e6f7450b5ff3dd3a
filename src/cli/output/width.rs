//! Text in columns of a terminal, where a CJK character takes two and a combining mark none: cut, filled up
//! and wrapped. What is printed is decided by the callers.

use std::io::{self, IsTerminal as _};

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// The width of a terminal that does not say its own.
const USUAL_WIDTH: usize = 80;

/// The width of the terminal that stderr is; `None` where it is none.
pub(super) fn terminal_width() -> Option<usize> {
    let size = || terminal_size::terminal_size_of(io::stderr());
    let width = || size().map_or(USUAL_WIDTH, |(width, _)| usize::from(width.0));
    io::stderr().is_terminal().then(width)
}

/// A text in exactly this many columns.
pub(super) fn fitted(text: &str, width: usize) -> String {
    let text = truncated(text, width);
    let space = " ".repeat(width.saturating_sub(text.width()));
    text + &space
}

/// A text in at most this many columns; what is cut off is shown as `…`.
pub(super) fn truncated(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut left = width.saturating_sub(1);
    let fits = |c: &char| {
        let columns = c.width().unwrap_or(0);
        let fits = columns <= left;
        left = left.saturating_sub(columns);
        fits
    };
    let mut cut: String = text.chars().take_while(fits).collect();
    cut.push('…');
    cut
}

/// Items with commas between them, in as few lines of this width as they need.
pub(super) fn packed(items: &[String], width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let item = if index + 1 < items.len() { format!("{item},") } else { item.clone() };
        match lines.last_mut() {
            Some(line) if line.width() + 1 + item.width() <= width => {
                line.push(' ');
                line.push_str(&item);
            }
            _ => lines.push(truncated(&item, width)),
        }
    }
    lines
}

/// Words in lines of at most `width` columns; a longer word has a line of its own.
pub(in crate::cli) fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.width() + 1 + word.width() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_cut_and_filled_up_to_columns() {
        assert_eq!(truncated("待办事项", 8), "待办事项");
        assert_eq!(truncated("待办事项", 7), "待办事…");
        assert_eq!(truncated("待办事项", 6), "待办…");
        assert_eq!(fitted("待办", 5), "待办 ");
        assert_eq!(fitted("todos", 3), "to…");
    }

    #[test]
    fn items_and_words_are_put_in_as_few_lines_as_they_need() {
        let items = ["a b", "c", "d e f"].map(str::to_owned);
        assert_eq!(packed(&items, 7), ["a b, c,", "d e f"]);
        assert_eq!(packed(&items, 4), ["a b,", "c,", "d e…"]);
        assert_eq!(wrapped("one two  three", 7), ["one two", "three"]);
    }
}
