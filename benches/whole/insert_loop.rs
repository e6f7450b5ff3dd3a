//! The insert loop: the three rows that a server's store has for a mutation (the record, its change
//! and its mutation id), durable, so many mutations in a transaction, and nothing else. This one is on
//! SQLite; `postgres_loop.rs` has the same on PostgreSQL.

use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::{Connection, params};

/// Ids and documents of a database that [`data::make`](super::data::make) has built.
pub type Rows = Vec<(String, String)>;

/// Reads the rows to insert.
pub fn rows(database: &Path) -> Rows {
    let source = Connection::open(database).unwrap();
    let mut rows = source
        .prepare("SELECT id, json_object('title', title, 'notes', notes, 'projectId', projectId, 'createdAt', createdAt,
                  'done', json('true'), 'estimate', estimate, 'priority', priority) FROM todos ORDER BY id")
        .unwrap();
    rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().map(Result::unwrap).collect()
}

/// A mutation id as uploads have it.
pub fn mutation(id: &str, index: usize) -> String {
    format!("cloneup:rec:todos:{id}:0123456789abcdef{index:016x}")
}

/// Inserts into a new SQLite file, `group` mutations in a transaction.
pub fn run(rows: &Rows, store: &Path, group: usize) -> Duration {
    let _ = std::fs::remove_file(store);
    let connection = Connection::open(store).unwrap();
    connection.pragma_update(None, "journal_mode", "WAL").unwrap();
    connection.pragma_update(None, "synchronous", "FULL").unwrap();
    connection
        .execute_batch(
            "CREATE TABLE record (resource TEXT NOT NULL, id TEXT NOT NULL, document TEXT NOT NULL,
                 PRIMARY KEY (resource, id));
             CREATE TABLE change (sequence INTEGER, part INTEGER, name TEXT NOT NULL, id TEXT NOT NULL, target TEXT,
                 client INTEGER, PRIMARY KEY (sequence, part)) WITHOUT ROWID;
             CREATE TABLE applied (client INTEGER, mutation TEXT, PRIMARY KEY (client, mutation)) WITHOUT ROWID;",
        )
        .unwrap();
    let mut record = connection.prepare("INSERT INTO record VALUES ('todos', ?1, ?2)").unwrap();
    let mut change = connection.prepare("INSERT INTO change VALUES (?1, 0, 'todos', ?2, NULL, 1)").unwrap();
    let mut applied = connection.prepare("INSERT INTO applied VALUES (1, ?1)").unwrap();
    let start = Instant::now();
    for (number, rows) in rows.chunks(group).enumerate() {
        connection.execute_batch("BEGIN IMMEDIATE").unwrap();
        for (index, (id, document)) in rows.iter().enumerate() {
            record.execute([id, document]).unwrap();
            change.execute(params![number * group + index, id]).unwrap();
            applied.execute([mutation(id, index)]).unwrap();
        }
        connection.execute_batch("COMMIT").unwrap();
    }
    start.elapsed()
}
