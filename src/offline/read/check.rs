//! Checking every row of a table in SQL before the first byte is sent (contract 3.1.1):
//! it counts the rows and finds out whether one cannot be uploaded. Which row it is, and why,
//! is found by reading in upload order, which only happens when there is one.

use rusqlite::{Connection, OptionalExtension as _};

use crate::offline::error::OfflineError;
use crate::offline::map::keys::invalid_key_condition;
use crate::offline::map::value::register_is_json;
use crate::offline::read::partition::{MIN_ROWS_FOR_TWO_THREADS, map_partitions};
use crate::offline::snapshot::Snapshot;
use crate::offline::sql::{joined, quoted};

/// The condition that holds for every row. Not `true`: a column of that name would be meant.
pub(super) const ALL_ROWS: &str = "1";

/// What the check of a table has found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Checked {
    /// The number of rows in the table.
    pub(super) rows: u64,
    /// Whether a row has a key that cannot be an id, or meets one of the conditions.
    pub(super) has_invalid_row: bool,
}

/// Counts the rows of a table, and checks the `keys`, columns whose text is an id, and the
/// `invalid_values`: SQL conditions that hold for rows that cannot be uploaded. Only rows that meet
/// the condition `of_rows` are looked at, in which the table has the alias `t`.
pub(super) fn check_rows(
    snapshot: &Snapshot,
    table: &str,
    keys: &[&str],
    invalid_values: &[String],
    of_rows: &str,
) -> Result<Checked, OfflineError> {
    let failed = |error| OfflineError::while_doing(format!("cannot check table {}", quoted(table)))(error);
    let (connection, name) = (snapshot.connection(), quoted(table));
    // Separate statements: SQLite counts in an index where there is one, and the search for an
    // invalid row ends at the first.
    let rows = count_rows(connection, table, of_rows)?;
    let mut conditions = Vec::new();
    for &key in keys {
        match index_has_invalid_key(connection, table, key, of_rows).map_err(failed)? {
            Some(true) => return Ok(Checked { rows, has_invalid_row: true }),
            Some(false) => {}
            None => conditions.push(invalid_key_condition(key)),
        }
    }
    conditions.extend_from_slice(invalid_values);
    if conditions.is_empty() {
        return Ok(Checked { rows, has_invalid_row: false });
    }
    snapshot.for_each_connection(register_is_json).map_err(failed)?;
    let invalid = joined(&conditions, "OR");
    let has_invalid = |connection: &Connection, partition: &str| -> rusqlite::Result<bool> {
        let sql = format!(
            "SELECT EXISTS (SELECT 1 FROM {name} AS t WHERE {of_rows} AND ({invalid}) AND {partition})"
        );
        connection.query_row(&sql, [], |row| row.get(0))
    };
    // Conditions on keys alone are checked in an index, where there is one: one thread is enough.
    let partitions = if rows >= MIN_ROWS_FOR_TWO_THREADS && !invalid_values.is_empty() {
        map_partitions(snapshot, table, has_invalid)
    } else {
        vec![has_invalid(connection, ALL_ROWS)]
    };
    let partitions: Vec<bool> = partitions.into_iter().collect::<Result<_, _>>().map_err(failed)?;
    Ok(Checked { rows, has_invalid_row: partitions.contains(&true) })
}

/// Counts the rows of a table that meet the condition `of_rows`.
pub(super) fn count_rows(connection: &Connection, table: &str, of_rows: &str) -> Result<u64, OfflineError> {
    let table = quoted(table);
    // Without a WHERE, SQLite counts without reading the rows.
    let where_rows = if of_rows == ALL_ROWS { String::new() } else { format!(" WHERE {of_rows}") };
    let sql = format!("SELECT count(*) FROM {table} AS t{where_rows}");
    count(connection, &table, &sql)
}

/// Whether a table has so many rows. Reads no more of them, while to count all rows of a table without an index
/// takes as long as to read it.
pub(super) fn has_rows(connection: &Connection, table: &str, rows: u64) -> Result<bool, OfflineError> {
    let table = quoted(table);
    let sql = format!("SELECT count(*) FROM (SELECT 1 FROM {table} LIMIT {rows})");
    Ok(count(connection, &table, &sql)? == rows)
}

/// The number that a query gives of a table, whose name is quoted.
fn count(connection: &Connection, table: &str, sql: &str) -> Result<u64, OfflineError> {
    let rows = connection.query_row(sql, [], |row| row.get(0));
    rows.map_err(OfflineError::while_doing(format!("cannot count the rows of table {table}")))
}

/// Whether an index has a key that cannot be an id. SQLite orders NULL and numbers before all
/// text, and BLOBs after it, so a search at both ends of the index is enough. `None` where there
/// is no such index: then each row must be checked.
fn index_has_invalid_key(
    connection: &Connection,
    table: &str,
    column: &str,
    of_rows: &str,
) -> rusqlite::Result<Option<bool>> {
    if !has_byte_order_index(connection, table, column)? {
        return Ok(None);
    }
    let (table, column) = (quoted(table), quoted(column));
    let ranges = [
        format!("{column} IS NULL"),
        format!("{column} COLLATE BINARY <= ''"),
        format!("{column} COLLATE BINARY >= x''"),
    ];
    let searches = ranges
        .map(|range| format!("SELECT 1 FROM {table} AS t WHERE {range} AND {of_rows}"))
        .join(" UNION ALL ");
    connection.query_row(&format!("SELECT EXISTS ({searches})"), [], |row| row.get(0)).map(Some)
}

/// Whether an index over all rows begins with the column, in the order of the collation BINARY.
fn has_byte_order_index(connection: &Connection, table: &str, column: &str) -> rusqlite::Result<bool> {
    let sql = "SELECT 1 FROM pragma_index_list(?1) AS i JOIN pragma_index_xinfo(i.name) AS c
               WHERE NOT i.partial AND c.seqno = 0 AND c.name = ?2 COLLATE NOCASE AND c.coll = 'BINARY'";
    let found = connection.prepare_cached(sql)?.query_row([table, column], |_| Ok(())).optional()?;
    Ok(found.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::offline::database::Database;

    #[test]
    fn an_invalid_key_is_found_with_and_without_an_index() {
        for (id, has_index) in [
            ("id TEXT PRIMARY KEY", true),
            ("id PRIMARY KEY", true),
            ("id TEXT UNIQUE COLLATE NOCASE", false),
            ("id", false),
        ] {
            for (key, is_invalid) in [
                ("'b'", false),
                ("' '", false),
                ("''", true),
                ("NULL", true),
                ("x''", true),
                ("x'61'", true),
                // A column with TEXT affinity stores numbers as text.
                ("7", !id.contains("TEXT")),
                ("-9e999", !id.contains("TEXT")),
            ] {
                let connection = Connection::open_in_memory().unwrap();
                let sql =
                    format!("CREATE TABLE t ({id}, n); INSERT INTO t (id) VALUES ('a'), ({key}), ('c')");
                connection.execute_batch(&sql).unwrap();
                let found = index_has_invalid_key(&connection, "t", "id", ALL_ROWS).unwrap();
                assert_eq!(found, has_index.then_some(is_invalid), "{id}: {key}");
                let sql = format!("SELECT count(*) FROM t WHERE {}", invalid_key_condition("id"));
                let count: u64 = connection.query_row(&sql, [], |row| row.get(0)).unwrap();
                assert_eq!(count > 0, is_invalid, "{id}: {key}");
            }
        }
    }

    #[test]
    fn only_an_index_over_all_rows_in_byte_order_is_searched() {
        for (table, has_index) in [
            ("CREATE TABLE t (id TEXT NOT NULL PRIMARY KEY, n)", true),
            ("CREATE TABLE t (id TEXT PRIMARY KEY, n) WITHOUT ROWID", true),
            ("CREATE TABLE t (id TEXT COLLATE NOCASE, n); CREATE INDEX i ON t (ID COLLATE BINARY, n)", true),
            ("CREATE TABLE t (id TEXT, n); CREATE INDEX i ON t (id DESC)", true),
            ("CREATE TABLE t (id TEXT, n); CREATE INDEX i ON t (n, id)", false),
            ("CREATE TABLE t (id TEXT, n); CREATE INDEX i ON t (id) WHERE n > 0", false),
            ("CREATE TABLE t (id TEXT, n); CREATE INDEX i ON t (id COLLATE NOCASE)", false),
            ("CREATE TABLE t (id TEXT, n); CREATE INDEX i ON t (lower(id))", false),
        ] {
            let connection = Connection::open_in_memory().unwrap();
            connection.execute_batch(table).unwrap();
            assert_eq!(has_byte_order_index(&connection, "t", "id").unwrap(), has_index, "{table}");
            // SQLite answers from the index: it searches and never scans the table.
            if has_index {
                let sql = "EXPLAIN QUERY PLAN SELECT 1 FROM t WHERE id COLLATE BINARY < ''";
                let step: String = connection.query_row(sql, [], |row| row.get("detail")).unwrap();
                assert!(step.starts_with("SEARCH"), "{table}: {step}");
            }
        }
    }

    #[test]
    fn every_row_of_a_large_table_is_checked() {
        let rows = MIN_ROWS_FOR_TWO_THREADS + 2;
        for invalid in [None, Some(1), Some(rows / 2), Some(rows / 2 + 1), Some(rows)] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("app.db");
            let application = Connection::open(&path).unwrap();
            let sql = format!(
                "CREATE TABLE t (id TEXT PRIMARY KEY, done INTEGER);
                 WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {rows})
                 INSERT INTO t SELECT 'x' || n, 0 FROM numbers;
                 UPDATE t SET done = 2 WHERE id = 'x{}'",
                invalid.unwrap_or_default()
            );
            application.execute_batch(&sql).unwrap();
            let snapshot = Snapshot::take(&Database::open(&path).unwrap()).unwrap();
            let conditions = ["done NOT IN (0, 1)".to_owned()];
            let checked = check_rows(&snapshot, "t", &["id"], &conditions, ALL_ROWS).unwrap();
            assert_eq!(checked, Checked { rows, has_invalid_row: invalid.is_some() }, "{invalid:?}");
        }
    }
}
