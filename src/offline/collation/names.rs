//! Which collations of the application a database or one of its tables names. No pragma says the
//! collations of columns and constraints, but SQLite keeps the statements that declared them. The
//! statements are read in [`super::lexer`].

use std::collections::BTreeSet;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, Params};

use crate::offline::collation::lexer::after_collate;

/// The collations that every SQLite has (<https://www.sqlite.org/datatype3.html>, section 7).
const BUILT_IN: [&str; 3] = ["binary", "nocase", "rtrim"];

/// The collations of the application, in lower case, that the database's schema names anywhere.
pub(super) fn of_database(connection: &Connection) -> rusqlite::Result<BTreeSet<String>> {
    named_in(connection, "SELECT sql FROM sqlite_schema WHERE sql LIKE '%collate%'", [])
}

/// The collations of the application, in lower case, that are needed to write a table: those of its
/// columns, constraints, indexes and triggers.
pub(in crate::offline) fn of_table(
    connection: &Connection,
    table: &str,
) -> rusqlite::Result<BTreeSet<String>> {
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

#[cfg(test)]
mod tests {
    use super::*;

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
