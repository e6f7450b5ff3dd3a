//! Whether the database file can be written to, found before an upload begins (contract 3.1.1). What
//! is written after an upload is the job of [`super::write`].

use std::time::Duration;

use rusqlite::{Connection, ErrorCode, MAIN_DB};

use crate::offline::database::Database;
use crate::offline::error::{OfflineError, StorageKind};

impl Database {
    /// Checks that the file can be written to, by a transaction that is rolled back. `purpose` says
    /// in the error what has to be written.
    ///
    /// A database that another program is writing to counts as writable.
    ///
    /// # Errors
    /// [`OfflineError::Storage`] of the kind [`StorageKind::NotWritable`] when the file, or the
    /// folder of its journal, is read-only.
    pub(crate) fn check_writable(&self, purpose: &str) -> Result<(), OfflineError> {
        let connection = self.connect()?;
        let refused = |reason: &str| OfflineError::Storage {
            kind: StorageKind::NotWritable,
            what: format!("{} cannot be written to ({reason}), {purpose}", self.path().display()),
            source: None,
        };
        if connection.is_readonly(MAIN_DB).unwrap_or(false) {
            return Err(refused("it is read-only"));
        }
        match write_and_roll_back(&connection) {
            Ok(()) => Ok(()),
            Err(error) => match error.sqlite_error_code() {
                Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Ok(()),
                _ => Err(refused(&error.to_string())),
            },
        }
    }
}

/// Writes the first page without changing it, so that SQLite creates its journal, and rolls back.
fn write_and_roll_back(connection: &Connection) -> rusqlite::Result<()> {
    // Another program's lock shows that the file can be written to: there is no need to wait for it.
    connection.busy_timeout(Duration::ZERO)?;
    connection.execute_batch("BEGIN IMMEDIATE")?;
    let version: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    connection.execute_batch(&format!("PRAGMA user_version = {version}; ROLLBACK"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_changes_nothing_and_does_not_wait_for_a_lock() {
        for mode in ["DELETE", "WAL", "TRUNCATE", "PERSIST"] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("app.db");
            let application = Connection::open(&path).unwrap();
            application.pragma_update(None, "journal_mode", mode).unwrap();
            application.execute_batch("PRAGMA user_version = 7; CREATE TABLE t (id)").unwrap();
            let database = Database::open(&path).unwrap();
            let before = std::fs::read(&path).unwrap();
            database.check_writable("for a test").unwrap();
            assert_eq!(std::fs::read(&path).unwrap(), before, "{mode}");
            application.execute_batch("BEGIN IMMEDIATE; INSERT INTO t VALUES (1)").unwrap();
            let start = std::time::Instant::now();
            database.check_writable("for a test").unwrap();
            assert!(start.elapsed() < Duration::from_secs(2), "{mode}: it waited");
            application.execute_batch("COMMIT").unwrap();
        }
    }
}
