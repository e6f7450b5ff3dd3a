//! Which characters of a text do not show what the text is. How they are written instead is decided where they
//! are: on a terminal and in JSON, or in a report.

/// Whether a character is not seen, or changes how others are seen: controls, the marks and overrides of
/// bidirectional text, separators of lines, and spaces without a width. The joiners of scripts and emoji are
/// none of them.
pub(crate) fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}'
            | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}')
}
