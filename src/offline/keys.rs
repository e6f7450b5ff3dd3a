//! Columns that hold keys, and the ids that an `idFormat` makes of them: how SQL checks,
//! counts and orders them, for records and join rows alike.

use rusqlite::Connection;
use rusqlite::types::Value as SqlValue;

use super::error::OfflineError;
use super::sql::{literal, quoted};
use crate::schema::IdFormat;

/// An SQL condition that holds for keys that cannot be ids.
pub(super) fn bad_key(column: &str, format: Option<&IdFormat>) -> String {
    let column = quoted(column);
    match format {
        // Text lies between the numbers and the BLOBs: cheaper to ask than its type.
        None => format!("({column} COLLATE BINARY >= '' AND {column} < x'') IS NOT TRUE"),
        Some(_) => format!("typeof({column}) NOT IN ('integer', 'text')"),
    }
}

/// What to sort by, so that ids come in byte order: with a template "10" goes before "9",
/// as the ids do. `column` is quoted already.
pub(super) fn id_order(column: &str, format: Option<&IdFormat>, byte_order: &str) -> String {
    format!("{} COLLATE {byte_order}", id_expression(column, format))
}

/// The id as an SQL expression; `column` is quoted already.
pub(super) fn id_expression(column: &str, format: Option<&IdFormat>) -> String {
    match format {
        None => column.to_owned(),
        Some(IdFormat { prefix, suffix }) => {
            format!("({} || {column} || {})", literal(prefix), literal(suffix))
        }
    }
}

/// The value of a key column for an id: the inverse of `idFormat`. `None` when the id is not of
/// the template.
///
/// Where the column has a type, SQLite makes text of the integer again if that is what it holds.
pub(super) fn local_key(id: &str, format: Option<&IdFormat>) -> Option<SqlValue> {
    let Some(format) = format else { return Some(SqlValue::Text(id.to_owned())) };
    let key = format.key(id)?;
    match key.parse::<i64>() {
        // "007" is no integer's text, so it must have been text before.
        Ok(number) if number.to_string() == key => Some(SqlValue::Integer(number)),
        _ => Some(SqlValue::Text(key.to_owned())),
    }
}

/// An SQL condition that holds for the row whose key is the parameter of this number: a column
/// without a type may hold an integer or its text, and both make the same id.
pub(super) fn key_condition(column: &str, parameter: usize) -> String {
    format!("{} COLLATE BINARY IN (?{parameter}, CAST(?{parameter} AS TEXT))", quoted(column))
}

/// Counts the rows of a table, and says whether one meets any of the conditions.
pub(super) fn count(
    connection: &Connection,
    table: &str,
    bad: &[String],
) -> Result<(u64, bool), OfflineError> {
    // Two statements: the rows are counted in an index, where there is one, and looked at only
    // up to the first that is bad.
    let table_name = quoted(table);
    let sql = format!(
        "SELECT (SELECT count(*) FROM {table_name}), EXISTS (SELECT 1 FROM {table_name} WHERE {})",
        bad.join(" OR ")
    );
    connection
        .query_row(&sql, [], |row| Ok((row.get(0)?, row.get(1)?)))
        .map_err(OfflineError::while_doing(format!("cannot check table {}", quoted(table))))
}
