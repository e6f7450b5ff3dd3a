//! What a server has, as a digest for each record and join row: a table for temporary use on
//! disk, so that memory stays flat however much there is.

use rusqlite::{Connection, OptionalExtension as _, params};

use crate::offline::error::OfflineError;

/// The digest of one record's fields, or of one join row's metadata.
pub type Digest = [u8; 16];

/// Digests by resource or join store, and id.
pub struct Digests {
    connection: Connection,
}

impl Digests {
    /// An empty table in a file of its own, which is gone with it.
    ///
    /// # Errors
    /// [`OfflineError::Storage`] when the file cannot be made.
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

    /// Sets the digest of a record or join row.
    ///
    /// # Errors
    /// [`OfflineError::Storage`] when the file cannot be written.
    pub fn put(&self, name: &str, id: &str, digest: &Digest) -> Result<(), OfflineError> {
        self.execute("INSERT OR REPLACE INTO digest VALUES (?1, ?2, ?3)", params![name, id, digest])
    }

    /// Forgets a record or join row.
    ///
    /// # Errors
    /// [`OfflineError::Storage`] when the file cannot be written.
    pub fn remove(&self, name: &str, id: &str) -> Result<(), OfflineError> {
        self.execute("DELETE FROM digest WHERE name = ?1 AND id = ?2", params![name, id])
    }

    /// The digest of a record or join row, which is forgotten.
    ///
    /// # Errors
    /// [`OfflineError::Storage`] when the file cannot be read.
    pub fn take(&self, name: &str, id: &str) -> Result<Option<Digest>, OfflineError> {
        let sql = "DELETE FROM digest WHERE name = ?1 AND id = ?2 RETURNING digest";
        let taken = self
            .connection
            .prepare_cached(sql)
            .and_then(|mut statement| statement.query_row([name, id], |row| row.get(0)).optional());
        taken.map_err(failed)
    }

    /// How many there are of a resource or join store.
    ///
    /// # Errors
    /// [`OfflineError::Storage`] when the file cannot be read.
    pub fn count(&self, name: &str) -> Result<u64, OfflineError> {
        let sql = "SELECT count(*) FROM digest WHERE name = ?1";
        self.connection.query_row(sql, [name], |row| row.get(0)).map_err(failed)
    }

    /// Calls `consume` with every id that is left of a resource or join store, in order.
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

fn failed(error: rusqlite::Error) -> OfflineError {
    OfflineError::while_doing("cannot use a temporary file (SQLITE_TMPDIR says where it lies)")(error)
}
