//! Both halves of a large table at a time, on two threads: a snapshot has a second connection
//! that sees the same state.

use rusqlite::Connection;

use crate::offline::snapshot::{Snapshot, hold};
use crate::offline::sql::{Table, quoted};

/// From so many rows on two threads are faster with a table than one.
pub(crate) const WORTH_A_THREAD: u64 = 50_000;

/// Calls `each` for both halves of a table, or for the whole where it cannot be split: with a
/// connection, and an SQL condition that holds for the rows that it is about.
pub(crate) fn for_each_half<T: Send>(
    snapshot: &Snapshot,
    table: &str,
    each: impl Fn(&Connection, &str) -> T + Sync,
) -> Vec<T> {
    let connection = snapshot.connection();
    match (snapshot.twin(), middle(connection, table)) {
        (Some(twin), Some(middle)) => std::thread::scope(|scope| {
            let upper = scope.spawn(|| each(&hold(twin), &format!("rowid >= {middle}")));
            let lower = each(connection, &format!("rowid < {middle}"));
            vec![lower, upper.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))]
        }),
        _ => vec![each(connection, "true")],
    }
}

/// The row id in the middle of those of a table, where it has any.
fn middle(connection: &Connection, table: &str) -> Option<i64> {
    // A column of that name need not be the row id.
    Table::find(connection, table).ok()?.filter(|found| found.column("rowid").is_none())?;
    let name = quoted(table);
    let sql = format!("SELECT (SELECT min(rowid) FROM {name}), (SELECT max(rowid) FROM {name})");
    let (first, last): (i64, i64) =
        connection.query_row(&sql, [], |row| Ok((row.get(0)?, row.get(1)?))).ok()?;
    Some(first.midpoint(last))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::offline::database::Database;

    #[test]
    fn each_row_is_in_one_of_the_parts_whatever_the_row_ids_are() {
        for (columns, rows, parts) in [
            ("n", "(1), (2), (3), (4), (5)", 2),
            ("n INTEGER PRIMARY KEY", "(-9223372036854775808), (9223372036854775807), (0), (1), (-1)", 2),
            ("n INTEGER PRIMARY KEY) WITHOUT ROWID; CREATE TABLE other (n", "(1), (2), (3), (4), (5)", 1),
            // Of the same name, and none.
            ("rowid TEXT", "(1), (2), (3), (4), (5)", 1),
        ] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("app.db");
            let application = Connection::open(&path).unwrap();
            let sql = format!("CREATE TABLE t ({columns}); INSERT INTO t VALUES {rows}");
            application.execute_batch(&sql).unwrap();
            let snapshot = Snapshot::take(&Database::open(&path).unwrap()).unwrap();
            let counts = for_each_half(&snapshot, "t", |connection, condition| -> u64 {
                let sql = format!("SELECT count(*) FROM t WHERE {condition}");
                connection.query_row(&sql, [], |row| row.get(0)).unwrap()
            });
            assert_eq!((counts.len(), counts.iter().sum()), (parts, 5), "{columns}");
        }
    }
}
