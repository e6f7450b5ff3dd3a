//! The row loop: the rows of a clone inserted into a new file, with the same settings of SQLite, and
//! nothing else. The insert loop of a server's store is in `insert_loop.rs`.

use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

/// Rows in a transaction, about as many as a page of a clone has.
const ROWS: usize = 7000;

/// Inserts all rows of a database into a new file. Reading them does not count.
pub fn run(database: &Path, file: &Path) -> Duration {
    super::process::remove(file);
    let connection = Connection::open(file).unwrap();
    connection
        .execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 8192;
             CREATE TABLE todos (id TEXT PRIMARY KEY NOT NULL, title TEXT, done INTEGER, priority, estimate,
                 notes TEXT, projectId TEXT, createdAt)",
        )
        .unwrap();
    let source = Connection::open(database).unwrap();
    let mut select = source.prepare("SELECT * FROM todos ORDER BY id").unwrap();
    let mut rows = select.query([]).unwrap();
    let mut insert = connection.prepare("INSERT INTO todos VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)").unwrap();
    let mut taken = Duration::ZERO;
    loop {
        let mut chunk: Vec<Vec<Value>> = Vec::with_capacity(ROWS);
        while let Some(row) = rows.next().unwrap() {
            chunk.push((0..8).map(|index| row.get(index).unwrap()).collect());
            if chunk.len() == ROWS {
                break;
            }
        }
        let start = Instant::now();
        if chunk.is_empty() {
            connection.query_row("PRAGMA journal_mode = DELETE", [], |_| Ok(())).unwrap();
            return taken + start.elapsed();
        }
        connection.execute_batch("BEGIN IMMEDIATE").unwrap();
        for row in &chunk {
            insert.execute(params_from_iter(row)).unwrap();
        }
        connection.execute_batch("COMMIT").unwrap();
        taken += start.elapsed();
    }
}
