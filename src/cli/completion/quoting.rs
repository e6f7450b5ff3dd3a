//! Words as a person types them in a shell: without their quotes, and whether a text needs any. Variables
//! and patterns stay as they are: this is not a shell.

/// The word without quotes and backslashes. A quote that is not closed ends with the word.
pub(super) fn unquoted(word: &str) -> String {
    let mut text = String::with_capacity(word.len());
    let (mut quote, mut rest) = (None, word.chars());
    while let Some(c) = rest.next() {
        match (quote, c) {
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), _) if open == c => quote = None,
            (None | Some('"'), '\\') => text.extend(rest.next()),
            _ => text.push(c),
        }
    }
    text
}

/// Whether a shell takes the text as it is.
pub(super) fn is_plain(text: &str) -> bool {
    text.chars().all(|c| c.is_alphanumeric() || "-_./,=:@%+".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn removes_quotes_and_backslashes() {
        for (word, expected) in [
            ("app.db", "app.db"),
            (r"my\ app.db", "my app.db"),
            (r#""my app.db""#, "my app.db"),
            (r#""my app"#, "my app"),
            (r"'it is \'", r"it is \"),
            (r#"--db="a b"'c'"#, "--db=a bc"),
            ("$x", "$x"),
        ] {
            assert_eq!(unquoted(word), expected, "{word}");
        }
    }

    #[test]
    fn text_with_characters_of_the_shell_is_not_plain() {
        assert!(is_plain("café/--db=a,b:c"));
        for text in ["a b", "$(id)", "a;b", "a'b", "*", "~"] {
            assert!(!is_plain(text), "{text}");
        }
    }
}
