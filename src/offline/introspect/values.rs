//! The kinds of values in the columns of a table, found in one scan without aggregates: a table may have
//! as many columns as SQLite allows in a SELECT. What is declared is found in [`super::tables`].

use rusqlite::Connection;
use rusqlite::types::ValueRef;

use crate::offline::introspect::json_text::{TextKind, text_kind};
use crate::offline::sql::quoted;
use crate::schema::{ColumnFacts, TableFacts};

/// Counts the rows of a table and notes the kinds of values in its columns.
pub(super) fn note_values(connection: &Connection, facts: &mut TableFacts) -> rusqlite::Result<()> {
    // SQLite knows the type of a BLOB without reading it, and BLOBs may be most of a large file. A scan
    // of the table needs no index, which may have a collation that only the application knows.
    let columns = facts.columns.iter().map(|column| {
        let name = quoted(&column.name);
        format!("CASE WHEN typeof({name}) = 'blob' THEN x'' ELSE {name} END")
    });
    let mut columns: Vec<_> = columns.collect();
    if columns.is_empty() {
        // All columns are generated; the rows are counted nevertheless.
        columns.push("1".to_owned());
    }
    let mut statement = connection.prepare(&format!(
        "SELECT {} FROM {} NOT INDEXED",
        columns.join(", "),
        quoted(&facts.name)
    ))?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        facts.rows += 1;
        for (index, column) in facts.columns.iter_mut().enumerate() {
            note_value(column, row.get_ref(index)?);
        }
    }
    Ok(())
}

/// Adds a value to the facts about its column.
fn note_value(facts: &mut ColumnFacts, value: ValueRef<'_>) {
    match value {
        ValueRef::Null => facts.has_null = true,
        ValueRef::Integer(number) => {
            facts.has_integer = true;
            facts.has_large_integer |= !matches!(number, 0 | 1);
        }
        ValueRef::Real(number) => {
            facts.has_real = true;
            facts.has_infinity |= number.is_infinite();
        }
        ValueRef::Text(text) => note_text(facts, text),
        ValueRef::Blob(_) => facts.has_blob = true,
    }
}

/// Adds a text to the facts about its column, or key of a document.
pub(super) fn note_text(facts: &mut ColumnFacts, text: &[u8]) {
    facts.has_text = true;
    facts.has_empty_text |= text.is_empty();
    match text_kind(text) {
        TextKind::Plain => facts.has_plain_text = true,
        TextKind::Exact => facts.has_json_text = true,
        TextKind::Inexact => {
            facts.has_json_text = true;
            facts.has_inexact_json = true;
        }
        TextKind::NotUtf8 => facts.has_invalid_text = true,
    }
}
