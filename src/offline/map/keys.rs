//! Columns that hold keys, and the ids that an `idFormat` makes of them: how SQL checks,
//! counts and orders them, for records and join rows alike.

use rusqlite::Connection;
use rusqlite::types::Value as SqlValue;

use crate::offline::error::OfflineError;
use crate::offline::read::partition::{WORTH_A_THREAD, for_each_half};
use crate::offline::snapshot::Snapshot;
use crate::offline::sql::{literal, quoted, steps};
use crate::schema::IdFormat;

/// A column that holds keys, and the template of the ids that they make.
pub(crate) type Key<'a> = (&'a str, Option<&'a IdFormat>);

/// An SQL condition that holds for keys that cannot be ids.
fn bad_key((column, format): Key<'_>) -> String {
    let column = quoted(column);
    match format {
        // Text lies between the numbers and the BLOBs: cheaper to ask than its type.
        None => format!("({column} COLLATE BINARY >= '' AND {column} < x'') IS NOT TRUE"),
        Some(_) => format!("typeof({column}) NOT IN ('integer', 'text')"),
    }
}

/// What to sort by, so that ids come in byte order: with a template "10" goes before "9",
/// as the ids do. `column` is quoted already.
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

/// The value of a key column for an id: the inverse of `idFormat`. `None` when the id is not of
/// the template.
///
/// Where the column has a type, SQLite makes text of the integer again if that is what it holds.
pub(crate) fn local_key(id: &str, format: Option<&IdFormat>) -> Option<SqlValue> {
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
pub(crate) fn key_condition(column: &str, parameter: usize) -> String {
    format!("{} COLLATE BINARY IN (?{parameter}, CAST(?{parameter} AS TEXT))", quoted(column))
}

/// Counts the rows of a table, and says whether one has a key that cannot be an id or meets any
/// of the conditions.
pub(crate) fn count(
    snapshot: &Snapshot,
    table: &str,
    keys: &[Key<'_>],
    bad_values: &[String],
) -> Result<(u64, bool), OfflineError> {
    let failed = |error| OfflineError::while_doing(format!("cannot check table {}", quoted(table)))(error);
    let (connection, name) = (snapshot.connection(), quoted(table));
    // Statements of their own: rows are counted in an index, where there is one, and looked at
    // only up to the first that is bad.
    let count = connection.query_row(&format!("SELECT count(*) FROM {name}"), [], |row| row.get(0));
    let count = count.map_err(failed)?;
    let mut conditions = Vec::new();
    for &key in keys {
        match index_has_bad_key(connection, table, key).map_err(failed)? {
            Some(true) => return Ok((count, true)),
            Some(false) => {}
            None => conditions.push(bad_key(key)),
        }
    }
    conditions.extend_from_slice(bad_values);
    if conditions.is_empty() {
        return Ok((count, false));
    }
    let bad = conditions.join(" OR ");
    let has_bad = |connection: &Connection, part: &str| -> rusqlite::Result<bool> {
        let sql = format!("SELECT EXISTS (SELECT 1 FROM {name} WHERE ({bad}) AND {part})");
        connection.query_row(&sql, [], |row| row.get(0))
    };
    // Keys alone are looked at in an index, where there is one.
    let parts = if count >= WORTH_A_THREAD && !bad_values.is_empty() {
        for_each_half(snapshot, table, has_bad)
    } else {
        vec![has_bad(connection, "true")]
    };
    let parts: Vec<bool> = parts.into_iter().collect::<Result<_, _>>().map_err(failed)?;
    Ok((count, parts.contains(&true)))
}

/// Whether an index has a key that cannot be an id: they lie at its ends, before and behind all
/// text. `None` where only looking at each row can tell.
fn index_has_bad_key(
    connection: &Connection,
    table: &str,
    (column, format): Key<'_>,
) -> rusqlite::Result<Option<bool>> {
    let (table, column) = (quoted(table), quoted(column));
    let places = [
        format!("{column} IS NULL"),
        format!("{column} COLLATE BINARY < ''"),
        format!("{column} COLLATE BINARY >= x''"),
    ];
    let all = places.map(|place| format!("SELECT 1 FROM {table} WHERE {place}")).join(" UNION ALL ");
    let sql = format!("SELECT EXISTS ({all})");
    let is_told = format.is_none()
        && steps(connection, &sql)?
            .iter()
            .all(|step| !step.starts_with("SCAN") || step == "SCAN CONSTANT ROW");
    if is_told { connection.query_row(&sql, [], |row| row.get(0)).map(Some) } else { Ok(None) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::offline::database::Database;

    #[test]
    fn a_bad_key_is_found_whether_or_not_an_index_tells_it() {
        for (id, has_index) in [
            ("id TEXT PRIMARY KEY", true),
            ("id PRIMARY KEY", true),
            ("id TEXT UNIQUE COLLATE NOCASE", false),
            ("id", false),
        ] {
            for (bad, is_bad) in [
                ("'b'", false),
                ("''", false),
                ("NULL", true),
                ("x''", true),
                ("x'61'", true),
                // A column for text makes text of it.
                ("7", !id.contains("TEXT")),
                ("-9e999", !id.contains("TEXT")),
            ] {
                let connection = Connection::open_in_memory().unwrap();
                let sql =
                    format!("CREATE TABLE t ({id}, n); INSERT INTO t (id) VALUES ('a'), ({bad}), ('c')");
                connection.execute_batch(&sql).unwrap();
                let told = index_has_bad_key(&connection, "t", ("id", None)).unwrap();
                assert_eq!(told, has_index.then_some(is_bad), "{id}: {bad}");
                let sql = format!("SELECT count(*) FROM t WHERE {}", bad_key(("id", None)));
                let count: u64 = connection.query_row(&sql, [], |row| row.get(0)).unwrap();
                assert_eq!(count > 0, is_bad, "{id}: {bad}");
            }
        }
    }

    #[test]
    fn a_large_table_is_checked_whole() {
        let rows = WORTH_A_THREAD + 2;
        for bad in [None, Some(1), Some(rows / 2), Some(rows / 2 + 1), Some(rows)] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("app.db");
            let application = Connection::open(&path).unwrap();
            let sql = format!(
                "CREATE TABLE t (id TEXT PRIMARY KEY, done INTEGER);
                 WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {rows})
                 INSERT INTO t SELECT 'x' || n, 0 FROM numbers;
                 UPDATE t SET done = 2 WHERE id = 'x{}'",
                bad.unwrap_or_default()
            );
            application.execute_batch(&sql).unwrap();
            let snapshot = Snapshot::take(&Database::open(&path).unwrap()).unwrap();
            let checked = count(&snapshot, "t", &[("id", None)], &["done NOT IN (0, 1)".to_owned()]).unwrap();
            assert_eq!(checked, (rows, bad.is_some()), "{bad:?}");
        }
    }
}
