//! Columns that hold keys, and the ids that an `idFormat` makes of them: the SQL that compares
//! and orders them, for records and join rows alike.

use rusqlite::types::Value as SqlValue;

use crate::offline::sql::{literal, quoted};
use crate::schema::IdFormat;

/// A column that holds keys, and the template of the ids that are made of them.
pub(crate) type Key<'a> = (&'a str, Option<&'a IdFormat>);

/// An SQL condition that holds for keys that cannot be ids: an id is text that is not empty.
pub(crate) fn invalid_key_condition((column, format): Key<'_>) -> String {
    let column = quoted(column);
    match format {
        // SQLite orders text after numbers and before BLOBs: this is cheaper than typeof().
        None => format!("({column} COLLATE BINARY > '' AND {column} < x'') IS NOT TRUE"),
        // Such a template makes an empty id of an empty key.
        Some(format) if format.id("").is_empty() => {
            format!("(typeof({column}) NOT IN ('integer', 'text') OR {column} COLLATE BINARY = '')")
        }
        Some(_) => format!("typeof({column}) NOT IN ('integer', 'text')"),
    }
}

/// The SQL expression to sort by, so that ids come in byte order: with a template "10" goes
/// before "9", as the ids do. `column` is quoted already.
pub(crate) fn id_order(column: &str, format: Option<&IdFormat>, byte_order: &str) -> String {
    format!("{} COLLATE {byte_order}", id_expression(column, format))
}

/// The id as an SQL expression; `column` is quoted already.
pub(crate) fn id_expression(column: &str, format: Option<&IdFormat>) -> String {
    match format {
        None => column.to_owned(),
        Some(IdFormat { prefix, suffix }) => {
            format!("({} || {column} || {})", literal(prefix), literal(suffix))
        }
    }
}

/// The value of a key column for an id: the inverse of `idFormat`. `None` when the id does not
/// match the template.
///
/// In a column with TEXT affinity SQLite converts the integer back to its text.
pub(crate) fn local_key(id: &str, format: Option<&IdFormat>) -> Option<SqlValue> {
    let Some(format) = format else { return Some(SqlValue::Text(id.to_owned())) };
    let key = format.key(id)?;
    match key.parse::<i64>() {
        // No integer is written as "007", so the key was text.
        Ok(number) if number.to_string() == key => Some(SqlValue::Integer(number)),
        _ => Some(SqlValue::Text(key.to_owned())),
    }
}

/// An SQL condition that holds for the row whose key is the parameter of this number: a column
/// without a type may hold an integer or its text, and both make the same id.
pub(crate) fn key_condition(column: &str, parameter: usize) -> String {
    format!("{} COLLATE BINARY IN (?{parameter}, CAST(?{parameter} AS TEXT))", quoted(column))
}
