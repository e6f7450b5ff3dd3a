//! The beginning of a text that a client has sent.

/// The text, or its first characters, so many at most, and an ellipsis.
pub(in crate::server) fn excerpt(text: &str, characters: usize) -> String {
    match text.char_indices().nth(characters) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_between_characters() {
        for (text, expected) in [("", ""), ("äöü", "äöü"), ("äöüß", "äöü…"), ("a\u{0}b\nc", "a\u{0}b…")]
        {
            assert_eq!(excerpt(text, 3), expected);
        }
    }
}
