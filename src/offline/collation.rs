//! Collations of the application: functions that order text and that SQLite itself does not have,
//! such as Android's `LOCALIZED` or Anki's `unicase` (contract 1.2). SQLite reads no table whose
//! index names one that is missing, so connections for reading register a stand-in for each.
//!
//! A stand-in orders by bytes, so an index that the application has built is in another order than
//! the stand-in's, and a search in it would miss rows. Every comparison and ORDER BY in
//! [`crate::offline`] therefore names the collation BINARY, or another one of this program: SQLite
//! uses only indexes of the collation that the comparison names. Scanning such an index from end to
//! end, as to count rows, is fine.
//!
//! Connections for writing have no stand-ins: an index that is updated in another order is
//! corrupt. [`super::write`] refuses to write such tables.

use std::collections::BTreeSet;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, Params};

/// The collations that every SQLite has (<https://www.sqlite.org/datatype3.html>, section 7).
const BUILT_IN: [&str; 3] = ["binary", "nocase", "rtrim"];

/// Registers a stand-in for every collation of the application that the database's schema names.
pub(super) fn register_stand_ins(connection: &Connection) -> rusqlite::Result<()> {
    for name in named_in(connection, "SELECT sql FROM sqlite_schema WHERE sql LIKE '%collate%'", [])? {
        connection.create_collation(&*name, |a: &str, b: &str| a.cmp(b))?;
    }
    Ok(())
}

/// The collations of the application, in lower case, that are needed to write a table: those of its
/// columns, constraints, indexes and triggers.
pub(super) fn of_table(connection: &Connection, table: &str) -> rusqlite::Result<BTreeSet<String>> {
    named_in(connection, "SELECT sql FROM sqlite_schema WHERE tbl_name = ?1 COLLATE NOCASE", [table])
}

/// The collations of the application in the SQL statements that a query gives.
fn named_in(connection: &Connection, query: &str, values: impl Params) -> rusqlite::Result<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    let mut statement = connection.prepare(query)?;
    let mut rows = statement.query(values)?;
    while let Some(row) = rows.next()? {
        // The indexes of PRIMARY KEY and UNIQUE constraints have no SQL.
        if let ValueRef::Text(sql) = row.get_ref(0)? {
            names.extend(after_collate(&String::from_utf8_lossy(sql)));
        }
    }
    names.retain(|name| !BUILT_IN.contains(&name.as_str()));
    Ok(names)
}

/// The names that follow the keyword COLLATE, in lower case: SQLite ignores their case. No pragma
/// says the collations of columns and constraints, but SQLite keeps the statement that declared
/// them.
fn after_collate(sql: &str) -> Vec<String> {
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

    #[test]
    fn a_table_needs_the_collations_of_its_columns_indexes_and_triggers() {
        let connection = Connection::open_in_memory().unwrap();
        for name in ["one", "two", "three", "four"] {
            connection.create_collation(name, |a: &str, b: &str| a.cmp(b)).unwrap();
        }
        connection
            .execute_batch(
                "CREATE TABLE plain (id TEXT COLLATE NOCASE PRIMARY KEY, name TEXT COLLATE binary);
                 CREATE TABLE \"column\" (id, name COLLATE One);
                 CREATE TABLE indexed (id, name); CREATE INDEX i ON indexed (name COLLATE TWO);
                 CREATE TABLE fires (id);
                 CREATE TRIGGER r AFTER INSERT ON fires BEGIN
                     DELETE FROM plain WHERE name = new.id COLLATE three; END;
                 CREATE TABLE added (id); ALTER TABLE added ADD COLUMN name TEXT COLLATE four",
            )
            .unwrap();
        for (table, expected) in [
            ("plain", None),
            ("COLUMN", Some("one")),
            ("indexed", Some("two")),
            ("fires", Some("three")),
            ("added", Some("four")),
        ] {
            let found = of_table(&connection, table).unwrap();
            assert_eq!(found, expected.into_iter().map(str::to_owned).collect(), "{table}");
        }
    }
}
