//! The names of collations in SQL statements, found with just as much of SQL's grammar as that
//! needs. Where the statements come from is in [`super::names`].

/// The names that follow the keyword COLLATE, in lower case: SQLite ignores their case.
pub(super) fn after_collate(sql: &str) -> Vec<String> {
    let (mut names, mut is_name) = (Vec::new(), false);
    let mut rest = sql;
    while let Some((token, after)) = next_token(rest) {
        rest = after;
        let is_collate = matches!(&token, Token::Word(word) if word.eq_ignore_ascii_case("collate"));
        if let (true, Token::Word(name) | Token::Quoted(name)) = (is_name, token) {
            names.push(name.to_ascii_lowercase());
            is_name = false;
        } else {
            is_name = is_collate;
        }
    }
    names
}

/// A token of SQL, as far as it matters here (<https://www.sqlite.org/lang_expr.html>).
#[derive(Debug, PartialEq, Eq)]
enum Token {
    /// A keyword, an identifier or a number.
    Word(String),
    /// An identifier or string in quotes, without them.
    Quoted(String),
    /// An operator or punctuation.
    Other,
}

/// The first token and the text after it; `None` where only space and comments are left.
fn next_token(mut sql: &str) -> Option<(Token, &str)> {
    let first = loop {
        sql = sql.trim_start();
        if let Some(comment) = sql.strip_prefix("--") {
            sql = comment.split_once('\n').map_or("", |(_, rest)| rest);
        } else if let Some(comment) = sql.strip_prefix("/*") {
            sql = comment.split_once("*/").map_or("", |(_, rest)| rest);
        } else {
            break sql.chars().next()?;
        }
    };
    let after_first = &sql[first.len_utf8()..];
    match first {
        '\'' | '"' | '`' => Some(quoted(after_first, first)),
        '[' => {
            let (name, rest) = after_first.split_once(']').unwrap_or((after_first, ""));
            Some((Token::Quoted(name.to_owned()), rest))
        }
        _ if is_in_word(first) => {
            let (word, rest) = sql.split_at(sql.find(|c| !is_in_word(c)).unwrap_or(sql.len()));
            Some((Token::Word(word.to_owned()), rest))
        }
        _ => Some((Token::Other, after_first)),
    }
}

/// The text up to the closing quote, which is doubled where it is part of the text.
fn quoted(mut sql: &str, quote: char) -> (Token, &str) {
    let mut text = String::new();
    while let Some((before, rest)) = sql.split_once(quote) {
        text.push_str(before);
        match rest.strip_prefix(quote) {
            Some(rest) => {
                text.push(quote);
                sql = rest;
            }
            None => return (Token::Quoted(text), rest),
        }
    }
    (Token::Quoted(text + sql), "")
}

fn is_in_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '$' || !c.is_ascii()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_found_after_the_keyword_in_any_notation_and_nowhere_else() {
        for (sql, expected) in [
            ("CREATE TABLE t (id TEXT PRIMARY KEY, name text collate localized)", vec!["localized"]),
            (
                "CREATE TABLE t (a COLLATE \"My \"\"own\"\"\", b COLLATE [x y], c COLLATE `z`, d COLLATE 'w')",
                vec!["my \"own\"", "x y", "z", "w"],
            ),
            ("CREATE TABLE t (a COLLATE -- collate no\n /* collate never */ UNICASE)", vec!["unicase"]),
            ("CREATE TABLE t (a DEFAULT 'collate x', \"collate y\" TEXT, [collate z] TEXT)", vec![]),
            ("CREATE TABLE t (a CHECK (a <> 'it''s' COLLATE fold))", vec!["fold"]),
            ("CREATE INDEX i ON t (lower(a)COLLATE λ DESC)", vec!["λ"]),
            ("CREATE TABLE collated (uncollate TEXT, collate_x TEXT)", vec![]),
            ("CREATE TABLE t (a COLLATE", vec![]),
            ("CREATE TABLE t ('unclosed COLLATE x", vec![]),
        ] {
            assert_eq!(after_collate(sql), expected, "{sql}");
        }
    }
}
