//! Which columns a table's CHECK constraints limit to 0 and 1, found in its `CREATE TABLE`: what a constraint
//! says needs no check of every row. Other constraints are not understood, and then rows are checked.

use rusqlite::{Connection, OptionalExtension as _};

/// The columns of a table that its constraints limit to 0, 1 and NULL.
pub(super) fn columns_of_zero_and_one(connection: &Connection, table: &str) -> rusqlite::Result<Vec<String>> {
    let sql = "SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = ?1 COLLATE NOCASE";
    let sql: Option<String> = connection.query_row(sql, [table], |row| row.get(0)).optional()?.flatten();
    Ok(sql.map_or_else(Vec::new, |sql| in_statement(&sql)))
}

/// The columns that a `CREATE TABLE` limits.
fn in_statement(sql: &str) -> Vec<String> {
    let tokens = tokens(sql);
    let checks = tokens.iter().enumerate().filter(|(_, token)| token.is_word("CHECK"));
    checks.filter_map(|(place, _)| limited_column(&tokens[place + 1..])).collect()
}

/// The column that the condition after a `CHECK` limits; `None` for any other condition.
fn limited_column(condition: &[Token]) -> Option<String> {
    let texts: Vec<_> = condition.iter().take(10).map(|token| token.text.to_uppercase()).collect();
    let texts: Vec<_> = texts.iter().map(String::as_str).collect();
    let name = condition.get(1).filter(|name| name.kind != Kind::Other)?;
    let is_same = |place: usize| {
        let other = &condition[place];
        other.kind != Kind::Other && other.text.eq_ignore_ascii_case(&name.text)
    };
    let is_limited = match texts.as_slice() {
        ["(", _, "IN", "(", one, ",", other, ")", ")", ..] => is_zero_and_one(one, other),
        ["(", _, "=", one, "OR", _, "=", other, ")", ..] => is_zero_and_one(one, other) && is_same(5),
        _ => false,
    };
    is_limited.then(|| name.text.clone())
}

fn is_zero_and_one(one: &str, other: &str) -> bool {
    matches!((one, other), ("0", "1") | ("1", "0"))
}

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A keyword, or a name without quotes.
    Word,
    /// A name in quotes.
    Quoted,
    /// A number, a string or a sign.
    Other,
}

/// A token of an SQL statement.
#[derive(Debug)]
struct Token {
    kind: Kind,
    /// Its text, without quotes around a name.
    text: String,
}

impl Token {
    fn is_word(&self, word: &str) -> bool {
        self.kind == Kind::Word && self.text.eq_ignore_ascii_case(word)
    }
}

/// The tokens of a statement that SQLite has accepted, without space and comments.
fn tokens(sql: &str) -> Vec<Token> {
    let (mut tokens, mut rest) = (Vec::new(), sql.trim_start());
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '-' if rest.starts_with("--") => {
                rest = rest.split_once('\n').map_or("", |(_, after)| after).trim_start();
                continue;
            }
            '/' if rest.starts_with("/*") => {
                rest = rest.split_once("*/").map_or("", |(_, after)| after).trim_start();
                continue;
            }
            '"' | '`' | '\'' => quoted_length(rest, first),
            '[' => rest.find(']').map_or(rest.len(), |end| end + 1),
            _ => rest.find(|other| !is_part_of_word(other)).unwrap_or(rest.len()).max(first.len_utf8()),
        };
        let (text, after) = rest.split_at(length);
        tokens.push(token(first, text));
        rest = after.trim_start();
    }
    tokens
}

fn token(first: char, text: &str) -> Token {
    match first {
        '"' | '`' => {
            let inner = text.get(1..text.len().saturating_sub(1)).unwrap_or_default();
            let (quote, twice) = (first.to_string(), first.to_string().repeat(2));
            Token { kind: Kind::Quoted, text: inner.replace(&twice, &quote) }
        }
        '[' => Token { kind: Kind::Quoted, text: text.trim_matches(['[', ']']).to_owned() },
        _ => {
            let is_name = is_part_of_word(first) && !first.is_ascii_digit();
            Token { kind: if is_name { Kind::Word } else { Kind::Other }, text: text.to_owned() }
        }
    }
}

/// The length of a quoted text at the start, in which the quote is doubled.
fn quoted_length(text: &str, quote: char) -> usize {
    let mut place = 1;
    while let Some(end) = text[place..].find(quote) {
        place += end + 1;
        if !text[place..].starts_with(quote) {
            return place;
        }
        place += 1;
    }
    text.len()
}

fn is_part_of_word(character: char) -> bool {
    character.is_alphanumeric() || matches!(character, '_' | '$' | '.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_columns_that_are_limited_to_zero_and_one() {
        for (columns, limited) in [
            ("done INTEGER CHECK (done IN (0, 1))", &["done"][..]),
            ("done BOOLEAN, CONSTRAINT c CHECK(\"done\" in(1,0))", &["done"]),
            ("[is done] INT CHECK ([is done] = 0 /* no */ OR \"IS DONE\" = 1 -- yes\n)", &["is done"]),
            ("`a\"b` INT CHECK (`a\"b` IN (0,1)), c INT CHECK (c IN (0, 1))", &["a\"b", "c"]),
            // Anything else is not understood.
            ("done INTEGER CHECK (done IN (0, 1, 2))", &[]),
            ("done INTEGER CHECK (done IN (0, 1) OR done > 5)", &[]),
            ("done INTEGER CHECK (done = 0 OR other = 1), other", &[]),
            ("done INTEGER CHECK (NOT done IN (0, 1))", &[]),
            ("done TEXT DEFAULT 'CHECK (done IN (0, 1))'", &[]),
            ("done INTEGER -- CHECK (done IN (0, 1))\n", &[]),
            ("\"CHECK\" INTEGER, done INTEGER DEFAULT (1)", &[]),
            ("done INTEGER CHECK (+done IN (0, 1))", &[]),
            ("done INTEGER CHECK (done IN (0, 1) AND 1)", &[]),
            ("done INTEGER CHECK (done IN ('0', 1))", &[]),
        ] {
            let connection = Connection::open_in_memory().unwrap();
            connection.execute_batch(&format!("CREATE TABLE \"t t\" ({columns})")).unwrap();
            assert_eq!(columns_of_zero_and_one(&connection, "T T").unwrap(), limited, "{columns}");
        }
        let connection = Connection::open_in_memory().unwrap();
        assert!(columns_of_zero_and_one(&connection, "none").unwrap().is_empty());
        assert!(columns_of_zero_and_one(&connection, "sqlite_schema").unwrap().is_empty());
    }

    #[test]
    fn a_text_that_is_cut_off_ends_the_tokens() {
        for text in ["'a", "\"a", "[a", "/* a", "-- a", "\"", "'"] {
            assert!(tokens(&format!("b {text}")).len() <= 2, "{text}");
        }
    }
}
