//! The database file: opening it, and what the application keeps in it about itself.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension};

use crate::offline::error::OfflineError;
use crate::offline::sql::Table;

/// How long a lock of the application is waited for.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// An offline database that exists and is one. Connections are opened when they are needed.
#[derive(Debug, Clone)]
pub struct Database {
    path: PathBuf,
}

impl Database {
    /// Makes sure that there is a SQLite database at `path`; never creates one.
    ///
    /// # Errors
    /// [`OfflineError::Storage`] when there is none.
    pub fn open(path: &Path) -> Result<Self, OfflineError> {
        let database = Self::at(path);
        match std::fs::metadata(path) {
            Err(error) => {
                return Err(OfflineError::storage(format!("cannot open {}: {error}", path.display())));
            }
            Ok(metadata) if metadata.is_dir() => {
                return Err(OfflineError::storage(format!("{} is a folder", path.display())));
            }
            Ok(_) => {}
        }
        // The header is read only when something is asked of the file.
        database
            .connect()?
            .query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))
            .map_err(OfflineError::at(path))?;
        Ok(database)
    }

    /// A database that is known to be there.
    pub(crate) fn at(path: &Path) -> Self {
        Self { path: path.to_owned() }
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Opens a connection that may write, unless the file allows only reading.
    pub(crate) fn connect(&self) -> Result<Connection, OfflineError> {
        let flags = OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.path, flags | OpenFlags::SQLITE_OPEN_READ_WRITE)
            .or_else(|error| match error.sqlite_error_code() {
                Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => {
                    Connection::open_with_flags(&self.path, flags | OpenFlags::SQLITE_OPEN_READ_ONLY)
                }
                _ => Err(error),
            })
            .map_err(OfflineError::at(&self.path))?;
        prepare(&connection).map_err(OfflineError::at(&self.path))?;
        Ok(connection)
    }

    /// The schema that the application left in `__datafn_meta` (contract 2), as JSON.
    ///
    /// # Errors
    /// [`OfflineError::Storage`] when the database cannot be read.
    pub fn stored_schema(&self) -> Result<Option<String>, OfflineError> {
        meta(&self.connect()?, "schema").map_err(OfflineError::at(&self.path))
    }

    /// The database's own client id, kept there first if it has none: `new` is called for one.
    ///
    /// # Errors
    /// [`OfflineError::Storage`] when the database cannot be read or written.
    pub fn ensure_client_id(&self, new: impl FnOnce() -> String) -> Result<String, OfflineError> {
        let connection = self.connect()?;
        let stored = meta(&connection, "clientId").map_err(OfflineError::at(&self.path))?;
        if let Some(id) = stored {
            return Ok(id);
        }
        // Somebody else may have been faster; then theirs holds.
        connection
            .execute_batch(
                "CREATE TABLE IF NOT EXISTS __datafn_meta (key TEXT PRIMARY KEY, value TEXT NOT NULL)",
            )
            .and_then(|()| {
                connection.execute(
                    "INSERT OR IGNORE INTO __datafn_meta (key, value) VALUES ('clientId', ?1)",
                    [new()],
                )
            })
            .and_then(|_| meta(&connection, "clientId"))
            .map_err(OfflineError::while_doing("cannot store a client id (use --client-id to give one)"))?
            .ok_or_else(|| OfflineError::storage("the stored client id has vanished"))
    }
}

/// A value of `__datafn_meta`; a missing table is an empty one. An empty value is none.
pub(crate) fn meta(connection: &Connection, key: &str) -> rusqlite::Result<Option<String>> {
    if Table::find(connection, "__datafn_meta")?.is_none() {
        return Ok(None);
    }
    let value: Option<String> = connection
        .query_row("SELECT value FROM __datafn_meta WHERE key = ?1", [key], |row| row.get(0))
        .optional()?;
    Ok(value.filter(|value| !value.is_empty()))
}

/// What every connection needs.
pub(crate) fn prepare(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(BUSY_TIMEOUT)?;
    // An unknown name in double quotes is an error, not a string.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DML, false)?;
    // A view or trigger of a database from somewhere may not call what could do harm.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    // Changes arrive in the server's order, in which a child may come before its parent;
    // the server has checked the references.
    connection.pragma_update(None, "foreign_keys", false)
}
