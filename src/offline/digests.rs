//! A temporary table of digests, one for each record and join row that a server has: it is on disk,
//! so memory does not grow with the rows. Comparing it with the database is the job of
//! [`crate::cloneup`].

use rusqlite::{Connection, OptionalExtension as _, params};

use crate::offline::error::OfflineError;

/// The digest of one record's fields, or of one join row's metadata.
pub type Digest = [u8; 16];

/// Digests by the name of the resource or join store, and id.
pub struct Digests {
    connection: Connection,
}

impl Digests {
    /// An empty table in a temporary file, which is removed when the table is dropped.
    ///
    /// # Errors
    /// [`OfflineError::Storage`] when the file cannot be created.
    pub fn new() -> Result<Self, OfflineError> {
        let connection = Connection::open("").map_err(failed)?;
        connection
            .execute_batch(
                "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;
                 CREATE TABLE digest (name TEXT, id TEXT, digest BLOB, PRIMARY KEY (name, id)) WITHOUT ROWID;
                 BEGIN",
            )
            .map_err(failed)?;
        Ok(Self { connection })
    }

    /// Stores the digest of a record or join row, in place of an earlier one.
    ///
    /// # Errors
    /// [`OfflineError::Storage`] when the file cannot be written.
    pub fn put(&self, name: &str, id: &str, digest: &Digest) -> Result<(), OfflineError> {
        self.execute("INSERT OR REPLACE INTO digest VALUES (?1, ?2, ?3)", params![name, id, digest])
    }

    /// Removes the digest of a record or join row, if there is one.
    ///
    /// # Errors
    /// [`OfflineError::Storage`] when the file cannot be written.
    pub fn remove(&self, name: &str, id: &str) -> Result<(), OfflineError> {
        self.execute("DELETE FROM digest WHERE name = ?1 AND id = ?2", params![name, id])
    }

    /// Removes the digest of a record or join row, and returns it; `None` when there is none.
    ///
    /// # Errors
    /// [`OfflineError::Storage`] when the file cannot be read or written.
    pub fn take(&self, name: &str, id: &str) -> Result<Option<Digest>, OfflineError> {
        let sql = "DELETE FROM digest WHERE name = ?1 AND id = ?2 RETURNING digest";
        let taken = self
            .connection
            .prepare_cached(sql)
            .and_then(|mut statement| statement.query_row([name, id], |row| row.get(0)).optional());
        taken.map_err(failed)
    }

    /// The number of digests of a resource or join store.
    ///
    /// # Errors
    /// [`OfflineError::Storage`] when the file cannot be read.
    pub fn count(&self, name: &str) -> Result<u64, OfflineError> {
        let sql = "SELECT count(*) FROM digest WHERE name = ?1";
        self.connection.query_row(sql, [name], |row| row.get(0)).map_err(failed)
    }

    /// Calls `consume` with the id of every digest of a resource or join store that has not been
    /// taken or removed, in byte order.
    ///
    /// # Errors
    /// [`OfflineError::Storage`] when the file cannot be read.
    pub fn rest(&self, name: &str, mut consume: impl FnMut(&str)) -> Result<(), OfflineError> {
        let sql = "SELECT id FROM digest WHERE name = ?1 ORDER BY id";
        let mut statement = self.connection.prepare(sql).map_err(failed)?;
        let mut rows = statement.query([name]).map_err(failed)?;
        while let Some(row) = rows.next().map_err(failed)? {
            consume(&row.get::<_, String>(0).map_err(failed)?);
        }
        Ok(())
    }

    fn execute(&self, sql: &str, values: impl rusqlite::Params) -> Result<(), OfflineError> {
        self.connection
            .prepare_cached(sql)
            .and_then(|mut statement| statement.execute(values))
            .map(|_| ())
            .map_err(failed)
    }
}

/// For `map_err`: SQLite failed to use the table.
fn failed(error: rusqlite::Error) -> OfflineError {
    OfflineError::while_doing("cannot use a temporary file (SQLITE_TMPDIR sets its folder)")(error)
}
