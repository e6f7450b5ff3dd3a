//! Small pieces of SQL that every part needs: quoted names and what a table looks like.

use rusqlite::{Connection, OptionalExtension, params};

/// An identifier in double quotes.
///
/// SQLite takes an unknown name in double quotes for a string, so callers make sure first
/// that the table and column are there.
pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A string literal.
pub(crate) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// Whether SQLite will sort to carry out a query.
pub(crate) fn is_sorting(connection: &Connection, sql: &str) -> rusqlite::Result<bool> {
    Ok(steps(connection, sql)?.iter().any(|step| step.contains("TEMP B-TREE")))
}

/// The steps in which SQLite will carry out a query, as its shell shows them.
pub(crate) fn steps(connection: &Connection, sql: &str) -> rusqlite::Result<Vec<String>> {
    let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}"))?;
    statement.query_map([], |row| row.get("detail"))?.collect()
}

/// A table or view as the database has it.
#[derive(Debug, Clone)]
pub(crate) struct Table {
    /// In declared order; generated columns too.
    pub(crate) columns: Vec<Column>,
    /// Whether it is a view, into which nothing can be written.
    pub(crate) is_view: bool,
}

/// How a column stores numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Numbers {
    /// As text, so that it never holds an infinity.
    AsText,
    /// Whole ones as integers, whatever they were.
    WholeAsIntegers,
    /// As they come, or as doubles.
    AsTheyAre,
}

/// A column as the database has it.
#[derive(Debug, Clone)]
pub(crate) struct Column {
    pub(crate) name: String,
    /// The declared type, in upper case.
    pub(crate) declared: String,
    /// Whether it can never hold NULL.
    pub(crate) is_not_null: bool,
}

impl Table {
    /// Looks at a table or view; `None` when there is none of that name.
    pub(crate) fn find(connection: &Connection, name: &str) -> rusqlite::Result<Option<Self>> {
        let kind: Option<String> = connection
            .query_row(
                "SELECT type FROM sqlite_schema WHERE name = ?1 COLLATE NOCASE AND type IN ('table', 'view')",
                [name],
                |row| row.get(0),
            )
            .optional()?;
        let Some(kind) = kind else { return Ok(None) };
        let mut statement =
            connection.prepare("SELECT name, type, \"notnull\" FROM pragma_table_xinfo(?1)")?;
        let columns = statement
            .query_map(params![name], |row| {
                let declared = row.get::<_, String>(1)?.to_uppercase();
                Ok(Column { name: row.get(0)?, declared, is_not_null: row.get(2)? })
            })?
            .collect::<Result<_, _>>()?;
        Ok(Some(Self { columns, is_view: kind == "view" }))
    }

    /// How numbers in one of its columns are stored
    /// (<https://www.sqlite.org/datatype3.html>, section 3.1). A view stores nothing.
    pub(crate) fn numbers(&self, column: &Column) -> Numbers {
        let has = |parts: &[&str]| parts.iter().any(|part| column.declared.contains(part));
        if self.is_view || column.declared.is_empty() {
            Numbers::AsTheyAre
        } else if has(&["INT"]) {
            Numbers::WholeAsIntegers
        } else if has(&["CHAR", "CLOB", "TEXT"]) {
            Numbers::AsText
        } else if has(&["BLOB", "REAL", "FLOA", "DOUB", "ANY"]) {
            Numbers::AsTheyAre
        } else {
            Numbers::WholeAsIntegers
        }
    }

    /// The column of that name; like SQLite, whatever its case.
    pub(crate) fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name.eq_ignore_ascii_case(name))
    }
}

impl Column {
    /// Whether it is declared to hold bytes.
    pub(crate) fn is_blob(&self) -> bool {
        self.declared.contains("BLOB")
    }
}
