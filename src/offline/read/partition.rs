//! Partitions a table's row ids for two threads: a snapshot has a second connection that sees
//! the same state. What a thread does with its partition is decided by the caller.

use std::sync::Mutex;

use rusqlite::Connection;

use crate::offline::snapshot::{Snapshot, lock_connection, with_small_cache};
use crate::offline::sql::{Table, quoted};

/// Minimum row count at which scanning with two threads pays off.
pub(super) const MIN_ROWS_FOR_TWO_THREADS: u64 = 50_000;

/// Calls `scan` for both partitions of a table at the same time, or once for the whole table
/// where it cannot be partitioned, and returns the results in the order of the row ids.
///
/// `scan` gets a connection, and an SQL condition that holds for the rows of the partition.
pub(super) fn map_partitions<T: Send>(
    snapshot: &Snapshot,
    table: &str,
    scan: impl Fn(&Connection, &str) -> T + Sync,
) -> Vec<T> {
    let scan = |connection: &Connection, rows: &str| with_small_cache(connection, || scan(connection, rows));
    let connection = snapshot.connection();
    let Some((second, middle)) = partition(snapshot, table) else {
        return vec![scan(connection, "1")];
    };
    std::thread::scope(|scope| {
        let upper = scope.spawn(|| scan(&lock_connection(second), &format!("rowid >= {middle}")));
        let lower = scan(connection, &format!("rowid < {middle}"));
        vec![lower, upper.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))]
    })
}

/// The connection for the second thread, and the first row id of its partition.
fn partition<'s>(snapshot: &'s Snapshot, table: &str) -> Option<(&'s Mutex<Connection>, i64)> {
    Some((snapshot.second_connection()?, middle(snapshot.connection(), table)?))
}

/// The row id halfway between the lowest and the highest one.
fn middle(connection: &Connection, table: &str) -> Option<i64> {
    row_ids(connection, table).map(|(first, last)| first.midpoint(last))
}

/// The number of rows of a table is at most this; nothing is counted.
pub(super) fn most_rows(connection: &Connection, table: &str) -> u64 {
    row_ids(connection, table).map_or(u64::MAX, |(first, last)| last.abs_diff(first).saturating_add(1))
}

/// The lowest and the highest row id of a table; `None` for one without row ids, or without rows.
fn row_ids(connection: &Connection, table: &str) -> Option<(i64, i64)> {
    // A column named `rowid` hides the row id.
    Table::find(connection, table).ok()?.filter(|found| found.column("rowid").is_none())?;
    let name = quoted(table);
    let sql = format!("SELECT (SELECT min(rowid) FROM {name}), (SELECT max(rowid) FROM {name})");
    connection.query_row(&sql, [], |row| Ok((row.get(0)?, row.get(1)?))).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::offline::database::Database;

    #[test]
    fn each_row_is_in_exactly_one_partition_for_any_row_ids() {
        for (columns, rows, partitions) in [
            ("n", "(1), (2), (3), (4), (5)", 2),
            ("n INTEGER PRIMARY KEY", "(-9223372036854775808), (9223372036854775807), (0), (1), (-1)", 2),
            ("n INTEGER PRIMARY KEY) WITHOUT ROWID; CREATE TABLE other (n", "(1), (2), (3), (4), (5)", 1),
            // A column of that name, which is not the row id.
            ("rowid TEXT", "(1), (2), (3), (4), (5)", 1),
        ] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("app.db");
            let application = Connection::open(&path).unwrap();
            let sql = format!("CREATE TABLE t ({columns}); INSERT INTO t VALUES {rows}");
            application.execute_batch(&sql).unwrap();
            let snapshot = Snapshot::take(&Database::open(&path).unwrap()).unwrap();
            let counts = map_partitions(&snapshot, "t", |connection, condition| -> u64 {
                let sql = format!("SELECT count(*) FROM t WHERE {condition}");
                connection.query_row(&sql, [], |row| row.get(0)).unwrap()
            });
            assert_eq!((counts.len(), counts.iter().sum()), (partitions, 5), "{columns}");
        }
    }
}
